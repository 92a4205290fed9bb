package wire

import "time"

// ClaimView is the answer of GET /v1/claims/{id}: what the holder of a link may see. The header
// "Authorization: Link <auth>" carries the link's auth value on every claims call. Looking changes nothing.
type ClaimView struct {
	ID          string    `json:"id"`
	State       string    `json:"state"`
	Reason      string    `json:"reason,omitempty"`
	From        string    `json:"from"` // the app's name
	To          string    `json:"to"`   // masked
	Amount      string    `json:"amount"`
	Asset       string    `json:"asset"`
	Policy      string    `json:"policy"`
	Custody     string    `json:"custody"`
	CustodyText string    `json:"custody_text"` // the sentence behind the word
	ExpiresAt   time.Time `json:"expires_at"`
	Network     string    `json:"network"` // passphrase
	// Filled when it was claimed.
	Destination *string     `json:"destination"`
	Settlement  *Settlement `json:"settlement"`
	Arrived     string      `json:"arrived,omitempty"`      // as of a payment
	Ending      string      `json:"ending,omitempty"`       // the end in words, for people
	ReturnAsked string      `json:"return_asked,omitempty"` // a return that was asked for and is not done: canceled, declined, expired
	Held        *Refusal    `json:"held,omitempty"`         // what holds the money up just now; it goes on by itself, but for "halted"
	ProvedBy    string      `json:"proved_by"`              // "code" mailed to the handle, "voucher" of the app, or "none" under the policy link
	Delivery    string      `json:"delivery,omitempty"`     // of our mails to the handle: "sent", or "refused" for good
	Purse       bool        `json:"purse,omitempty"`        // the holding account pays for its own claim
	Clawback    bool        `json:"clawback,omitempty"`     // the issuer of the asset can take it back
}

// CodeSession is the answer of POST /v1/claims/{id}/code: a code was mailed, good only together with Session.
type CodeSession struct {
	Session   string    `json:"session"`
	To        string    `json:"to"` // masked
	ExpiresAt time.Time `json:"expires_at"`
	Delivery  string    `json:"delivery,omitempty"` // as ClaimView.Delivery: "refused" means that the last mail came back, and this one may
}

// ProveRequest is the body of POST /v1/claims/{id}/prove: session and code, or a voucher, or neither (policy link).
type ProveRequest struct {
	Session string `json:"session,omitempty" validate:"required_with=Code,omitempty,max=100"`
	Code    string `json:"code,omitempty" validate:"required_with=Session,omitempty,len=6,number"`
	Voucher string `json:"voucher,omitempty" validate:"omitempty,max=100,excluded_with=Code"`

	// ClaimantKey is random text of the caller's own. The first proof binds code and voucher to it: they prove again for it alone.
	ClaimantKey string `json:"claimant_key,omitempty" validate:"omitempty,min=20,max=100"`
}

// Proven is its answer: what the client needs to open the box. Proof goes into the header Restante-Proof of plan and submit.
type Proven struct {
	Proof          string    `json:"proof"`
	ProofExpires   time.Time `json:"proof_expires_at"`
	Box            string    `json:"box"`
	Share          string    `json:"share,omitempty"`
	BoxMAC         string    `json:"box_mac,omitempty"` // of a box that the sender's client minted
	HoldingAccount string    `json:"holding_account"`
	Asset          string    `json:"asset"`
	Amount         string    `json:"amount"`
	Network        string    `json:"network"`
	Payment        string    `json:"payment"`
}

// PlanRequest is the body of POST /v1/claims/{id}/plan.
type PlanRequest struct {
	Destination string `json:"destination" validate:"required,min=56,max=69"`               // G…, or M… of an account that exists
	Memo        string `json:"memo,omitempty" validate:"omitempty,max=64"`                  //
	MemoType    string `json:"memo_type,omitempty" validate:"omitempty,oneof=text id hash"` // default text
	NewLine     bool   `json:"new_line,omitempty"`                                          // give the account the trustline it lacks: it signs too
}

// Plan is its answer: an envelope to check, sign with the holding secret (and, when NewAccount, the new account's), and
// submit. The client decodes and checks it before it signs.
type Plan struct {
	Envelope   string    `json:"envelope"` // base64 XDR
	Hash       string    `json:"hash"`
	NewAccount bool      `json:"new_account"`
	NewLine    bool      `json:"new_line"`
	Fee        int64     `json:"fee"` // stroops that it bids out of the purse; 0: the service pays, in a fee bump
	Sequence   int64     `json:"sequence,string"`
	MaxLedger  uint32    `json:"max_ledger"` // exclusive
	ExpiresAt  time.Time `json:"expires_at"`
	LedgerTime time.Time `json:"ledger_time,omitzero"` // close time of the newest ledger when it was planned
}

// SubmitRequest is the body of POST /v1/claims/{id}/submit and of POST /v1/payments/{id}/fund.
type SubmitRequest struct {
	Envelope string `json:"envelope" validate:"required,base64,max=20000"`
}

// WalletAnswer is the answer of the callback of a wallet (SEP-7). Missing lists the accounts whose signers have not signed with
// enough weight yet; empty: the claim is handed in.
type WalletAnswer struct {
	Missing []MissingWeight `json:"missing,omitempty"`
}

// MissingWeight is how much weight an account's signers have signed with, of what its threshold asks for.
type MissingWeight struct {
	Account string `json:"account"`
	Weight  int    `json:"weight"`
	Needed  int    `json:"needed"`
}
