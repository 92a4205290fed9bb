package relay

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
	Asset     string  // "native"
	Note      string  // for the recipient; cleared once it is sealed in a box whose funding landed
	Policy    Policy
	Reference string // unique per app; "" = none
	Metadata  string // canonical JSON object of strings, "" = none

	LinkMadeBy       string // "client" or "api"
	AuthHash         string // hash of the link's auth value
	ClaimRecipient   string // age recipient
	SenderRecipients []string
	ShareReleasedAt  Micros // 0 = never

	ReturnTo  string // account that money goes home to
	ExpiresAt Micros // judged by ledger close time
	CreatedAt Micros
	UpdatedAt Micros
	EndedAt   Micros // 0 = alive

	Holding    string // account of the current funding, "" = none
	Funding    string // hash of the current funding envelope, "" = none
	Bound      uint32 // last ledger at which that funding may land
	Fundings   int    // how many fundings were signed in this payment's life
	ReturnWish Reason // a return that was asked for and is not done: "" or ByCancel, ByDecline, ByExpiry
	Claim      string // hash of the claim envelope on its way, "" = none

	Destination string // where the money went by claim
	SettledTx   string // hash of the transaction that ended it, as the ledger knows it
	SettledAt   uint32 // its ledger
	FeePaid     Stroops
	SpentUnits  int // base reserves that the sponsor carries for the claimant's account
}

// NotBefore is the first ledger in which a return can land; 0 when nothing is funded.
func (p Payment) NotBefore() uint32 {
	if p.Holding == "" {
		return 0
	}
	return p.Bound + 1
}

// AccountUnits is how many base reserves an account locks (CAP-33: two).
const AccountUnits = 2

// LockedUnits is how many base reserves the sponsor has locked in the holding account.
func (p Payment) LockedUnits() int {
	if p.State.Holds() {
		return AccountUnits
	}
	return 0
}

// The limits of what may be asked for.
const (
	LeastExpiry   = Micros(3600 * 1e6)            // 1 hour
	MostExpiry    = Micros(180 * 24 * 3600 * 1e6) // 180 days
	DefaultExpiry = Micros(30 * 24 * 3600 * 1e6)  // 30 days
	MostFundings  = 5                             // fundings signed for one payment before it fails
	NoteBytes     = 500                           // longest note
)

// CheckExpiry judges an expiry at creation. The error is of kind [Invalid].
func CheckExpiry(now, expires Micros) error {
	if d := expires - now; d < LeastExpiry || d > MostExpiry {
		return invalid("expiry_out_of_range", "/expires_in", "a payment expires in 1 hour to 180 days")
	}
	return nil
}
