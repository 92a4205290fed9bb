package stellar

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
)

// View turns what any adapter reads from a ledger into what the port desk.Ledger answers, so that every
// protocol says the same of the same accounts.
type View struct {
	Passphrase string
	Sponsor    string // keeps the reserves of holding accounts
}

// Facts is what a holding account looks like; a is nil for one that is not there, l its trustline for a credit asset.
func (v View) Facts(q relay.HoldingQuery, a *Account, l *Trustline) relay.HoldingFacts {
	if a == nil {
		return relay.HoldingFacts{}
	}
	f := relay.HoldingFacts{Exists: true, Balance: a.Balance, Held: a.Balance}
	if q.Asset != relay.Native {
		f.Held = 0
		if l != nil {
			f.Held = l.Balance
		}
	}
	made := Made{Sponsor: cmp.Or(q.Sponsor, v.Sponsor), Asset: q.Asset, Amount: q.Amount, Lowest: q.Lowest}
	why := Takeover(a, l, made)
	switch {
	case len(why) > 0:
		f.Trouble, f.Detail = relay.KeyTakenOver, fmt.Sprint(why)
	case q.Asset == relay.Native:
	case f.Held < q.Amount:
		f.Trouble, f.Detail = relay.KeyTakenOver, fmt.Sprintf("it holds %s of %s", f.Held, q.Amount)
		if l.Clawback() { // else only its key can have paid out
			f.Trouble = relay.ClawedBack
		}
	case !l.Authorized():
		f.Trouble, f.Detail = relay.Deauthorised, "the issuer has taken the authorisation of its trustline away"
	}
	return f
}

// Account is what an account that may pay or receive looks like; nil is one that is not there.
func (v View) Account(a *Account, l *Trustline, asset string, reserve relay.Stroops) relay.AccountFacts {
	if a == nil {
		return relay.AccountFacts{}
	}
	free := a.Free(reserve)
	f := relay.AccountFacts{Exists: true, Sequence: a.Sequence, Balance: a.Balance, Free: free, MemoRequired: a.MemoRequired,
		Sponsor: a.Sponsor}
	if l != nil {
		f.LineSponsor = l.Sponsor
	}
	for _, s := range a.signers() {
		f.Signers = append(f.Signers, s.Key)
	}
	switch {
	case asset == relay.Native:
		f.Line, f.Authorized, f.Spendable = true, true, free
		f.Room = math.MaxInt64 - a.Balance - a.Buying
	case a.ID == Issuer(asset):
		f.Line, f.Authorized, f.Spendable, f.Room = true, true, math.MaxInt64, math.MaxInt64
	case l != nil:
		f.Line, f.Authorized = true, l.Authorized()
		f.Spendable, f.Room = l.Spendable(), l.Room()
	}
	return f
}

// Asset is what the issuer's account says of an asset; nil is an issuer that is not there.
func (v View) Asset(issuer *Account, asset string) relay.AssetFacts {
	if asset == relay.Native {
		return relay.AssetFacts{IssuerExists: true}
	}
	if issuer == nil {
		return relay.AssetFacts{}
	}
	has := func(flag xdr.AccountFlags) bool { return issuer.Flags&uint32(flag) != 0 }
	return relay.AssetFacts{IssuerExists: true, AuthRequired: has(xdr.AccountFlagsAuthRequiredFlag),
		Revocable: has(xdr.AccountFlagsAuthRevocableFlag), Clawback: has(xdr.AccountFlagsAuthClawbackEnabledFlag)}
}

// LookNeeds says which accounts and trustlines a snapshot must hold for Look: the asset's issuer too.
func (v View) LookNeeds(asset string, asked ...string) (accounts []string, lines []LineID) {
	accounts = append(accounts, asked...)
	if asset != relay.Native {
		accounts = append(accounts, Issuer(asset))
	}
	return accounts, linesOf(asset, asked...)
}

// Look is what accounts, and one asset in them, look like.
func (v View) Look(s Snapshot, asset string, asked ...string) (map[string]relay.AccountFacts, relay.AssetFacts, error) {
	out := make(map[string]relay.AccountFacts, len(asked))
	for _, id := range asked {
		a, err := s.get(id)
		if err != nil {
			return nil, relay.AssetFacts{}, err
		}
		l, err := s.line(id, asset)
		if err != nil {
			return nil, relay.AssetFacts{}, err
		}
		out[id] = v.Account(a, l, asset, s.BaseReserve)
	}
	if asset == relay.Native {
		return out, v.Asset(nil, asset), nil
	}
	issuer, err := s.get(Issuer(asset))
	if err != nil {
		return nil, relay.AssetFacts{}, err
	}
	return out, v.Asset(issuer, asset), nil
}

// HoldingsNeeds says which accounts and trustlines a snapshot must hold for Holdings.
func (v View) HoldingsNeeds(asked ...relay.HoldingQuery) (accounts []string, lines []LineID) {
	for _, q := range asked {
		accounts, lines = append(accounts, q.Account), append(lines, linesOf(q.Asset, q.Account)...)
	}
	return accounts, lines
}

// Holdings is what holding accounts look like.
func (v View) Holdings(s Snapshot, asked ...relay.HoldingQuery) (map[string]relay.HoldingFacts, error) {
	out := make(map[string]relay.HoldingFacts, len(asked))
	for _, q := range asked {
		a, err := s.get(q.Account)
		if err != nil {
			return nil, err
		}
		l, err := s.line(q.Account, q.Asset)
		if err != nil {
			return nil, err
		}
		out[q.Account] = v.Facts(q, a, l)
	}
	return out, nil
}

// Seen is what a watcher learns of one transaction of a closed ledger.
func (v View) Seen(s relay.Sighting, t Touches) relay.PageTransaction {
	out := relay.PageTransaction{Sighting: s, Touched: t.Accounts, Merges: map[string]string{}}
	if !s.Success {
		return out
	}
	for _, m := range t.Merges {
		out.Merges[m.Source] = m.Destination
	}
	return out
}

// AdviceNeeds and RehearsalNeeds say which accounts and trustlines a snapshot must hold for Advice and Rehearsal.
func (v View) AdviceNeeds(p relay.Payment, ladder []relay.Envelope) (accounts []string, lines []LineID) {
	home := base(p.ReturnTo)
	accounts = []string{p.Holding, home}
	if service := v.cosigner(p, ladder); service != "" {
		accounts = append(accounts, service)
	}
	if !p.FromWallet() {
		return accounts, linesOf(p.Asset, p.Holding, home)
	}
	return append(accounts, p.Sponsor), linesOf(p.Asset, p.Holding, home, p.Sponsor)
}

// cosigner is the service's account in a ladder: the one that signs rungs beside the holding account. The signer's own view is
// opened before it has an account, so it is read from the envelopes.
func (v View) cosigner(p relay.Payment, ladder []relay.Envelope) string {
	if v.Sponsor != "" {
		return v.Sponsor
	}
	for _, e := range ladder {
		tx, err := v.DecodeEnvelope(e)
		if err != nil {
			continue // the fault is found where the rungs are built again
		}
		for _, a := range tx.Signers {
			if a != p.Holding {
				return a
			}
		}
	}
	return ""
}

// RehearsalNeeds is AdviceNeeds for a claim.
func (v View) RehearsalNeeds(e relay.Envelope) (accounts []string, lines []LineID) {
	to, asset := base(e.Destination), assetOr(e.Asset)
	accounts = []string{e.Source, to, v.Sponsor}
	if merge := mergeOf(e.XDR); merge != "" && merge != to && merge != v.Sponsor {
		accounts = append(accounts, merge)
	}
	if asset != relay.Native && (e.NewAccount || e.NewLine) {
		accounts = append(accounts, Issuer(asset))
	}
	return accounts, linesOf(asset, e.Source, to)
}

// assetOr reads the asset of a claim that was written down before there was any but lumens.
func assetOr(asset string) string {
	if asset == "" {
		return relay.Native
	}
	return asset
}

func linesOf(asset string, accounts ...string) (ids []LineID) {
	for _, a := range accounts {
		if asset != relay.Native && a != Issuer(asset) {
			ids = append(ids, LineID{a, asset})
		}
	}
	return ids
}

// Advice dry-runs a ladder. The snapshot holds what AdviceNeeds says. An error is of our own: a payment that cannot have a ladder.
func (v View) Advice(s Snapshot, pay relay.Payment, ladder []relay.Envelope) (relay.RungAdvice, error) {
	plan := ReturnPlan{Passphrase: v.Passphrase, Version: pay.LadderVersion, Holding: pay.Holding, ReturnTo: pay.ReturnTo,
		Memo: pay.ReturnMemo, LastLedger: pay.Bound, Asset: pay.Asset, Amount: pay.Amount, Fee: uint32(pay.RungFee),
		Sponsor: v.cosigner(pay, ladder), Wallet: pay.Sponsor}
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
	case HasSubEntries, IsSponsor, Immutable, SignersChanged, SponsorChanged, HoldingShort, LineChanged:
		advice.Reason = relay.KeyTakenOver
	case Deauthorised:
		advice.Reason = relay.Deauthorised
	case ClawedBack:
		advice.Reason = relay.ClawedBack
	default:
		advice.Reason = relay.NoWayBack
	}
	return advice, nil
}

// Rehearsal dry-runs a claim, with the memo that its envelope carries. The snapshot holds what RehearsalNeeds says. "" when it would go through now.
func (v View) Rehearsal(s Snapshot, e relay.Envelope) (string, error) {
	memo, err := memoOf(e.XDR)
	if err != nil {
		return "", err
	}
	plan := ClaimPlan{Passphrase: v.Passphrase, Holding: e.Source, Destination: e.Destination, Asset: assetOr(e.Asset), Amount: e.Amount,
		NewAccount: e.NewAccount, NewLine: e.NewLine, Sequence: e.Sequence, MaxTime: e.MaxTime, LastLedger: e.Bound,
		Fee: uint32(e.OwnFee), Memo: memo}
	switch {
	case e.NewAccount && e.OwnFee == 0:
		plan.Sponsor = v.Sponsor
	case !e.NewAccount && paysOut(e.XDR):
		plan.Keeper = mergeOf(e.XDR)
	case !e.NewAccount:
		plan.Merged = true
	}
	why := DryRunClaim(s, plan)
	if IsRefusal(why) != "" {
		return why.Error(), nil
	}
	return "", why
}

// mergeOf is the account that a claim merges its holding account into; "" when it cannot be read.
func mergeOf(envelope []byte) string {
	var env xdr.TransactionEnvelope
	if xdr.SafeUnmarshal(envelope, &env) != nil || env.Type != xdr.EnvelopeTypeEnvelopeTypeTx {
		return ""
	}
	return lastMerge(env.V1.Tx)
}

// paysOut tells a claim into an existing account as it is planned now from one that was planned before and merges everything.
// Of a credit asset both pay the amount, and differ only in where the lumens go.
func paysOut(envelope []byte) bool {
	var env xdr.TransactionEnvelope
	if xdr.SafeUnmarshal(envelope, &env) != nil || env.Type != xdr.EnvelopeTypeEnvelopeTypeTx {
		return false
	}
	for _, op := range env.V1.Tx.Operations {
		if op.Body.Type == xdr.OperationTypePayment {
			return true
		}
	}
	return false
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
	case xdr.MemoTypeMemoHash:
		return Memo{Kind: MemoHash, Text: hex.EncodeToString(m.Hash[:])}, nil
	}
	return Memo{}, nil // the other kinds are in no claim of ours
}

// DecodeEnvelope reads an envelope that we wrote down, and wants its hash to be the one it was written down under.
func (v View) DecodeEnvelope(e relay.Envelope) (Tx, error) {
	tx, err := Decode(base64.StdEncoding.EncodeToString(e.XDR), v.Passphrase)
	if err == nil && tx.Hash != e.Hash {
		err = relay.AboutPayments(e.Hash, fmt.Errorf("envelope %s hashes to %s: %w", e.Hash, tx.Hash, relay.ErrContradiction), e.Payments...)
	}
	return tx, err
}
