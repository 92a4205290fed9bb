package sqlstore_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/sqlstore"
)

// BenchmarkCommit is one step of a payment, committed: its row, a line of history and work.
func BenchmarkCommit(b *testing.B) {
	s, err := sqlstore.Open(b.Context(), filepath.Join(b.TempDir(), "r.db"), newKeys(b))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	d := &desk.Desk{Store: s, Network: relaytest.Network, Now: time.Now}
	p := relaytest.Payment("app_one", 1)
	err = s.UpdateMany(b.Context(), nil, func(tx desk.Tx, _ []relay.Payment) error {
		if err := tx.InsertApp(relaytest.App("one")); err != nil {
			return err
		}
		return tx.InsertPayment(p)
	})
	if err != nil {
		b.Fatal(err)
	}
	to := []relay.Handle{{Kind: "email", Value: "ana@example.com"}, {Kind: "email", Value: "bo@example.com"}}
	for n := 0; b.Loop(); n++ {
		if _, err := d.Apply(b.Context(), p.ID, relay.Readdressed{To: to[n%2]}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLookForWork is one look of a sweeper that finds nothing, as each process makes several a second.
func BenchmarkLookForWork(b *testing.B) {
	s, err := sqlstore.Open(b.Context(), filepath.Join(b.TempDir(), "r.db"), newKeys(b))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for b.Loop() {
		if rows, err := s.Lease(b.Context(), 1, 2, 4, relay.KindsDueBy(relay.ServiceClock)...); err != nil || len(rows) > 0 {
			b.Fatal(rows, err)
		}
	}
}
