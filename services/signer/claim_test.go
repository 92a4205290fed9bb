package signer

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

func TestClaim(t *testing.T) {
	r := newFixture(t)
	m := r.fund(r.intent(payment())).Minted[0]
	ana := keypair.MustRandom()
	for _, fresh := range []bool{true, false} {
		in := r.claimIntent(m, ana.Address())
		in.NewAccount = fresh
		e, err := r.s.Claim(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		text64 := base64.StdEncoding.EncodeToString(e.XDR)
		want := stellar.ClaimExpectation{
			Passphrase: passphrase, Holding: m.Account, Destination: ana.Address(), Asset: relay.Native, Amount: m.Amount, NewAccount: fresh, Sequence: 77,
			LatestTime: in.MaxTime, LastLedger: in.Bound,
		}
		if fresh {
			want.Sponsor = r.sponsor
		}
		if _, err := stellar.CheckClaim(text64, want); err != nil {
			t.Error(err)
		}
		by, err := stellar.SignedBy(text64, passphrase, r.sponsor, m.Account, ana.Address())
		if err != nil || (fresh && !slices.Equal(by, []string{r.sponsor})) || (!fresh && len(by) > 0) {
			t.Errorf("signed by %v, %v", by, err)
		}
		if e.Kind != relay.ClaimEnvelope || e.State != relay.Planned || e.Destination != ana.Address() || e.NewAccount != fresh ||
			e.Bound != in.Bound || e.PlannedAt != r.view.head.CloseTime || !slices.Equal(e.Payments, []relay.PaymentID{m.Payment}) {
			t.Errorf("%+v", e)
		}
		lines := r.lines()
		r.view.head.Sequence, r.view.head.CloseTime = r.view.head.Sequence+100, r.view.head.CloseTime+500 // past its end: a repeat is answered all the same
		r.reopen()
		again, err := r.s.Claim(t.Context(), in)
		if err != nil || text(t, again) != text(t, e) || again.PlannedAt != e.PlannedAt || r.lines() != lines {
			t.Errorf("a repeat differs: %v", err)
		}
	}
}

func TestClaimPolicy(t *testing.T) {
	r := newFixture(t)
	a := r.fund(r.intent(payment(), payment()))
	m := a.Minted[0]
	lowest := m.Ladder[0].Sequence
	memo := func(kind, value string) func(*relay.ClaimIntent) {
		return func(in *relay.ClaimIntent) { in.NewAccount, in.Memo = false, relay.Memo{Kind: kind, Value: value} }
	}
	for name, c := range map[string]struct {
		code   string
		change func(*relay.ClaimIntent)
	}{
		"unknown holding":    {"holding_unknown", func(in *relay.ClaimIntent) { in.Holding = keypair.MustRandom().Address() }},
		"the treasury":       {"holding_unknown", func(in *relay.ClaimIntent) { in.Holding = r.home }},
		"the sponsor":        {"holding_unknown", func(in *relay.ClaimIntent) { in.Holding = r.sponsor }},
		"other payment":      {"holding_unknown", func(in *relay.ClaimIntent) { in.Payment = a.Minted[1].Payment }},
		"no payment":         {"holding_unknown", func(in *relay.ClaimIntent) { in.Payment = "" }},
		"into itself":        {"destination_refused", func(in *relay.ClaimIntent) { in.Destination = m.Account }},
		"no destination":     {"destination_refused", func(in *relay.ClaimIntent) { in.Destination = "" }},
		"contract":           {"destination_refused", func(in *relay.ClaimIntent) { in.Destination = "C" + in.Destination[1:] }},
		"muxed":              {"destination_refused", func(in *relay.ClaimIntent) { in.Destination = "M" + in.Destination[1:] }},
		"sponsor is new":     {"claim_refused", func(in *relay.ClaimIntent) { in.Destination = r.sponsor }},
		"memo for new":       {"claim_refused", func(in *relay.ClaimIntent) { in.Memo = relay.Memo{Kind: "text", Value: "x"} }},
		"memo too long":      {"claim_refused", memo("text", strings.Repeat("x", 29))},
		"memo of no kind":    {"claim_refused", memo("return", "x")},
		"memo id":            {"memo_malformed", memo("id", "-1")},
		"memo hash":          {"claim_refused", memo("hash", "12")},
		"no sequence":        {"claim_refused", func(in *relay.ClaimIntent) { in.Sequence = 0 }},
		"sequence of ladder": {"sequence_of_ladder", func(in *relay.ClaimIntent) { in.Sequence = lowest }},
		"no bound":           {"claim_refused", func(in *relay.ClaimIntent) { in.Bound = 0 }},
		"no time":            {"claim_refused", func(in *relay.ClaimIntent) { in.MaxTime = 0 }},
		"bound past":         {"bound_past", func(in *relay.ClaimIntent) { in.Bound = r.view.head.Sequence }},
		"bound far":          {"bound_too_far", func(in *relay.ClaimIntent) { in.Bound += 1000 }},
		"time far":           {"bound_too_far", func(in *relay.ClaimIntent) { in.MaxTime += 3600 }},
		"signed at":          {"signed_at_missing", func(in *relay.ClaimIntent) { in.SignedAt = 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			in := r.claimIntent(m, keypair.MustRandom().Address())
			c.change(&in)
			lines := r.lines()
			e, err := r.s.Claim(t.Context(), in)
			wantCode(t, err, c.code)
			if e.XDR != nil || r.lines() != lines {
				t.Error("a refusal left something")
			}
		})
	}
}

func TestClaimMemo(t *testing.T) {
	r := newFixture(t)
	m := r.fund(r.intent(payment())).Minted[0]
	hash := strings.Repeat("0f", 32)
	for memo, want := range map[relay.Memo]stellar.Memo{
		{Kind: "text", Value: "for ana"}: {Kind: stellar.MemoText, Text: "for ana"},
		{Kind: "text", Value: "12"}:      {Kind: stellar.MemoText, Text: "12"},
		{Kind: "id", Value: "12"}:        {Kind: stellar.MemoID, ID: 12},
		{Kind: "hash", Value: hash}:      {Kind: stellar.MemoHash, Text: hash},
		{}:                               {},
	} {
		in := r.claimIntent(m, keypair.MustRandom().Address())
		in.NewAccount, in.Memo = false, memo
		e, err := r.s.Claim(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stellar.CheckClaim(base64.StdEncoding.EncodeToString(e.XDR), stellar.ClaimExpectation{
			Passphrase: passphrase, Holding: m.Account, Destination: in.Destination, Asset: relay.Native, Amount: m.Amount, Keeper: r.sponsor, LatestTime: in.MaxTime, Memo: want,
		}); err != nil {
			t.Errorf("%q: %v", memo, err)
		}
	}
}

func TestClaimPlansAreCounted(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	r.cfg.Policy.Plans = 2
	r.open()
	m := r.fund(r.intent(payment())).Minted[0]
	for i := range 3 {
		r.reopen()
		_, err := r.s.Claim(t.Context(), r.claimIntent(m, keypair.MustRandom().Address()))
		if i < 2 && err != nil || i == 2 && relay.CodeOf(err) != "too_many_plans" {
			t.Errorf("plan %d: %v", i, err)
		}
	}
	// What cannot land any more does not count; but within an hour only so many are made. Neither lasts.
	made := 2
	for ; made < 20; made++ {
		r.view.head.Sequence += 100
		r.view.head.CloseTime += 200
		r.reopen()
		if _, err := r.s.Claim(t.Context(), r.claimIntent(m, keypair.MustRandom().Address())); err != nil {
			if relay.CodeOf(err) != "too_many_plans" {
				t.Fatal(err)
			}
			break
		}
	}
	if made != 8 {
		t.Errorf("%d plans within an hour, want 4 times 2", made)
	}
	r.view.head.CloseTime += 3600
	if _, err := r.s.Claim(t.Context(), r.claimIntent(m, keypair.MustRandom().Address())); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

// outer reads a bump as the network does and returns the accounts that signed the inner transaction.
func (r *fixture) outer(raw []byte, hash string, bid relay.Stroops, signers ...string) {
	r.t.Helper()
	var env xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshal(raw, &env); err != nil || !env.IsFeeBump() {
		r.t.Fatalf("no fee bump: %v", err)
	}
	text := base64.StdEncoding.EncodeToString(raw)
	inner, _, err := stellar.Hashes(text, passphrase)
	if err != nil || inner != hash {
		r.t.Errorf("carries %s, %v", inner, err)
	}
	if by, err := stellar.SignedBy(text, passphrase, r.sponsor); err != nil || len(by) != 1 {
		r.t.Errorf("the sponsor has not signed: %v", err)
	}
	source := env.FeeBumpAccount()
	if fee := relay.Stroops(env.FeeBumpFee()); source.Address() != r.sponsor || fee > bid || fee < bid-100 {
		r.t.Errorf("fee %d from %s, bid %d", fee, source.Address(), bid)
	}
	plain, err := xdr.MarshalBase64(xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: env.FeeBump.Tx.InnerTx.V1})
	if err != nil {
		r.t.Fatal(err)
	}
	by, err := stellar.SignedBy(plain, passphrase, signers...)
	if n := len(env.FeeBump.Tx.InnerTx.V1.Signatures); err != nil || len(by) != len(signers) || n != len(signers) {
		r.t.Errorf("%d signatures, those of %v; want %v; %v", n, by, signers, err)
	}
}

// notDue wants a rung refused while the signer's own ledger advises another one, none, or does not answer; then it is due.
func (r *fixture) notDue(hash, other string) {
	r.t.Helper()
	lines := r.lines()
	for _, advice := range []relay.RungAdvice{{}, {Use: other}, {Wait: true, Detail: "too early"}, {Reason: relay.ClawedBack}} {
		r.view.advice = advice
		if raw, err := r.s.Bump(r.t.Context(), hash, nil, relay.One); relay.CodeOf(err) != "rung_not_due" || raw != nil {
			r.t.Errorf("advised %+v: %v", advice, err)
		}
	}
	r.view.advice, r.view.err = relay.RungAdvice{Use: hash}, errors.New("unreachable")
	if raw, err := r.s.Bump(r.t.Context(), hash, nil, relay.One); relay.CodeOf(err) != "ledger_unavailable" || raw != nil {
		r.t.Errorf("without a ledger: %v", err)
	}
	if r.view.err = nil; r.lines() != lines {
		r.t.Error("what is not due is in the log")
	}
}

func TestBumpFundingAndReturns(t *testing.T) {
	r := newFixture(t)
	a := r.fund(r.intent(payment(), payment()))
	r.reopen()
	bid := relay.Stroops(10_000)
	signers := []string{r.channel, r.sponsor, r.home, a.Minted[0].Account, a.Minted[1].Account}
	raw, err := r.s.Bump(t.Context(), a.Envelope.Hash, nil, bid)
	if err != nil {
		t.Fatal(err)
	}
	r.outer(raw, a.Envelope.Hash, bid, signers...)
	for _, m := range a.Minted {
		for _, rung := range m.Ladder {
			if rung.State == relay.Planned { // not plain: only when the signer's own ledger says that it is the one
				r.notDue(rung.Hash, m.Ladder[0].Hash)
			}
			// What is handed in beside the hash is not looked at: the log has the text.
			raw, err := r.s.Bump(t.Context(), rung.Hash, a.Envelope.XDR, bid)
			if err != nil {
				t.Fatal(err)
			}
			by := []string{m.Account}
			if rung.Rung == stellar.LastResort {
				by = append(by, r.sponsor)
			}
			r.outer(raw, rung.Hash, bid, by...)
		}
	}
	lines := r.lines()
	again, err := r.s.Bump(t.Context(), a.Envelope.Hash, nil, bid)
	if err != nil || string(again) != string(raw) || r.lines() != lines {
		t.Errorf("the same bid again differs: %v", err)
	}
	if _, err := r.s.Bump(t.Context(), a.Envelope.Hash, nil, 10*bid); err != nil || r.lines() != lines+1 {
		t.Errorf("a higher bid: %v", err)
	}
}

// A bid above the limit is cut to it: a way back that waits for a person who raises a limit is none.
func TestBumpKeepsToItsLimit(t *testing.T) {
	r := newFixture(t)
	a := r.fund(r.intent(payment()))
	raw, err := r.s.Bump(t.Context(), a.Envelope.Hash, nil, 1000*DefaultMaxFee)
	if err != nil {
		t.Fatal(err)
	}
	r.outer(raw, a.Envelope.Hash, DefaultMaxFee, r.channel, r.sponsor, r.home, a.Minted[0].Account)
}

func TestBumpRefuses(t *testing.T) {
	r := newFixture(t)
	a := r.fund(r.intent(payment()))
	hash := a.Envelope.Hash
	for name, c := range map[string]struct {
		hash, code string
		bid        relay.Stroops
	}{
		"unknown":    {strings.Repeat("a", 64), "envelope_unknown", relay.One},
		"empty":      {"", "envelope_unknown", relay.One},
		"upper case": {strings.ToUpper(hash), "envelope_unknown", relay.One},
		"too little": {hash, "fee_too_low", 399},
		"nothing":    {hash, "fee_too_low", 0},
		"negative":   {hash, "fee_too_low", -relay.One},
	} {
		lines := r.lines()
		raw, err := r.s.Bump(t.Context(), c.hash, a.Envelope.XDR, c.bid)
		if relay.CodeOf(err) != c.code || raw != nil || r.lines() != lines {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBumpClaim(t *testing.T) {
	r := newFixture(t)
	m := r.fund(r.intent(payment())).Minted[0]
	h, ana, mallory := r.seed(m, r.claim), keypair.MustRandom(), keypair.MustRandom()
	e, err := r.s.Claim(t.Context(), r.claimIntent(m, ana.Address()))
	if err != nil {
		t.Fatal(err)
	}
	other, err := r.s.Claim(t.Context(), r.claimIntent(m, mallory.Address()))
	if err != nil {
		t.Fatal(err)
	}
	bid := relay.Stroops(50_000)
	raw, err := r.s.Bump(t.Context(), e.Hash, r.sign(e.XDR, h, ana), bid)
	if err != nil {
		t.Fatal(err)
	}
	r.outer(raw, e.Hash, bid, m.Account, ana.Address(), r.sponsor)
	raw, err = r.s.Bump(t.Context(), e.Hash, r.sign(e.XDR, mallory, ana, h), bid) // one signature too many would spoil it
	if err != nil {
		t.Fatal(err)
	}
	r.outer(raw, e.Hash, bid, m.Account, ana.Address(), r.sponsor)

	garbled := r.sign(e.XDR, ana, h)
	garbled[len(garbled)-1] ^= 1
	var env xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshal(r.sign(e.XDR, ana, h), &env); err != nil {
		t.Fatal(err)
	}
	env.V1.Tx.Operations = env.V1.Tx.Operations[3:] // the merge alone
	for name, c := range map[string]struct {
		envelope []byte
		code     string
	}{
		"none":             {nil, "envelope_missing"},
		"junk":             {[]byte("junk"), "envelope_differs"},
		"unsigned":         {e.XDR, "signature_missing"},
		"without G":        {r.sign(e.XDR, h), "signature_missing"},
		"without H":        {r.sign(e.XDR, ana), "signature_missing"},
		"of a foreign key": {r.sign(e.XDR, mallory, ana), "signature_missing"},
		"spoiled":          {garbled, "signature_missing"},
		"other claim":      {r.sign(other.XDR, h, mallory), "envelope_differs"},
		"other envelope":   {changedOf(t, env), "envelope_differs"},
		"a bump":           {raw, "envelope_differs"},
	} {
		lines := r.lines()
		out, err := r.s.Bump(t.Context(), e.Hash, c.envelope, bid)
		if relay.CodeOf(err) != c.code || out != nil || r.lines() != lines {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func changedOf(t *testing.T, env xdr.TransactionEnvelope) []byte {
	t.Helper()
	text, err := xdr.MarshalBase64(env)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
