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
	"github.com/restante/restante/services/devnet/devnettest"
	"github.com/restante/restante/services/internal/bareledger"
)

// The test of law 6, exit without us. A house runs on a ledger elsewhere, three payments wait, and receipts and a kit are
// saved by the command. Then the house is stopped and its directory deleted. What follows uses the files that people kept,
// the commands and scripts of OUT-WITHOUT-US.md as they stand there, stock age, and the stock JavaScript SDK, on the bare
// ledger.

const kitPassphrase = "correct horse battery staple"

func TestOutWithoutUs(t *testing.T) {
	x := &exile{t: t, dir: t.TempDir(), page: blocks(t), network: devnettest.Start(t, devnettest.Interval(100*time.Millisecond))}
	x.tools()
	ledger := bareledger.Reader{URL: x.network.RPC}
	balance := func(account string) int64 {
		a, err := ledger.Account(t.Context(), account)
		if err != nil {
			t.Fatal(err)
		}
		if !a.Exists {
			return -1
		}
		return a.Balance
	}
	kept := x.whileWeWereThere()
	before := balance(kept.treasury)
	x.write("payer.txt", x.network.Account().Seed()+"\n")
	for latest := uint32(0); latest < kept.notBefore; {
		var err error
		if latest, err = ledger.Latest(t.Context()); err != nil {
			t.Fatal(err)
		}
		x.network.CloseLedger()
	}

	// The thief has all that the service had, and the box with it.
	x.thief(kept)

	// The sender, with a receipt and no key at all.
	x.copy(kept.receipts[0], "receipt.json")
	x.run("receipt")
	if got := balance(kept.treasury); got != before+amount {
		t.Errorf("with the receipt, %d stroops came home", got-before)
	}
	if out, err := x.try("receipt"); err == nil || !strings.Contains(out, "not in its holding account any more") {
		t.Errorf("a second time: %v\n%s", err, out)
	}

	// The sender, with the age identity and another payment's box.
	x.copy(kept.receipts[1], "receipt.json")
	x.write("identity.txt", kept.identity+"\n")
	x.run("identity")
	if got := balance(kept.treasury); got != before+2*amount {
		t.Errorf("with the identity, %d stroops came home", got-before-amount)
	}

	// The recipient, with her kit. Nobody made an account for her.
	x.copy(kept.kit, "kit.age")
	if out, err := x.tryAtTerminal("kit", "not the passphrase"); err == nil {
		t.Errorf("the kit opens with another passphrase\n%s", out)
	}
	if out, err := x.tryAtTerminal("kit", kitPassphrase); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ana := strings.TrimSpace(x.read("mine.address"))
	if key, err := keypair.ParseFull(strings.TrimSpace(x.read("mine.txt"))); err != nil || key.Address() != ana {
		t.Errorf("she does not have the key of %s: %v", ana, err)
	}
	if got := balance(ana); got != amount {
		t.Errorf("the recipient has %d stroops", got)
	}
	for _, h := range kept.holdings {
		if got := balance(h); got != -1 {
			t.Errorf("the holding account %s is still there, with %d stroops", h, got)
		}
	}
	if got := balance(kept.treasury); got != before+2*amount {
		t.Errorf("the recipient's money moved the sender's: %d", got-before)
	}
}

// keepsakes is what people, and a thief, have when the house is gone.
type keepsakes struct {
	treasury, identity string
	notBefore          uint32
	receipts           [2]string // files
	kit                string    // file
	holdings           []string
	loot               string   // a copy of the house's whole directory
	boxes              [][]byte // as the database kept them
}

// whileWeWereThere runs the house, sends, saves, and deletes all of the house.
func (x *exile) whileWeWereThere() keepsakes {
	t := x.t
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	data := filepath.Join(t.TempDir(), "data")
	d, end, err := raise(ctx, io.Discard, func(c *houseConfig) {
		c.Data, c.Ledger.URL, c.Ledger.Friendbot, c.Ledger.Passphrase = data, x.network.RPC, x.network.RPC+"/friendbot", x.network.Passphrase
	})
	if err != nil {
		t.Fatal(err)
	}
	end = sync.OnceFunc(end)
	defer end()
	kept := keepsakes{treasury: d.w.app.Treasury, identity: d.w.identity, loot: t.TempDir()}
	var sent []client.Sent
	for range 3 {
		s, err := d.app.Send(ctx, client.SendRequest{To: "ana@example.com", Amount: "25", Note: "for the concert"})
		if err != nil {
			t.Fatal(err)
		}
		s.Payment, err = d.app.Follow(ctx, s.Payment.ID, func(p client.Payment) bool { return p.State == string(relay.Pending) })
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, s)
		kept.holdings = append(kept.holdings, *s.Payment.HoldingAccount)
		kept.notBefore = max(kept.notBefore, *s.Payment.NotBeforeLedger)
		var box []byte
		err = d.house.store.View(ctx, func(tx relay.Tx) (err error) { box, err = tx.Box(relay.PaymentID(s.Payment.ID)); return err })
		if err != nil {
			t.Fatal(err)
		}
		kept.boxes = append(kept.boxes, box)
	}
	for i := range kept.receipts {
		kept.receipts[i] = filepath.Join(x.dir, "kept", "receipt"+string(rune('0'+i)))
		x.command(d, 0, "receipt", sent[i].Payment.ID, "--out", kept.receipts[i])
	}
	kept.kit = filepath.Join(x.dir, "kept", "kit")
	x.saveKit(ctx, d, sent[2].Link, kept.kit)
	if _, err := copyTree(data, kept.loot); err != nil {
		t.Fatal(err)
	}

	end()
	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", strings.TrimPrefix(d.house.base, "http://")); err == nil {
		c.Close()
		t.Fatal("the house still answers")
	}
	return kept
}

// saveKit is the recipient at the command line: a code is mailed, she gives it, and has her kit.
func (x *exile) saveKit(ctx context.Context, d *stage, l client.Link, file string) {
	link, err := l.Reveal()
	if err != nil {
		x.t.Fatal(err)
	}
	x.write("kit.pass", kitPassphrase+"\n")
	args := []string{"kit", link, "--out", file, "--passphrase-file", filepath.Join(x.dir, "kit.pass")}
	asked := time.Now()
	x.command(d, statusCode, args...)
	code, err := d.codeFromInbox(ctx, asked)
	if err != nil {
		x.t.Fatal(err)
	}
	x.command(d, 0, append(args, "--code", code)...)
}

// command runs restante as people type it.
func (x *exile) command(d *stage, want int, args ...string) {
	x.t.Helper()
	env := map[string]string{"RESTANTE_SERVER": d.house.base, "RESTANTE_KEY": d.w.key, "RESTANTE_STATE": filepath.Join(x.dir, "state")}
	var out, told bytes.Buffer
	err := run(x.t.Context(), func(n string) string { return env[n] }, args, strings.NewReader(""), &out, &told)
	if got := statusOf(err); got != want {
		x.t.Fatalf("restante %s: status %d, want %d\n%s%s", args[0], got, want, out.String(), told.String())
	}
}

// thief has the service's directory and the boxes as its database kept them, decrypted with its own keys. No identity is
// among the loot, no key of a holding account, and age opens nothing.
func (x *exile) thief(kept keepsakes) {
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
	if what, where, err := search(kept.loot, needles); err != nil || what != "" {
		t.Errorf("the loot holds %s in %s: %v", what, where, err)
	}
	planted := filepath.Join(kept.loot, "planted")
	if err := os.WriteFile(planted, []byte("x"+needles["the seed of "+kept.holdings[2]]), 0o600); err != nil {
		t.Fatal(err)
	}
	if what, _, err := search(kept.loot, needles); err != nil || what == "" {
		t.Errorf("control: a planted seed is not found: %v", err)
	}
	stranger, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	x.write("guess.txt", stranger.String()+"\n")
	for _, file := range kept.boxes {
		x.write("stolen.age", string(file))
		out, err := x.sh("age -d -i guess.txt stolen.age")
		if err == nil || !strings.Contains(out, "no identity matched") {
			t.Errorf("the thief's age: %v\n%s", err, out)
		}
	}
}
