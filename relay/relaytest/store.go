// Package relaytest holds the conformance suites of relay's ports, and the fixtures that they are made of.
//
// It promises that an implementation which passes a suite keeps the port's contract as far as it can be seen from outside:
// compare-and-swap, rollback, uniqueness, leases, what the schema refuses. It refuses to look behind the port: that bytes
// at rest are encrypted, or that a table cannot be rewritten, is for the tests of each adapter.
//
// Start at [Store].
package relaytest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// Database is what the suite of a store runs on: the store with its queue.
type Database interface {
	desk.Store
	desk.Queue
}

// Store runs the conformance suite of desk.Store, desk.Tx and desk.Queue. open gives a new, empty database each time it is called
// and closes it with the test.
func Store(t *testing.T, open func(t *testing.T) Database) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"payment is kept", paymentIsKept},
		{"payment is saved over the version read", paymentSwap},
		{"payment ids and references are unique", paymentUnique},
		{"payment in no impossible state", paymentStates},
		{"payment passes through a life", paymentLife},
		{"payment terms do not change", paymentTerms},
		{"payment and envelope keep all that was agreed", termsKept},
		{"payment of terms that do not go together", termsHold},
		{"payment terms stay, of any kind", termsStay},
		{"payment changes its recipient in time", paymentReaddressed},
		{"update loads what was asked for", updateLoads},
		{"update rolls back", updateRollsBack},
		{"update tries a part", updateTries},
		{"update ends with its context", updateCanceled},
		{"update counts every writer", updateRaces},
		{"view only reads", viewReads},
		{"list pages newest first", listPages},
		{"list filters", listFilters},
		{"holding lists by state", holdingLists},
		{"history is in order", historyKept},
		{"holdings find payments", holdingsFound},
		{"envelope is kept", envelopeKept},
		{"envelope is saved over the version read", envelopeSwap},
		{"envelope fences a sequence", envelopeFence},
		{"envelope of a wallet fences no other", walletFence},
		{"envelope numbers that are taken", numbersTaken},
		{"envelope lists", envelopeLists},
		{"envelope in no impossible state", envelopeStates},
		{"work is there once", workOnce},
		{"work is released untried", workReleased},
		{"what is over is pruned", pruned},
		{"work of a wrong clock is due now", workOfWrongClock},
		{"work on an envelope is its payments' work", workOfEnvelope},
		{"work is leased once", workLease},
		{"work is leased once among racers", workRaces},
		{"work is leased in turns", workInTurns},
		{"work is leased by app", workByApp},
		{"fundings are paused", workPaused},
		{"work comes back", workRetry},
		{"work asked for while leased is not lost", workAgain},
		{"work is closed", workClosed},
		{"work is announced", workAnnounced},
		{"secrets are kept and expunged", secretsKept},
		{"codes and passes", codesAndPasses},
		{"codes and passes are dropped", credentialsDropped},
		{"apps and keys", appsAndKeys},
		{"usage adds up", usageAddsUp}, {"reserves in new accounts are listed", carriedAreListed}, {"an account that is gone locks nothing", missingLocksNothing},
		{"usage adds up by asset", usageByAsset},
		{"what is in flight adds up", carriedAddsUp},
		{"accounts are on file", accountsOnFile},
		{"answers are remembered", answersKept},
		{"ledgers are remembered", ledgersKept},
		{"halting", halting},
		{"fingerprints stay", fingerprintsStay},
		{"mark of the signer's log only grows", markGrows},
		{"what a wallet signs comes back", comingBack},
		{"ledgers wake", ledgerWakes},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			b := &fixture{T: t, Database: open(t), app: App("one")}
			b.update(func(tx desk.Tx) error { return tx.InsertApp(b.app) })
			c.run(b)
		})
	}
}

// fixture is a store under test with one app in it.
type fixture struct {
	*testing.T
	Database
	app relay.App
}

// ok fails the test when err is not nil.
func (b *fixture) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// is fails the test when err is not the fault wanted.
func (b *fixture) is(err, want error) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Fatalf("error is %v, want %v", err, want)
	}
}

// code fails the test when err is not a fault of the kind and code.
func (b *fixture) code(err error, kind relay.Kind, code string) {
	b.Helper()
	var f *relay.Fault
	if !errors.As(err, &f) || f.Kind != kind || f.Code != code {
		b.Fatalf("error is %v, want a fault %q of kind %d", err, code, kind)
	}
}

// refused fails the test when err is nil, or a fault that a caller would take for an answer about the request.
func (b *fixture) refused(what string, err error) {
	b.Helper()
	if err == nil {
		b.Fatalf("%s was accepted", what)
	}
	if code := relay.CodeOf(err); code != "" {
		b.Fatalf("%s is a fault %q, want a plain error", what, code)
	}
}

func (b *fixture) try(fn func(tx desk.Tx) error) error {
	return b.UpdateMany(b.Context(), nil, func(tx desk.Tx, _ []relay.Payment) error { return fn(tx) })
}

func (b *fixture) update(fn func(tx desk.Tx) error) {
	b.Helper()
	b.ok(b.try(fn))
}

func (b *fixture) view(fn func(tx desk.Tx) error) {
	b.Helper()
	b.ok(b.View(b.Context(), fn))
}

// insert stores payments and gives them back as stored.
func (b *fixture) insert(ps ...relay.Payment) []relay.Payment {
	b.Helper()
	var out []relay.Payment
	b.update(func(tx desk.Tx) error {
		out = nil
		for _, p := range ps {
			if err := tx.InsertPayment(p); err != nil {
				return err
			}
			p.Version = 1
			out = append(out, p)
		}
		return nil
	})
	return out
}

func (b *fixture) payment(id relay.PaymentID) (p relay.Payment) {
	b.Helper()
	b.view(func(tx desk.Tx) (err error) { p, err = tx.Payment(id); return err })
	return p
}

// same fails the test when a and b differ.
func same[T any](b *fixture, what string, got, want T, equal func(x, y T) bool) {
	b.Helper()
	if !equal(got, want) {
		b.Fatalf("%s is\n%+v, want\n%+v", what, got, want)
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
