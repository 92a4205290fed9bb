package simulate

import (
	"context"
	"fmt"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/api"
)

// stage makes what a relay has before anybody sends: accounts on the ledger, and apps.
func (w *world) stage(ctx context.Context) error {
	if err := w.startSigner(ctx); err != nil {
		return err
	}
	marks, _, err := w.signer.Fingerprints(ctx)
	if err != nil {
		return err
	}
	for _, m := range marks {
		if m.What == "signer_kek" {
			w.kek = m.Value
		}
	}
	sponsor, channels, err := w.signer.Accounts(ctx)
	if err != nil {
		return err
	}
	if _, err := w.net.Fund(ctx, sponsor); err != nil {
		return err
	}
	view := w.ledger(w.nature, sponsor, false)
	head, err := view.Head(ctx)
	if err != nil {
		return err
	}
	sequence, err := view.Sequence(ctx, sponsor)
	if err != nil {
		return err
	}
	envelope, _, err := w.signer.MakeChannels(ctx, channels, sequence+1, 100, head)
	if err != nil {
		return err
	}
	if _, err := view.Submit(ctx, envelope); err != nil {
		return err
	}
	if _, err := w.net.CloseLedger(); err != nil {
		return err
	}
	for i := range 2 {
		if err := w.newApp(ctx, fmt.Sprintf("App %d", i+1)); err != nil {
			return err
		}
	}
	for range 3 {
		w.wallets = append(w.wallets, &wallet{Full: keypair.MustRandom(), identity: newIdentity()})
	}
	for i, a := range w.apps {
		if i == 0 || w.chance.IntN(4) > 0 {
			if _, err := w.net.Fund(ctx, a.Treasury); err != nil {
				return err
			}
			continue
		}
		w.poor = a // it can send two or three payments, until more is paid in
	}
	w.stranger, w.exchange = keypair.MustRandom(), keypair.MustRandom()
	if err := w.outside(ctx); err != nil {
		return err
	}
	w.books.services = append([]string{sponsor, w.apps[0].Treasury, w.apps[1].Treasury}, channels...)
	if err := w.startAPI(sponsor); err != nil {
		return err
	}
	for _, name := range []string{"worker1", "worker2"} {
		w.startWorker(ctx, name, sponsor)
	}
	w.sched.spawn(w.nature, "supervisor", func() { w.watchdog(ctx, sponsor) }, nil)
	w.sched.spawn(w.nature, "network", func() { w.closing(ctx) }, nil)
	return nil
}

// newApp makes a tenant with a treasury that has lumens.
func (w *world) newApp(ctx context.Context, name string) error {
	a := &app{App: relay.App{ID: relay.NewAppID(relay.At(w.clock(w.nature)())), Name: name, MayVouch: true, Notify: true, Reclaim: w.chance.IntN(2) == 0}}
	var err error
	if a.Treasury, err = w.signer.Treasury(ctx, a.ID); err != nil {
		return err
	}
	a.identity = newIdentity()
	a.Recipient = a.identity.Recipient().String()
	text, key := api.NewKey(api.KeyPrefix(network))
	key.Scopes = relay.AllScopes
	if a.App, err = w.desk(w.nature, w.base).OpenApp(ctx, a.App, key); err != nil {
		return err
	}
	a.client = w.newClient(text)
	w.apps = append(w.apps, a)
	return nil
}

// outside makes the accounts that are not the service's: wallets, one of them with its master key put out of use; a stranger; an exchange,
// which asks for a memo (SEP-29); and in every second history an issuer who can freeze and claw back, and whose asset all of them hold.
func (w *world) outside(ctx context.Context) error {
	accounts := []*keypair.Full{w.stranger, w.exchange}
	for _, x := range w.wallets {
		accounts = append(accounts, x.Full)
	}
	if w.chance.IntN(2) == 0 {
		w.issuer = keypair.MustRandom()
		w.asset = "USD:" + w.issuer.Address()
		accounts = append(accounts, w.issuer)
	}
	for _, k := range accounts {
		if _, err := w.net.Fund(ctx, k.Address()); err != nil {
			return err
		}
	}
	if w.poor != nil {
		if err := w.settled(w.stranger, w.stranger.Address(), &txnbuild.CreateAccount{Destination: w.poor.Treasury, Amount: "70"}); err != nil {
			return err
		}
	}
	x := w.wallets[2]
	x.signs = keypair.MustRandom()
	off := txnbuild.Threshold(0)
	if err := w.settled(x.Full, x.Address(), &txnbuild.SetOptions{MasterWeight: &off, Signer: &txnbuild.Signer{Address: x.signs.Address(), Weight: 1}}); err != nil {
		return err
	}
	if err := w.settled(w.exchange, w.exchange.Address(), &txnbuild.ManageData{Name: "config.memo_required", Value: []byte("1")}); err != nil {
		return err
	}
	if w.issuer != nil {
		if err := w.issues(ctx); err != nil {
			return err
		}
	}
	w.books.ledger(w.head()) // what was paid in so far is there before the history begins
	for _, x := range w.wallets {
		x.before = w.books.both(x.Address())
	}
	for _, a := range w.apps {
		a.before = w.books.both(a.Treasury)
	}
	return nil
}

// issues gives the issuer its powers and everyone some of its asset.
func (w *world) issues(ctx context.Context) error {
	flags := []txnbuild.AccountFlag{txnbuild.AuthRevocable, txnbuild.AuthClawbackEnabled}
	if err := w.settled(w.issuer, w.issuer.Address(), &txnbuild.SetOptions{SetFlags: flags}); err != nil {
		return err
	}
	holders := []string{w.stranger.Address(), w.exchange.Address()}
	for _, k := range []*keypair.Full{w.stranger, w.exchange} {
		if err := w.settled(k, k.Address(), w.trusts()); err != nil {
			return err
		}
	}
	for _, x := range w.wallets[1:] { // the first one knows nothing of it
		if err := w.settled(x.key(), x.Address(), w.trusts()); err != nil {
			return err
		}
		holders = append(holders, x.Address())
	}
	if err := w.trustOf(ctx, w.apps[0]); err != nil { // the other app asks for it while the history goes on
		return err
	}
	w.apps[0].holds = true
	holders = append(holders, w.apps[0].Treasury)
	for _, account := range holders {
		if err := w.settled(w.issuer, w.issuer.Address(), &txnbuild.Payment{Destination: account, Amount: "1000", Asset: w.credit()}); err != nil {
			return err
		}
	}
	return nil
}

// trustOf gives a treasury its trustline, as its app would ask for it.
func (w *world) trustOf(ctx context.Context, a *app) error {
	view := w.ledger(w.nature, "", false)
	head, err := view.Head(ctx)
	if err != nil {
		return err
	}
	sequence, err := view.Sequence(ctx, a.Treasury)
	if err != nil {
		return err
	}
	envelope, _, err := w.signer.Trust(ctx, a.ID, w.asset, sequence+1, head)
	if err != nil {
		return err
	}
	if _, err := view.Submit(ctx, envelope); err != nil {
		return err
	}
	_, err = w.net.CloseLedger()
	return err
}

func (w *world) credit() txnbuild.CreditAsset {
	return txnbuild.CreditAsset{Code: "USD", Issuer: w.issuer.Address()}
}

func (w *world) trusts() *txnbuild.ChangeTrust {
	return &txnbuild.ChangeTrust{Line: txnbuild.ChangeTrustAssetWrapper{Asset: w.credit()}, Limit: "1000000"}
}

// assets are those that there are.
func (w *world) assets() []string {
	if w.issuer == nil {
		return []string{lumens}
	}
	return []string{lumens, w.asset}
}

// settled has a transaction of a person's own land, while the history has not begun.
func (w *world) settled(by *keypair.Full, account string, ops ...txnbuild.Operation) error {
	text, err := w.signed([]*keypair.Full{by}, account, ops...)
	if err != nil {
		return err
	}
	answer, _, err := w.net.Submit(text)
	if err != nil || answer.Status != "PENDING" {
		return fmt.Errorf("the ledger says %q to a person's transaction: %w", answer.Status, err)
	}
	_, err = w.net.CloseLedger()
	return err
}
