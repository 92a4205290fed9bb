package desk

import "github.com/restante/restante/relay"

// WorkRows are effects as rows, written in the commit of what asks for them. Work belongs to the app of its payment, or to that of
// the first payment of its envelope. What becomes of a row afterwards is the [Queue]'s.
type WorkRows interface {
	// AddWork adds a row. One that is the same (kind, payment, envelope, subject) and not done is moved to the earlier due instead;
	// when it is leased, its worker may have looked before this commit, so the row is given back when that one is done with it.
	// A kind that is not in the table of relay is refused.
	AddWork(w Work) error
	CloseWork(id relay.PaymentID, kinds ...relay.EffectKind) error
	WorkOpen(id relay.PaymentID, kind relay.EffectKind) (bool, error)
	WorkOf(id relay.PaymentID) ([]Work, error) // every row of a payment and of the envelopes that carry it, done ones too, oldest first
}

// Work is an effect as a row.
type Work struct {
	ID         int64
	Kind       relay.EffectKind
	App        relay.AppID     // whose it is: that of its payment or its envelope's; AddWork finds it
	Payment    relay.PaymentID // "" for DoSubmit
	Envelope   string          // of DoSubmit: its hash
	Subject    string          // of DoPublish: the state; of DoMailCode: the session's hash
	Due        relay.Micros
	Attempts   int
	LeaseUntil relay.Micros
	DoneAt     relay.Micros
	Tries      relay.Tries
	Note       string // how the last attempt ended, for people
}
