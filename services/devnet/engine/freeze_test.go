package engine_test

import (
	"errors"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// aged is a populated ledger of a protocol.
func aged(t *testing.T, protocol xdr.Uint32) *walker {
	w := newWalker(t, 1)
	w.populate()
	closed, err := w.state.Close(engine.Input{CloseTime: 2000, Upgrades: []xdr.LedgerUpgrade{{
		Type: xdr.LedgerUpgradeTypeLedgerUpgradeVersion, NewLedgerVersion: &protocol}}})
	if err == nil {
		err = w.state.Adopt(closed)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *walker) close(in engine.Input) *engine.Closed {
	w.Helper()
	in.CloseTime = uint64(w.state.Header().ScpValue.CloseTime) + 1
	closed, err := w.state.Close(in)
	if err == nil {
		err = w.state.Adopt(closed)
	}
	if err != nil {
		w.Fatal(err)
	}
	return closed
}

// one is a signed transaction with one operation.
func (w *walker) one(source *keypair.Full, body xdr.OperationBody) *engine.Tx {
	seq := w.state.Account(engine.IDOf(xdr.MustAddress(source.Address()))).SeqNum
	v1 := &xdr.TransactionV1Envelope{Tx: xdr.Transaction{SourceAccount: xdr.MustMuxedAddress(source.Address()), SeqNum: seq + 1, Fee: 100,
		Operations: []xdr.Operation{{Body: body}}}}
	env := xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: v1}
	v1.Signatures = []xdr.DecoratedSignature{w.sign(env, source)}
	return w.bind(env)
}

func (w *walker) key(k xdr.LedgerKey) engine.Key {
	w.Helper()
	out, err := engine.Freezable(k)
	if err != nil {
		w.Fatal(err)
	}
	return out
}

func TestFrozenAccount(t *testing.T) {
	w := aged(t, 26)
	a, b, c := w.keys[1], w.keys[2], w.keys[3]
	address := func(kp *keypair.Full) xdr.AccountId { return xdr.MustAddress(kp.Address()) }
	muxed := func(kp *keypair.Full) xdr.MuxedAccount { return xdr.MustMuxedAddress(kp.Address()) }
	asset := xdr.MustNewCreditAsset("ONE", c.Address())
	of := address(b)
	account, err := of.LedgerKey()
	if err != nil {
		t.Fatal(err)
	}
	pay := func(to *keypair.Full) xdr.OperationBody {
		return xdr.OperationBody{Type: xdr.OperationTypePayment, PaymentOp: &xdr.PaymentOp{Destination: muxed(to), Asset: xdr.MustNewNativeAsset(), Amount: 1}}
	}
	into := muxed(b)
	frozen := map[string]*engine.Tx{
		"its own payment":      w.one(b, pay(a)),
		"a payment to it":      w.one(a, pay(b)),
		"a merge into it":      w.one(a, xdr.OperationBody{Type: xdr.OperationTypeAccountMerge, Destination: &into}),
		"creating it anew":     w.one(a, xdr.OperationBody{Type: xdr.OperationTypeCreateAccount, CreateAccountOp: &xdr.CreateAccountOp{Destination: address(b)}}),
		"revoking its subsidy": w.one(a, xdr.OperationBody{Type: xdr.OperationTypeRevokeSponsorship, RevokeSponsorshipOp: &xdr.RevokeSponsorshipOp{LedgerKey: &account}}),
	}
	for name, tx := range frozen {
		if r := w.state.Check(tx, 9999); !engine.Accepted(r) {
			t.Errorf("%s before: %s", name, r.Result.Code)
		}
	}
	line := xdr.LedgerKey{Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.LedgerKeyTrustLine{AccountId: address(a), Asset: asset.ToTrustLineAsset()}}
	w.close(engine.Input{Freeze: []engine.Key{w.key(account), w.key(line), w.key(line)}})
	if got := w.state.Frozen(); len(got) != 2 {
		t.Errorf("%d keys are frozen", len(got))
	}
	frozen["trusting on a frozen line"] = w.one(a, xdr.OperationBody{Type: xdr.OperationTypeChangeTrust,
		ChangeTrustOp: &xdr.ChangeTrustOp{Line: asset.ToChangeTrustAsset(), Limit: 5}})
	frozen["a clawback from a frozen line"] = w.one(c, xdr.OperationBody{Type: xdr.OperationTypeClawback,
		ClawbackOp: &xdr.ClawbackOp{From: muxed(a), Asset: asset, Amount: 5}})
	for name, tx := range frozen {
		if r := w.state.Check(tx, 9999); r.Result.Code != xdr.TransactionResultCodeTxFrozenKeyAccessed {
			t.Errorf("%s: %s", name, r.Result.Code)
		}
	}
	if r := w.state.Check(w.one(a, pay(c)), 9999); !engine.Accepted(r) {
		t.Errorf("a payment between others: %s", r.Result.Code)
	}
	restored, err := engine.Restore(w.net, w.state.Header(), entriesOf(w.state))
	if err != nil || len(restored.Frozen()) != 2 {
		t.Errorf("restored: %v %v", restored.Frozen(), err)
	}
	w.close(engine.Input{Unfreeze: []engine.Key{w.key(account)}})
	if r := w.state.Check(frozen["a payment to it"], 9999); !engine.Accepted(r) {
		t.Errorf("after the thaw: %s", r.Result.Code)
	}
	checkInvariants(t, w.state)
}

func entriesOf(s *engine.State) (out []xdr.LedgerEntry) {
	for _, e := range s.Entries {
		out = append(out, *e)
	}
	return out
}

func TestFrozenLineOfAClaim(t *testing.T) {
	w := aged(t, 28)
	issuer, a := w.keys[1], w.keys[2]
	asset := xdr.MustNewCreditAsset("ONE", issuer.Address())
	id := xdr.MustAddress(a.Address())
	w.close(engine.Input{Txs: []*engine.Tx{
		w.one(a, xdr.OperationBody{Type: xdr.OperationTypeChangeTrust, ChangeTrustOp: &xdr.ChangeTrustOp{Line: asset.ToChangeTrustAsset(), Limit: 5}}),
		w.one(issuer, xdr.OperationBody{Type: xdr.OperationTypeCreateClaimableBalance, CreateClaimableBalanceOp: &xdr.CreateClaimableBalanceOp{
			Asset: asset, Amount: 5, Claimants: []xdr.Claimant{{V0: &xdr.ClaimantV0{Destination: id}}}}})}})
	var balance xdr.ClaimableBalanceId
	for _, e := range w.state.Entries {
		if e.Data.ClaimableBalance != nil {
			balance = e.Data.ClaimableBalance.BalanceId
		}
	}
	w.close(engine.Input{Freeze: []engine.Key{w.key(xdr.LedgerKey{Type: xdr.LedgerEntryTypeTrustline,
		TrustLine: &xdr.LedgerKeyTrustLine{AccountId: id, Asset: asset.ToTrustLineAsset()}})}})
	claim := w.one(a, xdr.OperationBody{Type: xdr.OperationTypeClaimClaimableBalance, ClaimClaimableBalanceOp: &xdr.ClaimClaimableBalanceOp{BalanceId: balance}})
	if r := w.state.Check(claim, 9999); !engine.Accepted(r) {
		t.Fatalf("at submission: %s", r.Result.Code)
	}
	got := w.close(engine.Input{Txs: []*engine.Tx{claim}}).Txs[0].Result.Result
	if code := (*got.Result.Results)[0].Tr.ClaimClaimableBalanceResult.Code; code != xdr.ClaimClaimableBalanceResultCodeClaimClaimableBalanceTrustlineFrozen {
		t.Errorf("in the ledger: %s", code)
	}
}

func TestDroppedSet(t *testing.T) {
	w := aged(t, 28)
	hash := [32]byte{7}
	h := w.close(engine.Input{TxSetHash: hash, Dropped: &hash}).Header
	if p := h.ScpValue.Ext.ProposedValue; h.ScpValue.TxSetHash != (xdr.Hash{}) || p == nil || p.TxSetHash != hash ||
		p.PreviousLedgerHash != h.PreviousLedgerHash || p.PreviousLedgerVersion != 28 {
		t.Errorf("header: %+v", h.ScpValue)
	}
	if _, err := w.state.Close(engine.Input{CloseTime: 9999, Dropped: &hash, Txs: []*engine.Tx{w.tx(w.keys[0])}}); err == nil {
		t.Error("a dropped set with transactions")
	}
}

// TestOldProtocols: what came later is refused.
func TestOldProtocols(t *testing.T) {
	id := xdr.MustAddress(keypair.MustRandom().Address())
	key, err := id.LedgerKey()
	if err != nil {
		t.Fatal(err)
	}
	hash := [32]byte{7}
	for protocol, in := range map[xdr.Uint32]engine.Input{25: {Freeze: []engine.Key{"x"}}, 27: {Dropped: &hash}} {
		w := aged(t, protocol)
		in.CloseTime = 9999
		if _, err := w.state.Close(in); !errors.Is(err, engine.ErrProtocol) {
			t.Errorf("protocol %d: %v", protocol, err)
		}
	}
	for _, k := range []xdr.LedgerKey{{Type: xdr.LedgerEntryTypeData, Data: &xdr.LedgerKeyData{}},
		{Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.LedgerKeyTrustLine{AccountId: key.Account.AccountId,
			Asset: xdr.MustNewCreditAsset("ONE", key.Account.AccountId.Address()).ToTrustLineAsset()}}} {
		if _, err := engine.Freezable(k); err == nil {
			t.Errorf("%+v may be frozen", k)
		}
	}
}

// TestSalt: ledgers alike in all else get other hashes, and so do all after them.
func TestSalt(t *testing.T) {
	a, b := aged(t, 28), aged(t, 28)
	if a.close(engine.Input{}).Hash != b.close(engine.Input{}).Hash {
		t.Error("the same ledgers have other hashes")
	}
	b.close(engine.Input{Salt: []byte("b")})
	a.close(engine.Input{})
	if a.state.Header().BucketListHash == b.state.Header().BucketListHash || a.close(engine.Input{}).Hash == b.close(engine.Input{}).Hash {
		t.Error("salt does nothing")
	}
}
