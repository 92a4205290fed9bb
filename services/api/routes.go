package api

import (
	"net/http"

	"github.com/restante/restante/relay"
)

// access says who may call.
type access int

const (
	open     access = iota // any caller
	byApp                  // Authorization: Bearer rst_…, with the route's scope
	byAdmin                // the same, and the key need not belong to an app
	byLink                 // Authorization: Link <auth>
	bySender               // byApp, or of one payment Authorization: Manage <token>
)

// call is one request on its way, with the caller that was found.
type call struct {
	*http.Request
	w       http.ResponseWriter
	app     relay.App     // byApp, admin
	key     relay.Key     // byApp, admin
	payment relay.Payment // byLink, and bySender with a token
}

// reply is an answer. Exactly one of body, which becomes JSON, and raw, which was written before, is set.
type reply struct {
	status int
	body   any
	raw    []byte
	header http.Header
}

type route struct {
	method, path string
	access       access
	scope        relay.Scopes // of byApp, byAdmin, bySender: what the key needs; anyKey where the call itself judges
	do           func(*server, *call) (reply, error)
}

// anyKey is for calls that every key of an app may make; which of its keys it may touch is for the Desk to say. It is no
// scope, so that a route for keys that names none is closed.
const anyKey relay.Scopes = 1 << 7

// routes is the whole interface. openapi.yaml has the same paths; a test compares.
var routes = []route{
	{"GET", "/v1/openapi.yaml", open, 0, (*server).document},
	{"GET", "/v1/network", open, 0, (*server).network},

	{"POST", "/v1/payments", byApp, relay.Send, (*server).createPayment},
	{"GET", "/v1/payments", byApp, relay.Read, (*server).listPayments},
	{"POST", "/v1/payments/preview", byApp, relay.Send, (*server).preview},
	{"GET", "/v1/payments/{id}", bySender, relay.Read, (*server).getPayment},
	{"GET", "/v1/payments/{id}/story", byApp, relay.Read, (*server).story},
	{"GET", "/v1/payments/{id}/receipt", bySender, relay.Cancel, (*server).receipt},
	{"POST", "/v1/payments/{id}/cancel", bySender, relay.Cancel, (*server).cancel},
	{"POST", "/v1/payments/{id}/deposit", bySender, relay.Send, (*server).deposit},
	{"POST", "/v1/payments/{id}/fund", bySender, relay.Send, (*server).fund},
	{"POST", "/v1/payments/{id}/move", bySender, relay.Send, (*server).move},
	{"POST", "/v1/payments/{id}/vouch", byApp, relay.Vouch, (*server).vouch},
	{"POST", "/v1/payments/{id}/readdress", bySender, relay.Send, (*server).readdress},
	{"GET", "/v1/treasury", byApp, relay.Read, (*server).treasury},
	{"POST", "/v1/treasury/trust", byApp, relay.Send, (*server).trust},
	{"GET", "/v1/limits", byApp, relay.Read, (*server).limits},
	{"POST", "/v1/reserves/reclaim", byApp, relay.Send, (*server).reclaim},
	{"GET", "/v1/agreed", byApp, relay.Read, (*server).agreed},
	{"DELETE", "/v1/agreed", byApp, relay.Send, (*server).forget},

	{"POST", "/v1/apps", byAdmin, relay.Admin, (*server).createApp},
	{"GET", "/v1/app", byApp, anyKey, (*server).ownApp},
	{"GET", "/v1/keys", byApp, relay.Read, (*server).listKeys},
	{"POST", "/v1/keys", byApp, anyKey, (*server).createKey},
	{"DELETE", "/v1/keys/{id}", byApp, anyKey, (*server).revokeKey},
	{"POST", "/v1/keys/{id}/rotate", byApp, anyKey, (*server).rotateKey},

	{"GET", "/v1/claims/{id}", byLink, 0, (*server).viewClaim},
	{"POST", "/v1/claims/{id}/code", byLink, 0, (*server).askCode},
	{"POST", "/v1/claims/{id}/prove", byLink, 0, (*server).prove},
	{"POST", "/v1/claims/{id}/plan", byLink, 0, (*server).plan},
	{"POST", "/v1/claims/{id}/submit", byLink, 0, (*server).submit},
	{"POST", "/v1/claims/{id}/agree", byLink, 0, (*server).agree},
	{"POST", "/v1/claims/{id}/wallet", open, 0, (*server).walletSigned},
	{"OPTIONS", "/v1/claims/{id}/wallet", open, 0, (*server).walletPreflight},
	{"POST", "/v1/claims/{id}/decline", byLink, 0, (*server).decline},
}
