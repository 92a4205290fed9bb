package jet

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/restante/restante/events"
)

// leastPause keeps a handler that says RetryAfter(0) from turning in circles.
const leastPause = 10 * time.Millisecond

// answer is the one place where an outcome becomes an acknowledgment. It also answers when ctx has ended, so that a ring
// whose handler finished while we were stopping does not come again for nothing.
func (b *Bus) answer(ctx context.Context, msg jetstream.Msg, out events.Outcome) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
	defer cancel()
	var err error
	switch verb, after, reason := out.Is(); verb {
	case events.IsDone:
		err = msg.DoubleAck(ctx) // confirmed by the server, else it would come again
	case events.IsDrop:
		b.log.Warn("ring dropped", "subject", msg.Subject(), "reason", reason)
		err = msg.TermWithReason(reason)
	default: // IsRetry and Undecided; a plain Nak would come back at once, whatever the back-off
		err = msg.NakWithDelay(max(after, leastPause))
	}
	if err != nil {
		b.log.Warn("ring not acknowledged; it will come again", "subject", msg.Subject(), "cause", err)
	}
}
