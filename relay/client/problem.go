package client

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/restante/restante/relay/redeem"
)

// Problem is a refusal by the relay (RFC 9457).
type Problem struct {
	Status     int    // HTTP status
	Code       string // stable word, e.g. "already_claimed"; "" when something in between answered
	Detail     string // one or two sentences for people
	Pointer    string // the field at fault (RFC 6901), "" when none is
	RequestID  string // to tell the operator
	RetryAfter time.Duration
}

func (p *Problem) Error() string {
	if p.Detail == "" {
		return fmt.Sprintf("the relay answered %d %s", p.Status, http.StatusText(p.Status))
	}
	return p.Detail
}

// starting says that a relay which only starts has refused: it has done nothing.
func (p *Problem) starting() bool {
	return p.Status == http.StatusServiceUnavailable && p.Code == "starting"
}

// turnedAway says of a request for a payment that the relay has refused it before it accepted anything: it is only starting, cannot
// see the ledger, or cannot write. The two latter come back from a commit that did not happen, or before one.
func (p *Problem) turnedAway() bool {
	return p.starting() || p.Status == http.StatusServiceUnavailable && (p.Code == "ledger_unavailable" || p.Code == "storage_full")
}

// IsCode reports whether err is a Problem with one of the codes.
func IsCode(err error, codes ...string) bool {
	var p *Problem
	if !errors.As(err, &p) || p.Code == "" {
		return false
	}
	for _, c := range codes {
		if p.Code == c {
			return true
		}
	}
	return false
}

// Temporary reports whether the same call may succeed later without any change: the relay could not be reached, is busy
// or not ready.
func Temporary(err error) bool {
	var lost *Unreached
	if errors.As(err, &lost) {
		return true
	}
	var p *Problem
	if !errors.As(err, &p) {
		return false
	}
	if p.Code == "code_locked" { // for good, whatever the header says
		return false
	}
	return p.Status == http.StatusTooManyRequests && p.RetryAfter > 0 || p.Status == http.StatusBadGateway ||
		p.Status == http.StatusServiceUnavailable || p.Status == http.StatusGatewayTimeout || p.Code == "not_ready"
}

// Unreached says that no answer came. Whether the relay did what was asked is unknown, unless NeverSent.
type Unreached struct {
	Host      string
	NeverSent bool
	Cause     error
}

func (u *Unreached) Error() string { return fmt.Sprintf("no answer from %s: %v", u.Host, u.Cause) }

// NotTLS says that the relay answers plain HTTP where https was asked for.
func (u *Unreached) NotTLS() bool { return errors.Is(u.Cause, http.ErrSchemeMismatch) }

func (u *Unreached) Unwrap() error { return u.Cause }

// ErrAnswer says that the relay's answer does not fit the request. Nothing is believed of it.
var ErrAnswer = errors.New("the relay's answer does not fit the request")

// ErrNetwork says that the relay is on another Stellar network than the caller wants. Nothing was sent.
var ErrNetwork = errors.New("the relay is on another network")

// Untrusted reports whether err says that the relay's answer was refused: it does not fit the request, the link or the
// box. Nothing was signed on the strength of it.
func Untrusted(err error) bool { return errors.Is(err, ErrAnswer) || redeem.Refused(err) }

// readProblem makes the best of an answer that is no success, of the relay or of a proxy before it.
func readProblem(status int, h http.Header, body []byte) *Problem {
	p := &Problem{Status: status, RequestID: h.Get("Request-Id"), RetryAfter: retryAfter(h.Get("Retry-After"))}
	var w struct {
		Code      string `json:"code"`
		Title     string `json:"title"`
		Detail    string `json:"detail"`
		RequestID string `json:"request_id"`
		Errors    []struct {
			Pointer string `json:"pointer"`
			Detail  string `json:"detail"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &w) != nil {
		return p
	}
	p.Code, p.Detail = w.Code, w.Detail
	p.Detail = cmp.Or(p.Detail, w.Title)
	if w.RequestID != "" {
		p.RequestID = w.RequestID
	}
	if len(w.Errors) > 0 {
		p.Pointer = w.Errors[0].Pointer
	}
	if len(w.Errors) > 1 { // the detail only says that there are several
		var all []string
		for _, e := range w.Errors {
			all = append(all, strings.TrimPrefix(e.Pointer, "/")+" "+e.Detail)
		}
		p.Pointer, p.Detail = "", "several fields are wrong: "+strings.Join(all, "; ")
	}
	return p
}

// retryAfter reads the header's two forms (RFC 9110, section 10.2.3); 0 when it says nothing.
func retryAfter(v string) time.Duration {
	if s, err := strconv.Atoi(v); err == nil && s > 0 && s < 1<<31 {
		return time.Duration(s) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
