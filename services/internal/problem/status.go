package problem

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/restante/restante/relay"
)

// statusOfKind is what each kind of fault is in HTTP, unless its code says otherwise.
var statusOfKind = map[relay.Kind]int{
	relay.Internal:    http.StatusInternalServerError,
	relay.Invalid:     http.StatusBadRequest,
	relay.Denied:      http.StatusUnauthorized,
	relay.Forbidden:   http.StatusForbidden,
	relay.NotFound:    http.StatusNotFound,
	relay.Conflict:    http.StatusConflict,
	relay.Exhausted:   http.StatusTooManyRequests,
	relay.Unavailable: http.StatusServiceUnavailable,
}

// statusOfCode is where HTTP has a closer word than the kind.
var statusOfCode = map[string]int{
	"idempotency_mismatch": http.StatusUnprocessableEntity, // the same key with another body
	"treasury_empty":       http.StatusPaymentRequired,     // waiting does not help: the app must pay in
	"budget_empty":         http.StatusPaymentRequired,
	errTooLarge.Code:       http.StatusRequestEntityTooLarge,
	errMediaType.Code:      http.StatusUnsupportedMediaType,
	errMethod.Code:         http.StatusMethodNotAllowed,
}

var (
	errInternal  = &relay.Fault{Kind: relay.Internal, Code: "internal"}
	errGone      = &relay.Fault{Kind: relay.Unavailable, Code: "canceled", Public: "The request was given up before it was answered."}
	errTimeout   = &relay.Fault{Kind: relay.Unavailable, Code: "timeout", Public: "This took too long; try again."}
	errTooLarge  = &relay.Fault{Kind: relay.Invalid, Code: "body_too_large", Public: "A body has at most 1 MiB."}
	errMediaType = &relay.Fault{Kind: relay.Invalid, Code: "unsupported_media_type", Public: "The body must be application/json in UTF-8."}
	errMalformed = &relay.Fault{Kind: relay.Invalid, Code: "body_malformed", Public: "The body is not one JSON object."}
	errNoRoute   = &relay.Fault{Kind: relay.NotFound, Code: "no_such_path", Public: "There is nothing at this path."}
	errMethod    = &relay.Fault{Kind: relay.Invalid, Code: "method_not_allowed", Public: "This path does not know this method."}
)

func statusOf(f *relay.Fault) int {
	if s, ok := statusOfCode[f.Code]; ok {
		return s
	}
	return statusOfKind[f.Kind]
}

// Pauses to recommend when the fault names none, in seconds.
const (
	pauseExhausted   = 30
	pauseUnavailable = 5
)

// retryAfter is the pause to recommend, in whole seconds, rounded up; 0 = none.
func retryAfter(f *relay.Fault, status int, now relay.Micros) int64 {
	if f.RetryAt > 0 {
		return max((int64(f.RetryAt-now)+999_999)/1_000_000, 1)
	}
	switch status {
	case http.StatusTooManyRequests:
		return pauseExhausted
	case http.StatusServiceUnavailable:
		return pauseUnavailable
	}
	return 0
}

// faultOf is the headline over several wrong fields; over one it says what the field says.
func faultOf(fields Fields) *relay.Fault {
	if len(fields) == 1 {
		return &relay.Fault{Kind: relay.Invalid, Code: fields[0].Code, Public: sentence(fields[0])}
	}
	return &relay.Fault{Kind: relay.Invalid, Code: "invalid_request", Public: "Several fields are wrong; see errors."}
}

func sentence(f Field) string {
	name := cmp.Or(strings.TrimPrefix(f.Pointer, "/"), "The body")
	return name + " " + f.Detail + "."
}
