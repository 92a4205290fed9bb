package main

import (
	"io"
	"testing"
	"time"

	"github.com/restante/restante/services/devnet/devnettest"
	"github.com/restante/restante/services/internal/bareledger"
	"github.com/restante/restante/services/restante/internal/demo"
	"github.com/restante/restante/services/restante/internal/stack"
)

// TestOverHorizon runs the product on a ledger elsewhere that speaks Horizon only: send and claim, send and cancel.
func TestOverHorizon(t *testing.T) {
	t.Parallel()
	network := devnettest.Start(t, devnettest.Interval(100*time.Millisecond))
	d, end, err := demo.Start(t.Context(), io.Discard, func(c *stack.Config) {
		c.Ledger.Horizon, c.Ledger.Friendbot, c.Ledger.Passphrase = network.Horizon, network.RPC+"/friendbot", devnettest.Passphrase
	})
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	d.Ledger = bareledger.Reader{URL: network.RPC}
	before, err := d.Balance(t.Context(), d.Dev.App.Treasury)
	if err != nil {
		t.Fatal(err)
	}
	account, err := oneLife(t.Context(), d, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := oneLife(t.Context(), d, 1); err != nil {
		t.Fatal(err)
	}
	if err := d.Expect(t.Context(), "the claimant", account, demo.Amount); err != nil {
		t.Error(err)
	}
	if err := d.Expect(t.Context(), "the treasury", d.Dev.App.Treasury, before-demo.Amount); err != nil {
		t.Error(err)
	}
}
