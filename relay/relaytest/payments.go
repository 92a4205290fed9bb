package relaytest

import (
	"errors"
	"reflect"
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

func samePayment(x, y relay.Payment) bool { return reflect.DeepEqual(x, y) }

func paymentIsKept(b *fixture) {
	full := InState(Payment(b.app.ID, 1), relay.Claimed)
	full.ReturnAsked, full.ShareReleasedAt, full.Amount, full.FeePaid = "", Start+3, 1<<63-1, 1<<62
	full.Arrived, full.ArrivedRest, full.FeeHolding, full.FeeOther, full.FeeEnd = -1, 1<<62, 1<<61, 1<<60, 1<<59
	bare := Payment(b.app.ID, 2)
	bare.Amount = 1
	bare.Note, bare.Reference, bare.Metadata, bare.SenderRecipients = "", "", "", ""
	odd := Payment(b.app.ID, 3)
	odd.To = relay.Handle{Kind: "app", Value: "a:b:c"}
	odd.Note = "emoji 🎉, quote ', nul \x00 and a line\nend"
	for _, want := range b.insert(full, bare, odd) {
		same(b, "payment", b.payment(want.ID), want, samePayment)
	}
	err := b.View(b.Context(), func(tx desk.Tx) error { _, err := tx.Payment("pay_none"); return err })
	b.is(err, relay.ErrNotFound)
}

func paymentSwap(b *fixture) {
	p := b.insert(Payment(b.app.ID, 1))[0]
	stale := p
	p.To = relay.Handle{Kind: "email", Value: "eva@example.org"}
	p.Note, p.UpdatedAt = "another", p.UpdatedAt+7
	b.update(func(tx desk.Tx) error {
		if err := tx.SavePayment(&p); err != nil {
			return err
		}
		if p.Version != 2 {
			b.Errorf("version is %d after the first save, want 2", p.Version)
		}
		p.Metadata = `{"twice":"in one transaction"}`
		return tx.SavePayment(&p)
	})
	same(b, "payment", b.payment(p.ID), p, samePayment)
	if p.Version != 3 {
		b.Errorf("version is %d, want 3", p.Version)
	}
	stale.Note = "from an old copy"
	b.is(b.try(func(tx desk.Tx) error { return tx.SavePayment(&stale) }), relay.ErrStale)
	if stale.Version != 1 {
		b.Errorf("a save that lost counted the version to %d", stale.Version)
	}
	none := Payment(b.app.ID, 9)
	b.is(b.try(func(tx desk.Tx) error { return tx.SavePayment(&none) }), relay.ErrStale)
	same(b, "payment", b.payment(p.ID), p, samePayment)
}

func paymentUnique(b *fixture) {
	first := b.insert(Payment(b.app.ID, 1))[0]
	id := Payment(b.app.ID, 2)
	id.ID = first.ID
	b.code(b.try(func(tx desk.Tx) error { return tx.InsertPayment(id) }), relay.Conflict, "id_taken")
	ref := Payment(b.app.ID, 3)
	ref.Reference = first.Reference
	b.code(b.try(func(tx desk.Tx) error { return tx.InsertPayment(ref) }), relay.Conflict, "reference_taken")

	// The transaction lives on after such an answer, and a name is taken within one app only.
	other := App("other")
	theirs := Payment(other.ID, 1)
	theirs.Reference = first.Reference
	b.update(func(tx desk.Tx) error {
		b.code(tx.InsertPayment(ref), relay.Conflict, "reference_taken")
		if err := tx.InsertApp(other); err != nil {
			return err
		}
		return tx.InsertPayment(theirs)
	})
	same(b, "payment", b.payment(theirs.ID), theirs, samePayment)

	x, y := Payment(b.app.ID, 4), Payment(b.app.ID, 5)
	x.Reference, y.Reference = "", ""
	b.insert(x, y)

	b.refused("a payment of an app that is not there", b.try(func(tx desk.Tx) error {
		return tx.InsertPayment(Payment("app_absent", 6))
	}))
}

// paymentStates breaks one column of a consistent row at a time; each must be refused by the database, not by manners.
func paymentStates(b *fixture) {
	n := 0
	next := func(s relay.State) relay.Payment { n++; return InState(Payment(b.app.ID, n), s) }
	for _, x := range relay.States {
		b.insert(next(x.State))
	}
	type breaking struct {
		what   string
		states []relay.State
		change func(*relay.Payment)
	}
	funded := []relay.State{relay.Funding, relay.Pending, relay.Claiming, relay.Returning, relay.Parked, relay.Claimed,
		relay.Returned, relay.Settled}
	taken := []relay.State{relay.Claimed, relay.Returned, relay.Settled}
	ended := append([]relay.State{relay.Canceled, relay.Failed}, taken...)
	var alive, everywhere []relay.State
	for _, x := range relay.States {
		everywhere = append(everywhere, x.State)
		if !x.State.Ended() {
			alive = append(alive, x.State)
		}
	}
	for _, c := range []breaking{
		{"unknown state", everywhere, func(p *relay.Payment) { p.State = "lost" }},
		{"no amount", everywhere, func(p *relay.Payment) { p.Amount = 0 }},
		{"negative amount", everywhere, func(p *relay.Payment) { p.Amount = -1 }},
		{"negative fee", everywhere, func(p *relay.Payment) { p.FeePaid = -1 }},
		{"negative fee of the end", everywhere, func(p *relay.Payment) { p.FeeEnd = -1 }},
		{"negative fee of the holding account", everywhere, func(p *relay.Payment) { p.FeeHolding = -1 }},
		{"negative fee of others", everywhere, func(p *relay.Payment) { p.FeeOther = -1 }},
		{"less than nothing arrived", everywhere, func(p *relay.Payment) { p.Arrived = -2 }},
		{"less than nothing besides", everywhere, func(p *relay.Payment) { p.ArrivedRest = -1 }},
		{"unknown return asked", everywhere, func(p *relay.Payment) { p.ReturnAsked = "whim" }},
		{"no holding account", funded, func(p *relay.Payment) { p.Holding = "" }},
		{"no funding", funded, func(p *relay.Payment) { p.Funding = "" }},
		{"no bound", funded, func(p *relay.Payment) { p.Bound = 0 }},
		{"account without money", []relay.State{relay.Created, relay.Canceled, relay.Failed},
			func(p *relay.Payment) { p.Holding = "GH" }},
		{"claim without claiming", []relay.State{relay.Created, relay.Funding, relay.Pending, relay.Returning, relay.Parked,
			relay.Returned, relay.Settled}, func(p *relay.Payment) { p.Claim = "c" }},
		{"claiming without claim", []relay.State{relay.Claiming}, func(p *relay.Payment) { p.Claim = "" }},
		{"taken to nowhere", []relay.State{relay.Claiming, relay.Claimed, relay.Settled},
			func(p *relay.Payment) { p.Destination = "" }},
		{"taken unseen", taken, func(p *relay.Payment) { p.SettledTx = "" }},
		{"taken in no ledger", taken, func(p *relay.Payment) { p.SettledAt = 0 }},
		{"alive and taken", alive, func(p *relay.Payment) { p.SettledTx, p.SettledAt = "t", 1 }},
		{"ended at no time", ended, func(p *relay.Payment) { p.EndedAt = 0 }},
		{"alive and ended", alive, func(p *relay.Payment) { p.EndedAt = Start }},
		{"no reason", []relay.State{relay.Returning, relay.Returned, relay.Canceled, relay.Failed, relay.Parked},
			func(p *relay.Payment) { p.Reason = "" }},
	} {
		for _, s := range c.states {
			p := next(s)
			c.change(&p)
			b.refused(c.what+" in "+string(s), b.try(func(tx desk.Tx) error { return tx.InsertPayment(p) }))
		}
	}
}

// paymentLife saves what Step makes of a payment, along every edge it takes by itself.
func paymentLife(b *fixture) {
	at := relay.Head{Sequence: 130, CloseTime: int64(Start/1e6) + 60, Hash: "h"}
	fund := relay.FundingSigned{Hash: "f", Holding: "GHOLD", Bound: 120}
	claim := relay.ClaimSubmitted{Hash: "c", Destination: "GDEST", At: at}
	for i, inputs := range [][]relay.Input{
		{fund, relay.FundingLanded{Hash: "f", Fee: 100}, claim,
			relay.ClaimLanded{Hash: "c", Tx: "t", Ledger: 131, Destination: "GDEST", NewAccount: true, Fee: 200}},
		{fund, relay.FundingDead{Hash: "f"}, relay.CancelAsked{}},
		{fund, relay.CancelAsked{}, relay.FundingLanded{Hash: "f"}, relay.ReturnDue{}, relay.RungSpent{Left: 1}, relay.ReturnDue{},
			relay.RungSpent{}, relay.ReturnLanded{Tx: "t", Ledger: 140, Rung: 2, Fee: 100}},
		{fund, relay.FundingLanded{Hash: "f"}, claim, relay.HoldingTroubled{Cause: relay.KeyTakenOver}, relay.HoldingWell{},
			relay.DeclineAsked{}, relay.EmptiedElsewhere{Tx: "t", Ledger: 150, Destination: "GELSE", Arrived: 1000 * relay.One}},
		{fund, relay.FundingLanded{Hash: "f"}, claim, relay.ClaimDead{Hash: "c"}, claim,
			relay.EmptiedElsewhere{Tx: "t", Ledger: 150, Destination: "GDEST", Arrived: 1000 * relay.One}},
		{relay.FundingRefused{Cause: relay.Refused}},
		{relay.DeclineAsked{}},
	} {
		p := Payment(b.app.ID, i+1)
		b.insert(p)
		for _, in := range inputs {
			switch x := in.(type) { // accounts are unique
			case relay.FundingSigned:
				x.Holding += string(p.ID)
				in = x
			}
			b.ok(b.UpdateMany(b.Context(), []relay.PaymentID{p.ID}, func(tx desk.Tx, ps []relay.Payment) error {
				next, _, err := relay.Step(ps[0], in, ps[0].UpdatedAt+1)
				if err != nil {
					return err
				}
				p = next
				return tx.SavePayment(&p)
			}))
			same(b, "payment", b.payment(p.ID), p, samePayment)
		}
		if !p.State.Ended() {
			b.Fatalf("life %d stopped at %s", i, p.State)
		}
		after := p
		after.State, after.EndedAt = relay.Created, 0
		after.Holding, after.Funding, after.Bound, after.SettledTx, after.SettledAt, after.Claim = "", "", 0, "", 0, ""
		b.refused("a life after the end", b.try(func(tx desk.Tx) error { return tx.SavePayment(&after) }))
	}
}

func paymentTerms(b *fixture) {
	p := b.insert(InState(Payment(b.app.ID, 1), relay.Pending))[0]
	for what, change := range map[string]func(*relay.Payment){
		"another amount":    func(p *relay.Payment) { p.Amount++ },
		"another asset":     func(p *relay.Payment) { p.Asset = "credit" },
		"another app":       func(p *relay.Payment) { p.App = "app_other" },
		"another way home":  func(p *relay.Payment) { p.ReturnTo = "GTHIEF" },
		"another beginning": func(p *relay.Payment) { p.CreatedAt++ },
	} {
		q := p
		change(&q)
		b.refused(what, b.try(func(tx desk.Tx) error { return tx.SavePayment(&q) }))
	}
	same(b, "payment", b.payment(p.ID), p, samePayment)
}

// paymentReaddressed: the handle is found anew under its new name and no longer under the old one, and the database refuses
// another recipient once the box could have been opened.
func paymentReaddressed(b *fixture) {
	eva := relay.Handle{Kind: "email", Value: "eva@example.org"}
	n := 0
	next := func(s relay.State) relay.Payment { n++; return InState(Payment(b.app.ID, n), s) }
	found := func(h relay.Handle) (ids []relay.PaymentID) {
		page, _, err := b.list(desk.Filter{App: b.app.ID, To: h.String(), Limit: 10})
		b.ok(err)
		for _, p := range page {
			ids = append(ids, p.ID)
		}
		return ids
	}
	var want []relay.PaymentID
	for _, s := range []relay.State{relay.Created, relay.Funding, relay.Pending} {
		p := b.insert(next(s))[0]
		old := p.To
		p.To, p.UpdatedAt = eva, p.UpdatedAt+1
		b.update(func(tx desk.Tx) error { return tx.SavePayment(&p) })
		same(b, "payment", b.payment(p.ID), p, samePayment)
		want = append([]relay.PaymentID{p.ID}, want...) // newest first
		same(b, "payments to the new handle", found(eva), want, slices.Equal)
		same(b, "payments to the old handle", found(old), nil, slices.Equal)
	}
	too := func(what string, p relay.Payment) {
		p = b.insert(p)[0]
		q := p
		q.To = eva
		b.refused(what, b.try(func(tx desk.Tx) error { return tx.SavePayment(&q) }))
		same(b, "payment", b.payment(p.ID), p, samePayment)
	}
	for _, x := range relay.States {
		if s := x.State; s != relay.Created && s != relay.Funding && s != relay.Pending {
			too("another recipient in "+string(s), next(s))
		}
	}
	released, bearer, asked := next(relay.Pending), next(relay.Pending), next(relay.Funding)
	released.ShareReleasedAt, bearer.Policy, asked.ReturnAsked = Start, relay.Link, relay.ByCancel
	too("another recipient after the share", released)
	too("another recipient under link", bearer)
	too("another recipient of what is asked back", asked)
}

func holdingsFound(b *fixture) {
	p, q := InState(Payment(b.app.ID, 1), relay.Pending), InState(Payment(b.app.ID, 2), relay.Funding)
	b.insert(p, q, Payment(b.app.ID, 3))
	var many []string
	for range 1200 { // more than fit into one question
		many = append(many, "GABSENT")
	}
	many = append(many, q.Holding, "", p.Holding)
	b.view(func(tx desk.Tx) error {
		ids, err := tx.PaymentsOfHoldings(many)
		slices.Sort(ids)
		same(b, "payments of holdings", ids, []relay.PaymentID{p.ID, q.ID}, slices.Equal)
		if err != nil {
			return err
		}
		ids, err = tx.PaymentsOfHoldings(nil)
		if len(ids) != 0 {
			b.Errorf("no accounts have payments %v", ids)
		}
		return err
	})
	left := InState(Payment(b.app.ID, 5), relay.Settled)
	left.Balance = "00000000ba1a"
	b.insert(left)
	b.view(func(tx desk.Tx) error {
		ids, err := tx.PaymentsOfBalances([]string{"00000000ffff", "", left.Balance})
		same(b, "payments of balances", ids, []relay.PaymentID{left.ID}, slices.Equal)
		return err
	})
	twin := InState(Payment(b.app.ID, 4), relay.Funding)
	twin.Holding = p.Holding
	if err := b.try(func(tx desk.Tx) error { return tx.InsertPayment(twin) }); err == nil {
		b.Error("two payments have one holding account")
	}
}

func historyKept(b *fixture) {
	p := b.insert(Payment(b.app.ID, 1))[0]
	want := []relay.Entry{
		{Payment: p.ID, At: Start, To: relay.Created, Input: "accepted"},
		{Payment: p.ID, At: Start + 2, From: relay.Created, To: relay.Funding, Input: "funding_signed", Detail: "f"},
		{Payment: p.ID, At: Start + 1, From: relay.Funding, To: relay.Created, Input: "funding_dead", Detail: "f"},
	}
	b.update(func(tx desk.Tx) error {
		return errors.Join(tx.AppendHistory(want[0]), tx.AppendHistory(want[1]), tx.AppendHistory(want[2]))
	})
	got, err := History(b.Context(), b, p.ID)
	b.ok(err)
	same(b, "history", got, want, slices.Equal)
	got, err = History(b.Context(), b, "pay_none")
	b.ok(err)
	if len(got) != 0 {
		b.Errorf("a payment that is not there has the history %v", got)
	}
	b.refused("history of nothing", b.try(func(tx desk.Tx) error {
		return tx.AppendHistory(relay.Entry{Payment: "pay_none", At: 1, To: relay.Created, Input: "accepted"})
	}))
}
