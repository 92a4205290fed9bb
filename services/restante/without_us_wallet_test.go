package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/services/restante/internal/demo"
)

// savedCredit are of payments in another asset than lumens, out of the treasury.
type savedCredit struct {
	asset        string
	receipt, box string // files: the first goes home by a rung, the second by its box
	kit          string // file
	clawBack     func(from string) error
}

// savedWallet are of payments out of a wallet of the sender's own: files of receipts.
type savedWallet struct {
	account                         string
	profile                         string // file
	byRung, byBox, credit, clawedAt string
}

const plenty = "1000"

// sendCredit has the treasury hold an asset, and three payments wait in it.
func (x *exitFixture) sendCredit(ctx context.Context, d *demo.Instance, kept *savedFiles) {
	issuer, asset, err := x.hands.issue(ctx, "USD")
	if err != nil {
		x.t.Fatal(err)
	}
	c := &kept.credit
	c.asset = spell(asset)
	c.clawBack = func(from string) error {
		return x.hands.do(x.t.Context(), issuer, &txnbuild.Clawback{From: from, Amount: "25", Asset: asset})
	}
	x.command(d, 0, "treasury", "--asset", c.asset, "--trust")
	if err := x.hands.pay(ctx, issuer, asset, kept.treasury, plenty); err != nil {
		x.t.Fatal(err)
	}
	for i, file := range []*string{&c.receipt, &c.box} {
		*file = filepath.Join(x.dir, "kept", fmt.Sprint("credit", i))
		x.command(d, 0, "receipt", x.waits(ctx, d, kept, c.asset).Payment.ID, "--out", *file)
	}
	c.kit = filepath.Join(x.dir, "kept", "credit-kit")
	x.saveKit(ctx, d, x.waits(ctx, d, kept, c.asset).Link, c.kit)

	wallet := x.network.Account()
	if err := x.hands.trust(ctx, wallet, asset); err != nil {
		x.t.Fatal(err)
	}
	if err := x.hands.pay(ctx, issuer, asset, wallet.Address(), plenty); err != nil {
		x.t.Fatal(err)
	}
	kept.wallet.account = wallet.Address()
	x.write("wallet.secret", wallet.Seed()+"\n")
}

// sendFromWallet makes a profile of the wallet's key, and has four payments out of it wait.
func (x *exitFixture) sendFromWallet(ctx context.Context, d *demo.Instance, kept *savedFiles) {
	w := &kept.wallet
	pass := filepath.Join(x.dir, "kit.pass")
	x.command(d, 0, "init", "--profile", "bob", "--secret-file", filepath.Join(x.dir, "wallet.secret"), "--passphrase-file", pass)
	if err := os.Remove(filepath.Join(x.dir, "wallet.secret")); err != nil {
		x.t.Fatal(err)
	}
	w.profile = filepath.Join(x.dir, "kept", "config", "profiles", "bob.age")
	for i, s := range []struct {
		file  *string
		asset string
	}{{&w.byRung, relay.Native}, {&w.byBox, relay.Native}, {&w.credit, kept.credit.asset}, {&w.clawedAt, kept.credit.asset}} {
		*s.file = filepath.Join(x.dir, "kept", fmt.Sprint("wallet", i))
		x.command(d, 0, "send", "--to", "ana@example.com", "--amount", "25", "--asset", s.asset, "--from", "bob", "--passphrase-file", pass,
			"--receipt", *s.file, "--wait")
		r := x.receipt(*s.file)
		p, err := d.App.Get(ctx, r.Payment, 0)
		if err != nil || p.State != "pending" {
			x.t.Fatalf("%+v %v", p, err)
		}
		kept.holdings = append(kept.holdings, r.HoldingAccount)
		kept.notBefore = max(kept.notBefore, r.NotBeforeLedger)
	}
}

func (x *exitFixture) receipt(file string) (r client.OwnReceipt) {
	x.t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		x.t.Fatal(err)
	}
	return r
}

// senderOfAWallet has the receipts, and no payer of a fee. The last payments show the box's key, and an amount that is gone.
func (x *exitFixture) senderOfAWallet(kept savedFiles) {
	x.walletComesHome(kept, kept.wallet.byRung, 0, func() (string, error) { return x.sh(x.block("own")) })
	x.walletComesHome(kept, kept.wallet.credit, demo.Amount, func() (string, error) { return x.sh(x.block("own")) })
	x.copy(kept.wallet.profile, "profile.age")
	x.walletComesHome(kept, kept.wallet.byBox, 0, func() (string, error) { return x.tryAtTerminal("profile", kitPassphrase) })

	r := x.receipt(kept.wallet.clawedAt)
	x.copy(kept.wallet.clawedAt, "receipt.json")
	if err := kept.credit.clawBack(r.HoldingAccount); err != nil {
		x.t.Fatal(err)
	}
	if out, err := x.sh(x.block("own")); err == nil || !strings.Contains(out, "took "+kept.credit.asset+" back") {
		x.t.Errorf("a plain rung, with the money gone: %v\n%s", err, out)
	}
	for _, n := range []string{"2", "3"} { // the bare one, and the last resort
		if out, err := x.sh("node home.mjs receipt.json - " + n); err == nil || !strings.Contains(out, "no such way home") {
			x.t.Errorf("a rung that needs the service: %v\n%s", err, out)
		}
	}
	x.walletComesHome(kept, kept.wallet.clawedAt, 0, func() (string, error) { return x.tryAtTerminal("profile", kitPassphrase) })
}

// walletComesHome runs what brings a payment's money home: all lumens less the one fee, and so much of the other asset.
func (x *exitFixture) walletComesHome(kept savedFiles, file string, want int64, bring func() (string, error)) {
	x.t.Helper()
	r := x.receipt(file)
	x.copy(file, "receipt.json")
	home := func() (lumens, credit int64) { return x.balance(r.ReturnTo), x.line(r.ReturnTo, kept.credit.asset) }
	lumens, credit := home()
	purse := x.balance(r.HoldingAccount)
	out, err := bring()
	if err != nil {
		x.t.Fatalf("%v\n%s", err, out)
	}
	if r.ReturnTo != kept.wallet.account || r.Asset == relay.Native && purse <= demo.Amount {
		x.t.Errorf("home is %s, and %d lumens waited", r.ReturnTo, purse)
	}
	lumensNow, creditNow := home()
	if fee := purse - (lumensNow - lumens); fee < 100 || fee > 500 {
		x.t.Errorf("a fee of %d stroops\n%s", fee, out)
	}
	if got := creditNow - credit; got != want {
		x.t.Errorf("%d of the asset came home, not %d\n%s", got, want, out)
	}
}

// creditFromTheTreasury comes home by rung and by key, with a payer, and reaches a recipient who had nothing.
func (x *exitFixture) creditFromTheTreasury(kept savedFiles) {
	c := kept.credit
	comesHome := func(commands string) {
		x.t.Helper()
		before := x.line(kept.treasury, c.asset)
		out, err := x.sh(commands)
		if err != nil {
			x.t.Fatalf("%v\n%s", err, out)
		}
		if got := x.line(kept.treasury, c.asset) - before; got != demo.Amount {
			x.t.Errorf("%d came home\n%s", got, out)
		}
	}
	x.copy(c.receipt, "receipt.json")
	if out, err := x.sh(x.block("own")); err == nil || !strings.Contains(out, "needs an account that pays the fee") {
		x.t.Errorf("without a payer: %v\n%s", err, out)
	}
	comesHome(x.block("receipt"))
	x.copy(c.box, "receipt.json")
	if out, err := x.sh(strings.ReplaceAll(x.block("identity"), " payer.txt", "")); err == nil || !strings.Contains(out, "name an account that pays the fee") {
		x.t.Errorf("without a payer: %v\n%s", err, out)
	}
	other := x.network.Account().Address()
	elsewhere := strings.Split(x.block("identity"), "node take.mjs")[0] + "node take.mjs box.json " + other + " payer.txt"
	if out, err := x.sh(elsewhere); err == nil || !strings.Contains(out, "has to have a trustline") {
		x.t.Errorf("into an account without a trustline: %v\n%s", err, out)
	}
	comesHome(x.block("identity"))

	for _, name := range []string{"mine.txt", "mine.address"} {
		if err := os.Remove(filepath.Join(x.dir, name)); err != nil {
			x.t.Fatal(err)
		}
	}
	x.copy(c.kit, "kit.age")
	if out, err := x.tryAtTerminal("kit-asset", kitPassphrase); err != nil {
		x.t.Fatalf("%v\n%s", err, out)
	}
	ana, err := keypair.ParseFull(strings.TrimSpace(x.read("mine.txt")))
	if err != nil {
		x.t.Fatal(err)
	}
	if got := x.line(ana.Address(), c.asset); got != demo.Amount {
		x.t.Errorf("the recipient has %d", got)
	}
}

// line is what an account holds of an asset by the independent reader; -1 without a trustline.
func (x *exitFixture) line(account, asset string) int64 {
	x.t.Helper()
	balance, ok, err := x.ledger.Line(x.t.Context(), account, asset)
	if err != nil {
		x.t.Fatal(err)
	}
	if !ok {
		return -1
	}
	return balance
}
