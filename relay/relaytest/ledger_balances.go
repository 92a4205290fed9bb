package relaytest

import (
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// claimableBalances wants the balance of a last resort under the id that is derived from it, while it is there, and of balances
// with other claimants or with conditions no claimant.
func claimableBalances(b *ledgerFixture) {
	balance := func(when, id string, want relay.BalanceFacts) {
		b.Helper()
		if got, err := b.Balance(b.Context(), id); err != nil || got != want {
			b.Errorf("%s: %+v, %v, want %+v", when, got, err, want)
		}
	}
	f := b.funded(1)
	b.until(f.Bound)
	l := b.ladder(f, 0, "late")
	last := b.advice("with the home account absent", l, 2)
	id, want, err := stellar.BalanceLeft(l.rungs[2].XDR)
	b.ok(err)
	if want != (relay.BalanceFacts{Exists: true, Asset: relay.Native, Amount: l.Amount, Claimant: LedgerAccount("late")}) {
		b.Errorf("the last resort leaves %+v", want)
	}
	balance("before", id, relay.BalanceFacts{})
	b.CloseWith(b.T, last.outer)
	balance("left", id, want)
	b.Fund(b.T, LedgerAccount("late"))
	b.CloseWith(b.T, b.byHand("late", b.sequence("late")+1, 100, []txnbuild.Operation{&txnbuild.ClaimClaimableBalance{BalanceID: id}}))
	balance("claimed", id, relay.BalanceFacts{})

	a := b.issue("issuer", "USDC")
	late, never := LedgerAccount("late"), txnbuild.NotPredicate(txnbuild.UnconditionalPredicate)
	for _, c := range []struct {
		name      string
		claimants []txnbuild.Claimant
		want      string
	}{
		{"one", []txnbuild.Claimant{txnbuild.NewClaimant(late, nil)}, late},
		{"two", []txnbuild.Claimant{txnbuild.NewClaimant(late, nil), txnbuild.NewClaimant(LedgerAccount("sender"), nil)}, ""},
		{"on a condition", []txnbuild.Claimant{txnbuild.NewClaimant(late, &never)}, ""},
	} {
		number := b.sequence("issuer") + 1
		b.CloseWith(b.T, b.byHand("issuer", number, 100, []txnbuild.Operation{
			&txnbuild.CreateClaimableBalance{Amount: "3", Asset: a.credit, Destinations: c.claimants}}))
		id, err := stellar.BalanceID(LedgerAccount("issuer"), number, 0)
		b.ok(err)
		balance(c.name, id, relay.BalanceFacts{Exists: true, Asset: a.text, Amount: 3 * relay.One, Claimant: c.want})
	}
	if got, err := b.Balance(b.Context(), "00"); err == nil {
		b.Errorf("what is no id: %+v", got)
	}
}
