package simulate

import (
	"context"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/engine"
)

// baseReserve is half a lumen: an account costs two of them, a trustline one (CAP-33).
const baseReserve = 5_000_000

// kept is what of the ledger's entries the service's sponsor keeps, in base reserves, by the account that they belong to.
func (b *books) kept() map[string]int64 {
	sponsor, units := b.services[0], map[string]int64{}
	b.view(func(v devnet.View) error {
		v.State().Entries(func(_ engine.Key, e *xdr.LedgerEntry) bool {
			if id := e.SponsoringID(); id == nil || (*xdr.AccountId)(id).Address() != sponsor {
				return true
			}
			switch e.Data.Type {
			case xdr.LedgerEntryTypeAccount:
				a := e.Data.MustAccount()
				units[a.AccountId.Address()] += 2
			case xdr.LedgerEntryTypeTrustline:
				t := e.Data.MustTrustLine()
				units[t.AccountId.Address()]++
			}
			return true
		})
		return nil
	})
	return units
}

// mostReserveLedgers is within how many ledgers after the last end the relay knows what it keeps.
const mostReserveLedgers = 60

// reserves wants each reserve that the sponsor keeps to have a reason, and the relay to count those of each app as the ledger does, in
// recipients' accounts as many as there are. What is set aside under way the signer looks at only when a budget runs low.
func (b *books) reserves(ctx context.Context) {
	if b.w.restored { // it counts nothing of payments that it has forgotten
		return
	}
	for first := b.w.head(); ; b.w.sched.sleep(patience) {
		trouble := b.reservesNow(ctx)
		if trouble == "" {
			return
		}
		if b.w.head() > first+mostReserveLedgers {
			b.w.violate("%s", trouble)
			return
		}
	}
}

func (b *books) reservesNow(ctx context.Context) (trouble string) {
	given := map[*app]int64{}
	reason := map[string]bool{}
	for _, account := range b.services {
		reason[account] = true
	}
	for _, p := range b.payments {
		for _, c := range p.claimants {
			reason[c] = true
		}
		if p.home != "" {
			reason[p.home] = p.tampered != "" || p.taken > 0 || b.frozen(p)
		}
	}
	for account, units := range b.kept() {
		if !reason[account] {
			return "the sponsor keeps reserves of " + account + ", for which there is no reason"
		}
		for _, p := range b.payments {
			if p.wallet == nil && p.went == account && b.whose(p, account) == "the recipient" {
				given[p.app] += units
				break
			}
		}
	}
	for _, a := range b.w.apps {
		l, err := a.client.Limits(ctx, "")
		if err != nil {
			return a.Name + " is not told its limits: " + err.Error()
		}
		if want := relay.Stroops(given[a] * baseReserve).String(); l.ReservesGiven != want {
			return a.Name + " has " + l.ReservesGiven + " lumens in accounts of recipients, the relay says, and the ledger " + want
		}
	}
	return ""
}
