package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/restante/internal/stack"
	"github.com/restante/restante/services/signer"
)

// reopenApp gives an app of a data directory a new key with every scope, in its dev.env, for "up" to go on with. No key is asked
// for: the directory is the operator's. It holds the signer's lock, so no service runs there.
func (c *cli) reopenApp(ctx context.Context, data, app string) error {
	roster, err := stack.ReadRoster(data)
	if err != nil {
		return failed("%v.", err)
	}
	s, err := stack.OpenDatabase(ctx, data)
	if errors.Is(err, signer.ErrLocked) {
		return &failure{status: statusTryAgain, text: fmt.Sprintf("A restante runs on %s. Stop it first; while it runs, \"restante app key create\" with a key of the app makes another.", data)}
	}
	if err != nil {
		return failed("%s.", capital(err.Error()))
	}
	defer s.Close()
	known, err := stack.KnownApps(ctx, s.Store, roster.Treasuries)
	if err != nil {
		return failed("%v.", err)
	}
	a, err := chosenApp(known, app)
	if err != nil {
		return err
	}
	id, err := s.RenewKey(ctx, a.ID)
	if err != nil {
		return failed("%s.", capital(err.Error()))
	}
	file := filepath.Join(data, "dev.env")
	if c.json {
		return c.printJSON(map[string]string{"app": string(a.ID), "id": id, "key_file": file})
	}
	c.table(row{"App", string(a.ID)}, row{"Id", id}, row{"Scopes", strings.Join(relay.AllScopes.Names(), ", ")}, row{"Key", "in " + file + ", which a shell can source"})
	c.printf("\nGo on with: restante up --data %s\nThe app's older keys, if any is still good, stay so: \"restante app key list\" shows them.\n", typedWord(data))
	return c.written()
}

func chosenApp(known []relay.App, id string) (relay.App, error) {
	switch {
	case len(known) == 0:
		return relay.App{}, failed("The database knows no app yet: \"restante up\" makes one.")
	case id == "" && len(known) == 1:
		return known[0], nil
	case id == "":
		return relay.App{}, usage("Which app? Give --app. There are %s.", stack.AppNames(known))
	}
	for _, a := range known {
		if string(a.ID) == id {
			return a, nil
		}
	}
	return relay.App{}, usage("--app: there is none of this id here. There are %s.", stack.AppNames(known))
}
