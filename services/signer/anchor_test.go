package signer

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/restante/restante/crypto/field"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
)

// asOlder makes the directory of a closed signer what a program without macs would have left: lines and key files of
// version 1. The key files of the accounts in newer stay as they are.
func (r *fixture) asOlder(newer ...string) {
	r.t.Helper()
	kek, err := field.LoadRoot(r.cfg.ownKEK())
	if err != nil {
		r.t.Fatal(err)
	}
	ring := newKeyring(r.cfg.keyDir(), kek)
	var log []byte
	last := noLine
	for n, text := range bytes.Split(bytes.TrimSuffix(r.readLog(), []byte("\n")), []byte("\n")) {
		var e struct {
			At   int64
			Kind string
			Body json.RawMessage
		}
		if err := json.Unmarshal(text, &e); err != nil {
			r.t.Fatal(err)
		}
		line, sum := formatLine(int64(n+1), last, e.At, e.Kind, e.Body, secret.Key{})
		log, last = append(append(log, line...), '\n'), sum
		var l keyLine
		if e.Kind != keyKind || json.Unmarshal(e.Body, &l) != nil || slices.Contains(newer, l.Account) {
			continue
		}
		if err := ring.Load(l.Role, l.Account, true); err != nil {
			r.t.Fatal(err)
		}
		r.sealAsV1(ring, l)
	}
	r.writeLog(log)
}

func (r *fixture) sealAsV1(ring *Keyring, l keyLine) {
	r.t.Helper()
	f := keyFile{V: 1, Role: l.Role, Account: l.Account}
	dek := secret.RandomKey()
	var err [3]error
	f.Seed, err[0] = encrypt(dek, ring.seeds[l.Account].Reveal(), []byte("restante/v1/signer/seed\x00"+l.Role+"\x00"+l.Account))
	f.DEK, err[1] = encrypt(ring.kek, dek.Reveal(), []byte("restante/v1/signer/dek\x00"+l.Role+"\x00"+l.Account))
	err[2] = os.WriteFile(ring.path(l.Account), []byte(text(r.t, f)), 0o600)
	if err := errors.Join(err[:]...); err != nil {
		r.t.Fatal(err)
	}
}

// A log of an older program is read, and goes on with macs; then no line without one is taken any more.
func TestOlderLog(t *testing.T) {
	r := newFixture(t)
	first := r.fund(r.intent(payment()))
	r.s.Close()
	r.asOlder()
	older := r.readLog()
	if report, err := VerifyLog(r.cfg.Dir, relay.LogMark{}); err != nil || report.Keyed != 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	r.open()
	again := r.fund(r.intent(first.Minted[0].Payment))
	if again.Envelope.Log = first.Envelope.Log; again.Envelope.Hash != first.Envelope.Hash {
		t.Error("what an older program wrote is forgotten")
	}
	r.fund(r.intent(payment()))
	r.s.Close()
	report, err := VerifyLog(r.cfg.Dir, relay.LogMark{})
	if err != nil || report.Keyed != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	line, _ := formatLine(report.Lines+1, report.Head, 1, trustKind, []byte(`{"app":"a","asset":"b","hash":"c"}`), secret.Key{})
	r.writeLog(append(append(r.readLog(), line...), '\n'))
	r.refuses("it has no mac")
	r.writeLog(older)
	r.open()
}

// A log with macs cannot be passed off as an older one: the sponsor's sealed key says that its line had one.
func TestLogWithoutItsMACs(t *testing.T) {
	r := newFixture(t)
	r.fund(r.intent(payment()))
	r.s.Close()
	r.asOlder(r.sponsor)
	r.refuses("has no mac, and had one")
}

// Whatever is known of a signer that was opened before has to be there. Nothing is made in the place of what is missing.
func TestKnownSigner(t *testing.T) {
	r := newFixture(t)
	r.fund(r.intent(payment()))
	mark := r.s.log.mark()
	kek := r.s.print
	r.fund(r.intent(payment()))
	newest := r.s.log.mark()
	r.s.Close()
	whole := r.readLog()
	lines := bytes.SplitAfter(whole, []byte("\n"))
	r.cfg.Known = Known{Exists: true, KEK: kek, Log: newest}
	r.open()
	r.s.Close()
	r.cfg.Known.Log = mark // a database that is older than the log
	r.open()
	if got, err := r.s.Log(t.Context(), mark); err != nil || got != newest {
		t.Errorf("%v, %v", got, err)
	}
	for _, m := range []relay.LogMark{{Lines: newest.Lines + 1, Head: newest.Head}, {Lines: newest.Lines, Head: mark.Head}, {Lines: 1, Head: mark.Head}} {
		if _, err := r.s.Log(t.Context(), m); !errors.Is(err, relay.ErrContradiction) {
			t.Errorf("%v is in the log: %v", m, err)
		}
	}
	r.s.Close()

	r.cfg.Known.Log = newest
	r.writeLog(bytes.Join(lines[:len(lines)-2], nil)) // behind the last line SplitAfter leaves an empty one
	r.refuses("it was cut, or is an older copy", "a line less")
	r.writeLog(whole[:len(whole)-10])
	r.refuses("it was cut", "half a line less")
	if !bytes.Equal(r.readLog(), whole[:len(whole)-10]) {
		t.Error("what was left of a log that was refused was changed")
	}
	r.writeLog(whole)
	r.cfg.Known.Log.Head = mark.Head
	r.refuses("written anew")
	r.cfg.Known.Log = newest
	r.cfg.Known.KEK = "another"
	r.refuses("fingerprint")
	r.cfg.Known.KEK = kek

	for name, path := range map[string]string{"directory": r.cfg.home(), "key-encryption key": r.cfg.ownKEK(), "directory of keys": r.cfg.keyDir(), "log": r.cfg.logPath()} {
		aside := path + ".aside"
		if err := os.Rename(path, aside); err != nil {
			t.Fatal(err)
		}
		r.refuses("the signer's " + name + " is missing")
		if _, err := os.Stat(path); err == nil {
			t.Errorf("another %s was made", name)
		}
		if err := os.Rename(aside, path); err != nil {
			t.Fatal(err)
		}
	}
	r.open()
}

// An older log that went on is not taken for the newer one either.
func TestLogThatWentOnFromAnOlderCopy(t *testing.T) {
	r := newFixture(t)
	older := r.readLog()
	r.fund(r.intent(payment()))
	known := r.s.log.mark()
	r.s.Close()
	r.writeLog(older)
	r.open()
	r.fund(r.intent(payment()))
	r.fund(r.intent(payment()))
	if _, err := r.s.Log(t.Context(), known); !errors.Is(err, relay.ErrContradiction) {
		t.Errorf("a longer log that is another one: %v", err)
	}
	r.s.Close()
	r.cfg.Known = Known{Exists: true, Log: known}
	r.refuses("written anew")
}

// Each answer says which line of the log has it.
func TestAnswersSayTheirLine(t *testing.T) {
	r := newFixture(t)
	a := r.fund(r.intent(payment()))
	if a.Envelope.Log != r.s.log.mark() || a.Minted[0].Ladder[1].Log != a.Envelope.Log {
		t.Errorf("funding at %v, rung at %v", a.Envelope.Log, a.Minted[0].Ladder[1].Log)
	}
	e, err := r.s.Claim(t.Context(), r.claimIntent(a.Minted[0], r.channel))
	if err != nil || e.Log != r.s.log.mark() || e.Log == a.Envelope.Log {
		t.Errorf("claim at %v: %v", e.Log, err)
	}
}

// A start that was cut off after any step begins again.
func TestStartThatWasCutOff(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	for _, leave := range [][]string{{}, {"kek"}, {"kek", "keys"}, {"kek", "keys", "log.jsonl"}} {
		dir := r.cfg.home()
		r.cfg.Dir = t.TempDir()
		if err := os.MkdirAll(r.cfg.home(), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range leave {
			var err error
			switch name {
			case "keys":
				err = os.Mkdir(r.cfg.keyDir(), 0o700)
			case "log.jsonl":
				err = os.WriteFile(r.cfg.logPath(), nil, 0o600)
			default:
				var b []byte
				if b, err = os.ReadFile(dir + "/" + name); err == nil {
					err = os.WriteFile(r.cfg.home()+"/"+name, b, 0o600)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		r.open()
		r.s.Close()
	}
}
