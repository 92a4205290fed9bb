package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

// halted says that a halt stands in the way of a payment: it does not go on by itself, so no command waits for it.
func halted(p client.Payment) bool { return p.Halted != nil && !relay.State(p.State).Ended() }

// orHalted is what a payment is followed to, or a halt.
func orHalted(done func(client.Payment) bool) func(client.Payment) bool {
	return func(p client.Payment) bool { return done(p) || halted(p) }
}

// waitFunded follows a payment until its money is in the holding account, or it has ended, or a halt stops it.
func waitFunded(ctx context.Context, cl *client.Client, id string) (client.Payment, error) {
	return cl.Follow(ctx, id, orHalted(func(p client.Payment) bool {
		return p.State != string(relay.Created) && p.State != string(relay.Funding)
	}))
}

// cutWhileWaiting is the end of a command whose payment was accepted and whose wait did not come to its end. The command again would
// make a second payment.
func cutWhileWaiting(id string, err error) error {
	return &failure{status: statusTryAgain, id: id, next: "restante show " + id, cause: err,
		text: fmt.Sprintf("The payment is accepted; only the wait for its money was cut off: %s. %q tells how it goes on.", cutOff(err), "restante show "+id)}
}

// stopped is the end of a command that waited for a payment which a halt stops; nil of any other payment. asked says what stays
// of what the command has asked for; it may be "".
func stopped(p client.Payment, asked string) error {
	if !halted(p) {
		return nil
	}
	return haltedError(p.ID, p.State, p.Halted.Detail, asked)
}

func haltedError(id, state, detail, asked string) error {
	return &failure{status: statusTryAgain, id: id, next: "restante show " + id, text: "The payment is " + state + ", and stopped. " + plain(detail) + asked,
		cause: &client.Problem{Status: http.StatusConflict, Code: "halted", Detail: detail}}
}

// stateText says what a payment's state means just now.
func stateText(p client.Payment) string {
	if halted(p) {
		return meaningHalted
	}
	return meaning(p.State)
}

const meaningHalted = "It is stopped: the service moves nothing of it, for neither side, until the operator has looked."
