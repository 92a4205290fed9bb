package simulate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
)

// trace takes in every step of a history. Its hash is the history's: two runs of one seed have the same.
type trace struct {
	sum   hash.Hash
	out   io.Writer // nil: only the hash is kept
	dir   string    // of the history's files: its name is the machine's, and is left out
	steps int
	story []string // what people did, what went wrong, what the ledger shows
}

func newTrace(out io.Writer) *trace { return &trace{sum: sha256.New(), out: out} }

func (t *trace) add(format string, args ...any) {
	t.steps++
	line := t.line(format, args...) + "\n"
	_, _ = io.WriteString(t.sum, line)
	if t.out != nil {
		_, _ = io.WriteString(t.out, line)
	}
}

func (t *trace) line(format string, args ...any) string {
	line := fmt.Sprintf(format, args...)
	if t.dir != "" {
		line = strings.ReplaceAll(line, t.dir, "DIR")
	}
	return line
}

// tell adds a step that people want to know.
func (t *trace) tell(format string, args ...any) {
	t.add(format, args...)
	t.story = append(t.story, t.line(format, args...))
}

func (t *trace) hash() string { return hex.EncodeToString(t.sum.Sum(nil)[:8]) }
