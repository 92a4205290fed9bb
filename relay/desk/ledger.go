package desk

import (
	"context"

	"github.com/restante/restante/relay"
)

// Ledger is the network as the domain needs it. One implementation per protocol (Stellar RPC, Horizon); all pass one
// conformance suite. Every method may fail with a fault of kind [relay.Unavailable]; none of them is evidence then.
type Ledger interface {
	// Head is the newest ledger.
	Head(ctx context.Context) (relay.Head, error)
	// Submit hands an outer envelope in. See [Answer].
	Submit(ctx context.Context, envelope []byte) (relay.Answer, error)
	// Sight looks an envelope up by its inner hash; nil when the source does not have it (which proves nothing).
	Sight(ctx context.Context, hash string) (*relay.Sighting, error)
	// Verdict gathers the evidence about an envelope and judges it. When the envelope was seen after all, it is returned.
	Verdict(ctx context.Context, e relay.Envelope) (relay.Verdict, *relay.Sighting, error)
	// Sequence is an account's sequence number; ErrNotFound when there is no such account.
	Sequence(ctx context.Context, account string) (int64, error)
	// Look is what the ledger says of accounts, and of one asset in them. An account that does not exist is the zero value.
	Look(ctx context.Context, asset string, accounts ...string) (map[string]relay.AccountFacts, relay.AssetFacts, error)
	// Balance looks at one claimable balance, by its id in hexadecimal XDR. One that does not exist is the zero value.
	Balance(ctx context.Context, id string) (relay.BalanceFacts, error)
	// Holdings looks at holding accounts.
	Holdings(ctx context.Context, asked ...relay.HoldingQuery) (map[string]relay.HoldingFacts, error)
	// Advise dry-runs a ladder: which rung to hand in now.
	Advise(ctx context.Context, p relay.Payment, ladder []relay.Envelope) (relay.RungAdvice, error)
	// Rehearse dry-runs a claim: "" when it would go through now, else what stands in its way.
	Rehearse(ctx context.Context, claim relay.Envelope) (trouble string, err error)
	// Gather completes an envelope with signatures out of others of the same transaction, by the signers and thresholds that its
	// accounts have now. A given one of another transaction is a fault of kind [relay.Invalid].
	Gather(ctx context.Context, envelope []byte, given ...[]byte) (relay.Gathered, error)
	// Page is the closed ledger seq; nil when it has not closed yet; [relay.ErrGap] when the source no longer has it.
	Page(ctx context.Context, seq uint32) (*relay.LedgerPage, error)
	// FeeBid is what to bid per operation just now, in stroops.
	FeeBid(ctx context.Context) (relay.Stroops, error)
}
