package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// Recover compares the signer's log with the database. The log outranks it: a database that was restored from a backup
// learns which of its fundings have died since, and which landed that it has forgotten. It is to be done before a caller may
// cancel, expire or fund anything; nil means that it is. What cannot be taken in is logged and left to a person, for the
// others must go on; only a ledger or a signer that does not answer is an error. What the log lacks of deposits that were
// committed is work to be kept, and what last resorts left to treasuries is work to be collected.
func (w *Worker) Recover(ctx context.Context) error {
	fates, err := w.Signer.Fundings(ctx)
	if err != nil {
		return err
	}
	if err := w.Desk.Rekeep(ctx, fates); err != nil {
		return err
	}
	if err := w.planKept(ctx, fates); err != nil {
		return err
	}
	if _, err := w.Desk.CollectLeft(ctx); err != nil {
		return err
	}
	if err := w.bury(ctx, fates); err != nil {
		return err
	}
	for part := range slices.Chunk(fates, 500) {
		var hashes []string
		for _, f := range part {
			hashes = append(hashes, f.Hash)
		}
		unknown, err := w.Desk.Unknown(ctx, hashes)
		if err != nil {
			return err
		}
		for _, hash := range unknown {
			err := w.adopt(ctx, hash, slices.Contains(part, relay.FundingFate{Hash: hash, Dead: true}))
			switch {
			case errors.Is(err, relay.ErrContradiction):
				w.halt(ctx, err)
			case relay.KindOf(err) == relay.Unavailable, ctx.Err() != nil:
				return err
			case err != nil:
				w.Log.Error("a funding that landed cannot be taken in; a person has to look", "funding", hash, "err", err)
			}
		}
	}
	return nil
}

// bury tells the database of fundings that it believes alive and that the signer has proven dead: their sequence numbers may
// have been taken since by others that it does not know.
func (w *Worker) bury(ctx context.Context, fates []relay.FundingFate) error {
	live, err := w.Desk.LiveEnvelopes(ctx, relay.FundingEnvelope)
	if err != nil {
		return err
	}
	for _, e := range live {
		if !slices.Contains(fates, relay.FundingFate{Hash: e.Hash, Dead: true}) {
			continue
		}
		found, seen, err := w.ask(ctx, e, true)
		switch {
		case err != nil:
		case seen != nil:
			err = errors.Join(w.Desk.Sighted(ctx, *seen), disagreed(e, seen))
		case found == relay.RecoverDead:
			err = w.Desk.Died(ctx, e.Hash)
		}
		if errors.Is(err, relay.ErrContradiction) && !w.halt(ctx, err) {
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ask asks our own ledger about a funding of the signer's log. dead says that the signer has proven that it cannot land; otherwise the
// holding accounts may prove that it landed.
func (w *Worker) ask(ctx context.Context, e relay.Envelope, dead bool, accounts ...relay.HoldingQuery) (relay.Recovery, *relay.Sighting, error) {
	f := relay.LoggedFunding{ProvenDead: dead, Bound: e.Bound}
	var err error
	if f.Verdict, f.Seen, err = w.Ledger.Verdict(ctx, e); err != nil {
		if dead {
			err = relay.AboutPayments(e.Hash, err, e.Payments...)
		}
		return 0, nil, err
	}
	switch {
	case !f.Asks():
	case dead:
		_, err := w.Ledger.Page(ctx, e.SignedAt)
		f.HistoryGone = errors.Is(err, relay.ErrGap)
	default:
		made, err := w.Ledger.Holdings(ctx, accounts...)
		if err != nil {
			return 0, nil, err
		}
		f.Made = relay.MadeByFunding(made)
		if f.Head, err = w.Ledger.Head(ctx); err != nil {
			return 0, nil, err
		}
	}
	r := f.Judge()
	if r == relay.RecoverLater {
		return r, nil, errBehind
	}
	return r, f.Seen, nil
}

var errBehind = relay.NewFault(relay.Unavailable, "ledger_behind", "Our ledger does not show yet what the signer's has shown.", nil)

// disagreed is the contradiction of a funding that landed although the signer has proven it dead.
func disagreed(e relay.Envelope, seen *relay.Sighting) error {
	if !seen.Success {
		return nil
	}
	return relay.AboutPayments(e.Hash, fmt.Errorf("funding %s landed in ledger %d, and the signer has proven it dead: its ledger is another: %w",
		e.Hash, seen.Ledger, relay.ErrContradiction), e.Payments...)
}

// adopt takes in a funding that the database does not know and that landed, or could still land. One that can do so no more
// is left alone. dead says that the signer has proven so: when it landed all the same, it is taken in and its payments are stopped.
func (w *Worker) adopt(ctx context.Context, hash string, dead bool) error {
	answer, err := w.Signer.Funding(ctx, hash)
	if err != nil {
		return err
	}
	found, seen, err := w.ask(ctx, answer.Envelope, dead, answer.Witnesses()...)
	if err != nil || found == relay.RecoverDead {
		return err
	}
	err = w.takeIn(ctx, answer, seen, found == relay.RecoverLanded)
	if dead {
		err = errors.Join(err, disagreed(answer.Envelope, seen))
	}
	return err
}

// takeIn writes down a funding that the database did not know.
func (w *Worker) takeIn(ctx context.Context, answer relay.FundAnswer, seen *relay.Sighting, landed bool) error {
	app := relay.App{Name: "recovered", Recipient: "forgotten"}
	var err error
	if app.Treasury, err = w.Signer.Treasury(ctx, answer.App); err != nil {
		return err
	}
	err = w.Desk.Adopt(ctx, answer, seen, landed, app)
	switch {
	case err == nil:
		w.Log.Warn("a funding of the signer's log was not in the database (a crash, or a restored backup); it is taken in",
			"funding", answer.Envelope.Hash, "payments", len(answer.Minted), "landed", landed)
	case errors.Is(err, relay.ErrNotCreated) && !landed:
		return nil // its commit was refused, because a payment was over by then: it was never sent
	}
	return err // what a client signs contradicts no payment; the sender's receipt brings it home
}

// planKept plans again what was undone although the signer keeps it: the process ended before the signer's answer came.
func (w *Worker) planKept(ctx context.Context, fates []relay.FundingFate) error {
	live, err := w.Desk.LiveEnvelopes(ctx, relay.FundingEnvelope)
	if err != nil {
		return err
	}
	for _, e := range live {
		if e.State != relay.Planned || !slices.Contains(fates, relay.FundingFate{Hash: e.Hash}) {
			continue
		}
		p, err := w.Desk.Payment(ctx, e.Payments[0])
		if err != nil {
			return err
		}
		if p.State != relay.Created {
			continue
		}
		kept, err := w.Signer.Funding(ctx, e.Hash)
		if err == nil {
			_, err = w.Desk.Kept(ctx, kept)
		}
		switch {
		case relay.KindOf(err) == relay.Unavailable, ctx.Err() != nil:
			return err
		case err != nil:
			w.Log.Error("a deposit that the signer keeps cannot be planned again; a person has to look", "funding", e.Hash, "err", err)
		}
	}
	return nil
}

// keep has the signer keep a client's funding that was committed as planned. What it refuses before the ledger has it is taken
// back; what it refuses after that stays, and a person has to look: its way home is in the database alone.
func (w *Worker) keep(ctx context.Context, row desk.Work) error {
	f, ok, err := w.Desk.Planned(ctx, row.Payment)
	if err != nil || !ok {
		return err
	}
	kept, err := w.Signer.Keep(ctx, relay.KeepIntent{App: f.App, Funded: f, Late: true})
	if err == nil {
		_, err = w.Desk.Kept(ctx, kept)
	}
	if !relay.Refuses(err) || relay.KindOf(err) == relay.Exhausted { // there will be room for it again
		return err
	}
	p, undone := w.Desk.Refused(ctx, w.Signer, f)
	if undone == nil && p.Funding == f.Envelope.Hash {
		w.Log.Error("the signer does not keep a deposit that is funded; a person has to look", "payment", p.ID, "err", err)
	}
	return undone
}
