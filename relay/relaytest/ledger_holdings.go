package relaytest

import (
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
)

func holdingsMade(b *ledgerFixture) {
	f := b.funded(2)
	lowest := b.ladder(f, 0, "sender").rungs[0].Sequence
	query := func(name string) relay.HoldingQuery {
		return relay.HoldingQuery{Account: LedgerAccount(name), Asset: relay.Native, Lowest: lowest}
	}
	facts, err := b.Holdings(b.Context(), query("h0"), query("h1"), query("h7"), query("h0"))
	b.ok(err)
	want := map[string]relay.HoldingFacts{
		LedgerAccount("h0"): {Exists: true, Balance: 5_0000000, Held: 5_0000000}, LedgerAccount("h1"): {Exists: true, Balance: 6_0000000, Held: 6_0000000}, LedgerAccount("h7"): {}}
	if len(facts) != len(want) {
		b.Errorf("%+v", facts)
	}
	for id, w := range want {
		if facts[id] != w {
			b.Errorf("%s: %+v, want %+v", id, facts[id], w)
		}
	}
	if facts, err := b.Holdings(b.Context()); err != nil || len(facts) != 0 {
		b.Errorf("of none: %v %v", facts, err)
	}
	// Any account may pay in: that is no takeover.
	b.CloseWith(b.T, b.byHand("sender", b.sequence("sender")+1, 100, pay("h0", "1")))
	facts, err = b.Holdings(b.Context(), query("h0"))
	b.ok(err)
	if got := facts[LedgerAccount("h0")]; got != (relay.HoldingFacts{Exists: true, Balance: 6_0000000, Held: 6_0000000}) {
		b.Errorf("after a stray payment: %+v", got)
	}
}

// takeovers are what a holder of the key can do to a holding account.
var takeovers = map[string]func(b *ledgerFixture, h string) []txnbuild.Operation{
	"signer": func(*ledgerFixture, string) []txnbuild.Operation {
		return []txnbuild.Operation{&txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: LedgerAccount("thief"), Weight: 1}}}
	},
	"weight": func(*ledgerFixture, string) []txnbuild.Operation {
		return []txnbuild.Operation{&txnbuild.SetOptions{MasterWeight: txnbuild.NewThreshold(2)}}
	},
	"threshold": func(*ledgerFixture, string) []txnbuild.Operation {
		return []txnbuild.Operation{&txnbuild.SetOptions{HighThreshold: txnbuild.NewThreshold(1)}}
	},
	"flags": func(*ledgerFixture, string) []txnbuild.Operation {
		return []txnbuild.Operation{&txnbuild.SetOptions{SetFlags: []txnbuild.AccountFlag{txnbuild.AuthImmutable}}}
	},
	"data": func(*ledgerFixture, string) []txnbuild.Operation {
		return []txnbuild.Operation{&txnbuild.ManageData{Name: "mine", Value: []byte("now")}}
	},
	"sequence": func(b *ledgerFixture, _ string) []txnbuild.Operation {
		return []txnbuild.Operation{&txnbuild.BumpSequence{BumpTo: int64(b.head().Sequence+100) << 32}}
	},
	"sponsoring": func(_ *ledgerFixture, h string) []txnbuild.Operation {
		return []txnbuild.Operation{
			&txnbuild.BeginSponsoringFutureReserves{SponsoredID: LedgerAccount("sender")},
			&txnbuild.ManageData{Name: "for " + h, Value: []byte("1"), SourceAccount: LedgerAccount("sender")},
			&txnbuild.EndSponsoringFutureReserves{SourceAccount: LedgerAccount("sender")},
		}
	},
	"sponsor": func(_ *ledgerFixture, h string) []txnbuild.Operation {
		id := LedgerAccount(h)
		return []txnbuild.Operation{
			&txnbuild.BeginSponsoringFutureReserves{SponsoredID: LedgerAccount("sponsor"), SourceAccount: LedgerAccount("sender")},
			&txnbuild.RevokeSponsorship{SponsorshipType: txnbuild.RevokeSponsorshipTypeAccount, Account: &id, SourceAccount: LedgerAccount("sponsor")},
			&txnbuild.EndSponsoringFutureReserves{SourceAccount: LedgerAccount("sponsor")},
		}
	},
}

func holdingsTaken(b *ledgerFixture) {
	names := make([]string, 0, len(takeovers))
	for name := range takeovers {
		names = append(names, name)
	}
	f := b.funded(len(names))
	lowest := b.ladder(f, 0, "sender").rungs[0].Sequence
	var ask []relay.HoldingQuery
	for i, name := range names {
		ops := takeovers[name](b, holding(i))
		signers := []string{}
		if name == "sponsor" || name == "sponsoring" {
			signers = append(signers, "sender")
		}
		if name == "sponsor" {
			signers = append(signers, "sponsor")
		}
		b.CloseWith(b.T, b.byHand(holding(i), b.sequence(holding(i))+1, 100, ops, signers...))
		ask = append(ask, relay.HoldingQuery{Account: LedgerAccount(holding(i)), Asset: relay.Native, Lowest: lowest})
	}
	facts, err := b.Holdings(b.Context(), ask...)
	b.ok(err)
	for i, name := range names {
		got := facts[LedgerAccount(holding(i))]
		if !got.Exists || got.Trouble != relay.KeyTakenOver || got.Detail == "" {
			b.Errorf("%s: %+v", name, got)
		}
	}
}
