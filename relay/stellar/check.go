package stellar

import (
	"fmt"
	"math"

	"github.com/restante/restante/relay"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// Mismatch says in which part an envelope differs from the only one that would have been accepted.
type Mismatch struct {
	Field     string // "source", "fee", "sequence", "bounds", "memo", "operations", "operation 2"…
	Want, Got string
}

func (m *Mismatch) Error() string {
	return fmt.Sprintf("envelope differs in its %s: want %s, got %s", m.Field, m.Want, m.Got)
}

// ClaimExpectation is what a claimant's client knows by itself before it signs a claim that a service has planned.
type ClaimExpectation struct {
	Passphrase  string
	Holding     string
	Destination string
	Asset       string        // "native" or CODE:ISSUER
	Amount      relay.Stroops // stroops
	NewAccount  bool
	NewLine     bool
	Keeper      string // where what is left of a claim into an existing account goes; empty: anywhere, it is not the claimant's
	Sponsor     string // the account that may sponsor the new one; empty: any but Holding and Destination
	Purse       bool   // the holding account pays for the new account itself
	Sequence    int64  // the number it must carry; 0: whichever, an unusable one only fails
	Memo        Memo
	LatestTime  int64         // MaxTime must be set and not be later, unix seconds
	LastLedger  uint32        // the last ledger must be set and not be later; 0: any
	MaxFee      relay.Stroops // stroops the inner transaction may bid; 0 for ours, which a fee bump pays
}

// CheckClaim accepts exactly the envelopes that BuildClaim makes for the expectation and returns what it read. The
// operations, their order and sources, the preconditions and the memo must be equal; sequence, bounds and fee may vary
// within the limits given. Signatures are not judged: the sponsor may or may not have signed yet. What differs is a
// *Mismatch.
func CheckClaim(envelopeXDR string, want ClaimExpectation) (Tx, error) {
	tx, body, err := plain(envelopeXDR, want.Passphrase)
	if err != nil {
		return Tx{}, err
	}
	if err := want.limits(tx, relay.Stroops(body.Fee)); err != nil {
		return Tx{}, err
	}
	sponsor := want.Sponsor
	switch {
	case want.Purse:
		sponsor = ""
	case want.NewAccount && sponsor == "":
		sponsor = firstSource(body)
	}
	keeper := want.Keeper
	if keeper == "" && !want.NewAccount {
		if keeper = lastMerge(body); keeper == "" || keeper == want.Holding {
			return Tx{}, &Mismatch{"operations", "a merge of what is left, to another account, at the end", "none"}
		}
	}
	d, f, err := claimDraft(ClaimPlan{
		Passphrase: want.Passphrase, Holding: want.Holding, Destination: want.Destination, Asset: want.Asset, Amount: want.Amount,
		NewAccount: want.NewAccount, NewLine: want.NewLine, Keeper: keeper, Sponsor: sponsor, Sequence: tx.Sequence, MaxTime: tx.Bounds.MaxTime,
		LastLedger: tx.Bounds.MaxLedger - 1, Fee: uint32(body.Fee), Memo: want.Memo,
	})
	if err != nil {
		return Tx{}, err
	}
	return tx, compare(d, f, body)
}

func (want ClaimExpectation) limits(tx Tx, fee relay.Stroops) error {
	last := want.LastLedger
	if last == 0 {
		last = math.MaxUint32 - 1
	}
	switch {
	case want.LatestTime <= 0:
		return fmt.Errorf("no limit given for the end of the claim")
	case tx.Bounds.MaxTime <= 0 || tx.Bounds.MaxTime > want.LatestTime:
		return &Mismatch{"bounds", fmt.Sprintf("an end at %d or before", want.LatestTime), fmt.Sprint(tx.Bounds.MaxTime)}
	case tx.Bounds.MaxLedger == 0 || tx.Bounds.MaxLedger-1 > last:
		return &Mismatch{"bounds", fmt.Sprintf("a last ledger %d or before", last), fmt.Sprintf("below %d", tx.Bounds.MaxLedger)}
	case fee > want.MaxFee:
		return &Mismatch{"fee", fmt.Sprintf("at most %d", want.MaxFee), fmt.Sprintf("%d", fee)}
	case want.Sequence != 0 && want.Sequence != tx.Sequence:
		return &Mismatch{"sequence", fmt.Sprint(want.Sequence), fmt.Sprint(tx.Sequence)}
	}
	return nil
}

// CheckFunding accepts exactly the envelope that BuildFunding makes for the plan, with or without signatures.
func CheckFunding(envelopeXDR string, want FundingPlan) (Tx, error) {
	tx, body, err := plain(envelopeXDR, want.Passphrase)
	if err != nil {
		return Tx{}, err
	}
	d, f, err := fundingDraft(want)
	if err != nil {
		return Tx{}, err
	}
	return tx, compare(d, f, body)
}

// CheckReturn accepts exactly the envelope that BuildReturn makes for rung k of the plan, with or without signatures.
func CheckReturn(envelopeXDR string, want ReturnPlan, k int) (Rung, error) {
	tx, body, err := plain(envelopeXDR, want.Passphrase)
	if err != nil {
		return Rung{}, err
	}
	d, f, err := returnDraft(want, k)
	if err != nil {
		return Rung{}, err
	}
	return Rung{Tx: tx, K: k}, compare(d, f, body)
}

func plain(envelopeXDR, passphrase string) (Tx, xdr.Transaction, error) {
	tx, err := Decode(envelopeXDR, passphrase)
	if err != nil {
		return Tx{}, xdr.Transaction{}, err
	}
	env, err := decode(envelopeXDR)
	if err != nil {
		return Tx{}, xdr.Transaction{}, err
	}
	return tx, env.V1.Tx, nil
}

func firstSource(tx xdr.Transaction) string {
	if len(tx.Operations) == 0 || tx.Operations[0].SourceAccount == nil {
		return ""
	}
	return muxedAddress(*tx.Operations[0].SourceAccount)
}

// lastMerge is the account that the last operation merges into; "" when it is no merge.
func lastMerge(tx xdr.Transaction) string {
	if n := len(tx.Operations); n > 0 {
		if to, ok := tx.Operations[n-1].Body.GetDestination(); ok {
			return muxedAddress(to)
		}
	}
	return ""
}

// compare rebuilds the whole transaction and wants it byte for byte: a field that this package does not know of
// cannot slip through. Only when they differ does it look for the part to name.
func compare(d *draft, f frame, got xdr.Transaction) error {
	want, err := d.transaction(f)
	if err != nil {
		return err
	}
	if same(want, got) {
		return nil
	}
	parts := []struct {
		field     string
		want, got any
	}{
		{"source", want.SourceAccount, got.SourceAccount},
		{"fee", want.Fee, got.Fee},
		{"sequence", want.SeqNum, got.SeqNum},
		{"bounds", want.Cond, got.Cond},
		{"memo", want.Memo, got.Memo},
	}
	for _, p := range parts {
		if !same(p.want, p.got) {
			return &Mismatch{p.field, text(p.want), text(p.got)}
		}
	}
	if len(want.Operations) != len(got.Operations) {
		return &Mismatch{"operations", fmt.Sprint(len(want.Operations)), fmt.Sprint(len(got.Operations))}
	}
	for i := range want.Operations {
		if !same(want.Operations[i], got.Operations[i]) {
			return &Mismatch{fmt.Sprintf("operation %d", i), text(want.Operations[i]), text(got.Operations[i])}
		}
	}
	return &Mismatch{"extension", text(want.Ext), text(got.Ext)}
}

func same(a, b any) bool {
	x, errX := xdr.MarshalBase64(a)
	y, errY := xdr.MarshalBase64(b)
	return errX == nil && errY == nil && x == y
}

// text shows a part of a transaction in an error: addresses and numbers as such, the rest as it is on the wire.
func text(part any) string {
	switch v := part.(type) {
	case xdr.MuxedAccount:
		return v.Address()
	case xdr.Uint32:
		return fmt.Sprint(uint32(v))
	case xdr.SequenceNumber:
		return fmt.Sprint(int64(v))
	case xdr.Operation:
		return v.Body.Type.String() + " " + wire(v)
	}
	return wire(part)
}

func wire(part any) string {
	s, err := xdr.MarshalBase64(part)
	if err != nil {
		return "?"
	}
	return s
}
