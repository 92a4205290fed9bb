package demo

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/redeem"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
	"github.com/restante/restante/services/devnet"
)

// bothInOneLedger has a claimant hand her claim in by herself, past the service, in the very ledger in which the return
// lands. Each order once; who is first takes the money, the other changes nothing, and the service says what is true.
func bothInOneLedger(ctx context.Context, d *Instance) error {
	for _, claimFirst := range []bool{true, false} {
		if err := d.race(ctx, claimFirst); err != nil {
			return fmt.Errorf("claim first %v: %w", claimFirst, err)
		}
	}
	return nil
}

func (d *Instance) race(ctx context.Context, claimFirst bool) error {
	sent, err := d.Send(ctx, nil)
	if err != nil {
		return err
	}
	treasury, err := d.Balance(ctx, d.Dev.App.Treasury)
	if err != nil {
		return err
	}
	account := keypair.MustRandom()
	claim, err := d.ownClaim(ctx, sent.Link, account)
	if err != nil {
		return err
	}
	back, err := d.ownReturn(ctx, sent.Payment.ID)
	if err != nil {
		return err
	}
	for { // a return cannot land before the ledger that is promised
		latest, err := d.Ledger.Latest(ctx)
		if err != nil {
			return err
		}
		if latest+1 >= *sent.Payment.NotBeforeLedger {
			break
		}
		if err := d.CloseLedger(ctx); err != nil {
			return err
		}
	}
	order := []string{claim, back}
	if !claimFirst {
		order = []string{back, claim}
	}
	seq, err := d.Stack.Devnet.CloseWith(order...)
	if err != nil {
		return err
	}
	if err := d.seen(ctx, seq); err != nil {
		return err
	}
	p, err := d.Reach(ctx, sent.Payment.ID, relay.Claimed, relay.Returned)
	if err != nil {
		return err
	}
	want, hers, home := relay.Claimed, int64(Amount), treasury
	if !claimFirst {
		want, hers, home = relay.Returned, -1, treasury+Amount
	}
	if p.State != string(want) || p.Settlement == nil || p.Settlement.Ledger != seq {
		return fmt.Errorf("the service says %s at %v", p.State, p.Settlement)
	}
	if err := d.Expect(ctx, "the claimant", account.Address(), hers); err != nil {
		return err
	}
	if err := d.Expect(ctx, "the treasury", d.Dev.App.Treasury, home); err != nil {
		return err
	}
	d.say("ledger %d holds both, %s first: %s", seq, map[bool]string{true: "claim", false: "return"}[claimFirst], p.State)
	return d.loserFailed(ctx, order[1])
}

// loserFailed is the control: the second envelope is in the same ledger and must have failed there.
func (d *Instance) loserFailed(ctx context.Context, envelope string) error {
	_, outer, err := stellar.Hashes(envelope, d.Stack.Config.Ledger.Passphrase)
	if err != nil {
		return err
	}
	status, ledger, err := d.Ledger.Lookup(ctx, outer)
	if err != nil {
		return err
	}
	if status != "FAILED" {
		return fmt.Errorf("control: the second envelope is %s", status)
	}
	d.say("control: the second one is in ledger %d too, and failed", ledger)
	return nil
}

// ownClaim plans and signs a claim, but pays its fee from another account, so that it can be submitted without the service.
func (d *Instance) ownClaim(ctx context.Context, link client.Link, account *keypair.Full) (string, error) {
	h, proof, err := d.open(ctx, link)
	if err != nil {
		return "", err
	}
	signed, err := d.planAndSign(ctx, link, proof, h, account)
	if err != nil {
		return "", err
	}
	payer := keypair.MustRandom()
	if err := d.Stack.FundAccount(ctx, payer.Address()); err != nil {
		return "", err
	}
	bump, err := stellar.BuildFeeBump(signed, d.Stack.Config.Ledger.Passphrase, payer.Address(), 1000)
	if err != nil {
		return "", err
	}
	return stellar.Sign(bump.XDR, d.Stack.Config.Ledger.Passphrase, payer)
}

// ownReturn is the first rung in a fee bump, as the worker would hand it in.
func (d *Instance) ownReturn(ctx context.Context, id string) (string, error) {
	all, err := d.Stack.Desk.EnvelopesOf(ctx, relay.PaymentID(id))
	if err != nil {
		return "", err
	}
	p, err := d.Stack.Desk.Payment(ctx, relay.PaymentID(id))
	if err != nil {
		return "", err
	}
	for _, e := range all {
		if e.Kind == relay.ReturnEnvelope && e.Rung == p.Ladder().Rungs()-1 {
			outer, err := d.Stack.Signer.Bump(ctx, e.Hash, e.XDR, 10_000)
			return base64.StdEncoding.EncodeToString(outer), err
		}
	}
	return "", fmt.Errorf("payment %s has no way back", id)
}

// lostAnswerThenCancel loses every answer to the submission of a claim: the ledger has it, the service does not know. A
// cancel then must not pay twice, and must not say that it won.
func lostAnswerThenCancel(ctx context.Context, d *Instance) error {
	sent, err := d.Send(ctx, nil)
	if err != nil {
		return err
	}
	account := keypair.MustRandom()
	treasury, err := d.Balance(ctx, d.Dev.App.Treasury)
	if err != nil {
		return err
	}
	d.Stack.Devnet.SetFaults(devnet.Faults{LoseAnswer: 1, Seed: 7})
	defer d.Stack.Devnet.SetFaults(devnet.Faults{})
	if err := d.submitOnly(ctx, sent.Link, account); err != nil {
		return err
	}
	p, err := d.App.Cancel(ctx, sent.Payment.ID)
	if err != nil {
		return err
	}
	d.say("the claim's answers are lost; the sender cancels and hears: %s, return asked: %q", p.State, p.ReturnAsked)
	if p, err = d.Reach(ctx, sent.Payment.ID, relay.Claimed, relay.Returned); err != nil {
		return err
	}
	if p.State != string(relay.Claimed) {
		return fmt.Errorf("it ended %s", p.State)
	}
	if err := d.Expect(ctx, "the claimant", account.Address(), Amount); err != nil {
		return err
	}
	if err := d.Expect(ctx, "the treasury", d.Dev.App.Treasury, treasury); err != nil {
		return err
	}
	d.say("the ledger had the claim: claimed, paid once")
	_, err = d.App.Cancel(ctx, sent.Payment.ID)
	if err := mustFail("a cancel after the claim", err, "already_claimed"); err != nil {
		return err
	}
	d.say("control: a cancel after the claim is refused: already_claimed")
	return nil
}

// submitOnly claims as far as handing in, and does not wait for the Outcome.
func (d *Instance) submitOnly(ctx context.Context, link client.Link, account *keypair.Full) error {
	h, proof, err := d.open(ctx, link)
	if err != nil {
		return err
	}
	signed, err := d.planAndSign(ctx, link, proof, h, account)
	if err != nil {
		return err
	}
	_, err = d.Recipient.SubmitClaim(ctx, link, proof, signed)
	return err
}

// open proves with the code from the inbox and opens the box.
func (d *Instance) open(ctx context.Context, link client.Link) (redeem.Holding, string, error) {
	asked := time.Now()
	s, err := d.Recipient.AskCode(ctx, link)
	if err != nil {
		return redeem.Holding{}, "", err
	}
	code, err := d.CodeFromInbox(ctx, asked)
	if err != nil {
		return redeem.Holding{}, "", err
	}
	proven, err := d.Recipient.Prove(ctx, link, client.Credential{Session: s.Session, Code: code})
	if err != nil {
		return redeem.Holding{}, "", err
	}
	h, err := redeem.Open(link.Secret, proven, redeem.Expect{Payment: link.PaymentID, Network: d.Stack.Config.Ledger.Passphrase,
		Policy: relay.Guarded, Asset: relay.Native, Amount: Amount})
	return h, proven.Proof, err
}

// planAndSign asks for a plan, checks it and signs it with both keys.
func (d *Instance) planAndSign(ctx context.Context, link client.Link, proof string, h redeem.Holding, account *keypair.Full) (string, error) {
	got, err := d.Recipient.PlanClaim(ctx, link, proof, wire.PlanRequest{Destination: account.Address()})
	if err != nil {
		return "", err
	}
	plan, err := redeem.CheckPlan(got, h, redeem.PlanExpect{Destination: account.Address(), NewAccount: true, Now: d.now(), Longest: client.LongestClaim})
	if err != nil {
		return "", err
	}
	return plan.Sign(secret.NewString(account.Seed()))
}
