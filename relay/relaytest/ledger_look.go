package relaytest

import (
	"math"
	"reflect"

	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
)

// lookAround wants what the ledger has of accounts and of one asset in them, all from one answer.
func lookAround(b *ledgerFixture) {
	a := b.issue("issuer", "USDC", "frozen", "full", "kept")
	b.act([]txnbuild.Operation{a.pay("issuer", "full", 999*relay.One), a.forbid("frozen", false), a.forbid("kept", true),
		data("full", "config.memo_required")}, "issuer", "full")
	names := []string{"sender", "frozen", "kept", "full", "sponsor", "issuer", "absent", "sender"}
	var asked []string
	for _, name := range names {
		asked = append(asked, LedgerAccount(name))
	}
	got, asset, err := b.Look(b.Context(), a.text, asked...)
	b.ok(err)
	if want := (relay.AssetFacts{IssuerExists: true, Revocable: true, Clawback: true}); asset != want {
		b.Errorf("asset %+v, want %+v", asset, want)
	}
	want := map[string]relay.AccountFacts{
		"sender":  {Exists: true, Line: true, Authorized: true, Spendable: 1000 * relay.One, Room: math.MaxInt64 - 1000*relay.One},
		"frozen":  {Exists: true, Line: true, Room: 1000 * relay.One},
		"kept":    {Exists: true, Line: true, Room: 1000 * relay.One},
		"full":    {Exists: true, Line: true, Authorized: true, MemoRequired: true, Spendable: 999 * relay.One, Room: relay.One},
		"sponsor": {Exists: true},
		"issuer":  {Exists: true, Line: true, Authorized: true, Spendable: math.MaxInt64, Room: math.MaxInt64},
		"absent":  {},
	}
	if len(got) != len(want) {
		b.Errorf("%d accounts, want %d", len(got), len(want))
	}
	for name, w := range want {
		g := got[LedgerAccount(name)]
		if w.Exists && (g.Sequence == 0 || g.Balance <= g.Free || g.Free <= 0) {
			b.Errorf("%s: %+v", name, g)
		}
		g.Sequence, g.Balance, g.Free = 0, 0, 0
		if w.Exists {
			w.Signers = []string{LedgerAccount(name)}
		}
		if !reflect.DeepEqual(g, w) {
			b.Errorf("%s: %+v, want %+v", name, g, w)
		}
	}

	b.act([]txnbuild.Operation{a.flags(txnbuild.AuthRequired)}, "issuer")
	if _, asset, err := b.Look(b.Context(), a.text); err != nil || !asset.AuthRequired {
		b.Errorf("of no account: %+v %v", asset, err)
	}
	if got, asset, err := b.Look(b.Context(), "USDC:"+LedgerAccount("absent"), asked[0]); err != nil || asset != (relay.AssetFacts{}) || got[asked[0]].Line {
		b.Errorf("of an asset without an issuer: %+v %+v %v", got, asset, err)
	}
	lumens := b.lumens("sender")
	if !lumens.Line || !lumens.Authorized || lumens.Spendable != lumens.Free || lumens.Room != math.MaxInt64-lumens.Balance {
		b.Errorf("lumens: %+v", lumens)
	}
	if _, asset, err := b.Look(b.Context(), relay.Native); err != nil || asset != (relay.AssetFacts{IssuerExists: true}) {
		b.Errorf("lumens: %+v %v", asset, err)
	}
	for _, bad := range []string{"USDC", "USDC:GABSENT", "", "US DC:" + LedgerAccount("issuer"), a.text + " "} {
		if got, asset, err := b.Look(b.Context(), bad, asked[0]); err == nil || len(got) > 0 || asset != (relay.AssetFacts{}) {
			b.Errorf("of %q: %+v %+v %v", bad, got, asset, err)
		}
	}
	if got, _, err := b.Look(b.Context(), a.text, "GABSENT"); err == nil {
		b.Errorf("what is no address: %+v", got)
	}
}

// lookTorn asks two servers behind one name, of which one lags. An account and its trustline must come from the same ledger:
// here each ledger moves all of the asset from one of them to the other.
func lookTorn(b *ledgerFixture) {
	a := b.issue("issuer", "USDC")
	b.SetMode(b.T, Frozen)
	b.CloseWith(b.T, b.byHand("sender", b.sequence("sender")+1, 100, []txnbuild.Operation{a.pay("sender", "treasury", 500*relay.One)}))
	answered := 0
	for lagging := range 1 << 7 {
		b.Mix(b.T, func(question int) bool { return lagging>>question&1 == 1 })
		got, _, err := b.Look(b.Context(), a.text, LedgerAccount("sender"), LedgerAccount("treasury"))
		if err != nil {
			b.unavailable("look", err)
			continue
		}
		answered++
		if sum := got[LedgerAccount("sender")].Spendable + got[LedgerAccount("treasury")].Spendable; sum != 2000*relay.One {
			b.Fatalf("questions %b lag: %+v", lagging, got)
		}
	}
	if answered == 0 {
		b.Error("no answer at all")
	}
}
