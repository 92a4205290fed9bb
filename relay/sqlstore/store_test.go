package sqlstore_test

import (
	"path/filepath"
	"testing"

	"github.com/restante/restante/crypto/field"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/sqlstore"
)

func newKeys(t testing.TB) *field.Keys {
	t.Helper()
	keys, err := field.Derive(secret.RandomKey())
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func open(t *testing.T, path string, keys sqlstore.Keys, opts ...sqlstore.Option) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), path, keys, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSQLite(t *testing.T) {
	relaytest.Store(t, func(t *testing.T) relaytest.Database {
		return open(t, filepath.Join(t.TempDir(), "a b?#%.db"), newKeys(t)) // a name that a careless URL would cut
	})
}
