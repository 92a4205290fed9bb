package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/restante/restante/crypto/durable"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

func (c *cli) newApp() *cobra.Command {
	return group("app", "Make apps and their API keys", groupUse, c.newAppCreate(), c.newAppLimits(), c.newAppKey())
}

func (c *cli) newAppCreate() *cobra.Command {
	var r client.AppRequest
	var identity string
	var to secretTo
	cmd := &cobra.Command{
		Use: "create --name NAME", Short: "Make an app (needs an admin key)", Args: exactly(0, ""),
		Long: "Make an app, its treasury and its first API key.\n\n" +
			"Every box of the app is sealed to its age recipient too, so that its owner gets the money out without us. Unless\n" +
			"--recipient is given, the identity behind it is made here and goes into the file of --identity, or is printed once. The\n" +
			"key goes into the file of --out, which --key-file reads, or is printed once. Where standard output is no terminal, both\n" +
			"files are wanted, or --secrets-to-stdout.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case r.Name == "":
				return usage("What is the app called? Give --name; recipients see it.")
			case r.Recipient != "" && identity != "":
				return usage("--identity is for an identity that is made here; with --recipient you have yours already.")
			}
			return c.createApp(cmd.Context(), r, identity, to)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&r.Name, "name", "", "name of the app, as recipients see it")
	f.StringVar(&identity, "identity", "", "new file for the sender's age identity; never overwritten")
	to.flags(f, "new file for the API key; never overwritten")
	f.StringVar(&r.Recipient, "recipient", "", "age recipient of yours (age1…) instead of a new identity")
	f.BoolVar(&r.MayVouch, "may-vouch", false, "let the app prove handles of its own signed-in users")
	f.BoolVar(&r.Reclaim, "reclaim", false, "take the service's reserves back from claimants' accounts once they can carry them")
	f.BoolVar(&r.Quiet, "quiet", false, "do not write to recipients")
	return cmd
}

// appJSON is an app with the identity that was made for it.
type appJSON struct {
	client.App
	Identity     string `json:"identity,omitempty"` // printed once, when no file was named
	IdentityFile string `json:"identity_file,omitempty"`
	KeyFile      string `json:"key_file,omitempty"` // the key's text is there, and not in the answer
}

// createApp has the identity on disk before the app: boxes are sealed to it from the first payment on.
func (c *cli) createApp(ctx context.Context, r client.AppRequest, file string, to secretTo) error {
	cl, err := c.app()
	if err != nil {
		return err
	}
	if to.out == "" {
		err = c.mayPrint(to, "the API key", "--out")
	}
	if err == nil && file == "" && r.Recipient == "" {
		err = c.mayPrint(to, "the age identity", "--identity")
	}
	if err != nil {
		return err
	}
	keyFile, err := reserveFor(to, "the API key")
	if err != nil {
		return err
	}
	defer keyFile.Drop()
	var id *age.X25519Identity // nil: the app has one already
	if r.Recipient == "" {
		if id, err = age.GenerateX25519Identity(); err != nil {
			return err
		}
		r.Recipient = id.Recipient().String()
	}
	if id != nil && file != "" {
		if err := durable.Create(file, identityText(id, time.Now())); err != nil {
			return failed("The identity cannot be written, so no app was made: %v.", err)
		}
	}
	app, err := cl.CreateApp(ctx, r)
	if err != nil {
		if id != nil && file != "" {
			c.remove(file) // ours, a moment old, and for nothing: without the key in the answer no payment is ever sealed to it
		}
		return appUnclear(err, c.again())
	}
	out := appJSON{App: app, IdentityFile: file, KeyFile: to.out}
	if app.Key != nil {
		c.key, c.keyFile = app.Key.Text, ""
	}
	if to.out != "" && app.Key != nil {
		if err := keyFile.Commit([]byte(app.Key.Text + "\n")); err != nil {
			return failed("The app %s was made, but its key could not be written: %v. Make another; this one can do nothing.", app.ID, err)
		}
		app.Key.Text = ""
	}
	if id != nil && file == "" {
		out.Identity = id.String()
	}
	if err := c.printApp(out); err != nil || c.json {
		return err
	}
	c.printf("\n%s\n", c.treasuryText(ctx)) // last: what was made is on disk and shown, however long this takes
	return nil
}

// treasuryText says what the new app, whose key is c's now, can send: a friendbot may have paid in already.
func (c *cli) treasuryText(ctx context.Context) string {
	if cl, err := c.app(); err == nil {
		t, err := cl.Treasury(ctx, "")
		if amount, wrong := relay.ParseAmount(t.Available); err == nil && wrong == nil && amount > 0 {
			return "The treasury has " + money(t.Available, t.Asset) + ": you can send."
		}
	}
	return "Pay lumens into the treasury, then send."
}

func (c *cli) printApp(out appJSON) error {
	if c.json {
		return c.printJSON(out)
	}
	c.table(row{"App", out.ID}, row{"Name", out.Name}, row{"Treasury", out.Treasury}, row{"Recipient", out.Recipient},
		row{"Identity", out.IdentityFile}, row{"Key", keyText(out.Key)}, row{"Key file", out.KeyFile})
	if out.KeyFile == "" {
		c.printf("\nThe key is shown once.\n")
	}
	if out.Identity != "" {
		c.printf("\n%s\n\nThis identity opens every box of the app, without us. It is shown once and stored nowhere: keep it.\n", out.Identity)
	}
	return nil
}

// appUnclear says that it is safe to make the app anew: one whose answer was lost has a key that no caller knows.
func appUnclear(err error, next string) error {
	var u *client.Unclear
	if !errors.As(err, &u) {
		return err
	}
	return &failure{status: statusTryAgain, text: capital(cutOff(u.Cause)) + ". An app may have been made, but its key was in the answer: it can do nothing. " +
		"The identity file was taken away again, so the same command is safe now.", cause: err, next: next}
}

func (c *cli) newAppLimits() *cobra.Command {
	var asset string
	cmd := &cobra.Command{
		Use: "limits", Short: "Show what the service would still sign for the app", Args: exactly(0, ""),
		Long: "Show the limits of the app's own money, and its budget of the service's lumens: for reserves, for the first fees of\n" +
			"accounts that claims make, and for fees. The operator sets them in the configuration file of `up`, under \"signer\".",
		RunE: c.asApp(func(cmd *cobra.Command, cl *client.Client, _ []string) error {
			l, err := cl.Limits(cmd.Context(), asset)
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(l)
			}
			c.table(row{"One payment", "at most " + money(l.MaxPayment, l.Asset)}, row{"Today", money(l.DayLeft, l.Asset) + " left of " + l.MaxDay},
				row{"Budget", money(l.BudgetLeft, relay.Native) + " left of " + l.Budget}, row{"Under way", money(l.BudgetLocked, relay.Native) + " in reserves, or set aside for fees"},
				row{"Used up today", money(l.BudgetUsed, relay.Native)}, row{"In accounts that claims made", money(l.ReservesGiven, relay.Native)})
			return nil
		}),
	}
	cmd.Flags().StringVar(&asset, "asset", "", "of which asset today's limit: CODE:ISSUER (default lumens)")
	return cmd
}

func keyText(k *client.Key) string {
	if k == nil {
		return ""
	}
	return k.Text
}

func (c *cli) newAppKey() *cobra.Command {
	cmd := &cobra.Command{
		Use: "key", Short: "Make, list, rotate and revoke the app's API keys",
		Args: unknownCommand, RunE: func(cmd *cobra.Command, _ []string) error { return missingCommand(cmd) },
	}
	secretly := func(use, short string, args cobra.PositionalArgs, do func(context.Context, *client.Client, []string) (client.Key, error)) *cobra.Command {
		var to secretTo
		cmd := &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
			return c.makeKey(to, func(cl *client.Client) (client.Key, error) { return do(cmd.Context(), cl, args) })
		}}
		to.flags(cmd.Flags(), "new file for the key, which --key-file reads; never overwritten. Wanted where standard output is no terminal")
		return cmd
	}
	var scopes []string
	create := secretly("create", "Make a further key", exactly(0, ""), func(ctx context.Context, cl *client.Client, _ []string) (client.Key, error) {
		return cl.CreateKey(ctx, scopes...)
	})
	var data, app string
	byKey := create.RunE
	create.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case data == "" && app != "":
			return usage("--app goes with --data: a key of the app makes keys of its own app.")
		case data == "":
			return byKey(cmd, args)
		}
		for _, other := range []string{"scopes", "out", secretsToStdout} {
			if cmd.Flags().Changed(other) {
				return usage("--%s does not go with --data: the new key has every scope, and is put into dev.env there.", other)
			}
		}
		return c.reopenApp(cmd.Context(), data, app)
	}
	create.Flags().StringVar(&data, "data", "", "data directory, on the service's own machine while \"restante up\" does not run: for an app whose last key is lost or revoked. The new key is put into dev.env there")
	create.Flags().StringVar(&app, "app", "", "with --data: which app (default: the only one)")
	create.Flags().StringSliceVar(&scopes, "scopes", nil, "what it may do: send,read,cancel,vouch,admin, at most what the key in use may (default: the same but for admin)")
	cmd.AddCommand(
		create,
		secretly("rotate ID", "Make a key in the place of another, which closes at once", exactly(1, "a key's id"), func(ctx context.Context, cl *client.Client, a []string) (client.Key, error) {
			return cl.RotateKey(ctx, a[0])
		}),
		c.newKeyRevoke(),
		&cobra.Command{Use: "list", Short: "List the app's keys", Args: exactly(0, ""), RunE: func(cmd *cobra.Command, _ []string) error {
			return c.listKeys(cmd.Context())
		}},
	)
	return cmd
}

func (c *cli) newKeyRevoke() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "revoke ID", Short: "Close a key", Args: exactly(1, "a key's id"),
		RunE: c.asApp(func(cmd *cobra.Command, cl *client.Client, args []string) error {
			k, err := cl.RevokeKey(cmd.Context(), args[0], yes)
			if client.IsCode(err, "last_admin_key", "key_in_use") {
				return &failure{status: statusFailed, cause: err, text: capital(strings.TrimSuffix(err.Error(), ".")) + ". It is not revoked. Give --yes if that is meant."}
			}
			if err != nil {
				return err
			}
			return c.printKey(k, "")
		}),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "also the app's last key with the scope admin, or the one in use")
	return cmd
}

// makeKey has the place of the key's text ready before there is a key: it is in one answer and nowhere else.
func (c *cli) makeKey(to secretTo, do func(*client.Client) (client.Key, error)) error {
	cl, err := c.app()
	if err == nil && to.out == "" {
		err = c.mayPrint(to, "the API key", "--out")
	}
	if err != nil {
		return err
	}
	file, err := reserveFor(to, "the API key")
	if err != nil {
		return err
	}
	defer file.Drop()
	k, err := do(cl)
	if err != nil {
		return err
	}
	if to.out != "" {
		if err := file.Commit([]byte(k.Text + "\n")); err != nil {
			return &failure{status: statusFailed, text: fmt.Sprintf("The key %s was made, but could not be written: %v. Revoke it.", k.ID, err),
				next: "restante app key revoke " + k.ID}
		}
		k.Text = ""
	}
	return c.printKey(k, to.out)
}

// keyJSON is a key with where its text is, when it is not here.
type keyJSON struct {
	client.Key
	Secret  string `json:"key,omitempty"` // the same as "text"
	KeyFile string `json:"key_file,omitempty"`
}

func (c *cli) printKey(k client.Key, file string) error {
	if c.json {
		return c.printJSON(keyJSON{k, k.Text, file})
	}
	revoked := ""
	if k.RevokedAt != nil {
		revoked = moment(*k.RevokedAt)
	}
	c.table(row{"Id", k.ID}, row{"Key", k.Text}, row{"Key file", file}, row{"Scopes", strings.Join(k.Scopes, ", ")}, row{"Revoked", revoked})
	if k.Text != "" {
		c.printf("\nThe key is shown once.\n")
	}
	return nil
}

func (c *cli) listKeys(ctx context.Context) error {
	cl, err := c.app()
	if err != nil {
		return err
	}
	keys, err := cl.Keys(ctx)
	if err != nil {
		return err
	}
	if c.json {
		if keys == nil {
			keys = []client.Key{}
		}
		return c.printJSON(map[string]any{"data": keys})
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tMADE\tSCOPES\tSTATE")
	for _, k := range keys {
		state := "good"
		if k.RevokedAt != nil {
			state = "revoked " + moment(*k.RevokedAt)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.ID, moment(k.CreatedAt), strings.Join(k.Scopes, ","), state)
	}
	return w.Flush()
}
