package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/stellar"
)

// TestOldBareRungBurnt: of a credit payment that was minted when the bare rung was complete, a thief of the database hands that rung
// in while the money waits. It fails, and spends the plain ones. A claim is refused then, for it would spend the last resort; a
// cancel brings the amount into a claimable balance, and the service claims that for the treasury, by itself.
func TestOldBareRungBurnt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	o := &oldData{T: t, ctx: ctx}
	defer o.open("testdata/old/3caf6df.tar.gz")()
	p := o.play.Payments[slices.IndexFunc(o.play.Payments, func(p *oldPayment) bool { return p.Name == "credit-pending-claim" })]
	for _, other := range o.play.Payments { // what is on its way out of the treasury arrives first
		if state := relay.State(o.get(other).State); other.Wallet == "" && (state == relay.Created || state == relay.Funding) {
			_, err := o.Reach(ctx, other.ID, relay.Pending, relay.Claimed, relay.Returned, relay.Canceled, relay.Failed, relay.Settled)
			o.must(err)
		}
	}
	row, err := o.Stack.Desk.Payment(ctx, relay.PaymentID(p.ID))
	o.must(err)
	if row.State != relay.Pending || row.Ladder().Version != relay.FirstLadder {
		t.Fatalf("it is %s, with ladder %d", row.State, row.Ladder().Version)
	}
	all, err := o.Stack.Desk.EnvelopesOf(ctx, row.ID)
	o.must(err)
	bare := all[slices.IndexFunc(all, func(e relay.Envelope) bool {
		return e.Kind == relay.ReturnEnvelope && row.Ladder().Role(e.Rung) == relay.BareRung
	})]
	thief, err := o.NewAccount(ctx)
	o.must(err)
	outer, err := stellar.BuildFeeBump(base64.StdEncoding.EncodeToString(bare.XDR), o.Stack.Config.Ledger.Passphrase, thief.Address(), 10_000)
	o.must(err)
	signed, err := stellar.Sign(outer.XDR, o.Stack.Config.Ledger.Passphrase, thief.Full)
	o.must(err)
	_, hash, err := stellar.Hashes(signed, o.Stack.Config.Ledger.Passphrase)
	o.must(err)
	_, err = o.Ledger.Submit(ctx, signed)
	o.must(err)
	o.must(o.Until(ctx, func() (bool, error) {
		status, _, err := o.Ledger.Lookup(ctx, hash)
		if status == "SUCCESS" {
			err = fmt.Errorf("it landed")
		}
		return status == "FAILED", err
	}))
	o.must(o.CloseLedger(ctx))

	link, err := client.ParseLink(p.Link)
	o.must(err)
	key, err := keypair.ParseFull(p.Claimant)
	o.must(err)
	err = o.WhileClosing(ctx, func(ctx context.Context) error { _, err := o.Recipient.Claim(ctx, o.ClaimInto(link, key)); return err })
	if !client.IsCode(err, "sequence_of_ladder") {
		t.Errorf("a claim after it: %v", err)
	}
	before, _, err := o.Ledger.Line(ctx, o.play.Treasury, o.play.Asset)
	o.must(err)
	_, err = o.App.Cancel(ctx, p.ID)
	o.must(err)
	got, err := o.Reach(ctx, p.ID, relay.Settled)
	o.must(err)
	if got.Reason != string(relay.LeftClaimable) {
		t.Errorf("it is %s %s", got.State, got.Reason)
	}
	o.must(o.Until(ctx, func() (bool, error) {
		row, err = o.Stack.Desk.Payment(ctx, row.ID)
		return row.Collected != "", err
	}))
	after, _, err := o.Ledger.Line(ctx, o.play.Treasury, o.play.Asset)
	o.must(err)
	if relay.Stroops(after-before) != row.Amount {
		t.Errorf("%d came home of %d; collected in %q, %d before", after-before, row.Amount, row.Collected, before)
	}
}
