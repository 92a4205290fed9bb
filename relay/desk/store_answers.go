package desk

import "github.com/restante/restante/relay"

// Answers are what requests with an Idempotency-Key were answered, encrypted at rest. A key is read for writing: of two requests
// with the same one, the second sees what the first wrote.
type Answers interface {
	Recall(app relay.AppID, key string) (Answered, error)
	Remember(a Answered) error // replaces
	// FreeAnswers gives back every key in flight that belongs to another process than the one named.
	FreeAnswers(process string) (rows int64, err error)
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
