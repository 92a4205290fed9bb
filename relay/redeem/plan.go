package redeem

import (
	"errors"
	"fmt"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// MostBumps is how far the sequence number of a plan may be from the number that the holding account was born with. Each
// claim that fails on the ledger takes one.
const MostBumps = 10_000

// MostEnvelope is the greatest plan that is read at all, in bytes of base64. A claim has about 1 kB.
const MostEnvelope = 20_000

var (
	// ErrPlan says that a plan is unreadable or contradicts itself: hash, sequence or bound are not those of its envelope.
	ErrPlan = errors.New("the plan is not a claim, or contradicts itself")
	// ErrSequence says that the plan's sequence number is none that the holding account can have.
	ErrSequence = errors.New("the plan's sequence number is out of reach")
	// ErrMemo says that a memo is longer than the network takes.
	ErrMemo = errors.New("a memo has at most 28 bytes")
	// ErrKey says that the destination's key is missing, or is not the destination's.
	ErrKey = errors.New("the key of the new account is missing or not its own")
)

// PlanExpect is what the recipient demands of a plan.
type PlanExpect struct {
	Destination string        // where everything goes
	NewAccount  bool          // the destination is made by the claim and signs too
	Sponsor     string        // who may sponsor it; "" anybody else
	Memo        string        // text that the destination asks for, at most 28 bytes; "" none
	Now         time.Time     // by the recipient's clock
	Longest     time.Duration // the plan must end at Now + Longest or before, and before the payment's own end
}

// Plan is a plan that was checked and may be signed.
type Plan struct {
	Tx          stellar.Tx
	Destination string
	NewAccount  bool
	holding     Holding
}

// CheckPlan accepts exactly the envelope that moves everything from the holding account to the destination and does
// nothing else: one merge, preceded by the sponsored creation of the destination where that was asked for, fee 0, no
// memo but the expected one, with an end in time and in ledgers. What differs is a *stellar.Mismatch, ErrPlan or
// ErrSequence.
func CheckPlan(got wire.Plan, h Holding, want PlanExpect) (Plan, error) {
	if len(got.Envelope) > MostEnvelope {
		return Plan{}, fmt.Errorf("%w: too long", ErrPlan)
	}
	if got.NewAccount != want.NewAccount {
		return Plan{}, &stellar.Mismatch{Field: "operations", Want: newness(want.NewAccount), Got: newness(got.NewAccount)}
	}
	memo := stellar.Memo{}
	if want.Memo != "" {
		memo = stellar.Memo{Kind: stellar.MemoText, Text: want.Memo}
	}
	if len(want.Memo) > 28 {
		return Plan{}, ErrMemo
	}
	var differs *stellar.Mismatch
	tx, err := stellar.CheckClaim(got.Envelope, stellar.ClaimExpectation{
		Passphrase: h.Network, Holding: h.Account, Destination: want.Destination, NewAccount: want.NewAccount,
		Sponsor: want.Sponsor, Memo: memo, LatestTime: min(want.Now.Add(want.Longest).Unix(), int64(h.ExpiresAt/1_000_000)),
	})
	switch {
	case errors.As(err, &differs):
		return Plan{}, err
	case err != nil: // not readable, or of no shape that a claim has
		return Plan{}, fmt.Errorf("%w: %w", ErrPlan, err)
	case tx.Hash != got.Hash:
		return Plan{}, fmt.Errorf("%w: another hash", ErrPlan)
	case tx.Sequence != got.Sequence:
		return Plan{}, fmt.Errorf("%w: another sequence number", ErrPlan)
	case tx.Bounds.MaxLedger != got.MaxLedger:
		return Plan{}, fmt.Errorf("%w: another last ledger", ErrPlan)
	}
	// An account is born with the number (ledger << 32). A claim must merge in a ledger after that, below its bound.
	born, used := tx.Sequence>>32, tx.Sequence&(1<<32-1)
	if born <= 0 || born >= int64(tx.Bounds.MaxLedger) || used < 1 || used > MostBumps {
		return Plan{}, ErrSequence
	}
	return Plan{Tx: tx, Destination: want.Destination, NewAccount: want.NewAccount, holding: h}, nil
}

func newness(is bool) string {
	if is {
		return "a new account"
	}
	return "an existing account"
}

// Sign adds the holding account's signature and, for a new account, the destination's by its seed (S…, else empty). It
// returns the envelope to hand in. ErrKey says that the seed is not the destination's; nothing is signed then.
func (p Plan) Sign(newAccount secret.Bytes) (string, error) {
	holding, err := keypair.ParseFull(string(p.holding.seed.Reveal()))
	if err != nil || holding.Address() != p.holding.Account {
		return "", errors.New("the holding account's key is gone")
	}
	keys := []*keypair.Full{holding}
	if p.NewAccount {
		own, err := keypair.ParseFull(string(newAccount.Reveal()))
		if err != nil || own.Address() != p.Destination {
			return "", ErrKey
		}
		keys = append(keys, own)
	}
	return stellar.Sign(p.Tx.XDR, p.holding.Network, keys...)
}
