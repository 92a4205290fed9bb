package worker_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/restante/restante/relay"
)

func guarded(p *relay.Payment) { p.Policy = relay.Guarded }

// The new address hears of the money, and what was about to be mailed to the old one is not.
func TestReaddressed(t *testing.T) {
	c := &clerk{}
	w := newFixture(t, plan{post: c, announce: c})
	eva := relay.Handle{Kind: "email", Value: "eva@example.org"}
	early := w.open(w.apps[0], guarded)
	w.apply(early.ID, relay.Readdressed{To: eva})
	w.until(early.ID, relay.Pending)
	w.round(1)
	if !slices.Equal(c.letters, []string{"arrived eva@example.org"}) {
		t.Errorf("wrote %v", c.letters)
	}

	c.letters = nil
	p := w.until(w.open(w.apps[0], guarded).ID, relay.Pending)
	w.round(1)
	c.states = nil
	w.mailCode(p.ID, "s1")
	w.apply(p.ID, relay.Readdressed{To: eva})
	w.round(2)
	if !slices.Equal(c.letters, []string{"arrived ana@example.com", "arrived eva@example.org"}) {
		t.Errorf("wrote %v", c.letters)
	}
	if len(c.codes) != 0 {
		t.Error("a code was mailed that opens nothing")
	}
	if !slices.Equal(c.states, []string{"pending"}) {
		t.Errorf("announced %v", c.states)
	}
	if row, ok := w.row(p.ID, relay.DoMailCode); !ok || row.DoneAt == 0 {
		t.Errorf("%+v", row)
	}
	w.apply(p.ID, relay.Readdressed{To: eva}) // again
	w.round(1)
	if len(c.letters) != 2 || len(c.states) != 1 {
		t.Errorf("a repeat was told: %v %v", c.letters, c.states)
	}
}

// A code that the mailer has in his hands when the address changes opens nothing, and its row comes to rest.
func TestReaddressedWhileMailing(t *testing.T) {
	c := &clerk{fail: errGreylisted}
	w := newFixture(t, plan{post: c})
	p := w.until(w.open(w.apps[0], guarded).ID, relay.Pending)
	w.mailCode(p.ID, "s1")
	w.work(relay.DoMailCode)
	w.apply(p.ID, relay.Readdressed{To: relay.Handle{Kind: "email", Value: "eva@example.org"}})
	if err := w.desk.CodeMailed(t.Context(), "s1"); !errors.Is(err, relay.ErrNotFound) {
		t.Errorf("%v", err)
	}
	c.fail = nil
	w.round(2)
	if row, _ := w.row(p.ID, relay.DoMailCode); row.DoneAt == 0 || len(c.codes) != 0 {
		t.Errorf("%+v, %d codes", row, len(c.codes))
	}
}
