package signer

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
)

// refuses wants Open to fail, saying word.
func (r *fixture) refuses(word string, when ...string) {
	r.t.Helper()
	s, err := Open(r.t.Context(), r.cfg)
	if err == nil {
		s.Close()
		r.t.Errorf("%v: started; want an error with %q", when, word)
	} else if !strings.Contains(err.Error(), word) {
		r.t.Errorf("%v: refused with %v, want %q", when, err, word)
	}
}

func (r *fixture) readLog() []byte {
	r.t.Helper()
	b, err := os.ReadFile(r.cfg.logPath())
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

func (r *fixture) writeLog(b []byte) {
	r.t.Helper()
	if err := os.WriteFile(r.cfg.logPath(), b, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// Every byte of the log counts: one changed anywhere is noticed at start and by VerifyLog.
func TestTamperedLog(t *testing.T) {
	r := newFixture(t)
	a := r.fund(r.intent(payment()))
	r.fund(r.intent(payment()))
	if _, err := r.s.Bump(t.Context(), a.Envelope.Hash, nil, relay.One); err != nil {
		t.Fatal(err)
	}
	r.s.Close()
	good := r.readLog()
	for at := 0; at < len(good); at += 1 + len(good)/400 {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		r.writeLog(bad)
		if _, err := VerifyLog(r.cfg.Dir, relay.LogMark{}); err == nil {
			t.Fatalf("byte %d of %d can be changed", at, len(good))
		}
	}
	lines := bytes.SplitAfter(good, []byte("\n"))
	join := func(l ...[]byte) []byte { return bytes.Join(l, nil) }
	other := newFixture(t)
	elsewhere := bytes.SplitAfter(other.readLog(), []byte("\n"))
	n := len(lines) - 2 // the last line; behind it SplitAfter leaves an empty one
	for name, c := range map[string]struct {
		log  []byte
		word string
	}{
		"line removed":     {join(join(lines[:3]...), join(lines[4:]...)), "does not follow"},
		"line doubled":     {join(good, lines[n]), "does not follow"},
		"lines swapped":    {join(join(lines[:n-1]...), lines[n], lines[n-1]), "does not follow"},
		"another's line":   {join(join(lines[:3]...), elsewhere[3], join(lines[4:]...)), "does not follow"},
		"first line gone":  {join(lines[1:]...), "does not follow"},
		"empty line":       {join(good, []byte("\n")), "not a line"},
		"junk at the end":  {join(good, []byte("junk")), "not a line"},
		"amount edited":    {bytes.Replace(good, []byte(`"amount":250000000`), []byte(`"amount":150000000`), 1), "was altered"},
		"last line edited": {bytes.Replace(good, []byte(`"kind":"bump"`), []byte(`"kind":"bumb"`), 1), "was altered"},
		"edited, no end":   {bytes.TrimSuffix(bytes.Replace(good, []byte(`"fee":`), []byte(`"fe3":`), 1), []byte("\n")), "was altered"},
		"space added":      {bytes.Replace(good, []byte(`{"n":`), []byte(`{ "n":`), 1), "was altered"},
		"nothing left":     {nil, "it was lost"},
	} {
		r.writeLog(c.log)
		r.refuses(c.word, name)
	}
	if err := os.Remove(r.cfg.logPath()); err != nil {
		t.Fatal(err)
	}
	r.refuses("it was lost")
	r.writeLog(good)
	r.cfg.Passphrase = "another"
	r.refuses("another network")
	r.cfg.Passphrase = passphrase
	r.open()
}

// A line that says something impossible is refused even when its hash is right.
func TestLogThatMakesNoSense(t *testing.T) {
	for name, c := range map[string]struct {
		kind, body string
	}{
		"second begin":      {beginKind, `{"v":1,"network":"x"}`},
		"unknown kind":      {"gift", `{}`},
		"unknown field":     {bumpKind, `{"hash":"a","outer":"b","fee":1,"x":1}`},
		"second sponsor":    {keyKind, `{"role":"sponsor","account":"GX"}`},
		"fate of nothing":   {fateKind, `{"hash":"a","fate":"landed"}`},
		"claim of nothing":  {claimKind, `{"payment":"p","holding":"G","envelope":{}}`},
		"role of the devil": {keyKind, `{"role":"root","account":"GX"}`},
	} {
		r := newFixture(t)
		r.s.Close()
		line, _ := formatLine(r.s.log.n+1, r.s.log.sum, 1, c.kind, []byte(c.body), r.logKey())
		r.writeLog(append(append(r.readLog(), line...), '\n'))
		if _, err := VerifyLog(r.cfg.Dir, relay.LogMark{}); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// A crash in the middle of a write leaves the beginning of a line. Wherever it was cut, the signer starts, its log is
// whole again, and what was not answered is as if never asked.
func TestTornTail(t *testing.T) {
	r := newFixture(t)
	kept := r.fund(r.intent(payment()))
	before := r.readLog()
	in := r.intent(payment())
	lost := r.fund(in)
	r.s.Close()
	whole := r.readLog()
	line := whole[len(before) : len(whole)-1]
	for _, cut := range []int{1, 5, 40, 90, 200, len(line) / 2, len(line) - 80, len(line) - 70, len(line) - 1} {
		torn := append(bytes.Clone(before), line[:cut]...)
		for _, zeros := range []int{0, 4096} {
			r.writeLog(append(bytes.Clone(torn), make([]byte, zeros)...))
			if report, err := VerifyLog(r.cfg.Dir, relay.LogMark{}); err != nil || report.Torn != int64(cut+zeros) {
				t.Fatalf("cut at %d: %+v %v", cut, report, err)
			}
			r.open()
			if !bytes.Equal(r.readLog(), before) {
				t.Fatalf("cut at %d: not what was there before", cut)
			}
			r.s.Close()
		}
	}
	r.open()
	if text(t, r.fund(r.intent(kept.Minted[0].Payment))) != text(t, kept) {
		t.Error("the line before the torn one is lost")
	}
	if r.fund(in).Envelope.Hash == lost.Envelope.Hash {
		t.Error("the torn line was taken in")
	}
	// Only the line end is missing: the line is whole, so it counts.
	whole = r.readLog()
	r.s.Close()
	r.writeLog(whole[:len(whole)-1])
	r.open()
	if !bytes.Equal(r.readLog(), whole) {
		t.Error("a whole line without its end is not finished")
	}
	r.fund(r.intent(payment())) // the next line begins on a line of its own
	r.reopen()
}

// Cut anywhere in the very first start, the next start begins again.
func TestTornBeginning(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	first, _, _ := bytes.Cut(r.readLog(), []byte("\n"))
	for cut := range len(first) {
		r.cfg.Dir = t.TempDir()
		if err := os.MkdirAll(r.cfg.home(), 0o700); err != nil {
			t.Fatal(err)
		}
		r.writeLog(first[:cut])
		if cut%29 == 0 {
			r.open()
			r.s.Close()
		} else if report, err := VerifyLog(r.cfg.Dir, relay.LogMark{}); err != nil || report.Torn != int64(cut) {
			t.Fatalf("cut at %d: %+v %v", cut, report, err)
		}
	}
}

// Killed between the write and the answer: the log has the signature, so it is the first answer.
func TestKilledBeforeTheAnswer(t *testing.T) {
	r := newFixture(t)
	in := r.intent(payment())
	disk := &flaky{File: r.s.log.file.(*os.File), failSync: true}
	r.s.log.file = disk
	if a, err := r.s.Fund(t.Context(), in); relay.CodeOf(err) != "log_failed" || a.Envelope.XDR != nil || len(a.Minted) > 0 {
		t.Fatalf("an answer left before the log had it: %v", err)
	}
	disk.failSync = false
	for _, try := range []func() error{
		func() error { _, err := r.s.Fund(t.Context(), in); return err },
		func() error { _, err := r.s.Fund(t.Context(), r.intent(payment())); return err },
		func() error { _, err := r.s.Treasury(t.Context(), "app_new"); return err },
	} {
		if err := try(); relay.CodeOf(err) != "log_failed" {
			t.Errorf("went on after a failed write: %v", err)
		}
	}
	r.reopen()
	first := r.fund(in)
	if r.lines() != r.s.log.n || r.s.book.fundings[first.Envelope.Hash] == nil || len(r.s.book.fundings) != 1 {
		t.Error("the funding in the log is not the one answered")
	}
}

// Killed in the middle of the write: there is no whole line, so a new funding is made, and only one.
func TestKilledInTheWrite(t *testing.T) {
	r := newFixture(t)
	in := r.intent(payment())
	r.s.log.file = &flaky{File: r.s.log.file.(*os.File), failWrite: true}
	if _, err := r.s.Fund(t.Context(), in); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	r.reopen()
	r.fund(in)
	if len(r.s.book.fundings) != 1 {
		t.Error("two fundings")
	}
}

// A fate that could not be written down is not acted on.
func TestFateIsWrittenFirst(t *testing.T) {
	r := newFixture(t)
	id := payment()
	first := r.fund(r.intent(id))
	r.view.verdicts[first.Envelope.Hash] = relay.CannotLand
	r.s.log.file = &flaky{File: r.s.log.file.(*os.File), failWrite: true}
	if _, err := r.s.Fund(t.Context(), r.intent(id)); relay.CodeOf(err) != "log_failed" {
		t.Error(err)
	}
	r.view.verdicts[first.Envelope.Hash] = relay.Inconclusive
	r.reopen()
	if text(t, r.fund(r.intent(id))) != text(t, first) {
		t.Error("a finding that was never on disk was acted on")
	}
}

// Bumps and claims, too, are on disk before a signature leaves.
func TestNothingLeavesUnlogged(t *testing.T) {
	r := newFixture(t)
	a := r.fund(r.intent(payment()))
	r.s.log.file = &flaky{File: r.s.log.file.(*os.File), failSync: true}
	if raw, err := r.s.Bump(t.Context(), a.Envelope.Hash, nil, relay.One); relay.CodeOf(err) != "log_failed" || raw != nil {
		t.Error(err)
	}
	r.reopen()
	r.s.log.file = &flaky{File: r.s.log.file.(*os.File), failSync: true}
	if e, err := r.s.Claim(t.Context(), r.claimIntent(a.Minted[0], r.channel)); relay.CodeOf(err) != "log_failed" || e.XDR != nil {
		t.Error(err)
	}
}

// A key of which the line is missing was never given out; a key of which the line is there can sign.
func TestKilledWhileAKeyIsMade(t *testing.T) {
	for _, disk := range []flaky{{failWrite: true}, {failSync: true}} {
		r := newFixture(t)
		disk.File = r.s.log.file.(*os.File)
		r.s.log.file = &disk
		if account, err := r.s.Treasury(t.Context(), "app_new"); relay.CodeOf(err) != "log_failed" || account != "" {
			t.Errorf("told %q: %v", account, err)
		}
		r.reopen()
		account, err := r.s.Treasury(t.Context(), "app_new")
		if _, known := r.s.keys.seeds[account]; err != nil || !known {
			t.Errorf("no key of %q: %v", account, err)
		}
	}
}

func TestSecondSigner(t *testing.T) {
	r := newFixture(t)
	r.refuses("another signer")
	r.s.Close()
	if _, err := r.s.Treasury(t.Context(), r.app); relay.CodeOf(err) != "closed" {
		t.Errorf("answers when closed: %v", err)
	}
	if err := r.s.Close(); err != nil {
		t.Error(err)
	}
	r.open()
}

func TestVerifyLogTellsTheHead(t *testing.T) {
	r := newFixture(t)
	report, err := VerifyLog(r.cfg.Dir, relay.LogMark{})
	if err != nil || report.Head != r.s.log.sum || report.Lines != 7 { // begin, sponsor, 4 channels, treasury
		t.Errorf("%+v, %v", report, err)
	}
	if _, err := VerifyLog(filepath.Join(r.cfg.Dir, "nothing"), relay.LogMark{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// VerifyLog wants the mark that is known of a log: a log that is whole may be an older copy, or another's.
func TestVerifyLogWantsTheMark(t *testing.T) {
	r := newFixture(t)
	third := r.s.log.sums[2]
	for name, c := range map[string]struct {
		known relay.LogMark
		holds int64  // lines
		want  string // of the error
	}{
		"none":      {relay.LogMark{}, 7, ""},
		"the last":  {r.s.log.mark(), 7, ""},
		"an older":  {relay.LogMark{Lines: 3, Head: hex.EncodeToString(third[:])}, 7, ""},
		"another":   {relay.LogMark{Lines: 3, Head: r.s.log.sum}, 2, "line 3 of the log: its hash is "},
		"a later":   {relay.LogMark{Lines: 9, Head: r.s.log.sum}, 7, "line 8 of the log: it is missing"},
		"last, not": {relay.LogMark{Lines: 7, Head: noLine}, 6, "line 7 of the log: its hash is "},
	} {
		report, err := VerifyLog(r.cfg.Dir, c.known)
		if report.Lines != c.holds || (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
}

// Whatever scan accepts, it accepts line by line in the one spelling that formatLine writes.
func FuzzScan(f *testing.F) {
	one, sum := formatLine(1, noLine, 5, beginKind, []byte(`{"v":1,"network":"x"}`), secret.Key{})
	two, _ := formatLine(2, sum, 6, keyKind, []byte(`{"role":"sponsor","account":"GX"}`), secret.Key{})
	all := append(append(append(bytes.Clone(one), '\n'), two...), '\n')
	f.Add(all)
	f.Add(all[:len(all)-1])
	f.Add(all[:len(all)-30])
	f.Add(append(bytes.Clone(one), "\n{\"n\":2,\x00\x00"...))
	keyed, _ := formatLine(1, noLine, 5, beginKind, []byte(`{"v":1,"network":"x"}`), secret.RandomKey())
	f.Add(append(keyed, '\n'))
	f.Fuzz(func(t *testing.T, log []byte) {
		var again []byte
		end, err := scan(bytes.NewReader(log), secret.Key{}, func(e entry) error {
			line, sum := finish(unfinished(e.N, e.Prev, e.At, e.Kind, e.Body), e.MAC)
			if sum != e.Sum || e.span.offset != int64(len(again)) || e.span.size != len(line) {
				t.Errorf("line %d is elsewhere", e.N)
			}
			again = append(append(again, line...), '\n')
			return newBook().apply(e)
		})
		if err != nil {
			return
		}
		if end.naked {
			again = again[:len(again)-1]
		}
		if !bytes.Equal(again, log[:end.size]) || end.size+end.torn != int64(len(log)) {
			t.Errorf("accepted what it would not write: %+v", end)
		}
	})
}
