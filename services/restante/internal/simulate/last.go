package simulate

import (
	"context"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

// mostClaims is how often a recipient tries again without faults. One claim in twelve is signed and never handed in.
const mostClaims = 6

// last is what has to go well once the faults are over, whatever they left behind: the recipient of a payment that still waits can
// claim it, and an app can send one more.
func (w *world) last(ctx context.Context) {
	for _, p := range w.books.payments {
		if p.accepted && p.tampered == "" && w.claimable(ctx, p) {
			w.mustClaim(ctx, p)
			break
		}
	}
	i := w.chance.IntN(len(w.apps))
	a := w.apps[i]
	flooded := w.chance.IntN(6) == 0
	if flooded {
		w.floods(ctx, w.apps[1-i])
	}
	p := w.newPayment(a, 50)
	w.books.payments = append(w.books.payments, p)
	attempt, err := a.client.Prepare(ctx, client.SendRequest{To: p.to, Amount: relay.Stroops(p.amount).String(), Asset: p.asset, Policy: p.policy,
		ExpiresIn: "24h"})
	if err == nil {
		p.id, p.link = attempt.ID, attempt.Link
		_, err = a.client.SendAttempt(ctx, attempt)
	}
	if p.accepted = err == nil; !p.accepted {
		w.violate("payment %d is not accepted, and no fault stands in the way: %v", p.number, err)
		return
	}
	first := w.head()
	if !w.again(60, func() bool { return w.claimable(ctx, p) }) {
		w.violate("payment %d is not funded, and no fault stands in the way", p.number)
		return
	}
	if took := w.head() - first; flooded && took > mostFunding {
		w.violate("payment %d waited %d ledgers for its money, behind the payments of another app", p.number, took)
	}
	w.mustClaim(ctx, p)
}

// mostFunding is within how many ledgers a payment waits in its holding account, whatever other apps have asked for before.
const mostFunding = 12

// floods has an app ask for as many payments as its budget allows, 40 at most.
func (w *world) floods(ctx context.Context, a *app) {
	for n := range 40 {
		p := w.newPayment(a, 200+n)
		attempt, err := a.client.Prepare(ctx, client.SendRequest{To: p.to, Amount: relay.Stroops(p.amount).String(), Asset: p.asset, Policy: p.policy, ExpiresIn: "1h"})
		if err != nil {
			w.violate("payment %d cannot be prepared, and no fault stands in the way: %v", p.number, err)
			return
		}
		p.id, p.link = attempt.ID, attempt.Link
		w.books.payments = append(w.books.payments, p)
		if _, err = a.client.SendAttempt(ctx, attempt); err != nil {
			p.refused = refusal(err)
			w.trace.tell("%v %s is refused after %d payments: %s", w.sched.now, a.Name, n, p.refused)
			return
		}
		p.accepted = true
	}
}

// claimable says whether the payment waits for its recipient, and will for an hour yet.
func (w *world) claimable(ctx context.Context, p *payment) bool {
	v, err := p.app.client.Get(ctx, p.id, 0)
	return err == nil && v.State == string(relay.Pending) && v.ReturnAsked == "" && v.ExpiresAt.Sub(w.clock(w.nature)()) > time.Hour
}

func (w *world) mustClaim(ctx context.Context, p *payment) {
	state := ""
	for range mostClaims {
		w.claims(ctx, p)
		if v, err := p.app.client.Get(ctx, p.id, 0); err == nil {
			if state = v.State; relay.State(state).Ended() {
				return
			}
		}
	}
	if state == string(relay.Pending) || state == string(relay.Claiming) {
		w.violate("payment %d is %s, and its recipient cannot claim it: no fault stands in the way", p.number, state)
	}
}
