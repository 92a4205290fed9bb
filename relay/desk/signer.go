package desk

import (
	"context"

	"github.com/restante/restante/relay"
)

// Signer holds the keys of treasuries, sponsor and channels. It signs only what it built itself from an intent that its
// policy allows, after its own log has it on disk (hash-chained, append-only, synced before a signature leaves). Its log
// outranks a restored database. Faults: Forbidden (policy), Conflict, Unavailable.
//
// Every answer is one of its log as it is then: [Anchored] asks for the mark with each call.
type Signer interface {
	// Log is the newest mark of the log. It wants the log to hold the mark known, which the caller has from an earlier answer:
	// a log that does not was cut, is an older copy, or was written anew, and that is [relay.ErrContradiction].
	Log(ctx context.Context, known relay.LogMark) (relay.LogMark, error)
	// Fund mints holding accounts, seals the boxes, signs the ladders and the funding, and records all of it, in one
	// call. A repeated intent gets the first answer; so does every intent that names a payment whose earlier funding
	// landed or could still land, whole and instead of a new one. A payment is funded anew only after the signer itself
	// has seen that the first funding cannot land.
	Fund(ctx context.Context, in relay.FundIntent) (relay.FundAnswer, error)
	// Fundings lists the fundings in the log but for those that failed in a ledger, the oldest first; Funding is the answer
	// that was given with one. They are how a restored database learns what it has forgotten.
	Fundings(ctx context.Context) ([]relay.FundingFate, error)
	Funding(ctx context.Context, hash string) (relay.FundAnswer, error)
	// Claim builds a claim envelope, records it and signs the sponsor's part; the recipient's signatures are missing.
	Claim(ctx context.Context, in relay.ClaimIntent) (relay.Envelope, error)
	// Keep records what a client minted, before that client signs its funding: the signer's log outranks a restored database
	// for these payments too. It builds every envelope again and wants the same. The answer's funding is planned. A repeat gets
	// the first answer. Judged first, it is committed as planned and then kept, so that a cancel in between is a return asked.
	Keep(ctx context.Context, in relay.KeepIntent) (relay.FundAnswer, error)
	// Trust builds and signs what gives an app's treasury a trustline, fee-bumped by the sponsor, which keeps its reserve.
	Trust(ctx context.Context, app relay.AppID, asset string, sequence int64, head relay.Head) (outer []byte, hash string, err error)
	// Bump wraps an envelope that the signer recorded in a fee bump paid by the sponsor; of a claim, and of a funding that a
	// client made, envelope carries the other signatures. maxFee is the bid in stroops for the whole. One that pays for
	// itself is completed and not wrapped.
	Bump(ctx context.Context, hash string, envelope []byte, maxFee relay.Stroops) (outer []byte, err error)
	// Treasury is the app's account; it is made when there is none.
	Treasury(ctx context.Context, app relay.AppID) (account string, err error)
	// Reclaim signs what takes the sponsor's reserves back from accounts that claims made and that can carry them. A number of
	// the sponsor's that an earlier one has and could still land with gets that one.
	Reclaim(ctx context.Context, in relay.ReclaimIntent) (relay.ReclaimAnswer, error)
	// Collect signs what claims the balance that the last resort of a payment left to its app's treasury, whose trustline is
	// restored first. A repeat gets the first answer while that could land, and once the balance is gone. Faults of its own:
	// [relay.ErrBalanceAbsent] when there is none, [relay.ErrCannotCollect] when the treasury cannot take it now.
	Collect(ctx context.Context, in relay.CollectIntent) (relay.CollectAnswer, error)
	// Allowance is what would still be signed for an app just now, and for an asset out of its treasury. It is how a request is
	// refused before it is accepted; what counts is what the signer decides when it signs.
	Allowance(ctx context.Context, app relay.AppID, asset string) (relay.Allowance, error)
	// Accounts are the sponsor and the channels.
	Accounts(ctx context.Context) (sponsor string, channels []string, err error)
}
