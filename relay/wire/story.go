package wire

import "time"

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
