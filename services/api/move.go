package api

import (
	"cmp"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/wire"
)

// move makes a payment that takes the money of another one over, for a sender who opened its box: the way to correct a handle
// when the share was released, or when the link alone claims. A claim that lands first wins, and the new payment has failed.
func (s *server) move(c *call) (reply, error) {
	var in wire.MoveRequest
	if err := s.read(c, &in); err != nil {
		return reply{}, err
	}
	old, err := s.own(c)
	if err != nil {
		return reply{}, err
	}
	if err := old.Replaceable(); err != nil { // the Desk asks again when it commits
		return reply{}, err
	}
	ctx := c.Context()
	app, err := s.appOf(c, old)
	if err != nil {
		return reply{}, err
	}
	o, _, err := s.intake(wire.PaymentRequest{To: in.To, Amount: old.Amount.String(), Asset: old.Asset, Policy: in.Policy,
		ManageHash: cmp.Or(in.ManageHash, old.ManageHash), // else the manager of this one could not fund that one
		ID:         in.ID, Link: in.Link}, app)
	if err != nil {
		return reply{}, err
	}
	p := &o.Payment
	if err := senders(in.SenderRecipients); err != nil {
		return reply{}, err
	}
	if p.SenderRecipients = relay.RecipientsOf(in.SenderRecipients...); p.SenderRecipients == "" {
		p.SenderRecipients = old.SenderRecipients
	}
	p.Route = old.Move(old.ID, old.Holding)
	p.ReturnTo, p.ReturnMemo, p.ExpiresAt, p.Clawback = old.ReturnTo, old.ReturnMemo, old.ExpiresAt, old.Clawback
	head, err := s.headBefore(ctx, *p)
	if err != nil {
		return reply{}, err
	}
	if err := s.deadline(ctx, p, "", head); err != nil {
		return reply{}, err
	}
	funding, err := s.terms(ctx, *p)
	if err != nil {
		return reply{}, err
	}
	return s.accept(ctx, o, "", funding)
}

// appOf is the app of a payment, for callers who came with a token.
func (s *server) appOf(c *call, p relay.Payment) (relay.App, error) {
	if c.app.ID != "" {
		return c.app, nil
	}
	var a relay.App
	err := s.Store.View(c.Context(), func(tx desk.Tx) (err error) {
		a, err = tx.App(p.App)
		return err
	})
	return a, err
}
