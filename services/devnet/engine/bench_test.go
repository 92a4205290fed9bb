package engine_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// payer is an account of the benchmark.
type payer struct {
	id  engine.ID
	key ed25519.PrivateKey
}

func payers(n int) []payer {
	out := make([]payer, n)
	for i := range out {
		seed := sha256.Sum256(binary.BigEndian.AppendUint32([]byte("payer"), uint32(i)))
		out[i].key = ed25519.NewKeyFromSeed(seed[:])
		out[i].id = engine.ID(out[i].key.Public().(ed25519.PublicKey))
	}
	return out
}

// populated is a ledger that holds these accounts, each with 1000 lumens.
func populated(b testing.TB, all []payer) *engine.State {
	b.Helper()
	id := engine.NetworkID("benchmark")
	s, err := engine.Genesis(id, engine.Params{Protocol: 23, BaseFee: 100, BaseReserve: 5_000_000, MaxTxSetSize: 1000})
	if err != nil {
		b.Fatal(err)
	}
	entries := make([]xdr.LedgerEntry, len(all))
	for i, p := range all {
		entries[i] = xdr.LedgerEntry{LastModifiedLedgerSeq: 1, Data: xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeAccount,
			Account: &xdr.AccountEntry{AccountId: p.id.AccountID(), Balance: 10_000_000_000, Thresholds: xdr.Thresholds{1}}}}
	}
	if s, err = engine.Restore(id, s.Header(), entries); err != nil {
		b.Fatal(err)
	}
	return s
}

// pay is a signed payment of one stroop.
func pay(b testing.TB, s *engine.State, from payer, to engine.ID, seq int64) *engine.Tx {
	b.Helper()
	source, dest := xdr.Uint256(from.id), xdr.Uint256(to)
	env := xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: &xdr.TransactionV1Envelope{Tx: xdr.Transaction{
		SourceAccount: xdr.MuxedAccount{Type: xdr.CryptoKeyTypeKeyTypeEd25519, Ed25519: &source}, Fee: 100, SeqNum: xdr.SequenceNumber(seq),
		Operations: []xdr.Operation{{Body: xdr.OperationBody{Type: xdr.OperationTypePayment, PaymentOp: &xdr.PaymentOp{
			Destination: xdr.MuxedAccount{Type: xdr.CryptoKeyTypeKeyTypeEd25519, Ed25519: &dest}, Amount: 1}}}}}}}
	tx, err := engine.NewTx(s.NetworkID(), env)
	if err != nil {
		b.Fatal(err)
	}
	hash := tx.Hash()
	env.V1.Signatures = []xdr.DecoratedSignature{{Hint: xdr.SignatureHint(from.id[28:]), Signature: ed25519.Sign(from.key, hash[:])}}
	if tx, err = engine.NewTx(s.NetworkID(), env); err != nil {
		b.Fatal(err)
	}
	return tx
}

// BenchmarkApply closes and adopts ledgers of 500 single-operation payments between 5,000 accounts. Its floor, in the same
// run and over the same transactions, is the bare verification of their signatures. It reports nanoseconds a payment, and how many
// times the floor that is; the ratio is to stay below 2.
func BenchmarkApply(b *testing.B) { againstFloor(b, false) }

// BenchmarkSubmitAndApply also counts what comes before: decoding, hashing, the check at submission and the one before the ledger.
func BenchmarkSubmitAndApply(b *testing.B) { againstFloor(b, true) }

func againstFloor(b *testing.B, whole bool) {
	const size = 500
	all := payers(5000)
	s := populated(b, all)
	seqs := make([]int64, len(all))
	var applying, floor time.Duration
	payments := 0
	for b.Loop() {
		b.StopTimer()
		txs := make([]*engine.Tx, size)
		raw := make([][]byte, size)
		for i := range txs {
			from := (payments + i) % len(all)
			seqs[from]++
			txs[i] = pay(b, s, all[from], all[(from*7+13)%len(all)].id, seqs[from])
			var err error
			if raw[i], err = txs[i].Envelope().MarshalBinary(); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		floor += verifyAll(b, txs)
		begin := time.Now()
		if whole {
			txs = submitAll(b, s, raw)
		}
		applyAll(b, s, txs)
		applying += time.Since(begin)
		payments += size
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(applying.Nanoseconds())/float64(payments), "ns/payment")
	b.ReportMetric(float64(floor.Nanoseconds())/float64(payments), "ns/verification")
	b.ReportMetric(float64(applying)/float64(floor), "ratio")
}

func verifyAll(b *testing.B, txs []*engine.Tx) time.Duration {
	begin := time.Now()
	for _, tx := range txs {
		v1, hash := tx.Envelope().V1, tx.Hash()
		if !ed25519.Verify(v1.Tx.SourceAccount.Ed25519[:], hash[:], v1.Signatures[0].Signature) {
			b.Fatal("a signature that is none")
		}
	}
	return time.Since(begin)
}

func submitAll(b *testing.B, s *engine.State, raw [][]byte) []*engine.Tx {
	txs := make([]*engine.Tx, len(raw))
	for i := range raw {
		var env xdr.TransactionEnvelope
		err := xdr.SafeUnmarshal(raw[i], &env)
		if err == nil {
			txs[i], err = engine.NewTx(s.NetworkID(), env)
		}
		if err != nil {
			b.Fatal(err)
		}
		for range 2 {
			if r := s.Check(txs[i], uint64(s.Header().ScpValue.CloseTime)+5); !engine.Accepted(r) {
				b.Fatal(r.Result.Code)
			}
		}
	}
	return txs
}

func applyAll(b *testing.B, s *engine.State, txs []*engine.Tx) {
	closed, err := s.Close(engine.Input{CloseTime: uint64(s.Header().ScpValue.CloseTime) + 5, Txs: engine.Order(txs, s.Hash())})
	if err == nil {
		err = s.Adopt(closed)
	}
	if err != nil || !engine.Accepted(closed.Txs[0].Result.Result) {
		b.Fatalf("%v %+v", err, closed.Txs[0].Result.Result)
	}
}
