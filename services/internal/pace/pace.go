// Package pace is how the loops of a service pass time and begin work beside themselves. A service takes both from here, so that a
// simulation, which has a clock and an order of its own, runs the same loops.
//
// What time it is, a service is told apart (a func() time.Time): that clock may be set, this one only goes on.
package pace

import (
	"context"
	"time"
)

// Pace passes time. Its methods may be called concurrently.
type Pace interface {
	// Elapsed is how much time went by since a moment that never changes. Setting the machine's clock does not move it.
	Elapsed() time.Duration
	// Wait returns after d, as soon as one of the channels has a value (which it takes) or is closed, or when ctx ends. A nil
	// channel never wakes.
	Wait(ctx context.Context, d time.Duration, wake, closing <-chan struct{})
	// Beside runs fn and returns at once.
	Beside(fn func())
}

// Real is the pace of a running process.
func Real() Pace { return real{time.Now()} }

type real struct{ begun time.Time }

func (r real) Elapsed() time.Duration { return time.Since(r.begun) }

func (real) Wait(ctx context.Context, d time.Duration, wake, closing <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-wake:
	case <-closing:
	}
}

func (real) Beside(fn func()) { go fn() }
