package signer

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/restante/restante/relay"
)

// disk is a log file that fails once, at one operation of one kind, and knows what is durable: what was there at the last
// sync that succeeded.
type disk struct {
	*os.File
	path     string
	fault    fault
	left     int // operations of the fault's kind until it happens
	happened bool
	durable  []byte
}

// fault is what goes wrong.
type fault struct {
	name  string
	op    string  // write or sync
	cause error   // what the system says
	part  float64 // of a write: how much of it is done all the same
	stuck bool    // the cut that follows fails too
	alive bool    // the signer goes on without a restart
}

var faults = []fault{
	{name: "no room, nothing written", op: "write", cause: syscall.ENOSPC, alive: true},
	{name: "no room, half written", op: "write", cause: syscall.ENOSPC, part: 0.5, alive: true},
	{name: "no room, all but the line end", op: "write", cause: syscall.EDQUOT, part: 0.9999, alive: true},
	{name: "file too large", op: "write", cause: syscall.EFBIG, part: 0.5, alive: true},
	{name: "no room, and the cut fails", op: "write", cause: syscall.ENOSPC, part: 0.5, stuck: true},
	{name: "write fails", op: "write", cause: syscall.EIO, part: 0.5},
	{name: "write fails, all written", op: "write", cause: syscall.EIO, part: 1},
	{name: "sync fails", op: "sync", cause: syscall.EIO},
	{name: "sync finds no room", op: "sync", cause: syscall.ENOSPC},
}

func (d *disk) strikes(op string) bool {
	if d.happened || d.fault.op != op {
		return false
	}
	d.left--
	d.happened = d.left < 0
	return d.happened
}

func (d *disk) WriteAt(b []byte, at int64) (int, error) {
	if !d.strikes("write") {
		return d.File.WriteAt(b, at)
	}
	n, err := d.File.WriteAt(b[:int(float64(len(b))*d.fault.part)], at)
	if err != nil {
		return n, err
	}
	return n, d.fault.cause
}

func (d *disk) Sync() error {
	if d.strikes("sync") {
		return d.fault.cause
	}
	var err error
	d.durable, err = os.ReadFile(d.path)
	return err
}

func (d *disk) Truncate(size int64) error {
	if d.fault.stuck {
		return syscall.EIO
	}
	return d.File.Truncate(size)
}

// images are what a crash may leave of the log: what was durable, all that was written, or half of what was not durable.
func (d *disk) images(t *testing.T) [][]byte {
	written, err := os.ReadFile(d.path)
	if err != nil {
		t.Fatal(err)
	}
	half := d.durable
	if len(written) > len(half) {
		half = written[:len(half)+(len(written)-len(half))/2]
	}
	return [][]byte{d.durable, written, half}
}

// play has one of everything signed that the log has a line for, and wants of each answer that its line is durable. It
// ends at the first refusal.
func (r *fixture) play(d *disk, in relay.FundIntent, told map[string]string) error {
	ctx := r.t.Context()
	signed := func(what, hash, answer string) {
		r.t.Helper()
		if !bytes.Contains(d.durable, []byte(hash)) {
			r.t.Errorf("%s: a signature left before its line was durable", what)
		}
		if first, ok := told[what]; ok && first != answer {
			r.t.Errorf("%s: answered otherwise than the first time", what)
		}
		told[what] = answer
	}
	treasury, err := r.s.Treasury(ctx, "app_new")
	if err != nil {
		return err
	}
	signed("treasury", treasury, treasury)
	a, err := r.s.Fund(ctx, in)
	if err != nil {
		return err
	}
	signed("funding", a.Envelope.Hash, text(r.t, a))
	if _, err := r.s.Bump(ctx, a.Envelope.Hash, nil, relay.One); err != nil {
		return err
	}
	outer := r.s.book.bumps[a.Envelope.Hash].outer
	signed("bump", outer, outer)
	claim, err := r.s.Claim(ctx, r.claimIntent(a.Minted[0], r.channel))
	if err != nil {
		return err
	}
	signed("claim", claim.Hash, text(r.t, claim))
	return nil
}

// Every write and every sync fails once, in every way; then the process goes on or is started again, on whatever the crash
// left of the log. Nothing is signed without its line on disk, nothing twice, and no line is torn but the last.
func TestFaultTable(t *testing.T) {
	for _, f := range faults {
		for at := range 4 {
			images := 1
			if !f.alive {
				images = 3
			}
			for image := range images {
				t.Run(fmt.Sprintf("%s/%d/%d", f.name, at, image), func(t *testing.T) { faultAt(t, f, at, image) })
			}
		}
	}
}

func faultAt(t *testing.T, f fault, at, image int) {
	r := newFixture(t)
	in, told := r.intent(payment()), map[string]string{}
	d := &disk{File: r.s.log.file.(*os.File), path: r.cfg.logPath(), fault: f, left: at, durable: r.readLog()}
	r.s.log.file = d
	wantCode(t, r.play(d, in, told), map[bool]string{true: "log_full", false: "log_failed"}[f.alive])
	if f.alive {
		if err := r.play(d, in, told); err != nil {
			t.Fatalf("there is room again: %v", err)
		}
	} else {
		wantCode(t, r.play(d, in, told), "log_failed")
		if err := r.s.Run(t.Context()); err == nil {
			t.Error("the process would go on")
		}
		left := d.images(t)[image]
		r.s.Close()
		r.writeLog(left)
		r.open()
		d = &disk{File: r.s.log.file.(*os.File), path: r.cfg.logPath(), durable: r.readLog()}
		r.s.log.file = d
		if err := r.play(d, in, told); err != nil {
			t.Fatal(err)
		}
	}
	if report, err := VerifyLog(r.cfg.Dir, relay.LogMark{}); err != nil || report.Torn != 0 {
		t.Errorf("the log is torn: %+v, %v", report, err)
	}
	if n := len(r.s.book.fundings); n != 1 {
		t.Errorf("%d fundings of one payment", n)
	}
	if n := strings.Count(string(r.readLog()), `"role":"treasury/app_new"`); n != 1 {
		t.Errorf("%d treasuries of one app", n)
	}
	r.reopen()
}

// A key whose line found no room leaves no file behind.
func TestKeysDoNotGatherOnAFullDisk(t *testing.T) {
	r := newFixture(t)
	files := func() int {
		all, err := filepath.Glob(filepath.Join(r.cfg.keyDir(), "*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	before := files()
	r.s.log.file = &disk{File: r.s.log.file.(*os.File), path: r.cfg.logPath(), fault: faults[0]}
	if _, err := r.s.Treasury(t.Context(), "app_new"); relay.CodeOf(err) != "log_full" {
		t.Fatal(err)
	}
	if files() != before {
		t.Error("a key that no caller was told of stays on the disk")
	}
}

// A log that is cut, replaced or removed under a running signer is noticed before anything more is signed.
func TestLogTouchedWhileRunning(t *testing.T) {
	for name, touch := range map[string]func(r *fixture) error{
		"cut":     func(r *fixture) error { return os.Truncate(r.cfg.logPath(), 100) },
		"emptied": func(r *fixture) error { return os.Truncate(r.cfg.logPath(), 0) },
		"grown":   func(r *fixture) error { return os.WriteFile(r.cfg.logPath(), append(r.readLog(), "x"...), 0o600) },
		"removed": func(r *fixture) error { return os.Remove(r.cfg.logPath()) },
		"no home": func(r *fixture) error { return os.RemoveAll(r.cfg.home()) },
		"replaced": func(r *fixture) error {
			log := r.readLog()
			if err := os.Remove(r.cfg.logPath()); err != nil {
				return err
			}
			return os.WriteFile(r.cfg.logPath(), log, 0o600)
		},
	} {
		r := newFixture(t)
		if err := touch(r); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := r.s.Fund(t.Context(), r.intent(payment())); relay.CodeOf(err) != "log_failed" {
				t.Errorf("%s: signs all the same: %v", name, err)
			}
		}
		if err := r.s.Run(t.Context()); err == nil {
			t.Errorf("%s: the process would go on", name)
		}
	}
}

// TestFullDisk runs a signer under a limit on the size of a file, in a process of its own: it refuses what there is no room
// for, with the cause, and signs again as soon as there is room.
func TestFullDisk(t *testing.T) {
	if os.Getenv("RESTANTE_TEST_FULL_DISK") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
		cmd.Env = append(os.Environ(), "RESTANTE_TEST_FULL_DISK=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "signs again") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	r := newFixture(t)
	info, err := os.Stat(r.cfg.logPath())
	if err != nil {
		t.Fatal(err)
	}
	limit := func(size uint64) {
		t.Helper()
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: 1 << 40}); err != nil {
			t.Fatal(err)
		}
	}
	in := r.intent(payment())
	limit(uint64(info.Size()) + 1000) // a funding takes more
	for range 3 {
		_, err := r.s.Fund(t.Context(), in)
		wantCode(t, err, "log_full")
		if relay.KindOf(err) != relay.Unavailable || !strings.Contains(err.Error(), "file too large") {
			t.Errorf("the cause is not told: %v", err)
		}
	}
	limit(1 << 40)
	r.fund(in)
	r.reopen()
	if len(r.s.book.fundings) != 1 {
		t.Error("it is not signed once")
	}
	t.Log("signs again")
}

// A failed log ends the part, and with it the process; a healthy one does not.
func TestRunEndsWithTheLog(t *testing.T) {
	r := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.s.Run(ctx); err != nil {
		t.Error(err)
	}
	r.s.log.file = &flaky{File: r.s.log.file.(*os.File), failSync: true}
	if _, err := r.s.Fund(t.Context(), r.intent(payment())); relay.CodeOf(err) != "log_failed" {
		t.Error(err)
	}
	if err := r.s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), errDisk.Error()) {
		t.Errorf("the cause is not told: %v", err)
	}
}
