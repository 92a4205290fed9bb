package boot

import (
	"context"
	"time"
)

// Pause waits for t, or until ctx ends: then its error is that of ctx.
func Pause(ctx context.Context, t time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(t):
		return nil
	}
}
