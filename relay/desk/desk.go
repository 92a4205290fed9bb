package desk

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/restante/restante/relay"
)

// Desk is the one writer: whatever happens to a payment goes through it. It reads, steps ([relay.Step]), and commits payment,
// history, envelopes and work together, so that a crash leaves either all of it or none.
type Desk struct {
	Store   Store
	Network string // network id, hex
	Now     func() time.Time
	Process string // a mark of this process, another one at each start; "" = there is no other process
}

func (d *Desk) now() relay.Micros { return relay.At(d.Now()) }

// Apply steps one payment with one input and commits. The payment returned is the committed one. Losing a
// compare-and-swap is not an error: the store serialises writers, and Step decides anew on what it finds.
func (d *Desk) Apply(ctx context.Context, id relay.PaymentID, in relay.Input) (relay.Payment, error) {
	var out relay.Payment
	err := d.Store.UpdateMany(ctx, []relay.PaymentID{id}, func(tx Tx, ps []relay.Payment) (err error) {
		if err := mayEnd(tx, ps[0], in); err != nil {
			return err
		}
		out, err = d.step(tx, ps[0], in)
		return err
	})
	return out, err
}

// step applies in, and starts a return that is due after it, inside tx.
func (d *Desk) step(tx Tx, p relay.Payment, in relay.Input) (relay.Payment, error) {
	for {
		next, effects, err := relay.Step(p, in, d.now())
		if err != nil {
			return p, err
		}
		if err := d.save(tx, p, &next, in, effects); err != nil {
			return p, err
		}
		if !next.ReturnDue() {
			return next, nil
		}
		p, in = next, relay.ReturnDue{}
	}
}

// save writes what a step made of p, and nothing else writes a payment that is there: the row under its version, a line of history
// where the input has one ([relay.Recorded]), the work. A step that changes no field writes nothing. A new handle voids what the old
// one could still prove, here, so that no way leads around it.
func (d *Desk) save(tx Tx, p relay.Payment, next *relay.Payment, in relay.Input, effects []relay.Effect) error {
	if next.Same(p) {
		return nil
	}
	if err := tx.SavePayment(next); err != nil {
		return err
	}
	if next.SpentUnits > p.SpentUnits {
		if err := d.reclaimLater(tx, *next); err != nil {
			return err
		}
	}
	if next.To != p.To {
		if err := voidCredentials(tx, p.ID); err != nil {
			return err
		}
	}
	if relay.Recorded(in) {
		e := relay.Entry{Payment: p.ID, At: d.now(), From: p.State, To: next.State, Input: relay.InputName(in), Detail: relay.InputDetail(in)}
		if err := tx.AppendHistory(e); err != nil {
			return err
		}
	}
	for _, f := range effects {
		w := Work{Kind: f.Kind, Payment: p.ID, Due: max(f.Due, d.now())}
		if f.Kind == relay.DoPublish || f.Kind == relay.DoNotify {
			w.Subject = string(next.State)
			if f.Subject != "" {
				w.Subject = f.Subject
			}
		}
		if err := tx.AddWork(w); err != nil {
			return err
		}
	}
	switch {
	case next.State.Ended():
		return tx.CloseWork(p.ID, relay.KindsOfLive()...)
	case p.State.Ended(): // it came back
		return tx.CloseWork(p.ID, relay.DoExpunge)
	}
	return nil
}

// Opening is a request for a payment, checked by the caller; Create checks again what money depends on.
type Opening struct {
	Payment relay.Payment // ID, To, Amount, Note, Policy, Reference, Metadata, link fields, ExpiresAt
	App     relay.App
	Share   []byte          // the service's half; guarded only
	Free    relay.Stroops   // what the app's treasury can spend, as the ledger says
	Signs   relay.Allowance // what the signer would still sign; nothing, when it was not asked
	Prices  relay.Prices    // by which it is judged
	Sponsor *relay.Sponsor  // what the sponsor has, and had to carry before that was read; nil = not asked, and the signer judges alone
	Before  relay.Stroops   // what was committed, read before Free was: what left the treasury in between counts twice, never not
	Idem    Answered        // as Begin gave it; the zero Answered when there is no key
}

// Create accepts a payment: the row, its share, its first work and the remembered answer in one commit. answer renders the
// response that the idempotency key remembers, from the payment as committed.
func (d *Desk) Create(ctx context.Context, o Opening, answer func(relay.Payment) ([]byte, error)) (relay.Payment, error) {
	now := d.now()
	p := o.fill()
	if err := relay.CheckOpening(p, o.App, now); err != nil {
		return p, err
	}
	err := d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []relay.Payment) error {
		if err := inTime(tx, p); err != nil {
			return err
		}
		if err := withinBudget(tx, o, p); err != nil {
			return err
		}
		if err := replaceable(tx, p); err != nil {
			return err
		}
		if err := d.begin(tx, &p, "accepted"); err != nil {
			return err
		}
		if keeps, err := p.Policy.KeepsShare(); err != nil {
			return err
		} else if keeps {
			if err := tx.PutShare(p.ID, o.Share); err != nil {
				return err
			}
		}
		for _, w := range firstWork(p, now) {
			if err := tx.AddWork(w); err != nil {
				return err
			}
		}
		if o.Idem.Key == "" {
			return nil
		}
		if err := stillOurs(tx, o.Idem); err != nil {
			return err
		}
		body, err := answer(p)
		if err != nil {
			return err
		}
		o.Idem.Until, o.Idem.Status, o.Idem.Answer = 0, 201, body
		return tx.Remember(o.Idem)
	})
	return p, err
}

// begin writes a new payment and the first line of its history: the one way into the table.
func (d *Desk) begin(tx Tx, p *relay.Payment, how string) error {
	now := d.now()
	p.State, p.CreatedAt, p.UpdatedAt, p.Version = relay.Created, now, now, 1
	if err := tx.InsertPayment(*p); err != nil {
		return err
	}
	return tx.AppendHistory(relay.Entry{Payment: p.ID, At: now, To: relay.Created, Input: how})
}

// inTime repeats [Payment.CheckEnd] by the ledger that the watcher took in last: between the look at the ledger and the commit,
// one may have closed that ends the payment.
func inTime(tx Tx, p relay.Payment) error {
	head, err := tx.Passed()
	if err == nil {
		err = p.CheckEnd(head)
	}
	return err
}

// fill adds what the app says of each of its payments: out of its treasury, home to it, and readable for it. The client of a
// wallet has said all that.
func (o Opening) fill() relay.Payment {
	p := o.Payment
	p.App = o.App.ID
	p.Asset = cmp.Or(p.Asset, relay.Native)
	p.ReturnTo = cmp.Or(p.ReturnTo, o.App.Treasury)
	p.SenderRecipients = cmp.Or(p.SenderRecipients, relay.RecipientsOf(o.App.Recipient))
	return p
}

// firstWork is what a payment asks for when it is accepted. One that a client funds is looked at when the time to fund is over.
func firstWork(p relay.Payment, now relay.Micros) []Work {
	work := []Work{{Kind: relay.DoPublish, Payment: p.ID, Due: now, Subject: string(relay.Created)}}
	if p.ByClient() {
		return append(work, Work{Kind: relay.DoExpire, Payment: p.ID, Due: min(relay.Seconds(p.FundUntil)+1, p.ExpiresAt)})
	}
	return append(work, Work{Kind: relay.DoFund, Payment: p.ID, Due: now}, Work{Kind: relay.DoExpire, Payment: p.ID, Due: p.ExpiresAt})
}

// replaceable refuses to take over the money of another payment, unless it is one of the same app, taken over whole, and no claim or
// return of it is on its way: from then on the ledger decides. A payment that takes nothing over has to be out of a wallet.
func replaceable(tx Tx, p relay.Payment) error {
	if !p.IsMove() {
		return ownWallet(tx, p)
	}
	old, err := tx.Payment(p.Replaces)
	if err != nil {
		return err
	}
	if old.App != p.App {
		return relay.ErrNotFound
	}
	if err := old.Replaceable(); err != nil {
		return err
	}
	if err := goes(tx, old); err != nil {
		return err
	}
	if !old.Terms().MovedBy(p.Terms(), old.ID, old.Holding) {
		return relay.NewFault(relay.Internal, "replaced_otherwise", "", nil)
	}
	return nil
}

// withinBudget refuses a payment that the app's treasury or its reserves cannot carry, counting those on their way.
// What a sender's own wallet pays is not the app's to budget; reserves that the service keeps are, wherever the money is from.
func withinBudget(tx Tx, o Opening, p relay.Payment) error {
	u, err := tx.Usage(o.App.ID, p.Asset)
	if err != nil {
		return err
	}
	if more := relay.LoadOf(p); o.Sponsor != nil && more != (relay.Load{}) {
		now, err := tx.Carried()
		if err != nil {
			return err
		}
		sponsor := *o.Sponsor
		sponsor.Load = sponsor.Load.Most(now)
		if err := sponsor.Short(more); err != nil {
			return err
		}
	}
	if err := o.Signs.Allows(p, o.Prices, u.Unsigned); err != nil {
		return err
	}
	return u.Pays(p, o.Before, o.Free)
}

// Authorize finds a payment by what its link proves: auth is the hash of the value that was presented. A wrong one and
// an unknown id are the same fault.
func (d *Desk) Authorize(ctx context.Context, id relay.PaymentID, auth string) (relay.Payment, error) {
	denied := relay.NewFault(relay.Denied, "link_invalid", "This link opens nothing here.", nil)
	p, err := d.Payment(ctx, id)
	if errors.Is(err, relay.ErrNotFound) {
		return relay.Payment{}, denied
	}
	if err == nil && subtle.ConstantTimeCompare([]byte(p.AuthHash), []byte(auth)) != 1 {
		return relay.Payment{}, denied
	}
	return p, err
}

// PaymentAndApp reads a payment and its app.
func (d *Desk) PaymentAndApp(ctx context.Context, id relay.PaymentID) (p relay.Payment, a relay.App, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		if p, err = tx.Payment(id); err == nil {
			a, err = tx.App(p.App)
		}
		return err
	})
	return p, a, err
}

// Payment reads one payment.
func (d *Desk) Payment(ctx context.Context, id relay.PaymentID) (relay.Payment, error) {
	return Read(ctx, d.Store, func(tx Tx) (relay.Payment, error) { return tx.Payment(id) })
}
