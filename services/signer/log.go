package signer

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// A line of the log is
//
//	{"n":N,"prev":"HASH","at":MICROS,"kind":"WORD","body":{…},"sha256":"HASH"}
//
// in one canonical spelling: n counts from 1, prev is the sha256 of the line before (zeros at the first), and sha256 is
// over the bytes of the line before `,"sha256"`. at is the machine's clock, for people; nothing is judged by it.

// noLine is what the first line has for the hash of the line before it.
var noLine = strings.Repeat("0", 2*sha256.Size)

// entry is one line, read or written.
type entry struct {
	N    int64
	Prev string
	At   int64
	Kind string
	Body json.RawMessage
	Sum  string
	span span
}

// span is where a line is in the file, without its line end.
type span struct {
	offset int64
	size   int
}

const (
	sumField = `,"sha256":"`
	sumSize  = len(sumField) + 2*sha256.Size + len(`"}`)
)

func header(n int64, prev string) string {
	return `{"n":` + strconv.FormatInt(n, 10) + `,"prev":"` + prev + `","at":`
}

func formatLine(n int64, prev string, at int64, kind string, body []byte) (line []byte, sum string) {
	line = append(line, header(n, prev)...)
	line = strconv.AppendInt(line, at, 10)
	line = append(line, `,"kind":"`+kind+`","body":`...)
	line = append(line, body...)
	sum = hashOf(line)
	return append(line, sumField+sum+`"}`...), sum
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// parseLine reads a line that must be number n after a line with hash prev.
func parseLine(line []byte, n int64, prev string) (entry, error) {
	if len(line) <= sumSize || !strings.HasPrefix(string(line[len(line)-sumSize:]), sumField) {
		return entry{}, errors.New("not a line of this log")
	}
	sum := hashOf(line[:len(line)-sumSize])
	if want := sumField + sum + `"}`; string(line[len(line)-sumSize:]) != want {
		return entry{}, errors.New("its hash is wrong: it was altered")
	}
	var w struct {
		N      int64           `json:"n"`
		Prev   string          `json:"prev"`
		At     int64           `json:"at"`
		Kind   string          `json:"kind"`
		Body   json.RawMessage `json:"body"`
		SHA256 string          `json:"sha256"`
	}
	if err := strictly(line, &w); err != nil {
		return entry{}, err
	}
	if w.N != n || w.Prev != prev {
		return entry{}, errors.New("it does not follow the line before it: lines were removed, added or moved")
	}
	if again, _ := formatLine(w.N, w.Prev, w.At, w.Kind, w.Body); !bytes.Equal(again, line) {
		return entry{}, errors.New("it is not in its canonical spelling")
	}
	return entry{N: w.N, Prev: w.Prev, At: w.At, Kind: w.Kind, Body: w.Body, Sum: sum}, nil
}

// strictly decodes one JSON value with no unknown field and nothing after it.
func strictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("not readable: %v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("not readable: more than one value")
	}
	return nil
}

// ending is how a log ends.
type ending struct {
	n     int64  // lines
	sum   string // hash of the last
	size  int64  // bytes up to the end of the last line, its line end included
	torn  int64  // bytes behind it that are the beginning of a line that was never finished
	naked bool   // the last line lacks its line end
}

// scan reads a log to its end and gives every line to visit. An unfinished line at the very end is what a crash in the
// middle of a write leaves: its signature never left, so it is no fault. Anything else that is not the next line is.
func scan(r io.Reader, visit func(entry) error) (ending, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	end := ending{sum: noLine}
	for {
		line, err := in.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return end, fmt.Errorf("read the log: %w", err)
		}
		last := err == io.EOF
		if last && len(line) == 0 {
			return end, nil
		}
		if last && torn(line, header(end.n+1, end.sum)) {
			end.torn = int64(len(line))
			return end, nil
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		e, err := parseLine(line, end.n+1, end.sum)
		if err != nil {
			return end, fmt.Errorf("line %d of the log: %v", end.n+1, err)
		}
		e.span = span{end.size, len(line)}
		if visit != nil {
			if err := visit(e); err != nil {
				return end, fmt.Errorf("line %d of the log: %w", e.N, err)
			}
		}
		end.n, end.sum, end.size = e.N, e.Sum, end.size+int64(len(line))+1
		if last {
			end.naked, end.size = true, end.size-1
			return end, nil
		}
	}
}

// torn says that a tail without line end is the beginning of the line that would have come next, perhaps with zeros
// where blocks were never written, and not a whole line that somebody altered.
func torn(tail []byte, header string) bool {
	text := strings.TrimRight(string(tail), "\x00")
	if len(text) <= len(header) {
		return strings.HasPrefix(header, text)
	}
	if !strings.HasPrefix(text, header) {
		return false
	}
	whole := len(text) > sumSize && strings.HasPrefix(text[len(text)-sumSize:], sumField) && strings.HasSuffix(text, `"}`)
	return !whole
}

// LogReport is what VerifyLog found.
type LogReport struct {
	Lines int64
	Head  string // sha256 of the last line: keep it elsewhere to notice a log that was cut
	Torn  int64  // bytes of an unfinished last line; the signer cuts them off when it starts
}

// VerifyLog reads a signer's log and checks every line and the chain. It changes nothing. The error names the first line
// at fault.
func VerifyLog(path string) (LogReport, error) {
	f, err := os.Open(path)
	if err != nil {
		return LogReport{}, err
	}
	defer f.Close()
	end, err := scan(f, newBook().apply)
	return LogReport{Lines: end.n, Head: end.sum, Torn: end.torn}, err
}
