package worker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// clerk keeps what he was asked to write, and fails as told.
type clerk struct {
	fail            error
	codes           []relay.Code
	letters, states []string
}

func (c *clerk) Code(_ context.Context, _ relay.App, _ relay.Payment, code relay.Code) error {
	if c.fail == nil {
		c.codes = append(c.codes, code)
	}
	return c.fail
}

func (c *clerk) Arrived(_ context.Context, _ relay.App, p relay.Payment) error {
	return c.write("arrived", p)
}

func (c *clerk) Returned(_ context.Context, _ relay.App, p relay.Payment) error {
	return c.write("returned", p)
}
func (c *clerk) Claimed(_ context.Context, _ relay.App, p relay.Payment) error {
	return c.write("claimed", p)
}

func (c *clerk) write(what string, p relay.Payment) error {
	if c.fail == nil {
		c.letters = append(c.letters, fmt.Sprintf("%s %s", what, p.To.Value))
	}
	return c.fail
}

func (c *clerk) Announce(_ context.Context, row desk.Work, p relay.Payment) error {
	if c.fail == nil {
		c.states = append(c.states, row.Subject)
	}
	return c.fail
}

var (
	undeliverable = relay.NewFault(relay.Invalid, "mail_undeliverable", "This mail cannot be delivered.", nil)
	errGreylisted = errors.New("try again later")
)

// mailCode asks for a code, past the policy, as the API does for a guarded payment.
func (w *fixture) mailCode(id relay.PaymentID, session string) {
	w.Helper()
	err := w.store.UpdateMany(w.Context(), nil, func(tx desk.Tx, _ []relay.Payment) error {
		now := relay.At(w.clock)
		if err := tx.InsertCode(relay.Code{Session: session, Payment: id, MAC: []byte("mac"), Sealed: []byte("sealed"), IssuedAt: now}); err != nil {
			return err
		}
		return tx.AddWork(desk.Work{Kind: relay.DoMailCode, Payment: id, Subject: session, Due: now})
	})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *fixture) code(session string) (c relay.Code) {
	w.Helper()
	err := w.store.View(w.Context(), func(tx desk.Tx) (err error) { c, err = tx.Code(session); return err })
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// Every state is announced once, and a failure to announce is tried again.
func TestPublish(t *testing.T) {
	c := &clerk{fail: errGreylisted}
	w := newFixture(t, plan{announce: c})
	p := w.open(w.apps[0], nil)
	w.round(1)
	if len(c.states) != 0 {
		t.Fatal(c.states)
	}
	c.fail = nil
	w.until(p.ID, relay.Pending)
	w.apply(p.ID, relay.CancelAsked{})
	w.until(p.ID, relay.Returned)
	w.work()
	slices.Sort(c.states)
	if want := []string{"created", "funding", "pending", "returned", "returning"}; !slices.Equal(c.states, want) {
		t.Errorf("announced %v", c.states)
	}
}

// Mail goes to addresses that mail can reach, for apps that want it: once on arrival.
func TestNotify(t *testing.T) {
	c := &clerk{}
	w := newFixture(t, plan{post: c})
	silent := w.openApp()
	err := w.store.UpdateMany(t.Context(), nil, func(tx desk.Tx, _ []relay.Payment) error {
		a, err := tx.App(silent.ID)
		if err != nil {
			return err
		}
		a.Notify = false
		return tx.SaveApp(a)
	})
	if err != nil {
		t.Fatal(err)
	}
	ana := w.open(w.apps[0], nil)
	tel := w.open(w.apps[0], func(p *relay.Payment) { p.To = relay.Handle{Kind: "tel", Value: "+15550100"} })
	quiet := w.open(silent, nil)
	for _, p := range []relay.Payment{ana, tel, quiet} {
		w.until(p.ID, relay.Pending)
	}
	w.round(3)
	if !slices.Equal(c.letters, []string{"arrived ana@example.com"}) {
		t.Errorf("wrote %v", c.letters)
	}
	over := w.open(w.apps[0], nil)
	w.until(over.ID, relay.Funding)
	w.work(relay.DoSubmit)
	w.close(1)
	w.watch()
	w.is(over.ID, relay.Pending, "")
	w.apply(over.ID, relay.CancelAsked{})
	w.round(3)
	if len(c.letters) != 1 {
		t.Errorf("wrote about what is over: %v", c.letters)
	}
}

// A mail that no try would deliver ends its row; one that may be delivered later is tried again.
func TestMailFails(t *testing.T) {
	for _, permanent := range []bool{true, false} {
		c := &clerk{fail: errGreylisted}
		if permanent {
			c.fail = undeliverable
		}
		w := newFixture(t, plan{post: c})
		p := w.pending()
		w.mailCode(p.ID, "s1")
		w.work()
		w.work()
		notify, _ := w.row(p.ID, relay.DoNotify)
		mail, _ := w.row(p.ID, relay.DoMailCode)
		if (notify.DoneAt != 0) != permanent || (mail.DoneAt != 0) != permanent {
			t.Errorf("permanent %v: notify %+v, code %+v", permanent, notify, mail)
		}
		c.fail = nil
		w.work()
		if sent := len(c.codes) == 1 && len(c.letters) == 1; sent == permanent {
			t.Errorf("permanent %v: %d codes, %d letters", permanent, len(c.codes), len(c.letters))
		}
		if len(w.code("s1").Sealed) != 0 {
			t.Error("the sealed code is still there")
		}
		if len(w.code("s1").MAC) == 0 {
			t.Error("the code cannot be compared any more")
		}
	}
}

// A code that is too old is not mailed any more, and forgotten all the same.
func TestMailComesTooLate(t *testing.T) {
	c := &clerk{fail: errGreylisted}
	w := newFixture(t, plan{post: c})
	p := w.pending()
	w.mailCode(p.ID, "s1")
	for range 12 { // a minute each
		w.work()
	}
	c.fail = nil
	w.work()
	if len(c.codes) != 0 {
		t.Error("a code was mailed that opens nothing")
	}
	if len(w.code("s1").Sealed) != 0 {
		t.Error("the sealed code is still there")
	}
}

// The sender hears that an address is refused, once; a correction clears it; and who was told that money waits is told that
// it went back.
func TestDeliveryIsTold(t *testing.T) {
	c := &clerk{fail: undeliverable}
	announced := &clerk{}
	w := newFixture(t, plan{post: c, announce: announced})
	p := w.open(w.apps[0], guarded)
	w.until(p.ID, relay.Pending)
	w.round(2)
	if got := w.payment(p.ID); got.Delivery != relay.MailRefused {
		t.Fatalf("%q", got.Delivery)
	}
	if n := slices.Index(announced.states, relay.Undeliverable); n < 0 || slices.Contains(announced.states[n+1:], relay.Undeliverable) {
		t.Errorf("announced %v", announced.states)
	}
	c.fail = nil
	w.apply(p.ID, relay.Readdressed{To: relay.Handle{Kind: "email", Value: "eva@example.com"}})
	if got := w.payment(p.ID); got.Delivery != relay.NotMailed {
		t.Errorf("after the correction: %q", got.Delivery)
	}
	w.round(2)
	if got := w.payment(p.ID); got.Delivery != relay.MailSent {
		t.Errorf("after the mail: %q", got.Delivery)
	}
	w.apply(p.ID, relay.CancelAsked{})
	w.until(p.ID, relay.Returned)
	w.round(2)
	if !slices.Contains(c.letters, "returned eva@example.com") {
		t.Errorf("wrote %v", c.letters)
	}
}
