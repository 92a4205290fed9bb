package relaytest

import (
	"github.com/stellar/go-stellar-sdk/amount"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
)

// issued is a credit asset of the suite, as the domain spells it and as it is signed by hand.
type issued struct {
	text   string // CODE:ISSUER
	credit txnbuild.CreditAsset
	issuer string
}

// issue makes an issuer of that name, whose asset can be frozen and clawed back, and gives 1,000 of it to the treasury and to
// the sender. The accounts in also are made, and can hold 1,000 of it each.
func (b *ledgerFixture) issue(issuer, code string, also ...string) issued {
	b.Helper()
	a := issued{text: code + ":" + LedgerAccount(issuer), credit: txnbuild.CreditAsset{Code: code, Issuer: LedgerAccount(issuer)}, issuer: issuer}
	for _, name := range append([]string{issuer}, also...) {
		b.Fund(b.T, LedgerAccount(name))
	}
	ops := []txnbuild.Operation{a.flags(txnbuild.AuthRevocable, txnbuild.AuthClawbackEnabled)}
	signers := []string{issuer}
	ops = append(ops, a.trust("treasury", ""), a.trust("sender", "")) // the sender signs anyway, as the source
	for _, name := range also {
		ops = append(ops, a.trust(name, "1000"))
	}
	signers = append(append(signers, "treasury"), also...)
	b.act(append(ops, a.pay(issuer, "treasury", 1000*relay.One), a.pay(issuer, "sender", 1000*relay.One)), signers...)
	return a
}

// act lands operations by hand, each of which names its source; the sender pays. They must succeed.
func (b *ledgerFixture) act(ops []txnbuild.Operation, signers ...string) {
	b.Helper()
	if !b.attempt(ops, signers...) {
		b.Fatal("what was done by hand failed")
	}
}

// attempt is act for what may fail.
func (b *ledgerFixture) attempt(ops []txnbuild.Operation, signers ...string) bool {
	b.Helper()
	p := b.page(b.CloseWith(b.T, b.byHand("sender", b.sequence("sender")+1, 100, ops, signers...)))
	if len(p.Transactions) != 1 {
		b.Fatalf("%+v", p)
	}
	return p.Transactions[0].Success
}

func (a issued) flags(set ...txnbuild.AccountFlag) txnbuild.Operation {
	return &txnbuild.SetOptions{SetFlags: set, SourceAccount: LedgerAccount(a.issuer)}
}

// trust is a trustline with that limit, in whole units; "" is the greatest.
func (a issued) trust(name, limit string) txnbuild.Operation {
	return &txnbuild.ChangeTrust{Line: a.credit.MustToChangeTrustAsset(), Limit: limit, SourceAccount: LedgerAccount(name)}
}

func (a issued) pay(from, to string, n relay.Stroops) txnbuild.Operation {
	return &txnbuild.Payment{Destination: LedgerAccount(to), Amount: amount.StringFromInt64(int64(n)), Asset: a.credit, SourceAccount: LedgerAccount(from)}
}

func (a issued) clawback(from string, n relay.Stroops) txnbuild.Operation {
	return &txnbuild.Clawback{From: LedgerAccount(from), Amount: amount.StringFromInt64(int64(n)), Asset: a.credit, SourceAccount: LedgerAccount(a.issuer)}
}

// forbid takes the authorisation of a trustline away; keepOffers leaves it what it has on offer.
func (a issued) forbid(name string, keepOffers bool) txnbuild.Operation {
	op := &txnbuild.SetTrustLineFlags{Trustor: LedgerAccount(name), Asset: a.credit, SourceAccount: LedgerAccount(a.issuer),
		ClearFlags: []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorized}}
	if keepOffers {
		op.SetFlags = []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorizedToMaintainLiabilities}
	}
	return op
}

// gift pays lumens in, as any account may.
func gift(to string, n relay.Stroops) txnbuild.Operation {
	return &txnbuild.Payment{Destination: LedgerAccount(to), Amount: amount.StringFromInt64(int64(n)), Asset: txnbuild.NativeAsset{},
		SourceAccount: LedgerAccount("sender")}
}

func data(name, key string) txnbuild.Operation {
	return &txnbuild.ManageData{Name: key, Value: []byte("1"), SourceAccount: LedgerAccount(name)}
}

// look is what one account looks like, and the asset in it.
func (b *ledgerFixture) look(asset, name string) relay.AccountFacts {
	b.Helper()
	facts, _, err := b.Look(b.Context(), asset, LedgerAccount(name))
	b.ok(err)
	return facts[LedgerAccount(name)]
}

func (b *ledgerFixture) lumens(name string) relay.AccountFacts {
	b.Helper()
	return b.look(relay.Native, name)
}
