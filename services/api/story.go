package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/wire"
)

// story tells everything that is known of a payment. It is for looking into trouble, so it answers without the ledger too.
func (s *server) story(c *call) (reply, error) {
	if err := onlyParams(c.Request); err != nil {
		return reply{}, err
	}
	p, err := s.own(c)
	if err != nil {
		return reply{}, err
	}
	ctx := c.Context()
	out := wire.Story{History: []wire.StoryEntry{}, Envelopes: []wire.StoryEnvelope{}, Work: []wire.StoryWork{}}
	if out.Payment, err = payment(p); err != nil {
		return reply{}, err
	}
	s.hindered(ctx, p, &out.Payment)
	var history []relay.Entry
	var envelopes []relay.Envelope
	var work []desk.Work
	err = s.Store.View(ctx, func(tx desk.Tx) error {
		if history, err = tx.History(p.ID); err != nil {
			return err
		}
		if envelopes, err = tx.EnvelopesOf(p.ID); err != nil {
			return err
		}
		work, err = tx.WorkOf(p.ID)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	for _, e := range history {
		out.History = append(out.History, wire.StoryEntry{
			At: e.At.Time(), From: string(e.From), To: string(e.To), Input: e.Input, Detail: e.Detail,
		})
	}
	ladder := p.Ladder()
	for _, e := range envelopes {
		role := ""
		if e.Kind == relay.ReturnEnvelope {
			role = string(ladder.Role(e.Rung))
		}
		out.Envelopes = append(out.Envelopes, wire.StoryEnvelope{
			Hash: e.Hash, Kind: string(e.Kind), State: string(e.State), Source: e.Source, Sequence: e.Sequence, Bound: e.Bound,
			Rung: e.Rung, Role: role, Tx: e.Tx, Ledger: e.Ledger,
		})
	}
	for _, w := range work {
		out.Work = append(out.Work, wire.StoryWork{
			Kind: string(w.Kind), Due: w.Due.Time(), Attempts: w.Attempts, DoneAt: moment(w.DoneAt), Note: w.Note,
		})
	}
	err = s.ledgerSays(ctx, &out, p, envelopes)
	return reply{status: http.StatusOK, body: out}, err
}

// ledgerSays adds the ledger's part; when the ledger does not answer, what we saw of it last.
func (s *server) ledgerSays(ctx context.Context, out *wire.Story, p relay.Payment, envelopes []relay.Envelope) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	head, err := s.Ledger.Head(ctx)
	if err != nil {
		s.Log.Warn("story without the ledger", "payment", p.ID, "err", err)
		out.Holding = "The ledger does not answer just now."
		out.Ledger, err = s.Desk.Cursor(ctx)
		return err
	}
	out.Ledger, out.ClosedAt = head.Sequence, relay.Seconds(head.CloseTime).Time()
	if p.Holding == "" {
		return nil
	}
	facts, err := s.Ledger.Holdings(ctx, p.QueryWith(relay.RungsLeft(envelopes, p.Holding)))
	if err != nil {
		s.Log.Warn("story without the holding account", "payment", p.ID, "err", err)
		out.Holding = "The ledger does not say just now."
		return nil
	}
	f := facts[p.Holding]
	what := f.Balance.String() + " lumens"
	if f.Balance == 10_000_000 {
		what = "1 lumen"
	}
	if !p.IsNative() {
		what = f.Held.String() + " " + p.Asset
	}
	switch {
	case !f.Exists:
		out.Holding = fmt.Sprintf("The account %s is not on the ledger.", p.Holding)
	case f.Trouble != "":
		out.Holding = fmt.Sprintf("The account holds %s and is not as it was made (%s): %s.", what, f.Trouble, f.Detail)
	default:
		out.Holding = fmt.Sprintf("The account holds %s and is as it was made.", what)
	}
	return nil
}
