package relay

import "context"

// Mint is one payment of a funding intent: what the signer needs to make its holding account, box and way back.
type Mint struct {
	Payment          PaymentID
	Amount           Stroops
	Asset            string
	Note             string
	ReturnTo         string
	ExpiresAt        Micros
	SenderRecipients []string // age; at least one
	ClaimRecipient   string   // age
	PayTo            string   // pay this account directly and make no holding account; "" = make one
}

// FundIntent asks for holding accounts and the envelope that funds them, all of one app.
type FundIntent struct {
	App      AppID
	Channel  string // source account; its key is the signer's
	Sequence int64  // the number to take
	SignedAt uint32 // newest ledger the caller knows
	Bound    uint32 // last ledger in which it may land
	MaxTime  int64  // last close time at which it may land, Unix seconds
	Mints    []Mint
}

// Minted is the signer's answer for one payment.
type Minted struct {
	Payment   PaymentID
	Account   string // the holding account
	Amount    Stroops
	Asset     string
	ReturnTo  string
	ExpiresAt Micros
	Box       []byte     // age file: the holding secret, sealed to sender and claim recipient
	Ladder    []Envelope // the way back, in the order of use
	BoxMAC    string     // as Payment.BoxMAC
	Terms     Terms
	Proof     WalletProof // as Payment.Proof

	LadderVersion int // of Ladder; 0 is the first
}

// Terms are what the sender of a payment that a client funds has agreed to, and of a direct one where it goes. All empty:
// the service funds it out of the app's treasury, into a holding account.
type Terms struct {
	From     string // as Payment.From, Sponsor and so on
	Sponsor  string
	Purse    Stroops
	RungFee  Stroops
	Replaces PaymentID
	PayTo    string

	ReturnMemo Memo
}

// Terms are the payment's.
func (p Payment) Terms() Terms {
	return Terms{From: p.From, Sponsor: p.Sponsor, Purse: p.Purse, RungFee: p.RungFee, Replaces: p.Replaces, PayTo: p.PayTo,
		ReturnMemo: p.ReturnMemo}
}

// KeepIntent asks the signer to keep what a client minted: the box, the way back and the funding that is to come.
type KeepIntent struct {
	App    AppID
	Funded FundAnswer // one payment; the envelope is planned, and the signer builds it again
	Judge  bool       // only say whether it would be kept
	Late   bool       // it was committed before: its end may have passed, and it may have landed
}

// FundAnswer is a signed funding. It may answer an earlier intent: whoever gets it commits it as it is.
type FundAnswer struct {
	App      AppID
	Envelope Envelope // Kind FundingEnvelope, State Signed
	Minted   []Minted
}

// FundingFate is what the signer's log says of a funding.
type FundingFate struct {
	Hash string
	Dead bool // proven unable to land; its sequence number may be another's by now
}

// ClaimIntent asks for a claim that the recipient will sign.
type ClaimIntent struct {
	Payment     PaymentID
	Holding     string
	Destination string // G…, or M… of an account that exists
	NewAccount  bool   // the sponsor carries the destination's reserve
	NewLine     bool   // the destination, which exists, gets the trustline that it lacks
	Memo        Memo
	Sequence    int64
	SignedAt    uint32
	Bound       uint32
	MaxTime     int64
}

// Signer holds the keys of treasuries, sponsor and channels. It signs only what it built itself from an intent that its
// policy allows, after its own log has it on disk (hash-chained, append-only, synced before a signature leaves). Its log
// outranks a restored database. Faults: Forbidden (policy), Conflict, Unavailable.
//
// Every answer is one of its log as it is then: [Anchored] asks for the mark with each call.
type Signer interface {
	// Log is the newest mark of the log. It wants the log to hold the mark known, which the caller has from an earlier answer:
	// a log that does not was cut, is an older copy, or was written anew, and that is [ErrContradiction].
	Log(ctx context.Context, known LogMark) (LogMark, error)
	// Fund mints holding accounts, seals the boxes, signs the ladders and the funding, and records all of it, in one
	// call. A repeated intent gets the first answer; so does every intent that names a payment whose earlier funding
	// landed or could still land, whole and instead of a new one. A payment is funded anew only after the signer itself
	// has seen that the first funding cannot land.
	Fund(ctx context.Context, in FundIntent) (FundAnswer, error)
	// Fundings lists the fundings in the log but for those that failed in a ledger, the oldest first; Funding is the answer
	// that was given with one. They are how a restored database learns what it has forgotten.
	Fundings(ctx context.Context) ([]FundingFate, error)
	Funding(ctx context.Context, hash string) (FundAnswer, error)
	// Claim builds a claim envelope, records it and signs the sponsor's part; the recipient's signatures are missing.
	Claim(ctx context.Context, in ClaimIntent) (Envelope, error)
	// Keep records what a client minted, before that client signs its funding: the signer's log outranks a restored database
	// for these payments too. It builds every envelope again and wants the same. The answer's funding is planned. A repeat gets
	// the first answer. Judged first, it is committed as planned and then kept, so that a cancel in between is a wish.
	Keep(ctx context.Context, in KeepIntent) (FundAnswer, error)
	// Trust builds and signs what gives an app's treasury a trustline, fee-bumped by the sponsor, which keeps its reserve.
	Trust(ctx context.Context, app AppID, asset string, sequence int64, head Head) (outer []byte, hash string, err error)
	// Bump wraps an envelope that the signer recorded in a fee bump paid by the sponsor; of a claim, and of a funding that a
	// client made, envelope carries the other signatures. maxFee is the bid in stroops for the whole. One that pays for
	// itself is completed and not wrapped.
	Bump(ctx context.Context, hash string, envelope []byte, maxFee Stroops) (outer []byte, err error)
	// Treasury is the app's account; it is made when there is none.
	Treasury(ctx context.Context, app AppID) (account string, err error)
	// Reclaim signs what takes the sponsor's reserves back from accounts that claims made and that can carry them. A number of
	// the sponsor's that an earlier one has and could still land with gets that one.
	Reclaim(ctx context.Context, in ReclaimIntent) (ReclaimAnswer, error)
	// Collect signs what claims the balance that the last resort of a payment left to its app's treasury, whose trustline is
	// restored first. A repeat gets the first answer while that could land, and once the balance is gone. Faults of its own:
	// "balance_absent" when there is none, "cannot_collect" when the treasury cannot take it now (both Conflict).
	Collect(ctx context.Context, in CollectIntent) (CollectAnswer, error)
	// Allowance is what would still be signed for an app just now, and for an asset out of its treasury. It is how a request is
	// refused before it is accepted; what counts is what the signer decides when it signs.
	Allowance(ctx context.Context, app AppID, asset string) (Allowance, error)
	// Accounts are the sponsor and the channels.
	Accounts(ctx context.Context) (sponsor string, channels []string, err error)
}
