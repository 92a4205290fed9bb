package relay

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
	Route
	Payment    PaymentID
	Account    string // the holding account
	Amount     Stroops
	Asset      string
	ReturnTo   string
	ReturnMemo Memo
	ExpiresAt  Micros
	Box        []byte      // age file: the holding secret, sealed to sender and claim recipient
	Ladder     []Envelope  // the way back, in the order of use
	BoxMAC     string      // as Payment.BoxMAC
	Proof      WalletProof // as Payment.Proof

	LadderVersion int // of Ladder; 0 is the first
}

// KeepIntent asks the signer to keep what a client minted: the box, the way back and the funding that is to come.
type KeepIntent struct {
	App    AppID
	Funded FundAnswer // one payment; the envelope is planned, and the signer builds it again
	Judge  bool       // only say whether it would be kept
	Late   bool       // it was committed before: its end may have passed, and it may have landed
}

// FundAnswer is a signed funding. It may answer an earlier intent: the caller commits it as it is.
type FundAnswer struct {
	App      AppID
	Envelope Envelope // Kind FundingEnvelope, State Signed
	Minted   []Minted
}

// FundingFate is what the signer's log says of a funding.
type FundingFate struct {
	Hash string
	Dead bool // failed in a ledger, or proven unable to land; its sequence number may be another's by now
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

// LogMark is a place in the signer's log. A log only grows, so a mark shows that a log is older, was cut, or was
// written anew: it does not hold the mark. The zero mark is in every log.
type LogMark struct {
	Lines int64  // lines up to here
	Head  string // sha256 of the last of them, hex
}
