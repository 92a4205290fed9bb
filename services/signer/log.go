package signer

import (
	"bufio"
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
)

// A line of the log is
//
//	{"n":N,"prev":"HASH","at":MICROS,"kind":"WORD","body":{…},"mac":"HASH","sha256":"HASH"}
//
// in one canonical spelling: n counts from 1, prev is the sha256 of the line before (zeros at the first), mac is an
// HMAC-SHA256 of the bytes of the line before `,"mac"` under a key that is derived from the key-encryption key, and sha256
// is over the bytes before `,"sha256"`. at is the machine's clock, for people; nothing is judged by it.
//
// So a line says, through prev, what all lines before it are, and only the holder of the key can write it. Logs that were
// begun by older programs have lines without mac, first; after one with mac there is none without.

// noLine is what the first line has for the hash of the line before it.
var noLine = strings.Repeat("0", 2*sha256.Size)

// entry is one line, read or written.
type entry struct {
	N    int64
	Prev string
	At   int64
	Kind string
	Body json.RawMessage
	MAC  string // "" in lines of older programs
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

// formatLine spells a line, and its hash. Without a key it has no mac.
func formatLine(n int64, prev string, at int64, kind string, body []byte, key secret.Key) (line []byte, sum string) {
	line = unfinished(n, prev, at, kind, body)
	return finish(line, macOf(key, line))
}

func unfinished(n int64, prev string, at int64, kind string, body []byte) (line []byte) {
	line = append(line, header(n, prev)...)
	line = strconv.AppendInt(line, at, 10)
	line = append(line, `,"kind":"`+kind+`","body":`...)
	return append(line, body...)
}

func finish(line []byte, mac string) (whole []byte, sum string) {
	if mac != "" {
		line = append(line, `,"mac":"`+mac+`"`...)
	}
	sum = hashOf(line)
	return append(line, sumField+sum+`"}`...), sum
}

// macOf is "" without a key.
func macOf(key secret.Key, line []byte) string {
	if key.IsZero() {
		return ""
	}
	h := hmac.New(sha256.New, key.Reveal())
	h.Write(line)
	return hex.EncodeToString(h.Sum(nil))
}

// logKey is the key of the macs.
func logKey(kek secret.Key) (secret.Key, error) {
	raw, err := hkdf.Key(sha256.New, kek.Reveal(), nil, "restante/v1/signer/log", secret.KeySize)
	if err != nil {
		return secret.Key{}, err
	}
	defer clear(raw)
	return secret.NewKey(raw)
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// parseLine reads a line that must be number n after a line with hash prev. A mac is checked when there is a key.
func parseLine(line []byte, n int64, prev string, key secret.Key) (entry, error) {
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
		MAC    string          `json:"mac"`
		SHA256 string          `json:"sha256"`
	}
	if err := strictly(line, &w); err != nil {
		return entry{}, err
	}
	if w.N != n || w.Prev != prev {
		return entry{}, errors.New("it does not follow the line before it: lines were removed, added or moved")
	}
	start := unfinished(w.N, w.Prev, w.At, w.Kind, w.Body)
	if again, _ := finish(bytes.Clone(start), w.MAC); !bytes.Equal(again, line) {
		return entry{}, errors.New("it is not in its canonical spelling")
	}
	if w.MAC != "" && !key.IsZero() && !hmac.Equal([]byte(w.MAC), []byte(macOf(key, start))) {
		return entry{}, errors.New("it was not written by this signer: it was forged, or the key-encryption key is another")
	}
	return entry{N: w.N, Prev: w.Prev, At: w.At, Kind: w.Kind, Body: w.Body, MAC: w.MAC, Sum: sum}, nil
}

// strictly decodes one JSON value with no unknown field and nothing after it.
func strictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("not readable: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("not readable: more than one value")
	}
	return nil
}

// ending is how a log ends.
type ending struct {
	n     int64  // lines
	keyed int64  // of them with a mac
	sum   string // hash of the last
	size  int64  // bytes up to the end of the last line, its line end included
	torn  int64  // bytes behind it that are the beginning of a line that was never finished
	naked bool   // the last line lacks its line end
}

// LogError says that a log does not hold, or lacks what the database knows of it. Another try does not help; [LogRemedy] does.
type LogError struct{ error }

func (e *LogError) Unwrap() error { return e.error }

// LogRemedy is the rest of a sentence: what an operator does about a log that does not hold, of which the database knows so many lines.
func LogRemedy(known int64) string {
	return fmt.Sprintf("keep a copy of the whole directory as it is. A signer does not start on this log. Put the newer signer directory back, one whose "+
		"log has all %d lines which the database knows, and check that with \"restante audit verify\"; an older copy has forgotten what was "+
		"signed since, and is refused", known)
}

// scan reads a log to its end and gives every line to visit. An unfinished line at the very end is what a crash in the
// middle of a write leaves: its signature never left, so it is no fault. Anything else that is not the next line is.
func scan(r io.Reader, key secret.Key, visit func(entry) error) (ending, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	end := ending{sum: noLine}
	for {
		line, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return end, fmt.Errorf("read the log: %w", err)
		}
		last := errors.Is(err, io.EOF)
		if last && len(line) == 0 {
			return end, nil
		}
		if last && torn(line, header(end.n+1, end.sum)) {
			end.torn = int64(len(line))
			return end, nil
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		e, err := parseLine(line, end.n+1, end.sum, key)
		if err == nil && e.MAC == "" && end.keyed > 0 {
			err = errors.New("it has no mac, and a line before it has one: it was not written by this signer")
		}
		if err != nil {
			return end, &LogError{fmt.Errorf("line %d of the log: %v", end.n+1, err)}
		}
		e.span = span{end.size, len(line)}
		if visit != nil {
			if err := visit(e); err != nil {
				return end, fmt.Errorf("line %d of the log: %w", e.N, err)
			}
		}
		end.n, end.sum, end.size = e.N, e.Sum, end.size+int64(len(line))+1
		if e.MAC != "" {
			end.keyed++
		}
		if last {
			end.naked, end.size = true, end.size-1
			return end, nil
		}
	}
}

// torn says that a tail without line end is the beginning of the line that would have come next, perhaps with zeros
// where blocks were never written, and not a whole line that was altered.
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

// LogReport is what [VerifyLog] found.
type LogReport struct {
	Path  string
	Lines int64  // that hold, from the first on
	Head  string // sha256 of the last of them; the database remembers it
	Keyed int64  // lines with a mac: only the signer, who has the key, can check those
	Torn  int64  // bytes of a last line that is not whole: the signer is writing it, or cuts it off when it starts
}

// VerifyLog reads the log of the signer in the data directory dir and checks every line, the chain, and that it has the mark that is
// known of it (the zero mark: none is). It changes nothing and takes no lock, so a signer may be running; a mark that the database
// knew before is in its log. It does not check the macs, which want the key. The error names the first line at fault.
func VerifyLog(dir string, known relay.LogMark) (LogReport, error) {
	report := LogReport{Path: Config{Dir: dir}.logPath()}
	f, err := os.Open(report.Path)
	if err != nil {
		return report, err
	}
	defer f.Close()
	book := newBook()
	end, err := scan(f, secret.Key{}, func(e entry) error {
		if e.N == known.Lines && e.Sum != known.Head {
			return fmt.Errorf("its hash is %s, and the database knows %s: it was written anew, or belongs to another signer", e.Sum, known.Head)
		}
		return book.apply(e)
	})
	report.Lines, report.Head, report.Keyed, report.Torn = end.n, end.sum, end.keyed, end.torn
	if err == nil && known.Lines > end.n {
		err = fmt.Errorf("line %d of the log: it is missing, and the database knows %d lines: the log was cut, or is an older copy", end.n+1, known.Lines)
	}
	return report, err
}
