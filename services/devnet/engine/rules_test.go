package engine_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// TestNumberOfTheLedger: a transaction numbered as an account created in the next ledger would begin is refused for that
// ledger, and only for that one.
func TestNumberOfTheLedger(t *testing.T) {
	w := newWalker(t, 1)
	w.populate()
	source := w.keys[1]
	send := func(tx *engine.Tx) *engine.Closed {
		t.Helper()
		now := uint64(w.state.Header().ScpValue.CloseTime) + 1
		in := engine.Input{CloseTime: now}
		if tx != nil {
			in.Txs = []*engine.Tx{tx}
		}
		closed, err := w.state.Close(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.state.Adopt(closed); err != nil {
			t.Fatal(err)
		}
		return closed
	}
	make1 := func(seq, to xdr.SequenceNumber) *engine.Tx {
		v1 := &xdr.TransactionV1Envelope{Tx: xdr.Transaction{SourceAccount: xdr.MustMuxedAddress(source.Address()), SeqNum: seq, Fee: 100,
			Operations: []xdr.Operation{{Body: xdr.OperationBody{Type: xdr.OperationTypeBumpSequence,
				BumpSequenceOp: &xdr.BumpSequenceOp{BumpTo: to}}}}}}
		env := xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: v1}
		v1.Signatures = []xdr.DecoratedSignature{w.sign(env, source)}
		return w.bind(env)
	}
	h := w.state.Header()
	next := xdr.SequenceNumber(h.LedgerSeq+2) << 32
	a := w.state.Account(engine.IDOf(xdr.MustAddress(source.Address())))
	send(make1(a.SeqNum+1, next-1))
	tx := make1(next, 0)
	if r := w.state.Check(tx, 9999); r.Result.Code != xdr.TransactionResultCodeTxBadSeq {
		t.Errorf("for its ledger: %s", r.Result.Code)
	}
	send(nil)
	if r := w.state.Check(tx, 9999); !engine.Accepted(r) {
		t.Errorf("a ledger later: %s", r.Result.Code)
	}
}

func TestCloseRefusesTimeThatStands(t *testing.T) {
	w := newWalker(t, 1)
	w.populate()
	h := w.state.Header()
	if _, err := w.state.Close(engine.Input{CloseTime: uint64(h.ScpValue.CloseTime)}); err == nil {
		t.Error("closed at the same second")
	}
}
