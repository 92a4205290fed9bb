package sqlstore_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// TestFullDatabaseSaysSo: no room is a fault of its own, for a write and for readiness, and ends when there is room again.
func TestFullDatabaseSaysSo(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "r.db"), newKeys(t))
	if err := s.Writable(t.Context()); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 1<<20)
	halt := func(tx desk.Tx, _ []relay.Payment) error { return tx.Halt(relay.Halt{Why: long}) }
	s.MostPages(t, 1)
	if err := s.UpdateMany(t.Context(), nil, halt); relay.CodeOf(err) != "storage_full" || relay.KindOf(err) != relay.Unavailable {
		t.Errorf("a write without room: %v", err)
	}
	s.MostPages(t, 1<<30)
	if err := s.UpdateMany(t.Context(), nil, halt); err != nil {
		t.Errorf("after there is room again: %v", err)
	}
	if err := s.Writable(t.Context()); err != nil {
		t.Error(err)
	}
}
