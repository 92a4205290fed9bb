package simulate

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/services/signer"
)

// signerPort is the signer as another process reaches it: each call is an actor of the signer's process.
type signerPort struct {
	w    *world
	from *process
}

var _ desk.Signer = signerPort{}

var errNoSigner = relay.NewFault(relay.Unavailable, "signer_unavailable", "The signer does not answer just now.", errors.New("simulated: no answer of the signer"))

func ask[A any](s signerPort, name string, do func(*signer.Signer) (A, error)) (A, error) {
	var none A
	w := s.w
	if err := w.cross(s.from, "signer "+name, remote); err != nil {
		return none, err
	}
	once := func() (out A, err error) {
		if !w.sched.call(w.signer.process, "signer "+name, func() { out, err = do(w.signer.Signer) }) {
			return none, errNoSigner
		}
		return out, err
	}
	switch {
	case w.fault(signerBefore):
		return none, errNoSigner
	case w.fault(signerLate):
		after := patience + w.faults.upTo(signerLate, 5*time.Minute)
		w.sched.spawn(w.nature, "signer "+name+" late", func() { w.sched.sleep(after); _, _ = once() }, nil)
		w.sched.sleep(patience)
		return none, errNoSigner
	case w.fault(signerTwice):
		_, _ = once()
	}
	out, err := once()
	if dead := w.cross(s.from, "signer "+name+" answer", remote); dead != nil {
		return none, dead
	}
	if w.fault(signerLost) {
		return none, errNoSigner
	}
	w.trace.add("%v signer %s: %v", w.sched.now, name, relay.CodeOf(err))
	w.intents[name]++
	return out, err
}

func (s signerPort) Log(ctx context.Context, known relay.LogMark) (relay.LogMark, error) {
	return ask(s, "log", func(x *signer.Signer) (relay.LogMark, error) { return x.Log(away(ctx), known) })
}

func (s signerPort) Fund(ctx context.Context, in relay.FundIntent) (relay.FundAnswer, error) {
	return ask(s, "fund", func(x *signer.Signer) (relay.FundAnswer, error) { return x.Fund(away(ctx), in) })
}

func (s signerPort) Fundings(ctx context.Context) ([]relay.FundingFate, error) {
	return ask(s, "fundings", func(x *signer.Signer) ([]relay.FundingFate, error) { return x.Fundings(away(ctx)) })
}

func (s signerPort) Funding(ctx context.Context, hash string) (relay.FundAnswer, error) {
	return ask(s, "funding", func(x *signer.Signer) (relay.FundAnswer, error) { return x.Funding(away(ctx), hash) })
}

func (s signerPort) Claim(ctx context.Context, in relay.ClaimIntent) (relay.Envelope, error) {
	return ask(s, "claim", func(x *signer.Signer) (relay.Envelope, error) { return x.Claim(away(ctx), in) })
}

func (s signerPort) Keep(ctx context.Context, in relay.KeepIntent) (relay.FundAnswer, error) {
	return ask(s, "keep", func(x *signer.Signer) (relay.FundAnswer, error) { return x.Keep(away(ctx), in) })
}

func (s signerPort) Trust(ctx context.Context, app relay.AppID, asset string, sequence int64, head relay.Head) ([]byte, string, error) {
	type answer struct {
		outer []byte
		hash  string
	}
	a, err := ask(s, "trust", func(x *signer.Signer) (a answer, err error) {
		a.outer, a.hash, err = x.Trust(away(ctx), app, asset, sequence, head)
		return a, err
	})
	return a.outer, a.hash, err
}

func (s signerPort) Bump(ctx context.Context, hash string, envelope []byte, maxFee relay.Stroops) ([]byte, error) {
	return ask(s, "bump", func(x *signer.Signer) ([]byte, error) { return x.Bump(away(ctx), hash, envelope, maxFee) })
}

func (s signerPort) Treasury(ctx context.Context, app relay.AppID) (string, error) {
	return ask(s, "treasury", func(x *signer.Signer) (string, error) { return x.Treasury(away(ctx), app) })
}

func (s signerPort) Reclaim(ctx context.Context, in relay.ReclaimIntent) (relay.ReclaimAnswer, error) {
	return ask(s, "reclaim", func(x *signer.Signer) (relay.ReclaimAnswer, error) { return x.Reclaim(away(ctx), in) })
}

func (s signerPort) Collect(ctx context.Context, in relay.CollectIntent) (relay.CollectAnswer, error) {
	return ask(s, "collect", func(x *signer.Signer) (relay.CollectAnswer, error) { return x.Collect(away(ctx), in) })
}

func (s signerPort) Allowance(ctx context.Context, app relay.AppID, asset string) (relay.Allowance, error) {
	return ask(s, "allowance", func(x *signer.Signer) (relay.Allowance, error) { return x.Allowance(away(ctx), app, asset) })
}

func (s signerPort) Accounts(ctx context.Context) (string, []string, error) {
	type answer struct {
		sponsor  string
		channels []string
	}
	a, err := ask(s, "accounts", func(x *signer.Signer) (a answer, err error) {
		a.sponsor, a.channels, err = x.Accounts(away(ctx))
		return a, err
	})
	return a.sponsor, a.channels, err
}

// away is the context of a call that arrived: the caller that gives up does not end it.
func away(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// logFile is the file of the signer's log, on which a sync can fail and the room can run out.
type logFile struct {
	*os.File
	w      *world
	synced *int64 // bytes
}

func (w *world) openLog(path string) (signer.LogFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	return logFile{f, w, &size}, nil
}

// WriteAt implements io.WriterAt.
func (f logFile) WriteAt(b []byte, at int64) (int, error) {
	if f.w.fault(logFull) {
		n, _ := f.File.WriteAt(b[:len(b)/2], at)
		return n, syscall.ENOSPC
	}
	return f.File.WriteAt(b, at)
}

// Sync implements signer.LogFile. After one that fails, the disk has any part of what was written since the last, and the process ends.
func (f logFile) Sync() error {
	info, err := f.File.Stat()
	if err != nil {
		return err
	}
	if f.w.fault(logSync) {
		_ = f.File.Truncate(*f.synced + f.w.faults.dice[logSync].Int64N(info.Size()-*f.synced+1))
		dying := f.w.signer.process
		f.w.sched.spawn(f.w.nature, "signer ends", func() { f.w.sched.kill(dying) }, nil)
		return syscall.EIO
	}
	*f.synced = info.Size()
	return nil
}
