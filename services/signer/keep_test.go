package signer

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/mint"
	"github.com/restante/restante/relay/stellar"
)

// wallet is a sender with a client of his own.
type wallet struct {
	*fixture
	key  *keypair.Full
	plan mint.Plan
	mint relay.Mint
}

const ownFee = 600 // stroops that the wallet bids for its funding

// wallet prepares a payment of 25 of an asset out of a new wallet.
func (r *fixture) wallet(asset string) *wallet {
	r.t.Helper()
	w := &wallet{fixture: r, key: keypair.MustRandom(), mint: r.mint(payment())}
	w.mint.Asset, w.mint.ReturnTo = asset, w.key.Address()
	w.plan = mint.Plan{
		Passphrase: passphrase, App: r.app, Channel: w.key.Address(), Sponsor: w.key.Address(), Treasury: w.key.Address(), Rescue: r.sponsor,
		Sequence: 42, SignedAt: r.view.head.Sequence, Bound: r.view.head.Sequence + 100, MaxTime: r.view.head.CloseTime + 600, Fee: ownFee,
		Route: relay.Route{From: w.key.Address(), Sponsor: w.key.Address(), Purse: stellar.Prices.Purse(asset), RungFee: relay.OwnRungFee},
	}
	return w
}

// moving prepares a payment that takes over the money in m, whose key its sender has.
func (r *fixture) moving(m relay.Minted, fee uint32) *wallet {
	r.t.Helper()
	w := r.wallet(m.Asset)
	w.mint.Amount, w.mint.ReturnTo = m.Amount, m.ReturnTo
	w.plan.Channel, w.plan.Treasury, w.plan.Fee, w.plan.ReturnMemo = m.Account, m.Account, fee, m.ReturnMemo
	w.plan.Route = relay.Route{From: m.Account, Sponsor: m.Sponsor, Purse: m.Purse, RungFee: m.RungFee, Replaces: m.Payment}
	if w.plan.Sponsor = m.Sponsor; w.plan.Sponsor == "" {
		w.plan.Sponsor = r.sponsor
	}
	r.view.there[m.Account] = relay.AccountFacts{Exists: true, Sequence: w.plan.Sequence - 1, Sponsor: w.plan.Sponsor}
	return w
}

// minted is what the wallet's client makes and hands in.
func (w *wallet) minted() relay.KeepIntent {
	w.t.Helper()
	a, err := mint.Own(rand.Reader, w.plan, w.mint)
	if err != nil {
		w.t.Fatal(err)
	}
	if !w.plan.Route.IsMove() {
		a.Minted[0].Proof = w.proof(w.key)
	}
	return relay.KeepIntent{App: w.app, Funded: a}
}

// proof is a message about the payment, signed by a key.
func (w *wallet) proof(key *keypair.Full) relay.WalletProof {
	w.t.Helper()
	p, err := stellar.SignMessage(stellar.WalletMessage(w.key.Address(), w.mint.Payment, passphrase), key)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (r *fixture) keep(in relay.KeepIntent) relay.FundAnswer {
	r.t.Helper()
	a, err := r.s.Keep(r.t.Context(), in)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

// unkept wants an intent refused with a code, and nothing in the log for it.
func (r *fixture) unkept(name string, in relay.KeepIntent, code string) {
	r.t.Helper()
	lines := r.lines()
	a, err := r.s.Keep(r.t.Context(), in)
	if got := relay.CodeOf(err); got != code || err == nil {
		r.t.Errorf("%s: %q (%v), want %q", name, got, err, code)
	}
	if len(a.Minted) > 0 || r.lines() != lines {
		r.t.Errorf("%s: a refusal left something", name)
	}
}

func (r *fixture) credit() string { return "USDC:" + r.s.book.channels[1] }

// What a client minted is answered as it was handed in, again and again, and is in the log before anybody signs.
func TestKeep(t *testing.T) {
	r := newFixture(t)
	for _, asset := range []string{relay.Native, r.credit()} {
		in := r.wallet(asset).minted()
		in.Funded.Envelope.SignedAt += 7 // the caller's source is ahead of ours: what counts is what we know
		want := in.Funded
		want.Envelope.SignedAt = r.view.head.Sequence
		a := r.keep(in)
		want.Envelope.Log = r.s.log.mark() // the answer says which line of the log has it
		for i := range want.Minted[0].Ladder {
			want.Minted[0].Ladder[i].Log = want.Envelope.Log
		}
		if text(t, a) != text(t, want) || a.Envelope.State != relay.Planned || a.Envelope.OwnFee != ownFee {
			t.Errorf("%s: kept\n%s\nof\n%s", asset, text(t, a), text(t, want))
		}
		lines := r.lines()
		r.view.head.Sequence += 500 // long past its bound
		r.reopen()
		r.view.err = errors.New("unreachable")
		if again := r.keep(in); text(t, again) != text(t, a) || r.lines() != lines {
			t.Error("a repeat differs")
		}
		r.view.err = nil
		f, err := r.s.Funding(t.Context(), a.Envelope.Hash)
		if err != nil || text(t, f) != text(t, a) {
			t.Errorf("the log says otherwise: %v", err)
		}
		fates, err := r.s.Fundings(t.Context())
		if err != nil || !slices.Contains(fates, relay.FundingFate{Hash: a.Envelope.Hash}) {
			t.Errorf("%v, %v", fates, err)
		}
	}
}

// Every fact of what is handed in is held against the envelopes, and every envelope against the facts.
func TestKeepRefuses(t *testing.T) {
	r := newFixture(t)
	stranger := keypair.MustRandom().Address()
	other := r.wallet(relay.Native).minted().Funded
	rung := func(i int) func(*relay.KeepIntent) *relay.Envelope {
		return func(in *relay.KeepIntent) *relay.Envelope { return &in.Funded.Minted[0].Ladder[i] }
	}
	funding := func(in *relay.KeepIntent) *relay.Envelope { return &in.Funded.Envelope }
	minted := func(in *relay.KeepIntent) *relay.Minted { return &in.Funded.Minted[0] }
	head := func(in *relay.KeepIntent) relay.Head { return r.view.head }

	type refusal struct {
		code   string
		change func(*relay.KeepIntent)
	}
	all := map[string]refusal{
		"no payment":             {"batch_size", func(in *relay.KeepIntent) { in.Funded.Minted = nil }},
		"two payments":           {"batch_size", func(in *relay.KeepIntent) { in.Funded.Minted = append(in.Funded.Minted, other.Minted...) }},
		"envelope of two":        {"batch_size", func(in *relay.KeepIntent) { funding(in).Payments = append(funding(in).Payments, payment()) }},
		"envelope of another":    {"batch_size", func(in *relay.KeepIntent) { funding(in).Payments = []relay.PaymentID{payment()} }},
		"payment id":             {"id_malformed", func(in *relay.KeepIntent) { minted(in).Payment, funding(in).Payments[0] = "pay_x", "pay_x" }},
		"no amount":              {"amount_zero", func(in *relay.KeepIntent) { minted(in).Amount = 0 }},
		"another amount":         {"funding_differs", func(in *relay.KeepIntent) { minted(in).Amount++ }},
		"another asset":          {"funding_differs", func(in *relay.KeepIntent) { minted(in).Asset = r.credit() }},
		"no asset":               {"asset_malformed", func(in *relay.KeepIntent) { minted(in).Asset = "" }},
		"another way home":       {"ladder_incomplete", func(in *relay.KeepIntent) { minted(in).ReturnTo = stranger }},
		"no way home":            {"ladder_incomplete", func(in *relay.KeepIntent) { minted(in).ReturnTo = "" }},
		"another account":        {"funding_differs", func(in *relay.KeepIntent) { minted(in).Account = stranger }},
		"no box":                 {"box_missing", func(in *relay.KeepIntent) { minted(in).Box = nil }},
		"expired":                {"expired", func(in *relay.KeepIntent) { minted(in).ExpiresAt = relay.Seconds(head(in).CloseTime) }},
		"expires late":           {"expiry_out_of_range", func(in *relay.KeepIntent) { minted(in).ExpiresAt += relay.MostExpiry }},
		"no wallet":              {"terms_missing", func(in *relay.KeepIntent) { minted(in).From = "" }},
		"another wallet":         {"wallet_proof_refused", func(in *relay.KeepIntent) { minted(in).From = stranger }},
		"nobody keeps it":        {"terms_missing", func(in *relay.KeepIntent) { minted(in).Sponsor = "" }},
		"another keeper":         {"funding_differs", func(in *relay.KeepIntent) { minted(in).Sponsor = stranger }},
		"our keeper":             {"wallet_ours", func(in *relay.KeepIntent) { minted(in).Sponsor = r.sponsor }},
		"our wallet":             {"wallet_ours", func(in *relay.KeepIntent) { minted(in).From = r.home }},
		"no purse":               {"terms_missing", func(in *relay.KeepIntent) { minted(in).Purse = 0 }},
		"a purse for no reserve": {"terms_missing", func(in *relay.KeepIntent) { minted(in).Purse = 3*relay.OwnRungFee + stellar.BaseReserve - 1 }},
		"another purse":          {"funding_differs", func(in *relay.KeepIntent) { minted(in).Purse++ }},
		"an old way home":        {"ladder_version", func(in *relay.KeepIntent) { minted(in).LadderVersion = relay.FirstLadder }},
		"a way home to come":     {"ladder_version", func(in *relay.KeepIntent) { minted(in).LadderVersion = relay.LadderVersion + 1 }},
		"a memo":                 {"ladder_incomplete", func(in *relay.KeepIntent) { minted(in).ReturnMemo = relay.Memo{Kind: "id", Value: "7"} }},
		"no rung fee":            {"terms_missing", func(in *relay.KeepIntent) { minted(in).RungFee = 0 }},
		"another rung fee":       {"rung_differs", func(in *relay.KeepIntent) { minted(in).RungFee-- }},
		"a fee beyond the wire":  {"terms_missing", func(in *relay.KeepIntent) { minted(in).RungFee += 1 << 32 }},
		"a direct payment":       {"terms_missing", func(in *relay.KeepIntent) { minted(in).PayTo = stranger }},
		"a move of nothing": {"holding_unknown", func(in *relay.KeepIntent) {
			minted(in).Replaces, minted(in).Proof = payment(), relay.WalletProof{}
		}},
		"a move with a proof": {"proof_unexpected", func(in *relay.KeepIntent) { minted(in).Replaces = payment() }},
		"no funding fee":      {"terms_missing", func(in *relay.KeepIntent) { funding(in).OwnFee = 0 }},
		"another funding fee": {"funding_differs", func(in *relay.KeepIntent) { funding(in).OwnFee++ }},
		"a fee of 33 bits":    {"terms_missing", func(in *relay.KeepIntent) { funding(in).OwnFee += 1 << 32 }},
		"signed at nothing":   {"signed_at_missing", func(in *relay.KeepIntent) { funding(in).SignedAt = 0 }},
		"bound past":          {"bound_past", func(in *relay.KeepIntent) { funding(in).Bound = head(in).Sequence }},
		"time past":           {"bound_past", func(in *relay.KeepIntent) { funding(in).MaxTime = head(in).CloseTime }},
		"bound far":           {"bound_too_far", func(in *relay.KeepIntent) { funding(in).Bound = head(in).Sequence + relay.MostKeptLedgers + 1 }},
		"another bound":       {"funding_differs", func(in *relay.KeepIntent) { funding(in).Bound++ }},
		"another end":         {"funding_differs", func(in *relay.KeepIntent) { funding(in).MaxTime++ }},
		"another number":      {"funding_differs", func(in *relay.KeepIntent) { funding(in).Sequence++ }},
		"another source":      {"funding_differs", func(in *relay.KeepIntent) { funding(in).Source = stranger }},
		"another network":     {"funding_differs", func(in *relay.KeepIntent) { funding(in).Network = "00" }},
		"another kind":        {"funding_differs", func(in *relay.KeepIntent) { funding(in).Kind = relay.ClaimEnvelope }},
		"another hash":        {"funding_differs", func(in *relay.KeepIntent) { funding(in).Hash = other.Envelope.Hash }},
		"a rung's number":     {"funding_differs", func(in *relay.KeepIntent) { funding(in).Rung = 1 }},
		"a destination":       {"funding_differs", func(in *relay.KeepIntent) { funding(in).Destination = stranger }},
		"a claim's asset":     {"funding_differs", func(in *relay.KeepIntent) { funding(in).Asset = relay.Native }},
		"no envelope":         {"funding_differs", func(in *relay.KeepIntent) { funding(in).XDR = nil }},
		"another envelope":    {"funding_differs", func(in *relay.KeepIntent) { funding(in).XDR = other.Envelope.XDR }},
		"another funding whole": {"funding_differs", func(in *relay.KeepIntent) {
			p := funding(in).Payments
			*funding(in) = other.Envelope
			funding(in).Payments = p
		}},
		"an unsigned funding":    {"funding_differs", func(in *relay.KeepIntent) { funding(in).XDR = signatures(t, funding(in).XDR, 0) }},
		"a funding signed twice": {"funding_differs", func(in *relay.KeepIntent) { funding(in).XDR = signatures(t, funding(in).XDR, 2) }},
		"no ladder":              {"ladder_incomplete", func(in *relay.KeepIntent) { minted(in).Ladder = nil }},
		"a ladder too long":      {"ladder_incomplete", func(in *relay.KeepIntent) { minted(in).Ladder = append(minted(in).Ladder, minted(in).Ladder[2]) }},
		"ladder of another":      {"rung_differs", func(in *relay.KeepIntent) { minted(in).Ladder = other.Minted[0].Ladder }},
		"upside down":            {"rung_differs", func(in *relay.KeepIntent) { slices.Reverse(minted(in).Ladder) }},
	}
	for i, name := range []string{"first rung", "second rung", "last resort"} {
		of := rung(i)
		for what, change := range map[string]func(*relay.Envelope){
			"another hash":     func(e *relay.Envelope) { e.Hash = other.Minted[0].Ladder[i].Hash },
			"another kind":     func(e *relay.Envelope) { e.Kind = relay.ClaimEnvelope },
			"another state":    func(e *relay.Envelope) { e.State = relay.Dead },
			"another network":  func(e *relay.Envelope) { e.Network = "" },
			"another source":   func(e *relay.Envelope) { e.Source = stranger },
			"another number":   func(e *relay.Envelope) { e.Sequence-- },
			"a bound":          func(e *relay.Envelope) { e.Bound = 9 },
			"an end":           func(e *relay.Envelope) { e.MaxTime = 9 },
			"another place":    func(e *relay.Envelope) { e.Rung++ },
			"another payment":  func(e *relay.Envelope) { e.Payments = []relay.PaymentID{payment()} },
			"two payments":     func(e *relay.Envelope) { e.Payments = append(slices.Clone(e.Payments), payment()) },
			"a destination":    func(e *relay.Envelope) { e.Destination = stranger },
			"a new account":    func(e *relay.Envelope) { e.NewAccount = true },
			"a new line":       func(e *relay.Envelope) { e.NewLine = true },
			"an asset":         func(e *relay.Envelope) { e.Asset = relay.Native },
			"an amount":        func(e *relay.Envelope) { e.Amount = 1 },
			"another fee":      func(e *relay.Envelope) { e.OwnFee = 0 },
			"no envelope":      func(e *relay.Envelope) { e.XDR = nil },
			"another envelope": func(e *relay.Envelope) { e.XDR = other.Minted[0].Ladder[i].XDR },
			"no signature":     func(e *relay.Envelope) { e.XDR = signatures(t, e.XDR, 0) },
			"two signatures":   func(e *relay.Envelope) { e.XDR = signatures(t, e.XDR, 2) },
		} {
			all[name+": "+what] = refusal{"rung_differs", func(in *relay.KeepIntent) { change(of(in)) }}
		}
		all["without the "+name] = refusal{"ladder_incomplete", func(in *relay.KeepIntent) { minted(in).Ladder = slices.Delete(minted(in).Ladder, i, i+1) }}
	}
	if all["last resort: another state"].code == "" {
		t.Fatal("the table is not whole")
	}
	for name, c := range all {
		in := r.wallet(relay.Native).minted()
		c.change(&in)
		r.unkept(name, in, c.code)
	}

	// Made well, and not what is allowed: the client's own envelopes are of one mind with the facts.
	for name, c := range map[string]struct {
		code   string
		change func(*wallet)
	}{
		"another service signs":         {"rung_differs", func(w *wallet) { w.plan.Rescue = stranger }},
		"another network":               {"funding_differs", func(w *wallet) { w.plan.Passphrase = "Another Network" }},
		"the service keeps the reserve": {"terms_missing", func(w *wallet) { w.plan.Sponsor, w.plan.Route.Sponsor = r.sponsor, "" }},
		"the sponsor's own keys": {"wallet_ours", func(w *wallet) {
			w.plan.Sponsor, w.plan.Route.Sponsor, w.plan.Rescue = r.sponsor, r.sponsor, stranger
		}},
		"out of a treasury": {"wallet_ours", func(w *wallet) {
			w.plan.Channel, w.plan.Treasury, w.plan.Route.From = r.home, r.home, r.home
		}},
		"another channel":       {"funding_differs", func(w *wallet) { w.plan.Channel = stranger }},
		"at nobody's cost":      {"terms_missing", func(w *wallet) { w.plan.Fee = 0 }},
		"rungs at nobody's":     {"terms_missing", func(w *wallet) { w.plan.Route.RungFee = 0 }},
		"without a purse":       {"terms_missing", func(w *wallet) { w.plan.Route.Purse = 0 }},
		"out of our channel":    {"wallet_ours", func(w *wallet) { w.plan.Channel, w.plan.Treasury, w.plan.Route.From = r.channel, r.channel, r.channel }},
		"for as long as a year": {"bound_too_far", func(w *wallet) { w.plan.Bound = r.view.head.Sequence + 6_000_000 }},
	} {
		w := r.wallet(relay.Native)
		c.change(w)
		r.unkept(name, w.minted(), c.code)
	}

	kept := r.keep(r.wallet(relay.Native).minted())
	w := r.wallet(relay.Native)
	w.mint.Payment = kept.Minted[0].Payment
	r.unkept("another funding of the same payment", w.minted(), "kept_already")
	in := r.wallet(relay.Native).minted()
	in.Funded = kept
	in.App = "app_other"
	r.unkept("of another app", in, "kept_already")
	funded := r.fund(r.intent(payment()))
	w = r.wallet(relay.Native)
	w.mint.Payment = funded.Minted[0].Payment
	r.unkept("a payment that the treasury funds", w.minted(), "kept_already")
	id := payment()
	twin := kept
	twin.Minted = slices.Clone(kept.Minted)
	twin.Minted[0].Payment, twin.Envelope.Payments = id, []relay.PaymentID{id}
	made := w.key // of another wallet, to whose proof the payment belongs now
	r.view.there[kept.Minted[0].From] = relay.AccountFacts{Exists: true, Signers: []string{made.Address()}}
	proof, err := stellar.SignMessage(stellar.WalletMessage(kept.Minted[0].From, id, passphrase), made)
	if err != nil {
		t.Fatal(err)
	}
	twin.Minted[0].Proof = proof
	r.unkept("the holding account of another payment", relay.KeepIntent{App: r.app, Funded: twin}, "holding_known")
	r.view.err = errors.New("unreachable")
	r.unkept("no ledger", r.wallet(relay.Native).minted(), "ledger_unavailable")
}

// signatures is an envelope with its first signature n times.
func signatures(t *testing.T, raw []byte, n int) []byte {
	t.Helper()
	var env xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshal(raw, &env); err != nil || len(env.V1.Signatures) == 0 {
		t.Fatal(err)
	}
	first := env.V1.Signatures[0]
	env.V1.Signatures = nil
	for range n {
		env.V1.Signatures = append(env.V1.Signatures, first)
	}
	return changedOf(t, env)
}

// A payment that a client funds is not funded out of the treasury as well, as long as it could be.
func TestKeptIsNotFundedAgain(t *testing.T) {
	r := newFixture(t)
	a := r.keep(r.wallet(relay.Native).minted())
	id := a.Minted[0].Payment
	for _, v := range []relay.Verdict{relay.Inconclusive, relay.Contradicted} { // the wallet's number is its owner's to use
		r.view.verdicts[a.Envelope.Hash] = v
		if got := r.fund(r.intent(id)); text(t, got) != text(t, a) {
			t.Error("funded twice")
		}
	}
	r.reopen()
	if got := r.fund(r.intent(id)); text(t, got) != text(t, a) {
		t.Error("funded twice after a restart")
	}
	if total := r.s.book.signed[appDay{r.app, dayOf(r.view.head), relay.Native}]; total != 0 {
		t.Errorf("a wallet's money counts as the treasury's: %s", total)
	}
	r.view.verdicts[a.Envelope.Hash] = relay.CannotLand
	if got := r.fund(r.intent(id)); got.Envelope.Hash == a.Envelope.Hash {
		t.Error("a dead one answers")
	}
	if _, err := r.s.Bump(t.Context(), a.Envelope.Hash, nil, relay.One); relay.CodeOf(err) != "funding_dead" {
		t.Error(err)
	}
}

// An own funding is completed as it is: no other account pays for it, and only the client's signatures are added.
func TestBumpOwnFunding(t *testing.T) {
	r := newFixture(t)
	w := r.wallet(relay.Native)
	a := r.keep(w.minted())
	hash, raw := a.Envelope.Hash, a.Envelope.XDR
	r.reopen()
	lines := r.lines()
	whole := r.sign(raw, w.key)
	for name, given := range map[string][]byte{"whole": whole, "with a stranger's": r.sign(raw, keypair.MustRandom(), w.key)} {
		got, err := r.s.Bump(t.Context(), hash, given, 1)
		if err != nil || !bytes.Equal(got, whole) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		given []byte
		code  string
	}{
		"nothing":    {nil, "envelope_missing"},
		"unsigned":   {raw, "signature_missing"},
		"a stranger": {r.sign(raw, keypair.MustRandom()), "signature_missing"},
		"another":    {r.sign(r.keep(r.wallet(relay.Native).minted()).Envelope.XDR, w.key), "envelope_differs"},
	} {
		if got, err := r.s.Bump(t.Context(), hash, c.given, relay.One); relay.CodeOf(err) != c.code || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r.lines() != lines+1 { // the other one that was kept
		t.Error("what the signer does not sign is in the log")
	}
	for _, rung := range a.Minted[0].Ladder {
		if rung.State == relay.Planned {
			r.notDue(rung.Hash, a.Minted[0].Ladder[0].Hash)
		}
		got, err := r.s.Bump(t.Context(), rung.Hash, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		text := base64.StdEncoding.EncodeToString(got)
		want := []string{a.Minted[0].Account}
		if rung.Rung == stellar.LastResort {
			want = append(want, r.sponsor)
		} else if !bytes.Equal(got, rung.XDR) {
			t.Errorf("rung %d was changed", rung.Rung)
		}
		tx, err := stellar.Decode(text, passphrase)
		if err != nil || tx.Hash != rung.Hash {
			t.Errorf("rung %d is wrapped: %v", rung.Rung, err)
		}
		if by, err := stellar.SignedBy(text, passphrase, want...); err != nil || len(by) != len(want) {
			t.Errorf("rung %d is signed by %v, %v", rung.Rung, by, err)
		}
	}
}

// The sponsor signs for no claim that a purse pays for.
func TestNoClaimOfAPurse(t *testing.T) {
	r := newFixture(t)
	m := r.keep(r.wallet(r.credit()).minted()).Minted[0]
	for _, fresh := range []bool{true, false} {
		in := r.claimIntent(m, keypair.MustRandom().Address())
		in.NewAccount = fresh
		if _, err := r.s.Claim(t.Context(), in); relay.CodeOf(err) != "pays_for_itself" {
			t.Error(err)
		}
	}
}

// Money moves on as it is, out of a holding account of the same app; the sponsor signs last, and pays for it where it keeps
// the reserve.
func TestMove(t *testing.T) {
	r := newFixture(t)
	first := r.fund(r.intent(payment())).Minted[0]
	holder := r.seed(first, r.sender)
	w := r.moving(first, 0)
	a := r.keep(w.minted())
	if a.Envelope.OwnFee != 0 || a.Minted[0].Replaces != first.Payment {
		t.Errorf("%+v", a.Envelope)
	}
	lines := r.lines()
	bid := relay.Stroops(50_000)
	for name, c := range map[string]struct {
		given []byte
		code  string
	}{
		"nothing":    {nil, "envelope_missing"},
		"unsigned":   {a.Envelope.XDR, "signature_missing"},
		"a stranger": {r.sign(a.Envelope.XDR, keypair.MustRandom()), "signature_missing"},
		"another":    {r.sign(r.fund(r.intent(payment())).Envelope.XDR, holder), "envelope_differs"},
	} {
		if got, err := r.s.Bump(t.Context(), a.Envelope.Hash, c.given, bid); relay.CodeOf(err) != c.code || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r.lines() != lines+1 {
		t.Error("a refusal left something")
	}
	r.reopen()
	raw, err := r.s.Bump(t.Context(), a.Envelope.Hash, r.sign(a.Envelope.XDR, holder), bid)
	if err != nil {
		t.Fatal(err)
	}
	r.outer(raw, a.Envelope.Hash, bid, first.Account, a.Minted[0].Account, r.sponsor)

	// And on, out of what has moved; a claim of either is the sponsor's to pay.
	next := r.keep(r.moving(a.Minted[0], 0).minted())
	if _, err := r.s.Claim(t.Context(), r.claimIntent(next.Minted[0], keypair.MustRandom().Address())); err != nil {
		t.Error(err)
	}

	// Out of an own wallet, at its own cost.
	own := r.wallet(r.credit())
	kept := r.keep(own.minted())
	moved := r.keep(r.moving(kept.Minted[0], ownFee).minted())
	key := r.seedOf(kept.Minted[0], r.sender)
	whole := r.sign(moved.Envelope.XDR, key, own.key)
	if got, err := r.s.Bump(t.Context(), moved.Envelope.Hash, whole, 1); err != nil || !bytes.Equal(got, whole) {
		t.Errorf("%v", err)
	}
}

func TestMoveRefuses(t *testing.T) {
	r := newFixture(t)
	stranger := keypair.MustRandom()
	funded := r.fund(r.intent(payment(), payment()))
	ours, second := funded.Minted[0], funded.Minted[1]
	own := r.keep(r.wallet(relay.Native).minted()).Minted[0]
	memo := r.wallet(relay.Native)
	memo.plan.ReturnMemo = relay.Memo{Kind: "id", Value: "7"}
	noted := r.keep(memo.minted()).Minted[0]
	treasury, err := r.s.Treasury(t.Context(), "app_other")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		of     relay.Minted
		fee    uint32
		code   string
		change func(*wallet)
	}{
		"another payment's account":  {ours, 0, "holding_unknown", func(w *wallet) { w.plan.Route.Replaces = second.Payment }},
		"a payment that is not":      {ours, 0, "holding_unknown", func(w *wallet) { w.plan.Route.Replaces = payment() }},
		"a stranger's account":       {ours, 0, "holding_unknown", func(w *wallet) { w.from(stranger.Address()) }},
		"our treasury":               {ours, 0, "wallet_ours", func(w *wallet) { w.from(r.home) }},
		"less":                       {ours, 0, "replaced_otherwise", func(w *wallet) { w.mint.Amount-- }},
		"more":                       {ours, 0, "replaced_otherwise", func(w *wallet) { w.mint.Amount++ }},
		"another asset":              {ours, 0, "replaced_otherwise", func(w *wallet) { w.mint.Asset = r.credit() }},
		"another way home":           {ours, 0, "replaced_otherwise", func(w *wallet) { w.mint.ReturnTo = stranger.Address() }},
		"another app's way home":     {ours, 0, "replaced_otherwise", func(w *wallet) { w.mint.ReturnTo = treasury }},
		"of another app":             {ours, 0, "holding_unknown", func(w *wallet) { w.app = "app_other" }},
		"a fee out of the amount":    {ours, ownFee, "terms_missing", func(*wallet) {}},
		"rungs out of the amount":    {ours, 0, "terms_missing", func(w *wallet) { w.plan.Route.RungFee = 100 }},
		"a wallet keeps it from now": {ours, ownFee, "replaced_otherwise", func(w *wallet) { w.kept(stranger.Address()) }},
		"the service keeps it now":   {own, 0, "replaced_otherwise", func(w *wallet) { w.kept("") }},
		"another wallet keeps it":    {own, ownFee, "replaced_otherwise", func(w *wallet) { w.kept(stranger.Address()) }},
		"without its memo":           {noted, ownFee, "replaced_otherwise", func(w *wallet) { w.plan.ReturnMemo = relay.Memo{} }},
		"with another memo":          {own, ownFee, "replaced_otherwise", func(w *wallet) { w.plan.ReturnMemo = relay.Memo{Kind: "id", Value: "7"} }},
		"another purse":              {own, ownFee, "replaced_otherwise", func(w *wallet) { w.plan.Route.Purse++ }},
		"another rung fee":           {own, ownFee, "replaced_otherwise", func(w *wallet) { w.plan.Route.RungFee-- }},
		"at our cost":                {own, 0, "terms_missing", func(*wallet) {}},
		"a number of the way back":   {ours, 0, "sequence_of_ladder", func(w *wallet) { w.plan.Sequence = ours.Ladder[0].Sequence }},
	} {
		w := r.moving(c.of, c.fee)
		w.fixture = &fixture{t: r.t, cfg: r.cfg, view: r.view, s: r.s, app: r.app}
		c.change(w)
		in := w.minted()
		if name == "of another app" {
			in.App = w.app
		}
		r.unkept(name, in, c.code)
	}
	in := r.moving(ours, 0).minted() // not a move, as the envelope has it
	in.Funded.Minted[0].Replaces = ""
	r.unkept("a move that is none", in, "wallet_ours")

	r.view.verdicts[funded.Envelope.Hash] = relay.CannotLand
	r.fund(r.intent(ours.Payment))
	r.unkept("out of what was never funded", r.moving(second, 0).minted(), "holding_unknown")
}

func (w *wallet) from(account string) {
	w.plan.Channel, w.plan.Treasury, w.plan.Route.From = account, account, account
}

func (w *wallet) kept(sponsor string) {
	w.plan.Sponsor, w.plan.Route.Sponsor = sponsor, sponsor
	w.plan.Route.Purse, w.plan.Route.RungFee = stellar.Prices.Purse(w.mint.Asset), relay.OwnRungFee
	if sponsor == "" {
		w.plan.Sponsor, w.plan.Route.Purse, w.plan.Route.RungFee = w.s.book.sponsor, 0, 0
	}
}

// A treasury gets trustlines at the sponsor's cost: so many, and for assets that are spelled well.
func TestTrust(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	r.cfg.Policy.Lines = 2
	r.open()
	issuer := keypair.MustRandom().Address()
	outer, hash, err := r.s.Trust(t.Context(), r.app, "USDC:"+issuer, 9, r.view.head)
	if err != nil {
		t.Fatal(err)
	}
	r.outer(outer, hash, 4*10*stellar.MinBaseFee, r.home, r.sponsor)
	if _, err := r.s.Bump(t.Context(), hash, nil, relay.One); relay.CodeOf(err) != "envelope_unknown" {
		t.Error(err)
	}
	r.reopen()
	if _, _, err := r.s.Trust(t.Context(), r.app, "USDC:"+issuer, 10, r.view.head); err != nil { // again
		t.Error(err)
	}
	if _, _, err := r.s.Trust(t.Context(), r.app, "EURC:"+issuer, 11, r.view.head); err != nil {
		t.Error(err)
	}
	r.reopen()
	ahead, behind := r.view.head, r.view.head
	ahead.Sequence += 2000
	behind.CloseTime -= 3600
	for name, c := range map[string]struct {
		app      relay.AppID
		asset    string
		sequence int64
		head     relay.Head
		code     string
	}{
		"one too many": {r.app, "GBPC:" + issuer, 12, r.view.head, "too_many_lines"},
		"app":          {"app_other", "USDC:" + issuer, 12, r.view.head, "app_unknown"},
		"lumens":       {r.app, relay.Native, 12, r.view.head, "asset_malformed"},
		"no asset":     {r.app, "", 12, r.view.head, "asset_malformed"},
		"no issuer":    {r.app, "USDC:" + issuer[:55], 12, r.view.head, "asset_malformed"},
		"sequence":     {r.app, "USDC:" + issuer, 0, r.view.head, "trust_refused"},
		"far ahead":    {r.app, "USDC:" + issuer, 12, ahead, "bound_too_far"},
		"long ago":     {r.app, "USDC:" + issuer, 12, behind, "bound_past"},
		"no head":      {r.app, "USDC:" + issuer, 12, relay.Head{}, "signed_at_missing"},
	} {
		lines := r.lines()
		outer, _, err := r.s.Trust(t.Context(), c.app, c.asset, c.sequence, c.head)
		if relay.CodeOf(err) != c.code || outer != nil || r.lines() != lines {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.view.err = errors.New("unreachable")
	if _, _, err := r.s.Trust(t.Context(), r.app, "USDC:"+issuer, 12, r.view.head); relay.CodeOf(err) != "ledger_unavailable" {
		t.Error(err)
	}
}

// Limits count whole units of each asset by itself.
func TestDayLimitIsByAsset(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	r.cfg.Policy.Limits = Limits{MaxPayment: 30 * relay.One, MaxDay: 60 * relay.One}
	r.open()
	in := r.intent(many(4)...)
	in.Mints[1].Asset, in.Mints[2].Asset = r.credit(), r.credit()
	in.Mints[3].PayTo = keypair.MustRandom().Address()
	dead := r.fund(in).Envelope
	r.reopen()
	r.refused(r.intent(payment()), "day_limit")
	third := r.intent(payment())
	third.Mints[0].Asset = r.credit()
	r.refused(third, "day_limit")
	direct := r.intent(payment())
	direct.Mints[0].PayTo = keypair.MustRandom().Address()
	r.refused(direct, "day_limit")
	other := r.intent(payment())
	other.Mints[0].Asset = "EURC" + strings.TrimPrefix(r.credit(), "USDC")
	r.fund(other)
	r.view.verdicts[dead.Hash] = relay.CannotLand // both days have it back
	again := r.intent(dead.Payments...)
	again.Mints[1].Asset, again.Mints[2].Asset = r.credit(), r.credit()
	r.fund(again)
	r.refused(r.intent(payment()), "day_limit")
	r.refused(third, "day_limit")
}

// A late deposit is judged by all but its bounds, and the proof about it begins where it can have been signed first.
func TestKeepLate(t *testing.T) {
	r := newFixture(t)
	in := r.wallet(relay.Native).minted()
	judged := in
	judged.Judge = true
	lines := r.lines()
	if _, err := r.s.Keep(t.Context(), judged); err != nil || r.lines() != lines {
		t.Fatalf("%d lines more, %v", r.lines()-lines, err)
	}
	bound := in.Funded.Envelope.Bound
	r.view.head.Sequence, r.view.head.CloseTime = bound+20_000, in.Funded.Envelope.MaxTime+200_000
	r.unkept("too late", in, "expired")
	in.Late = true
	spoiled := r.wallet(relay.Native).minted()
	spoiled.Late, spoiled.Funded.Minted[0].Amount = true, 7
	r.unkept("late, and another amount", spoiled, "funding_differs")
	far := r.wallet(relay.Native)
	far.plan.Bound = r.view.head.Sequence + 6_000_000
	late := far.minted()
	late.Late = true
	r.unkept("late, and for as long as a year", late, "bound_too_far")
	in.Funded.Envelope.SignedAt = r.view.head.Sequence
	for i := range in.Funded.Minted[0].Ladder {
		in.Funded.Minted[0].Ladder[i].SignedAt = r.view.head.Sequence
	}
	if a := r.keep(in); a.Envelope.SignedAt != max(1, bound-min(bound, relay.MostFundLedgers)) {
		t.Errorf("signed at %d", a.Envelope.SignedAt)
	}
}

// Only a current signer of the wallet has a deposit kept, by the signer's own ledger; else nothing is written, whatever a caller says.
// What has landed is kept all the same, and what was planned before proofs were asked for.
func TestKeepWantsTheWallet(t *testing.T) {
	r := newFixture(t)
	unproven := func() relay.KeepIntent {
		in := r.wallet(relay.Native).minted()
		in.Funded.Minted[0].Proof, in.Late = relay.WalletProof{}, true
		return in
	}
	in := unproven()
	in.Late = false
	r.unkept("no proof", in, "wallet_proof_missing")
	in.Judge = true
	r.unkept("no proof, judged", in, "wallet_proof_missing")
	r.unkept("no proof, said to be late", unproven(), "wallet_proof_missing")
	w := r.wallet(relay.Native)
	in = w.minted()
	in.Funded.Minted[0].Proof = w.proof(keypair.MustRandom())
	r.unkept("by another key", in, "wallet_proof_refused")
	in = w.minted()
	r.view.there[w.key.Address()] = relay.AccountFacts{Exists: true, Signers: []string{}}
	r.unkept("its key signs no more", in, "wallet_proof_refused")
	in.Late = true
	r.unkept("its key signs no more, late", in, "wallet_proof_refused")
	r.view.seen[in.Funded.Envelope.Hash] = relay.Sighting{Hash: in.Funded.Envelope.Hash}
	r.unkept("it has failed", in, "wallet_proof_refused")
	r.view.seen[in.Funded.Envelope.Hash] = relay.Sighting{Hash: in.Funded.Envelope.Hash, Success: true}
	r.keep(in)
	in = unproven()
	r.view.there[in.Funded.Minted[0].Account] = relay.AccountFacts{Exists: true, Sponsor: in.Funded.Minted[0].From}
	r.keep(in)
	proven := r.wallet(relay.Native).minted()
	if a := r.keep(proven); a.Minted[0].Proof != proven.Funded.Minted[0].Proof {
		t.Errorf("kept with %+v", a.Minted[0].Proof)
	}

	r.s.book.proofs, r.s.book.provenAt = false, 0 // as of a log that began before
	before := unproven()
	r.keep(before)
	r.keep(r.wallet(relay.Native).minted())
	r.keep(unproven()) // planned before that, as far as its bound tells
	r.view.head.Sequence += relay.MostKeptLedgers
	r.unkept("planned after proofs were asked for", unproven(), "wallet_proof_missing")
	r.reopen() // and by this log's beginning, at once
	r.view.head.Sequence -= relay.MostKeptLedgers
	r.unkept("after a restart", unproven(), "wallet_proof_missing")
	r.keep(before) // a repeat
}

// Deposits that stay unfunded are capped, of a wallet and of an app, and the log does not grow any more. A number that was used,
// or an hour after the bound, makes room; a restart counts the same.
func TestOpenDepositsAreCapped(t *testing.T) {
	r := newFixture(t)
	r.cfg.Policy.WalletDeposits, r.cfg.Policy.AppDeposits = 3, 5
	r.reopen()
	first := r.wallet(relay.Native)
	of := func(w *wallet, n int64) relay.KeepIntent {
		next := r.wallet(relay.Native)
		next.key, next.mint.ReturnTo, next.plan.Sequence = w.key, w.key.Address(), 42+n
		next.plan.Channel, next.plan.Sponsor, next.plan.Treasury = w.key.Address(), w.key.Address(), w.key.Address()
		next.plan.Route.From, next.plan.Route.Sponsor = w.key.Address(), w.key.Address()
		return next.minted()
	}
	var kept relay.KeepIntent
	for n := range int64(3) {
		kept = of(first, n)
		r.keep(kept)
	}
	for range 2 {
		for n := range int64(20) {
			in := of(first, n)
			in.Judge = n%2 == 0
			r.unkept("one too many of a wallet", in, "deposits_open")
		}
		r.keep(kept) // a repeat is none more
		r.reopen()
	}
	for range 2 {
		r.keep(r.wallet(relay.Native).minted())
	}
	r.unkept("one too many of an app", r.wallet(relay.Native).minted(), "deposits_open")
	other := r.wallet(relay.Native).minted()
	other.App, other.Funded.App = "app_other", "app_other"
	r.keep(other) // is not in another's way
	r.view.err = errors.New("unreachable")
	r.unkept("nobody knows", of(first, 9), "ledger_unavailable")
	r.view.err = nil
	r.view.there[first.key.Address()] = relay.AccountFacts{Exists: true, Sequence: 43} // two of three are used
	r.keep(of(first, 5))
	r.keep(of(first, 6))
	r.unkept("again one too many", of(first, 7), "deposits_open")
	r.view.head.Sequence = kept.Funded.Envelope.Bound + depositRest
	r.unkept("not an hour after the bound", of(first, 8), "deposits_open")
	r.view.head.Sequence++
	r.keep(of(first, 8))
}

// Moves of an app's own money that stay unfunded take no room from deposits out of wallets, nor these from them; each is capped.
func TestOpenMovesAreCountedApart(t *testing.T) {
	r := newFixture(t)
	r.cfg.Policy.WalletDeposits, r.cfg.Policy.AppDeposits = 3, 2
	r.reopen()
	move := func() relay.KeepIntent { return r.moving(r.fund(r.mintOf(relay.Native)).Minted[0], 0).minted() }
	for range 2 {
		r.keep(move())
	}
	r.unkept("one move too many of an app", move(), "deposits_open")
	r.reopen()
	for range 2 {
		r.keep(r.wallet(relay.Native).minted())
	}
	r.unkept("one deposit too many of an app", r.wallet(relay.Native).minted(), "deposits_open")
	r.unkept("still one move too many", move(), "deposits_open")
}
