// Package wire is the JSON of the HTTP API under /v1: one struct for each body, shared by the server and the Go SDK. It has
// no behaviour beyond spelling. The OpenAPI file that the server serves says the same; a test holds the two together.
//
// Amounts are decimal strings with up to 7 decimals, moments are RFC 3339 in UTC, binary values are base64 (standard
// alphabet, padded) unless the field says otherwise. Field names are the API's, everywhere.
package wire

import "time"

// PaymentRequest is the body of POST /v1/payments. The header Idempotency-Key makes a repeat safe.
type PaymentRequest struct {
	To        string            `json:"to" validate:"required,max=300"`
	Amount    string            `json:"amount" validate:"required,max=40"`
	Asset     string            `json:"asset,omitempty" validate:"omitempty,max=69"`                              // "native", or CODE:ISSUER
	Note      string            `json:"note,omitempty"`                                                           // at most 500 bytes, which is not characters: judged where it is read
	ExpiresIn string            `json:"expires_in,omitempty" validate:"omitempty,max=20,excluded_with=ExpiresAt"` // "30d", "12h"
	ExpiresAt *time.Time        `json:"expires_at,omitempty"`
	Policy    string            `json:"policy,omitempty" validate:"omitempty,oneof=guarded link"`
	Reference string            `json:"reference,omitempty" validate:"omitempty,max=128,printascii"`
	Metadata  map[string]string `json:"metadata,omitempty" validate:"omitempty,max=20,dive,keys,min=1,max=40,endkeys,max=500"`
	ID        string            `json:"id,omitempty" validate:"required_with=Link"` // chosen by a client that makes the link
	Link      *LinkHalf         `json:"link,omitempty" validate:"required_with=ID"`

	// Out of a wallet of the sender's own: then nothing is sent until its client has made a holding account (POST deposit).
	From             string   `json:"from,omitempty" validate:"required_with=ReturnTo SenderRecipients FundWithin,omitempty,len=56,startswith=G"`
	ReturnTo         string   `json:"return_to,omitempty" validate:"omitempty,max=69"`                     // default From; of an account that is not the sender's also M…
	ReturnMemo       string   `json:"return_memo,omitempty" validate:"omitempty,max=64"`                   // that the account which the money returns to asks for, when it is not the wallet
	ReturnMemoType   string   `json:"return_memo_type,omitempty" validate:"omitempty,oneof=text id hash"`  // default text
	SenderRecipients []string `json:"sender_recipients,omitempty" validate:"omitempty,max=4,dive,max=100"` // age1…, to whom the box will be sealed
	FundWithin       string   `json:"fund_within,omitempty" validate:"omitempty,max=20"`                   // "1m" (the default) to about "10h"
	ManageHash       string   `json:"manage_hash,omitempty" validate:"omitempty,len=64,hexadecimal"`       // SHA-256 of a token of the sender's, in hex

	// "if_agreed": pay directly into the account that the recipient has put on file, if there is one. "never" is the default.
	Direct string `json:"direct,omitempty" validate:"omitempty,oneof=never if_agreed"`
}

// MoveRequest is the body of POST /v1/payments/{id}/move: a new payment to another handle, which takes the money over from the
// holding account of this one. The answer is that new payment, with its funding terms.
type MoveRequest struct {
	To               string    `json:"to" validate:"required,max=300"`
	Policy           string    `json:"policy,omitempty" validate:"omitempty,oneof=guarded link"`
	SenderRecipients []string  `json:"sender_recipients,omitempty" validate:"omitempty,max=4,dive,max=100"` // default those of the payment
	ManageHash       string    `json:"manage_hash,omitempty" validate:"omitempty,len=64,hexadecimal"`       // default that of the payment
	ID               string    `json:"id" validate:"required,max=40"`
	Link             *LinkHalf `json:"link" validate:"required"`
}

// LinkHalf is what a client that made the link hands in: everything but the link.
type LinkHalf struct {
	AuthHash       string `json:"auth_hash" validate:"required,max=100"`       // as crypto/claim spells it
	ClaimRecipient string `json:"claim_recipient" validate:"required,max=100"` // age1…
	Share          string `json:"share,omitempty" validate:"omitempty,max=60"` // 32 bytes; guarded only
}

// Payment is the answer of POST /v1/payments, GET /v1/payments/{id}, and cancel.
type Payment struct {
	ID              string            `json:"id"`
	State           string            `json:"state"`
	Reason          string            `json:"reason,omitempty"`
	To              string            `json:"to"`
	Amount          string            `json:"amount"`
	Asset           string            `json:"asset"`
	Policy          string            `json:"policy"`
	Custody         string            `json:"custody"`
	LinkMadeBy      string            `json:"link_made_by"`
	HoldingAccount  *string           `json:"holding_account"` // null until funded
	Destination     *string           `json:"destination"`     // null until claimed; of a direct payment where it goes
	ReturnTo        string            `json:"return_to"`
	ReturnMemoType  string            `json:"return_memo_type,omitempty"` // of the memo that each way home to ReturnTo carries
	ReturnMemo      string            `json:"return_memo,omitempty"`
	ExpiresAt       time.Time         `json:"expires_at"`
	NotBeforeLedger *uint32           `json:"not_before_ledger"` // null until funded: a return cannot land earlier
	Reference       string            `json:"reference,omitempty"`
	Metadata        map[string]string `json:"metadata,omitempty"`
	ReturnAsked     string            `json:"return_asked,omitempty"` // a return that was asked for and is not done
	Paused          *Refusal          `json:"paused,omitempty"`       // what holds its funding up, until money is paid in or a limit has room
	Halted          *Halted           `json:"halted,omitempty"`       // what stops it until the operator has looked
	Cost            Cost              `json:"cost"`
	From            string            `json:"from,omitempty"`         // the wallet that funds it; absent: the app's treasury
	Funding         *Funding          `json:"funding,omitempty"`      // while the sender's client has to fund it
	Direct          bool              `json:"direct,omitempty"`       // paid into an account on file: no link, nothing to claim
	Replaces        string            `json:"replaces,omitempty"`     // the payment whose money it took over
	CustodyText     string            `json:"custody_text,omitempty"` // the sentence behind the word
	Delivery        string            `json:"delivery,omitempty"`     // of our mails to the handle: "sent", or "refused" for good
	Clawback        bool              `json:"clawback,omitempty"`     // the issuer of the asset can take it back
	Settlement      *Settlement       `json:"settlement"`             // null until it ended on the ledger
	Arrived         string            `json:"arrived,omitempty"`      // by it, of the amount; absent when the transaction does not tell
	ArrivedRest     string            `json:"arrived_rest,omitempty"` // lumens that arrived besides; absent when none did
	Collected       string            `json:"collected,omitempty"`    // transaction that claimed what a last resort left; "elsewhere" when it is gone by none of the service's
	Ending          string            `json:"ending,omitempty"`       // the end in words, for people
	CreatedAt       time.Time         `json:"created_at"`
	UpdatedAt       time.Time         `json:"updated_at"`
	ClaimLink       string            `json:"claim_link,omitempty"`     // once, in the 201 of a request without link
	ClaimLinkBox    string            `json:"claim_link_box,omitempty"` // the same, sealed to the app's age recipient
}

// Halted says that the ledger contradicts the service's records: nothing that moves money goes on until the operator has looked.
type Halted struct {
	Scope  string     `json:"scope"`           // what it stops: "payment", "app" or "all"
	About  string     `json:"about"`           // the hash or the account that it is about, and is lifted by
	Since  *time.Time `json:"since,omitempty"` // absent: it was written down by an older program
	Detail string     `json:"detail"`
}

// Cost is what a payment costs its payer besides the amount.
type Cost struct {
	Fee           string `json:"fee"`            // lumens that the payer has paid to the network so far
	FeeByOthers   string `json:"fee_by_others"`  // and that others have, who handed an envelope in
	ReserveLocked string `json:"reserve_locked"` // lumens locked in the holding account; they come home
	ReserveGiven  string `json:"reserve_given"`  // lumens that the service carries in the account that the claim made; "0" when it took them back
	Payer         string `json:"payer"`          // "service" or "sender"
}

// Preview is the answer of POST /v1/payments/preview, whose body is a PaymentRequest: what would come of it just now.
// Nothing is written, and nothing is promised.
type Preview struct {
	Accepted        bool        `json:"accepted"` // whether the request would be
	Refusal         *Refusal    `json:"refusal"`  // null when it would be accepted
	To              string      `json:"to"`
	Amount          string      `json:"amount"`
	Asset           string      `json:"asset"`
	Policy          string      `json:"policy"`
	Custody         string      `json:"custody"`
	CustodyText     string      `json:"custody_text"` // the sentence behind the word
	Direct          bool        `json:"direct"`       // it would go into an account on file
	ReturnTo        string      `json:"return_to"`
	ExpiresAt       time.Time   `json:"expires_at"`
	Cost            PreviewCost `json:"cost"`
	Ledger          uint32      `json:"ledger"`            // newest ledger
	NotBeforeLedger uint32      `json:"not_before_ledger"` // of a return, were the funding signed now; until it is, a cancel needs no ledger
}

// Refusal says why a request would be refused, as its problem would.
type Refusal struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// PreviewCost is what a payment would cost besides the amount. Fees are the bids of a first try: the network takes at most that.
type PreviewCost struct {
	Payer             string `json:"payer"`               // of all of it: "service", by its sponsor account, or "sender", by his wallet
	FeeFunding        string `json:"fee_funding"`         // lumens
	FeeClaim          string `json:"fee_claim"`           // lumens; a payment is claimed or returned
	FeeReturn         string `json:"fee_return"`          // lumens
	ReserveLocked     string `json:"reserve_locked"`      // lumens locked in the holding account; they come home
	ReserveNewAccount string `json:"reserve_new_account"` // lumens locked in the claimant's account for good, if the claim has to make it
	Purse             string `json:"purse"`               // lumens that a sender's own wallet adds, out of which claim or return, and the claimant's account, are paid
}

// Settlement is the transaction that ended a payment.
type Settlement struct {
	Tx     string `json:"tx"`
	Ledger uint32 `json:"ledger"`
}

// PaymentList is the answer of GET /v1/payments?limit&after&state&reference&to.
type PaymentList struct {
	Data    []Payment `json:"data"`
	HasMore bool      `json:"has_more"`
}

// Voucher is the answer of POST /v1/payments/{id}/vouch: hand it to the signed-in user alone.
type Voucher struct {
	Voucher   string    `json:"voucher"`
	ExpiresAt time.Time `json:"expires_at"`
}

// ReaddressRequest is the body of POST /v1/payments/{id}/readdress; the answer is a Payment.
type ReaddressRequest struct {
	To string `json:"to" validate:"required,max=300"`
}

// ReceiptFormat is the word in Receipt.Format.
const ReceiptFormat = "restante-receipt-1"

// Network is the answer of GET /v1/network, which asks for no key: links are bound to it.
type Network struct {
	Network string `json:"network"` // passphrase
}

// Mail is one element of GET /dev/mail.json, newest first. Development only.
type Mail struct {
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
}
