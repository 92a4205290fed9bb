package mint

import (
	"fmt"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/seal"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// mintOne seals the box and signs the way back of one payment.
func mintOne(plan Plan, m relay.Mint, key *keypair.Full) (relay.Minted, error) {
	file, err := sealBox(plan, m, key)
	if err != nil {
		return relay.Minted{}, err
	}
	way := plan.way(m, key.Address())
	ladder, err := climb(plan, way, m.Payment, key)
	if err != nil {
		return relay.Minted{}, err
	}
	return relay.Minted{Payment: m.Payment, Account: key.Address(), Amount: m.Amount, Asset: m.Asset, ReturnTo: m.ReturnTo,
		ExpiresAt: m.ExpiresAt, Box: file, Ladder: ladder, LadderVersion: way.Version, Route: plan.Route, ReturnMemo: plan.ReturnMemo}, nil
}

func sealBox(plan Plan, m relay.Mint, key *keypair.Full) ([]byte, error) {
	held := secret.NewString(key.Seed())
	defer held.Wipe()
	content := box.Content{
		V: box.Version, Payment: string(m.Payment), Network: plan.Passphrase, Account: key.Address(), Secret: held,
		Asset: m.Asset, Amount: int64(m.Amount), ReturnTo: m.ReturnTo, ExpiresAt: int64(m.ExpiresAt), Note: m.Note,
	}
	if plan.Route.FromWallet() { // what a claim leaves of the purse is its wallet's, which the claimant's client must know by itself
		content.V, content.Keeper = box.KeeperVersion, plan.Route.Sponsor
	}
	file, err := seal.Seal(content, seal.Recipients{Sender: m.SenderRecipients, Claim: m.ClaimRecipient})
	if err != nil {
		return nil, relay.NewFault(relay.Invalid, "box_refused", "The box of this payment cannot be sealed.",
			fmt.Errorf("payment %s: %w", m.Payment, err))
	}
	return file, nil
}

// way is the way back of one payment of the plan.
func (p Plan) way(m relay.Mint, holding string) stellar.ReturnPlan {
	return stellar.ReturnPlan{
		Passphrase: p.Passphrase, Version: relay.LadderVersion, Holding: holding, ReturnTo: m.ReturnTo, Memo: p.ReturnMemo, LastLedger: p.Bound,
		Sponsor: p.rescue(), Wallet: p.Route.Sponsor, Asset: m.Asset, Amount: m.Amount, Fee: uint32(p.Route.RungFee),
	}
}

// climb signs the rungs with the holding account's key, in the order of use, and reads each again.
func climb(plan Plan, way stellar.ReturnPlan, payment relay.PaymentID, key *keypair.Full) ([]relay.Envelope, error) {
	rungs, err := stellar.BuildLadder(way)
	if err != nil {
		return nil, relay.NewFault(relay.Invalid, "return_refused", "The way back of this payment cannot be built.", err)
	}
	ladder := make([]relay.Envelope, 0, len(rungs))
	for _, r := range rungs {
		signed, err := stellar.Sign(r.XDR, plan.Passphrase, key)
		if err != nil {
			return nil, err
		}
		if _, err := stellar.CheckReturn(signed, way, r.K); err != nil {
			return nil, err
		}
		if err := signedByAll(signed, plan.Passphrase, []string{key.Address()}); err != nil {
			return nil, err
		}
		e, err := envelope(plan, r.Tx, signed)
		if err != nil {
			return nil, err
		}
		e.Kind, e.State, e.Rung, e.Payments = relay.ReturnEnvelope, way.Ladder().StateOf(r.K), r.K, []relay.PaymentID{payment}
		e.OwnFee = plan.Route.RungFee
		ladder = append(ladder, e)
	}
	return ladder, nil
}
