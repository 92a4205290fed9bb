package worker_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/services/internal/bareledger"
)

// comesHome wants the payment at home again, nothing halted, and not a stroop lost but fees.
func (m *assetFixture) comesHome(p relay.Payment, before books, house map[string]bareledger.Account) {
	m.Helper()
	m.until(p.ID, relay.Returned)
	m.is(p.ID, relay.Returned, relay.ByCancel)
	m.wantUnits("home", m.home, m.stock)
	m.balanced(before, house, nil, p.ID)
	m.round(2) // expunged, and nothing follows
	m.is(p.ID, relay.Returned, relay.ByCancel)
}

// restarts is a new process on the same database and log.
func (m *assetFixture) restarts() {
	m.Helper()
	m.openWorker()
	if err := m.w.Recover(m.Context()); err != nil {
		m.Fatal(err)
	}
	if err := m.w.Recheck(m.Context()); err != nil {
		m.Fatal(err)
	}
}

// The log has a deposit and the database has not, for a cancel came in between; its sender signs and submits it by himself. It
// halts nothing, and his money comes home: found at a start after it landed, or seen by the watcher.
func TestCanceledDepositThatItsSenderFunds(t *testing.T) {
	for name, first := range map[string]bool{"found at the start": false, "seen by the watcher": true} {
		t.Run(name, func(t *testing.T) {
			each(t, walletKinds, func(m *assetFixture) {
				before, house := m.books(), m.house()
				p := m.request(nil)
				a := m.minted(p)
				if _, err := m.signer.Keep(m.Context(), relay.KeepIntent{App: p.App, Funded: a}); err != nil {
					m.Fatal(err)
				}
				m.apply(p.ID, relay.CancelAsked{})
				m.is(p.ID, relay.Canceled, relay.ByCancel)
				m.round(1) // box and share are gone
				if first {
					m.restarts()
					m.is(p.ID, relay.Canceled, relay.ByCancel)
				}
				m.does(text(m.signedBy(a, m.wallet)))
				if !first {
					m.watch()
					m.restarts()
				}
				m.comesHome(p, before, house)
			})
		})
	}
}

// A failed payment comes back the same way; what is not funded stays as it is.
func TestFailedDepositThatItsSenderFunds(t *testing.T) {
	each(t, walletKinds, func(m *assetFixture) {
		before, house := m.books(), m.house()
		p := m.request(nil)
		a := m.deposit(p)
		if err := m.desk.Died(m.Context(), a.Envelope.Hash); err != nil { // a source that was wrong
			m.Fatal(err)
		}
		m.is(p.ID, relay.Failed, relay.FundingFailed)
		m.work(relay.DoExpunge)
		m.does(text(m.signedBy(a, m.wallet)))
		m.comesHome(p, before, house)
	})
	vanishing(t, func(m *assetFixture) {
		p := m.request(nil)
		a := m.minted(p)
		if _, err := m.signer.Keep(m.Context(), relay.KeepIntent{App: p.App, Funded: a}); err != nil {
			m.Fatal(err)
		}
		m.apply(p.ID, relay.CancelAsked{})
		m.restarts()
		m.round(bound + 2)
		m.is(p.ID, relay.Canceled, relay.ByCancel)
		if e := m.envelope(a.Envelope); e.State != relay.Dead {
			m.Errorf("the funding is %s", e.State)
		}
	})
}

// refusing is a signer that keeps nothing.
type refusing struct {
	desk.Signer
	err error
}

func (r *refusing) Keep(context.Context, relay.KeepIntent) (relay.FundAnswer, error) {
	return relay.FundAnswer{}, r.err
}

// logged says whether the signer's log has a funding.
func (m *assetFixture) logged(a relay.FundAnswer) bool {
	m.Helper()
	_, err := m.signer.Funding(m.Context(), a.Envelope.Hash)
	if err != nil && !errors.Is(err, relay.ErrNotFound) {
		m.Fatal(err)
	}
	return err == nil
}

// committed is what a client minted, written down; the signer is not asked to keep it.
func (m *assetFixture) committed(p relay.Payment) relay.FundAnswer {
	m.Helper()
	a := m.minted(p)
	if err := m.desk.CommitFunding(m.Context(), a); err != nil {
		m.Fatal(err)
	}
	return a
}

// The process died between commit and log: the worker has it kept, at once, after its bound, and after it landed.
func TestPlannedDepositIsKept(t *testing.T) {
	each(t, walletKinds, func(m *assetFixture) {
		p := m.request(nil)
		a := m.committed(p)
		m.round(1)
		if !m.logged(a) {
			m.Fatal("the log does not have it")
		}
		if row, _ := m.row(p.ID, relay.DoKeep); row.DoneAt == 0 {
			m.Error("it is kept for ever")
		}
	})
	each(t, walletKinds, func(m *assetFixture) {
		before, house := m.books(), m.house()
		p := m.request(nil)
		a := m.committed(p)
		m.does(text(m.signedBy(a, m.wallet)))
		m.close(bound + 1)
		m.watch()
		m.is(p.ID, relay.Pending, "")
		err := m.store.UpdateMany(m.Context(), nil, func(tx desk.Tx, _ []relay.Payment) error { return tx.CloseWork(p.ID, relay.DoKeep) })
		if err != nil { // its row was lost
			m.Fatal(err)
		}
		m.restarts()
		m.work(relay.DoKeep)
		if !m.logged(a) {
			m.Fatal("the log does not have what landed")
		}
		m.apply(p.ID, relay.CancelAsked{})
		m.comesHome(p, before, house)
	})
}

// What the signer refuses is taken back; what its sender funds all the same goes home. A signer that is away decides nothing.
func TestRefusedKeepUndoesThePlan(t *testing.T) {
	each(t, walletKinds, func(m *assetFixture) {
		before, house := m.books(), m.house()
		p := m.request(nil)
		hand := &refusing{m.signer, relay.NewFault(relay.Unavailable, "away", "", nil)}
		m.plan.signersHand = func(desk.Signer) desk.Signer { return hand }
		m.openWorker()
		a := m.committed(p)
		m.work()
		m.is(p.ID, relay.Funding, "")
		hand.err = relay.NewFault(relay.Forbidden, "no", "", nil)
		m.work()
		if got := m.is(p.ID, relay.Created, ""); got.Holding != "" || got.Fundings != 0 || got.BoxMAC != "" {
			m.Errorf("%+v", got)
		}
		if _, ok, err := m.desk.Planned(m.Context(), p.ID); ok || err != nil {
			m.Error("the plan is still there", err)
		}
		if err := m.desk.CommitFunding(m.Context(), m.minted(p)); relay.CodeOf(err) != "kept_already" {
			m.Errorf("a second funding beside one that could land: %v", err)
		}
		m.does(text(m.signedBy(a, m.wallet)))
		m.comesHome(p, before, house)
	})
	vanishing(t, func(m *assetFixture) { // the same deposit may come again
		p := m.request(nil)
		a := m.committed(p)
		if _, err := m.desk.UndoFunding(m.Context(), p.ID, a.Envelope.Hash); err != nil {
			m.Fatal(err)
		}
		for range 2 {
			if err := m.desk.CommitFunding(m.Context(), a); err != nil {
				m.Fatal(err)
			}
			m.is(p.ID, relay.Funding, "")
		}
		if _, ok, err := m.desk.Planned(m.Context(), p.ID); !ok || err != nil {
			m.Error("its box is missing", err)
		}
		m.apply(p.ID, relay.CancelAsked{})
		if _, err := m.desk.UndoFunding(m.Context(), p.ID, a.Envelope.Hash); err != nil {
			m.Fatal(err)
		}
		m.is(p.ID, relay.Canceled, relay.ByCancel)
	})
}

// A deposit that waits for its sender, and a return that waits for its first ledger, are driven by the ledger alone.
func TestWhatOnlyTheLedgerWakesIsNotPolled(t *testing.T) {
	each(t, walletKinds, func(m *assetFixture) {
		far := func(p *relay.Payment) { p.FundBy += 20 }
		p, q := m.request(far), m.request(far)
		m.deposit(p)
		a := m.deposit(q)
		m.does(text(m.signedBy(a, m.wallet)))
		m.watch()
		m.apply(q.ID, relay.CancelAsked{})
		m.round(2)
		attempts := func() (n int) {
			for _, id := range []relay.PaymentID{p.ID, q.ID} {
				for _, kind := range []relay.EffectKind{relay.DoSubmit, relay.DoReturn, relay.DoKeep} {
					if row, ok := m.row(id, kind); ok && row.DoneAt == 0 {
						n += row.Attempts
					}
				}
			}
			return n
		}
		before := attempts()
		for m.head().Sequence < p.FundBy-1 {
			m.round(1)
			m.clock = m.clock.Add(-time.Minute) // our own clock wakes none of it
		}
		if n := attempts(); n != before {
			m.Errorf("%d attempts more", n-before)
		}
		m.is(p.ID, relay.Funding, "")
		m.until(q.ID, relay.Returned)
		m.until(p.ID, relay.Failed)
		if m.head().Sequence > p.FundBy+6 {
			m.Error("it was noticed late")
		}
	})
}

// A halt names what it is about; once a person has looked, that goes on, and nothing else does.
func TestALiftedHaltIsOfOneHash(t *testing.T) {
	f := &forgetful{}
	w := newFixture(t, f.in(plan{}))
	halting := func() relay.FundAnswer {
		p := w.open(w.apps[0], nil)
		a := w.forgotten(f, p)
		w.apply(p.ID, relay.CancelAsked{})
		if err := w.w.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := halting()
	about := func(hash string) {
		t.Helper()
		if all, err := w.desk.Halts(t.Context()); err != nil || len(all) != 1 || all[0].Hash != hash || all[0].Scope != relay.HaltPayment {
			t.Fatalf("halted: %+v, not one payment about %q: %v", all, hash, err)
		}
	}
	about(a.Envelope.Hash)
	if _, err := w.desk.Lift(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.w.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		if why := w.halted(); why != "" {
			t.Fatalf("halted again: %s", why)
		}
	}
	w.pending() // money moves
	b := halting()
	about(b.Envelope.Hash)
}

// A deposit comes in a moment after its payment was canceled, its sender funds it all the same, and the money returns to another
// account than his. It goes home by the ladder that it was minted with, whichever rung lands, and the ledger is taken in.
func TestGivenUpDepositWithAnotherHome(t *testing.T) {
	for name, byHand := range map[string]bool{"by the worker": false, "by its sender's hand": true} {
		t.Run(name, func(t *testing.T) {
			each(t, walletKinds, func(m *assetFixture) {
				other := keypair.MustRandom()
				m.befriend(other.Address())
				if m.credit {
					m.trusts(other)
				}
				p := m.request(func(p *relay.Payment) { p.ReturnTo = other.Address() })
				a := m.minted(p)
				m.apply(p.ID, relay.CancelAsked{})
				if err := m.desk.CommitFunding(m.Context(), a); relay.CodeOf(err) != "not_created" {
					m.Fatal(err)
				}
				had := m.amount(other.Address())
				m.does(text(m.signedBy(a, m.wallet)))
				m.watch()
				p = m.is(p.ID, relay.Returning, relay.ByCancel)
				if !p.Ladder().Foreign {
					m.Fatalf("it waits with %+v", p)
				}
				if byHand {
					for m.head().Sequence < p.Bound {
						m.close(1)
					}
					m.includes(m.stolen(m.rungs(p)[0]), "SUCCESS")
				}
				p = m.until(p.ID, relay.Returned)
				if got := m.amount(other.Address()) - had; got < p.Amount || p.Arrived != p.Amount {
					m.Errorf("%d came, of %d; it says %d", got, p.Amount, p.Arrived)
				}
				m.round(2)
				if why := m.halted(); why != "" {
					m.Error(why)
				}
			})
		})
	}
}
