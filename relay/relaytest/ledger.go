package relaytest

import (
	"errors"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// Truth is the network behind a ledger under test, reached past the adapter. A failure ends the test.
type Truth interface {
	// Passphrase of the network.
	Passphrase() string
	// Retention is how many closed ledgers the source still shows; at most some hundred, or the suite takes long.
	Retention() uint32
	// Fund makes the account, with 10000 lumens. It closes a ledger.
	Fund(t *testing.T, account string)
	// Close closes a ledger with what waits, and returns its number.
	Close(t *testing.T) uint32
	// CloseWith closes a ledger with exactly these envelopes (base64 XDR), applied in this order.
	CloseWith(t *testing.T, envelopes ...string) uint32
	// Advance moves the close times of later ledgers ahead, by seconds.
	Advance(t *testing.T, seconds int64)
	// SetMode sets how the source answers from now on. It changes nothing of the network itself.
	SetMode(t *testing.T, m Mode)
	// Mix, in the mode Frozen, answers honestly all requests but those for which lags is true. Requests are counted from 0 anew.
	Mix(t *testing.T, lags func(request int) bool)
	// Hang makes the source take requests and answer none, until SetMode. Each request calls arrived.
	Hang(t *testing.T, arrived func())
}

// Ledgers under test are made with these: the account that keeps the reserves of holding accounts is
// LedgerAccount("sponsor"), and MostBid is the most to bid for an operation.
const MostBid = relay.Stroops(5000)

// Ledger runs the conformance suite of desk.Ledger. open gives a new network, with some ledgers closed, and an adapter that
// reads it, each time it is called; both end with the test.
//
// What the suite cannot see from outside, each adapter tests itself: limits on bodies and pages, answers that contradict
// themselves, time limits.
func Ledger(t *testing.T, open func(t *testing.T) (Truth, desk.Ledger)) {
	for _, c := range []struct {
		name string
		run  func(*ledgerFixture)
	}{
		{"head moves", headMoves},
		{"sequence and lumens", accountsRead},
		{"look at accounts and assets", lookAround},
		{"look from a source that lags", lookTorn},
		{"submission words", submitWords},
		{"lost answer to a submission", submitLost},
		{"sight of success", sightSuccess},
		{"sight of failure", sightFailure},
		{"verdict by ledger", verdictByLedger},
		{"verdict by time", verdictByTime},
		{"verdict of what landed", verdictLanded},
		{"verdict of a number that another transaction used", verdictNumberUsed},
		{"verdict of a claim that a return beat", verdictBeaten},
		{"verdict of a return", verdictReturn},
		{"verdict across a gap", verdictGap},
		{"verdict of a foreign envelope", verdictMismatch},
		{"verdict from a source that lags", verdictLagging},
		{"verdict from sources that disagree", verdictTorn},
		{"verdict from another network", verdictForeign},
		{"holdings as made", holdingsMade},
		{"holdings taken over", holdingsTaken},
		{"advice through a life", adviceLife},
		{"advice after a spent rung", adviceSpent},
		{"advice without a way", adviceNone},
		{"claimable balances", claimableBalances},
		{"rehearsal", rehearsal},
		{"rehearsal with a memo", rehearsalMemo},
		{"funding of a credit asset", creditFunding},
		{"way home of a credit asset", creditHome},
		{"way home of a credit asset, taken over", creditTaken},
		{"claims of a credit asset", creditClaims},
		{"claims that make a trustline", creditLines},
		{"signatures by the signers that accounts have", gathering},
		{"own wallet, way home", ownHome},
		{"own wallet, claims", ownClaims},
		{"own wallet, empty purse", ownPurse},
		{"move", move},
		{"page of nothing", pageEmpty},
		{"page in order", pageOrder},
		{"page of many", pageMany},
		{"pages in a row", pagesInARow},
		{"page behind the gap", pageGap},
		{"page from a source that lags", pageLagging},
		{"fee bids", feeBids},
		{"failing source", failingSource},
		{"contexts", contexts},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			truth, ledger := open(t)
			b := &ledgerFixture{T: t, Truth: truth, Ledger: ledger}
			for _, name := range []string{"sender", "sponsor", "treasury", "channel"} {
				b.Fund(t, LedgerAccount(name))
			}
			c.run(b)
		})
	}
}

// ledgerFixture is a ledger under test, and the truth that it should tell. Sender, sponsor, treasury and channel exist.
type ledgerFixture struct {
	*testing.T
	Truth
	desk.Ledger
}

func (b *ledgerFixture) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// unavailable fails the test when err is not a fault of that kind.
func (b *ledgerFixture) unavailable(what string, err error) {
	b.Helper()
	if relay.KindOf(err) != relay.Unavailable || errors.Is(err, relay.ErrNotFound) {
		b.Errorf("%s: error is %v, want a fault of kind Unavailable", what, err)
	}
}

func (b *ledgerFixture) head() relay.Head {
	b.Helper()
	h, err := b.Head(b.Context())
	b.ok(err)
	return h
}

// until closes ledgers until seq has closed.
func (b *ledgerFixture) until(seq uint32) {
	b.Helper()
	for at := b.head().Sequence; at < seq; {
		at = b.Truth.Close(b.T)
	}
}

func (b *ledgerFixture) sequence(name string) int64 {
	b.Helper()
	n, err := b.Sequence(b.Context(), LedgerAccount(name))
	b.ok(err)
	return n
}

func (b *ledgerFixture) sight(hash string) *relay.Sighting {
	b.Helper()
	s, err := b.Sight(b.Context(), hash)
	b.ok(err)
	return s
}

func (b *ledgerFixture) page(seq uint32) *relay.LedgerPage {
	b.Helper()
	p, err := b.Page(b.Context(), seq)
	b.ok(err)
	return p
}

// verdict wants a verdict and that nothing was seen.
func (b *ledgerFixture) verdict(when string, e relay.Envelope, want relay.Verdict) {
	b.Helper()
	got, seen, err := b.Verdict(b.Context(), e)
	b.ok(err)
	if got != want || seen != nil {
		b.Fatalf("%s: verdict %d, seen %+v, want %d", when, got, seen, want)
	}
}
