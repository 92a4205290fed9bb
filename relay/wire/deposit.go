package wire

// Funding is what the sender's client needs to fund a payment itself. It checks them before it signs anything.
type Funding struct {
	From       string `json:"from"`               // whose number, and whose money
	Sponsor    string `json:"sponsor"`            // who keeps the holding account's reserve
	Rescue     string `json:"rescue"`             // the service's account in the last rung of the way back
	Sequence   int64  `json:"sequence,string"`    // the number of the funding envelope
	Ledger     uint32 `json:"ledger"`             // newest ledger known
	LastLedger uint32 `json:"last_ledger"`        // the funding lands in this ledger or before
	MaxTime    int64  `json:"max_time"`           // and not after this close time, Unix seconds
	Fee        int64  `json:"fee"`                // stroops to bid for the funding; 0 = the service pays, in a fee bump
	Purse      string `json:"purse"`              // lumens besides the amount: they pay the fees of the way back and what the claimant's account costs
	RungFee    int64  `json:"rung_fee"`           // stroops that each rung bids, out of the purse; 0 = the service pays, in a fee bump
	Replaces   string `json:"replaces,omitempty"` // the payment whose holding account From is
}

// DepositRequest is the body of POST /v1/payments/{id}/deposit: what the sender's client has minted. The answer is a Payment.
type DepositRequest struct {
	HoldingAccount string        `json:"holding_account" validate:"required,len=56,startswith=G"`
	Box            string        `json:"box" validate:"required,base64,max=16000"`
	BoxMAC         string        `json:"box_mac" validate:"required,len=64,hexadecimal"`
	Ladder         []ReceiptRung `json:"ladder" validate:"required,min=3,max=5,dive"`
	Fee            int64         `json:"fee" validate:"min=0,max=100000000"`          // stroops that the funding bids
	Funding        string        `json:"funding" validate:"required,base64,max=8000"` // base64 XDR, signed by the holding account only
	Proof          *WalletProof  `json:"proof,omitempty"`                             // required, but for a move: the holding account that it empties proves itself
}

// WalletProof shows that a current signer of the wallet, one of them, agrees to the payment: Signer and Signature, or Envelope.
//
// Signature is by SEP-53: Ed25519 over SHA-256 of "Stellar Signed Message:\n" and this one line, without an end of line:
//
//	restante deposit <payment id> from <wallet, G…> on <network passphrase>
//
// Envelope is a transaction that no ledger takes: source the wallet, sequence 0, fee 100, no memo, time and ledger bounds of 0, and
// one operation, ManageData by the wallet, of the name "restante deposit" and the payment's id as value.
type WalletProof struct {
	Signer    string `json:"signer,omitempty" validate:"omitempty,len=56,startswith=G"`
	Signature string `json:"signature,omitempty" validate:"omitempty,base64,max=88"`
	Envelope  string `json:"envelope,omitempty" validate:"omitempty,base64,max=4000"` // base64 XDR
}

// Receipt is the answer of GET /v1/payments/{id}/receipt: what brings the money home without us. Box opens with the
// sender's age identity and holds the key of the holding account; a rung needs no key, only an account that pays its fee.
type Receipt struct {
	Format          string        `json:"format"`
	Payment         string        `json:"payment"`
	Network         string        `json:"network"` // passphrase
	HoldingAccount  string        `json:"holding_account"`
	Amount          string        `json:"amount"`
	Asset           string        `json:"asset"`
	ReturnTo        string        `json:"return_to"`
	NotBeforeLedger uint32        `json:"not_before_ledger"`        // no rung can land earlier
	RungFee         int64         `json:"rung_fee,omitempty"`       // stroops that each rung bids itself; absent: 0, a fee bump pays
	Box             string        `json:"box"`                      // an age file
	Ladder          []ReceiptRung `json:"ladder"`                   // in the order in which they are to be used
	Explanation     string        `json:"explanation"`              // what it is good for, for people
	LadderVersion   int           `json:"ladder_version,omitempty"` // absent: 1
	Wallet          string        `json:"wallet,omitempty"`         // the sender's account that keeps the reserve: what is left besides the amount goes there
	ReturnMemoType  string        `json:"return_memo_type,omitempty"`
	ReturnMemo      string        `json:"return_memo,omitempty"` // that each plain rung carries
}

// ReceiptRung is one way home: a transaction signed by the holding account, without an end. Anyone can hand it in, inside a fee
// bump when its own fee is 0, unless it needs the service's signature besides: then it is of no use without us.
type ReceiptRung struct {
	Rung         int    `json:"rung" validate:"min=0,max=4"`
	Hash         string `json:"hash" validate:"required,len=64"`
	Envelope     string `json:"envelope" validate:"required,max=4000"` // base64 XDR
	LastResort   bool   `json:"last_resort"`
	NeedsService bool   `json:"needs_service,omitempty"` // the service signs it when no plain rung goes through
}
