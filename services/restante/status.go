package main

import (
	"context"
	"errors"
	"fmt"
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
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }

func usage(format string, args ...any) error {
	return &failure{status: statusUsage, text: fmt.Sprintf(format, args...)}
}

func failed(format string, args ...any) error {
	return &failure{status: statusFailed, text: fmt.Sprintf(format, args...)}
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
	var f *failure
	switch {
	case err == nil:
		return ""
	case errors.As(err, &f):
		return f.text
	case errors.Is(err, context.Canceled):
		return "Interrupted."
	}
	return err.Error()
}
