package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/sqlstore"
	"github.com/restante/restante/services/api"
	"github.com/restante/restante/services/signer"
)

// noAppYet refuses to make an app beside those that the database knows: without the key of dev.env, a new one would have another
// treasury and another identity, and look like the old one that has lost its payments.
func (s *Stack) noAppYet(ctx context.Context) error {
	all, err := s.Signer.Treasuries(ctx)
	if err != nil {
		return err
	}
	known, err := KnownApps(ctx, s.Store, all)
	if err != nil || len(known) == 0 {
		return err
	}
	return fmt.Errorf("the database knows %s, and %s has no key that opens it. Put the file back; or, if the key is lost or revoked, stop here and make "+
		"another with: restante app key create --data %s --app %s", AppNames(known), s.Path("dev.env"), ShellWord(s.Config.Data), known[0].ID)
}

// KnownApps are those of the signer's apps that the database knows, the oldest first: that is the development app.
func KnownApps(ctx context.Context, store *sqlstore.Store, treasuries map[relay.AppID]string) (known []relay.App, err error) {
	for _, id := range slices.Sorted(maps.Keys(treasuries)) {
		var a relay.App
		err := store.View(ctx, func(tx desk.Tx) (err error) { a, err = tx.App(id); return err })
		switch {
		case err == nil:
			known = append(known, a)
		case !errors.Is(err, relay.ErrNotFound):
			return nil, err
		}
	}
	slices.SortStableFunc(known, func(a, b relay.App) int { return int(a.CreatedAt - b.CreatedAt) })
	return known, nil
}

// AppNames lists apps for a message.
func AppNames(apps []relay.App) string {
	if len(apps) == 1 {
		return fmt.Sprintf("the app %s (%q)", apps[0].ID, apps[0].Name)
	}
	var each []string
	for _, a := range apps {
		each = append(each, fmt.Sprintf("%s (%q)", a.ID, a.Name))
	}
	return "the apps " + strings.Join(each, ", ")
}

// OpenDatabase opens the database of a data directory that is there, under the signer's lock, and nothing else: no service runs on
// the directory until it is closed. Nothing is made. The error matches signer.ErrLocked while a service runs there.
func OpenDatabase(ctx context.Context, data string) (s *Stack, err error) {
	s = newStack(Config{Settings: DefaultSettings(), Log: slog.New(slog.DiscardHandler)})
	s.Config.Data = data
	lock, err := signer.Lock(data)
	if err != nil {
		return nil, err
	}
	s.onClose(lock.Close)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.made, err = sqlstore.Look(ctx, s.Path("restante.db")); err != nil {
		return nil, err
	}
	if !s.initialized() {
		return nil, s.lost("the database restante.db is missing, or knows nothing")
	}
	return s, s.openStore(ctx)
}

// RenewKey makes another key of an app, with every scope, and puts it into DATA/dev.env. It is in the database before it is in the
// file: one that is in the database alone is held by no client and opens nothing.
func (s *Stack) RenewKey(ctx context.Context, app relay.AppID) (id string, err error) {
	env, err := ReadEnv(s.Path("dev.env"))
	if errors.Is(err, fs.ErrNotExist) {
		env, err = map[string]string{}, nil
	}
	if err != nil {
		return "", err
	}
	network := cmp.Or(env["RESTANTE_NETWORK"], DevelopmentNetwork) // all that "up" runs on have the same kind of keys
	text, key := api.NewKey(api.KeyPrefix(network))
	if _, err := (&desk.Desk{Store: s.Store, Now: s.Config.Now}).Reopen(ctx, app, key); err != nil {
		return "", err
	}
	env["RESTANTE_KEY"], env["RESTANTE_APP"] = text, string(app)
	if err := s.putEnv(env); err != nil {
		return "", fmt.Errorf("a key was made, but it could not be written: %w. It is known to no one; run the same again", err)
	}
	return key.ID, nil
}
