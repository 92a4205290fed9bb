// Package problem says no over HTTP: RFC 9457 problems, the same everywhere.
//
// It promises that [Write] is the one place where an error becomes a status, that every answer of a [Guard] carries a
// Request-Id of our own making, and that an unsorted error is a bare 500 whose cause is in the log, once, and nowhere
// else. It refuses request ids from outside, bodies over [MostBody], and JSON that is not exactly what was asked for.
//
// Start with [Write] and the table in status.go; [Decode] reads bodies; [Guard] and [Routes] wrap a service's handler.
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/restante/restante/relay"
)

// Problem is the body of an answer that says no, of type application/problem+json (RFC 9457).
type Problem struct {
	Type      string  `json:"type"`  // "about:blank": the status and the code say it all
	Title     string  `json:"title"` // the status in words
	Status    int     `json:"status"`
	Detail    string  `json:"detail,omitempty"` // one sentence for a person
	Code      string  `json:"code"`             // a stable word for a program
	RequestID string  `json:"request_id,omitempty"`
	Errors    []Field `json:"errors,omitempty"` // which parts of the body are wrong
}

// Field is one part of a request's body that is wrong.
type Field struct {
	Pointer string `json:"pointer"` // RFC 6901; "" is the whole body
	Detail  string `json:"detail"`
	Code    string `json:"code"`
}

// Fields is an error that names several parts of a body at once. [Write] makes it a 400.
type Fields []Field

func (f Fields) Error() string {
	if len(f) == 1 {
		return f[0].Code + ": " + sentence(f[0])
	}
	return "invalid_request: " + strconv.Itoa(len(f)) + " fields"
}

// Write answers r with what err is, and logs what only we may know. A nil err is a bug and becomes a 500.
func Write(w http.ResponseWriter, r *http.Request, err error) {
	if err == nil {
		err = errors.New("problem: asked to write no error")
	}
	now := time.Now()
	fault, fields := classify(r.Context(), err)
	p := Problem{Type: "about:blank", Status: statusOf(fault), Code: fault.Code, Detail: fault.Public, Errors: fields, RequestID: RequestID(r.Context())}
	p.Title = http.StatusText(p.Status)
	note(r, fault, p.Status, err)

	h := w.Header()
	h.Del("Content-Length")
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if after := retryAfter(fault, p.Status, relay.At(now)); after > 0 {
		h.Set("Retry-After", strconv.FormatInt(after, 10))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="restante"`) // RFC 9110, section 11.6.1
	}
	body, jsonErr := json.Marshal(p)
	if jsonErr != nil {
		panic(jsonErr) // strings and numbers always encode
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(body, '\n')) // the client may be gone
}

// classify makes any error a fault that may be shown, and names the fields it is about.
func classify(ctx context.Context, err error) (*relay.Fault, []Field) {
	var fault *relay.Fault
	var fields Fields
	var tooLong *http.MaxBytesError
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return errGone, nil
	case errors.As(err, &fields) && len(fields) > 0:
		return faultOf(fields), fields
	case errors.As(err, &tooLong):
		return errTooLarge, nil
	case errors.As(err, &fault):
	case errors.Is(err, context.DeadlineExceeded):
		return errTimeout, nil
	default:
		return errInternal, nil
	}
	if _, known := statusOfKind[fault.Kind]; !known || fault.Kind == relay.Internal {
		return errInternal, nil // without its code, which is ours too
	}
	if fault.Pointer != "" {
		fields = Fields{{Pointer: fault.Pointer, Detail: fault.Public, Code: fault.Code}}
	}
	return fault, fields
}

// note logs err once: here, where it is handled. What the caller did wrong is for the caller to know, unless it has a cause.
func note(r *http.Request, fault *relay.Fault, status int, err error) {
	if errors.Is(err, errPanic) {
		return // Guard has told it, with the stack
	}
	level := slog.LevelDebug
	switch {
	case fault == errGone:
	case status == http.StatusInternalServerError:
		level = slog.LevelError
	case fault.Kind == relay.Unavailable:
		level = slog.LevelWarn
	case fault.Cause != nil:
		level = slog.LevelInfo
	}
	// The pattern, not the path: what is in a path may be private.
	logger(r.Context()).Log(r.Context(), level, "request refused", "status", status, "code", fault.Code, "cause", err,
		"method", r.Method, "pattern", r.Pattern, "request_id", RequestID(r.Context()))
}
