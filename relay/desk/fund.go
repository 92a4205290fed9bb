package desk

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/restante/restante/relay"
)

// CommitFunding writes down a signed funding: the envelope with its sequence number, every box and every rung, and each
// payment's step to funding, in one commit. Only after it may the envelope be handed in. A payment that has moved on since
// the intent fails the whole commit: then nothing of this funding is ever sent, and its bound passes unused.
//
// One that a client minted is written down as planned, before the signer keeps it, so that a cancel from then on is
// noted as a return asked. Until [Desk.Kept] it is work to have it kept; [Desk.UndoFunding] takes it back when the signer refuses. With another box than
// the one that is written down it is [ErrKeptAlready]. Nothing is handed in
// until it is signed ([Desk.SignFunding]); the sender may hand it in without us, and the watcher sees that. So it is written
// down, too, when the payment was canceled or has failed a moment ago: the payment stays as it is, [relay.ErrNotCreated]
// says so, and what lands goes home.
func (d *Desk) CommitFunding(ctx context.Context, f relay.FundAnswer) error {
	ids := f.Envelope.Payments
	over := false
	err := d.Store.UpdateMany(ctx, ids, func(tx Tx, ps []relay.Payment) error {
		known, err := tx.Envelope(f.Envelope.Hash)
		again := err == nil
		switch {
		case again && ps[0].ByClient() && ps[0].Funding == known.Hash:
			return sameBox(tx, ps[0], f.Minted[0])
		case again && (ps[0].ByTreasury() || ps[0].State != relay.Created || !known.Live()):
			return nil // committed before a crash; its submission is a row of work
		case err != nil && !errors.Is(err, relay.ErrNotFound):
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
			if err := fundingGoes(tx, ps[0]); err != nil && ps[0].ByClient() {
				return err
			}
			if err := tx.InsertEnvelope(f.Envelope); err != nil {
				return err
			}
		}
		p := ps[0]
		if p.ByTreasury() { // the signer has funded: what stood in the way is over
			if err := tx.EndPauses("", p.App); err != nil {
				return err
			}
		}
		if over = p.GivenUp(); over {
			return d.giveUp(tx, p, f.Minted[0])
		}
		for i, p := range ps {
			if err := d.commitMinted(tx, p, f.Minted[i], f.Envelope, again); err != nil {
				return err
			}
		}
		if f.Envelope.State == relay.Planned {
			return tx.AddWork(Work{Kind: relay.DoKeep, Payment: ids[0], Due: d.now() + keepPause})
		}
		return tx.AddWork(Work{Kind: relay.DoSubmit, Envelope: f.Envelope.Hash, Due: d.now()})
	})
	if err == nil && over {
		err = relay.ErrNotCreated
	}
	return err
}

// giveUp writes down the way back of a client's funding whose payment is over, and the version of its ladder on the payment. It
// keeps no box, so no claim of it can be made.
func (d *Desk) giveUp(tx Tx, p relay.Payment, m relay.Minted) error {
	if err := m.Fits(p); err != nil {
		return err
	}
	m.Box = nil
	if err := putMinted(tx, p, m); err != nil {
		return err
	}
	_, err := d.step(tx, p, relay.WayBackKept{LadderVersion: m.LadderVersion})
	return err
}

// keepPause is how long a deposit is left to the request that took it in, before it is work to have it kept.
const keepPause = relay.Micros(5 * 1e6)

// alone refuses a client's funding beside another one of the same payment that could still land.
func alone(tx Tx, p relay.Payment) error {
	if p.ByTreasury() {
		return nil
	}
	all, err := tx.EnvelopesOf(p.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(e relay.Envelope) bool { return e.Kind == relay.FundingEnvelope && e.Live() }) {
		return relay.ConflictFault("kept_already", "Another funding of this payment was handed in, and could still land.")
	}
	return nil
}

// ownHolding refuses a holding account of a client's making that is another payment's, also when that one is over: a funding of
// either may still land, and the account has one row of payments that it is the money of.
func ownHolding(tx Tx, p relay.Payment, m relay.Minted) error {
	if p.ByTreasury() {
		return nil // the service made its key, and never makes one twice
	}
	others, err := tx.MintedFor(m.Account)
	if err == nil && slices.ContainsFunc(others, func(id relay.PaymentID) bool { return id != p.ID }) {
		err = errHolding
	}
	return err
}

var errHolding = relay.ConflictFault("holding_known", "The holding account is another payment's.")

// Planned is what was committed of a client's funding, as the signer is asked to keep it; false when it has no box any more,
// for the payment has ended.
func (d *Desk) Planned(ctx context.Context, id relay.PaymentID) (f relay.FundAnswer, ok bool, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		f, ok = relay.FundAnswer{}, false
		p, err := tx.Payment(id)
		if err != nil || p.ByTreasury() || p.Funding == "" || p.State.Ended() {
			return err
		}
		all, err := tx.EnvelopesOf(id)
		if err != nil {
			return err
		}
		m := relay.Minted{Payment: p.ID, Account: p.Holding, Amount: p.Amount, Asset: p.Asset, ReturnTo: p.ReturnTo, ExpiresAt: p.ExpiresAt,
			BoxMAC: p.BoxMAC, Proof: p.Proof, Route: p.Route, ReturnMemo: p.ReturnMemo, LadderVersion: p.LadderVersion}
		for _, e := range all {
			switch {
			case e.Hash == p.Funding:
				f = relay.FundAnswer{App: p.App, Envelope: e}
			case e.Kind == relay.ReturnEnvelope && e.Source == p.Holding:
				m.Ladder = append(m.Ladder, e)
			}
		}
		if m.Box, err = tx.Box(id); errors.Is(err, relay.ErrNotFound) {
			return nil // it came back from an end
		}
		f.Minted, ok = []relay.Minted{m}, true
		return err
	})
	return f, ok, err
}

func (d *Desk) commitMinted(tx Tx, p relay.Payment, m relay.Minted, funding relay.Envelope, again bool) error {
	if m.Payment != p.ID || !p.IsDirect() && (len(m.Box) == 0 || len(m.Ladder) == 0) {
		return relay.NewFault(relay.Internal, "answer_incomplete", "", nil)
	}
	if p.State != relay.Created {
		return relay.ErrNotCreated
	}
	if err := m.Fits(p); err != nil {
		return err
	}
	if again {
		m.Ladder = nil // is there already
	}
	if err := putMinted(tx, p, m); err != nil {
		return err
	}
	_, err := d.step(tx, p, signed(m, funding))
	return err
}

// signed is the input to the payment whose holding account the funding mints as m.
func signed(m relay.Minted, funding relay.Envelope) relay.FundingSigned {
	return relay.FundingSigned{Hash: funding.Hash, Holding: m.Account, Bound: funding.Bound, LadderVersion: m.LadderVersion, BoxMAC: m.BoxMAC, Proof: m.Proof}
}

// putMinted writes box and way back down; a direct payment has neither, and one that came back from its end no box.
func putMinted(tx Tx, p relay.Payment, m relay.Minted) error {
	if p.IsDirect() {
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

// SignFunding takes a funding that a client made, completed by all its signers: from now on it is handed in. It was
// written down before any of them signed, so a client that hands it in by itself is seen all the same.
func (d *Desk) SignFunding(ctx context.Context, id relay.PaymentID, hash string, complete []byte) (relay.Payment, error) {
	var out relay.Payment
	err := d.Store.UpdateMany(ctx, []relay.PaymentID{id}, func(tx Tx, ps []relay.Payment) error {
		out = ps[0]
		e, err := tx.Envelope(hash)
		if err != nil || e.Kind != relay.FundingEnvelope || !slices.Contains(e.Payments, id) || out.ByTreasury() {
			return relay.InvalidFault("funding_unknown", "/envelope", "this envelope is not the funding that was handed in with the box")
		}
		switch {
		case !e.Live() && out.State != relay.Funding:
			return nil // it has landed, or it never will; the payment says which
		case out.Funding != hash: // its plan was taken back a moment ago
			return relay.ConflictFault("funding_undone", "The plan of this funding was taken back. Do not sign it; ask for the payment's terms again.")
		}
		if err := fundingGoes(tx, out); err != nil {
			return err
		}
		if e.State == relay.Signed && bytes.Equal(e.XDR, complete) {
			return nil // the same again
		}
		// Signatures that were not enough, or not right, may be followed by better ones: the envelope is the same.
		if e.Live() {
			e.State, e.XDR = relay.Signed, complete
			if err := tx.SaveEnvelope(&e); err != nil {
				return err
			}
		}
		return tx.AddWork(Work{Kind: relay.DoSubmit, Envelope: hash, Due: d.now()})
	})
	return out, err
}
