package api_test

import (
	"context"
	"encoding/base64"
	"errors"
	"sync"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// ledger is a handful of accounts. What the API has no business with is not there: calling it panics.
type ledger struct {
	relay.Ledger // nil
	now          func() time.Time

	mu       sync.Mutex
	sequence uint32
	balances map[string]relay.Stroops
	memo     map[string]bool
	down     bool
}

func newLedger(now func() time.Time) *ledger {
	return &ledger{now: now, sequence: 1000, balances: map[string]relay.Stroops{}, memo: map[string]bool{}}
}

var errDown = relay.NewFault(relay.Unavailable, "ledger_unavailable", "The network does not answer; try again.", errors.New("refused"))

func (l *ledger) pay(account string, amount relay.Stroops) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.balances[account] += amount
}

func (l *ledger) remove(account string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.balances, account)
}

func (l *ledger) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sequence++
}

func (l *ledger) fail(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
}

func (l *ledger) wantsMemo(account string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.memo[account] = true
}

func (l *ledger) head() relay.Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return relay.Head{Sequence: l.sequence, CloseTime: l.now().Unix(), Hash: "00"}
}

func (l *ledger) Head(ctx context.Context) (relay.Head, error) {
	if l.failing() {
		return relay.Head{}, errDown
	}
	return l.head(), ctx.Err()
}

func (l *ledger) failing() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.down
}

func (l *ledger) account(account string) (relay.Stroops, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.balances[account]
	switch {
	case l.down:
		return 0, errDown
	case !ok:
		return 0, relay.ErrNotFound
	}
	return b, nil
}

func (l *ledger) Sequence(_ context.Context, account string) (int64, error) {
	_, err := l.account(account)
	return 990 << 32, err
}

func (l *ledger) Balance(_ context.Context, account string) (total, free relay.Stroops, err error) {
	total, err = l.account(account)
	return total, max(total-relay.One, 0), err
}

func (l *ledger) FeeBid(ctx context.Context) (relay.Stroops, error) {
	if l.failing() {
		return 0, errDown
	}
	return 100, ctx.Err()
}

func (l *ledger) MemoRequired(_ context.Context, account string) (bool, error) {
	_, err := l.account(account)
	return l.memo[account], err
}

func (l *ledger) Holdings(_ context.Context, ladder map[string]int64) (map[string]relay.HoldingFacts, error) {
	out := map[string]relay.HoldingFacts{}
	for account, lowest := range ladder {
		b, err := l.account(account)
		if err == errDown {
			return nil, err
		}
		if lowest != 1<<50 {
			return nil, errors.New("asked with another ladder than the one signed")
		}
		out[account] = relay.HoldingFacts{Exists: err == nil, Balance: b}
	}
	return out, nil
}

// scribe is a signer that plans real claims, and refuses what no signer would sign.
type scribe struct {
	relay.Signer // nil
	ledger       *ledger
	sponsor      *keypair.Full
	network      string
	asked        []relay.ClaimIntent
}

func (s *scribe) Treasury(context.Context, relay.AppID) (string, error) {
	return keypair.MustRandom().Address(), nil
}

func (s *scribe) Claim(_ context.Context, in relay.ClaimIntent) (relay.Envelope, error) {
	s.asked = append(s.asked, in)
	head := s.ledger.head()
	if in.Bound <= head.Sequence || in.MaxTime <= head.CloseTime || in.SignedAt != head.Sequence {
		return relay.Envelope{}, relay.NewFault(relay.Internal, "bounds", "", nil)
	}
	p := stellar.ClaimPlan{
		Passphrase: passphrase, Holding: in.Holding, Destination: in.Destination, NewAccount: in.NewAccount, Sequence: in.Sequence,
		MaxTime: in.MaxTime, LastLedger: in.Bound,
	}
	if in.Memo != "" {
		p.Memo = stellar.Memo{Kind: stellar.MemoText, Text: in.Memo}
	}
	if in.NewAccount {
		p.Sponsor = s.sponsor.Address()
	}
	tx, err := stellar.BuildClaim(p)
	if err != nil {
		return relay.Envelope{}, err
	}
	text := tx.XDR
	if in.NewAccount {
		if text, err = stellar.Sign(text, passphrase, s.sponsor); err != nil {
			return relay.Envelope{}, err
		}
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	return relay.Envelope{
		Hash: tx.Hash, Kind: relay.ClaimEnvelope, State: relay.Planned, Network: s.network, Source: in.Holding, Sequence: in.Sequence,
		SignedAt: in.SignedAt, Bound: in.Bound, MaxTime: in.MaxTime, XDR: raw, Payments: []relay.PaymentID{in.Payment},
		Destination: in.Destination, NewAccount: in.NewAccount,
	}, err
}
