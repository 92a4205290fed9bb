package desk

import "github.com/restante/restante/relay"

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

// Answered is a remembered answer to a request with an Idempotency-Key.
type Answered struct {
	App       relay.AppID
	Key       string
	Body      string       // hash of the request
	Until     relay.Micros // in flight until then, unless it is renewed; 0 = answered, 1 = given back
	Owner     string       // of one in flight: "<process>/<mark of the request>"
	Status    int
	Answer    []byte
	CreatedAt relay.Micros
}
