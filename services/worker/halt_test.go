package worker_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/services/signer"
)

// askew is a signer's view of the ledger whose answers a test may take over.
type askew struct {
	signer.Ledger
	verdict func(e relay.Envelope) (v relay.Verdict, done bool)
	number  func(account string) (n int64, done bool)
}

func (a *askew) Verdict(ctx context.Context, e relay.Envelope) (relay.Verdict, *relay.Sighting, error) {
	if a.verdict != nil {
		if v, done := a.verdict(e); done {
			return v, nil, nil
		}
	}
	return a.Ledger.Verdict(ctx, e)
}

func (a *askew) Sequence(ctx context.Context, account string) (int64, error) {
	if a.number != nil {
		if n, done := a.number(account); done {
			return n, nil
		}
	}
	return a.Ledger.Sequence(ctx, account)
}

// doubt is a fixture whose ledger and signer a test can have contradict what is written down.
type doubt struct {
	*fixture
	door *door
	lost *forgetful
	view *askew
}

// never is a payment of the first app whose funding was never sent, past its bound, with that funding.
func (d *doubt) never() (relay.Payment, relay.Envelope) {
	d.Helper()
	d.door.submit = dropped
	p := d.until(d.open(d.apps[0], nil).ID, relay.Funding)
	e := d.fundings(p.ID)[0]
	for d.head().Sequence < e.Bound+2 {
		d.close(1)
	}
	return p, e
}

// shows has the next ledger show a transaction that was never in it.
func (d *doubt) shows(t relay.PageTransaction) {
	d.Helper()
	d.close(1)
	at := d.head().Sequence
	t.Ledger = at
	d.door.page = func(seq uint32) (*relay.LedgerPage, bool) {
		page, err := d.door.Ledger.Page(d.Context(), seq)
		if err == nil && page != nil && seq == at {
			page.Transactions = append(page.Transactions, t)
		}
		return page, err == nil
	}
	d.watch()
}

func (d *doubt) sql(text string, args ...any) {
	d.Helper()
	db, err := sql.Open("sqlite", d.path)
	d.must(err)
	defer db.Close()
	_, err = db.ExecContext(d.Context(), text, args...)
	d.must(err)
}

// contradicts has the watcher find another history, and stop.
func (d *doubt) contradicts() {
	d.Helper()
	if _, err := d.w.WatchOnce(d.Context()); !errors.Is(err, relay.ErrContradiction) {
		d.Fatalf("no contradiction: %v", err)
	}
	d.halts()
}

// TestAHaltStopsWhatItIsAbout goes through everything that halts. A contradiction about one payment stops that payment; about an
// app's treasury, that app; only one about the history of the ledger, or the signer's log as a whole, stops everything. What waited
// before, and what is sent after, of the same app and of another one, runs to its end wherever it is not stopped.
func TestAHaltStopsWhatItIsAbout(t *testing.T) {
	type cause struct {
		scope relay.HaltScope
		// about makes the contradiction, and says which hash the halt is about ("" = any), and which payments it stops by name.
		about func(d *doubt) (hash string, held []relay.PaymentID)
	}
	for name, c := range map[string]cause{
		"a funding that is proven dead is in a ledger": {relay.HaltPayment, func(d *doubt) (string, []relay.PaymentID) {
			p, e := d.never()
			d.watch()
			d.work(relay.DoSubmit)
			d.is(p.ID, relay.Created, "")
			d.shows(relay.PageTransaction{Sighting: relay.Sighting{Hash: e.Hash, Tx: e.Hash, Success: true}})
			return e.Hash, []relay.PaymentID{p.ID}
		}},
		"a return is in two transactions": {relay.HaltPayment, func(d *doubt) (string, []relay.PaymentID) {
			p := d.pending()
			d.apply(p.ID, relay.CancelAsked{})
			p = d.until(p.ID, relay.Returned)
			for _, e := range d.rungs(p) {
				if e.State == relay.Landed {
					d.shows(relay.PageTransaction{Sighting: relay.Sighting{Hash: e.Hash, Tx: strings.Repeat("7", 64), Success: true}})
					return e.Hash, []relay.PaymentID{p.ID}
				}
			}
			d.Fatal("no rung landed")
			return "", nil
		}},
		"a channel's number is used by another": {relay.HaltPayment, func(d *doubt) (string, []relay.PaymentID) {
			p, e := d.never()
			d.door.verdict = func(x relay.Envelope) (relay.Verdict, bool, error) { return relay.Contradicted, x.Hash == e.Hash, nil }
			d.watch()
			d.work(relay.DoSubmit)
			return e.Hash, []relay.PaymentID{p.ID}
		}},
		"the same, as the signer sees it": {relay.HaltPayment, func(d *doubt) (string, []relay.PaymentID) {
			p, e := d.never()
			d.view.verdict = func(x relay.Envelope) (relay.Verdict, bool) { return relay.Contradicted, x.Hash == e.Hash }
			d.watch()
			d.work(relay.DoSubmit)
			d.is(p.ID, relay.Created, "")
			d.work(relay.DoFund)
			return e.Hash, []relay.PaymentID{p.ID}
		}},
		"an envelope's row has another envelope": {relay.HaltPayment, func(d *doubt) (string, []relay.PaymentID) {
			waits := d.pending()
			p, e := d.never()
			d.sql("UPDATE envelopes SET xdr = (SELECT xdr FROM envelopes WHERE hash = $1) WHERE hash = $2", d.fundings(waits.ID)[0].Hash, e.Hash)
			d.watch()
			d.work(relay.DoSubmit)
			return e.Hash, []relay.PaymentID{p.ID}
		}},
		"a funding landed for one that was canceled": {relay.HaltPayment, func(d *doubt) (string, []relay.PaymentID) {
			p, company := d.open(d.apps[0], nil), d.open(d.apps[0], nil)
			a := d.forgotten(d.lost, p, company)
			d.apply(p.ID, relay.CancelAsked{})
			d.must(d.w.Recover(d.Context()))
			d.is(company.ID, relay.Pending, "") // in the same envelope
			return a.Envelope.Hash, []relay.PaymentID{p.ID}
		}},
		"the treasury is another account": {relay.HaltApp, func(d *doubt) (string, []relay.PaymentID) {
			d.sql("UPDATE apps SET treasury = $1 WHERE id = $2", d.payer.Address(), d.apps[0].ID)
			p := d.open(d.apps[0], nil)
			d.work(relay.DoFund)
			return d.apps[0].Treasury, []relay.PaymentID{p.ID}
		}},
		"another history": {relay.HaltAll, func(d *doubt) (string, []relay.PaymentID) {
			d.close(1)
			d.door.page = func(seq uint32) (*relay.LedgerPage, bool) {
				page, err := d.door.Ledger.Page(d.Context(), seq)
				if err == nil && page != nil {
					page.Previous = strings.Repeat("0", 64)
				}
				return page, err == nil
			}
			d.contradicts()
			return "", nil
		}},
		"another ledger under the newest number": {relay.HaltAll, func(d *doubt) (string, []relay.PaymentID) {
			head := d.head()
			head.Hash = strings.Repeat("1", 64)
			d.door.head = func() (relay.Head, bool) { return head, true }
			d.contradicts()
			d.door.head = nil
			return "", nil
		}},
		"a signer's log that was cut": {relay.HaltAll, func(d *doubt) (string, []relay.PaymentID) {
			m := d.mark()
			m.Lines, m.Head = m.Lines+3, strings.Repeat("2", 64)
			d.must(d.store.UpdateMany(d.Context(), nil, func(tx desk.Tx, _ []relay.Payment) error { return tx.SaveLogMark(m) }))
			d.openWorker()
			d.open(d.apps[0], nil)
			d.work(relay.DoFund)
			return "", nil
		}},
		"a channel beyond the signer's log": {relay.HaltAll, func(d *doubt) (string, []relay.PaymentID) {
			d.view.number = func(string) (int64, bool) { return 1 << 60, true }
			d.open(d.apps[0], nil)
			d.work(relay.DoFund)
			return "", nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			d := &doubt{door: &door{}, lost: &forgetful{}, view: &askew{}}
			p := d.lost.in(d.door.through(plan{channels: 3}))
			p.signersView = func(l signer.Ledger) signer.Ledger { d.view.Ledger = l; return d.view }
			d.fixture = newFixture(t, p)
			d.apps = append(d.apps, d.openApp())
			waits := []relay.Payment{d.until(d.open(d.apps[0], nil).ID, relay.Pending), d.until(d.open(d.apps[1], nil).ID, relay.Pending)}
			hash, held := c.about(d)
			d.door.submit, d.door.page = nil, nil
			all, err := d.desk.Halts(t.Context())
			if err != nil || len(all) == 0 {
				t.Fatalf("nothing stops: %v", err)
			}
			for _, h := range all {
				if h.Scope != c.scope || hash != "" && h.Hash != hash || h.Hash == "" || h.At == 0 ||
					c.scope != relay.HaltAll && h.App != d.apps[0].ID || c.scope == relay.HaltPayment && h.Payment != held[0] {
					t.Errorf("the halt is %+v", h)
				}
			}
			var stands []relay.Payment
			for _, id := range held {
				stands = append(stands, d.payment(id))
			}
			for i, app := range d.apps {
				sent := d.open(app, nil)
				d.apply(waits[i].ID, relay.CancelAsked{})
				if c.scope == relay.HaltAll || c.scope == relay.HaltApp && i == 0 {
					d.round(6)
					d.is(sent.ID, relay.Created, "")
					d.is(waits[i].ID, relay.Returning, relay.ByCancel)
					continue
				}
				d.until(waits[i].ID, relay.Returned)
				d.until(sent.ID, relay.Pending)
				d.apply(sent.ID, relay.CancelAsked{})
				d.until(sent.ID, relay.Returned)
			}
			for _, p := range stands {
				if now := d.payment(p.ID); now.State != p.State || now.Funding != p.Funding {
					t.Errorf("what is stopped went on to %s\n%s", now.State, d.story(p.ID))
				}
			}
		})
	}
}
