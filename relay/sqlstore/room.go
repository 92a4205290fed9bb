package sqlstore

import (
	"context"
	"fmt"

	"github.com/restante/restante/relay"
)

// Writable says whether the database takes writes now, by one that changes nothing. The error is the fault "storage_full" or
// "storage_failed" (Unavailable), or what else the database says.
func (s *Store) Writable(ctx context.Context) error {
	_, err := s.writer.ExecContext(ctx, "UPDATE watch SET halted = halted WHERE id = 1")
	if err != nil {
		return s.unwritten(fmt.Errorf("sqlstore: %w", err))
	}
	return nil
}

// unwritten makes a fault of an error that says that the disk did not take a write. Nothing was committed then; the same
// call succeeds when the operator has made room.
func (s *Store) unwritten(err error) error {
	switch {
	case s.dialect.full(err):
		return relay.NewFault(relay.Unavailable, "storage_full", "The service cannot write to its database: the disk is full.", err)
	case s.dialect.unwritable(err):
		return relay.NewFault(relay.Unavailable, "storage_failed", "The service cannot write to its database.", err)
	}
	return err
}
