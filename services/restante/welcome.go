package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"filippo.io/age"
	"golang.org/x/sync/errgroup"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
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
	if err := h.liftHalt(ctx); err != nil {
		return welcome{}, err
	}
	if err := h.await(ctx, "the ledger at "+h.ledgerHost(), h.sameHistory); err != nil {
		return welcome{}, err
	}
	if w, err = h.developmentApp(ctx); err != nil {
		return welcome{}, err
	}
	halt, err := h.desk.Halted(ctx)
	if err != nil {
		return welcome{}, err
	}
	if halt.Scope == "" { // else no one is asked to pay lumens into a ledger that may be the wrong one
		if err := h.readyAccounts(ctx, w.app.Treasury); err != nil {
			return welcome{}, err
		}
	}
	if err := h.await(ctx, "the ledger at "+h.ledgerHost(), h.checkChannels); err != nil {
		return welcome{}, err
	}
	// Before any caller may cancel what the database has forgotten to be funded.
	return w, h.await(ctx, "the ledger at "+h.ledgerHost(), h.worker.Recover)
}

// developmentApp is the app that an earlier start made, or a new one. It is written down before its treasury has lumens: every
// start then asks for the same accounts.
func (h *house) developmentApp(ctx context.Context) (welcome, error) {
	w, err := h.knownApp(ctx)
	if err == nil || !errors.Is(err, os.ErrNotExist) && relay.KindOf(err) != relay.Denied {
		return w, err
	}
	if err := h.noAppYet(ctx); err != nil {
		return welcome{}, err
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
	w := welcome{app: app, key: env["RESTANTE_KEY"]}
	return w, h.writeEnv(app.ID, w.key) // the address may have changed
}

// newIdentity makes the identity of an app's sender, and puts it where it outlives the process or where its owner sees it.
type newIdentity func(app relay.AppID) (*age.X25519Identity, error)

// newApp makes the development app. Its sender's identity is handed out once and not stored in the data directory: a thief of
// that directory must not be able to open a box with it.
func (h *house) newApp(ctx context.Context) (welcome, error) {
	id, err := h.appID(ctx)
	if err != nil {
		return welcome{}, err
	}
	text, key := api.NewKey(api.KeyPrefix(h.cfg.Ledger.Passphrase))
	key.Scopes = relay.AllScopes
	// Before treasury and database: a key that opens nothing is replaced by the next start, which finds the app's id there.
	if err := h.writeEnv(id, text); err != nil {
		return welcome{}, err
	}
	treasury, err := h.anchored.Treasury(ctx, id)
	if err != nil {
		return welcome{}, err
	}
	identity, err := h.cfg.identity(id) // before the database too: boxes are sealed to it from the first payment on
	if err != nil {
		return welcome{}, err
	}
	app, err := h.desk.OpenApp(ctx, relay.App{ID: id, Name: "My App", Recipient: identity.Recipient().String(), Treasury: treasury,
		MayVouch: true, Notify: true}, key)
	return welcome{app: app, key: text, identity: identity.String()}, err
}

// appID is the id that a start which did not come to its end has written down, so that its treasury is used; else a new one.
func (h *house) appID(ctx context.Context) (relay.AppID, error) {
	env, err := readEnv(h.path("dev.env"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	id := relay.AppID(env["RESTANTE_APP"])
	if id != "" {
		err := h.store.View(ctx, func(tx desk.Tx) error { _, err := tx.App(id); return err })
		if errors.Is(err, relay.ErrNotFound) {
			return id, nil
		}
		if err != nil {
			return "", err
		}
	}
	return relay.NewAppID(relay.At(h.desk.Now())), nil
}

// befriendAll has the friendbot make those accounts that do not exist, side by side.
func (h *house) befriendAll(ctx context.Context, missing []need) error {
	all, first := errgroup.WithContext(ctx)
	for _, m := range missing {
		if !m.Exists {
			all.Go(func() error { return h.befriend(first, m.Account) })
		}
	}
	return all.Wait()
}

// befriend has the ledger's friendbot make an account that does not exist. Development networks only.
func (h *house) befriend(ctx context.Context, account string) error {
	_, err := h.port.Sequence(ctx, account)
	if !errors.Is(err, relay.ErrNotFound) {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.cfg.Ledger.Friendbot+"?addr="+url.QueryEscape(account), nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return friendbotFault(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	if _, err := h.port.Sequence(ctx, account); err == nil {
		return nil // it was made by a call whose answer was lost
	}
	return friendbotFault(fmt.Errorf("%s: %s: %s", account, resp.Status, body))
}

func friendbotFault(cause error) error {
	return relay.NewFault(relay.Unavailable, "friendbot_unavailable", "The friendbot does not fund the accounts just now.", cause)
}

// fundedTreasuries is the signer as the API of a development network sees it: the treasury of a new app has money.
type fundedTreasuries struct {
	desk.Signer
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
