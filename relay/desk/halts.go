package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/restante/restante/relay"
)

// put writes down what a contradiction stops. stops says that something is stopped by it, which no person has looked at, and news
// that this did not stand before.
func put(tx Tx, c *relay.Contradiction, now relay.Micros) (stops, news bool, err error) {
	for _, h := range c.Halts(now) {
		lifted, err := tx.Lifted(h.Hash)
		if err != nil {
			return false, false, err
		}
		if lifted {
			continue
		}
		if h.Scope == relay.HaltPayment {
			p, err := tx.Payment(h.Payment)
			if err != nil && !errors.Is(err, relay.ErrNotFound) {
				return false, false, err
			}
			h.App = p.App
		}
		standing, err := tx.HaltsOf(h.App, h.Payment)
		if err != nil {
			return false, false, err
		}
		stops = true
		if slices.ContainsFunc(standing, func(s relay.Halt) bool { return s.Scope == h.Scope && s.Hash == h.Hash }) {
			continue
		}
		if err := tx.Halt(h); err != nil {
			return false, false, err
		}
		news = true
	}
	return stops, news, nil
}

// Halt stops what a contradiction is about until a person has looked; a hash that a person has looked at stops nothing any
// more. An error that is no contradiction stops nothing. all says that everything that moves money is stopped by it.
func (d *Desk) Halt(ctx context.Context, cause error) (all bool, err error) {
	found := relay.Contradictions(cause)
	if len(found) == 0 {
		return false, nil
	}
	err = d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		for _, c := range found {
			if _, _, err := put(tx, c, d.now()); err != nil {
				return err
			}
		}
		return nil
	})
	return slices.ContainsFunc(found, func(c *relay.Contradiction) bool { return c.Halts(0)[0].Scope == relay.HaltAll }), err
}

// Lift goes on after a halt: a person has looked at its hash, and that hash alone halts nothing any more. Without a hash it is
// the halt of everything, or the one that stands when there is no other. Payments that go on have their holding accounts looked
// at first. What was lifted is answered; the faults are "halt_unknown" and "halts_many".
func (d *Desk) Lift(ctx context.Context, hash string) (lifted []relay.Halt, err error) {
	err = d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		all, err := tx.Halts()
		if err != nil {
			return err
		}
		if lifted, err = chosen(all, hash); err != nil || len(lifted) == 0 {
			return err
		}
		if err := tx.Lift(lifted[0].Hash); err != nil {
			return err
		}
		for _, h := range lifted {
			if h.Scope != relay.HaltPayment {
				continue
			}
			if err := tx.AddWork(Work{Kind: relay.DoAudit, Payment: h.Payment, Due: d.now()}); err != nil {
				return err
			}
		}
		return nil
	})
	return lifted, err
}

// chosen are the halts of a hash. Without one they are those of everything, or of the only hash there is.
func chosen(all []relay.Halt, hash string) ([]relay.Halt, error) {
	if hash == "" {
		if len(all) == 0 {
			return nil, nil
		}
		hash = all[0].Hash // the halt of everything comes first
		if all[0].Scope != relay.HaltAll {
			for _, h := range all {
				if h.Hash != hash {
					return nil, relay.NewFault(relay.Invalid, "halts_many", "More than one halt stands; say which hash: "+hashes(all)+".", nil)
				}
			}
		}
	}
	var found []relay.Halt
	for _, h := range all {
		if h.Hash == hash {
			found = append(found, h)
		}
	}
	if len(found) == 0 {
		return nil, relay.NewFault(relay.NotFound, "halt_unknown", "No halt is about "+hash+".", nil)
	}
	return found, nil
}

func hashes(all []relay.Halt) string {
	var each []string
	for _, h := range all {
		each = append(each, h.Hash)
	}
	return strings.Join(slices.Compact(each), ", ")
}

// Halts lists what stands still: the halt of everything first, then the oldest.
func (d *Desk) Halts(ctx context.Context) ([]relay.Halt, error) {
	return Read(ctx, d.Store, func(tx Tx) ([]relay.Halt, error) { return tx.Halts() })
}

// Halted says why everything is stopped; the zero Halt when it is not.
func (d *Desk) Halted(ctx context.Context) (relay.Halt, error) {
	all, err := d.Halts(ctx)
	if err != nil || len(all) == 0 || all[0].Scope != relay.HaltAll {
		return relay.Halt{}, err
	}
	return all[0], nil
}

// HaltOf is what stops a payment, nil when nothing does.
func (d *Desk) HaltOf(ctx context.Context, p relay.Payment) (*relay.Halt, error) {
	return Read(ctx, d.Store, func(tx Tx) (*relay.Halt, error) { return haltOf(tx, p.App, p.ID) })
}

// haltOf is the first halt that stops one of these payments of an app, nil when none does.
func haltOf(tx Tx, app relay.AppID, ids ...relay.PaymentID) (*relay.Halt, error) {
	all, err := tx.HaltsOf(app, ids...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// goes refuses what would move money of a payment that is stopped.
func goes(tx Tx, p relay.Payment) error { return allGo(tx, p.App, p.ID) }

// fundingGoes is goes of a payment that is to be funded, and of the one whose money that takes.
func fundingGoes(tx Tx, p relay.Payment) error {
	if !p.IsMove() {
		return goes(tx, p)
	}
	return allGo(tx, p.App, p.ID, p.Replaces)
}

func allGo(tx Tx, app relay.AppID, ids ...relay.PaymentID) error {
	h, err := haltOf(tx, app, ids...)
	if err == nil && h != nil {
		err = h.Refusal()
	}
	return err
}

// mayEnd refuses what would end a payment that is stopped as if no money had moved: that is what is in doubt. Where money waits
// the same is a return asked, which waits.
func mayEnd(tx Tx, p relay.Payment, in relay.Input) error {
	switch in.(type) {
	case relay.CancelAsked, relay.DeclineAsked:
		if p.State == relay.Created {
			return goes(tx, p)
		}
	}
	return nil
}

// Stopped is the halt in the way of a row of work, nil when there is none. An envelope of several payments goes on to be looked
// at while one of them does; [Desk.MayHandIn] says whether it is handed in.
func (d *Desk) Stopped(ctx context.Context, w Work) (*relay.Halt, error) {
	return Read(ctx, d.Store, func(tx Tx) (*relay.Halt, error) {
		app, ids, err := whose(tx, w)
		if err != nil {
			return nil, err
		}
		all, err := tx.HaltsOf(app, ids...)
		if err != nil || len(all) == 0 || len(unstopped(all, app, ids)) > 0 {
			return nil, err
		}
		return &all[0], nil
	})
}

// whose are the app and the payments of a row of work.
func whose(tx Tx, w Work) (relay.AppID, []relay.PaymentID, error) {
	ids := []relay.PaymentID{w.Payment}
	if w.Envelope != "" {
		e, err := tx.Envelope(w.Envelope)
		if err != nil {
			return "", nil, err
		}
		ids = e.Payments
	}
	if len(ids) == 0 || ids[0] == "" {
		return w.App, ids, nil
	}
	p, err := tx.Payment(ids[0])
	if err == nil && w.Envelope != "" && p.IsMove() { // it empties the other's holding account
		ids = append(slices.Clone(ids), p.Replaces)
	}
	return cmp.Or(w.App, p.App), ids, err
}

// MayHandIn refuses an envelope that carries a payment which is stopped: the fault is "halted".
func (d *Desk) MayHandIn(ctx context.Context, e relay.Envelope) error {
	return d.Store.View(ctx, func(tx Tx) error {
		app, ids, err := whose(tx, Work{Envelope: e.Hash})
		if err != nil {
			return err
		}
		h, err := haltOf(tx, app, ids...)
		if err == nil && h != nil {
			err = h.Refusal()
		}
		return err
	})
}

// Unstopped are those of the payments, all of one app, that no halt stops.
func (d *Desk) Unstopped(ctx context.Context, app relay.AppID, ids ...relay.PaymentID) ([]relay.PaymentID, error) {
	all, err := Read(ctx, d.Store, func(tx Tx) ([]relay.Halt, error) { return tx.HaltsOf(app, ids...) })
	return unstopped(all, app, ids), err
}

func unstopped(all []relay.Halt, app relay.AppID, ids []relay.PaymentID) []relay.PaymentID {
	return slices.DeleteFunc(slices.Clone(ids), func(id relay.PaymentID) bool {
		return slices.ContainsFunc(all, func(h relay.Halt) bool { return h.Stops(app, id) })
	})
}

// SameTreasury wants the signer's account for an app to be the one that the database has; else it is [relay.ErrContradiction], about
// that app alone. Its fundings are paid out of the one, and come home to the other.
func (d *Desk) SameTreasury(ctx context.Context, id relay.AppID, account string) error {
	return d.Store.View(ctx, func(tx Tx) error {
		app, err := tx.App(id)
		if err != nil || app.Treasury == account {
			return err
		}
		if lifted, err := tx.Lifted(account); err != nil || lifted {
			return err
		}
		return relay.AboutApp(account, fmt.Errorf("the treasury of %s is %s at the signer, and %s in the database: %w",
			id, account, cmp.Or(app.Treasury, "none"), relay.ErrContradiction), id)
	})
}
