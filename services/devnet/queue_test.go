package devnet

import (
	"context"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// TestPayerOfTwo lets two transactions wait whose common payer can pay only one: the other is dropped, for a ledger takes only
// fees that are there.
func TestPayerOfTwo(t *testing.T) {
	n, err := Open(Config{Passphrase: "payer of two"})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	var keys [3]*keypair.Full
	for i := range keys {
		keys[i] = keypair.MustRandom()
		if _, err := n.Fund(context.Background(), keys[i].Address()); err != nil {
			t.Fatal(err)
		}
	}
	bump := func(source *keypair.Full, fee int64) *engine.Tx {
		seq := int64(n.state.Account(engine.IDOf(xdr.MustAddress(source.Address()))).SeqNum)
		inner, err := n.createTx(source, keypair.MustRandom().Address(), 10_000_000, seq+1)
		if err != nil {
			t.Fatal(err)
		}
		env := xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTxFeeBump, FeeBump: &xdr.FeeBumpTransactionEnvelope{
			Tx: xdr.FeeBumpTransaction{FeeSource: xdr.MustMuxedAddress(keys[2].Address()), Fee: xdr.Int64(fee),
				InnerTx: xdr.FeeBumpTransactionInnerTx{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: inner.Envelope().V1}}}}
		tx, err := engine.NewTx(n.networkID, env)
		if err != nil {
			t.Fatal(err)
		}
		hash := tx.Hash()
		sig, err := keys[2].SignDecorated(hash[:])
		if err != nil {
			t.Fatal(err)
		}
		env.FeeBump.Signatures = []xdr.DecoratedSignature{sig}
		if tx, err = engine.NewTx(n.networkID, env); err != nil {
			t.Fatal(err)
		}
		return tx
	}
	poor, rich := bump(keys[0], 50_000_000_000), bump(keys[1], 60_000_000_000)
	if a := n.submit(poor); a.status != statusPending {
		t.Fatalf("the first: %+v", a.result)
	}
	a := n.submit(rich)
	if a.status != statusError || a.result.Result.Code != xdr.TransactionResultCodeTxInsufficientBalance {
		t.Errorf("the second while the first waits: %+v", a)
	}
	n.queue.bySource[rich.Source()] = &waiting{tx: rich, order: 9} // as if the payer had been richer then
	set, left := n.candidates(n.nextCloseTime())
	if len(set) != 1 || set[0] != rich || left.len() != 0 {
		t.Errorf("the set has %d transactions, %d wait", len(set), left.len())
	}
}
