package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/services/restante/internal/demo"
	"github.com/restante/restante/services/restante/internal/stack"
)

// TestRestoredDatabase puts yesterday's database back under today's signer and ledger. What was funded since then is in the
// signer's log: nothing is funded twice, what the backup knows goes on, and what neither remembers goes home.
func TestRestoredDatabase(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	data, backup := t.TempDir(), t.TempDir()
	open := func() (*demo.Instance, func()) {
		d, end, err := demo.Start(ctx, io.Discard, func(c *stack.Config) {
			c.Data, c.Ledger.Interval = data, 100*time.Millisecond
			c.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
		})
		if err != nil {
			t.Fatal(err)
		}
		return d, end
	}
	send := func(d *demo.Instance) client.Sent {
		s, err := d.App.Send(ctx, client.SendRequest{To: "ana@example.com", Amount: "25", Policy: "link"})
		if err != nil {
			t.Fatal(err)
		}
		if s.Payment, err = d.App.Follow(ctx, s.Payment.ID, func(p client.Payment) bool { return p.State == string(relay.Pending) }); err != nil {
			t.Fatal(err)
		}
		return s
	}
	claim := func(d *demo.Instance, s client.Sent) *keypair.Full {
		key := keypair.MustRandom()
		if _, err := d.Recipient.Claim(ctx, d.ClaimInto(s.Link, key)); err != nil {
			t.Fatal(err)
		}
		return key
	}

	d, end := open()
	before, err := d.Balance(ctx, d.Dev.App.Treasury)
	if err != nil {
		t.Fatal(err)
	}
	pendingPayment, claimedLater := send(d), send(d)
	end()
	copyFile(t, filepath.Join(data, "restante.db"), filepath.Join(backup, "restante.db"))

	d, end = open()
	claimant := claim(d, claimedLater) // the backup believes that it waits
	forgotten, forgottenClaimed := send(d), send(d)
	gone := claim(d, forgottenClaimed)
	end()

	for _, name := range []string{"restante.db", "restante.db-wal", "restante.db-shm"} {
		_ = os.Remove(filepath.Join(data, name))
	}
	copyFile(t, filepath.Join(backup, "restante.db"), filepath.Join(data, "restante.db"))
	d, end = open()
	defer end()
	want := map[string]relay.State{
		pendingPayment.Payment.ID: relay.Pending, claimedLater.Payment.ID: relay.Settled,
		forgotten.Payment.ID: relay.Returned, forgottenClaimed.Payment.ID: relay.Settled,
	}
	for id, state := range want {
		p, err := d.App.Follow(ctx, id, func(p client.Payment) bool { return p.State == string(state) })
		if err != nil {
			t.Fatalf("%s never becomes %s: it is %s %s: %v", id, state, p.State, p.Reason, err)
		}
	}
	late := claim(d, pendingPayment)
	for _, key := range []*keypair.Full{claimant, gone, late} {
		if err := d.Expect(ctx, "a claimant", key.Address(), demo.Amount); err != nil {
			t.Error(err)
		}
	}
	if err := d.Expect(ctx, "the treasury", d.Dev.App.Treasury, before-3*demo.Amount); err != nil {
		t.Error(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestHalt stops everything that moves money, says so at a start, and goes on when a person has looked.
func TestHalt(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	start := func(lift string) (*demo.Instance, func()) {
		d, end, err := demo.Start(t.Context(), io.Discard, func(c *stack.Config) {
			c.Data, c.Ledger.Interval, c.Lift = data, 50*time.Millisecond, lift
		})
		if err != nil {
			t.Fatal(err)
		}
		return d, end
	}
	send := func(d *demo.Instance) string {
		s, err := d.App.Send(t.Context(), client.SendRequest{To: "ana@example.com", Amount: "25"})
		if err != nil {
			t.Fatal(err)
		}
		return s.Payment.ID
	}
	d, end := start("")
	if _, err := d.Stack.Desk.Halt(t.Context(), fmt.Errorf("the ledger is another one: %w", relay.ErrContradiction)); err != nil {
		t.Fatal(err)
	}
	id := send(d)
	end()
	d, end = start("")
	latest, err := d.Ledger.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for seq := latest; seq < latest+5; { // time enough to fund it, were it not halted
		if seq, err = d.Ledger.Latest(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := d.App.Get(t.Context(), id, 0); err != nil || p.State != string(relay.Created) {
		t.Fatalf("money moves while everything is halted: %s %v", p.State, err)
	}
	end()
	d, end = start(stack.AnyHalt)
	defer end()
	if _, err := d.App.Follow(t.Context(), id, func(p client.Payment) bool { return p.State == string(relay.Pending) }); err != nil {
		t.Fatal(err)
	}
}
