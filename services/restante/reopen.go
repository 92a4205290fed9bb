package main

import (
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
func (h *house) noAppYet(ctx context.Context) error {
	all, err := h.signer.Treasuries(ctx)
	if err != nil {
		return err
	}
	known, err := knownApps(ctx, h.store, all)
	if err != nil || len(known) == 0 {
		return err
	}
	return fmt.Errorf("the database knows %s, and %s has no key that opens it. Put the file back; or, if the key is lost or revoked, stop here and make "+
		"another with: restante app key create --data %s --app %s", named(known), h.path("dev.env"), typedWord(h.cfg.Data), known[0].ID)
}

// knownApps are those of the signer's apps that the database knows, the oldest first: that is the development app.
func knownApps(ctx context.Context, store *sqlstore.Store, treasuries map[relay.AppID]string) (known []relay.App, err error) {
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

func named(apps []relay.App) string {
	if len(apps) == 1 {
		return fmt.Sprintf("the app %s (%q)", apps[0].ID, apps[0].Name)
	}
	var each []string
	for _, a := range apps {
		each = append(each, fmt.Sprintf("%s (%q)", a.ID, a.Name))
	}
	return "the apps " + strings.Join(each, ", ")
}

// reopenApp gives an app of a data directory a new key with every scope, in its dev.env, for "up" to go on with. No key is asked
// for: the directory is the operator's. It holds the signer's lock, so no service runs there.
func (c *cli) reopenApp(ctx context.Context, data, app string) error {
	h := newHouse(houseConfig{upConfig: defaultUp(), log: slog.New(slog.DiscardHandler)})
	h.cfg.Data = data
	roster, err := signer.ReadRoster(data)
	if errors.Is(err, fs.ErrNotExist) {
		return failed("%s is no data directory in which \"restante up\" has made its accounts: %v. Name it with --data.", data, err)
	}
	if err != nil {
		return failed("%v.", err)
	}
	lock, err := signer.Lock(data)
	if errors.Is(err, signer.ErrLocked) {
		return &failure{status: statusTryAgain, text: fmt.Sprintf("A restante runs on %s. Stop it first; while it runs, \"restante app key create\" with a key of the app makes another.", data)}
	}
	if err != nil {
		return failed("%v.", err)
	}
	defer lock.Close()
	defer h.close()
	if err := h.openAlone(ctx); err != nil {
		return failed("%s.", capital(err.Error()))
	}
	known, err := knownApps(ctx, h.store, roster.Treasuries)
	if err != nil {
		return failed("%v.", err)
	}
	a, err := chosenApp(known, app)
	if err != nil {
		return err
	}
	return c.giveKey(ctx, h, a)
}

// openAlone opens the database of a directory that is there, and nothing else. Nothing is made.
func (h *house) openAlone(ctx context.Context) (err error) {
	if h.made, err = sqlstore.Look(ctx, h.path("restante.db")); err != nil {
		return err
	}
	if !h.known() {
		return h.lost("the database restante.db is missing, or knows nothing")
	}
	return h.openStore(ctx)
}

func chosenApp(known []relay.App, id string) (relay.App, error) {
	switch {
	case len(known) == 0:
		return relay.App{}, failed("The database knows no app yet: \"restante up\" makes one.")
	case id == "" && len(known) == 1:
		return known[0], nil
	case id == "":
		return relay.App{}, usage("Which app? Give --app. There are %s.", named(known))
	}
	for _, a := range known {
		if string(a.ID) == id {
			return a, nil
		}
	}
	return relay.App{}, usage("--app: there is none of this id here. There are %s.", named(known))
}

// giveKey has the key in the database before it is in dev.env: one that is in the database alone is known to no one and opens nothing.
func (c *cli) giveKey(ctx context.Context, h *house, a relay.App) error {
	env, err := readEnv(h.path("dev.env"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed("%v.", err)
	}
	network := env["RESTANTE_NETWORK"]
	if network == "" {
		network = developmentNetwork // all that "up" runs on have the same kind of keys
	}
	text, key := api.NewKey(api.KeyPrefix(network))
	desk := &desk.Desk{Store: h.store, Now: h.cfg.now}
	if _, err := desk.Reopen(ctx, a.ID, key); err != nil {
		return failed("%v.", err)
	}
	if env == nil {
		env = map[string]string{}
	}
	env["RESTANTE_KEY"], env["RESTANTE_APP"] = text, string(a.ID)
	if err := h.putEnv(env); err != nil {
		return failed("A key was made, but it could not be written: %v. It is known to no one; run the same again.", err)
	}
	if c.json {
		return c.printJSON(map[string]string{"app": string(a.ID), "id": key.ID, "key_file": h.path("dev.env")})
	}
	c.table(row{"App", string(a.ID)}, row{"Id", key.ID}, row{"Scopes", strings.Join(relay.AllScopes.Names(), ", ")}, row{"Key", "in " + h.path("dev.env") + ", which a shell can source"})
	c.printf("\nGo on with: restante up --data %s\nThe app's older keys, if any is still good, stay so: \"restante app key list\" shows them.\n", typedWord(h.cfg.Data))
	return c.written()
}
