package engine_test

import (
	"crypto/sha256"
	"math/rand/v2"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// walker makes transactions out of random bytes, over few accounts and few names, so that they meet each other.
type walker struct {
	testing.TB
	rand    *rand.Rand
	net     [32]byte
	keys    []*keypair.Full
	state   *engine.State
	created []xdr.ClaimableBalanceId
	landed  int
}

const walkers = 7

func newWalker(t testing.TB, seed uint64) *walker {
	id := engine.NetworkID("walk")
	s, err := engine.Genesis(id, engine.Params{Protocol: 28, BaseFee: 100, BaseReserve: 5_000_000, MaxTxSetSize: 40})
	if err != nil {
		t.Fatal(err)
	}
	w := &walker{TB: t, rand: rand.New(rand.NewPCG(seed, 1)), net: id, state: s}
	for i := range walkers {
		raw := id
		if i > 0 {
			raw = sha256.Sum256([]byte{byte(i)})
		}
		kp, err := keypair.FromRawSeed(raw)
		if err != nil {
			t.Fatal(err)
		}
		w.keys = append(w.keys, kp)
	}
	return w
}

func (w *walker) pick() *keypair.Full { return w.keys[w.rand.IntN(len(w.keys))] }

func (w *walker) id() xdr.AccountId { return xdr.MustAddress(w.pick().Address()) }

func (w *walker) amount() xdr.Int64 {
	switch w.rand.IntN(4) {
	case 0:
		return xdr.Int64(w.rand.IntN(3))
	case 1:
		return xdr.Int64(w.rand.Int64())
	}
	return xdr.Int64(w.rand.IntN(100_000_000))
}

func (w *walker) asset() xdr.Asset {
	if w.rand.IntN(3) == 0 {
		return xdr.MustNewNativeAsset()
	}
	return xdr.MustNewCreditAsset([]string{"ONE", "LONGTWO"}[w.rand.IntN(2)], w.keys[1+w.rand.IntN(2)].Address())
}

func (w *walker) u32(n int) *xdr.Uint32 {
	if w.rand.IntN(3) != 0 {
		return nil
	}
	v := xdr.Uint32(w.rand.IntN(n))
	return &v
}

func (w *walker) balance() xdr.ClaimableBalanceId {
	if len(w.created) == 0 || w.rand.IntN(10) == 0 {
		return xdr.ClaimableBalanceId{V0: &xdr.Hash{}}
	}
	return w.created[w.rand.IntN(len(w.created))]
}

func (w *walker) signer() xdr.SignerKey {
	raw := xdr.Uint256(sha256.Sum256([]byte{byte(w.rand.IntN(5))}))
	if w.rand.IntN(2) == 0 {
		return xdr.SignerKey{Type: xdr.SignerKeyTypeSignerKeyTypeHashX, HashX: &raw}
	}
	return xdr.SignerKey{Type: xdr.SignerKeyTypeSignerKeyTypeEd25519, Ed25519: &raw}
}

func (w *walker) predicate(depth int) xdr.ClaimPredicate {
	soon := xdr.Int64(w.rand.IntN(200))
	switch k := w.rand.IntN(4); {
	case k == 0 && depth < 5:
		return xdr.ClaimPredicate{Type: xdr.ClaimPredicateTypeClaimPredicateOr,
			OrPredicates: &[]xdr.ClaimPredicate{w.predicate(depth + 1), w.predicate(depth + 1)}}
	case k == 1:
		return xdr.ClaimPredicate{Type: xdr.ClaimPredicateTypeClaimPredicateBeforeRelativeTime, RelBefore: &soon}
	case k == 2 && depth < 5:
		inner := w.predicate(depth + 1)
		at := &inner
		return xdr.ClaimPredicate{Type: xdr.ClaimPredicateTypeClaimPredicateNot, NotPredicate: &at}
	}
	return xdr.ClaimPredicate{}
}

func (w *walker) line() xdr.TrustLineFlags { return xdr.TrustLineFlags(w.rand.IntN(8)) }

// body is a random operation.
func (w *walker) body() xdr.OperationBody {
	name := xdr.String64([]string{"a", "b", "\x01"}[w.rand.IntN(3)])
	dest := w.id()
	muxed := dest.ToMuxedAccount()
	asset := w.asset()
	switch kind := xdr.OperationType(w.rand.IntN(27)); kind {
	case xdr.OperationTypeCreateAccount:
		return xdr.OperationBody{Type: kind, CreateAccountOp: &xdr.CreateAccountOp{Destination: dest, StartingBalance: w.amount()}}
	case xdr.OperationTypePayment:
		return xdr.OperationBody{Type: kind, PaymentOp: &xdr.PaymentOp{Destination: muxed, Asset: asset, Amount: w.amount()}}
	case xdr.OperationTypeAccountMerge:
		return xdr.OperationBody{Type: kind, Destination: &muxed}
	case xdr.OperationTypeManageData:
		op := &xdr.ManageDataOp{DataName: name}
		if value := xdr.DataValue("v"); w.rand.IntN(2) == 0 {
			op.DataValue = &value
		}
		return xdr.OperationBody{Type: kind, ManageDataOp: op}
	case xdr.OperationTypeBumpSequence:
		return xdr.OperationBody{Type: kind, BumpSequenceOp: &xdr.BumpSequenceOp{BumpTo: xdr.SequenceNumber(w.rand.IntN(3))}}
	case xdr.OperationTypeSetOptions:
		op := &xdr.SetOptionsOp{SetFlags: w.u32(16), ClearFlags: w.u32(16), LowThreshold: w.u32(2)}
		if w.rand.IntN(2) == 0 {
			op.Signer = &xdr.Signer{Key: w.signer(), Weight: xdr.Uint32(w.rand.IntN(2))}
		}
		return xdr.OperationBody{Type: kind, SetOptionsOp: op}
	case xdr.OperationTypeBeginSponsoringFutureReserves:
		return xdr.OperationBody{Type: kind, BeginSponsoringFutureReservesOp: &xdr.BeginSponsoringFutureReservesOp{SponsoredId: dest}}
	case xdr.OperationTypeEndSponsoringFutureReserves:
		return xdr.OperationBody{Type: kind}
	case xdr.OperationTypeRevokeSponsorship:
		return xdr.OperationBody{Type: kind, RevokeSponsorshipOp: w.revoke(dest, asset, name)}
	default:
		return w.creditBody(kind, dest, asset)
	}
}

func (w *walker) revoke(id xdr.AccountId, asset xdr.Asset, name xdr.String64) *xdr.RevokeSponsorshipOp {
	key := &xdr.LedgerKey{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.LedgerKeyAccount{AccountId: id}}
	switch w.rand.IntN(5) {
	case 0:
		return &xdr.RevokeSponsorshipOp{Type: xdr.RevokeSponsorshipTypeRevokeSponsorshipSigner,
			Signer: &xdr.RevokeSponsorshipOpSigner{AccountId: id, SignerKey: w.signer()}}
	case 1:
		key = &xdr.LedgerKey{Type: xdr.LedgerEntryTypeData, Data: &xdr.LedgerKeyData{AccountId: id, DataName: name}}
	case 2:
		key = &xdr.LedgerKey{Type: xdr.LedgerEntryTypeTrustline,
			TrustLine: &xdr.LedgerKeyTrustLine{AccountId: id, Asset: asset.ToTrustLineAsset()}}
	case 3:
		key = &xdr.LedgerKey{Type: xdr.LedgerEntryTypeClaimableBalance,
			ClaimableBalance: &xdr.LedgerKeyClaimableBalance{BalanceId: w.balance()}}
	}
	return &xdr.RevokeSponsorshipOp{LedgerKey: key}
}

func (w *walker) creditBody(kind xdr.OperationType, id xdr.AccountId, asset xdr.Asset) xdr.OperationBody {
	switch kind {
	case xdr.OperationTypeAllowTrust:
		code := xdr.AssetCode4{'O', 'N', 'E'}
		return xdr.OperationBody{Type: kind, AllowTrustOp: &xdr.AllowTrustOp{Trustor: id, Authorize: xdr.Uint32(w.rand.IntN(4)),
			Asset: xdr.AssetCode{Type: xdr.AssetTypeAssetTypeCreditAlphanum4, AssetCode4: &code}}}
	case xdr.OperationTypeSetTrustLineFlags:
		return xdr.OperationBody{Type: kind, SetTrustLineFlagsOp: &xdr.SetTrustLineFlagsOp{Trustor: id, Asset: asset,
			SetFlags: xdr.Uint32(w.line()), ClearFlags: xdr.Uint32(w.line())}}
	case xdr.OperationTypeCreateClaimableBalance:
		op := &xdr.CreateClaimableBalanceOp{Asset: asset, Amount: w.amount()}
		for range 1 + w.rand.IntN(2) {
			op.Claimants = append(op.Claimants, xdr.Claimant{V0: &xdr.ClaimantV0{Destination: w.id(), Predicate: w.predicate(1)}})
		}
		return xdr.OperationBody{Type: kind, CreateClaimableBalanceOp: op}
	case xdr.OperationTypeClaimClaimableBalance:
		return xdr.OperationBody{Type: kind, ClaimClaimableBalanceOp: &xdr.ClaimClaimableBalanceOp{BalanceId: w.balance()}}
	case xdr.OperationTypeClawback:
		return xdr.OperationBody{Type: kind, ClawbackOp: &xdr.ClawbackOp{From: id.ToMuxedAccount(), Asset: asset, Amount: w.amount()}}
	case xdr.OperationTypeClawbackClaimableBalance:
		return xdr.OperationBody{Type: kind, ClawbackClaimableBalanceOp: &xdr.ClawbackClaimableBalanceOp{BalanceId: w.balance()}}
	}
	return xdr.OperationBody{Type: xdr.OperationTypeChangeTrust, ChangeTrustOp: &xdr.ChangeTrustOp{Line: asset.ToChangeTrustAsset(),
		Limit: w.amount()}}
}

// tx is a random transaction, signed by every account that it names as a source.
func (w *walker) tx(source *keypair.Full) *engine.Tx {
	seq := xdr.SequenceNumber(0)
	if a := w.state.Account(engine.IDOf(xdr.MustAddress(source.Address()))); a != nil {
		seq = a.SeqNum
	}
	v1 := &xdr.TransactionV1Envelope{Tx: xdr.Transaction{SourceAccount: xdr.MustMuxedAddress(source.Address()), SeqNum: seq + 1,
		Fee: xdr.Uint32(100 + w.rand.IntN(2000))}}
	signers := map[*keypair.Full]bool{source: true}
	add := func(by *keypair.Full, body xdr.OperationBody) {
		m := xdr.MustMuxedAddress(by.Address())
		signers[by] = true
		v1.Tx.Operations = append(v1.Tx.Operations, xdr.Operation{SourceAccount: &m, Body: body})
	}
	sponsor, sponsored := w.pick(), w.pick()
	bracket := w.rand.IntN(2) == 0
	if bracket {
		add(sponsor, xdr.OperationBody{Type: xdr.OperationTypeBeginSponsoringFutureReserves,
			BeginSponsoringFutureReservesOp: &xdr.BeginSponsoringFutureReservesOp{SponsoredId: xdr.MustAddress(sponsored.Address())}})
	}
	for range 1 + w.rand.IntN(3) {
		switch by := w.pick(); {
		case bracket:
			add(sponsored, w.body())
		case w.rand.IntN(2) == 0:
			add(by, w.body())
		default:
			v1.Tx.Operations = append(v1.Tx.Operations, xdr.Operation{Body: w.body()})
		}
	}
	if bracket {
		add(sponsored, xdr.OperationBody{Type: xdr.OperationTypeEndSponsoringFutureReserves})
	}
	env := xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: v1}
	for _, kp := range w.keys {
		if signers[kp] {
			v1.Signatures = append(v1.Signatures, w.sign(env, kp))
		}
	}
	if w.rand.IntN(4) == 0 {
		payer := w.pick()
		env = xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTxFeeBump, FeeBump: &xdr.FeeBumpTransactionEnvelope{
			Tx: xdr.FeeBumpTransaction{FeeSource: xdr.MustMuxedAddress(payer.Address()), Fee: 100_000,
				InnerTx: xdr.FeeBumpTransactionInnerTx{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: v1}}}}
		env.FeeBump.Signatures = []xdr.DecoratedSignature{w.sign(env, payer)}
	}
	return w.bind(env)
}

func (w *walker) bind(env xdr.TransactionEnvelope) *engine.Tx {
	tx, err := engine.NewTx(w.net, env)
	if err != nil {
		w.Fatal(err)
	}
	return tx
}

func (w *walker) sign(env xdr.TransactionEnvelope, kp *keypair.Full) xdr.DecoratedSignature {
	hash := w.bind(env).Hash()
	sig, err := kp.SignDecorated(hash[:])
	if err != nil {
		w.Fatal(err)
	}
	return sig
}

// step closes one ledger, twice, to see the same bytes.
func (w *walker) step() {
	h := w.state.Header()
	now := uint64(h.ScpValue.CloseTime) + 1 + uint64(w.rand.IntN(60))
	var set []*engine.Tx
	for _, kp := range w.keys {
		for range 4 { // until one is accepted
			if tx := w.tx(kp); engine.Accepted(w.state.Check(tx, now)) {
				set = append(set, tx)
				break
			}
		}
	}
	in := engine.Input{CloseTime: now, Txs: engine.Order(set, w.state.Hash()), TxSetHash: w.state.Hash()}
	switch w.rand.IntN(20) { // an account is frozen for some ledgers
	case 0:
		in.Freeze = []engine.Key{engine.AccountKey(engine.IDOf(w.id()))}
	case 1, 2, 3, 4, 5:
		in.Unfreeze = w.state.Frozen()
	}
	closed, err := w.state.Close(in)
	if err != nil {
		w.Fatal(err)
	}
	again, err := w.state.Close(in)
	if err != nil || again.Hash != closed.Hash {
		w.Fatalf("ledger %d: another hash the second time: %v", closed.Header.LedgerSeq, err)
	}
	if err := w.state.Adopt(closed); err != nil {
		w.Fatal(err)
	}
	if w.state.Adopt(closed) == nil {
		w.Fatal("adopted the same ledger twice")
	}
	for _, c := range closed.Changed {
		if c.Entry != nil && c.Entry.Data.ClaimableBalance != nil {
			w.created = append(w.created, c.Entry.Data.ClaimableBalance.BalanceId)
		}
	}
	for _, t := range closed.Txs {
		if engine.Accepted(t.Result.Result) {
			w.landed++
		}
	}
	checkInvariants(w.TB, w.state)
}

// populate gives every walker an account.
func (w *walker) populate() {
	var ops []xdr.Operation
	for _, kp := range w.keys[1:] {
		ops = append(ops, xdr.Operation{Body: xdr.OperationBody{Type: xdr.OperationTypeCreateAccount,
			CreateAccountOp: &xdr.CreateAccountOp{Destination: xdr.MustAddress(kp.Address()), StartingBalance: 300_000_000}}})
	}
	v1 := &xdr.TransactionV1Envelope{Tx: xdr.Transaction{SourceAccount: xdr.MustMuxedAddress(w.keys[0].Address()), SeqNum: 1, Fee: 10_000,
		Operations: ops}}
	env := xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: v1}
	v1.Signatures = []xdr.DecoratedSignature{w.sign(env, w.keys[0])}
	closed, err := w.state.Close(engine.Input{CloseTime: 1000, Txs: []*engine.Tx{w.bind(env)}})
	if err != nil {
		w.Fatal(err)
	}
	if err := w.state.Adopt(closed); err != nil {
		w.Fatal(err)
	}
}

func walk(t *testing.T, seed uint64, ledgers int) int {
	w := newWalker(t, seed)
	w.populate()
	for range ledgers {
		w.step()
	}
	return w.landed
}

func TestRandomOperations(t *testing.T) {
	landed := 0
	for seed := range uint64(8) {
		landed += walk(t, seed, 60)
	}
	if t.Logf("%d transactions succeeded", landed); landed < 800 {
		t.Error("the walk does too little")
	}
}

func FuzzOperations(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { walk(t, seed, 8) })
}

// FuzzEnvelope judges whatever decodes, and applies it when it is accepted; and nothing may come of it but a result.
func FuzzEnvelope(f *testing.F) {
	w := newWalker(f, 3)
	w.populate()
	for range 40 {
		raw, err := w.tx(w.keys[0]).Envelope().MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var env xdr.TransactionEnvelope
		if err := xdr.SafeUnmarshal(raw, &env); err != nil {
			return
		}
		tx, err := engine.NewTx(w.net, env)
		if err != nil {
			return
		}
		res := w.state.Check(tx, 2000)
		if _, err := res.MarshalBinary(); err != nil {
			t.Fatalf("a result that does not encode: %v", err)
		}
		if w.state.Account(tx.FeeSource()) == nil {
			return
		}
		// Also what was refused: at apply a transaction may have become anything.
		closed, err := w.state.Close(engine.Input{CloseTime: 2000, Txs: []*engine.Tx{tx}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := closed.Txs[0].Result.MarshalBinary(); err != nil {
			t.Fatalf("a result that does not encode: %v", err)
		}
	})
}
