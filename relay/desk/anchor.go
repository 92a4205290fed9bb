package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/restante/restante/relay"
)

// Fingerprint is what one part of the service was when the database was made: an account, or a value that differs between
// keys or logs and reveals nothing about them. It never changes.
type Fingerprint struct {
	What  string // "handle_key", "signer_log", "channel:G…"
	Value string
}

// Recognize compares what is there with what the database remembers, and remembers what is new. A part that is missing or
// different is an error that names it; then nothing is remembered. It is done at every start, before anything is signed.
func (d *Desk) Recognize(ctx context.Context, found []Fingerprint) error {
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		known, err := tx.Fingerprints()
		if err != nil {
			return err
		}
		if err := Strange(known, found); err != nil {
			return err
		}
		for _, f := range found {
			if slices.Contains(known, f) {
				continue
			}
			if err := tx.AddFingerprint(f, d.now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// Strange is an error that names every part that is known and was not found, or was found otherwise.
func Strange(known, found []Fingerprint) error {
	now := map[string]string{}
	for _, f := range found {
		now[f.What] = f.Value
	}
	var wrong []string
	for _, k := range known {
		switch value, there := now[k.What]; {
		case !there:
			wrong = append(wrong, fmt.Sprintf("%s is missing (it was %s)", k.What, k.Value))
		case value != k.Value:
			wrong = append(wrong, fmt.Sprintf("%s is %s and was %s", k.What, value, k.Value))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("not what the database was made with: %s", strings.Join(wrong, "; "))
}

// Anchored is a Signer whose log is held against what the database knows of it, before each call and at each answer. The
// newest mark is durable before the answer it came with is given on, so a log that is cut afterwards is noticed by any
// process on the same database. A log that lacks the mark is [relay.ErrContradiction], and no answer is given.
type Anchored struct {
	Signer Signer
	Store  Store

	mu    sync.Mutex
	read  bool // known was read from the database
	known relay.LogMark
}

var _ Signer = (*Anchored)(nil)

// anchored is one call of a signer, with its log looked at before and after.
func anchored[A any](ctx context.Context, a *Anchored, call func() (A, error)) (A, error) {
	var none A
	if err := a.look(ctx); err != nil {
		return none, err
	}
	answer, err := call()
	if looked := a.look(ctx); looked != nil { // a refusal, too, may have written a line
		return none, errors.Join(looked, err)
	}
	return answer, err
}

// look wants the known mark to be in the log, and remembers the newest.
func (a *Anchored) look(ctx context.Context) error {
	known, err := a.mark(ctx)
	if err != nil {
		return err
	}
	newest, err := a.Signer.Log(ctx, known)
	switch {
	case err != nil || newest == known:
		return err
	case newest.Lines <= known.Lines:
		return relay.About(newest.Head, fmt.Errorf("the signer's log has %d lines with head %s, known are %d with %s: %w",
			newest.Lines, newest.Head, known.Lines, known.Head, relay.ErrContradiction))
	}
	return a.keep(ctx, newest)
}

// keep writes a mark down, unless another call was faster. The database keeps the longest, so calls need not wait for each other.
func (a *Anchored) keep(ctx context.Context, newest relay.LogMark) error {
	a.mu.Lock()
	known := a.known
	a.mu.Unlock()
	if newest.Lines <= known.Lines {
		return nil
	}
	if err := a.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error { return tx.SaveLogMark(newest) }); err != nil {
		return err
	}
	a.learn(newest)
	return nil
}

// learn takes in a mark that is in the database, and says the longest.
func (a *Anchored) learn(m relay.LogMark) relay.LogMark {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.read = true; m.Lines > a.known.Lines {
		a.known = m
	}
	return a.known
}

// mark is the newest mark that the database knows.
func (a *Anchored) mark(ctx context.Context) (relay.LogMark, error) {
	a.mu.Lock()
	known, read := a.known, a.read
	a.mu.Unlock()
	if read {
		return known, nil
	}
	known, err := Read(ctx, a.Store, Tx.LogMark)
	if err != nil {
		return known, err
	}
	return a.learn(known), nil
}

// Log implements Signer.
func (a *Anchored) Log(ctx context.Context, known relay.LogMark) (relay.LogMark, error) {
	return anchored(ctx, a, func() (relay.LogMark, error) { return a.Signer.Log(ctx, known) })
}

// Fund implements Signer.
func (a *Anchored) Fund(ctx context.Context, in relay.FundIntent) (relay.FundAnswer, error) {
	return anchored(ctx, a, func() (relay.FundAnswer, error) { return a.Signer.Fund(ctx, in) })
}

// Fundings implements Signer.
func (a *Anchored) Fundings(ctx context.Context) ([]relay.FundingFate, error) {
	return anchored(ctx, a, func() ([]relay.FundingFate, error) { return a.Signer.Fundings(ctx) })
}

// Funding implements Signer.
func (a *Anchored) Funding(ctx context.Context, hash string) (relay.FundAnswer, error) {
	return anchored(ctx, a, func() (relay.FundAnswer, error) { return a.Signer.Funding(ctx, hash) })
}

// Claim implements Signer.
func (a *Anchored) Claim(ctx context.Context, in relay.ClaimIntent) (relay.Envelope, error) {
	return anchored(ctx, a, func() (relay.Envelope, error) { return a.Signer.Claim(ctx, in) })
}

// Keep implements Signer.
func (a *Anchored) Keep(ctx context.Context, in relay.KeepIntent) (relay.FundAnswer, error) {
	return anchored(ctx, a, func() (relay.FundAnswer, error) { return a.Signer.Keep(ctx, in) })
}

// Trust implements Signer.
func (a *Anchored) Trust(ctx context.Context, app relay.AppID, asset string, sequence int64, head relay.Head) ([]byte, string, error) {
	type signed struct {
		outer []byte
		hash  string
	}
	s, err := anchored(ctx, a, func() (s signed, err error) {
		s.outer, s.hash, err = a.Signer.Trust(ctx, app, asset, sequence, head)
		return s, err
	})
	return s.outer, s.hash, err
}

// Bump implements Signer.
func (a *Anchored) Bump(ctx context.Context, hash string, envelope []byte, maxFee relay.Stroops) ([]byte, error) {
	return anchored(ctx, a, func() ([]byte, error) { return a.Signer.Bump(ctx, hash, envelope, maxFee) })
}

// Treasury implements Signer.
func (a *Anchored) Treasury(ctx context.Context, app relay.AppID) (string, error) {
	return anchored(ctx, a, func() (string, error) { return a.Signer.Treasury(ctx, app) })
}

// Allowance implements Signer.
func (a *Anchored) Allowance(ctx context.Context, app relay.AppID, asset string) (relay.Allowance, error) {
	return anchored(ctx, a, func() (relay.Allowance, error) { return a.Signer.Allowance(ctx, app, asset) })
}

// Reclaim implements Signer.
func (a *Anchored) Reclaim(ctx context.Context, in relay.ReclaimIntent) (relay.ReclaimAnswer, error) {
	return anchored(ctx, a, func() (relay.ReclaimAnswer, error) { return a.Signer.Reclaim(ctx, in) })
}

// Collect implements Signer.
func (a *Anchored) Collect(ctx context.Context, in relay.CollectIntent) (relay.CollectAnswer, error) {
	return anchored(ctx, a, func() (relay.CollectAnswer, error) { return a.Signer.Collect(ctx, in) })
}

// Accounts implements Signer.
func (a *Anchored) Accounts(ctx context.Context) (string, []string, error) {
	type accounts struct {
		sponsor  string
		channels []string
	}
	all, err := anchored(ctx, a, func() (all accounts, err error) {
		all.sponsor, all.channels, err = a.Signer.Accounts(ctx)
		return all, err
	})
	return all.sponsor, all.channels, err
}
