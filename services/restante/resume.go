package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/restante/restante/crypto/durable"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

// keptAttempt is a send on disk: from before its request leaves until its answer is printed.
type keptAttempt struct {
	Server  string          `json:"server"`
	Attempt json.RawMessage `json:"attempt"`

	path string
}

func (c *cli) attemptPath(id string) (string, error) {
	dir, err := c.stateDir()
	return filepath.Join(dir, "sends", id+".json"), err
}

// keepAttempt writes id, link and request for this user alone, synced.
func (c *cli) keepAttempt(a client.Attempt, server string) (k keptAttempt, err error) {
	if k.path, err = c.attemptPath(a.ID); err != nil {
		return k, err
	}
	k.Server = server
	if k.Attempt, err = a.Reveal(); err != nil {
		return k, err
	}
	text, err := json.Marshal(k)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(k.path), 0o700)
	}
	if err == nil {
		err = durable.Create(k.path, text)
	}
	if err != nil {
		return k, failed("The payment's id and link cannot be kept, so nothing was sent: %v. Name another folder in RESTANTE_STATE.", err)
	}
	return k, nil
}

// mostUnfinished is how many sends that were cut off are named.
const mostUnfinished = 3

// tellUnfinished names sends of before that are kept still: one that was killed before its id was shown is found again by that.
func (c *cli) tellUnfinished() {
	pattern, err := c.attemptPath("pay_*")
	if err != nil || c.json {
		return
	}
	found, _ := filepath.Glob(pattern)
	for _, path := range found[:min(len(found), mostUnfinished)] {
		id := strings.TrimSuffix(filepath.Base(path), ".json")
		fmt.Fprintf(c.stderr, "An earlier send was cut off, or is under way: %s. Go on with that one by: restante send --resume %s\n", id, id)
	}
}

// forget deletes it; that it cannot be deleted is worth a word and no more.
func (k keptAttempt) forget(c *cli) { c.remove(k.path) }

func (c *cli) keptAttempt(id string) (k keptAttempt, a client.Attempt, err error) {
	if _, err := relay.ParsePaymentID(id); err != nil {
		var f *relay.Fault
		errors.As(err, &f)
		return k, a, usage("--resume: %s.", f.Public)
	}
	path, err := c.attemptPath(id)
	if err != nil {
		return k, a, err
	}
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return k, a, failed("No unfinished send with this id is kept here: its answer was printed, or it was made elsewhere. \"restante show %s\" tells.", id)
	case err != nil:
		return k, a, failed("What is kept of the send cannot be read: %v.", err)
	}
	if err = json.Unmarshal(text, &k); err == nil {
		a, err = client.ParseAttempt(k.Attempt)
	}
	if err != nil || a.ID != id {
		return k, a, failed("The file %s is not ours or is damaged.", path)
	}
	k.path = path
	return k, a, nil
}

// resume goes on with a send that was cut off. It asks the relay that the send was for: another one would not know the payment
// and make it a second time.
func (c *cli) resume(cmd *cobra.Command, id string, wait bool) error {
	var other string
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != "resume" && f.Name != "wait" && cmd.InheritedFlags().Lookup(f.Name) == nil {
			other = f.Name
		}
	})
	if other != "" {
		return usage("--resume goes on with a payment whose terms are fixed: --%s does not go with it.", other)
	}
	k, a, err := c.keptAttempt(id)
	if err != nil {
		return err
	}
	if c.server != "" && c.server != k.Server {
		return usage("This send was for the relay %s. Leave --server out: another relay would make a second payment of it.", k.Server)
	}
	c.server = k.Server
	cl, err := c.app()
	if err != nil {
		return err
	}
	sent, err := cl.ResumeAttempt(cmd.Context(), a)
	return c.attempted(cmd.Context(), cl, k, sent, err, wait)
}
