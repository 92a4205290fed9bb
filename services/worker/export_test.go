package worker

import "context"

// WatchOnce takes in the next ledger, as Watch does, and says whether it moved.
func (w *Worker) WatchOnce(ctx context.Context) (bool, error) { return w.watchOnce(ctx) }

// Recheck is what Watch begins with.
func (w *Worker) Recheck(ctx context.Context) error { return w.recheck(ctx) }
