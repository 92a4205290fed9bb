package api_test

import (
	"net/url"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// An account's own signers and thresholds decide, not its master key: two signers of 10 for 20 sign one after the other, a
// recovered account signs by its new key, and what the ledger would not consume is left out.
func TestSignersOfTheDestination(t *testing.T) {
	for name, c := range map[string]struct {
		master, threshold byte
		signers           int // of 10 each
		steps             [][]int
		kept              int // signatures of the account that stay
	}{
		"recovered":               {0, 1, 1, [][]int{{1}}, 1},
		"by its old master key":   {0, 1, 1, [][]int{{0}}, -1},
		"two of two at once":      {10, 20, 1, [][]int{{0, 1}}, 2},
		"two of two, in turn":     {10, 20, 1, [][]int{{1}, {0}}, 2},
		"three where two suffice": {0, 20, 3, [][]int{{1, 2, 3}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			usd := w.ledger.issue("USD", 0)
			w.ledger.trust(w.app.Treasury, usd, 500*relay.One, 500*relay.One)
			in := ana
			in.Asset = usd
			p, link := w.send(in)
			holding := w.fund(p.ID)
			keys := []*keypair.Full{keypair.MustRandom()}
			to := keys[0].Address()
			w.ledger.pay(to, 50*relay.One)
			for range c.signers {
				keys = append(keys, keypair.MustRandom())
			}
			w.ledger.change(to, func(a *stellar.Account) {
				a.Thresholds = [4]byte{c.master, c.threshold, c.threshold, c.threshold}
				for _, k := range keys[1:] {
					a.Signers, a.SubEntries = append(a.Signers, stellar.Signer{Key: k.Address(), Weight: 10}), a.SubEntries+1
				}
			})
			claimant := w.holder(link).with("Restante-Proof", w.prove(link).Proof)
			plan := func() (got wire.Plan) {
				claimant.do("POST", "/v1/claims/"+p.ID+"/plan", wire.PlanRequest{Destination: to, NewLine: true}).want(200).into(&got)
				return got
			}
			first := plan()
			for i, step := range c.steps {
				signers := []*keypair.Full{holding}
				for _, k := range step {
					signers = append(signers, keys[k])
				}
				form := url.Values{"xdr": {w.sign(first.Envelope, signers...)}}.Encode()
				call := w.anonymous().with("Content-Type", "application/x-www-form-urlencoded")
				if c.kept < 0 {
					call.do("POST", "/v1/claims/"+p.ID+"/wallet", form).refused(400, "signature_missing")
					return
				}
				last := i == len(c.steps)-1
				var out wire.WalletAnswer
				call.do("POST", "/v1/claims/"+p.ID+"/wallet", form).want(202).into(&out)
				if last != (len(out.Missing) == 0) || !last && out.Missing[0] != (wire.MissingWeight{Account: to, Weight: 10, Needed: 20}) {
					t.Errorf("step %d: %+v", i, out)
				}
				if !last && plan().Envelope != first.Envelope {
					t.Error("the same plan carries what others signed")
				}
			}
			row, err := w.desk.Payment(t.Context(), relay.PaymentID(p.ID))
			if err != nil || row.State != relay.Claiming {
				t.Fatalf("%s, %v", row.State, err)
			}
			e, err := w.desk.Envelope(t.Context(), row.Claim)
			if err != nil {
				t.Fatal(err)
			}
			var env xdr.TransactionEnvelope
			if err := xdr.SafeUnmarshal(e.XDR, &env); err != nil {
				t.Fatal(err)
			}
			got, err := w.ledger.Gather(t.Context(), e.XDR)
			if err != nil || len(got.Missing) > 0 || string(got.XDR) != string(e.XDR) || len(env.Signatures()) != 1+c.kept {
				t.Errorf("%d signatures, missing %+v, %v", len(env.Signatures()), got.Missing, err)
			}
		})
	}
}
