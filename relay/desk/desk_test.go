package desk_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/restante/restante/crypto/field"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/sqlstore"
)

// fixture is a Desk on a real store, with an app that has 1,000 of whatever it sends.
type fixture struct {
	*testing.T
	*desk.Desk
	app    relay.App
	now    time.Time
	seq    uint32 // newest ledger taken in
	free   relay.Stroops
	signs  relay.Allowance
	prices relay.Prices
	n      int
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	keys, err := field.Derive(secret.RandomKey())
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "r.db"), keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r := &fixture{T: t, app: relaytest.App("one"), now: time.UnixMicro(int64(relaytest.Start)), seq: 100, free: 1000 * relay.One}
	r.signs = relay.Allowance{MaxPayment: 10_000 * relay.One, MaxDay: 10_000 * relay.One, DayLeft: 10_000 * relay.One, BudgetLeft: relay.One}
	r.Desk = &desk.Desk{Store: s, Network: relaytest.Network, Now: func() time.Time { return r.now }}
	r.update(func(tx desk.Tx) error { return tx.InsertApp(r.app) })
	r.ok(r.Skip(t.Context(), 0, r.head()))
	return r
}

func (r *fixture) ok(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *fixture) code(what string, err error, code string) {
	r.Helper()
	if err == nil || relay.CodeOf(err) != code {
		r.Errorf("%s: %v, want %s", what, err, code)
	}
}

func (r *fixture) update(fn func(tx desk.Tx) error) {
	r.Helper()
	r.ok(r.Store.UpdateMany(r.Context(), nil, func(tx desk.Tx, _ []relay.Payment) error { return fn(tx) }))
}

func hashOf(seq uint32) string { return string(rune('A'+seq%26)) + "-" + time.Duration(seq).String() }

func (r *fixture) head() relay.Head {
	return relay.Head{Sequence: r.seq, CloseTime: r.now.Unix(), Hash: hashOf(r.seq)}
}

// ledger closes a ledger with transactions in it, and the Desk witnesses it.
func (r *fixture) ledger(ts ...relay.PageTransaction) {
	r.Helper()
	r.seq++
	for i := range ts {
		ts[i].Ledger = r.seq
	}
	r.ok(r.Witness(r.Context(), relay.LedgerPage{Head: r.head(), Previous: hashOf(r.seq - 1), Transactions: ts}))
}

func landed(hash string, merges map[string]string) relay.PageTransaction {
	return relay.PageTransaction{Sighting: relay.Sighting{Hash: hash, Tx: "outer " + hash, Success: true, Fee: 400}, Merges: merges}
}

// opening is a good request; the fixtures' terms are made from the payment in it.
func (r *fixture) opening(change func(*relay.Payment)) desk.Opening {
	r.n++
	p := relaytest.Payment(r.app.ID, r.n)
	p.State, p.Version, p.ReturnTo, p.SenderRecipients = "", 0, "", ""
	p.To = relay.Handle{Kind: "email", Value: "ana@example.com"}
	p.ExpiresAt = relay.At(r.now) + relay.DefaultExpiry
	if change != nil {
		change(&p)
	}
	return desk.Opening{Payment: p, App: r.app, Share: []byte("share"), Free: r.free, Signs: r.signs, Prices: r.prices}
}

func (r *fixture) create(change func(*relay.Payment)) relay.Payment {
	r.Helper()
	p, err := r.Create(r.Context(), r.opening(change), func(relay.Payment) ([]byte, error) { return nil, nil })
	r.ok(err)
	return p
}

func own(p *relay.Payment) { *p = relaytest.Own(*p) }

func direct(p *relay.Payment) { p.PayTo, p.AuthHash, p.ClaimRecipient = "GONFILE", "", "" }

func moving(old relay.Payment) func(*relay.Payment) {
	return func(p *relay.Payment) { *p = relaytest.Moving(*p, old) }
}

// answer is what a signer gives with the funding of payments.
func (r *fixture) answer(state relay.EnvelopeState, ps ...relay.Payment) relay.FundAnswer {
	a := relay.FundAnswer{App: r.app.ID}
	var ids []relay.PaymentID
	for _, p := range ps {
		ids = append(ids, p.ID)
		m := relay.Minted{Payment: p.ID, Amount: p.Amount, Asset: p.Asset, ReturnTo: p.ReturnTo, ExpiresAt: p.ExpiresAt, Route: p.Route, ReturnMemo: p.ReturnMemo, BoxMAC: "mac"}
		if !p.IsDirect() {
			m.Account, m.Box = "GH"+string(p.ID), []byte("box")
			m.Ladder = []relay.Envelope{relaytest.RungOf("r1"+string(p.ID), 1, p.ID), relaytest.RungOf("r0"+string(p.ID), 0, p.ID)}
		}
		a.Minted = append(a.Minted, m)
	}
	a.Envelope = relaytest.FundingOf("f-"+string(ids[0]), int64(1000+r.n), ids...)
	a.Envelope.State, a.Envelope.Bound, a.Envelope.MaxTime = state, r.seq+20, r.now.Unix()+600
	if from := ps[0].From; from != "" {
		a.Envelope.Source, a.Envelope.OwnFee = from, 500
	}
	return a
}

// plans writes a claim down with a proof of its own.
func (r *fixture) plans(e relay.Envelope) {
	r.Helper()
	proof := relay.Pass{Hash: "proof for " + e.Hash, Payment: e.Payments[0], Kind: relay.ProofPass, ExpiresAt: relay.At(r.now) + relay.PassLife}
	r.update(func(tx desk.Tx) error { return tx.InsertPass(proof) })
	r.ok(r.Plan(r.Context(), e, r.head(), proof.Hash))
}

func (r *fixture) funded(ps ...relay.Payment) (hash string) {
	r.Helper()
	a := r.answer(relay.Signed, ps...)
	r.ok(r.CommitFunding(r.Context(), a))
	r.ledger(landed(a.Envelope.Hash, nil))
	return a.Envelope.Hash
}

func (r *fixture) is(id relay.PaymentID, state relay.State, reason relay.Reason) relay.Payment {
	r.Helper()
	p, err := r.Payment(r.Context(), id)
	r.ok(err)
	if p.State != state || p.Reason != reason {
		r.Fatalf("payment is %s %q, want %s %q", p.State, p.Reason, state, reason)
	}
	return p
}

func (r *fixture) open(id relay.PaymentID) (kinds []relay.EffectKind) {
	r.Helper()
	rows, err := relaytest.WorkOf(r.Context(), r.Store, id)
	r.ok(err)
	for _, w := range rows {
		if w.DoneAt == 0 {
			kinds = append(kinds, w.Kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// A client's funding is written down before it is signed, and handed in once it is. What it is not is refused.
func TestSignFunding(t *testing.T) {
	r := newFixture(t)
	p := r.create(own)
	if got := r.open(p.ID); slices.Contains(got, relay.DoFund) {
		t.Errorf("the service funds what a wallet pays for: %v", got)
	}
	a := r.answer(relay.Planned, p)
	r.ok(r.CommitFunding(t.Context(), a))
	if got := r.is(p.ID, relay.Funding, ""); got.BoxMAC != "mac" || got.Holding != a.Minted[0].Account {
		t.Errorf("%+v", got)
	}
	other := r.create(nil)
	hash := a.Envelope.Hash
	_, err := r.SignFunding(t.Context(), other.ID, hash, []byte("whole"))
	r.code("another payment", err, "funding_unknown")
	_, err = r.SignFunding(t.Context(), p.ID, a.Minted[0].Ladder[0].Hash, []byte("whole"))
	r.code("a rung", err, "funding_unknown")
	_, err = r.SignFunding(t.Context(), p.ID, "none", []byte("whole"))
	r.code("unknown", err, "funding_unknown")
	if e, _ := r.Envelope(t.Context(), hash); e.State != relay.Planned {
		t.Fatal("a refusal signed it")
	}
	treasurys := r.answer(relay.Signed, other)
	r.ok(r.CommitFunding(t.Context(), treasurys))
	_, err = r.SignFunding(t.Context(), other.ID, treasurys.Envelope.Hash, []byte("whole"))
	r.code("a funding of ours", err, "funding_unknown")
	version := int64(0)
	for _, whole := range []string{"whole", "better signed", "better signed"} { // the envelope is the same with other signatures
		got, err := r.SignFunding(t.Context(), p.ID, hash, []byte(whole))
		r.ok(err)
		if e, err := r.Envelope(t.Context(), hash); err != nil || e.State != relay.Signed || string(e.XDR) != whole || got.ID != p.ID {
			t.Errorf("%+v %v", e, err)
		} else if version++; e.Version != min(version+1, 3) {
			t.Errorf("version %d: the same again was written again", e.Version)
		}
		if !slices.Contains(r.open(p.ID), relay.DoSubmit) {
			t.Error("there is no work to hand it in")
		}
	}
	r.ledger(landed(hash, nil))
	r.is(p.ID, relay.Pending, "")
	if got, err := r.SignFunding(t.Context(), p.ID, hash, []byte("late")); err != nil || got.State != relay.Pending {
		t.Error("late:", got.State, err)
	}

	late := r.create(own)
	a = r.answer(relay.Planned, late)
	r.ok(r.CommitFunding(t.Context(), a))
	r.ok(r.Died(t.Context(), a.Envelope.Hash))
	r.is(late.ID, relay.Failed, relay.FundingFailed)
	if got, err := r.SignFunding(t.Context(), late.ID, a.Envelope.Hash, []byte("late")); err != nil || got.State != relay.Failed {
		t.Error("too late:", got.State, err)
	}
	if e, _ := r.Envelope(t.Context(), a.Envelope.Hash); e.State != relay.Dead {
		t.Errorf("a dead one is %s", e.State)
	}
}

// What was not funded in time has failed, by the ledger's number or its clock; what was handed in may still land.
func TestNotFundedInTime(t *testing.T) {
	r := newFixture(t)
	byLedger, byClock, handed := r.create(own), r.create(own), r.create(own)
	r.ok(r.CommitFunding(t.Context(), r.answer(relay.Planned, handed)))
	apply := func(id relay.PaymentID, at relay.Head) {
		_, err := r.Apply(t.Context(), id, relay.LedgerClosed{At: at})
		r.ok(err)
	}
	early := relay.Head{Sequence: byLedger.FundBy - 1, CloseTime: byLedger.FundUntil}
	apply(byLedger.ID, early)
	r.is(byLedger.ID, relay.Created, "")
	apply(byLedger.ID, relay.Head{Sequence: byLedger.FundBy, CloseTime: 1})
	r.is(byLedger.ID, relay.Failed, relay.NotFunded)
	apply(byClock.ID, relay.Head{Sequence: 1, CloseTime: byClock.FundUntil + 1})
	r.is(byClock.ID, relay.Failed, relay.NotFunded)
	apply(handed.ID, relay.Head{Sequence: handed.FundBy + 9, CloseTime: handed.FundUntil + 9})
	r.is(handed.ID, relay.Funding, "")
	rows, err := relaytest.WorkOf(t.Context(), r.Store, handed.ID)
	r.ok(err)
	due := slices.ContainsFunc(rows, func(w desk.Work) bool { return w.Kind == relay.DoExpire && w.Due == relay.Seconds(handed.FundUntil)+1 })
	if !due {
		t.Errorf("no work for when the time is up: %+v", rows)
	}
	r.code("funding what has failed", r.CommitFunding(t.Context(), r.answer(relay.Planned, byClock)), "not_created")
}

// A move's landing ends the payment that it emptied, in the same commit; all of a page or nothing.
func TestMovedOn(t *testing.T) {
	for _, while := range []relay.State{relay.Pending, relay.Claiming, relay.Returning} {
		r := newFixture(t)
		old := r.create(nil)
		r.funded(old)
		old = r.is(old.ID, relay.Pending, "")
		next := r.create(moving(old))
		a := r.answer(relay.Planned, next)
		a.Envelope.OwnFee = 0
		r.ok(r.CommitFunding(t.Context(), a))
		switch while {
		case relay.Claiming:
			c := relaytest.ClaimOf("c", old.ID)
			c.Source, c.Bound, c.MaxTime = old.Holding, r.seq+9, r.now.Unix()+99
			r.plans(c)
			_, err := r.SubmitClaim(t.Context(), old.ID, "c", []byte("x"), r.head())
			r.ok(err)
		case relay.Returning:
			_, err := r.Apply(t.Context(), old.ID, relay.CancelAsked{})
			r.ok(err)
		}
		r.is(old.ID, while, map[relay.State]relay.Reason{relay.Returning: relay.ByCancel}[while])
		move := landed(a.Envelope.Hash, map[string]string{old.Holding: a.Minted[0].Account})
		move.Touched = []string{old.Holding, a.Minted[0].Account}
		r.ledger(move)
		got := r.is(old.ID, relay.Settled, relay.MovedOn)
		if got.Destination != a.Minted[0].Account || got.SettledTx != move.Tx || got.SettledAt != r.seq || got.Claim != "" || got.ReturnAsked != "" {
			t.Errorf("%+v", got)
		}
		if now := r.is(next.ID, relay.Pending, ""); now.FeePaid != 400 || now.Holding != a.Minted[0].Account {
			t.Errorf("%+v", now)
		}
		history, err := relaytest.History(t.Context(), r.Store, old.ID)
		r.ok(err)
		if last := history[len(history)-1]; last.Input != "moved" || last.Detail != move.Tx {
			t.Errorf("history ends with %+v", last)
		}
		r.ok(r.Sighted(t.Context(), relay.Sighting{Hash: a.Envelope.Hash, Tx: move.Tx, Ledger: r.seq, Success: true})) // again
		r.is(old.ID, relay.Settled, relay.MovedOn)
	}
}

// A claim that lands first leaves the move nothing: the new payment has failed, the old one is claimed.
func TestTheClaimWasFirst(t *testing.T) {
	r := newFixture(t)
	old := r.create(nil)
	r.funded(old)
	old = r.is(old.ID, relay.Pending, "")
	next := r.create(moving(old))
	a := r.answer(relay.Planned, next)
	r.ok(r.CommitFunding(t.Context(), a))
	c := relaytest.ClaimOf("c", old.ID)
	c.Source, c.Bound, c.MaxTime = old.Holding, r.seq+9, r.now.Unix()+99
	r.plans(c)
	_, err := r.SubmitClaim(t.Context(), old.ID, "c", []byte("x"), r.head())
	r.ok(err)
	claim := landed("c", map[string]string{old.Holding: c.Destination})
	claim.Paid = []relay.Paid{{From: old.Holding, To: c.Destination, Asset: relay.Native, Amount: old.Amount}}
	failed := landed(a.Envelope.Hash, nil)
	failed.Success = false
	r.ledger(claim, failed)
	r.is(old.ID, relay.Claimed, "")
	if got := r.is(next.ID, relay.Failed, relay.FundingFailed); got.FeePaid != 400 {
		t.Errorf("%+v", got)
	}
	if u, err := r.Usage(t.Context(), r.app.ID, relay.Native); err != nil || u.LockedUnits != 0 || u.Waiting != 0 || u.Committed != 0 {
		t.Errorf("%+v %v", u, err)
	}
}

func TestReplaceable(t *testing.T) {
	r := newFixture(t)
	old, mine := r.create(nil), r.create(own)
	r.funded(old)
	r.funded(mine)
	old, mine = r.is(old.ID, relay.Pending, ""), r.is(mine.ID, relay.Pending, "")
	waiting, asked := r.create(nil), r.create(nil)
	r.funded(asked)
	_, err := r.Apply(t.Context(), asked.ID, relay.CancelAsked{})
	r.ok(err)
	asked = r.is(asked.ID, relay.Returning, relay.ByCancel)
	other := relaytest.App("other")
	r.update(func(tx desk.Tx) error { return tx.InsertApp(other) })
	for name, c := range map[string]struct {
		code   string
		of     relay.Payment
		change func(*desk.Opening)
	}{
		"as it is":          {"", old, func(*desk.Opening) {}},
		"a wallet's":        {"", mine, func(*desk.Opening) {}},
		"not there":         {"not_found", old, func(o *desk.Opening) { o.Payment.Replaces = "pay_none" }},
		"of another app":    {"not_found", old, func(o *desk.Opening) { o.App = other }},
		"not funded":        {"not_ready", waiting, func(o *desk.Opening) { o.Payment.From = "G" }},
		"on its way home":   {"already_canceled", asked, func(*desk.Opening) {}},
		"another account":   {"replaced_otherwise", old, func(o *desk.Opening) { o.Payment.From = mine.Holding }},
		"less":              {"replaced_otherwise", old, func(o *desk.Opening) { o.Payment.Amount-- }},
		"another asset":     {"replaced_otherwise", old, func(o *desk.Opening) { o.Payment.Asset = relaytest.Credit }},
		"another way home":  {"replaced_otherwise", old, func(o *desk.Opening) { o.Payment.ReturnTo = "GTHIEF" }},
		"another memo":      {"replaced_otherwise", mine, func(o *desk.Opening) { o.Payment.ReturnMemo = relay.Memo{Kind: "id", Value: "8"} }},
		"another keeper":    {"replaced_otherwise", mine, func(o *desk.Opening) { o.Payment.Sponsor = "GOTHER" }},
		"another purse":     {"replaced_otherwise", mine, func(o *desk.Opening) { o.Payment.Purse++ }},
		"another rung fee":  {"replaced_otherwise", mine, func(o *desk.Opening) { o.Payment.RungFee++ }},
		"by the treasury":   {"terms_missing", old, func(o *desk.Opening) { o.Payment.From, o.Payment.FundBy, o.Payment.FundUntil = "", 0, 0 }},
		"and paid directly": {"direct_misused", old, func(o *desk.Opening) { o.Payment.PayTo = "G" }},
	} {
		o := r.opening(moving(c.of))
		c.change(&o)
		_, err := r.Create(t.Context(), o, func(relay.Payment) ([]byte, error) { return nil, nil })
		if relay.CodeOf(err) != c.code || (err == nil) != (c.code == "") {
			t.Errorf("%s: %v", name, err)
		}
		o.Payment.ID, o.Payment.Reference = o.Payment.ID+"x", ""
		if err := r.Preview(t.Context(), o); relay.CodeOf(err) != c.code {
			t.Errorf("%s, to look at: %v", name, err)
		}
	}
}

// Terms that no request can ask for are a mistake of ours, whatever else the payment says.
func TestTerms(t *testing.T) {
	r := newFixture(t)
	for name, c := range map[string]struct {
		code string
		of   func(*relay.Payment)
		then func(*relay.Payment)
	}{
		"wallet":                      {"", own, nil},
		"direct":                      {"", direct, nil},
		"no last ledger":              {"terms_missing", own, func(p *relay.Payment) { p.FundBy = 0 }},
		"no last second":              {"terms_missing", own, func(p *relay.Payment) { p.FundUntil = 0 }},
		"an end of nothing":           {"terms_missing", nil, func(p *relay.Payment) { p.FundBy, p.FundUntil = 1, 1 }},
		"no wallet":                   {"terms_missing", own, func(p *relay.Payment) { p.From = "" }},
		"no wallet keeps the reserve": {"terms_missing", own, func(p *relay.Payment) { p.Sponsor, p.Purse, p.RungFee = "", 0, 0 }},
		"no purse":                    {"terms_missing", own, func(p *relay.Payment) { p.Purse = 0 }},
		"no rung fee":                 {"terms_missing", own, func(p *relay.Payment) { p.RungFee = 0 }},
		"a purse of the service's":    {"terms_missing", nil, func(p *relay.Payment) { p.Purse = 1 }},
		"rungs out of the amount":     {"terms_missing", nil, func(p *relay.Payment) { p.RungFee = 1 }},
		"directly home":               {"direct_misused", direct, func(p *relay.Payment) { p.PayTo = r.app.Treasury }},
		"directly from a wallet":      {"direct_misused", own, func(p *relay.Payment) { p.PayTo = "G" }},
		"directly, a long note":       {"note_too_long", direct, func(p *relay.Payment) { p.Note = string(make([]byte, relay.NoteBytes+1)) }},
		"directly, nothing":           {"amount_zero", direct, func(p *relay.Payment) { p.Amount = 0 }},
		"directly, for ever":          {"expiry_out_of_range", direct, func(p *relay.Payment) { p.ExpiresAt = 0 }},
		"a wallet without a link":     {"link_missing", own, func(p *relay.Payment) { p.AuthHash = "" }},
	} {
		o := r.opening(c.of)
		if c.then != nil {
			c.then(&o.Payment)
		}
		p, err := r.Create(t.Context(), o, func(relay.Payment) ([]byte, error) { return nil, nil })
		if relay.CodeOf(err) != c.code || (err == nil) != (c.code == "") {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (p.ReturnTo != r.app.Treasury || p.SenderRecipients != relay.RecipientsOf(r.app.Recipient) || p.App != r.app.ID) {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// The app's budget is for what it pays: amounts out of its treasury, asset by asset, and reserves that the service keeps.
func TestBudget(t *testing.T) {
	r := newFixture(t)
	r.prices.Reserve, r.signs.Budget, r.signs.BudgetLeft = relay.One, 6*relay.One, 6*relay.One // five reserves, and fees
	try := func(change func(*relay.Payment)) error {
		_, err := r.Create(t.Context(), r.opening(change), func(relay.Payment) ([]byte, error) { return nil, nil })
		return err
	}
	credit := func(p *relay.Payment) { p.Asset = relaytest.Credit }
	ownCredit := func(p *relay.Payment) { credit(p); own(p) }
	huge := func(of func(*relay.Payment)) func(*relay.Payment) {
		return func(p *relay.Payment) { of(p); p.Amount = 2 * r.free }
	}
	r.code("more than the treasury has", try(huge(credit)), "treasury_empty")
	r.code("more than it has, directly", try(huge(direct)), "treasury_empty")
	r.ok(try(huge(own))) // it is the wallet's own money
	r.ok(try(credit))    // 3 of 5
	r.ok(try(nil))       // 5 of 5
	r.code("no reserve left", try(nil), "budget_empty")
	r.code("no reserve left for credit", try(credit), "budget_empty")
	r.ok(try(own))
	r.ok(try(ownCredit))
	r.ok(try(direct))
	r.free = 60 * relay.One // of each asset, and 25 of credit, 50 of lumens are on their way
	r.code("on its way already", try(direct), "treasury_empty")
	r.ok(try(func(p *relay.Payment) { credit(p); direct(p) }))
	r.code("on its way in credit", try(func(p *relay.Payment) { credit(p); direct(p) }), "treasury_empty")
}

// An account goes on file upon a proof of the same payment, of the right kind, in time, and only where a proof says anything.
func TestAgree(t *testing.T) {
	r := newFixture(t)
	p, other := r.create(nil), r.create(nil)
	link := r.create(func(p *relay.Payment) { p.Policy = relay.Link })
	in := relay.At(r.now) + relay.PassLife
	r.update(func(tx desk.Tx) error {
		for hash, pass := range map[string]relay.Pass{
			"good": {Payment: p.ID, Kind: relay.ProofPass, ExpiresAt: in}, "theirs": {Payment: other.ID, Kind: relay.ProofPass, ExpiresAt: in},
			"voucher": {Payment: p.ID, Kind: relay.VoucherPass, ExpiresAt: in}, "link": {Payment: link.ID, Kind: relay.ProofPass, ExpiresAt: in},
		} {
			pass.Hash = hash
			if err := tx.InsertPass(pass); err != nil {
				return err
			}
		}
		return nil
	})
	onFile := func(want string) {
		t.Helper()
		if got, err := r.Agreed(t.Context(), r.app.ID, p.To); err != nil || got != want {
			t.Errorf("on file is %q, %v, want %q", got, err, want)
		}
	}
	refused := func(what string, id relay.PaymentID, proof, code string) {
		t.Helper()
		if err := r.Agree(t.Context(), id, proof, "GTHIEF"); code != "" {
			r.code(what, err, code)
		} else if err == nil || relay.KindOf(err) != relay.Denied {
			t.Errorf("%s: %v", what, err)
		}
		onFile("")
	}
	onFile("")
	refused("no proof", p.ID, "", "")
	refused("unknown", p.ID, "none", "")
	refused("of another payment", p.ID, "theirs", "")
	refused("of an app's word", p.ID, "voucher", "")
	refused("a link alone", link.ID, "link", "not_guarded")
	refused("no such payment", "pay_none", "good", "not_found")
	r.ok(r.Agree(t.Context(), p.ID, "good", "GFIRST"))
	onFile("GFIRST")
	r.ok(r.Agree(t.Context(), p.ID, "good", "GSECOND"))
	onFile("GSECOND")
	r.ok(r.Agree(t.Context(), p.ID, "good", ""))
	onFile("")
	r.ok(r.Agree(t.Context(), p.ID, "good", "GTHIRD"))
	r.ok(r.Forget(t.Context(), r.app.ID, p.To))
	onFile("")
	r.now = r.now.Add(time.Duration(relay.PassLife) * time.Microsecond)
	refused("too late", p.ID, "good", "")
}

// A wrong token gets the same answer for a payment that is there, for one that has no token, and for none.
func TestManage(t *testing.T) {
	r := newFixture(t)
	p, bare := r.create(own), r.create(nil)
	if got, err := r.Manage(t.Context(), p.ID, p.ManageHash); err != nil || got.ID != p.ID {
		t.Fatal(err)
	}
	var answers []string
	for _, c := range []struct {
		id   relay.PaymentID
		hash string
	}{{p.ID, "wrong"}, {p.ID, ""}, {bare.ID, ""}, {bare.ID, "m0"}, {"pay_none", "m0"}, {"", ""}} {
		got, err := r.Manage(t.Context(), c.id, c.hash)
		if err == nil || got.ID != "" || relay.KindOf(err) != relay.Denied {
			t.Fatalf("%+v: %v", c, err)
		}
		answers = append(answers, err.Error())
	}
	if len(slices.Compact(answers)) != 1 {
		t.Errorf("the answers differ: %v", answers)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Manage(ctx, p.ID, p.ManageHash); err == nil || relay.KindOf(err) == relay.Denied {
		t.Errorf("a failure of ours is answered like a wrong token: %v", err)
	}
}

// What a transaction that is none of ours did with a holding account of a credit asset is what it paid, not where it merged.
func TestEmptiedOfCredit(t *testing.T) {
	pay := func(to string, n relay.Stroops, asset string) relay.Paid {
		return relay.Paid{To: to, Amount: n, Asset: asset}
	}
	for name, c := range map[string]struct {
		paid        func(p relay.Payment) []relay.Paid
		state       relay.State
		reason      relay.Reason
		destination string
	}{
		"home whole":        {func(p relay.Payment) []relay.Paid { return []relay.Paid{pay(p.ReturnTo, p.Amount, p.Asset)} }, relay.Returned, relay.ByCancel, ""},
		"home in part":      {func(p relay.Payment) []relay.Paid { return []relay.Paid{pay(p.ReturnTo, p.Amount-1, p.Asset)} }, relay.Settled, relay.HoldingShort, "home"},
		"somewhere else":    {func(p relay.Payment) []relay.Paid { return []relay.Paid{pay("GX", p.Amount, p.Asset)} }, relay.Settled, "", "GX"},
		"merged only":       {func(relay.Payment) []relay.Paid { return nil }, relay.Settled, "", "GMERGED"},
		"lumens are not it": {func(p relay.Payment) []relay.Paid { return []relay.Paid{pay(p.ReturnTo, p.Amount, relay.Native)} }, relay.Settled, "", "GMERGED"},
		"nor another asset": {func(p relay.Payment) []relay.Paid { return []relay.Paid{pay(p.ReturnTo, p.Amount, "X"+p.Asset)} }, relay.Settled, "", "GMERGED"},
		"nor what others paid": {func(p relay.Payment) []relay.Paid {
			return []relay.Paid{{From: "GX", To: p.ReturnTo, Amount: p.Amount, Asset: p.Asset}}
		}, relay.Settled, "", "GMERGED"},
		"more of it than there": {func(p relay.Payment) []relay.Paid {
			return []relay.Paid{pay("GX", 1, p.Asset), pay(p.ReturnTo, p.Amount, p.Asset)}
		}, relay.Returned, relay.ByCancel, ""},
	} {
		r := newFixture(t)
		p := r.create(func(p *relay.Payment) { p.Asset = relaytest.Credit })
		r.funded(p)
		p = r.is(p.ID, relay.Pending, "")
		tx := landed("another's", map[string]string{p.Holding: "GMERGED"})
		tx.Touched, tx.Paid = []string{p.Holding}, []relay.Paid{{From: p.Holding, To: "GMERGED", Asset: relay.Native, Amount: 5 * relay.One}}
		for _, paid := range c.paid(p) {
			if paid.From == "" {
				paid.From = p.Holding
			}
			tx.Paid = append(tx.Paid, paid)
		}
		r.ledger(tx)
		got := r.is(p.ID, c.state, c.reason)
		want := c.destination
		if want == "home" {
			want = p.ReturnTo
		}
		if got.Destination != want || got.SettledTx != tx.Tx {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// One envelope pays several people directly: each payment ends in the account that it names.
func TestDirectPaymentsShareAnEnvelope(t *testing.T) {
	r := newFixture(t)
	a, b, waits := r.create(direct), r.create(func(p *relay.Payment) { direct(p); p.PayTo = "GOTHER" }), r.create(nil)
	hash := r.funded(a, b, waits)
	for id, want := range map[relay.PaymentID]string{a.ID: "GONFILE", b.ID: "GOTHER"} {
		if p := r.is(id, relay.Claimed, ""); p.Destination != want || p.SettledTx != "outer "+hash || p.SettledAt != r.seq || p.Holding != "" {
			t.Errorf("%+v", p)
		}
		if kinds := r.open(id); !slices.Contains(kinds, relay.DoNotify) || slices.Contains(kinds, relay.DoExpire) {
			t.Errorf("work %v", kinds)
		}
	}
	r.is(waits.ID, relay.Pending, "")
	if u, err := r.Usage(t.Context(), r.app.ID, relay.Native); err != nil || u.Committed != 0 || u.Waiting != waits.Amount || u.LockedUnits != 2 || u.SpentUnits != 0 {
		t.Errorf("%+v %v", u, err)
	}
}

// A restored database learns from the signer's log of payments of every kind, and of a move what it emptied.
func TestAdoptWhatWasForgotten(t *testing.T) {
	lost := newFixture(t)
	old, wallet, paid := lost.create(nil), lost.create(own), lost.create(direct)
	first, second, third := lost.answer(relay.Signed, old), lost.answer(relay.Planned, wallet), lost.answer(relay.Signed, paid)
	old.Holding = first.Minted[0].Account
	next := relaytest.Moving(relaytest.Payment(lost.app.ID, 50), old)
	fourth := lost.answer(relay.Planned, next)
	third.Envelope.Sequence++

	r := newFixture(t)
	seen := func(a relay.FundAnswer) *relay.Sighting {
		return &relay.Sighting{Hash: a.Envelope.Hash, Tx: "t " + a.Envelope.Hash, Ledger: 90, Success: true}
	}
	r.ok(r.Adopt(t.Context(), first, seen(first), false, r.app))
	r.is(old.ID, relay.Returning, relay.ByCancel)
	r.ok(r.Adopt(t.Context(), second, nil, false, r.app))
	if p := r.is(wallet.ID, relay.Funding, ""); p.From != wallet.From || p.FundBy != second.Envelope.Bound || p.FundUntil != second.Envelope.MaxTime ||
		p.BoxMAC != "mac" || p.Route != wallet.Route || p.ReturnMemo != wallet.ReturnMemo || p.ReturnAsked != relay.ByCancel {
		t.Errorf("%+v", p)
	}
	r.ok(r.Adopt(t.Context(), third, seen(third), false, r.app))
	if p := r.is(paid.ID, relay.Claimed, ""); p.Destination != "GONFILE" {
		t.Errorf("%+v", p)
	}
	r.ok(r.Adopt(t.Context(), fourth, seen(fourth), false, r.app))
	r.is(next.ID, relay.Returning, relay.ByCancel)
	if p := r.is(old.ID, relay.Settled, relay.MovedOn); p.Destination != fourth.Minted[0].Account {
		t.Errorf("%+v", p)
	}
}
