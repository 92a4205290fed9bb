package desk

import (
	"context"

	"github.com/restante/restante/relay"
)

// Queue leases rows of work, and keeps the books on what became of each. It is the one exception to the rule that the Desk writes:
// it changes only when a row is due, by whom it is leased, how often it was tried and whether it is done, and deletes what is over.
// It never adds a row and never touches a payment, an envelope or a secret.
//
// Each call is one commit of its own, durable when it returns. Calls may be made concurrently and by several processes: a row is
// leased once, until its lease ends. A lease is a hint and no lock: a worker that was slow may act beside the next one, so every
// handler may run twice. Done and Retry of a row that is closed change nothing; an unknown row is ErrNotFound.
type Queue interface {
	// Lease takes due rows of the kinds given: those not done, due, not leased. Apps take turns: each that
	// has such rows gives one, then each another one, until there are limit; where there are more apps than that, the next
	// call goes on behind the last one that had its turn. So however much waits for one app, a row of another one waits for
	// at most one turn of the apps that have work. Of one app, the oldest due first; the answer is in the order of due. Rows of
	// DoFund are not due while a pause of their app, or of all apps, lasts; LeaseOne and Waiting keep to that, too.
	Lease(ctx context.Context, now, until relay.Micros, limit int, kinds ...relay.EffectKind) ([]Work, error)
	// LeaseOf takes due rows of a kind of one app, oldest due first.
	LeaseOf(ctx context.Context, app relay.AppID, now, until relay.Micros, limit int, kind relay.EffectKind) ([]Work, error)
	// LeaseOne takes one row if it is free and due; ErrNotFound otherwise.
	LeaseOne(ctx context.Context, id int64, now, until relay.Micros) (Work, error)
	// Waiting lists apps that have due rows of a kind, leased ones too; at most limit.
	Waiting(ctx context.Context, kind relay.EffectKind, now relay.Micros, limit int) ([]relay.AppID, error)
	// Done closes a row. Retry gives it back: due then, one more attempt, with what its attempts have come to and a note.
	Done(ctx context.Context, id int64, now relay.Micros) error
	Retry(ctx context.Context, id int64, due relay.Micros, tries relay.Tries, note string) error
	// Release gives a leased row back untried, no attempt counted: due then, with a note. 0 leaves it due as it was.
	Release(ctx context.Context, id int64, due relay.Micros, note string) error
	// ClampDue moves open rows that are due, or leased, after latest back to now: they were written while the clock was
	// wrong. Rows that are due by the ledger's clock stay.
	ClampDue(ctx context.Context, now, latest relay.Micros) (rows int64, err error)
	// Prune deletes work that was done, and answers that were remembered, before a moment; at most limit of each. What a
	// payment went through is in its history and its envelopes, which are never deleted.
	Prune(ctx context.Context, before relay.Micros, limit int) (rows int64, err error)
	// Unannounced lists rows that are due and were never announced on the bus, and Announced marks them.
	Unannounced(ctx context.Context, now relay.Micros, limit int) ([]Work, error)
	Announced(ctx context.Context, ids []int64) error
}
