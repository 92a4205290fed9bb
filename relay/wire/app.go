package wire

import "time"

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
