package redeem

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// MostEnvelope is the greatest plan that is read at all, in bytes of base64. A claim has about 1 kB.
const MostEnvelope = 20_000

var (
	// ErrPlan says that a plan is unreadable or contradicts itself: hash, sequence or bound are not those of its envelope.
	ErrPlan = errors.New("the plan is not a claim, or contradicts itself")
	// ErrSequence says that the plan's sequence number is none that the holding account can have.
	ErrSequence = errors.New("the plan's sequence number is out of reach")
	// ErrMemo says that a memo is none that the network takes.
	ErrMemo = errors.New("a text memo has at most 28 bytes, an id memo is a number, a hash memo 64 hexadecimal digits")
	// ErrKeeper says that what is left of a purse would go to an account of which a box of before says nothing.
	ErrKeeper = errors.New("this link was made before links name the sender's wallet, so who gets the lumens besides the money cannot be " +
		"checked; claimed into a new account, they go along")
	// ErrKey says that the destination's key is missing, or is not the destination's.
	ErrKey = errors.New("the key of the new account is missing or not its own")
)

// PlanExpect is what the recipient demands of a plan.
type PlanExpect struct {
	Destination string        // where everything goes
	NewAccount  bool          // the destination is made by the claim, and signs too unless the purse pays for it
	NewLine     bool          // the destination, which exists, gets the trustline that it lacks, and signs too
	Sponsor     string        // who may sponsor it; "" any other account
	Purse       bool          // as the service says of a box without a keeper: the holding account pays fee and new account itself
	Memo        relay.Memo    // that the destination asks for; the zero Memo is none
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
// nothing else, with no memo but the expected one and an end in time and in ledgers. A holding account with a purse bids at most
// relay.FeePurse and pays for a new account itself; what is left of the purse goes into the new account, and of a claim into an
// existing one to the wallet that the box names. What differs is a *stellar.Mismatch, ErrPlan, ErrSequence or ErrKeeper.
//
// A box without a keeper was sealed by the signer, whose holding account has nothing besides the amount, or by a client of before:
// there is a purse when the service says so, and only the account that the payment returns to may get what is left of it.
func CheckPlan(got wire.Plan, h Holding, want PlanExpect) (Plan, error) {
	if len(got.Envelope) > MostEnvelope {
		return Plan{}, fmt.Errorf("%w: too long", ErrPlan)
	}
	if got.NewAccount != want.NewAccount {
		return Plan{}, &stellar.Mismatch{Field: "operations", Want: newness(want.NewAccount), Got: newness(got.NewAccount)}
	}
	if got.NewLine != want.NewLine {
		return Plan{}, &stellar.Mismatch{Field: "operations", Want: newness(want.NewLine) + " trustline", Got: newness(got.NewLine) + " trustline"}
	}
	if _, err := relay.ParseMemo(want.Memo.Kind, want.Memo.Value); err != nil {
		return Plan{}, ErrMemo
	}
	memo, err := stellar.MemoOf(want.Memo)
	if err != nil {
		return Plan{}, ErrMemo
	}
	expect := stellar.ClaimExpectation{
		Passphrase: h.Network, Holding: h.Account, Destination: want.Destination, Asset: h.Asset, Amount: h.Amount,
		NewAccount: want.NewAccount, NewLine: want.NewLine, Sponsor: want.Sponsor, Purse: want.Purse || h.Keeper != "", Memo: memo,
		LatestTime: min(want.Now.Add(want.Longest).Unix(), int64(h.ExpiresAt/1_000_000)),
	}
	if expect.Purse {
		expect.MaxFee = relay.FeePurse
	}
	if expect.Purse && !want.NewAccount {
		if expect.Keeper = h.Keeper; expect.Keeper == "" {
			expect.Keeper = h.ReturnTo
		}
	}
	tx, err := stellar.CheckClaim(got.Envelope, expect)
	var differs *stellar.Mismatch
	if expect.Keeper != h.Keeper && errors.As(err, &differs) {
		unkept := expect
		if unkept.Keeper = ""; !differsFrom(got.Envelope, unkept) {
			return Plan{}, ErrKeeper
		}
	}
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
	if !relay.ClaimNumber(tx.Sequence, tx.Bounds.MaxLedger) {
		return Plan{}, ErrSequence
	}
	return Plan{Tx: tx, Destination: want.Destination, NewAccount: want.NewAccount, holding: h}, nil
}

func differsFrom(envelope string, want stellar.ClaimExpectation) bool {
	_, err := stellar.CheckClaim(envelope, want)
	return err != nil
}

func newness(is bool) string {
	if is {
		return "a new account"
	}
	return "an existing account"
}

// WantsDestination says whether the destination has to sign: a new account that another one sponsors, or that gets a trustline.
func (p Plan) WantsDestination() bool {
	to, err := stellar.BaseAccount(p.Destination)
	return err == nil && slices.Contains(p.Tx.Signers, to)
}

// Sign adds the holding account's signature and, where the destination has to sign, its own by its seed (S…). It returns the
// envelope to hand in. ErrKey says that the seed is missing, or is not the destination's; nothing is signed then.
func (p Plan) Sign(destination secret.Bytes) (string, error) {
	if !p.WantsDestination() { // the network refuses a signature that it did not need
		return p.SignForWallet()
	}
	own, err := keypair.ParseFull(string(destination.Reveal()))
	if err != nil || own.Address() != p.Destination {
		return "", ErrKey
	}
	return p.sign(own)
}

// SignForWallet adds the holding account's signature only, and leaves the destination's to the wallet that has its key.
func (p Plan) SignForWallet() (string, error) { return p.sign() }

func (p Plan) sign(others ...*keypair.Full) (string, error) {
	holding, err := keypair.ParseFull(string(p.holding.seed.Reveal()))
	if err != nil || holding.Address() != p.holding.Account {
		return "", errors.New("the holding account's key is gone")
	}
	return stellar.Sign(p.Tx.XDR, p.holding.Network, append(others, holding)...)
}
