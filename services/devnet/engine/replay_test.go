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
// results, entries after each ledger and refusals must be the recorded bytes. Those of the repository are always replayed; the
// whole of those that were cut for it, where they lie beside the checkout.
var recordings = []struct {
	name, dir         string
	results, refusals int
}{
	{"coverage-a", kept, 934, 215},
	{"random-1", kept, 1979, 352},
	{"random-2", kept, 1820, 295},
	{"random-1", beside, 8116, 1540},
	{"random-2", beside, 7202, 1214},
}

const (
	kept   = "../testdata/recordings"
	beside = "../../../../shared/vectors"
)

// TestReplay also asks for what a recording shows beyond results and entries: the order, the lists of changes and the headers; and
// for the invariants after every ledger.
func TestReplay(t *testing.T) {
	for _, rec := range recordings {
		t.Run(filepath.Base(rec.dir)+"/"+rec.name, func(t *testing.T) {
			t.Parallel()
			if _, err := os.Stat(rec.dir); rec.dir == beside && err != nil {
				t.Skip("the whole recording is not here")
			}
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
			replay(t, r, filepath.Join(rec.dir, rec.name))
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
