package relaytest

import (
	"errors"
	"reflect"
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

func appsAndKeys(b *fixture) {
	a := b.app
	kept := func() {
		b.Helper()
		b.view(func(tx desk.Tx) error {
			got, err := tx.App(a.ID)
			same(b, "app", got, a, func(x, y relay.App) bool { return x == y })
			_, none := tx.App("app_none")
			b.is(none, relay.ErrNotFound)
			return err
		})
	}
	kept()
	a.Name, a.Recipient, a.Treasury, a.MayVouch, a.Notify, a.Reclaim = "n", "r", "t", false, false, true
	b.update(func(tx desk.Tx) error { return tx.SaveApp(a) })
	kept()
	b.code(b.try(func(tx desk.Tx) error { return tx.InsertApp(a) }), relay.Conflict, "id_taken")
	b.is(b.try(func(tx desk.Tx) error { return tx.SaveApp(App("none")) }), relay.ErrNotFound)

	second := relay.Key{ID: "key_2", App: a.ID, Hash: "h2", Scopes: relay.Read | relay.Cancel, CreatedAt: Start + 2}
	first := relay.Key{ID: "key_9", App: a.ID, Hash: "h9", Scopes: relay.AppScopes, CreatedAt: Start + 1}
	admin := relay.Key{ID: "key_admin", Hash: "ha", Scopes: relay.AllScopes, CreatedAt: Start}
	b.update(func(tx desk.Tx) error {
		for _, k := range []relay.Key{second, first, admin} {
			if err := tx.InsertKey(k); err != nil {
				return err
			}
		}
		return nil
	})
	twin := relay.Key{ID: "key_3", App: a.ID, Hash: "h2", Scopes: relay.Read}
	b.code(b.try(func(tx desk.Tx) error { return tx.InsertKey(twin) }), relay.Conflict, "id_taken")
	twin = relay.Key{ID: "key_2", App: a.ID, Hash: "h3", Scopes: relay.Read}
	b.code(b.try(func(tx desk.Tx) error { return tx.InsertKey(twin) }), relay.Conflict, "id_taken")
	b.refused("a key of no app", b.try(func(tx desk.Tx) error {
		return tx.InsertKey(relay.Key{ID: "key_4", App: "app_none", Hash: "h4", Scopes: relay.Read})
	}))

	second.RevokedAt = Start + 7
	b.update(func(tx desk.Tx) error { return tx.SaveKey(second) })
	alive := second
	alive.RevokedAt = 0
	b.refused("a key back from the dead", b.try(func(tx desk.Tx) error { return tx.SaveKey(alive) }))
	b.is(b.try(func(tx desk.Tx) error { return tx.SaveKey(relay.Key{ID: "key_none"}) }), relay.ErrNotFound)
	b.view(func(tx desk.Tx) error {
		for _, want := range []relay.Key{first, second, admin} {
			got, err := tx.KeyByHash(want.Hash)
			b.ok(err)
			same(b, "key", got, want, func(x, y relay.Key) bool { return x == y })
		}
		_, err := tx.KeyByHash("none")
		b.is(err, relay.ErrNotFound)
		keys, err := tx.KeysOf(a.ID)
		same(b, "keys", keys, []relay.Key{first, second}, slices.Equal)
		return err
	})
}

func usageAddsUp(b *fixture) {
	other := App("other")
	b.update(func(tx desk.Tx) error { return tx.InsertApp(other) })
	var all []relay.Payment
	check := func() {
		b.Helper()
		want := map[relay.AppID]relay.Usage{b.app.ID: {}, other.ID: {}}
		for _, p := range all {
			u := want[p.App]
			switch p.State {
			case relay.Created, relay.Funding:
				u.Committed += p.Amount
				if p.State == relay.Created {
					u.Unsigned.Amount, u.Unsigned.Payments = u.Unsigned.Amount+p.Amount, u.Unsigned.Payments+1
				}
			case relay.Pending, relay.Claiming, relay.Returning, relay.Parked:
				u.Waiting += p.Amount
			}
			if !p.State.Ended() {
				u.LockedUnits += relay.AccountUnits
			}
			u.SpentUnits += p.SpentUnits
			want[p.App] = u
		}
		b.view(func(tx desk.Tx) error {
			for id, u := range want {
				got, err := tx.Usage(id, relay.Native)
				b.ok(err)
				same(b, "usage", got, u, func(x, y relay.Usage) bool { return x == y })
			}
			_, err := tx.Usage("app_none", relay.Native)
			b.is(err, relay.ErrNotFound)
			return nil
		})
	}
	check()
	for i, x := range relay.States {
		all = append(all, InState(Payment(b.app.ID, 100+i), x.State), InState(Payment(other.ID, 200+i), x.State))
	}
	b.insert(all...)
	check()
	for _, s := range []relay.State{relay.Funding, relay.Pending, relay.Claiming, relay.Parked, relay.Pending, relay.Returning,
		relay.Claimed} {
		for i, p := range all {
			if p.State.Ended() || i%3 == 0 {
				continue
			}
			next := InState(Payment(p.App, 0), s)
			next.ID, next.Amount, next.CreatedAt, next.Reference, next.Version = p.ID, p.Amount, p.CreatedAt, p.Reference, p.Version
			next.Holding, next.To = "GH"+string(p.ID), p.To
			b.update(func(tx desk.Tx) error { return tx.SavePayment(&next) })
			all[i] = next
		}
		check()
	}
}

// missingLocksNothing: what was seen to be missing from a holding account is not locked, to the stroop; one that is gone locks
// no reserve either.
func missingLocksNothing(b *fixture) {
	p := b.insert(InState(Payment(b.app.ID, 1), relay.Parked))[0]
	for _, c := range []struct {
		reason  relay.Reason
		missing relay.Stroops
		units   int
	}{
		{relay.Frozen, 0, relay.AccountUnits}, {relay.HoldingShort, 1, relay.AccountUnits}, {relay.HoldingShort, p.Amount - 1, relay.AccountUnits},
		{relay.ClawedBack, p.Amount, relay.AccountUnits}, {relay.HoldingAbsent, p.Amount, 0},
	} {
		p.Reason, p.Missing = c.reason, c.missing
		b.update(func(tx desk.Tx) error { return tx.SavePayment(&p) })
		b.view(func(tx desk.Tx) error {
			got, err := tx.Usage(b.app.ID, relay.Native)
			same(b, string(c.reason), got, relay.Usage{Waiting: p.Amount - c.missing, LockedUnits: c.units}, func(x, y relay.Usage) bool { return x == y })
			if got.Waiting != p.Waits() {
				b.Errorf("%s: the payment says that %d wait", c.reason, p.Waits())
			}
			other, err2 := tx.Usage(b.app.ID, Credit)
			if other.Waiting != 0 {
				b.Errorf("%s: %d of another asset", c.reason, other.Waiting)
			}
			return errors.Join(err, err2)
		})
		if got := p.LockedUnits(); got != c.units {
			b.Errorf("%s: the payment locks %d", c.reason, got)
		}
	}
}

// carriedAreListed: payments whose claims left reserves in new accounts, page by page, until those are back.
func carriedAreListed(b *fixture) {
	other := App("other")
	b.update(func(tx desk.Tx) error { return tx.InsertApp(other) })
	claimed := b.insert(InState(Payment(b.app.ID, 1), relay.Claimed), InState(Payment(b.app.ID, 2), relay.Claimed), InState(Payment(b.app.ID, 3), relay.Pending),
		InState(Payment(other.ID, 4), relay.Claimed))
	list := func(after relay.PaymentID, limit int) (ids []relay.PaymentID) {
		b.view(func(tx desk.Tx) (err error) { ids, err = tx.ReservesOut(b.app.ID, after, limit); return err })
		return ids
	}
	same(b, "the first", list("", 1), []relay.PaymentID{claimed[0].ID}, slices.Equal)
	same(b, "behind it", list(claimed[0].ID, 10), []relay.PaymentID{claimed[1].ID}, slices.Equal)
	claimed[0].SpentUnits = 0
	b.update(func(tx desk.Tx) error { return tx.SavePayment(&claimed[0]) })
	same(b, "what is left", list("", 10), []relay.PaymentID{claimed[1].ID}, slices.Equal)
}

func answersKept(b *fixture) {
	a := desk.Answered{App: b.app.ID, Key: "k", Body: "hash", Until: Start + 60*1e6, CreatedAt: Start}
	recall := func(app relay.AppID, key string) (got desk.Answered, err error) {
		err = b.View(b.Context(), func(tx desk.Tx) (err error) { got, err = tx.Recall(app, key); return err })
		return got, err
	}
	_, err := recall(a.App, a.Key)
	b.is(err, relay.ErrNotFound)
	for _, answer := range [][]byte{nil, []byte(`{"to":"ana@example.com"}`)} {
		a.Answer = answer
		if answer != nil {
			a.Until, a.Status = 0, 201
		}
		b.update(func(tx desk.Tx) error { return tx.Remember(a) })
		got, err := recall(a.App, a.Key)
		b.ok(err)
		same(b, "answer", got, a, func(x, y desk.Answered) bool { return reflect.DeepEqual(x, y) })
	}
	_, err = recall("app_other", a.Key)
	b.is(err, relay.ErrNotFound)
	_, err = recall(a.App, "other")
	b.is(err, relay.ErrNotFound)

	flying := func(key, owner string, until relay.Micros) {
		b.update(func(tx desk.Tx) error {
			return tx.Remember(desk.Answered{App: a.App, Key: key, Body: "hash", Until: until, Owner: owner, CreatedAt: Start})
		})
	}
	flying("mine", "me/1", Start+9)
	flying("theirs", "mean/1", Start+9) // begins alike, and is another process
	flying("of no app", "", Start+9)
	flying("answered", "mean/2", 0)
	b.update(func(tx desk.Tx) error {
		n, err := tx.FreeAnswers("me")
		if n != 2 {
			b.Errorf("%d keys were freed, want 2", n)
		}
		return err
	})
	for key, until := range map[string]relay.Micros{"mine": Start + 9, "theirs": 1, "of no app": 1, "answered": 0, a.Key: 0} {
		got, err := recall(a.App, key)
		if b.ok(err); got.Until != until {
			b.Errorf("%s is in flight until %d, want %d", key, got.Until, until)
		}
	}
}

// carriedAddsUp: what is in flight follows each payment through every state, whatever funds it.
func carriedAddsUp(b *fixture) {
	carried := func() (l relay.Load) {
		b.Helper()
		b.view(func(tx desk.Tx) (err error) { l, err = tx.Carried(); return err })
		return l
	}
	two := App("two")
	b.update(func(tx desk.Tx) error { return tx.InsertApp(two) })
	var want relay.Load
	check := func(what string) {
		b.Helper()
		if got := carried(); got != want {
			b.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	check("nothing")
	n := 0
	for _, change := range []func(*relay.Payment){
		func(*relay.Payment) {},
		func(p *relay.Payment) { p.Asset = Credit },
		func(p *relay.Payment) { p.App = two.ID },
		func(p *relay.Payment) { p.From, p.FundBy, p.FundUntil, p.Replaces = "G", 9, 9, "pay_x" },
		func(p *relay.Payment) {
			p.From, p.FundBy, p.FundUntil, p.Sponsor, p.Purse, p.RungFee = "G", 9, 9, "G", 9, 9
		},
	} {
		for _, s := range []relay.State{relay.Canceled, relay.Failed, relay.Funding, relay.Pending, relay.Claiming, relay.Claimed, relay.Parked, relay.Settled} {
			n++
			p := Payment(b.app.ID, n)
			change(&p)
			p = b.insert(p)[0]
			before := want
			want = want.Plus(relay.LoadOf(p))
			check("created")
			p = InState(p, s)
			b.update(func(tx desk.Tx) error { return tx.SavePayment(&p) })
			switch {
			case s.Ended():
				want = before
			case s != relay.Funding && !p.FromWallet():
				want = before.Plus(relay.Load{Waiting: 1, Credit: relay.LoadOf(p).Credit})
			}
			check(string(s))
		}
	}
}

func ledgersKept(b *fixture) {
	remember := func(seq uint32, hash string) error {
		return b.try(func(tx desk.Tx) error {
			return tx.RememberLedger(relay.Head{Sequence: seq, Hash: hash, CloseTime: int64(seq) * 5})
		})
	}
	check := func(cursor uint32, hashes map[uint32]string) {
		b.Helper()
		b.view(func(tx desk.Tx) error {
			seq, err := tx.Cursor()
			b.ok(err)
			if seq != cursor {
				b.Errorf("cursor is %d, want %d", seq, cursor)
			}
			want := relay.Head{}
			if hash := hashes[cursor]; hash != "" {
				want = relay.Head{Sequence: cursor, Hash: hash, CloseTime: int64(cursor) * 5}
			}
			if passed, err := tx.Passed(); err != nil || passed != want {
				b.Errorf("passed %+v, want %+v: %v", passed, want, err)
			}
			for seq, want := range hashes {
				got, err := tx.LedgerHash(seq)
				b.ok(err)
				if got != want {
					b.Errorf("hash of ledger %d is %q, want %q", seq, got, want)
				}
			}
			return nil
		})
	}
	check(0, map[uint32]string{1: ""})
	b.ok(remember(100, "a"))
	b.ok(remember(101, "b"))
	b.ok(remember(101, "b")) // again is not an error
	check(101, map[uint32]string{100: "a", 101: "b", 102: ""})
	b.is(remember(101, "forged"), relay.ErrContradiction)
	b.is(remember(100, "forged"), relay.ErrContradiction)
	check(101, map[uint32]string{100: "a", 101: "b"})
	b.ok(remember(10_100, "c")) // 101 and 10,100 are the ends of 10,000 ledgers
	check(10_100, map[uint32]string{100: "", 101: "b", 10_100: "c"})
	b.ok(remember(1<<32-1, "z"))
	check(1<<32-1, map[uint32]string{101: "", 10_100: "", 1<<32 - 1: "z"})
	b.update(func(tx desk.Tx) error { return tx.ForgetLedgers() })
	check(1<<32-1, map[uint32]string{1<<32 - 1: ""})
}

func halting(b *fixture) {
	all := func(want ...relay.Halt) {
		b.Helper()
		b.view(func(tx desk.Tx) error {
			got, err := tx.Halts()
			if !slices.Equal(got, want) {
				b.Errorf("halts are %+v, want %+v", got, want)
			}
			return err
		})
	}
	of := func(app relay.AppID, id relay.PaymentID, want ...string) {
		b.Helper()
		b.view(func(tx desk.Tx) error {
			found, err := tx.HaltsOf(app, id, "pay_none")
			var got []string
			for _, h := range found {
				got = append(got, h.Hash)
			}
			if !slices.Equal(got, want) {
				b.Errorf("%s of %s is stopped by %v, want %v", id, app, got, want)
			}
			return err
		})
	}
	lifted := func(want ...string) {
		b.Helper()
		b.view(func(tx desk.Tx) error {
			for _, hash := range []string{"a", "b", "c", "p", "q"} {
				yes, err := tx.Lifted(hash)
				if err != nil || yes != slices.Contains(want, hash) {
					b.Errorf("%s lifted: %v, %v", hash, yes, err)
				}
			}
			return nil
		})
	}
	halt := func(h relay.Halt) { b.update(func(tx desk.Tx) error { return tx.Halt(h) }) }
	lift := func(hash string) { b.update(func(tx desk.Tx) error { return tx.Lift(hash) }) }
	every := func(hash, why string) relay.Halt {
		return relay.Halt{Scope: relay.HaltAll, Hash: hash, Why: why, At: 7}
	}

	all()
	lift("")
	lift("a")
	lifted() // nothing stood, so a person has looked at nothing
	halt(every("a", "the ledger contradicts itself"))
	halt(every("b", "what followed from it")) // the first one is the one to look at
	all(every("a", "the ledger contradicts itself"))
	of("app_one", "pay_one", "a")
	lift("b")
	all(every("a", "the ledger contradicts itself"))
	lift("a")
	all()
	lifted("a")
	halt(every("a", "the same again")) // a person has looked
	all()
	halt(relay.Halt{Scope: "of a newer program", Hash: "b", Why: "another one", At: 7})
	all(every("b", "another one")) // what is not known stops everything
	lift("b")
	lifted("a", "b")

	one := relay.Halt{Scope: relay.HaltPayment, App: "app_one", Payment: "pay_one", Hash: "p", Why: "of one", At: 8}
	other := relay.Halt{Scope: relay.HaltPayment, App: "app_one", Payment: "pay_two", Hash: "p", Why: "of two", At: 8}
	later := relay.Halt{Scope: relay.HaltPayment, App: "app_one", Payment: "pay_one", Hash: "q", Why: "of one, too", At: 9}
	app := relay.Halt{Scope: relay.HaltApp, App: "app_two", Hash: "GT", Why: "of an app", At: 9}
	for _, h := range []relay.Halt{one, other, later, app, one} {
		halt(h)
	}
	again := one
	again.Why, again.At = "once more", 10
	halt(again) // as it was first
	all(one, other, later, app)
	of("app_one", "pay_one", "p", "q")
	of("app_one", "pay_two", "p")
	of("app_one", "pay_three")
	of("app_two", "pay_four", "GT")
	halt(every("c", "everything"))
	all(every("c", "everything"), one, other, later, app)
	of("app_two", "pay_four", "c", "GT")
	of("app_one", "pay_three", "c")
	lift("c")
	lift("p") // what one envelope is about is lifted together, and that alone
	all(later, app)
	of("app_one", "pay_one", "q")
	of("app_one", "pay_two")
	halt(other)
	lift("GT")
	all(later)
	lift("q")
	all()
	lifted("a", "b", "c", "p", "q")
}
