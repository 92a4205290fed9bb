package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"filippo.io/age"
	"golang.org/x/sync/errgroup"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/api"
)

// welcome is what a developer needs to begin: an app, its key, and (once) the identity of its sender.
type welcome struct {
	app      relay.App
	key      string
	identity string // age secret key of the sender; only when the app was just made, and kept nowhere by us
}

// settleIn makes what a new data directory lacks: accounts that exist on the ledger, and a development app whose key is in
// DATA/dev.env. Every line of it may be the last one that ran: the next start goes on from there.
func (h *house) settleIn(ctx context.Context) (w welcome, err error) {
	defer h.hurry(ctx)()
	defer func() {
		if err == nil {
			h.settled.Store(true)
			h.starting.finish()
		}
	}()
	if h.cfg.liftHalt {
		if err := h.desk.Halt(ctx, ""); err != nil {
			return welcome{}, err
		}
	}
	sponsor, channels, err := h.anchored.Accounts(ctx)
	if err != nil {
		return welcome{}, err
	}
	all, first := errgroup.WithContext(ctx)
	for _, account := range append([]string{sponsor}, channels...) {
		all.Go(func() error { return h.befriend(first, account) })
	}
	if err := all.Wait(); err != nil {
		return welcome{}, err
	}
	if err := h.worker.Recover(ctx); err != nil { // before anybody may cancel what the database has forgotten to be funded
		return welcome{}, err
	}
	if w, err = h.knownApp(ctx); err == nil || !errors.Is(err, os.ErrNotExist) && relay.KindOf(err) != relay.Denied {
		return w, err
	}
	return h.newApp(ctx)
}

// hurry closes ledgers of the embedded network at once while nobody runs it yet, so that a first start need not wait for
// its rhythm. The function returned ends it.
func (h *house) hurry(ctx context.Context) (end func()) {
	if h.net == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for pauseFor(ctx, 20*time.Millisecond) == nil {
			if h.net.Waiting() == 0 {
				continue
			}
			if _, err := h.net.CloseLedger(); err != nil {
				return // whoever waits for the ledger says what is wrong
			}
		}
	}()
	return func() { cancel(); <-done }
}

// knownApp reads the key that an earlier start wrote.
func (h *house) knownApp(ctx context.Context) (welcome, error) {
	env, err := readEnv(h.path("dev.env"))
	if err != nil {
		return welcome{}, err
	}
	hash, _ := api.HashKey(api.KeyPrefix(h.cfg.Ledger.Passphrase), env["RESTANTE_KEY"]) // what is no key opens nothing
	app, _, err := h.desk.Login(ctx, hash)
	if err != nil {
		return welcome{}, err
	}
	if err := h.befriend(ctx, app.Treasury); err != nil {
		return welcome{}, err
	}
	w := welcome{app: app, key: env["RESTANTE_KEY"]}
	return w, h.writeEnv(w.key) // the address may have changed
}

// newApp makes the development app. Its sender's identity is shown once and not stored: whoever copies the data directory
// must not be able to open a box with it.
func (h *house) newApp(ctx context.Context) (welcome, error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return welcome{}, err
	}
	id := relay.NewAppID(relay.At(h.desk.Now()))
	treasury, err := h.anchored.Treasury(ctx, id)
	if err != nil {
		return welcome{}, err
	}
	if err := h.befriend(ctx, treasury); err != nil {
		return welcome{}, err
	}
	text, key := api.NewKey(api.KeyPrefix(h.cfg.Ledger.Passphrase))
	key.Scopes = relay.AllScopes
	if err := h.writeEnv(text); err != nil { // before the database: a key that opens nothing is replaced by the next start
		return welcome{}, err
	}
	app, err := h.desk.OpenApp(ctx, relay.App{ID: id, Name: "My App", Recipient: identity.Recipient().String(), Treasury: treasury,
		MayVouch: true, Notify: true}, key)
	return welcome{app: app, key: text, identity: identity.String()}, err
}

// befriend has the ledger's friendbot make an account that does not exist. Development networks only.
func (h *house) befriend(ctx context.Context, account string) error {
	_, err := h.port.Sequence(ctx, account)
	if relay.CodeOf(err) != relay.ErrNotFound.Code {
		return err
	}
	if h.cfg.Ledger.Friendbot == "" {
		return fmt.Errorf("account %s does not exist on the ledger, and no friendbot is configured (--friendbot)", account)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.cfg.Ledger.Friendbot+"?addr="+url.QueryEscape(account), nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("friendbot: %w", err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	if _, err := h.port.Sequence(ctx, account); err == nil {
		return nil // it was made by a call whose answer was lost
	}
	return fmt.Errorf("friendbot does not fund %s: %s: %s", account, resp.Status, body)
}

// fundedTreasuries is the signer as the API of a development network sees it: the treasury of a new app has money.
type fundedTreasuries struct {
	relay.Signer
	house *house
}

// Treasury implements relay.Signer.
func (f fundedTreasuries) Treasury(ctx context.Context, app relay.AppID) (string, error) {
	account, err := f.Signer.Treasury(ctx, app)
	if err == nil && f.house.cfg.Ledger.Friendbot != "" {
		err = f.house.befriend(ctx, account)
	}
	return account, err
}

// writeEnv writes DATA/dev.env whole or not at all, for its owner only.
func (h *house) writeEnv(key string) error {
	text := fmt.Sprintf("RESTANTE_SERVER=%s\nRESTANTE_KEY=%s\nRESTANTE_RPC=%s\nRESTANTE_NETWORK=%s\n",
		h.base, key, h.rpcURL, h.cfg.Ledger.Passphrase)
	draft := h.path("dev.env.new")
	if err := os.WriteFile(draft, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(draft, h.path("dev.env"))
}

// readEnv reads NAME=value lines.
func readEnv(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	env := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			env[name] = value
		}
	}
	return env, nil
}
