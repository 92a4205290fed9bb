package client

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/redeem"
	"github.com/restante/restante/relay/sep7"
	"github.com/restante/restante/relay/wire"
)

const (
	// LongestClaim is how far off, by the ledger's clock, the end of a claim may be.
	LongestClaim = time.Hour
	// CodeTries is how often Claim asks its caller for a code.
	CodeTries  = 3
	claimTries = 3 // plans that are signed before it is left to the caller
)

// Account is where claimed money goes.
type Account struct {
	Address string       // G…
	Seed    secret.Bytes // S… of a new account, which signs its own making; empty for one that exists
}

// Holding is an opened box: the holding account, what it holds, and the sender's note. Its seed shows nowhere.
type Holding = redeem.Holding

// ClaimRequest is a claim.
type ClaimRequest struct {
	Link Link

	// Account says where the money goes. It is called after box and proof are good and before anything is signed. When it
	// returns a new account, the seed must be safe already: on disk and synced. Required.
	Account func(ctx context.Context, h Holding) (Account, error)

	// Code returns the code that was mailed in session s; wrong is what became of the code before, nil at first. It is
	// called CodeTries times at most, and its error ends the claim. Required under the policy guarded without Voucher.
	Code func(ctx context.Context, s CodeSession, wrong error) (string, error)

	Session CodeSession // of a code that was asked for earlier; the zero session has one mailed
	Earlier string      // account that an earlier call claimed into; "" none
	Voucher string      // the app's word, in place of a code

	// ClaimantKey is as [Credential.ClaimantKey]. Who keeps it, with session and code or voucher, may call Claim again with them after
	// a refusal. Empty: one is made for this call.
	ClaimantKey string

	Memo   relay.Memo // that an existing destination asks for; the zero Memo is none
	OnFile bool       // let the app pay this account directly from now on; needs a proof of the handle

	// Wallet asks the owner of the destination to sign in her own wallet, and returns at once: the relay gets what she signed
	// from the wallet. nil: she is not asked, and a claim that needs her signature is refused.
	Wallet func(ctx context.Context, r sep7.Request) error

	// ClockOff hears that the ledger's clock is ahead of this machine's (behind: negative) by more than a few minutes. The claim
	// goes on by the ledger's. May be nil.
	ClockOff func(by time.Duration)

	Tell func(ClaimView) // sees each state of the payment on the way; may be nil
}

// Claimed is a claim that landed.
type Claimed struct {
	View    ClaimView
	Account string
}

// Lost says that the money went, or is going, another way: back to the sender, or into another account.
type Lost struct{ View ClaimView }

func (l *Lost) Error() string {
	v := l.View
	switch relay.State(v.State) {
	case relay.Claimed:
		if v.Destination == nil {
			return "the money has been claimed already"
		}
		return "the money has been claimed already, into " + *v.Destination
	case relay.Settled:
		e := relay.Ending{State: relay.Settled, Reason: relay.Reason(v.Reason), Amount: v.Amount, Asset: v.Asset, Arrived: v.Arrived}
		if v.Destination != nil {
			e.Destination = *v.Destination
		}
		if v.Settlement != nil {
			e.Tx, e.Ledger = v.Settlement.Tx, v.Settlement.Ledger
		}
		said := strings.TrimSuffix(e.Sentence(relay.ToRecipient), ".")
		return strings.ToLower(said[:1]) + said[1:]
	case relay.Canceled, relay.Failed:
		return "the payment ended before any money moved" + l.because()
	case relay.Returning:
		return "the money is on its way back to the sender" + l.because()
	}
	return "the money went back to the sender" + l.because()
}

// because is the reason in words.
func (l *Lost) because() string {
	switch r := relay.Reason(l.View.Reason); r {
	case "":
		return ""
	case relay.ByCancel:
		return " because the sender canceled"
	case relay.ByDecline:
		return " because it was declined"
	case relay.ByExpiry:
		return " because the time ran out"
	default:
		return " (" + string(r) + ")"
	}
}

// Parked says that the money is safe in its holding account and cannot be moved just now.
type Parked struct{ View ClaimView }

func (p *Parked) Error() string {
	return "the money is safe but cannot be moved just now (" + p.View.Reason + ")"
}

// NoAccount says that the destination does not exist on the ledger, and that its key is not here to make it.
type NoAccount struct{ Address string }

func (n *NoAccount) Error() string {
	return "the account " + n.Address + " does not exist on the ledger yet, and only the owner of its key can make it"
}

// Claim is the whole way of a claim: wait until the money is there, prove, open the box, check the plan, sign, hand in,
// wait for what the ledger says. Errors: *Lost, *Parked, *Problem, *Unreached, those of package redeem when the relay's
// answers do not fit, and those of the callbacks. After any of them Claim may be called again; Earlier lets it recognise
// that a claim of an earlier call has landed.
func (c *Client) Claim(ctx context.Context, r ClaimRequest) (Claimed, error) {
	v, err := c.untilClaimable(ctx, r)
	if err != nil {
		return Claimed{}, err
	}
	if v.State != string(relay.Pending) {
		return outcome(v, r.Earlier)
	}
	proven, err := c.prove(ctx, r, v)
	if err != nil {
		return c.afterError(ctx, r, r.Earlier, err)
	}
	h, err := c.open(ctx, r.Link, v, proven)
	if err != nil {
		return Claimed{}, err
	}
	defer h.Wipe()
	to, err := r.Account(ctx, h)
	if err != nil {
		return Claimed{}, err
	}
	for range claimTries {
		if v, err = c.attempt(ctx, r, proven.Proof, v, h, to); IsCode(err, "plan_dead") {
			continue // the ledger was faster than we were
		}
		if err != nil {
			return c.afterError(ctx, r, to.Address, err)
		}
		if v.State != string(relay.Pending) {
			return outcome(v, to.Address)
		}
	}
	return Claimed{}, &Problem{
		Status: http.StatusServiceUnavailable, Code: "claim_not_landing",
		Detail: "The claim did not land in time. Nothing is lost; try again in a moment.",
	}
}

// untilClaimable follows the payment until it waits for a claim.
func (c *Client) untilClaimable(ctx context.Context, r ClaimRequest) (ClaimView, error) {
	v, err := c.FollowClaim(ctx, r.Link, func(v ClaimView) bool {
		r.tell(v)
		s := relay.State(v.State)
		return s != relay.Created && s != relay.Funding && s != relay.Claiming || Stopped(v)
	})
	return v, cmp.Or(err, stopped(v))
}

// Stopped says that a halt stands in the way of a payment: nothing goes on until the operator has looked.
func Stopped(v ClaimView) bool {
	return v.Held != nil && v.Held.Code == "halted" && !relay.State(v.State).Ended()
}

// stopped is the relay's refusal of what a halt stands in the way of, nil when none does.
func stopped(v ClaimView) error {
	if !Stopped(v) {
		return nil
	}
	return &Problem{Status: http.StatusConflict, Code: v.Held.Code, Detail: v.Held.Detail}
}

// outcome says how a payment that cannot be claimed any more, or not now, went for the owner of account ("": of none).
func outcome(v ClaimView, account string) (Claimed, error) {
	switch s := relay.State(v.State); {
	case s == relay.Claimed && v.Destination != nil && *v.Destination == account:
		return Claimed{View: v, Account: account}, nil
	case s == relay.Parked:
		return Claimed{}, &Parked{v}
	case s == relay.Returning || s.Known() && s.Ended():
		return Claimed{}, &Lost{v}
	}
	return Claimed{}, fmt.Errorf("%w: payment in state %q", ErrAnswer, v.State)
}

func (c *Client) prove(ctx context.Context, r ClaimRequest, v ClaimView) (Proven, error) {
	if r.ClaimantKey == "" {
		r.ClaimantKey = rand.Text()
	}
	asks, err := relay.Policy(v.Policy).AsksProof()
	if err != nil {
		return Proven{}, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	if !asks || r.Voucher != "" {
		return c.Prove(ctx, r.Link, Credential{Voucher: r.Voucher, ClaimantKey: r.ClaimantKey})
	}
	if r.Code == nil {
		return Proven{}, errors.New("this payment asks for a code, and the caller gives none")
	}
	s := r.Session
	if s.Session == "" {
		var err error
		if s, err = c.AskCode(ctx, r.Link); err != nil {
			return Proven{}, err
		}
	}
	var wrong error
	for range CodeTries {
		code, err := r.Code(ctx, s, wrong)
		if err != nil {
			return Proven{}, err
		}
		if !sixDigits(code) { // costs no try
			wrong = &Problem{Status: http.StatusUnprocessableEntity, Code: "code_malformed", Detail: "A code has six digits."}
			continue
		}
		p, err := c.Prove(ctx, r.Link, Credential{Session: s.Session, Code: code, ClaimantKey: r.ClaimantKey})
		if err == nil || !IsCode(err, "code_wrong") {
			return p, err
		}
		wrong = err
	}
	return Proven{}, wrong
}

func sixDigits(s string) bool {
	return len(s) == 6 && strings.Trim(s, "0123456789") == ""
}

func (c *Client) open(ctx context.Context, link Link, v ClaimView, got Proven) (Holding, error) {
	want, err := c.expected(ctx, link, v)
	if err != nil {
		return Holding{}, err
	}
	return redeem.Open(link.Secret, got, want)
}

// claimable is the part of an attempt that asks for a plan. With a wallet at hand, an existing account that lacks the
// trustline gets it by the claim.
func (c *Client) claimPlan(ctx context.Context, r ClaimRequest, proof string, to Account) (Plan, error) {
	got, err := c.PlanClaim(ctx, r.Link, proof, wire.PlanRequest{Destination: to.Address, Memo: r.Memo.Value, MemoType: r.Memo.Kind})
	if IsCode(err, "trustline_missing") && r.Wallet != nil {
		got, err = c.PlanClaim(ctx, r.Link, proof, wire.PlanRequest{Destination: to.Address, Memo: r.Memo.Value, MemoType: r.Memo.Kind, NewLine: true})
	}
	return got, err
}

// attempt plans, checks, signs and hands in once, and follows the payment to what the ledger says. Pending means that
// this claim cannot land any more and another may be tried.
func (c *Client) attempt(ctx context.Context, r ClaimRequest, proof string, v ClaimView, h Holding, to Account) (ClaimView, error) {
	got, err := c.claimPlan(ctx, r, proof, to)
	if IsCode(err, "claim_in_flight") { // of another call: the ledger decides on that one first
		return c.decided(ctx, r)
	}
	if err != nil {
		return ClaimView{}, err
	}
	if got.NewAccount && to.Seed.Len() == 0 && r.Wallet == nil {
		return ClaimView{}, &NoAccount{to.Address}
	}
	now, err := c.ledgerTime(r, got)
	if err != nil {
		return ClaimView{}, err
	}
	plan, err := redeem.CheckPlan(got, h, redeem.PlanExpect{
		Destination: to.Address, NewAccount: got.NewAccount, NewLine: got.NewLine, Purse: v.Purse, Memo: r.Memo, Now: now, Longest: LongestClaim,
	})
	if err != nil {
		return ClaimView{}, err
	}
	byWallet := plan.WantsDestination() && to.Seed.Len() == 0 && r.Wallet != nil
	var signed string
	if byWallet {
		signed, err = plan.SignForWallet()
	} else {
		signed, err = plan.Sign(to.Seed)
	}
	if err != nil {
		return ClaimView{}, err
	}
	if r.OnFile {
		if err := c.Agree(ctx, r.Link, proof, to.Address); err != nil {
			return ClaimView{}, err
		}
	}
	if byWallet {
		return c.byWallet(ctx, r, h, to, signed)
	}
	if _, err := c.SubmitClaim(ctx, r.Link, proof, signed); err != nil && !IsCode(err, "claim_in_flight") {
		return ClaimView{}, err
	}
	return c.decided(ctx, r)
}

// decided follows the payment until no claim is on its way.
func (c *Client) decided(ctx context.Context, r ClaimRequest) (ClaimView, error) {
	v, err := c.FollowClaim(ctx, r.Link, func(v ClaimView) bool {
		r.tell(v)
		return v.State != string(relay.Claiming) || Stopped(v)
	})
	return v, cmp.Or(err, stopped(v))
}

// afterError looks, after a refusal or a silence, whether the payment has gone its way meanwhile, perhaps by our own
// claim. If not, or if that cannot be seen either, the error stands.
func (c *Client) afterError(ctx context.Context, r ClaimRequest, account string, err error) (Claimed, error) {
	var p *Problem
	var lost *Unreached
	if !errors.As(err, &p) && !errors.As(err, &lost) {
		return Claimed{}, err
	}
	v, viewErr := c.look(ctx, r.Link, 0, "", true)
	if s := relay.State(v.State); viewErr == nil && s.Known() && (s == relay.Returning || s.Ended()) {
		return outcome(v, account)
	}
	return Claimed{}, err
}

func (r ClaimRequest) tell(v ClaimView) {
	if r.Tell != nil {
		r.Tell(v)
	}
}
