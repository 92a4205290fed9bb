package worker_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
)

// locked is what an app's usage says waits, of an asset.
func (w *fixture) locked(asset string) relay.Stroops {
	w.Helper()
	u, err := w.desk.Usage(w.Context(), w.apps[0].ID, asset)
	w.must(err)
	return u.Waiting
}

// What was taken out of a holding account is not locked any more, to the stroop; what is paid back is again. So it stays while the
// payment is parked, and when it has ended nothing is.
func TestLockedIsWhatIsThere(t *testing.T) {
	whole := 25 * relay.One
	for name, taken := range map[string]relay.Stroops{"a stroop": 1, "a part": 3*relay.One + 7, "all but a stroop": whole - 1, "all": whole} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t, plan{})
			p, other := w.ripe(), w.pending()
			want := func(here relay.Stroops) {
				t.Helper()
				if got := w.locked(relay.Native); got != other.Amount+here {
					t.Errorf("%s are locked, and %s are there\n%s", got-other.Amount, here, w.story(p.ID))
				}
			}
			want(whole)
			w.does(w.own(w.seed(p), nil, &txnbuild.Payment{Destination: w.payer.Address(), Amount: taken.String(), Asset: txnbuild.NativeAsset{}}))
			w.round(1)
			if now := w.payment(p.ID); now.State != relay.Parked {
				t.Fatalf("%s\n%s", now.State, w.story(p.ID))
			}
			w.round(2)
			want(whole - taken)
			w.does(w.own(w.payer, nil, &txnbuild.Payment{Destination: p.Holding, Amount: taken.String(), Asset: txnbuild.NativeAsset{}}))
			w.round(3)
			want(whole)
			w.apply(p.ID, relay.CancelAsked{})
			for i := 0; i < 20 && !w.payment(p.ID).State.Ended(); i++ {
				w.round(1)
			}
			if now := w.payment(p.ID); !now.State.Ended() || now.Missing != 0 {
				t.Fatalf("%s, %s missing\n%s", now.State, now.Missing, w.story(p.ID))
			}
			want(0)
		})
	}
}

// The same of a credit asset that its issuer takes back in parts, with and without a return that was asked for.
func TestLockedAfterAClawback(t *testing.T) {
	each(t, creditKinds, func(m *assetFixture) {
		p := m.ripened()
		waits := func(here relay.Stroops) {
			m.Helper()
			if m.self {
				here = 0 // the sender keeps it himself
			}
			if got := m.locked(p.Asset); got != here {
				m.Errorf("%s are locked, and %s are there\n%s", got, here, m.story(p.ID))
			}
		}
		waits(p.Amount)
		m.clawsBack(p.Holding, relay.One)
		m.round(2)
		m.is(p.ID, relay.Parked, relay.ClawedBack)
		waits(p.Amount - relay.One)
		m.apply(p.ID, relay.CancelAsked{})
		m.clawsBack(p.Holding, 1)
		m.round(2)
		m.is(p.ID, relay.Parked, relay.ClawedBack)
		waits(p.Amount - relay.One - 1)
		m.clawsBack(p.Holding, p.Amount-relay.One-1)
		m.until(p.ID, relay.Settled)
		waits(0)
	})
}
