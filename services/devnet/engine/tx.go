package engine

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// Tx is one envelope made ready to be judged: version 0 turned into version 1, hashed, its operations bound to their rules.
// It holds no ledger state, so it can be checked and applied any number of times, by anyone at once.
type Tx struct {
	envelope  xdr.TransactionEnvelope
	hash      [32]byte // of the whole: for a fee bump the outer hash
	whole     [32]byte // SHA-256 of the envelope with its signatures
	signed    []xdr.DecoratedSignature
	feeSource ID
	feeBid    int64
	inner     *Tx // of a fee bump, else nil
	verified  verifications

	// Of the transaction proper; a fee bump leaves these to its inner transaction.
	tx     *xdr.Transaction
	source ID
	ops    []operation
	auth   []ID // the source of each operation
}

// NewTx binds an envelope to the network whose id is the SHA-256 of its passphrase. It refuses envelopes that are no
// transactions, and does not judge them otherwise.
func NewTx(networkID [32]byte, env xdr.TransactionEnvelope) (*Tx, error) {
	var t *Tx
	var err error
	switch env.Type {
	case xdr.EnvelopeTypeEnvelopeTypeTxV0:
		t, err = newPlain(networkID, upgradeV0(env.V0))
	case xdr.EnvelopeTypeEnvelopeTypeTx:
		t, err = newPlain(networkID, *env.V1)
	case xdr.EnvelopeTypeEnvelopeTypeTxFeeBump:
		t, err = newFeeBump(networkID, env)
	default:
		return nil, fmt.Errorf("engine: envelope of type %d is no transaction", env.Type)
	}
	if err != nil {
		return nil, err
	}
	raw, err := t.envelope.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("engine: encode an envelope: %v", err)
	}
	t.whole = sha256.Sum256(raw)
	return t, nil
}

func upgradeV0(v0 *xdr.TransactionV0Envelope) xdr.TransactionV1Envelope {
	t := v0.Tx
	tx := xdr.Transaction{
		SourceAccount: xdr.MuxedAccount{Type: xdr.CryptoKeyTypeKeyTypeEd25519, Ed25519: &t.SourceAccountEd25519},
		Fee:           t.Fee, SeqNum: t.SeqNum, Memo: t.Memo, Operations: t.Operations,
	}
	if t.TimeBounds != nil {
		tx.Cond = xdr.Preconditions{Type: xdr.PreconditionTypePrecondTime, TimeBounds: t.TimeBounds}
	}
	return xdr.TransactionV1Envelope{Tx: tx, Signatures: v0.Signatures}
}

func newPlain(networkID [32]byte, v1 xdr.TransactionV1Envelope) (*Tx, error) {
	t := &Tx{
		envelope: xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: &v1},
		signed:   v1.Signatures, tx: &v1.Tx,
		source: muxedID(v1.Tx.SourceAccount), feeBid: int64(v1.Tx.Fee),
	}
	t.feeSource = t.source
	var err error
	t.hash, err = hashOf(networkID, xdr.TransactionSignaturePayloadTaggedTransaction{
		Type: xdr.EnvelopeTypeEnvelopeTypeTx, Tx: &v1.Tx})
	if err != nil {
		return nil, err
	}
	for i := range v1.Tx.Operations {
		op := &v1.Tx.Operations[i]
		source := t.source
		if op.SourceAccount != nil {
			source = muxedID(*op.SourceAccount)
		}
		t.auth = append(t.auth, source)
		t.ops = append(t.ops, bind(&op.Body))
	}
	return t, nil
}

func newFeeBump(networkID [32]byte, env xdr.TransactionEnvelope) (*Tx, error) {
	bump := &env.FeeBump.Tx
	if bump.InnerTx.V1 == nil {
		return nil, errors.New("engine: fee bump of an unknown inner envelope")
	}
	inner, err := newPlain(networkID, *bump.InnerTx.V1)
	if err != nil {
		return nil, err
	}
	t := &Tx{envelope: env, signed: env.FeeBump.Signatures, inner: inner,
		source: inner.source, feeSource: muxedID(bump.FeeSource), feeBid: int64(bump.Fee)}
	t.hash, err = hashOf(networkID, xdr.TransactionSignaturePayloadTaggedTransaction{
		Type: xdr.EnvelopeTypeEnvelopeTypeTxFeeBump, FeeBump: bump})
	return t, err
}

func hashOf(networkID [32]byte, tagged xdr.TransactionSignaturePayloadTaggedTransaction) ([32]byte, error) {
	b, err := xdr.TransactionSignaturePayload{NetworkId: networkID, TaggedTransaction: tagged}.MarshalBinary()
	if err != nil {
		return [32]byte{}, fmt.Errorf("engine: hash a transaction: %v", err)
	}
	return sha256.Sum256(b), nil
}

// Envelope is the envelope as judged; a version 0 envelope has become version 1.
func (t *Tx) Envelope() xdr.TransactionEnvelope { return t.envelope }

// Hash is the transaction's hash; of a fee bump the outer one.
func (t *Tx) Hash() [32]byte { return t.hash }

// Inner is the transaction inside a fee bump, nil when this is no fee bump.
func (t *Tx) Inner() *Tx { return t.inner }

// Source is the account whose sequence number is used; of a fee bump the inner transaction's.
func (t *Tx) Source() ID { return t.source }

// FeeSource pays.
func (t *Tx) FeeSource() ID { return t.feeSource }

// FeeBid is the most that FeeSource pays, in stroops.
func (t *Tx) FeeBid() int64 { return t.feeBid }

// SeqNum is the sequence number that is used up.
func (t *Tx) SeqNum() int64 { return int64(t.plain().tx.SeqNum) }

// Ops is the number of operations that a fee is asked for: a fee bump counts one more than its inner transaction.
func (t *Tx) Ops() int64 {
	if t.inner != nil {
		return int64(len(t.inner.ops)) + 1
	}
	return int64(len(t.ops))
}

// plain is the transaction proper.
func (t *Tx) plain() *Tx {
	if t.inner != nil {
		return t.inner
	}
	return t
}

// asked is the fee at a base fee per operation, whatever the bid.
func (t *Tx) asked(base int64) int64 { return base * max(1, t.Ops()) }

// charged is the fee taken in a ledger.
func (t *Tx) charged(base int64) int64 { return min(t.feeBid, t.asked(base)) }
