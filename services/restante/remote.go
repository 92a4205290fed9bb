package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay/client"
)

// asApp is what a command does with the client of an app.
func (c *cli) asApp(do func(*cobra.Command, *client.Client, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		cl, err := c.app()
		if err != nil {
			return err
		}
		return do(cmd, cl, args)
	}
}

// app makes the client of an app: address and key are required.
func (c *cli) app() (*client.Client, error) {
	server := cmp.Or(c.server, c.env("RESTANTE_SERVER"))
	if server == "" {
		return nil, usage("Which relay? Give --server, or set RESTANTE_SERVER (\"restante up\" writes both settings to DATA/dev.env).")
	}
	network := cmp.Or(c.network, c.env("RESTANTE_NETWORK"))
	if c.manage != "" {
		token, err := manageToken(c.manage)
		if err != nil {
			return nil, err
		}
		return c.connect(server, client.Options{Token: token, Network: network})
	}
	key, err := c.apiKey()
	if err != nil {
		return nil, err
	}
	return c.connect(server, client.Options{Key: key, Network: network})
}

// manageToken reads the token out of the receipt that the sender's own client kept.
func manageToken(path string) (secret.Bytes, error) {
	f, err := os.Open(path)
	if err != nil {
		return secret.Bytes{}, failed("--manage: %v.", err)
	}
	defer f.Close()
	var r client.OwnReceipt
	if err := json.NewDecoder(io.LimitReader(f, 1<<20)).Decode(&r); err != nil || r.Token == "" {
		return secret.Bytes{}, failed("--manage: %s holds no token. The receipt that \"restante send --from\" wrote does.", path)
	}
	return secret.NewString(r.Token), nil
}

func (c *cli) apiKey() (secret.Bytes, error) {
	switch {
	case c.key != "" && c.keyFile != "":
		return secret.Bytes{}, usage("Give --key or --key-file, not both.")
	case c.key != "":
		return secret.NewString(strings.TrimSpace(c.key)), nil
	case c.keyFile != "":
		return readKeyFile("--key-file", c.keyFile)
	case c.env("RESTANTE_KEY") != "":
		return secret.NewString(strings.TrimSpace(c.env("RESTANTE_KEY"))), nil
	}
	return secret.Bytes{}, usage("This needs the app's API key. Give --key-file or --key, or set RESTANTE_KEY.")
}

// claimant reads a link and makes the client of its holder: the link says where, unless --server does, and never the
// environment, which is about the app's own relay. It needs no key.
func (c *cli) claimant(ctx context.Context, arg string) (*client.Client, client.Link, error) {
	link, err := c.link(ctx, arg)
	if err != nil {
		return nil, link, err
	}
	cl, err := c.connect(cmp.Or(c.server, link.Base), client.Options{Network: c.network})
	return cl, link, err
}

func (c *cli) connect(server string, o client.Options) (*client.Client, error) {
	o.AllowHTTP = c.env("RESTANTE_ALLOW_HTTP") == "1"
	o.Slow = c.slowAt(server)
	o.HTTPClient = &http.Client{Transport: &c.sent}
	o.Attempts = 6 // some seconds: a person waits, and can type it again
	cl, err := client.New(server, o)
	switch {
	case errors.Is(err, client.ErrPlainHTTP):
		return nil, usage("%s, or set RESTANTE_ALLOW_HTTP=1 on a network that you trust.", capital(err.Error()))
	case err != nil:
		return nil, usage("%s.", capital(err.Error()))
	}
	return cl, nil
}

// link reads a link from the argument, or from standard input when that is "-". Its secret is in no error.
func (c *cli) link(ctx context.Context, arg string) (client.Link, error) {
	if arg == "-" {
		var err error
		if arg, err = c.readLink(ctx); err != nil {
			return client.Link{}, err
		}
	}
	link, err := client.ParseLink(arg)
	switch {
	case err == nil:
		c.about = link.PaymentID
		return link, nil
	case errors.Is(err, claim.ErrTruncated):
		return link, usage("The end of the link is missing. Copy it whole: it has 50 characters after the #. What stands around it does no harm.")
	case errors.Is(err, claim.ErrChecksum):
		return link, usage("The link was altered: it does not fit its checksum. Copy it again, by machine if it was typed.")
	case errors.Is(err, claim.ErrVersion):
		return link, usage("The link is of a version that this program does not know. A newer restante may read it.")
	}
	if strings.Contains(arg, "/c/pay_") && strings.Contains(arg, "#") {
		return link, usage("The link was altered: its end is one that no link has. Copy it again, by machine if it was typed.")
	}
	return link, usage("That is not a claim link. One looks like https://relay.example.com/c/pay_…#…; put it in quotes, or give \"-\" and paste it.")
}

const mostInput = 64 << 10 // bytes of a mail with a link in it

func (c *cli) readLink(ctx context.Context) (string, error) {
	if c.terminal() != nil {
		return c.ask(ctx, "Link: ")
	}
	text, err := io.ReadAll(io.LimitReader(c.stdin, mostInput))
	if err != nil {
		return "", failed("Standard input could not be read: %v.", err)
	}
	if strings.TrimSpace(string(text)) == "" {
		return "", usage("There is no link on standard input.")
	}
	return string(text), nil
}

// capital raises the first letter.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
