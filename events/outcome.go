package events

import "time"

// Outcome is how a handler says what became of a [Ring]. The bus turns it into its own words, in one place. The zero
// Outcome was never decided and counts as RetryAfter(0).
type Outcome struct {
	verb   Verb
	after  time.Duration
	reason string
}

// Verb is the word of an [Outcome].
type Verb int

const (
	Undecided Verb = iota
	IsDone         // never ring for this again
	IsRetry        // ring again after a while
	IsDrop         // never ring for this again, and say why in the log
)

// Done: the work is done, or there is none any more.
func Done() Outcome { return Outcome{verb: IsDone} }

// RetryAfter: ring again after d, not sooner. A negative d is 0.
func RetryAfter(d time.Duration) Outcome { return Outcome{verb: IsRetry, after: max(d, 0)} }

// Drop: this ring can never be answered. reason is for the log and carries no secret.
func Drop(reason string) Outcome { return Outcome{verb: IsDrop, reason: reason} }

// Is tells the outcome apart: the word, the delay of a retry, the reason of a drop.
func (o Outcome) Is() (Verb, time.Duration, string) { return o.verb, o.after, o.reason }
