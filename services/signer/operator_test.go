package signer

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
)

// TestWithdraw: one at a time, out of treasuries only, and remembered across a restart.
func TestWithdraw(t *testing.T) {
	r := newFixture(t)
	to := keypair.MustRandom().Address()
	head := r.view.head
	r.view.there[to] = relay.AccountFacts{Exists: true, Line: true, Authorized: true, Room: relay.One}
	good := relay.Withdrawal{From: r.home, To: to, Asset: relay.Native, Amount: 5}
	for what, w := range map[string]relay.Withdrawal{
		"treasury_unknown":    {From: r.sponsor, To: to, Asset: relay.Native, Amount: 5},
		"withdrawal_refused":  {From: r.home, To: r.home, Asset: relay.Native, Amount: 5},
		"destination_missing": {From: r.home, To: keypair.MustRandom().Address(), Asset: relay.Native, Amount: 5},
		"destination_full":    {From: r.home, To: to, Asset: relay.Native, Amount: relay.One + 1},
		"treasury_promised":   {From: r.home, To: to, Asset: relay.Native, Amount: 1<<60 + 1},
		"memo_malformed":      {From: r.home, To: to, Asset: relay.Native, Amount: 5, Memo: relay.Memo{Kind: "id", Value: "x"}},
	} {
		before := r.lines()
		_, _, err := r.s.Withdraw(t.Context(), w, 7, 100, head)
		wantCode(t, err, what)
		if r.lines() != before {
			t.Errorf("%s wrote to the log", what)
		}
	}
	_, _, err := r.s.Withdraw(t.Context(), good, 7, relay.One*3, head)
	wantCode(t, err, "fee_limit")
	outer, e, err := r.s.Withdraw(t.Context(), good, 7, 100, head)
	if err != nil || len(outer) == 0 || e.Source != r.home || e.Sequence != 7 || e.Bound != head.Sequence+relay.OperatorLedgers {
		t.Fatalf("%+v %v", e, err)
	}
	r.reopen()
	_, _, err = r.s.Withdraw(t.Context(), good, 7, 100, head)
	wantCode(t, err, "withdrawal_open")
	r.view.verdicts[e.Hash] = relay.CannotLand
	if _, _, err = r.s.Withdraw(t.Context(), good, 7, 100, relay.Head{Sequence: head.Sequence + 30, CloseTime: head.CloseTime + 1}); err != nil {
		t.Errorf("after the first one is dead: %v", err)
	}
}

// TestMakeChannels: the signer's own channels only, and for a fee within its limit.
func TestMakeChannels(t *testing.T) {
	r := newFixture(t)
	_, channels, err := r.s.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = r.s.MakeChannels(t.Context(), []string{r.home}, 7, 100, r.view.head)
	wantCode(t, err, "channel_unknown")
	_, _, err = r.s.MakeChannels(t.Context(), channels, 7, relay.One, r.view.head)
	wantCode(t, err, "fee_limit")
	if envelope, bound, err := r.s.MakeChannels(t.Context(), channels, 7, 100, r.view.head); err != nil || len(envelope) == 0 || bound <= r.view.head.Sequence {
		t.Errorf("%d bytes until %d: %v", len(envelope), bound, err)
	}
	r.reopen()
	roster, err := ReadRoster(r.cfg.Dir)
	if err != nil || roster.Sponsor != r.sponsor || len(roster.Channels) != len(channels) || roster.Treasuries[r.app] != r.home {
		t.Errorf("%+v %v", roster, err)
	}
}
