package desk_test

import (
	"errors"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// A newest ledger is of the history that was taken in, or lags behind it, or is of another one: by hash where its number is
// remembered, else by its clock.
func TestSameHistory(t *testing.T) {
	for name, c := range map[string]struct {
		head  func(last relay.Head) relay.Head
		other bool
	}{
		"the one remembered last": {func(h relay.Head) relay.Head { return h }, false},
		"a newer one": {func(h relay.Head) relay.Head {
			return relay.Head{Sequence: h.Sequence + 9, Hash: "new", CloseTime: h.CloseTime + 45}
		}, false},
		"an older one, remembered": {func(h relay.Head) relay.Head {
			return relay.Head{Sequence: h.Sequence - 1, Hash: hashOf(h.Sequence - 1), CloseTime: h.CloseTime - 5}
		}, false},
		"an older one, not remembered, of an earlier time": {func(h relay.Head) relay.Head {
			return relay.Head{Sequence: 1, Hash: "long ago", CloseTime: 1}
		}, false},
		"the same number, another hash": {func(h relay.Head) relay.Head { h.Hash = "other"; return h }, true},
		"a lower number, the same time": {func(h relay.Head) relay.Head { return relay.Head{Sequence: 1, Hash: "anew", CloseTime: h.CloseTime} }, true},
		"a lower number, a later time": {func(h relay.Head) relay.Head {
			return relay.Head{Sequence: 1, Hash: "anew", CloseTime: h.CloseTime + 1}
		}, true},
		"an older number remembered, and another": {func(h relay.Head) relay.Head {
			return relay.Head{Sequence: h.Sequence - 1, Hash: "other", CloseTime: h.CloseTime - 5}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFixture(t)
			r.seq += 20
			r.update(func(tx desk.Tx) error { return tx.RememberLedger(r.head()) })
			r.ledger()
			last := r.head()
			head := c.head(last)
			taken, err := r.SameHistory(t.Context(), head)
			if taken || errors.Is(err, relay.ErrContradiction) != c.other || err != nil && !c.other {
				t.Fatalf("%v %v", taken, err)
			}
			if !c.other {
				return
			}
			said := relay.Contradictions(err)
			if len(said) != 1 || said[0].Scope != relay.HaltAll || said[0].Hash != last.Hash {
				t.Fatalf("%+v", said)
			}
			_, err = r.Halt(t.Context(), err)
			r.ok(err)
			_, err = r.Lift(t.Context(), "")
			r.ok(err)
			if taken, err := r.SameHistory(t.Context(), head); err != nil || !taken {
				t.Errorf("after it was lifted: %v %v", taken, err)
			}
			if cursor, err := r.Cursor(t.Context()); err != nil || cursor != head.Sequence {
				t.Errorf("the cursor is at %d, %v", cursor, err)
			}
		})
	}
}
