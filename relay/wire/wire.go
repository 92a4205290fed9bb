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

// Story is the answer of GET /v1/payments/{id}/story: everything that is known of a payment, for people who look into it.
type Story struct {
	Payment   Payment         `json:"payment"`
	History   []StoryEntry    `json:"history"`
	Envelopes []StoryEnvelope `json:"envelopes"`
	Work      []StoryWork     `json:"work"`
	Ledger    uint32          `json:"ledger"`                    // newest ledger known
	ClosedAt  time.Time       `json:"ledger_closed_at,omitzero"` // absent when the ledger does not answer
	Holding   string          `json:"holding,omitempty"`         // what the ledger says of the holding account now, in words
}

// StoryEntry is one line of history.
type StoryEntry struct {
	At     time.Time `json:"at"`
	From   string    `json:"from,omitempty"`
	To     string    `json:"to"`
	Input  string    `json:"input"`
	Detail string    `json:"detail,omitempty"`
}

// StoryEnvelope is one envelope that was ever signed for a payment.
type StoryEnvelope struct {
	Hash     string `json:"hash"`
	Kind     string `json:"kind"`
	State    string `json:"state"`
	Source   string `json:"source"`
	Sequence int64  `json:"sequence,string"`
	Bound    uint32 `json:"bound,omitempty"`
	Rung     int    `json:"rung,omitempty"`
	Role     string `json:"role,omitempty"` // of a return: plain, wallet, bare or last_resort
	Tx       string `json:"tx,omitempty"`
	Ledger   uint32 `json:"ledger,omitempty"`
}

// StoryWork is one row of work.
type StoryWork struct {
	Kind     string     `json:"kind"`
	Due      time.Time  `json:"due"`
	Attempts int        `json:"attempts"`
	DoneAt   *time.Time `json:"done_at"`
	Note     string     `json:"note,omitempty"`
}

// ReceiptFormat is the word in Receipt.Format.
const ReceiptFormat = "restante-receipt-1"

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

// Treasury is the answer of GET /v1/treasury.
type Treasury struct {
	Address   string `json:"address"`
	Asset     string `json:"asset"`
	Trustline bool   `json:"trustline"` // it can hold the asset
	Available string `json:"available"` // free to send, less what is accepted and not out yet
	Locked    string `json:"locked"`    // waiting in holding accounts; of a parked payment what was seen there last
}

// Limits is the answer of GET /v1/limits: what the signer would still sign for the app just now.
type Limits struct {
	Asset         string `json:"asset"`
	MaxPayment    string `json:"max_payment"`    // most of one payment
	MaxDay        string `json:"max_day"`        // most of an asset out of the treasury in a day, by the ledger's clock (UTC)
	DayLeft       string `json:"day_left"`       // of the asset, today
	Budget        string `json:"budget"`         // lumens of the service's that the app may have out: under way, and used up today
	BudgetLeft    string `json:"budget_left"`    //
	BudgetLocked  string `json:"budget_locked"`  // under way: reserves, and what is set aside for fees
	BudgetUsed    string `json:"budget_used"`    // used up today: reserves of new accounts, their first fees, fees
	ReservesGiven string `json:"reserves_given"` // lumens that the service carries in accounts that claims made
}

// ReclaimRequest is the body of POST /v1/reserves/reclaim.
type ReclaimRequest struct {
	Always *bool `json:"always,omitempty"` // whether later claims ask by themselves; absent: as it was
}

// Reclaiming is its answer.
type Reclaiming struct {
	Asked  int  `json:"asked"`  // accounts that carry reserves of the service's
	Always bool `json:"always"` // later claims ask by themselves
}

// TrustRequest is the body of POST /v1/treasury/trust: give the treasury a trustline. The answer is a Treasury.
type TrustRequest struct {
	Asset string `json:"asset" validate:"required,max=69"`
}

// AgreeRequest is the body of POST /v1/claims/{id}/agree: from now on this app pays the proven handle directly into the account.
// An empty account takes it off again.
type AgreeRequest struct {
	Account string `json:"account" validate:"omitempty,len=56,startswith=G"`
}

// Agreed is the answer of GET and DELETE /v1/agreed?to=HANDLE, for the app.
type Agreed struct {
	To      string  `json:"to"`
	Account *string `json:"account"` // null: none on file
}

// Network is the answer of GET /v1/network, which asks for no key: links are bound to it.
type Network struct {
	Network string `json:"network"` // passphrase
}

// AppRequest is the body of POST /v1/apps (admin keys only).
type AppRequest struct {
	Name      string `json:"name" validate:"required,max=80"`
	Recipient string `json:"recipient" validate:"required,startswith=age1,max=100"` // whose identity the sender keeps
	MayVouch  bool   `json:"may_vouch,omitempty"`
	Reclaim   bool   `json:"reclaim,omitempty"` // take the service's reserves back from claimants' accounts that can carry them
	Notify    *bool  `json:"notify,omitempty"`  // default true: we write to recipients
}

// App is an app as the API shows it.
type App struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Recipient string    `json:"recipient"`
	Treasury  string    `json:"treasury"`
	MayVouch  bool      `json:"may_vouch"`
	Reclaim   bool      `json:"reclaim"`
	Notify    bool      `json:"notify"`
	CreatedAt time.Time `json:"created_at"`
	Key       *Key      `json:"key,omitempty"` // the first key, with its text, in the 201
}

// Key is an API key. Text is there once, in the answer that made it.
type Key struct {
	ID        string     `json:"id"`
	Text      string     `json:"text,omitempty"` // rst_test_… or rst_live_…
	Admin     bool       `json:"admin"`          // has the scope "admin"
	Scopes    []string   `json:"scopes"`         // of send, read, cancel, vouch, admin
	CreatedAt time.Time  `json:"created_at"`
	RevokedAt *time.Time `json:"revoked_at"`
}

// KeyRequest is the body of POST /v1/keys. It may be left out.
type KeyRequest struct {
	Scopes []string `json:"scopes,omitempty"` // none: those of the key that asks, but for admin
}

// KeyList is the answer of GET /v1/keys.
type KeyList struct {
	Data []Key `json:"data"`
}

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

// Mail is one element of GET /dev/mail.json, newest first. Development only.
type Mail struct {
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
}
