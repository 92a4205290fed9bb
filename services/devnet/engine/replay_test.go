package engine_test

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/restante/restante/services/devnet/verify"
)

// The recordings are ledgers of a real stellar-core; their README says how they were made. Every number here is all there is:
// results, entries after each ledger and refusals must be the recorded bytes.
var recordings = []struct {
	name              string
	results, refusals int
}{
	{"coverage-a", 934, 215},
	{"random-1", 8116, 1540},
	{"random-2", 7202, 1214},
}

func vectors(t *testing.T) string {
	dir, err := os.Getwd()
	for err == nil && dir != "/" {
		if _, statErr := os.Stat(filepath.Join(dir, "go.mod")); statErr == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", "vectors")
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("RESTANTE_REQUIRE_SERVICES") == "1" {
			t.Fatalf("the recordings are missing: %v", err)
		}
		t.Skip("the recordings are not here")
	}
	return path
}

// TestReplay also asks for what a recording shows beyond results and entries: the order, the lists of changes and the headers; and
// for the invariants after every ledger.
func TestReplay(t *testing.T) {
	dir := vectors(t)
	for _, rec := range recordings {
		t.Run(rec.name, func(t *testing.T) {
			t.Parallel()
			r, err := verify.New(verify.Passphrase)
			if err != nil {
				t.Fatal(err)
			}
			shown := 0
			r.Differ = func(d verify.Difference) {
				if shown++; shown <= 5 {
					t.Logf("%.4000s", d)
				}
			}
			replay(t, r, filepath.Join(dir, rec.name))
			t.Logf("%+v", r.Counts)
			for name, c := range map[string]verify.Count{"results": r.Results, "entries": r.Entries, "refusals": r.Refusals,
				"changes": r.Changes, "orders": r.Orders, "headers": r.Headers} {
				if c.Same != c.All || c.All == 0 {
					t.Errorf("%s: %d of %d", name, c.Same, c.All)
				}
			}
			if r.Results.All != rec.results || r.Refusals.All != rec.refusals {
				t.Error("not the whole recording")
			}
		})
	}
}

func replay(t *testing.T, r *verify.Replay, path string) {
	refused, err := verify.Refusals(unzip(t, path+".rejected.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for ledgers := unzip(t, path+".xdr.gz"); ; {
		for _, x := range refused[uint32(r.State().Header().LedgerSeq)] {
			r.Refuse(x)
		}
		lcm, err := verify.ReadFrame(ledgers)
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = r.Ledger(lcm)
		}
		if err != nil {
			t.Fatal(err)
		}
		checkInvariants(t, r.State())
	}
}

func unzip(t *testing.T, path string) io.Reader {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
