package stellar

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
)

// View turns what any adapter reads from a ledger into what the domain's port ([relay.Ledger]) answers, so that every
// protocol says the same of the same accounts.
type View struct {
	Passphrase string
	Sponsor    string // keeps the reserves of holding accounts
}

// Facts is what a holding account looks like; nil is one that is not there. lowest is the number of its lowest rung.
func (v View) Facts(a *Account, lowest int64) relay.HoldingFacts {
	if a == nil {
		return relay.HoldingFacts{}
	}
	f := relay.HoldingFacts{Exists: true, Balance: relay.Stroops(a.Balance)}
	if why := Takeover(a, Made{Sponsor: v.Sponsor, Lowest: lowest}); len(why) > 0 {
		f.Trouble, f.Detail = relay.KeyTakenOver, fmt.Sprint(why)
	}
	return f
}

// Advice dry-runs a ladder. The snapshot holds the holding account, the account to return to, and the sponsor. An error is
// of our own: a payment that cannot have a ladder.
func (v View) Advice(s Snapshot, pay relay.Payment, ladder []relay.Envelope) (relay.RungAdvice, error) {
	plan := ReturnPlan{Passphrase: v.Passphrase, Holding: pay.Holding, ReturnTo: pay.ReturnTo, LastLedger: pay.Bound,
		Sponsor: v.Sponsor, Amount: int64(pay.Amount)}
	byRung, left := map[int]string{}, []int{}
	for _, e := range ladder {
		byRung[e.Rung] = e.Hash
		left = append(left, e.Rung)
	}
	k, why := Advise(s, plan, left)
	if why == nil {
		return relay.RungAdvice{Use: byRung[k]}, nil
	}
	var refusal *Refusal
	if !errors.As(why, &refusal) {
		return relay.RungAdvice{}, why
	}
	advice := relay.RungAdvice{Detail: refusal.Error()}
	switch refusal.Reason {
	case TooEarly, SequenceTooFar:
		advice.Wait = true
	case HoldingMissing:
		advice.Reason = relay.HoldingAbsent
	case SponsorMissing, SponsorShort:
		advice.Wait = true // the operator fills the sponsor up; the money stays where it is
	case HasSubEntries, IsSponsor, Immutable, SignersChanged, SponsorChanged, HoldingShort:
		advice.Reason = relay.KeyTakenOver
	default:
		advice.Reason = relay.NoWayBack
	}
	return advice, nil
}

// Rehearsal dry-runs a claim, with the memo that its envelope carries. The snapshot holds the holding account, the
// destination and the sponsor. "" when it would go through now.
func (v View) Rehearsal(s Snapshot, e relay.Envelope) (string, error) {
	memo, err := memoOf(e.XDR)
	if err != nil {
		return "", err
	}
	plan := ClaimPlan{Passphrase: v.Passphrase, Holding: e.Source, Destination: e.Destination, NewAccount: e.NewAccount,
		Sequence: e.Sequence, MaxTime: e.MaxTime, LastLedger: e.Bound, Memo: memo}
	if e.NewAccount {
		plan.Sponsor = v.Sponsor
	}
	why := DryRunClaim(s, plan)
	if IsRefusal(why) != "" {
		return why.Error(), nil
	}
	return "", why
}

func memoOf(envelope []byte) (Memo, error) {
	var env xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshal(envelope, &env); err != nil {
		return Memo{}, fmt.Errorf("claim envelope is not XDR: %v", err)
	}
	switch m := env.Memo(); m.Type {
	case xdr.MemoTypeMemoText:
		return Memo{Kind: MemoText, Text: *m.Text}, nil
	case xdr.MemoTypeMemoId:
		return Memo{Kind: MemoID, ID: uint64(*m.Id)}, nil
	}
	return Memo{}, nil // the other kinds are in no claim of ours
}

// DecodeEnvelope reads an envelope that we wrote down, and wants its hash to be the one it was written down under.
func (v View) DecodeEnvelope(e relay.Envelope) (Tx, error) {
	tx, err := Decode(base64.StdEncoding.EncodeToString(e.XDR), v.Passphrase)
	if err == nil && tx.Hash != e.Hash {
		err = fmt.Errorf("envelope %s hashes to %s: %w", e.Hash, tx.Hash, relay.ErrContradiction)
	}
	return tx, err
}

// Bid is what to bid per operation, in stroops: what nine in ten paid of late, at least the network's minimum, at most most
// (0 = 1,000,000).
func Bid(p90 int64, most relay.Stroops) relay.Stroops {
	if most == 0 {
		most = 1_000_000
	}
	return min(max(relay.Stroops(p90), 100), most)
}
