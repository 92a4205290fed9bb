package main

import (
	"io"
	"testing"
	"time"

	"github.com/restante/restante/services/devnet/devnettest"
	"github.com/restante/restante/services/internal/bareledger"
	"github.com/restante/restante/services/restante/internal/stack"
)

// TestOverHorizon runs the product on a ledger elsewhere that speaks Horizon only: send and claim, send and cancel.
func TestOverHorizon(t *testing.T) {
	t.Parallel()
	network := devnettest.Start(t, devnettest.Interval(100*time.Millisecond))
	d, end, err := raise(t.Context(), io.Discard, func(c *stack.Config) {
		c.Ledger.Horizon, c.Ledger.Friendbot, c.Ledger.Passphrase = network.Horizon, network.RPC+"/friendbot", devnettest.Passphrase
	})
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	d.ledger = bareledger.Reader{URL: network.RPC}
	before, err := d.balance(t.Context(), d.w.App.Treasury)
	if err != nil {
		t.Fatal(err)
	}
	account, err := d.oneLife(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.oneLife(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := d.expect(t.Context(), "the claimant", account, amount); err != nil {
		t.Error(err)
	}
	if err := d.expect(t.Context(), "the treasury", d.w.App.Treasury, before-amount); err != nil {
		t.Error(err)
	}
}
