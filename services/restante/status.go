package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/restante/restante/crypto/keystore"
	"github.com/restante/restante/relay/client"
)

// Exit statuses.
const (
	statusDone     = 0
	statusFailed   = 1
	statusUsage    = 2  // the command line is not understood; nothing was done
	statusCode     = 3  // a code was mailed: run again with --code
	statusLost     = 4  // the other side won: claimed before the cancel, returned before the claim
	statusTryAgain = 75 // nothing is wrong but the moment (EX_TEMPFAIL of sysexits.h)
)

// failure is an error that knows the exit status. An empty text prints nothing: all was said.
type failure struct {
	status int
	text   string // whole sentences: what happened, what to do
	cause  error
	id     string // of the payment that it is about, when it is new to the caller
	next   string // the command that is safe to type now, when there is one
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }

func usage(format string, args ...any) error {
	return &failure{status: statusUsage, text: fmt.Sprintf(format, args...)}
}

func failed(format string, args ...any) error {
	return &failure{status: statusFailed, text: fmt.Sprintf(format, args...)}
}

// fileThere refuses to write a file that exists. flag names another.
func fileThere(path, flag string) error {
	return failed("%s is there already and is never overwritten. Name another file with %s.", path, flag)
}

// statusOf is the exit status of what run returned.
func statusOf(err error) int {
	var f *failure
	switch {
	case err == nil:
		return statusDone
	case errors.As(err, &f):
		return f.status
	}
	return statusFailed
}

// sentence is what to print of an error; "" is nothing.
func sentence(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// outward gives every error its status and its sentences.
func outward(err error) error {
	var f *failure
	if err == nil || errors.As(err, &f) {
		return err
	}
	f = &failure{status: statusFailed, cause: err}
	var (
		problem   *client.Problem
		unreached *client.Unreached
		lost      *client.Lost
		parked    *client.Parked
		absent    *client.NoAccount
	)
	switch {
	case errors.Is(err, context.Canceled):
		f.text = "Interrupted. What was asked for before goes on; \"restante show\" tells how it stands."
	case errors.As(err, &lost):
		f.status, f.text = statusLost, capital(lost.Error())+"."
	case errors.As(err, &parked):
		f.status, f.text = statusTryAgain, capital(parked.Error())+". Its operator looks at it; try again later."
	case errors.As(err, &absent):
		f.text = capital(absent.Error()) + ". Leave out --to to have a new account made, or name one that exists."
	case errors.As(err, &problem):
		f.status, f.text = ofProblem(problem)
	case errors.As(err, &unreached):
		f.status, f.text = notReached(unreached, "")
	case client.Untrusted(err):
		f.text = fmt.Sprintf("The relay's answer is not to be trusted: %v. Nothing was signed. Tell whoever runs the relay.", err)
	case errors.Is(err, keystore.ErrPassphrase):
		f.text = "The passphrase does not open the keystore."
	case errors.Is(err, keystore.ErrMalformed):
		f.text = whyNoKeystore("The file", err) + "."
	default:
		f.text = capital(strings.TrimSuffix(err.Error(), ".")) + "."
	}
	return f
}

// notReached is status and sentences of a relay that does not answer, or not as it was asked; done says what came of the request.
func notReached(u *client.Unreached, done string) (int, string) {
	if u.NotTLS() {
		return statusUsage, u.Host + " answers, but not in TLS: begin the address with http://." + done
	}
	return statusTryAgain, capital(u.Error()) + "." + done + " Is the relay running there? Try again in a moment."
}

// ofProblem is status and sentences of a refusal by the relay.
func ofProblem(p *client.Problem) (int, string) {
	detail := byCommand(strings.TrimSuffix(p.Error(), "."))
	text := capital(detail) + "."
	if flag := flagOf[p.Pointer]; flag != "" {
		text = flag + ": " + detail + "."
	}
	switch {
	case p.Code == "link_invalid":
		return statusFailed, "The relay does not know this link, or the payment is of another network. Ask the sender."
	case p.Code == "key_invalid" || p.Status == http.StatusUnauthorized && p.Code == "":
		return statusFailed, "The relay does not accept this API key: it is unknown there, or revoked."
	case slices.Contains(codeProblems, p.Code):
		return statusCode, text + " Run it again with the code, or without --code to have a new one mailed."
	case strings.HasPrefix(p.Code, "already_") || p.Code == "expired":
		return statusLost, text
	case p.Code == "trustline_missing":
		return statusFailed, text + " With \"restante claim --to ADDRESS --wallet\" the claim adds it."
	case p.Code == "halted":
		return statusTryAgain, text // the operator is to look: a moment later it is as it is
	case client.Temporary(p) || p.Code == "holding_absent" || p.Code == "parked":
		return statusTryAgain, text + tryAgain(p.RetryAfter)
	case p.Status >= http.StatusInternalServerError:
		return statusFailed, text + requestOf(p)
	case wrongValue(p.Code):
		return statusUsage, text
	}
	return statusFailed, text
}

// wrongValue says that a value can never be right, whatever the ledger and the relay's records hold: like a wrong flag, it is an
// error of usage.
func wrongValue(code string) bool {
	switch code {
	case "invalid_request", "malformed", "not_one_of", "not_together", "wrong_length", "policy_unknown", "state_unknown":
		return true
	}
	for _, end := range []string{"_malformed", "_unexpected", "_zero", "_too_precise", "_out_of_range", "too_long", "too_short", "too_large", "too_small"} {
		if strings.HasSuffix(code, end) {
			return true
		}
	}
	return false
}

// codeProblems are refusals of a code after which another one helps.
var codeProblems = []string{"code_wrong", "code_used", "code_spent", "code_expired", "session_invalid", "proof_needed"}

// byCommand names the command in the place of a request of the API.
func byCommand(detail string) string {
	return strings.ReplaceAll(detail, "POST /v1/treasury/trust gives", "\"restante treasury --asset CODE:ISSUER --trust\" gives")
}

func tryAgain(after time.Duration) string {
	if after <= 0 {
		return " Try again in a moment."
	}
	return " Try again in " + span(after) + "."
}

func requestOf(p *client.Problem) string {
	if p.RequestID == "" {
		return ""
	}
	return " The operator finds it under request " + p.RequestID + "."
}

// flagOf names the flag behind a field of a request.
var flagOf = map[string]string{
	"/to": "--to", "/amount": "--amount", "/note": "--note", "/expires_in": "--expires", "/expires_at": "--expires",
	"/policy": "--policy", "/reference": "--reference", "/name": "--name", "/recipient": "--recipient",
	"/destination": "--to", "/memo": "--memo", "/voucher": "--voucher", "/code": "--code", "/limit": "--limit",
	"/after": "--after", "/state": "--state", "/asset": "--asset", "/from": "--from", "/return_to": "--return-to", "/fund_within": "--fund-within",
	"/memo_type": "--memo-type",
}
