package api

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/restante/restante/relay"
)

// crowd remembers for a moment what the signer refused because too many claims were planned, so that a flood of requests is
// refused before the ledger and the signer are asked. What counts is the signer's number; this one may be lost at any instant.
type crowd struct {
	mu   sync.Mutex
	full map[string]crowded // by the id of a payment or of an app
}

type crowded struct {
	refusal error
	head    relay.Head // newest ledger at the refusal
	until   relay.Micros
	made    []string // of a payment, destinations whose plans can be given again; nil: not looked up yet
}

const (
	crowdLife = relay.Micros(10 * 1e6)
	crowdMost = 1000 // remembered at a time
	crowdHold = 500 * time.Millisecond
)

// note takes a refusal of the signer's in, and says it by this machine's clock: the signer knows the ledger's.
func (c *crowd) note(p relay.Payment, head relay.Head, now relay.Micros, err error) error {
	var f *relay.Fault
	id := ""
	switch errors.As(err, &f); {
	case errors.Is(err, relay.ErrTooManyPlans):
		id = string(p.ID)
	case errors.Is(err, relay.ErrTooManyAppPlans):
		id = string(p.App)
	default:
		return err
	}
	here := *f
	here.RetryAt += now - relay.Seconds(head.CloseTime)
	c.remember(id, crowded{refusal: &here, head: head, until: now + crowdLife})
	return &here
}

func (c *crowd) remember(id string, at crowded) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.full == nil || len(c.full) >= crowdMost { // forgetting costs a question to the signer, and no more
		c.full = map[string]crowded{}
	}
	c.full[id] = at
}

func (c *crowd) about(id string, now relay.Micros) (at crowded, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, known = c.full[id]; known && now >= at.until {
		delete(c.full, id)
		known = false
	}
	return at, known
}

// refuses is the refusal that the signer would repeat: never of a plan that is made already, nor, for what is about an app, of one
// of a payment's own. What was signed for the payment is read once.
func (c *crowd) refuses(p relay.Payment, destination string, now relay.Micros, signed func() ([]relay.Envelope, error)) error {
	if p.FromWallet() {
		return nil // its purse pays, and the signer is not asked
	}
	at, full := c.about(string(p.ID), now)
	if !full {
		flooded := false
		if at, flooded = c.about(string(p.App), now); !flooded {
			return nil
		}
	}
	if at.made == nil {
		all, err := signed()
		if err != nil || !full && relay.OwnPlansLeft(all, at.head) {
			return err
		}
		at.made = []string{}
		for _, e := range all {
			if e.Kind == relay.ClaimEnvelope && !e.Past(at.head) {
				at.made = append(at.made, e.Destination)
			}
		}
		c.remember(string(p.ID), at)
	}
	if slices.Contains(at.made, destination) {
		return nil
	}
	return at.refusal
}

// hold waits a moment before a refusal is repeated, so that a caller who asks again at once, and not when told to, takes less
// of what others need.
func (s *server) hold(ctx context.Context) {
	s.Pace.Wait(ctx, crowdHold, nil, s.Closing)
}
