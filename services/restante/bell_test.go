package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/restante/internal/demo"
	"github.com/restante/restante/services/restante/internal/stack"
)

// TestBell: the bus only rings. With its store deleted and publishing disabled, a hundred payments still finish, and every
// stroop is where the ledger, read by code that imports nothing of ours, says it should be.
func TestBell(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d, end, err := demo.Start(ctx, io.Discard, func(c *stack.Config) {
		c.MuteBus = true
		c.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
		c.Ledger.Interval = 100 * time.Millisecond
		c.Worker.SweepEvery = 50 * time.Millisecond
		c.Worker.BoundLedgers = 60 // 6 seconds: a machine that is busy hands a funding in late
	})
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	for range 100 { // its server is alive and may be writing just now
		if err = os.RemoveAll(filepath.Join(d.Stack.Config.Data, "bus")); err == nil {
			break
		}
		_ = boot.Pause(ctx, 10*time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Stack.Devnet.SetFaults(devnet.Faults{LoseAnswer: 0.3, Seed: 7}); err != nil {
		t.Fatal(err)
	}
	before, err := d.Balance(ctx, d.Dev.App.Treasury)
	if err != nil {
		t.Fatal(err)
	}
	const payments = 100
	var wg sync.WaitGroup
	accounts := make([]string, payments)
	errs := make([]error, payments)
	next := make(chan int)
	for range 16 {
		wg.Go(func() {
			for i := range next {
				accounts[i], errs[i] = oneLife(ctx, d, i)
			}
		})
	}
	for i := range payments {
		next <- i
	}
	close(next)
	wg.Wait()
	claimed := int64(0)
	for i, account := range accounts {
		if errs[i] != nil {
			t.Fatalf("payment %d: %v", i, errs[i])
		}
		if account == "" {
			continue
		}
		claimed++
		if err := d.Expect(ctx, "a claimant", account, demo.Amount); err != nil {
			t.Error(err)
		}
	}
	if claimed != payments/2 {
		t.Errorf("%d claims", claimed)
	}
	if err := d.Expect(ctx, "the treasury", d.Dev.App.Treasury, before-claimed*demo.Amount); err != nil {
		t.Error(err)
	}
}

// oneLife sends one payment and claims it, or for odd numbers takes it back. It waits for the end.
func oneLife(ctx context.Context, d *demo.Instance, i int) (account string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute) // only so that a payment without an end says which
	defer cancel()
	sent, err := d.App.Send(ctx, client.SendRequest{To: fmt.Sprintf("ana+%d@example.com", i), Amount: "25", Policy: string(relay.Link)})
	if err != nil {
		return "", err
	}
	if i%2 == 0 {
		key := keypair.MustRandom()
		_, err := d.Recipient.Claim(ctx, d.ClaimInto(sent.Link, key))
		for client.IsCode(err, "claim_not_landing") { // as it says, the recipient tries again: a busy machine hands a claim in late
			_, err = d.Recipient.Claim(ctx, d.ClaimInto(sent.Link, key))
		}
		return key.Address(), err
	}
	if i%4 == 1 { // once the money waits; the others at once
		if _, err := d.App.Follow(ctx, sent.Payment.ID, func(p client.Payment) bool { return p.State == string(relay.Pending) }); err != nil {
			return "", err
		}
	}
	if _, err := d.App.Cancel(ctx, sent.Payment.ID); err != nil {
		return "", err
	}
	p, err := d.App.Follow(ctx, sent.Payment.ID, func(p client.Payment) bool { return relay.State(p.State).Ended() })
	if err == nil && p.State != string(relay.Returned) && p.State != string(relay.Canceled) {
		err = fmt.Errorf("ended %s", p.State)
	}
	return "", err
}
