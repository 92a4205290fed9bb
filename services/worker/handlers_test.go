package worker

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// Every kind of work has a handler; one that is unknown is not looked for, and refused where it is met.
func TestHandlers(t *testing.T) {
	if got, want := slices.Sorted(maps.Keys(handlers)), relay.EffectKinds(); !slices.Equal(got, want) {
		t.Errorf("there are handlers of %v, and the kinds are %v", got, want)
	}
	w := new(Worker) // with no queue: to lease a row would panic
	if err := w.Ring(t.Context(), 1, "gift"); err != nil {
		t.Errorf("a ring of an unknown kind: %v", err)
	}
	if err := w.guarded(t.Context(), desk.Work{Kind: "gift"}); err == nil || !strings.Contains(err.Error(), `unknown kind "gift"`) {
		t.Errorf("a row of an unknown kind: %v", err)
	}
}
