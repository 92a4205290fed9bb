package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/services/devnet/devnettest"
	"github.com/restante/restante/services/internal/bareledger"
	"github.com/restante/restante/services/restante/internal/demo"
	"github.com/restante/restante/services/restante/internal/stack"
)

// The test of law 6, exit without us. A stack runs on a ledger elsewhere, payments wait, of lumens and of another asset, out of
// the treasury and out of a wallet, and receipts and kits are saved by the command. Then the stack is stopped and its directory
// deleted. What follows uses the files that sender and recipient kept, the commands and scripts of OUT-WITHOUT-US.md as they stand there,
// stock age, and the stock JavaScript SDK, on the bare ledger.

const kitPassphrase = "correct horse battery staple"

func TestOutWithoutUs(t *testing.T) {
	t.Parallel()
	x := &exitFixture{t: t, dir: t.TempDir(), page: blocks(t), network: devnettest.Start(t)}
	x.closeWhenAsked()
	x.ledger = bareledger.Reader{URL: x.network.RPC}
	x.tools()
	x.hands = foreign{x.ledger, x.network.Passphrase}
	kept := x.saveEverything()
	for latest := uint32(0); latest < kept.notBefore; {
		var err error
		if latest, err = x.ledger.Latest(t.Context()); err != nil {
			t.Fatal(err)
		}
		x.network.CloseLedger()
	}
	x.senderOfAWallet(kept) // no key is in the folder yet
	x.write("payer.txt", x.network.Account().Seed()+"\n")
	before := x.balance(kept.treasury)
	x.thief(kept)
	x.senderWithReceipt(kept)
	x.senderWithIdentity(kept)
	x.recipientWithKit(kept)
	x.creditFromTheTreasury(kept)
	for _, h := range kept.holdings {
		if got := x.balance(h); got != -1 {
			t.Errorf("the holding account %s is still there, with %d stroops", h, got)
		}
	}
	if got := x.balance(kept.treasury) - before; got != 4*demo.Amount-100 { // one of the four paid its own fee
		t.Errorf("%d stroops came home in all", got)
	}
}

// senderWithReceipt has no key at all, only an account that pays the fee.
func (x *exitFixture) senderWithReceipt(kept savedFiles) {
	x.copy(kept.receipts[0], "receipt.json")
	x.comesHome(kept, demo.Amount, x.block("receipt"))
	if out, err := x.sh(x.block("receipt")); err == nil || !strings.Contains(out, "not in its holding account any more") {
		x.t.Errorf("a second time: %v\n%s", err, out)
	}
	x.copy(kept.receipts[1], "receipt.json")
	x.comesHome(kept, demo.Amount, "node home.mjs receipt.json payer.txt 1") // the next way home, as the page says
}

// senderWithIdentity opens the box. With no payer the fee comes out of the money.
func (x *exitFixture) senderWithIdentity(kept savedFiles) {
	x.write("identity.txt", kept.identity+"\n")
	x.copy(kept.receipts[2], "receipt.json")
	x.comesHome(kept, demo.Amount, x.block("identity"))
	x.copy(kept.receipts[3], "receipt.json")
	x.comesHome(kept, demo.Amount-100, strings.ReplaceAll(x.block("identity"), " payer.txt", ""))
}

// comesHome runs commands that bring so many stroops home.
func (x *exitFixture) comesHome(kept savedFiles, want int64, commands string) {
	x.t.Helper()
	before := x.balance(kept.treasury)
	out, err := x.sh(commands)
	if err != nil {
		x.t.Fatalf("%v\n%s", err, out)
	}
	if got := x.balance(kept.treasury) - before; got != want {
		x.t.Errorf("%d stroops came home, not %d\n%s", got, want, out)
	}
}

// recipientWithKit has no account yet.
func (x *exitFixture) recipientWithKit(kept savedFiles) {
	x.copy(kept.kit, "kit.age")
	if out, err := x.tryAtTerminal("kit", "not the passphrase"); err == nil {
		x.t.Errorf("the kit opens with another passphrase\n%s", out)
	}
	if out, err := x.tryAtTerminal("kit", kitPassphrase); err != nil {
		x.t.Fatalf("%v\n%s", err, out)
	}
	ana := strings.TrimSpace(x.read("mine.address"))
	if key, err := keypair.ParseFull(strings.TrimSpace(x.read("mine.txt"))); err != nil || key.Address() != ana {
		x.t.Errorf("she does not have the key of %s: %v", ana, err)
	}
	if got := x.balance(ana); got != demo.Amount {
		x.t.Errorf("the recipient has %d stroops", got)
	}
}

// balance is stroops by the independent reader; -1 when there is no such account.
func (x *exitFixture) balance(account string) int64 {
	x.t.Helper()
	a, err := x.ledger.Account(x.t.Context(), account)
	if err != nil {
		x.t.Fatal(err)
	}
	if !a.Exists {
		return -1
	}
	return a.Balance
}

// savedFiles is what sender, recipient and a thief have when the service is gone.
type savedFiles struct {
	treasury, identity string
	notBefore          uint32
	receipts           [4]string // files
	kit                string    // file
	holdings           []string
	stolen             string   // a copy of the service's whole directory
	boxes              [][]byte // as the database kept them

	credit savedCredit
	wallet savedWallet
}

// saveEverything runs a stack, sends, saves, and deletes the stack's directory.
func (x *exitFixture) saveEverything() savedFiles {
	t := x.t
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	data := filepath.Join(t.TempDir(), "data")
	d, end, err := demo.Start(ctx, io.Discard, func(c *stack.Config) {
		c.Data, c.Ledger.URL, c.Ledger.Friendbot, c.Ledger.Passphrase = data, x.network.RPC, x.network.RPC+"/friendbot", x.network.Passphrase
	})
	if err != nil {
		t.Fatal(err)
	}
	end = sync.OnceFunc(end)
	defer end()
	kept := savedFiles{treasury: d.Dev.App.Treasury, identity: d.Dev.Identity, stolen: t.TempDir()}
	var sent []client.Sent
	for range len(kept.receipts) + 1 {
		sent = append(sent, x.waits(ctx, d, &kept, relay.Native))
	}
	for i := range kept.receipts {
		kept.receipts[i] = filepath.Join(x.dir, "kept", "receipt"+string(rune('0'+i)))
		x.command(d, 0, "receipt", sent[i].Payment.ID, "--out", kept.receipts[i])
	}
	kept.kit = filepath.Join(x.dir, "kept", "kit")
	x.saveKit(ctx, d, sent[len(kept.receipts)].Link, kept.kit)
	x.sendCredit(ctx, d, &kept)
	x.sendFromWallet(ctx, d, &kept)
	if _, err := demo.CopyTree(data, kept.stolen); err != nil {
		t.Fatal(err)
	}

	end()
	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", strings.TrimPrefix(d.Stack.URL, "http://")); err == nil {
		c.Close()
		t.Fatal("the house still answers")
	}
	return kept
}

// waits is a payment out of the treasury that waits to be claimed.
func (x *exitFixture) waits(ctx context.Context, d *demo.Instance, kept *savedFiles, asset string) client.Sent {
	x.t.Helper()
	s, err := d.App.Send(ctx, client.SendRequest{To: "ana@example.com", Amount: "25", Asset: asset, Note: "for the concert"})
	if err != nil {
		x.t.Fatal(err)
	}
	s.Payment, err = d.App.Follow(ctx, s.Payment.ID, func(p client.Payment) bool { return p.State == string(relay.Pending) })
	if err != nil {
		x.t.Fatal(err)
	}
	kept.holdings = append(kept.holdings, *s.Payment.HoldingAccount)
	kept.notBefore = max(kept.notBefore, *s.Payment.NotBeforeLedger)
	var box []byte
	err = d.Stack.Store.View(ctx, func(tx desk.Tx) (err error) { box, err = tx.Box(relay.PaymentID(s.Payment.ID)); return err })
	if err != nil {
		x.t.Fatal(err)
	}
	kept.boxes = append(kept.boxes, box)
	return s
}

// saveKit is the recipient at the command line: a code is mailed, she gives it, and has her kit.
func (x *exitFixture) saveKit(ctx context.Context, d *demo.Instance, l client.Link, file string) {
	link, err := l.Reveal()
	if err != nil {
		x.t.Fatal(err)
	}
	x.write("kit.pass", kitPassphrase+"\n")
	args := []string{"kit", link, "--out", file, "--passphrase-file", filepath.Join(x.dir, "kit.pass")}
	asked := time.Now()
	x.command(d, statusCode, args...)
	code, err := d.CodeFromInbox(ctx, asked)
	if err != nil {
		x.t.Fatal(err)
	}
	x.command(d, 0, append(args, "--code", code)...)
}

// command runs restante as people type it.
func (x *exitFixture) command(d *demo.Instance, want int, args ...string) {
	x.t.Helper()
	env := map[string]string{"RESTANTE_SERVER": d.Stack.URL, "RESTANTE_KEY": d.Dev.Key, "RESTANTE_STATE": filepath.Join(x.dir, "state"),
		"RESTANTE_HOME": filepath.Join(x.dir, "kept", "config")}
	var out, told bytes.Buffer
	err := run(x.t.Context(), func(n string) string { return env[n] }, args, strings.NewReader(""), &out, &told)
	if got := statusOf(err); got != want {
		x.t.Fatalf("restante %s: status %d, want %d\n%s%s", args[0], got, want, out.String(), told.String())
	}
}

// thief has the service's directory and the boxes as its database kept them, decrypted with its own keys. No identity is
// among the files, no key of a holding account, and age opens nothing.
func (x *exitFixture) thief(kept savedFiles) {
	t := x.t
	needles := map[string]string{"an age identity": "AGE-SECRET-KEY-", "the sender's identity": strings.ToLower(kept.identity)}
	sender, err := age.ParseX25519Identity(kept.identity)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range kept.boxes {
		r, err := age.Decrypt(bytes.NewReader(file), sender) // the control: it is the box, and it does open
		if err != nil {
			t.Fatal(err)
		}
		var content struct{ Account, Secret string }
		if err := json.NewDecoder(r).Decode(&content); err != nil {
			t.Fatal(err)
		}
		key, err := keypair.ParseFull(content.Secret)
		if err != nil || key.Address() != content.Account {
			t.Fatalf("the box does not hold the key of %s: %v", content.Account, err)
		}
		needles["the seed of "+content.Account] = content.Secret
	}
	if what, where, err := demo.Search(kept.stolen, needles); err != nil || what != "" {
		t.Errorf("the loot holds %s in %s: %v", what, where, err)
	}
	planted := filepath.Join(kept.stolen, "planted")
	if err := os.WriteFile(planted, []byte("x"+needles["the seed of "+kept.holdings[0]]), 0o600); err != nil {
		t.Fatal(err)
	}
	if what, _, err := demo.Search(kept.stolen, needles); err != nil || what == "" {
		t.Errorf("control: a planted seed is not found: %v", err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	x.write("guess.txt", other.String()+"\n")
	for _, file := range kept.boxes {
		x.write("stolen.age", string(file))
		out, err := x.sh("age -d -i guess.txt stolen.age")
		if err == nil || !strings.Contains(out, "no identity matched") {
			t.Errorf("the thief's age: %v\n%s", err, out)
		}
	}
}
