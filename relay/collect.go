package relay

import (
	"math"
)

// A last resort leaves the money of a payment in a claimable balance. Where its claimant is an app's treasury, an operation of
// ours claims it: the signer has the treasury's key, and the treasury's trustline is restored first.

// BalanceFacts is what the ledger says about one claimable balance (CAP-23).
type BalanceFacts struct {
	Exists   bool
	Asset    string
	Amount   Stroops
	Claimant string // the one account that may claim it, without a condition; "" = it is otherwise
}

// CollectedElsewhere stands for the transaction when the balance is gone and the ledger does not show by which of ours.
const CollectedElsewhere = "elsewhere"

// left says that the payment's money was left in a claimable balance, and that it is not known yet what became of that.
func (p Payment) left() bool {
	return p.State == Settled && p.Reason == LeftClaimable && p.Collected == ""
}

// LeftToTreasury says that the payment's money was left to its app's treasury, and that it is not known yet to have come there.
func (p Payment) LeftToTreasury() bool {
	return p.left() && !p.FromWallet()
}

// Collect is what it takes to claim a balance for a treasury.
type Collect struct {
	Line bool   // a trustline with the highest limit first
	Wait string // why it would fail now, for the operator; "" = it would not
}

// CollectOf looks at the treasury that claims a balance.
func CollectOf(b BalanceFacts, home AccountFacts, asset AssetFacts) Collect {
	switch {
	case !home.Exists:
		return Collect{Wait: "the treasury's account does not exist"}
	case home.Spendable > math.MaxInt64-b.Amount:
		return Collect{Wait: "the treasury cannot hold so much"}
	case home.Line && !home.Authorized:
		return Collect{Wait: "the issuer does not let the treasury hold the asset"}
	case home.Line && home.Room >= b.Amount:
		return Collect{}
	case !home.Line && !asset.IssuerExists:
		return Collect{Wait: "the issuer of the asset does not exist"}
	case !home.Line && asset.AuthRequired:
		return Collect{Wait: "the treasury has no trustline, and the issuer would have to authorise a new one"}
	case b.Asset == Native:
		return Collect{Wait: "the treasury cannot hold so much"}
	}
	return Collect{Line: true}
}

// CollectIntent asks the signer to claim what the last resort of a payment left to its app's treasury.
type CollectIntent struct {
	App      AppID
	Payment  PaymentID
	Sequence int64   // the treasury's next number
	SignedAt uint32  // newest ledger the caller knows
	Bound    uint32  // last ledger in which it may land
	MaxTime  int64   // last close time at which it may land, Unix seconds
	Bid      Stroops // for one operation
}

// CollectAnswer is a signed envelope that claims the balance, inside a fee bump of the sponsor.
type CollectAnswer struct {
	Balance string // its id, as in hexadecimal XDR
	Hash    string // inner
	XDR     []byte
}
