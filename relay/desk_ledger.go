package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
)

// CommitFunding writes down a signed funding: the envelope with its sequence number, every box and every rung, and each
// payment's step to funding, in one commit. Only after it may the envelope be handed in. A payment that has moved on since
// the intent fails the whole commit: then nothing of this funding is ever sent, and its bound passes unused.
//
// One that a client minted is written down as planned, before the signer keeps it, so that a cancel from then on is a wish.
// Until [Desk.Kept] it is work to have it kept; [Desk.UndoFunding] takes it back when the signer refuses. With another box than
// the one that is written down it is [ErrKeptAlready]. Nothing is handed in
// until it is signed ([Desk.SignFunding]); its sender may hand it in by himself, and the watcher sees that. So it is written
// down, too, when the payment was canceled or has failed a moment ago: the payment stays as it is, the conflict "not_created"
// says so, and what lands goes home.
func (d *Desk) CommitFunding(ctx context.Context, f FundAnswer) error {
	ids := f.Envelope.Payments
	over := false
	err := d.Store.UpdateMany(ctx, ids, func(tx Tx, ps []Payment) error {
		known, err := tx.Envelope(f.Envelope.Hash)
		again := err == nil
		switch {
		case again && ps[0].From != "" && ps[0].Funding == known.Hash:
			return sameBox(tx, ps[0], f.Minted[0])
		case again && (ps[0].From == "" || ps[0].State != Created || !known.Live()):
			return nil // committed before a crash; its submission is a row of work
		case err != nil && CodeOf(err) != ErrNotFound.Code:
			return err
		case !again:
			if err := alone(tx, ps[0]); err != nil {
				return err
			}
			if err := ownHolding(tx, ps[0], f.Minted[0]); err != nil {
				return err
			}
			if err := ownWallet(tx, ps[0]); err != nil {
				return err
			}
			if err := fundingGoes(tx, ps[0]); err != nil && ps[0].From != "" {
				return err
			}
			if err := tx.InsertEnvelope(f.Envelope); err != nil {
				return err
			}
		}
		p := ps[0]
		if p.From == "" { // the signer has funded: what stood in the way is over
			if err := tx.EndPauses("", p.App); err != nil {
				return err
			}
		}
		if over = p.givenUp(); over {
			return giveUp(tx, p, f.Minted[0])
		}
		for i, p := range ps {
			if err := d.commitMinted(tx, p, f.Minted[i], f.Envelope, again); err != nil {
				return err
			}
		}
		if f.Envelope.State == Planned {
			return tx.AddWork(Work{Kind: DoKeep, Payment: ids[0], Due: d.now() + keepPause})
		}
		return tx.AddWork(Work{Kind: DoSubmit, Envelope: f.Envelope.Hash, Due: d.now()})
	})
	if err == nil && over {
		err = errNotCreated
	}
	return err
}

var errNotCreated = conflict("not_created", "Only a payment that is not funded can be funded.")

// giveUp writes down the way back of a client's funding whose payment is over, and the version of its ladder on the payment. It
// keeps no box, so no claim of it can be made.
func giveUp(tx Tx, p Payment, m Minted) error {
	if err := m.fits(p); err != nil {
		return err
	}
	m.Box = nil
	if err := putMinted(tx, p, m); err != nil {
		return err
	}
	p.LadderVersion = m.LadderVersion
	return tx.SavePayment(&p)
}

// keepPause is how long a deposit is left to whoever took it in, before it is work to have it kept.
const keepPause = Micros(5 * 1e6)

// alone refuses a client's funding beside another one of the same payment that could still land.
func alone(tx Tx, p Payment) error {
	if p.From == "" {
		return nil
	}
	all, err := tx.EnvelopesOf(p.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(e Envelope) bool { return e.Kind == FundingEnvelope && e.Live() }) {
		return conflict("kept_already", "Another funding of this payment was handed in, and could still land.")
	}
	return nil
}

// ownHolding refuses a holding account of a client's making that is another payment's, also when that one is over: a funding of
// either may still land, and the account has one row of payments that it is the money of.
func ownHolding(tx Tx, p Payment, m Minted) error {
	if p.From == "" {
		return nil // the service made its key, and never makes one twice
	}
	others, err := tx.MintedFor(m.Account)
	if err == nil && slices.ContainsFunc(others, func(id PaymentID) bool { return id != p.ID }) {
		err = errHolding
	}
	return err
}

var errHolding = conflict("holding_known", "The holding account is another payment's.")

// Planned is what was committed of a client's funding, as the signer is asked to keep it; false when it has no box any more,
// for the payment has ended.
func (d *Desk) Planned(ctx context.Context, id PaymentID) (f FundAnswer, ok bool, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		f, ok = FundAnswer{}, false
		p, err := tx.Payment(id)
		if err != nil || p.From == "" || p.Funding == "" || p.State.Ended() {
			return err
		}
		all, err := tx.EnvelopesOf(id)
		if err != nil {
			return err
		}
		m := Minted{Payment: p.ID, Account: p.Holding, Amount: p.Amount, Asset: p.Asset, ReturnTo: p.ReturnTo, ExpiresAt: p.ExpiresAt,
			BoxMAC: p.BoxMAC, Proof: p.Proof, Terms: p.Terms(), LadderVersion: p.LadderVersion}
		for _, e := range all {
			switch {
			case e.Hash == p.Funding:
				f = FundAnswer{App: p.App, Envelope: e}
			case e.Kind == ReturnEnvelope && e.Source == p.Holding:
				m.Ladder = append(m.Ladder, e)
			}
		}
		if m.Box, err = tx.Box(id); CodeOf(err) == ErrNotFound.Code {
			return nil // it came back from an end
		}
		f.Minted, ok = []Minted{m}, true
		return err
	})
	return f, ok, err
}

func (d *Desk) commitMinted(tx Tx, p Payment, m Minted, funding Envelope, again bool) error {
	if m.Payment != p.ID || p.PayTo == "" && (len(m.Box) == 0 || len(m.Ladder) == 0) {
		return NewFault(Internal, "answer_incomplete", "", nil)
	}
	if p.State != Created {
		return errNotCreated
	}
	if err := m.fits(p); err != nil {
		return err
	}
	if again {
		m.Ladder = nil // is there already
	}
	if err := putMinted(tx, p, m); err != nil {
		return err
	}
	p.BoxMAC, p.Proof = m.BoxMAC, m.Proof
	_, err := d.step(tx, p, FundingSigned{Hash: funding.Hash, Holding: m.Account, Bound: funding.Bound, LadderVersion: m.LadderVersion})
	return err
}

// putMinted writes box and way back down; a direct payment has neither, and one that came back from its end no box.
func putMinted(tx Tx, p Payment, m Minted) error {
	if p.PayTo != "" {
		return nil
	}
	if len(m.Box) > 0 {
		if err := tx.PutBox(p.ID, m.Box); err != nil {
			return err
		}
	}
	for _, rung := range m.Ladder {
		if err := tx.InsertEnvelope(rung); err != nil {
			return err
		}
	}
	return nil
}

// SignFunding takes a funding that a client made, completed by whoever has to sign it: from now on it is handed in. It was
// written down before anybody signed it, so a client that hands it in by itself is seen all the same.
func (d *Desk) SignFunding(ctx context.Context, id PaymentID, hash string, complete []byte) (Payment, error) {
	var out Payment
	err := d.Store.UpdateMany(ctx, []PaymentID{id}, func(tx Tx, ps []Payment) error {
		out = ps[0]
		e, err := tx.Envelope(hash)
		if err != nil || e.Kind != FundingEnvelope || !slices.Contains(e.Payments, id) || out.From == "" {
			return invalid("funding_unknown", "/envelope", "this envelope is not the funding that was handed in with the box")
		}
		switch {
		case !e.Live() && out.State != Funding:
			return nil // it has landed, or it never will; the payment says which
		case out.Funding != hash: // its plan was taken back a moment ago
			return conflict("funding_undone", "The plan of this funding was taken back. Do not sign it; ask for the payment's terms again.")
		}
		if err := fundingGoes(tx, out); err != nil {
			return err
		}
		if e.State == Signed && bytes.Equal(e.XDR, complete) {
			return nil // the same again
		}
		// Signatures that were not enough, or not right, may be followed by better ones: the envelope is the same.
		if e.Live() {
			e.State, e.XDR = Signed, complete
			if err := tx.SaveEnvelope(&e); err != nil {
				return err
			}
		}
		return tx.AddWork(Work{Kind: DoSubmit, Envelope: hash, Due: d.now()})
	})
	return out, err
}

const otherwise = "funded_otherwise"

// fits compares what the signer funded with what the row says: a row of the same id may not be the same payment when the
// database was restored in between.
func (m Minted) fits(p Payment) error {
	if m.Amount != p.Amount || m.Asset != p.Asset || m.ReturnTo != p.ReturnTo || m.ExpiresAt != p.ExpiresAt || m.Terms != p.Terms() {
		return NewFault(Internal, otherwise, "", fmt.Errorf("payment %s was funded with %s for %s, the row says %s for %s",
			p.ID, m.Amount, m.ReturnTo, p.Amount, p.ReturnTo))
	}
	return nil
}

// Plan writes down a claim envelope before the claimant gets it: from then on it may land without us. The same commit uses the
// evidence of the proof, so that a plan that is refused, or cannot be written, uses nothing up. The link policy asks for no proof.
func (d *Desk) Plan(ctx context.Context, e Envelope, at Head, proof string) error {
	return d.Store.UpdateMany(ctx, e.Payments, func(tx Tx, ps []Payment) error {
		if ps[0].State != Pending {
			return ps[0].claimRefusal()
		}
		if err := goes(tx, ps[0]); err != nil {
			return err
		}
		if err := ownWallet(tx, ps[0]); err != nil { // of before that was refused
			return err
		}
		if err := notHeld(tx, e.Destination, "/destination"); err != nil {
			return err
		}
		if Seconds(at.CloseTime) >= ps[0].ExpiresAt {
			return conflict("expired", "The time to claim this payment has run out.")
		}
		if err := useProof(tx, ps[0], proof, d.now()); err != nil {
			return err
		}
		if _, err := tx.Envelope(e.Hash); err == nil {
			return nil
		}
		return tx.InsertEnvelope(e)
	})
}

// SubmitClaim takes a planned claim that the claimant completed: payment, envelope and the work of handing it in.
func (d *Desk) SubmitClaim(ctx context.Context, id PaymentID, hash string, complete []byte, at Head) (Payment, error) {
	var out Payment
	err := d.Store.UpdateMany(ctx, []PaymentID{id}, func(tx Tx, ps []Payment) error {
		e, err := tx.Envelope(hash)
		if err != nil || e.Kind != ClaimEnvelope || !slices.Contains(e.Payments, id) {
			return invalid("plan_unknown", "/envelope", "this envelope is none of the plans of this payment")
		}
		dead := !e.Live() || at.Sequence >= e.Bound || at.CloseTime > e.MaxTime
		if dead && ps[0].State == Pending { // else the payment says more of why not
			return conflict("plan_dead", "The time of this plan is over. Ask for another one.")
		}
		if err := goes(tx, ps[0]); err != nil && ps[0].State == Pending {
			return err
		}
		if out, err = d.step(tx, ps[0], ClaimSubmitted{Hash: hash, Destination: e.Destination, At: at}); err != nil {
			return err
		}
		if out.State == ps[0].State {
			return nil // the same again
		}
		if e.State == Planned {
			e.State, e.XDR = Signed, complete
			if err := tx.SaveEnvelope(&e); err != nil {
				return err
			}
		}
		return tx.AddWork(Work{Kind: DoSubmit, Envelope: hash, Due: d.now()})
	})
	return out, err
}

// CollectClaim keeps what some signers of the claimant's account have signed, while others are still to sign: partial is the
// planned envelope with their signatures.
func (d *Desk) CollectClaim(ctx context.Context, id PaymentID, hash string, partial []byte, at Head) (Payment, error) {
	var out Payment
	err := d.Store.UpdateMany(ctx, []PaymentID{id}, func(tx Tx, ps []Payment) error {
		out = ps[0]
		e, err := tx.Envelope(hash)
		if err != nil || e.Kind != ClaimEnvelope || !slices.Contains(e.Payments, id) {
			return invalid("plan_unknown", "/envelope", "this envelope is none of the plans of this payment")
		}
		if _, _, err := Step(out, ClaimSubmitted{Hash: hash, Destination: e.Destination, At: at}, d.now()); err != nil {
			return err
		}
		if err := goes(tx, out); err != nil {
			return err
		}
		if e.State != Planned || at.Sequence >= e.Bound || at.CloseTime > e.MaxTime {
			return conflict("plan_dead", "The time of this plan is over. Ask for another one.")
		}
		e.XDR = partial
		return tx.SaveEnvelope(&e)
	})
	return out, err
}

// Sighted tells an envelope and its payments that it was seen in a ledger. A funding that the watcher has passed without
// knowing it asks for a look at what happened to its accounts since. A [Contradiction] is answered after the commit: what it is
// about is stopped by then, and the rest went on.
func (d *Desk) Sighted(ctx context.Context, s Sighting) error {
	return d.settling(ctx, s.Hash, func(tx Tx, e Envelope) ([]error, error) {
		said, err := d.settleIn(tx, s.Hash, &s)
		if err != nil {
			return nil, err
		}
		passed, err := tx.Cursor()
		if err != nil || passed < s.Ledger || !e.Live() || e.Kind != FundingEnvelope {
			return said, err
		}
		return said, d.lookAgain(tx, e.Payments)
	})
}

// settling runs fn in one commit on an envelope and its payments, and then answers the contradictions that it found.
func (d *Desk) settling(ctx context.Context, hash string, fn func(tx Tx, e Envelope) ([]error, error)) error {
	e, err := d.Envelope(ctx, hash)
	if err != nil {
		return err
	}
	var said []error
	err = d.Store.UpdateMany(ctx, e.Payments, func(tx Tx, _ []Payment) error {
		e, err := tx.Envelope(hash)
		if err == nil {
			said, err = fn(tx, e)
		}
		return err
	})
	if err == nil {
		err = errors.Join(said...)
	}
	return err
}

// Died tells an envelope and its payments that it is proven unable to land, as Sighted does. Only after a [Verdict] of
// [CannotLand].
func (d *Desk) Died(ctx context.Context, hash string) error {
	return d.settling(ctx, hash, func(tx Tx, _ Envelope) ([]error, error) { return d.settleIn(tx, hash, nil) })
}

// Starved is Died of a funding that the network did not take for want of lumens for its fee: it is no try of its payments.
func (d *Desk) Starved(ctx context.Context, hash string) error {
	return d.settling(ctx, hash, func(tx Tx, e Envelope) ([]error, error) {
		for _, id := range e.Payments {
			p, err := tx.Payment(id)
			if err != nil {
				return nil, err
			}
			if p.State != Funding || p.Funding != hash {
				continue
			}
			if _, err := d.step(tx, p, FundingDead{Hash: hash, Short: true}); err != nil {
				return nil, fmt.Errorf("payment %s: %w", p.ID, err)
			}
		}
		return d.settleIn(tx, hash, nil) // whose payments know already
	})
}

// settleIn steps an envelope that was seen, or with seen = nil is proven dead, and tells its payments. Those that the news
// contradicts are stopped, in the same commit, and told nothing; the others go on. An envelope that cannot be so at all stops all
// its payments. said is what was found out so; a hash that a person has looked at is no news.
func (d *Desk) settleIn(tx Tx, hash string, seen *Sighting) (said []error, err error) {
	e, err := tx.Envelope(hash)
	if err != nil {
		return nil, err
	}
	left := 0
	if e.Kind == ReturnEnvelope {
		all, err := tx.EnvelopesOf(e.Payments[0])
		if err != nil {
			return nil, err
		}
		for _, other := range RungsLeft(all, e.Source) {
			if other.Sequence > e.Sequence { // a rung in a ledger uses up all lower numbers
				left++
			}
		}
	}
	var next Envelope
	var in Input
	if seen == nil {
		next, in, err = StepDead(e, left)
	} else {
		next, in, err = StepSighting(e, *seen, left)
	}
	if err != nil {
		_, said, err = d.stop(tx, hash, fmt.Errorf("envelope %s: %w", hash, unfit(err)), e.Payments...)
		return said, err
	}
	told := []telling{}
	for i, id := range e.Payments {
		if in == nil {
			break
		}
		more, err := tellings(tx, id, next, in, seen, i)
		if err != nil {
			return nil, err
		}
		told = append(told, more...)
	}
	whole := true
	for _, t := range told {
		err := d.tell(tx, t.p, t.in)
		if err == nil {
			continue
		}
		stops, news, err := d.stop(tx, hash, fmt.Errorf("envelope %s, payment %s: %w", hash, t.p.ID, err), t.p.ID)
		if err != nil {
			return nil, err
		}
		said, whole = append(said, news...), whole && !stops
	}
	if !whole || next.State == e.State {
		return said, nil // the envelope stays live: it is found, and told, again when a person has looked
	}
	return said, tx.SaveEnvelope(&next)
}

// tell steps a payment by what a ledger shows, and writes all of it or nothing. What the payment, or a rule of the database about
// its row, cannot take in is [ErrContradiction]: it stops that payment, and the ledger is taken in for all others.
func (d *Desk) tell(tx Tx, p Payment, in Input) error {
	return unfit(tx.Try(func() error {
		next, _, err := Step(p, in, d.now())
		if err == nil {
			err = alreadyHeld(tx, p, next)
		}
		if err == nil {
			_, err = d.step(tx, p, in)
		}
		return err
	}))
}

// unfit says of what cannot be so that it is a contradiction; what the store may answer the next time stays as it is.
func unfit(err error) error {
	if f := (*Fault)(nil); !errors.As(err, &f) || f.Kind == Unavailable || errors.Is(err, ErrStale) || errors.Is(err, ErrContradiction) {
		return err
	}
	return fmt.Errorf("%w: %w", err, ErrContradiction)
}

// alreadyHeld refuses a holding account that is the money of another payment.
func alreadyHeld(tx Tx, before, next Payment) error {
	if next.Holding == before.Holding || next.Holding == "" {
		return nil
	}
	ids, err := tx.PaymentsOfHoldings([]string{next.Holding})
	if err == nil && slices.ContainsFunc(ids, func(id PaymentID) bool { return id != next.ID }) {
		err = errHolding
	}
	return err
}

// stop writes a contradiction about payments down, and answers whether they are stopped by it, and what of that is news; any other
// error is given back as it is.
func (d *Desk) stop(tx Tx, hash string, cause error, ids ...PaymentID) (stops bool, said []error, err error) {
	if !errors.Is(cause, ErrContradiction) {
		return false, nil, cause
	}
	cause = AboutPayments(hash, cause, ids...)
	for _, c := range Contradictions(cause) {
		one, news, err := c.put(tx, d.now())
		if err != nil {
			return false, nil, err
		}
		if stops = stops || one; news {
			said = append(said, c)
		}
	}
	return stops, said, nil
}

// telling is what one payment is told of an envelope.
type telling struct {
	p  Payment
	in Input
}

// tellings are those about one payment that e carries, the i-th: itself and, when e is a funding that was to take over another
// one's money, that other one. seen is where it is in a ledger; nil is that it never will be.
func tellings(tx Tx, id PaymentID, e Envelope, in Input, seen *Sighting, i int) ([]telling, error) {
	p, err := tx.Payment(id)
	if err != nil {
		return nil, err
	}
	if e.Kind != FundingEnvelope && e.Source != p.Holding {
		return nil, nil // of a holding account that was given up: whoever made it anew, the money in it is not this payment's
	}
	made := p // with the holding account that e has made
	if landed, ok := in.(FundingLanded); ok && p.From != "" && p.Funding != e.Hash {
		if made.Holding, err = holdingOf(tx, id, e.Hash); err != nil {
			return nil, err
		}
		landed.Holding, landed.Bound = made.Holding, e.Bound
		in = landed
	}
	var old Payment
	if p.Replaces != "" && e.Kind == FundingEnvelope {
		if old, err = tx.Payment(p.Replaces); err != nil {
			return nil, err
		}
	}
	if seen == nil {
		return []telling{{p, in}}, nil
	}
	told := []telling{{p, detailed(in, made, old, e, *seen, i)}}
	switch {
	case old.ID == "" || old.Holding != e.Source: // it took nothing that is this payment's
	case e.State == Landed:
		moved := Moved{Tx: e.Tx, Ledger: e.Ledger, Holding: made.Holding}
		moved.Arrived, moved.Rest = old.gone(old.Holding, seen.Paid, func(Paid) bool { return true })
		told = append(told, telling{old, moved})
	case seen.Payer == old.Holding:
		told = append(told, telling{old, FeeTaken{Tx: seen.Tx, Fee: seen.Fee}})
	}
	return told, nil
}

// holdingOf is the account that a client's funding makes: that of the way back which was written down right after it.
func holdingOf(tx Tx, id PaymentID, funding string) (string, error) {
	all, err := tx.EnvelopesOf(id)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(all, func(e Envelope) bool { return e.Hash == funding })
	if i < 0 || i+1 == len(all) || all[i+1].Kind != ReturnEnvelope {
		return "", nil
	}
	return all[i+1].Source, nil
}

// Witness takes in one closed ledger: our envelopes that are in it, strangers' transactions that touched our holding
// accounts, and the cursor, in one commit. A ledger that does not follow the one remembered is [ErrContradiction]: nothing of it
// is taken in. A [Contradiction] about payments stops those in the same commit, the others go on, and it is answered after it.
func (d *Desk) Witness(ctx context.Context, page LedgerPage) error {
	var said []error
	err := d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []Payment) error {
		said = nil
		if again, err := follows(tx, page); err != nil || again {
			return err
		}
		var hashes []string
		for _, t := range page.Transactions {
			hashes = append(hashes, t.Hash)
		}
		known, err := tx.KnownEnvelopes(hashes)
		if err != nil {
			return err
		}
		for _, t := range feesFirst(page.Transactions) {
			var more []error
			if slices.Contains(known, t.Hash) {
				more, err = d.settleIn(tx, t.Hash, &t.Sighting)
				said = append(said, more...)
			}
			if err == nil {
				more, err = d.others(tx, t)
				said = append(said, more...)
			}
			if err != nil {
				return fmt.Errorf("ledger %d: %w", page.Head.Sequence, err)
			}
		}
		work, err := tx.Awaiting(page.Head)
		if err != nil {
			return err
		}
		for _, w := range work {
			w.Due = d.now()
			if err := tx.AddWork(w); err != nil {
				return err
			}
		}
		return tx.RememberLedger(page.Head)
	})
	if err == nil {
		err = errors.Join(said...)
	}
	return err
}

// feesFirst puts the transactions that failed before the others, each part in its order. A ledger takes the fees of all its
// transactions before it applies the first, and a failed one has no other effect on money:
// what merged in the same ledger was short of its fee already.
func feesFirst(all []PageTransaction) []PageTransaction {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b PageTransaction) int {
		switch {
		case a.Success == b.Success:
			return 0
		case a.Success:
			return 1
		}
		return -1
	})
	return sorted
}

// follows says whether the page is the next one, or one that was taken in before (again). A page further on is ErrStale:
// another watcher was here, or a ledger was left out.
func follows(tx Tx, page LedgerPage) (again bool, err error) {
	seq := page.Head.Sequence
	cursor, err := tx.Cursor()
	if err != nil {
		return false, err
	}
	before, err := tx.LedgerHash(seq - 1)
	if err != nil {
		return false, err
	}
	same, err := tx.LedgerHash(seq)
	if err != nil {
		return false, err
	}
	if before != "" && before != page.Previous || same != "" && same != page.Head.Hash {
		if lifted, err := tx.Lifted(page.Head.Hash); err != nil || !lifted {
			if err == nil {
				err = About(page.Head.Hash, fmt.Errorf("ledger %d (%s) has another history than the one remembered: %w", seq, page.Head.Hash, ErrContradiction))
			}
			return false, err
		}
		if err := tx.ForgetLedgers(); err != nil { // a person took the new history: nothing is proven by the old one any more
			return false, err
		}
	}
	if cursor != 0 && seq > cursor+1 {
		return false, ErrStale
	}
	return seq <= cursor, nil
}

// others takes in what a transaction did to the holding accounts of payments that it does not carry, be it a stranger's or an
// envelope of ours, which a key holder of another account may have made: emptied, or to be looked at, and charged when its key
// holder let it pay. One that failed changed nothing but that. Payments that it contradicts are stopped, as in settleIn.
func (d *Desk) others(tx Tx, t PageTransaction) (said []error, err error) {
	var carried []PaymentID
	e, err := tx.Envelope(t.Hash)
	switch {
	case err == nil:
		carried, err = toldOf(tx, e)
		if err != nil {
			return nil, err
		}
	case CodeOf(err) != ErrNotFound.Code:
		return nil, err
	}
	touched := t.Touched
	if !t.Success {
		touched = []string{t.Payer}
	}
	ids, err := tx.PaymentsOfHoldings(touched)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		p, err := tx.Payment(id)
		if err != nil {
			return nil, err
		}
		destination, gone := t.Merges[p.Holding]
		if first := gone && t.Ledger < p.SettledAt; !p.State.Holds() && !first || slices.Contains(carried, id) {
			continue // an account that ended with its payment may be made anew by anybody; it is none of ours
		}
		switch {
		case gone:
			err = d.tell(tx, p, emptied(p, t, destination))
		case t.Payer == p.Holding:
			err = d.tell(tx, p, FeeTaken{Tx: t.Tx, Fee: t.Fee})
		}
		if err == nil && !gone && t.Success {
			err = tx.AddWork(Work{Kind: DoAudit, Payment: id, Due: d.now()})
		}
		if err != nil {
			_, more, err := d.stop(tx, t.Hash, fmt.Errorf("transaction %s, payment %s: %w", t.Tx, id, err), id)
			if err != nil {
				return nil, err
			}
			said = append(said, more...)
		}
	}
	return said, d.balances(tx, t)
}

// balances takes in what became of balances that last resorts had left.
func (d *Desk) balances(tx Tx, t PageTransaction) error {
	for _, end := range t.Ended {
		ids, err := tx.PaymentsOfBalances([]string{end.ID})
		if err != nil {
			return err
		}
		var in Input = BalanceCollected{Tx: t.Tx}
		if end.Clawed {
			in = BalanceClawed{Tx: t.Tx}
		}
		for _, id := range ids {
			p, err := tx.Payment(id)
			if err == nil {
				_, err = d.step(tx, p, in)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// toldOf are the payments that an envelope's own news tell: those that it carries, and those whose money they take over.
func toldOf(tx Tx, e Envelope) ([]PaymentID, error) {
	told := slices.Clone(e.Payments)
	for _, id := range e.Payments {
		p, err := tx.Payment(id)
		if err != nil {
			return nil, err
		}
		if p.Replaces != "" && e.Kind == FundingEnvelope {
			told = append(told, p.Replaces)
		}
	}
	return told, nil
}

// Envelope reads one envelope.
func (d *Desk) Envelope(ctx context.Context, hash string) (e Envelope, err error) {
	err = d.Store.View(ctx, func(tx Tx) error { e, err = tx.Envelope(hash); return err })
	return e, err
}

// EnvelopesOf reads every envelope ever signed for a payment.
func (d *Desk) EnvelopesOf(ctx context.Context, id PaymentID) (es []Envelope, err error) {
	err = d.Store.View(ctx, func(tx Tx) error { es, err = tx.EnvelopesOf(id); return err })
	return es, err
}

// Cursor is the last ledger witnessed, 0 when none.
func (d *Desk) Cursor(ctx context.Context) (seq uint32, err error) {
	err = d.Store.View(ctx, func(tx Tx) error { seq, err = tx.Cursor(); return err })
	return seq, err
}

// Skip moves the cursor over a gap in history, from where it was found to h. The caller then looks up every live envelope
// and holding account. Another watcher that moved it meanwhile was reading properly: then it stays.
func (d *Desk) Skip(ctx context.Context, from uint32, h Head) error {
	return d.Store.UpdateMany(ctx, nil, func(tx Tx, _ []Payment) error {
		now, err := tx.Cursor()
		if err != nil || now != from || h.Sequence <= from {
			return err
		}
		return tx.RememberLedger(h)
	})
}
