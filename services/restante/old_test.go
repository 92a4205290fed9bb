package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/services/restante/internal/demo"
	"github.com/restante/restante/services/restante/internal/stack"
)

// oldPayment is a payment of a data directory that older code wrote, as its sender and its recipient know it. The code of commit
// 3caf6df wrote the one that is here, driven by a test that history keeps: services/restante/testdata/old/make.go as of 2acd77c.
type oldPayment struct {
	Name     string
	ID       string
	State    string // when the directory was left
	Reason   string
	Asset    string
	Amount   string // as the API spells it
	Wallet   string // seed of the wallet it is out of; "" = the app's treasury
	Link     string
	Claimant string             // seed of the account that it is, or is to be, claimed into
	Replaces string             // id of the payment whose money it moves
	Receipt  *client.OwnReceipt // of a payment whose holding account the sender's client made
	Finish   string             // what is left to do: "", "claim", "code", "cancel", "expire", "thaw", "allow", "undo"

	end string // the state that it ended in
}

// oldData is such a directory, opened by the present code.
type oldData struct {
	*testing.T
	*demo.Instance
	ctx   context.Context
	later bool         // so much time has passed that nothing lands that was on its way
	clock atomic.Int64 // how far the clients' clocks are from ours, nanoseconds
	play  struct {
		Key, Treasury, Identity, Sender, Issuer, Asset, OnFile string
		Payments                                               []*oldPayment
	}
	books oldBooks
}

// TestOldData opens data directories that older code wrote, with payments in every live state in them, and finishes every
// payment, accounting for every stroop by the reader that imports nothing of ours: at once, so that what was on its way lands,
// and later than that, so that nothing of it can.
func TestOldData(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("testdata/old/*.tar.gz")
	if err != nil || len(archives) == 0 {
		t.Fatalf("there is no old data: %v", err)
	}
	for _, archive := range archives {
		for _, later := range []bool{false, true} {
			name := strings.TrimSuffix(filepath.Base(archive), ".tar.gz") + " at once"
			if later {
				name = strings.TrimSuffix(filepath.Base(archive), ".tar.gz") + " later"
			}
			t.Run(name, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
				defer cancel()
				o := &oldData{T: t, ctx: ctx, later: later}
				defer o.open(archive)()
				o.asLeft()
				o.books = o.balances(false)
				if later {
					o.pass(10 * time.Minute)
				}
				o.finish()
				o.ends()
				o.account()
			})
		}
	}
}

func (o *oldData) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

// open unpacks a copy, sets its clocks to when it was left, and starts the present code on it.
func (o *oldData) open(archive string) (end func()) {
	dir := o.TempDir()
	unpack(o.T, archive, dir)
	text, err := os.ReadFile(filepath.Join(dir, "play.json"))
	o.must(err)
	o.must(json.Unmarshal(text, &o.play))
	o.rewind(filepath.Join(dir, "data", "ledger.db"))
	o.Instance, end, err = demo.Start(o.ctx, io.Discard, func(c *stack.Config) {
		c.Data, c.Now = filepath.Join(dir, "data"), func() time.Time { return time.Now().Add(time.Duration(o.clock.Load())) }
		c.Log = slog.New(slog.NewTextHandler(o.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	})
	o.must(err)
	o.Shift.Store(o.clock.Load())
	if o.Dev.Key != o.play.Key || o.Dev.App.Treasury != o.play.Treasury {
		o.Fatal("the app is another one")
	}
	return end
}

// rewind has the ledger in the file, and the clients' clocks, go on from when it was left.
func (o *oldData) rewind(path string) {
	db, err := sql.Open("sqlite", path)
	o.must(err)
	var closed int64
	err = db.QueryRow(`SELECT max(close_time) FROM ledgers`).Scan(&closed)
	o.clock.Store(int64(time.Until(time.Unix(closed, 0))))
	if err == nil {
		_, err = db.Exec(`UPDATE network SET clock_offset = $1`, o.clock.Load())
	}
	o.must(errors.Join(err, db.Close()))
}

func unpack(t *testing.T, archive, dir string) {
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		var text []byte
		if err == nil && h.Typeflag == tar.TypeReg {
			text, err = io.ReadAll(r)
		}
		if err != nil || !filepath.IsLocal(h.Name) {
			t.Fatal(h, err)
		}
		path := filepath.Join(dir, h.Name)
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o700)
		} else {
			err = os.WriteFile(path, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// pass lets time pass for ledger and clients alike.
func (o *oldData) pass(t time.Duration) {
	o.clock.Add(int64(t))
	o.Advance(t)
}

func (o *oldData) get(p *oldPayment) client.Payment {
	o.Helper()
	got, err := o.App.Get(o.ctx, p.ID, 0)
	o.must(err)
	return got
}

// asLeft wants each payment as the older code left it, in all the states that there are to be left in.
func (o *oldData) asLeft() {
	seen := map[relay.State]bool{}
	for _, p := range o.play.Payments {
		got := o.get(p)
		if relay.State(p.State).Ended() && (got.State != p.State || got.Reason != p.Reason) || got.Amount != p.Amount || got.Asset != p.Asset {
			o.Errorf("%s was %s %s, %s %s; it is %s %s, %s %s", p.Name, p.State, p.Reason, p.Amount, p.Asset, got.State, got.Reason, got.Amount, got.Asset)
		}
		seen[relay.State(p.State)] = true
	}
	for _, s := range []relay.State{relay.Created, relay.Funding, relay.Pending, relay.Claiming, relay.Returning, relay.Parked} {
		if !seen[s] {
			o.Errorf("no payment was left %s", s)
		}
	}
}

// finish does what is left to do: first what senders and recipients do, then what time does, and what is alive then is canceled.
func (o *oldData) finish() {
	for _, p := range o.play.Payments {
		switch p.Finish {
		case "claim", "code":
			o.claimIt(p)
		case "cancel":
			o.cancelIt(p)
		case "thaw":
			o.thaw(p)
		case "allow":
			o.allow(p)
		case "undo":
			o.undo(p)
		}
	}
	for range 20 { // what is on its way arrives, or is given up
		o.must(o.CloseLedger(o.ctx))
	}
	o.pass(2 * time.Hour)
	for _, p := range o.play.Payments {
		if p.Finish == "expire" {
			_, err := o.Reach(o.ctx, p.ID, relay.Returned)
			o.must(err)
		}
	}
	for _, p := range o.play.Payments {
		if state := relay.State(o.get(p).State); !state.Ended() && state != relay.Returning {
			o.cancelIt(p)
		}
	}
	for _, p := range o.play.Payments {
		got := o.get(p)
		if !relay.State(got.State).Ended() {
			var err error
			if got, err = o.Reach(o.ctx, p.ID, relay.Claimed, relay.Returned, relay.Canceled, relay.Failed, relay.Settled); err != nil {
				o.Errorf("%s, left %s: %v", p.Name, p.State, err)
			}
		}
		p.end, p.Reason = got.State, got.Reason
	}
}

// claimIt claims with the link, into a new account, unless there is nothing to claim any more.
func (o *oldData) claimIt(p *oldPayment) {
	o.Helper()
	got, err := o.Reach(o.ctx, p.ID, relay.Pending, relay.Failed, relay.Canceled)
	o.must(err)
	if got.State != string(relay.Pending) {
		return
	}
	link, err := client.ParseLink(p.Link)
	o.must(err)
	key, err := keypair.ParseFull(p.Claimant)
	o.must(err)
	r := o.ClaimInto(link, key)
	r.Code = func(ctx context.Context, _ client.CodeSession, wrong error) (string, error) {
		if wrong != nil {
			return "", wrong
		}
		return o.CodeFromInbox(ctx, time.Time{}) // the mailbox goes by our clock
	}
	err = o.WhileClosing(o.ctx, func(ctx context.Context) error { _, err := o.Recipient.Claim(ctx, r); return err })
	if err != nil {
		o.Errorf("claim of %s: %v", p.Name, err)
	}
}

func (o *oldData) cancelIt(p *oldPayment) {
	o.Helper()
	if _, err := o.App.Cancel(o.ctx, p.ID); err != nil && !client.IsCode(err, "already_failed") {
		o.Errorf("cancel of %s: %v", p.Name, err)
	}
}

// thaw has the network let a holding account go. Its return is asked.
func (o *oldData) thaw(p *oldPayment) {
	var id xdr.AccountId
	o.must(id.SetAddress(*o.get(p).HoldingAccount))
	key, err := id.LedgerKey()
	o.must(err)
	o.must(o.Stack.Devnet.Freeze(nil, []xdr.LedgerKey{key}))
	_, err = o.Reach(o.ctx, p.ID, relay.Returned)
	o.must(err)
}

// allow has the issuer authorise the trustline again. Then the payment waits as before, and is canceled.
func (o *oldData) allow(p *oldPayment) {
	issuer, err := keypair.ParseFull(o.play.Issuer)
	o.must(err)
	o.must(o.Execute(o.ctx, demo.Account{Full: issuer}, &txnbuild.SetTrustLineFlags{Trustor: *o.get(p).HoldingAccount,
		Asset: txnbuild.CreditAsset{Code: "USD", Issuer: issuer.Address()}, SetFlags: []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorized}}))
	_, err = o.Reach(o.ctx, p.ID, relay.Pending)
	o.must(err)
	o.cancelIt(p)
}

// undo has the sender, who is a holder of the key, take away what was put beside the money. Then it is claimed.
func (o *oldData) undo(p *oldPayment) {
	id, err := age.ParseX25519Identity(o.play.Sender)
	o.must(err)
	key, err := demo.SeedOf(p.Receipt.Receipt, id)
	o.must(err)
	o.must(o.Execute(o.ctx, demo.Account{Full: key}, &txnbuild.ManageData{Name: "mine"}))
	o.claimIt(p)
}

// ends holds the states to what they have to be. What was on its way may end in another way when it comes too late.
func (o *oldData) ends() {
	settled := map[string]bool{}
	for _, p := range o.play.Payments {
		settled[p.Name] = p.end == "settled"
	}
	for _, p := range o.play.Payments {
		want := []string{map[string]string{"claim": "claimed", "code": "claimed", "undo": "claimed", "cancel": "returned", "expire": "returned",
			"thaw": "returned", "allow": "returned"}[p.Finish]}
		switch {
		case strings.HasSuffix(p.Name, "clawed-back"):
			want = []string{"settled"}
		case relay.State(p.State).Ended():
			want = []string{p.State}
		case p.Name == "race":
			want = []string{"claimed", "settled"}
		case p.Name == "race-move": // its funding takes the money of the race, or dies: then the cancel comes before the news of that, or after
			if want = []string{"failed", "canceled"}; settled["race"] {
				want = []string{"returned"}
			}
		case p.Name == "wallet-created" || p.Name == "wallet-funding-unsigned":
			want = []string{"failed"}
		case strings.HasPrefix(p.Name, "direct-"), strings.HasSuffix(p.Name, "claiming"):
			want = []string{"claimed"}
		case strings.HasSuffix(p.Name, "returning"), p.Name == "funding-cancel":
			want = []string{"returned"}
		case strings.HasSuffix(p.Name, "move-of"):
			want = []string{"settled"}
		}
		if o.later && (p.State == "claiming" || p.State == "funding" || strings.HasSuffix(p.Name, "move-of")) {
			want = append(want, "returned", "canceled", "failed")
		}
		if !slices.Contains(want, p.end) {
			o.Errorf("%s, left %s, is %s %s, not %v", p.Name, p.State, p.end, p.Reason, want)
		}
	}
}
