package signer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/restante/restante/crypto/durable"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
)

// LogFile is what the log needs of its file; *os.File is one.
type LogFile interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
	Truncate(size int64) error
	Stat() (os.FileInfo, error)
	Close() error
}

// chain appends to the log. A write that finds no room is cut back to what was synced before, and the next one may succeed.
// After any other failure it appends no more: what the disk has is not known then, not even after a later sync that
// succeeds, and only reading the log from the start can tell. That is for the next process to do.
type chain struct {
	path   string
	file   LogFile
	now    func() time.Time
	n      int64
	sum    string
	size   int64 // bytes that are synced
	key    secret.Key
	sums   [][sha256.Size]byte // of every line, in order
	failed error
	ended  chan struct{} // closed when failed is set
}

// openChain opens the log at path, or makes it, durably, and shows every line to visit. It wants the mark known to be in it;
// only then an unfinished tail is cut off.
func openChain(path string, open func(path string) (LogFile, error), now func() time.Time, key secret.Key, known relay.LogMark,
	visit func(entry) error) (c *chain, cut int64, err error) {
	f, err := open(path)
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if err := durable.SyncDir(filepath.Dir(path)); err != nil {
		return nil, 0, err
	}
	c = &chain{path: path, file: f, now: now, key: key, ended: make(chan struct{})}
	end, err := scan(io.NewSectionReader(f, 0, math.MaxInt64), key, func(e entry) error {
		c.remember(e)
		return visit(e)
	})
	if err != nil {
		return nil, 0, err
	}
	c.n, c.sum, c.size = end.n, end.sum, end.size
	if err := c.holds(known); err != nil {
		return nil, 0, &LogError{err}
	}
	if end.torn > 0 {
		if err := f.Truncate(end.size); err != nil {
			return nil, 0, fmt.Errorf("cut the unfinished line off: %w", err)
		}
	}
	if end.naked {
		if _, err := f.WriteAt([]byte("\n"), end.size); err != nil {
			return nil, 0, fmt.Errorf("finish the last line: %w", err)
		}
		c.size++
	}
	// Whatever was read is on disk before anything is built on it: a process that was killed may have left lines in the
	// system's memory only.
	return c, end.torn, f.Sync()
}

func (c *chain) remember(e entry) {
	var sum [sha256.Size]byte
	_, _ = hex.Decode(sum[:], []byte(e.Sum)) // it is a hash that was just computed
	c.sums = append(c.sums, sum)
}

// errLacks is [relay.ErrContradiction] in the words of a log: the ledger has nothing to do with it.
var errLacks = relay.NewFault(relay.Internal, relay.ErrContradiction.Code, "The database contradicts the signer's log.", nil)

// holds wants the log to have a mark that the database knows of it.
func (c *chain) holds(known relay.LogMark) error {
	switch {
	case known.Lines > c.n:
		return fmt.Errorf("%w The log %s has %d lines, and the database knows %d: it was cut, or is an older copy",
			errLacks, c.path, c.n, known.Lines)
	case known.Lines > 0 && hex.EncodeToString(c.sums[known.Lines-1][:]) != known.Head:
		return fmt.Errorf("%w Line %d of the log %s has the hash %x, and the database knows %s: it was written anew, or belongs to another signer",
			errLacks, known.Lines, c.path, c.sums[known.Lines-1], known.Head)
	}
	return nil
}

func (c *chain) mark() relay.LogMark { return relay.LogMark{Lines: c.n, Head: c.sum} }

// append writes one line and returns when it is on disk. The fault "log_full" (Unavailable) says that there was no room for
// it and that the log is as it was; "log_failed" says that nothing can be signed before a new start.
func (c *chain) append(kind string, body any) (entry, error) {
	if err := c.intact(); err != nil {
		return entry{}, err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return entry{}, fmt.Errorf("line of kind %s: %v", kind, err)
	}
	at := c.now().UnixMicro()
	line, sum := formatLine(c.n+1, c.sum, at, kind, text, c.key)
	e := entry{N: c.n + 1, Prev: c.sum, At: at, Kind: kind, Body: text, Sum: sum, span: span{c.size, len(line)}}
	if _, err := c.file.WriteAt(append(line, '\n'), c.size); err != nil {
		return entry{}, c.cutBack(err)
	}
	if err := c.file.Sync(); err != nil {
		return entry{}, c.fail(fmt.Errorf("sync: %w", err))
	}
	c.n, c.sum, c.size = e.N, e.Sum, c.size+int64(len(line))+1
	c.remember(e)
	return e, nil
}

// intact wants the file at the log's path to be the one that is open, and as long as it was left.
func (c *chain) intact() error {
	if c.failed != nil {
		return unavailable("log_failed", fmt.Errorf("an earlier write failed: %w", c.failed))
	}
	held, err := c.file.Stat()
	if err != nil {
		return c.fail(err)
	}
	named, err := os.Stat(c.path)
	switch {
	case err != nil:
		return c.fail(fmt.Errorf("the log is gone: %w", err))
	case !os.SameFile(held, named):
		return c.fail(fmt.Errorf("%s is another file than the log that was opened", c.path))
	case held.Size() != c.size:
		return c.fail(fmt.Errorf("%s has %d bytes, and %d were written", c.path, held.Size(), c.size))
	}
	return nil
}

// cutBack takes back a line that could not be written whole. Only when there was no room, and the cut is on disk, is what
// the disk has known, and the log goes on.
func (c *chain) cutBack(cause error) error {
	if !noRoom(cause) {
		return c.fail(cause)
	}
	err := c.file.Truncate(c.size)
	if err == nil {
		err = c.file.Sync()
	}
	if err != nil {
		return c.fail(fmt.Errorf("cut back after %w: %w", cause, err))
	}
	return unavailable(errLogFull.Code, cause)
}

// fail ends the log for this process.
func (c *chain) fail(cause error) error {
	if c.failed == nil {
		c.failed = cause
		close(c.ended)
	}
	return unavailable("log_failed", cause)
}

// body reads the body of a line again, and says which line it is. It must be the one that was there when it was taken in:
// the file may have been touched since.
func (c *chain) body(s span, into any) (relay.LogMark, error) {
	altered := func(err error) (relay.LogMark, error) { return relay.LogMark{}, unavailable("log_altered", err) }
	line := make([]byte, s.size)
	if _, err := c.file.ReadAt(line, s.offset); err != nil {
		return relay.LogMark{}, unavailable("log_unreadable", err)
	}
	var at struct {
		N    int64           `json:"n"`
		Prev string          `json:"prev"`
		Body json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(line, &at); err != nil {
		return altered(err)
	}
	e, err := parseLine(line, at.N, at.Prev, c.key)
	if err != nil {
		return altered(err)
	}
	if e.N < 1 || e.N > c.n || hex.EncodeToString(c.sums[e.N-1][:]) != e.Sum {
		return altered(fmt.Errorf("line %d is another than the one that was read", e.N))
	}
	return relay.LogMark{Lines: e.N, Head: e.Sum}, strictly(at.Body, into)
}

func unavailable(code string, cause error) error {
	public := "The signer cannot answer just now."
	if code == "ledger_unavailable" {
		public = "The ledger does not answer just now."
	}
	return relay.NewFault(relay.Unavailable, code, public, cause)
}

// errLogFull: there was no room for a line, and the log is as it was.
var errLogFull = relay.NewFault(relay.Unavailable, "log_full", "", nil)
