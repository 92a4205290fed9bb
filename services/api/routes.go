package api

import (
	"net/http"

	"github.com/restante/restante/relay"
)

// access says who may call.
type access int

const (
	open     access = iota // anybody
	byApp                  // Authorization: Bearer rst_…
	admin                  // the same, with an admin key
	byLink                 // Authorization: Link <auth>
	bySender               // byApp, or of one payment Authorization: Manage <token>
)

// call is one request on its way, with whoever was found to make it.
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
	do           func(*server, *call) (reply, error)
}

// routes is the whole interface. openapi.yaml has the same paths; a test compares.
var routes = []route{
	{"GET", "/v1/openapi.yaml", open, (*server).document},
	{"GET", "/v1/network", open, (*server).network},

	{"POST", "/v1/payments", byApp, (*server).createPayment},
	{"GET", "/v1/payments", byApp, (*server).listPayments},
	{"POST", "/v1/payments/preview", byApp, (*server).preview},
	{"GET", "/v1/payments/{id}", bySender, (*server).getPayment},
	{"GET", "/v1/payments/{id}/story", byApp, (*server).story},
	{"GET", "/v1/payments/{id}/receipt", bySender, (*server).receipt},
	{"POST", "/v1/payments/{id}/cancel", bySender, (*server).cancel},
	{"POST", "/v1/payments/{id}/deposit", bySender, (*server).deposit},
	{"POST", "/v1/payments/{id}/fund", bySender, (*server).fund},
	{"POST", "/v1/payments/{id}/move", bySender, (*server).move},
	{"POST", "/v1/payments/{id}/vouch", byApp, (*server).vouch},
	{"POST", "/v1/payments/{id}/readdress", bySender, (*server).readdress},
	{"GET", "/v1/treasury", byApp, (*server).treasury},
	{"POST", "/v1/treasury/trust", byApp, (*server).trust},
	{"GET", "/v1/agreed", byApp, (*server).agreed},
	{"DELETE", "/v1/agreed", byApp, (*server).forget},

	{"POST", "/v1/apps", admin, (*server).createApp},
	{"GET", "/v1/app", byApp, (*server).ownApp},
	{"GET", "/v1/keys", byApp, (*server).listKeys},
	{"POST", "/v1/keys", byApp, (*server).createKey},
	{"DELETE", "/v1/keys/{id}", byApp, (*server).revokeKey},
	{"POST", "/v1/keys/{id}/rotate", byApp, (*server).rotateKey},

	{"GET", "/v1/claims/{id}", byLink, (*server).viewClaim},
	{"POST", "/v1/claims/{id}/code", byLink, (*server).askCode},
	{"POST", "/v1/claims/{id}/prove", byLink, (*server).prove},
	{"POST", "/v1/claims/{id}/plan", byLink, (*server).plan},
	{"POST", "/v1/claims/{id}/submit", byLink, (*server).submit},
	{"POST", "/v1/claims/{id}/agree", byLink, (*server).agree},
	{"POST", "/v1/claims/{id}/wallet", open, (*server).walletSigned},
	{"POST", "/v1/claims/{id}/decline", byLink, (*server).decline},
}
