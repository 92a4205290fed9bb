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
	Close() error
}

// chain appends to the log. After a failure it appends no more: what the disk has is not known then, and only reading
// the log from the start can tell.
type chain struct {
	file   logFile
	n      int64
	sum    string
	size   int64
	failed error
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
	c = &chain{file: f, n: end.n, sum: end.sum, size: end.size}
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

// append writes one line and returns when it is on disk.
func (c *chain) append(kind string, body any) (entry, error) {
	if c.failed != nil {
		return entry{}, unavailable("log_failed", fmt.Errorf("an earlier write failed: %w", c.failed))
	}
	text, err := json.Marshal(body)
	if err != nil {
		return entry{}, fmt.Errorf("line of kind %s: %v", kind, err)
	}
	at := time.Now().UnixMicro()
	line, sum := formatLine(c.n+1, c.sum, at, kind, text)
	e := entry{N: c.n + 1, Prev: c.sum, At: at, Kind: kind, Body: text, Sum: sum, span: span{c.size, len(line)}}
	if _, err = c.file.WriteAt(append(line, '\n'), c.size); err == nil {
		err = c.file.Sync()
	}
	if err != nil {
		c.failed = err
		return entry{}, unavailable("log_failed", err)
	}
	c.n, c.sum, c.size = e.N, e.Sum, c.size+int64(len(line))+1
	return e, nil
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
