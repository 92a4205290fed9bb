package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/redeem"
	"github.com/restante/restante/services/internal/bareledger"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/restante/internal/stack"
	"github.com/restante/restante/services/worker"
)

// chapter is one promise, and what shows it. It says what it saw; an error means that the promise, or its control, did not hold.
type chapter struct {
	title string
	play  func(ctx context.Context, d *Instance) error
}

var chapters = []chapter{
	{"Send, and claim into a new account that never held a lumen", sendAndClaim},
	{"Cancel brings everything home", cancelComesHome},
	{"Decline brings everything home", declineComesHome},
	{"Expiry brings everything home, with nobody online", expiryComesHome},
	{"Claim and return in one ledger: the first takes it", bothInOneLedger},
	{"A claim whose answer is lost, then a cancel", lostAnswerThenCancel},
	{"A stolen data directory opens no box", stolenDirectory},
	{"A stolen link without the inbox opens nothing", stolenLink},
	{"A mistyped address is corrected, and opens nothing any more", mistypedAddress},
	{"Out of a wallet of his own, at no cost to the service", ownWallet},
	{"A client that vanishes before its wallet signs sends nothing", vanishedClient},
	{"Any asset: into a new account, home again, frozen and clawed back", anyAsset},
	{"Claim into what she has: a memo, a multiplexed address, her own wallet", intoWhatSheHas},
	{"The money moves on to somebody else, and the old link opens nothing", movedOn},
	{"Paid directly, once she has agreed", paidDirectly},
	{"What a holder of the key can do: park it, not lose it", keyHolder},
	{"Out without us: the receipt brings it home, the kit brings it to her", outWithoutUs},
	{"A look costs nothing, and the note is the recipient's alone", noteAndPreview},
}

// Outcome counts the chapters of a run of the demonstration.
type Outcome struct {
	All    int
	Played int // an interrupted one too
	Held   int
}

// Play plays every chapter on a private instance, and says on out what each of them saw. A chapter that does not hold is no error:
// it is one that could not begin, or was interrupted.
func Play(ctx context.Context, out io.Writer) (Outcome, error) {
	o := Outcome{All: len(chapters)}
	d, end, err := Start(ctx, out, nil)
	if err != nil {
		return o, err
	}
	defer end()
	for _, ch := range chapters {
		o.Played++
		fmt.Fprintf(out, "\n%d. %s\n", o.Played, ch.title)
		err := ch.play(ctx, d)
		if ctx.Err() != nil {
			return o, ctx.Err()
		}
		if err != nil {
			fmt.Fprintf(out, "   DOES NOT HOLD: %v\n", err)
			continue
		}
		o.Held++
	}
	return o, nil
}

// Instance is a private stack whose ledgers are closed by hand, and what the demonstration needs beside it.
type Instance struct {
	out       io.Writer
	Stack     *stack.Stack
	App       *client.Client // the sender
	Recipient *client.Client // as a browser or a command with no key of an app
	Ledger    bareledger.Reader
	Dev       stack.DevelopmentApp
	Shift     atomic.Int64 // how far the ledger's time was moved ahead, nanoseconds
}

// now is the time by a clock that goes with the ledger's.
func (d *Instance) now() time.Time { return time.Now().Add(time.Duration(d.Shift.Load())) }

// Advance moves that clock and the ledger's.
func (d *Instance) Advance(t time.Duration) {
	d.Shift.Add(int64(t))
	d.Stack.Devnet.AdvanceClock(t)
}

// Start starts a private instance in a directory of its own that goes when it is closed. change may alter its settings.
func Start(ctx context.Context, out io.Writer, change func(*stack.Config)) (*Instance, func(), error) {
	dir, err := os.MkdirTemp("", "restante-demo-")
	if err != nil {
		return nil, nil, err
	}
	cfg := stack.Config{Settings: stack.DefaultSettings(), Log: slog.New(slog.DiscardHandler)}
	cfg.Data, cfg.Addr, cfg.Ledger.Interval = dir, "127.0.0.1:0", 0
	cfg.Worker = worker.Config{SweepEvery: 20 * time.Millisecond, WatchEvery: 10 * time.Millisecond, Retry: 20 * time.Millisecond}
	if change != nil {
		change(&cfg)
	}
	ctx, cancel := context.WithCancel(ctx)
	h, err := stack.Open(ctx, cfg)
	if err != nil {
		cancel()
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	w, err := h.Prepare(ctx)
	if err != nil {
		cancel()
		return nil, nil, errors.Join(err, h.Close(), os.RemoveAll(dir))
	}
	stopped := make(chan error, 1)
	go func() { stopped <- h.Run(ctx) }()
	d := &Instance{out: out, Stack: h, Ledger: bareledger.Reader{URL: h.RPC}, Dev: w}
	end := func() { cancel(); <-stopped; _ = os.RemoveAll(dir) }
	if d.App, err = client.New(h.URL, client.Options{Key: secret.NewString(w.Key)}); err == nil {
		d.Recipient, err = client.New(h.URL, client.Options{Now: d.now})
	}
	if err != nil {
		end()
		return nil, nil, err
	}
	return d, end, nil
}

func (d *Instance) say(format string, args ...any) { fmt.Fprintf(d.out, "   "+format+"\n", args...) }

// patience is how many ledgers anything may take.
const patience = 60

// Until closes ledgers by hand until done says so, waiting after each until the watcher has seen it.
func (d *Instance) Until(ctx context.Context, done func() (bool, error)) error {
	for range patience {
		if err := d.CloseLedger(ctx); err != nil {
			return err
		}
		for range 25 { // the workers act on what the ledger showed
			ok, err := done()
			if err != nil || ok {
				return err
			}
			if err := boot.Pause(ctx, 10*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("it did not happen within %d ledgers", patience)
}

// CloseLedger closes one ledger and waits until the watcher has taken it in.
func (d *Instance) CloseLedger(ctx context.Context) error {
	seq, err := d.Stack.Devnet.CloseLedger()
	if err != nil {
		return err
	}
	return d.seen(ctx, seq)
}

func (d *Instance) seen(ctx context.Context, seq uint32) error {
	for {
		cursor, err := d.Stack.Desk.Cursor(ctx)
		if err != nil || cursor >= seq {
			return err
		}
		if err := boot.Pause(ctx, 2*time.Millisecond); err != nil {
			return err
		}
	}
}

// Reach closes ledgers until the payment is in one of the states.
func (d *Instance) Reach(ctx context.Context, id string, states ...relay.State) (p client.Payment, err error) {
	err = d.Until(ctx, func() (bool, error) {
		if p, err = d.App.Get(ctx, id, 0); err != nil {
			return false, err
		}
		for _, s := range states {
			if p.State == string(s) {
				return true, nil
			}
		}
		return false, nil
	})
	if err != nil {
		err = fmt.Errorf("payment %s is %s %s, not %v: %w", id, p.State, p.Reason, states, err)
	}
	return p, err
}

// Send sends 25 lumens to Ana and waits until they are there.
func (d *Instance) Send(ctx context.Context, change func(*client.SendRequest)) (client.Sent, error) {
	r := client.SendRequest{To: "ana@example.com", Amount: "25", Note: "for the concert"}
	if change != nil {
		change(&r)
	}
	sent, err := d.App.Send(ctx, r)
	if err != nil {
		return sent, err
	}
	sent.Payment, err = d.Reach(ctx, sent.Payment.ID, relay.Pending)
	return sent, err
}

// Claim claims into a new account with the code from Ana's inbox, closing ledgers while it waits.
func (d *Instance) Claim(ctx context.Context, link client.Link) (string, error) {
	account := keypair.MustRandom()
	return account.Address(), d.claims(ctx, d.ClaimInto(link, account))
}

// ClaimInto is a claim into a new account, with the code from the inbox.
func (d *Instance) ClaimInto(link client.Link, account *keypair.Full) client.ClaimRequest {
	return client.ClaimRequest{
		Link: link,
		Account: func(context.Context, redeem.Holding) (client.Account, error) {
			return client.Account{Address: account.Address(), Seed: secret.NewString(account.Seed())}, nil
		},
		Code: func(ctx context.Context, s client.CodeSession, wrong error) (string, error) {
			if wrong != nil {
				return "", wrong
			}
			return d.CodeFromInbox(ctx, s.ExpiresAt.Add(-time.Duration(relay.CodeLife)*time.Microsecond))
		},
	}
}

// CodeFromInbox waits for the mail with the code asked for at that moment and reads the code out of it.
func (d *Instance) CodeFromInbox(ctx context.Context, asked time.Time) (string, error) {
	for range 1000 {
		for _, m := range d.Stack.Mailbox.List("ana@example.com") {
			if code := sixDigits(m.Text); code != "" && !m.At.Before(asked) {
				return code, nil
			}
		}
		if err := boot.Pause(ctx, 5*time.Millisecond); err != nil {
			return "", err
		}
	}
	return "", errors.New("no code came")
}

// sixDigits finds a line, or a word, of exactly six digits.
func sixDigits(text string) string {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' || r == '\n' || r == '.' || r == ':' }) {
		if len(word) == 6 && strings.Trim(word, "0123456789") == "" {
			return word
		}
	}
	return ""
}

// WhileClosing runs fn while ledgers go on closing.
func (d *Instance) WhileClosing(ctx context.Context, fn func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- fn(ctx) }()
	for {
		select {
		case err := <-done:
			return err
		case <-time.After(40 * time.Millisecond):
			if err := d.CloseLedger(ctx); err != nil {
				return errors.Join(err, <-done)
			}
		}
	}
}

// Balance is an account's lumens in stroops by the independent reader; -1 when there is no such account.
func (d *Instance) Balance(ctx context.Context, account string) (int64, error) {
	a, err := d.Ledger.Account(ctx, account)
	if err == nil && !a.Exists {
		return -1, nil
	}
	return a.Balance, err
}

// Expect compares a balance on the ledger.
func (d *Instance) Expect(ctx context.Context, who, account string, want int64) error {
	got, err := d.Balance(ctx, account)
	if err == nil && got != want {
		err = fmt.Errorf("%s has %d stroops, not %d", who, got, want)
	}
	return err
}

// mustFail is a control: err must be there and must be this problem.
func mustFail(what string, err error, codes ...string) error {
	if err == nil {
		return fmt.Errorf("control: %s went through", what)
	}
	for _, code := range codes {
		if client.IsCode(err, code) {
			return nil
		}
	}
	return fmt.Errorf("control: %s failed, but for another reason: %w", what, err)
}
