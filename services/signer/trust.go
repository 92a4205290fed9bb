package signer

import (
	"context"
	"fmt"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// Trust gives an app's treasury a trustline for an asset, with the sponsor's reserve and at the sponsor's cost. It moves no
// money. sequence is the treasury's next number: the treasury is its own channel, so two of these never both land. head is
// what the caller knows; it may not be far from what the signer itself sees.
func (s *Signer) Trust(ctx context.Context, app relay.AppID, asset string, sequence int64, head relay.Head) (outer []byte, hash string, err error) {
	err = s.withinBudget(ctx, app, func() error {
		return s.decide(ctx, func(t *told) (err error) { outer, hash, err = s.trust(t, app, asset, sequence, head); return err })
	})
	return outer, hash, err
}

func (s *Signer) trust(t *told, app relay.AppID, asset string, sequence int64, head relay.Head) ([]byte, string, error) {
	treasury, ok := s.book.treasuries[app]
	switch {
	case !ok:
		return nil, "", forbidden("app_unknown", "This app has no treasury.")
	case asset == relay.Native || stellar.CheckAsset(asset) != nil:
		return nil, "", invalid("asset_malformed", "An asset that needs a trustline is CODE:ISSUER.")
	}
	known := s.book.lines[app]
	if !known[asset] && len(known) >= s.cfg.Policy.Lines {
		return nil, "", relay.NewFault(relay.Exhausted, "too_many_lines", "This treasury holds too many assets.", nil)
	}
	own, err := s.head(t)
	if err != nil {
		return nil, "", err
	}
	plan := stellar.TrustPlan{
		Passphrase: s.cfg.Passphrase, Account: treasury, Asset: asset, Sponsor: s.book.sponsor, Sequence: sequence,
		MaxTime: head.CloseTime + relay.TrustSeconds, LastLedger: head.Sequence + relay.TrustLedgers,
	}
	if err := relay.CheckBounds(head.Sequence, plan.LastLedger, plan.MaxTime, own); err != nil {
		return nil, "", err
	}
	tx, err := stellar.BuildTrust(plan)
	if err != nil {
		return nil, "", relay.NewFault(relay.Invalid, "trust_refused", "This trustline cannot be built.", err)
	}
	text, err := s.attach(tx.XDR, tx.Hash, s.book.sponsor, treasury)
	if err != nil {
		return nil, "", err
	}
	bump, err := stellar.BuildFeeBump(text, s.cfg.Passphrase, s.book.sponsor, relay.PatientBid*stellar.MinBaseFee)
	if err != nil {
		return nil, "", fmt.Errorf("bump %s: %w", tx.Hash, err)
	}
	cost := bump.Fee
	if !known[asset] {
		cost += stellar.BaseReserve
	}
	if err := s.allowCost(t, app, cost); err != nil {
		return nil, "", err
	}
	if err := s.sponsorCarries(t, "", relay.Load{Unmade: 1, UnmadeUnits: 1}, own); err != nil {
		return nil, "", err
	}
	if err := s.write(trustKind, trustLine{App: app, Asset: asset, Hash: tx.Hash, Day: dayOf(own), Fee: bump.Fee}); err != nil {
		return nil, "", err
	}
	outer, err := s.attachRaw(bump.XDR, bump.Hash, s.book.sponsor)
	return outer, tx.Hash, err
}
