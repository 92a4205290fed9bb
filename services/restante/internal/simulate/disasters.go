package simulate

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/restante/restante/internal/sqlite"
	"github.com/restante/restante/relay/sqlstore"
)

// What happens once in years, and what the operator does then: README, "Backup", says how.

// disaster draws, once a ledger, whether one happens.
func (w *world) disaster(ctx context.Context) {
	if w.chance.IntN(12) == 0 {
		w.backup(ctx)
	}
	switch {
	case w.saved != "" && w.fault(dbRestored):
		w.restores(ctx)
	case w.cutLog == nil && !w.signer.process.dead && w.fault(logCut):
		w.cuts()
	case w.fault(outage):
		w.sched.spawn(w.nature, "outage", func() {
			w.out = true
			for _, name := range []string{"api", "worker1", "worker2"} {
				w.sched.kill(w.processOf(name))
			}
			w.sched.sleep(w.between(time.Minute, 6*time.Minute))
			w.out = false
		}, nil)
	case !w.forked && w.fault(fork):
		w.sched.spawn(w.nature, "fork", func() {
			w.forked, w.excused = true, "another chain"
			w.sched.sleep(w.between(time.Minute, 3*time.Minute))
			w.forked = false
		}, nil)
	}
}

// backup copies the database, as an operator may at any time.
func (w *world) backup(ctx context.Context) {
	path := filepath.Join(w.dir, "backup.db")
	_ = os.Remove(path)
	db, err := sqlite.Open(filepath.Join(w.dir, "restante.db"), 1, time.Second, url.Values{})
	if err == nil {
		_, err = db.ExecContext(ctx, "VACUUM INTO ?", path)
		_ = db.Close()
	}
	if err != nil {
		w.violate("the database cannot be copied: %v", err)
		return
	}
	w.saved = path
}

// restores puts the database back as it was at the last backup. The signer's log is not older.
func (w *world) restores(ctx context.Context) {
	w.trace.tell("%v the database is restored from a backup", w.sched.now)
	for _, name := range []string{"api", "worker1", "worker2"} {
		w.sched.kill(w.processOf(name))
	}
	path := filepath.Join(w.dir, "restante.db")
	err := w.base.Close()
	for _, end := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(path + end)
	}
	raw, reading := os.ReadFile(w.saved)
	if err == nil {
		err = reading
	}
	if err == nil {
		err = os.WriteFile(path, raw, 0o600)
	}
	if err == nil {
		w.base, err = sqlstore.Open(ctx, path, w.keys, sqlstore.WithClock(w.clock(w.nature)))
	}
	if err != nil {
		w.violate("the database cannot be restored: %v", err)
	}
	w.restored = true
}

// cuts puts an older log in the place of the signer's, and keeps the true one for when this is noticed.
func (w *world) cuts() {
	path := filepath.Join(w.dir, "signer", "log.jsonl")
	whole, err := os.ReadFile(path)
	if err != nil {
		w.violate("the log cannot be read: %v", err)
		return
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	keep := len(lines)/2 + w.chance.IntN(len(lines)/2)
	w.trace.tell("%v the signer's log is restored from a backup: %d lines of %d", w.sched.now, keep, len(lines)-1)
	w.sched.kill(w.signer.process)
	if err := os.WriteFile(path, bytes.Join(lines[:keep], nil), 0o600); err != nil {
		w.violate("the log cannot be written: %v", err)
	}
	w.cutLog, w.excused = whole, "a log that was cut"
}

// putBack puts the true log in the place of one that the signer, or a caller that compares, refused.
func (w *world) putBack() {
	w.trace.tell("%v the operator puts the true log back", w.sched.now)
	if w.signer.process != nil {
		w.sched.kill(w.signer.process)
	}
	path := filepath.Join(w.dir, "signer", "log.jsonl")
	now, err := os.ReadFile(path)
	if err == nil && !bytes.HasPrefix(w.cutLog, now) {
		w.violate("the signer wrote on in a log that was cut")
	}
	if err == nil {
		err = os.WriteFile(path, w.cutLog, 0o600)
	}
	if err != nil {
		w.violate("the true log cannot be put back: %v", err)
	}
	w.cutLog = nil
}

// lifts is the operator after a disaster has been mended: he looks at each halt and lifts it, and starts everything again.
func (w *world) lifts(ctx context.Context) {
	if w.excused == "" {
		return
	}
	d := w.desk(w.nature, w.base)
	halts, err := d.Halts(ctx)
	for _, h := range halts {
		w.trace.tell("%v the operator lifts the halt of %s %s: %s", w.sched.now, h.Scope, h.Hash, h.Why)
		if _, lifting := d.Lift(ctx, h.Hash); lifting != nil {
			err = lifting
		}
	}
	if err != nil {
		w.violate("a halt cannot be lifted: %v", err)
	}
	if len(halts) > 0 {
		for _, name := range []string{"api", "worker1", "worker2"} {
			w.sched.kill(w.processOf(name))
		}
	}
}
