package stellar

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
)

// draft collects operations; the first fault sticks and build returns it. It writes XDR itself instead of going
// through txnbuild, which counts sequence numbers up on its own and takes amounts as decimal text.
type draft struct {
	ops []xdr.Operation
	err error
}

func (d *draft) account(role, address string) xdr.AccountId {
	id, err := accountID(role, address)
	if err != nil && d.err == nil {
		d.err = err
	}
	return id
}

// add appends an operation. Every operation names its source, also where it is the transaction's: the reader of an
// envelope then needs no context.
func (d *draft) add(source string, body xdr.OperationBody) {
	id := d.account("operation source", source)
	if d.err != nil {
		return
	}
	muxed := id.ToMuxedAccount()
	d.ops = append(d.ops, xdr.Operation{SourceAccount: &muxed, Body: body})
}

func (d *draft) begin(sponsor, sponsored string) {
	d.add(sponsor, xdr.OperationBody{
		Type:                            xdr.OperationTypeBeginSponsoringFutureReserves,
		BeginSponsoringFutureReservesOp: &xdr.BeginSponsoringFutureReservesOp{SponsoredId: d.account("sponsored", sponsored)},
	})
}

func (d *draft) end(sponsored string) {
	d.add(sponsored, xdr.OperationBody{Type: xdr.OperationTypeEndSponsoringFutureReserves})
}

func (d *draft) create(source, account string, balance relay.Stroops) {
	d.add(source, xdr.OperationBody{
		Type:            xdr.OperationTypeCreateAccount,
		CreateAccountOp: &xdr.CreateAccountOp{Destination: d.account("created account", account), StartingBalance: xdr.Int64(balance)},
	})
}

// merge and pay take an account's plain address or a multiplexed one (M…, SEP-23).
func (d *draft) merge(source, destination string) {
	to := d.muxed("destination", destination)
	if d.err != nil {
		return
	}
	if source == muxedAddress(to) {
		d.err = fmt.Errorf("account %s cannot merge into itself", source)
		return
	}
	d.add(source, xdr.OperationBody{Type: xdr.OperationTypeAccountMerge, Destination: &to})
}

func (d *draft) pay(source, destination, asset string, amount relay.Stroops) {
	to, what := d.muxed("destination", destination), d.asset(asset)
	d.add(source, xdr.OperationBody{
		Type:      xdr.OperationTypePayment,
		PaymentOp: &xdr.PaymentOp{Destination: to, Asset: what, Amount: xdr.Int64(amount)},
	})
}

// trust makes, limits or (with the limit 0) deletes a trustline.
func (d *draft) trust(source, asset string, limit relay.Stroops) {
	d.add(source, xdr.OperationBody{
		Type:          xdr.OperationTypeChangeTrust,
		ChangeTrustOp: &xdr.ChangeTrustOp{Line: d.asset(asset).ToChangeTrustAsset(), Limit: xdr.Int64(limit)},
	})
}

func (d *draft) muxed(role, address string) xdr.MuxedAccount {
	m, err := muxedOf(role, address)
	if err != nil && d.err == nil {
		d.err = err
	}
	return m
}

func (d *draft) asset(text string) xdr.Asset {
	a, err := assetOf(text)
	if err != nil && d.err == nil {
		d.err = err
	}
	return a
}

func (d *draft) claimable(source, asset string, amount relay.Stroops, claimant string) {
	d.add(source, xdr.OperationBody{
		Type: xdr.OperationTypeCreateClaimableBalance,
		CreateClaimableBalanceOp: &xdr.CreateClaimableBalanceOp{
			Asset: d.asset(asset), Amount: xdr.Int64(amount),
			Claimants: []xdr.Claimant{{
				Type: xdr.ClaimantTypeClaimantTypeV0,
				V0: &xdr.ClaimantV0{
					Destination: d.account("claimant", claimant),
					Predicate:   xdr.ClaimPredicate{Type: xdr.ClaimPredicateTypeClaimPredicateUnconditional},
				},
			}},
		},
	})
}

// frame is everything of a transaction but its operations.
type frame struct {
	passphrase string
	source     string
	sequence   int64
	numberZero bool // carries the number 0, which no ledger takes
	minSeqNum  *int64
	bounds     Bounds
	fee        uint32
	memo       Memo
}

func (d *draft) build(f frame) (Tx, error) {
	tx, err := d.transaction(f)
	if err != nil {
		return Tx{}, err
	}
	env := xdr.TransactionEnvelope{
		Type: xdr.EnvelopeTypeEnvelopeTypeTx,
		V1:   &xdr.TransactionV1Envelope{Tx: tx, Signatures: []xdr.DecoratedSignature{}},
	}
	text, err := encode(env)
	if err != nil {
		return Tx{}, err
	}
	return describe(env, text, f.passphrase)
}

func (d *draft) transaction(f frame) (xdr.Transaction, error) {
	source := d.account("transaction source", f.source)
	memo, err := f.memo.xdr()
	switch {
	case d.err != nil:
		return xdr.Transaction{}, d.err
	case err != nil:
		return xdr.Transaction{}, err
	case f.passphrase == "":
		return xdr.Transaction{}, errors.New("no network passphrase")
	case f.sequence <= 0 && !f.numberZero, f.sequence != 0 && f.numberZero:
		return xdr.Transaction{}, fmt.Errorf("sequence %d is not positive", f.sequence)
	case f.bounds.MinTime < 0 || f.bounds.MaxTime < 0:
		return xdr.Transaction{}, errors.New("negative time bound")
	case len(d.ops) == 0 || len(d.ops) > MaxOperations:
		return xdr.Transaction{}, fmt.Errorf("%d operations in one transaction, at most %d", len(d.ops), MaxOperations)
	}
	return xdr.Transaction{
		SourceAccount: source.ToMuxedAccount(), Fee: xdr.Uint32(f.fee), SeqNum: xdr.SequenceNumber(f.sequence),
		Cond: f.preconditions(), Memo: memo, Operations: d.ops,
	}, nil
}

// preconditions always has the long form with both bounds written out, so that equal bounds have equal texts.
func (f frame) preconditions() xdr.Preconditions {
	v2 := xdr.PreconditionsV2{
		TimeBounds:   &xdr.TimeBounds{MinTime: xdr.TimePoint(f.bounds.MinTime), MaxTime: xdr.TimePoint(f.bounds.MaxTime)},
		LedgerBounds: &xdr.LedgerBounds{MinLedger: xdr.Uint32(f.bounds.MinLedger), MaxLedger: xdr.Uint32(f.bounds.MaxLedger)},
		ExtraSigners: []xdr.SignerKey{},
	}
	if f.minSeqNum != nil {
		n := xdr.SequenceNumber(*f.minSeqNum)
		v2.MinSeqNum = &n
	}
	return xdr.Preconditions{Type: xdr.PreconditionTypePrecondV2, V2: &v2}
}

// Kinds of memo that a destination may ask for (SEP-29 leaves the kind to the receiver).
const (
	MemoNone = ""
	MemoText = "text" // at most 28 bytes
	MemoID   = "id"   // any uint64
	MemoHash = "hash" // 32 bytes, as 64 lower-case hexadecimal digits in Text
)

// Memo is attached to a claim when the destination needs one to tell its customers apart. The zero value is none.
type Memo struct {
	Kind string
	Text string
	ID   uint64
}

// MemoOf turns the domain's memo into the wire's.
func MemoOf(m relay.Memo) (Memo, error) {
	switch m.Kind {
	case "":
		return Memo{}, nil
	case MemoID:
		id, err := strconv.ParseUint(m.Value, 10, 64)
		return Memo{Kind: MemoID, ID: id}, err
	}
	return Memo{Kind: m.Kind, Text: m.Value}, nil
}

func (m Memo) xdr() (xdr.Memo, error) {
	switch m.Kind {
	case MemoNone:
		if m.Text != "" || m.ID != 0 {
			return xdr.Memo{}, errors.New("memo has a value and no kind")
		}
		return xdr.Memo{Type: xdr.MemoTypeMemoNone}, nil
	case MemoText:
		if m.Text == "" || len(m.Text) > 28 || m.ID != 0 {
			return xdr.Memo{}, fmt.Errorf("text memo of %d bytes, 1 to 28 allowed", len(m.Text))
		}
		text := m.Text
		return xdr.Memo{Type: xdr.MemoTypeMemoText, Text: &text}, nil
	case MemoID:
		if m.Text != "" {
			return xdr.Memo{}, errors.New("id memo has a text")
		}
		id := xdr.Uint64(m.ID)
		return xdr.Memo{Type: xdr.MemoTypeMemoId, Id: &id}, nil
	case MemoHash:
		raw, err := hex.DecodeString(m.Text)
		if err != nil || len(raw) != 32 || m.ID != 0 || hex.EncodeToString(raw) != m.Text {
			return xdr.Memo{}, errors.New("hash memo has 64 lower-case hexadecimal digits")
		}
		h := xdr.Hash(raw)
		return xdr.Memo{Type: xdr.MemoTypeMemoHash, Hash: &h}, nil
	}
	return xdr.Memo{}, fmt.Errorf("unknown kind of memo %q", m.Kind)
}

// hashOf is the hash that keys sign: the inner one for a transaction, the outer one for a fee bump.
func hashOf(env xdr.TransactionEnvelope, passphrase string) ([32]byte, error) {
	h, err := network.HashTransactionInEnvelope(env, passphrase)
	if err != nil {
		return h, fmt.Errorf("hash envelope: %v", err)
	}
	return h, nil
}
