package signer

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/restante/restante/relay"
)

// logFile is what the chain needs of its file.
type logFile interface {
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
	file   logFile
	n      int64
	sum    string
	size   int64 // bytes that are synced
	failed error
	ended  chan struct{} // closed when failed is set
}

// openChain opens the log at path, or makes it, durably, and shows every line to visit. An unfinished tail is cut off.
func openChain(path string, visit func(entry) error) (c *chain, cut int64, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, 0, err
	}
	end, err := scan(f, visit)
	if err != nil {
		return nil, 0, err
	}
	c = &chain{path: path, file: f, n: end.n, sum: end.sum, size: end.size, ended: make(chan struct{})}
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
	at := time.Now().UnixMicro()
	line, sum := formatLine(c.n+1, c.sum, at, kind, text)
	e := entry{N: c.n + 1, Prev: c.sum, At: at, Kind: kind, Body: text, Sum: sum, span: span{c.size, len(line)}}
	if _, err := c.file.WriteAt(append(line, '\n'), c.size); err != nil {
		return entry{}, c.cutBack(err)
	}
	if err := c.file.Sync(); err != nil {
		return entry{}, c.fail(fmt.Errorf("sync: %w", err))
	}
	c.n, c.sum, c.size = e.N, e.Sum, c.size+int64(len(line))+1
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
	return unavailable("log_full", cause)
}

// fail ends the log for this process.
func (c *chain) fail(cause error) error {
	if c.failed == nil {
		c.failed = cause
		close(c.ended)
	}
	return unavailable("log_failed", cause)
}

// body reads the body of a line again. Its hash is checked: the file may have been touched since the start.
func (c *chain) body(s span, into any) error {
	line := make([]byte, s.size)
	if _, err := c.file.ReadAt(line, s.offset); err != nil {
		return unavailable("log_unreadable", err)
	}
	var at struct {
		N    int64           `json:"n"`
		Prev string          `json:"prev"`
		Body json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(line, &at); err != nil {
		return unavailable("log_altered", err)
	}
	if _, err := parseLine(line, at.N, at.Prev); err != nil {
		return unavailable("log_altered", err)
	}
	return strictly(at.Body, into)
}

func unavailable(code string, cause error) error {
	return relay.NewFault(relay.Unavailable, code, "The signer cannot answer just now.", cause)
}
