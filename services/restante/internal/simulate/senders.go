package simulate

import (
	"context"
	"fmt"
	"time"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/services/restante/internal/demo"
)

// idleWallet is a wallet that was given nothing to do yet.
func (w *world) idleWallet() *wallet {
	for _, x := range w.wallets {
		if !x.sends {
			return x
		}
	}
	return nil
}

// sendsOwn sends out of a person's own wallet. Where it breaks off, the person hands in what was signed, or does not.
func (w *world) sendsOwn(ctx context.Context, p *payment, x *wallet) {
	x.sends, p.wallet = true, x
	sign := client.SignWith(network, secret.NewString(x.Seed()))
	w.books.payments = append(w.books.payments, p)
	sent, err := p.app.client.SendOwn(ctx, client.OwnRequest{
		SendRequest: client.SendRequest{To: p.to, Amount: relay.Stroops(p.amount).String(), Policy: p.policy, ExpiresIn: one(w, "1h", "24h")},
		From:        x.Address(), Recipients: []string{x.identity.Recipient().String()},
		Keep:  func(r client.OwnReceipt) error { p.holding = r.HoldingAccount; return nil },
		Prove: client.ProveWith(secret.NewString(x.Seed())), Sign: sign,
	})
	w.trace.tell("%v payment %d out of a wallet: %s", w.sched.now, p.number, refusal(err))
	w.started(ctx, p, sent, err)
}

// started takes in what became of a payment that its sender's client funds.
func (w *world) started(ctx context.Context, p *payment, sent client.Sent, err error) {
	p.id, p.link, p.refused = sent.Payment.ID, sent.Link, refusal(err)
	if p.id == "" {
		p.id = "unknown"
		return
	}
	p.accepted = true
	if err != nil && sent.Funding != "" {
		switch w.chance.IntN(3) {
		case 0:
			w.again(10, func() bool {
				_, err := p.app.client.Fund(ctx, p.id, sent.Funding)
				return err == nil || refusal(err) != ""
			})
		case 1: // to the network itself, sooner or later
			w.sched.sleep(w.between(0, 3*time.Minute))
			w.hands(p, "its funding", sent.Funding)
		}
	}
	w.goesOn(ctx, p)
}

// movesOn gives the money to another recipient by a move.
func (w *world) movesOn(ctx context.Context, old *payment) {
	p := &payment{app: old.app, number: old.number + 100, amount: old.amount, policy: one(w, "guarded", "link"), wallet: old.wallet, moves: old,
		to: "moved-" + old.to, before: map[string]int64{}}
	q := client.MoveRequest{ID: old.id, To: p.to, Policy: p.policy, Identities: []secret.Bytes{secret.NewString(old.opens().String())},
		Keep: func(r client.OwnReceipt) error { p.holding = r.HoldingAccount; return nil }}
	if old.wallet != nil {
		q.Sign = client.SignWith(network, secret.NewString(old.wallet.Seed()))
	}
	w.books.payments = append(w.books.payments, p)
	sent, err := old.app.client.Move(ctx, q)
	w.trace.tell("%v payment %d is to move on as %d: %s", w.sched.now, old.number, p.number, refusal(err))
	w.started(ctx, p, sent, err)
}

// opens is the identity that opens a payment's box for its sender.
func (p *payment) opens() *age.X25519Identity {
	if p.wallet != nil {
		return p.wallet.identity
	}
	return p.app.identity
}

// seed is the key of the holding account, out of the box, as a sender may have it at any time.
func (w *world) seed(ctx context.Context, p *payment) *keypair.Full {
	var key *keypair.Full
	w.again(10, func() bool {
		r, err := p.app.client.Receipt(ctx, p.id)
		if err != nil {
			return refusal(err) == "not_found"
		}
		key, err = demo.SeedOf(r, p.opens())
		if err != nil {
			w.violate("payment %d: its sender cannot open its box: %v", p.number, err)
		}
		return true
	})
	return key
}

// tampers has the holder of the key do to the holding account what the key allows, and a stranger what anybody can.
func (w *world) tampers(ctx context.Context, p *payment) {
	key := w.seed(ctx, p)
	if key == nil {
		return
	}
	address := key.Address()
	if w.chance.IntN(4) == 0 {
		w.executes(p, "dust", w.stranger, w.stranger.Address(), &txnbuild.Payment{Destination: address, Amount: "0.0000001", Asset: txnbuild.NativeAsset{}})
		p.tampered = "dust"
		return
	}
	acts := []struct {
		what string
		op   txnbuild.Operation
	}{
		{"data", &txnbuild.ManageData{Name: "mine", Value: []byte("x")}},
		{"signer", &txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: w.stranger.Address(), Weight: 1}}},
		{"bump", &txnbuild.BumpSequence{BumpTo: 1 << 62}},
		{"next number", &txnbuild.BumpSequence{BumpTo: 0}},
		{"exit", &txnbuild.AccountMerge{Destination: w.stranger.Address()}},
		{"half", &txnbuild.Payment{Destination: w.stranger.Address(), Amount: "9", Asset: txnbuild.NativeAsset{}}},
	}
	a := acts[w.chance.IntN(len(acts))]
	p.tampered = a.what
	w.executes(p, a.what, key, address, a.op)
}

// executes hands in a transaction of an account's own.
func (w *world) executes(p *payment, what string, by *keypair.Full, account string, ops ...txnbuild.Operation) {
	sequence, exists := w.books.sequence(account)
	if !exists {
		return
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{SourceAccount: &txnbuild.SimpleAccount{AccountID: account, Sequence: sequence},
		IncrementSequenceNum: true, Operations: ops, BaseFee: 10_000, Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()}})
	if err == nil {
		tx, err = tx.Sign(network, by)
	}
	if err != nil {
		w.violate("payment %d: %s cannot be signed: %v", p.number, what, err)
		return
	}
	text, err := tx.Base64()
	if err != nil {
		w.violate("payment %d: %s cannot be spelled: %v", p.number, what, err)
		return
	}
	w.hands(p, what, text)
}

// hands hands an envelope in to the network itself.
func (w *world) hands(p *payment, what, envelope string) {
	answer, _, err := w.net.Submit(envelope)
	w.trace.tell("%v payment %d: a person hands in %s: %s %v", w.sched.now, p.number, what, answer.Status, err)
}

// handsIn has the sender hand in the way back without the service, one rung after the other.
func (w *world) handsIn(ctx context.Context, p *payment) {
	var r client.Receipt
	if !w.again(10, func() bool {
		var err error
		r, err = p.app.client.Receipt(ctx, p.id)
		return err == nil
	}) {
		return
	}
	for i, rung := range r.Ladder {
		if rung.NeedsService {
			continue
		}
		text := rung.Envelope
		if r.RungFee == 0 {
			bump, err := stellar.BuildFeeBump(text, network, w.stranger.Address(), 10_000)
			if err == nil {
				text, err = stellar.Sign(bump.XDR, network, w.stranger)
			}
			if err != nil {
				w.violate("payment %d: a rung of its receipt cannot be wrapped: %v", p.number, err)
				return
			}
		}
		w.hands(p, fmt.Sprintf("rung %d", i), text)
		w.sched.sleep(w.between(0, 20*time.Second))
	}
}
