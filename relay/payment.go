package relay

import (
	"strings"
	"time"
)

// Payment is money on its way to a handle. Secrets (box, share, codes) are not in it: the store keeps them in rows of
// their own that are expunged when the payment has ended.
type Payment struct {
	ID      PaymentID
	App     AppID
	Version int64 // compare-and-swap guard; 0 = not stored yet
	State   State
	Reason  Reason // "" unless the state has one

	To        Handle
	Amount    Stroops // > 0
	Asset     string  // "native" or CODE:ISSUER
	Note      string  // for the recipient; cleared once it is sealed in a box whose funding landed
	Policy    Policy
	Reference string // unique per app; "" = none
	Metadata  string // canonical JSON object of strings, "" = none

	LinkMadeBy       string // "client" or "api"
	AuthHash         string // hash of the link's auth value
	ClaimRecipient   string // age recipient
	SenderRecipients Recipients
	ShareReleasedAt  Micros // 0 = never

	Route                  // how it is funded
	FundBy     uint32      // of a payment that a client funds: last ledger in which its funding may land
	FundUntil  int64       // and last close time, Unix seconds
	ManageHash string      // hash of the token with which the sender manages it without the app's key; "" = none
	BoxMAC     string      // of a box that a client minted: HMAC of its account under a key of the link
	Proof      WalletProof // of the wallet, for the current deposit
	Clawback   bool        // the issuer of the asset can take it back

	Delivery Delivery // of our mails to the recipient

	ReturnTo      string // account that money goes home to; of an account at a custodian also M… (SEP-23)
	ReturnMemo    Memo   // that it asks for, where it is neither the treasury nor the paying wallet
	LadderVersion int    // of the current funding's way back ([Ladder]); 0 is the first

	ExpiresAt Micros // judged by ledger close time
	CreatedAt Micros
	UpdatedAt Micros
	EndedAt   Micros // 0 = alive

	Holding     string // account of the current funding, "" = none
	Funding     string // hash of the current funding envelope, "" = none
	Bound       uint32 // last ledger at which that funding may land
	Fundings    int    // how many fundings were signed in this payment's life
	ReturnAsked Reason // a return that was asked for and is not done: "" or ByCancel, ByDecline, ByExpiry
	Claim       string // hash of the claim envelope on its way, "" = none

	Destination string  // where the money went by claim
	SettledTx   string  // hash of the transaction that ended it, as the ledger knows it
	SettledAt   uint32  // its ledger
	Arrived     Stroops // what arrived of the amount by that transaction; -1 = it does not tell
	ArrivedRest Stroops // lumens that came along, or went to the account that kept the reserve: the purse, less fees, and gifts; of a return what came to the sender
	FeePaid     Stroops // fees that the service, or of a wallet's payment the sender, has paid
	FeeHolding  Stroops // which of these the holding account paid out of its purse
	FeeEnd      Stroops // which of these the transaction that ended it has cost
	FeeOther    Stroops // fees that others paid, who handed an envelope of ours in
	Missing     Stroops // of the amount, from the holding account, when it was looked at last while the payment was parked; 0 of an end
	Balance     string  // claimable balance that a last resort left, by its id; "" = none, or not known
	Collected   string  // hash of the transaction that claimed what a last resort had left, or [CollectedElsewhere]; "" = none yet
	SpentUnits  int     // base reserves that the sponsor carries for the claimant's account
}

// Recipients are age recipients in their order, as one value, so that a [Payment] can be compared whole. Spaces are between them.
type Recipients string

// RecipientsOf is the list as one value.
func RecipientsOf(list ...string) Recipients { return Recipients(strings.Join(list, " ")) }

// List is the value as a list, nil when there are none.
func (r Recipients) List() []string { return strings.Fields(string(r)) }

// Same says that q is p in every field, but for the version and the moment of the last change.
func (p Payment) Same(q Payment) bool {
	q.Version, q.UpdatedAt = p.Version, p.UpdatedAt
	return p == q
}

// NotBefore is the first ledger in which a return can land; 0 when nothing is funded.
func (p Payment) NotBefore() uint32 {
	if p.Holding == "" {
		return 0
	}
	return p.Bound + 1
}

// GivenUp says that no money had moved when it ended, and that its sender's client may have funded it all the same.
func (p Payment) GivenUp() bool { return p.ByClient() && (p.State == Canceled || p.State == Failed) }

// AccountUnits is how many base reserves an account locks (CAP-33: two).
const AccountUnits = 2

// LockedUnits is how many base reserves the service has locked in the holding account, and WalletUnits how many the sender's wallet has.
func (p Payment) LockedUnits() int {
	if !p.FromWallet() {
		return p.units()
	}
	return 0
}

// WalletUnits is how many base reserves the sender's wallet has locked in the holding account.
func (p Payment) WalletUnits() int {
	if p.FromWallet() {
		return p.units()
	}
	return 0
}

func (p Payment) units() int {
	gone := p.State == Parked && p.Reason == HoldingAbsent // then it locks nothing
	if p.State.Holds() && !p.IsDirect() && !gone {
		return AssetUnits(p.Asset)
	}
	return 0
}

// FundingOperations is how many operations of a funding envelope are this payment's.
func (p Payment) FundingOperations() int {
	if p.IsDirect() {
		return 1 // Payment
	}
	n := 3 // Begin, CreateAccount, End
	if p.IsMove() {
		n++ // AccountMerge of the account that it takes over
	}
	if !p.IsNative() {
		n += 2 // ChangeTrust, Payment
	}
	if !p.IsNative() && p.IsMove() {
		n++ // ChangeTrust 0
	}
	return n
}

// Waits is how much of the amount waits in a holding account whose reserve the service keeps: what the ledger showed last.
func (p Payment) Waits() Stroops {
	if p.FromWallet() || !p.State.Holds() || p.State == Funding {
		return 0
	}
	return p.Amount - p.Missing
}

// Query is what the ledger is asked about the payment's holding account; lowest is the number of its lowest rung.
func (p Payment) Query(lowest int64) HoldingQuery {
	return HoldingQuery{Account: p.Holding, Asset: p.Asset, Amount: p.Amount, Sponsor: p.Sponsor, Lowest: lowest}
}

// The limits of what may be asked for.
const (
	LeastExpiry   = Micros(3600 * 1e6)            // 1 hour
	MostExpiry    = Micros(180 * 24 * 3600 * 1e6) // 180 days
	DefaultExpiry = Micros(30 * 24 * 3600 * 1e6)  // 30 days
	MostFundings  = 5                             // fundings signed for one payment before it fails
	NoteBytes     = 500                           // longest note

	// RememberedLedgers is how many ledgers back hashes are remembered. The evidence that an envelope cannot land needs those from
	// its signing to its bound, so a sender has at most MostFundLedgers to fund; the rest is for the evidence to come late.
	RememberedLedgers = 10_000
	MostFundLedgers   = 7_500
)

// CheckEnd refuses a new payment that is over by the ledger's clock, which alone decides when it ends: our own may be behind.
// The fault is of kind [Invalid], or of kind [Conflict] where the payment keeps the end of the one whose money it takes over.
func (p Payment) CheckEnd(head Head) error {
	switch over := Seconds(head.CloseTime) >= p.ExpiresAt; {
	case over && p.IsMove():
		return ErrExpired
	case over:
		return InvalidFault("expiry_out_of_range", "/expires_at", "by the ledger's clock, which says "+Seconds(head.CloseTime).Time().Format(time.RFC3339)+
			", this payment would be over already")
	}
	return nil
}

// The expiry of a payment is judged by three clocks, at these distances.
const (
	commitTime  = Micros(60 * 1e6)   // more than passes between the reading of a request and its commit
	clocksApart = Micros(3600 * 1e6) // more than the ledger's clock may differ from the one by which the payment was accepted
)

// ExpiresIn is the expiry of a payment that may wait for so long from now. The least time is lengthened, so that it is not too short when
// the Desk measures it, which is later. The error is of kind [Invalid].
func ExpiresIn(wait, now Micros) (Micros, error) {
	return now + max(wait, LeastExpiry+commitTime), CheckExpiry(now, now+wait)
}

// FundedExpiry judges an expiry when the payment is funded, by the ledger's clock. A late one, which was committed before, may be over.
// The faults are of kind [Forbidden]; nil is none.
func FundedExpiry(expires Micros, head Head, late bool) *Fault {
	switch now := Seconds(head.CloseTime); {
	case expires <= now && !late:
		return NewFault(Forbidden, "expired", "The payment has expired.", nil)
	case expires > now+MostExpiry+clocksApart:
		return NewFault(Forbidden, "expiry_out_of_range", "A payment expires within 180 days.", nil)
	}
	return nil
}

// CheckExpiry judges an expiry at creation. The error is of kind [Invalid].
func CheckExpiry(now, expires Micros) error {
	if d := expires - now; d < LeastExpiry || d > MostExpiry {
		return InvalidFault("expiry_out_of_range", "/expires_in", "a payment expires in 1 hour to 180 days")
	}
	return nil
}
