package stack

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
	"github.com/restante/restante/services/internal/boot"
)

// DevelopmentApp is what a developer needs to begin: an app, its key, and (once) the identity of its sender.
type DevelopmentApp struct {
	App      relay.App
	Key      string
	Identity string // age secret key of the sender; only when the app was just made, and kept nowhere by us
}

// Prepare makes what a new data directory lacks: accounts that exist on the ledger, and a development app whose key is in
// DATA/dev.env. Every line of it may be the last one that ran: the next start goes on from there.
func (s *Stack) Prepare(ctx context.Context) (dev DevelopmentApp, err error) {
	defer s.closeLedgers(ctx)()
	defer func() {
		if err == nil {
			s.prepared.Store(true)
			s.starting.finish()
		}
	}()
	if err := s.LiftHalt(ctx); err != nil {
		return DevelopmentApp{}, err
	}
	if err := s.await(ctx, "the ledger at "+s.LedgerHost(), s.sameHistory); err != nil {
		return DevelopmentApp{}, err
	}
	if dev, err = s.developmentApp(ctx); err != nil {
		return DevelopmentApp{}, err
	}
	halt, err := s.Desk.Halted(ctx)
	if err != nil {
		return DevelopmentApp{}, err
	}
	if halt.Scope == "" { // else the operator would be asked to pay lumens into a ledger that may be the wrong one
		if err := s.readyAccounts(ctx, dev.App.Treasury); err != nil {
			return DevelopmentApp{}, err
		}
	}
	if err := s.await(ctx, "the ledger at "+s.LedgerHost(), s.checkChannels); err != nil {
		return DevelopmentApp{}, err
	}
	// Before any caller may cancel what the database has forgotten to be funded.
	return dev, s.await(ctx, "the ledger at "+s.LedgerHost(), s.worker.Recover)
}

// developmentApp is the app that an earlier start made, or a new one. It is written down before its treasury has lumens: every
// start then asks for the same accounts.
func (s *Stack) developmentApp(ctx context.Context) (DevelopmentApp, error) {
	dev, err := s.existingApp(ctx)
	if err == nil || !errors.Is(err, os.ErrNotExist) && relay.KindOf(err) != relay.Denied {
		return dev, err
	}
	if err := s.noAppYet(ctx); err != nil {
		return DevelopmentApp{}, err
	}
	return s.newApp(ctx)
}

// closeLedgers closes ledgers of the embedded network at once while it does not run yet, so that a first start need not wait for
// its interval. The function returned ends it.
func (s *Stack) closeLedgers(ctx context.Context) (end func()) {
	if s.Devnet == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for boot.Pause(ctx, 20*time.Millisecond) == nil {
			if s.Devnet.Waiting() == 0 {
				continue
			}
			if _, err := s.Devnet.CloseLedger(); err != nil {
				return // the part that waits for the ledger says what is wrong
			}
		}
	}()
	return func() { cancel(); <-done }
}

// existingApp reads the key that an earlier start wrote.
func (s *Stack) existingApp(ctx context.Context) (DevelopmentApp, error) {
	env, err := ReadEnv(s.Path("dev.env"))
	if err != nil {
		return DevelopmentApp{}, err
	}
	hash, _ := api.HashKey(api.KeyPrefix(s.Config.Ledger.Passphrase), env["RESTANTE_KEY"]) // what is no key opens nothing
	app, _, err := s.Desk.Login(ctx, hash)
	if err != nil {
		return DevelopmentApp{}, err
	}
	dev := DevelopmentApp{App: app, Key: env["RESTANTE_KEY"]}
	return dev, s.writeEnv(app.ID, dev.Key) // the address may have changed
}

// NewIdentity makes the identity of an app's sender, and puts it where it outlives the process or where its owner sees it.
type NewIdentity func(app relay.AppID) (*age.X25519Identity, error)

// newApp makes the development app. Its sender's identity is handed out once and not stored in the data directory: a thief of
// that directory must not be able to open a box with it.
func (s *Stack) newApp(ctx context.Context) (DevelopmentApp, error) {
	id, err := s.appID(ctx)
	if err != nil {
		return DevelopmentApp{}, err
	}
	text, key := api.NewKey(api.KeyPrefix(s.Config.Ledger.Passphrase))
	key.Scopes = relay.AllScopes
	// Before treasury and database: a key that opens nothing is replaced by the next start, which finds the app's id there.
	if err := s.writeEnv(id, text); err != nil {
		return DevelopmentApp{}, err
	}
	treasury, err := s.anchored.Treasury(ctx, id)
	if err != nil {
		return DevelopmentApp{}, err
	}
	identity, err := s.Config.Identity(id) // before the database too: boxes are sealed to it from the first payment on
	if err != nil {
		return DevelopmentApp{}, err
	}
	app, err := s.Desk.OpenApp(ctx, relay.App{ID: id, Name: "My App", Recipient: identity.Recipient().String(), Treasury: treasury,
		MayVouch: true, Notify: true}, key)
	return DevelopmentApp{App: app, Key: text, Identity: identity.String()}, err
}

// appID is the id that a start which did not come to its end has written down, so that its treasury is used; else a new one.
func (s *Stack) appID(ctx context.Context) (relay.AppID, error) {
	env, err := ReadEnv(s.Path("dev.env"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	id := relay.AppID(env["RESTANTE_APP"])
	if id != "" {
		err := s.Store.View(ctx, func(tx desk.Tx) error { _, err := tx.App(id); return err })
		if errors.Is(err, relay.ErrNotFound) {
			return id, nil
		}
		if err != nil {
			return "", err
		}
	}
	return relay.NewAppID(relay.At(s.Desk.Now())), nil
}

// fundAccounts has the friendbot make those accounts that do not exist, side by side.
func (s *Stack) fundAccounts(ctx context.Context, missing []need) error {
	all, first := errgroup.WithContext(ctx)
	for _, m := range missing {
		if !m.Exists {
			all.Go(func() error { return s.FundAccount(first, m.Account) })
		}
	}
	return all.Wait()
}

// FundAccount has the ledger's friendbot make an account that does not exist. Development networks only.
func (s *Stack) FundAccount(ctx context.Context, account string) error {
	_, err := s.Ledger.Sequence(ctx, account)
	if !errors.Is(err, relay.ErrNotFound) {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Config.Ledger.Friendbot+"?addr="+url.QueryEscape(account), nil)
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
	if _, err := s.Ledger.Sequence(ctx, account); err == nil {
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
	stack *Stack
}

// Treasury implements desk.Signer.
func (f fundedTreasuries) Treasury(ctx context.Context, app relay.AppID) (string, error) {
	account, err := f.Signer.Treasury(ctx, app)
	if err == nil && f.stack.Config.Ledger.Friendbot != "" {
		err = f.stack.FundAccount(ctx, account)
	}
	return account, err
}
