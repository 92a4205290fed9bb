package signer

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/restante/restante/relay"
)

// errand is an envelope of the service's own accounts that a payment left behind: it takes reserves back, or claims a balance.
// One is under way until the signer's own ledger shows its end.
type errand struct {
	app      relay.AppID
	hash     string
	sequence int64
	bound    uint32
	span     span
}

func (e *errand) of() *errand { return e }

type anErrand interface{ of() *errand }

// ended takes the errand with this hash out of those under way.
func ended[E anErrand](underWay *[]E, hash string) (e E, err error) {
	i := slices.IndexFunc(*underWay, func(e E) bool { return e.of().hash == hash })
	if i < 0 {
		return e, fmt.Errorf("the end of %s, which is not under way", hash)
	}
	e = (*underWay)[i]
	*underWay = slices.Delete(*underWay, i, i+1)
	return e, nil
}

// settleErrands asks the signer's own ledger for the errands of an app that are under way, without the turn, and writes the end
// of each down in it. moved says that one landed.
func settleErrands[E anErrand](ctx context.Context, s *Signer, underWay *[]E, end string, app relay.AppID, head relay.Head) (moved bool, err error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return false, err
	}
	open := slices.Clone(*underWay)
	leave()
	for _, e := range open {
		at := e.of()
		if at.app != app {
			continue
		}
		seen, err := s.cfg.Ledger.Sight(ctx, at.hash)
		if err != nil {
			return moved, err
		}
		if seen == nil && relay.CouldLand(at.bound, head, relay.SourcesApart) {
			continue
		}
		if leave, err = s.enter(ctx); err != nil {
			return moved, err
		}
		landed := seen != nil && seen.Success
		if slices.ContainsFunc(*underWay, func(other E) bool { return other.of() == at }) {
			err = s.write(end, reclaimEnd{Hash: at.hash, Landed: landed})
		}
		leave()
		if err != nil {
			return moved, err
		}
		moved = moved || landed
	}
	return moved, nil
}

// attachRaw is attach, and the envelope as the log keeps it.
func (s *Signer) attachRaw(text, hash string, accounts ...string) ([]byte, error) {
	signed, err := s.attach(text, hash, accounts...)
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(signed)
}
