package simulate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
)

// trace takes in every step of a history. Its hash is the history's: two runs of one seed have the same.
type trace struct {
	sum   hash.Hash
	out   io.Writer // nil: only the hash is kept
	steps int
	story []string // what people did, what went wrong, what the ledger shows
}

func newTrace(out io.Writer) *trace { return &trace{sum: sha256.New(), out: out} }

func (t *trace) add(format string, args ...any) {
	t.steps++
	fmt.Fprintf(t.sum, format+"\n", args...)
	if t.out != nil {
		fmt.Fprintf(t.out, format+"\n", args...)
	}
}

// tell adds a step that people want to know.
func (t *trace) tell(format string, args ...any) {
	t.add(format, args...)
	t.story = append(t.story, fmt.Sprintf(format, args...))
}

func (t *trace) hash() string { return hex.EncodeToString(t.sum.Sum(nil)[:8]) }
