package api

import (
	"context"
	"net/http"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
)

// trust gives the treasury a trustline and answers when the ledger shows it. Asking again is safe: one that is there stays.
func (s *server) trust(c *call) (reply, error) {
	var in wire.TrustRequest
	if err := s.read(c, &in); err != nil {
		return reply{}, err
	}
	asset, err := parseAsset(in.Asset)
	if err != nil {
		return reply{}, err
	}
	if asset == relay.Native {
		return reply{}, invalid("asset_malformed", "/asset", "lumens need no trustline")
	}
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	end := s.Pace.Elapsed() + patience
	_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now().Add(patience + 5*time.Second))
	for outer := []byte(nil); ; {
		if outer, err = s.trustNow(ctx, c.app, asset, outer); err != nil {
			return reply{}, err
		}
		if outer == nil {
			return s.treasuryOf(c, asset)
		}
		s.Pace.Wait(ctx, pollEvery, nil, s.Closing)
		if ctx.Err() != nil || s.closing() || s.Pace.Elapsed() >= end {
			return reply{}, errNoLineYet
		}
	}
}

var errNoLineYet = relay.NewFault(relay.Unavailable, "ledger_unavailable", "The ledger has not taken the trustline yet; ask again.", nil)

// trustNow looks whether the treasury has its trustline: nil says so. Else it hands in the envelope that makes it, the same
// again for as long as one call waits.
func (s *server) trustNow(ctx context.Context, app relay.App, asset string, outer []byte) ([]byte, error) {
	facts, issued, err := s.Ledger.Look(ctx, asset, app.Treasury)
	if err != nil {
		return nil, err
	}
	f, err := facts[app.Treasury], issued.Allows("be sent from here")
	switch {
	case f.Line:
		return nil, nil
	case err != nil:
		return nil, err
	case !f.Exists:
		return nil, conflict("return_to_missing", "The app's treasury account does not exist on the ledger yet. Pay lumens into it first.")
	}
	if outer == nil {
		head, err := s.Ledger.Head(ctx)
		if err != nil {
			return nil, err
		}
		if outer, _, err = s.Signer.Trust(ctx, app.ID, asset, f.Sequence+1, head); err != nil {
			return nil, err
		}
	}
	_, err = s.Ledger.Submit(ctx, outer) // what it answers proves nothing; the next look does
	return outer, err
}
