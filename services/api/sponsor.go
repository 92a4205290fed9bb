package api

import (
	"context"
	"errors"
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/wire"
)

// sponsorFree is what the service's sponsor has above its own reserve, as the ledger says.
func (s *server) sponsorFree(ctx context.Context) (relay.Stroops, error) {
	sponsor, _, err := s.Signer.Accounts(ctx)
	if err != nil {
		return 0, err
	}
	facts, _, err := s.Ledger.Look(ctx, relay.Native, sponsor)
	return facts[sponsor].Free, err
}

// carrying is what the sponsor has to carry, and has: read in this order, so that what lands in between counts twice.
func (s *server) carrying(ctx context.Context) (*relay.Sponsor, error) {
	load, err := s.Desk.Carried(ctx)
	if err != nil {
		return nil, err
	}
	free, err := s.sponsorFree(ctx)
	return &relay.Sponsor{Free: free, Load: load, Prices: prices}, err
}

// pausedOf is what holds the funding of a payment up; nil when nothing does.
func (s *server) pausedOf(ctx context.Context, p relay.Payment) *wire.Refusal {
	pause, err := s.Desk.Paused(ctx, p)
	if err != nil && ctx.Err() == nil {
		s.Log.Warn("a payment without what holds it up", "payment", p.ID, "err", err)
	}
	if pause == nil {
		return nil
	}
	return &wire.Refusal{Code: pause.Cause, Detail: pause.Detail}
}

// haltOf is what stops a payment until the operator has looked; nil when nothing does.
func (s *server) haltOf(ctx context.Context, p relay.Payment) *wire.Halted {
	h, err := s.Desk.HaltOf(ctx, p)
	if err != nil {
		s.Log.Warn("a payment without what stops it", "payment", p.ID, "err", err)
	}
	if h == nil {
		return nil
	}
	return halted(*h)
}

// hindered says of a payment what holds it up or stops it, also where it says who can move the money.
func (s *server) hindered(ctx context.Context, p relay.Payment, out *wire.Payment) {
	out.Paused = s.pausedOf(ctx, p)
	setHalted(out, s.haltOf(ctx, p))
}

// setHalted says of a payment what stops it; nil is nothing.
func setHalted(out *wire.Payment, by *wire.Halted) {
	if out.Halted = by; by != nil && out.CustodyText != "" {
		out.CustodyText += relay.WhileHalted
	}
}

// haltsOf is what stops each of an app's payments; those that nothing stops are not in it.
func (s *server) haltsOf(ctx context.Context, app relay.AppID, page []relay.Payment) map[relay.PaymentID]*wire.Halted {
	var ids []relay.PaymentID
	for _, p := range page {
		ids = append(ids, p.ID)
	}
	all, err := desk.Read(ctx, s.Store, func(tx desk.Tx) ([]relay.Halt, error) { return tx.HaltsOf(app, ids...) })
	if err != nil {
		s.Log.Warn("payments without what stops them", "app", app, "err", err)
	}
	found := map[relay.PaymentID]*wire.Halted{}
	for _, h := range slices.Backward(all) { // the first one counts
		for _, id := range ids {
			if h.Stops(app, id) {
				found[id] = halted(h)
			}
		}
	}
	return found
}

func halted(h relay.Halt) *wire.Halted {
	return &wire.Halted{Scope: string(h.Scope), About: h.Hash, Since: moment(h.At), Detail: h.Public()}
}

// heldOf is what a claimant reads of what holds the money up: its funding, or a claim of hers that is on its way.
func (s *server) heldOf(ctx context.Context, p relay.Payment) *wire.Refusal {
	if h := s.haltOf(ctx, p); h != nil && !p.State.Ended() {
		return &wire.Refusal{Code: "halted", Detail: h.Detail}
	}
	if s.pausedOf(ctx, p) != nil {
		return &wire.Refusal{Code: "funding_held", Detail: relay.ToClaimant}
	}
	if p.State != relay.Claiming || p.FromWallet() {
		return nil
	}
	free, err := s.sponsorFree(ctx)
	if err != nil {
		return nil // the ledger does not answer: nothing is known to hold it up
	}
	var f *relay.Fault
	if errors.As(p.ClaimHeld(free, prices), &f) {
		return &wire.Refusal{Code: f.Code, Detail: f.Public}
	}
	return nil
}
