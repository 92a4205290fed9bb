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

// lookAround reads what the database knows before anything is opened, and refuses a directory in which something is missing.
// It makes the file of the database when there is nothing yet.
func (h *Stack) lookAround(ctx context.Context) (err error) {
	if h.made, err = sqlstore.Look(ctx, h.Path("restante.db")); err != nil {
		return fmt.Errorf("the database in %s cannot be read: %w", h.Config.Data, err)
	}
	parts := [][2]string{{"the handle key", h.Path("keys", "field")}}
	if h.embedded() {
		parts = append(parts, [2]string{"the ledger", h.Path("ledger.db")})
	}
	if h.known() {
		for _, p := range parts {
			if _, err := os.Stat(p[1]); err != nil {
				return h.lost("%s is missing, and there was one (%w)", p[0], err)
			}
		}
		return nil
	}
	if h.made.Exists {
		return nil // a first start that was cut off
	}
	for _, p := range append(parts, [2]string{"the signer", h.Path("signer")}) {
		if _, err := os.Stat(p[1]); err == nil {
			return h.lost("the database restante.db is missing, and %s in %s was made with one", p[0], p[1])
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return durable.Create(h.Path("restante.db"), nil)
}

// known says that the database was made with everything else, by this program or an older one.
func (h *Stack) known() bool { return h.made.Used || len(h.made.Fingerprints) > 0 }

func (h *Stack) embedded() bool { return h.Config.Ledger.URL == "" && h.Config.Ledger.Horizon == "" }

func (h *Stack) lost(format string, args ...any) error {
	return fmt.Errorf("it does not start on %s: %w. Nothing was made in its place: put it back from a backup. A database may be older than the rest, nothing else may",
		h.Config.Data, fmt.Errorf(format, args...))
}

// knownSigner is what the signer has to be.
func (h *Stack) knownSigner() signer.Known {
	k := signer.Known{Exists: h.known(), Log: h.made.Log}
	for _, f := range h.made.Fingerprints {
		if f.What == "signer_kek" {
			k.KEK = f.Value
		}
	}
	return k
}

// recognize compares everything that is open now with what the database was made with, and writes it down at the first
// start. An empty database beside a signer that has signed is not a first start.
func (h *Stack) recognize(ctx context.Context) error {
	found, used, err := h.Signer.Fingerprints(ctx)
	if err != nil {
		return err
	}
	if used && !h.known() {
		return h.lost("the database restante.db knows nothing, and the signer's log has treasuries or signatures")
	}
	found = append(found, desk.Fingerprint{What: "handle_key", Value: h.handleKey})
	if err := h.Desk.Recognize(ctx, found); err != nil {
		return h.lost("%w", err)
	}
	return nil
}

// handleKeys loads the keys of the database, or makes them at the first start.
func (h *Stack) handleKeys() error {
	if err := os.MkdirAll(h.Path("keys"), 0o700); err != nil {
		return err
	}
	load := field.CreateRoot
	if h.known() {
		load = field.LoadRoot
	}
	root, err := load(h.Path("keys", "field"))
	if err != nil {
		return err
	}
	if h.handleKey, err = field.Fingerprint(root); err != nil {
		return err
	}
	h.keys, err = field.Derive(root)
	return err
}

// sameHistory refuses an embedded ledger that is older than the database, and halts on a ledger elsewhere that began anew.
func (h *Stack) sameHistory(ctx context.Context) error {
	head, err := h.Ledger.Head(ctx)
	if err != nil {
		return err
	}
	cursor, err := h.Desk.Cursor(ctx)
	if err != nil {
		return err
	}
	if h.embedded() && head.Sequence < cursor {
		return h.lost("ledger.db ends with ledger %d, and the database has taken in ledger %d", head.Sequence, cursor)
	}
	_, err = h.Desk.SameHistory(ctx, head)
	return h.haltOn(ctx, err, "the ledger is of another history")
}

// haltOn halts on a contradiction and gives any other error back.
func (h *Stack) haltOn(ctx context.Context, err error, what string) error {
	if !errors.Is(err, relay.ErrContradiction) {
		return err
	}
	h.log.Error(what+"; everything that moves money stops until a person has looked", "err", err)
	_, err = h.Desk.Halt(ctx, err)
	return err
}

// checkChannels halts when the ledger has seen more of a channel than the signer's log: what was signed since is forgotten by
// log and database alike.
func (h *Stack) checkChannels(ctx context.Context) error {
	return h.haltOn(ctx, h.Signer.CheckChannels(ctx), "the ledger contradicts the signer's log")
}
