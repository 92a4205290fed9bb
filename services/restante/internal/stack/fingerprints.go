package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/restante/restante/crypto/durable"
	"github.com/restante/restante/crypto/field"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/sqlstore"
	"github.com/restante/restante/services/signer"
)

// A data directory holds three things that nothing can replace: the database, the keys beside it and the signer's directory
// (of a development network also its ledger). They were made together. So what is missing or different beside the others was
// lost, and a new one in its place would be taken for the old one by everything else: payments would be funded twice, or
// wait for ever. The database is made first, so a first start that was cut off can be told from a loss.

// inspect reads what the database knows before anything is opened, and refuses a directory in which something is missing.
// It makes the file of the database when there is nothing yet.
func (s *Stack) inspect(ctx context.Context) (err error) {
	if s.made, err = sqlstore.Look(ctx, s.Path("restante.db")); err != nil {
		return fmt.Errorf("the database in %s cannot be read: %w", s.Config.Data, err)
	}
	parts := [][2]string{{"the handle key", s.Path("keys", "field")}}
	if s.embedded() {
		parts = append(parts, [2]string{"the ledger", s.Path("ledger.db")})
	}
	if s.initialized() {
		for _, p := range parts {
			if _, err := os.Stat(p[1]); err != nil {
				return s.lost("%s is missing, and there was one (%w)", p[0], err)
			}
		}
		return nil
	}
	if s.made.Exists {
		return nil // a first start that was cut off
	}
	for _, p := range append(parts, [2]string{"the signer", s.Path("signer")}) {
		if _, err := os.Stat(p[1]); err == nil {
			return s.lost("the database restante.db is missing, and %s in %s was made with one", p[0], p[1])
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	err = durable.Create(s.Path("restante.db"), nil)
	if errors.Is(err, fs.ErrExist) { // a link to a file on another volume, which is not there yet: the database makes it
		return nil
	}
	return err
}

// initialized says that the database was made with everything else, by this program or an older one.
func (s *Stack) initialized() bool { return s.made.Used || len(s.made.Fingerprints) > 0 }

func (s *Stack) embedded() bool { return s.Config.Ledger.URL == "" && s.Config.Ledger.Horizon == "" }

func (s *Stack) lost(format string, args ...any) error {
	return fmt.Errorf("it does not start on %s: %w. Nothing was made in its place: put it back from a backup. A database may be older than the rest, nothing else may",
		s.Config.Data, fmt.Errorf(format, args...))
}

// expectedSigner is what the signer has to be.
func (s *Stack) expectedSigner() signer.Known {
	k := signer.Known{Exists: s.initialized(), Log: s.made.Log}
	for _, f := range s.made.Fingerprints {
		if f.What == "signer_kek" {
			k.KEK = f.Value
		}
	}
	return k
}

// recognize compares everything that is open now with what the database was made with, and writes it down at the first
// start. An empty database beside a signer that has signed is not a first start.
func (s *Stack) recognize(ctx context.Context) error {
	found, used, err := s.Signer.Fingerprints(ctx)
	if err != nil {
		return err
	}
	if used && !s.initialized() {
		return s.lost("the database restante.db knows nothing, and the signer's log has treasuries or signatures")
	}
	found = append(found, desk.Fingerprint{What: "handle_key", Value: s.handleKey})
	if err := s.Desk.Recognize(ctx, found); err != nil {
		return s.lost("%w", err)
	}
	return nil
}

// handleKeys loads the keys of the database, or makes them at the first start.
func (s *Stack) handleKeys() error {
	if err := os.MkdirAll(s.Path("keys"), 0o700); err != nil {
		return err
	}
	load := field.CreateRoot
	if s.initialized() {
		load = field.LoadRoot
	}
	root, err := load(s.Path("keys", "field"))
	if err != nil {
		return err
	}
	if s.handleKey, err = field.Fingerprint(root); err != nil {
		return err
	}
	s.keys, err = field.Derive(root)
	return err
}

// sameHistory refuses an embedded ledger that is older than the database, and halts on a ledger elsewhere that began anew.
func (s *Stack) sameHistory(ctx context.Context) error {
	head, err := s.Ledger.Head(ctx)
	if err != nil {
		return err
	}
	cursor, err := s.Desk.Cursor(ctx)
	if err != nil {
		return err
	}
	if s.embedded() && head.Sequence < cursor {
		return s.lost("ledger.db ends with ledger %d, and the database has taken in ledger %d", head.Sequence, cursor)
	}
	_, err = s.Desk.SameHistory(ctx, head)
	return s.haltOn(ctx, err, "the ledger is of another history")
}

// haltOn halts on a contradiction and gives any other error back.
func (s *Stack) haltOn(ctx context.Context, err error, what string) error {
	if !errors.Is(err, relay.ErrContradiction) {
		return err
	}
	s.log.Error(what+"; everything that moves money stops until a person has looked", "err", err)
	_, err = s.Desk.Halt(ctx, err)
	return err
}

// checkChannels halts when the ledger has seen more of a channel than the signer's log: what was signed since is forgotten by
// log and database alike.
func (s *Stack) checkChannels(ctx context.Context) error {
	return s.haltOn(ctx, s.Signer.CheckChannels(ctx), "the ledger contradicts the signer's log")
}
