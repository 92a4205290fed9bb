package stellar

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"
)

const testnet = "Test SDF Network ; September 2015"

// key is a keypair told by its name.
func key(name string) *keypair.Full {
	return must2(keypair.FromRawSeed(sha256.Sum256([]byte(name))))
}

func must2(k *keypair.Full, err error) *keypair.Full {
	if err != nil {
		panic(err)
	}
	return k
}

func addr(name string) string { return key(name).Address() }

func funding(n int) FundingPlan {
	p := FundingPlan{
		Passphrase: testnet, Channel: addr("channel"), Sponsor: addr("sponsor"), Treasury: addr("treasury"),
		Sequence: 77, MaxTime: 1_800_000_000, LastLedger: 500,
	}
	for i := range n {
		p.Payments = append(p.Payments, Holding{Account: addr(fmt.Sprint("h", i)), Asset: relay.Native, Amount: 12_3450000 + relay.Stroops(i)})
	}
	return p
}

func home() ReturnPlan {
	return ReturnPlan{
		Passphrase: testnet, Holding: addr("h0"), ReturnTo: addr("sender"), LastLedger: 500, Sponsor: addr("sponsor"), Asset: relay.Native, Amount: 12_3450000,
	}
}

func claim(newAccount bool) ClaimPlan {
	p := ClaimPlan{
		Passphrase: testnet, Holding: addr("h0"), Destination: addr("ana"), Asset: relay.Native, Amount: 12_3450000, Keeper: addr("sponsor"), Sequence: 499<<32 + 1,
		MaxTime: 1_800_000_000, LastLedger: 600,
	}
	if newAccount {
		p.NewAccount, p.Sponsor, p.Keeper = true, addr("sponsor"), ""
	}
	return p
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// The other library that builds transactions must come to the same hash for the same plan.
func TestBuildersAgreeWithTxnbuild(t *testing.T) {
	f := funding(17)
	var fops []txnbuild.Operation
	for i, h := range f.Payments {
		fops = append(fops,
			&txnbuild.BeginSponsoringFutureReserves{SourceAccount: f.Sponsor, SponsoredID: h.Account},
			&txnbuild.CreateAccount{SourceAccount: f.Treasury, Destination: h.Account, Amount: fmt.Sprintf("12.345%04d", i)},
			&txnbuild.EndSponsoringFutureReserves{SourceAccount: h.Account})
	}
	zero := int64(0)
	r, c := home(), claim(true)
	last := []txnbuild.Operation{
		&txnbuild.BeginSponsoringFutureReserves{SourceAccount: r.Sponsor, SponsoredID: r.Holding},
		&txnbuild.CreateClaimableBalance{SourceAccount: r.Holding, Amount: "12.345", Asset: txnbuild.NativeAsset{},
			Destinations: []txnbuild.Claimant{{Destination: r.ReturnTo, Predicate: txnbuild.UnconditionalPredicate}}},
		&txnbuild.EndSponsoringFutureReserves{SourceAccount: r.Holding},
		&txnbuild.AccountMerge{SourceAccount: r.Holding, Destination: r.Sponsor},
	}
	plain := []txnbuild.Operation{&txnbuild.AccountMerge{SourceAccount: r.Holding, Destination: r.ReturnTo}}
	old := claim(false)
	paid := []txnbuild.Operation{
		&txnbuild.Payment{SourceAccount: old.Holding, Destination: old.Destination, Amount: "12.345", Asset: txnbuild.NativeAsset{}},
		&txnbuild.AccountMerge{SourceAccount: old.Holding, Destination: old.Keeper},
	}
	fresh := []txnbuild.Operation{
		&txnbuild.BeginSponsoringFutureReserves{SourceAccount: c.Sponsor, SponsoredID: c.Destination},
		&txnbuild.CreateAccount{SourceAccount: c.Sponsor, Destination: c.Destination, Amount: "0"},
		&txnbuild.EndSponsoringFutureReserves{SourceAccount: c.Destination},
		&txnbuild.AccountMerge{SourceAccount: c.Holding, Destination: c.Destination},
	}
	ended := txnbuild.Preconditions{TimeBounds: txnbuild.NewTimebounds(0, 1_800_000_000), LedgerBounds: &txnbuild.LedgerBounds{MaxLedger: 501}}
	claimEnd := ended
	claimEnd.LedgerBounds = &txnbuild.LedgerBounds{MaxLedger: 601}
	open := txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout(), LedgerBounds: &txnbuild.LedgerBounds{MinLedger: 501}, MinSequenceNumber: &zero}
	ladder := must[[]Rung](t)(BuildLadder(r))
	for _, tc := range []struct {
		name     string
		got      Tx
		source   string
		sequence int64
		ops      []txnbuild.Operation
		cond     txnbuild.Preconditions
	}{
		{"funding", must[Tx](t)(BuildFunding(f)), f.Channel, 77, fops, ended},
		{"first rung", ladder[0].Tx, r.Holding, 501<<32 - 3, plain, open},
		{"second rung", ladder[1].Tx, r.Holding, 501<<32 - 2, plain, open},
		{"last resort", ladder[2].Tx, r.Holding, 501<<32 - 1, last, open},
		{"claim, new", must[Tx](t)(BuildClaim(c)), c.Holding, c.Sequence, fresh, claimEnd},
		{"claim, existing", must[Tx](t)(BuildClaim(claim(false))), c.Holding, c.Sequence, paid, claimEnd},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := must[*txnbuild.Transaction](t)(txnbuild.NewTransaction(txnbuild.TransactionParams{
				SourceAccount: &txnbuild.SimpleAccount{AccountID: tc.source, Sequence: tc.sequence}, Operations: tc.ops,
				BaseFee: txnbuild.MinBaseFee, Preconditions: tc.cond,
			}))
			env := want.ToXDR() // txnbuild refuses a fee of 0
			env.V1.Tx.Fee = 0
			text := must[string](t)(xdr.MarshalBase64(env))
			if text != tc.got.XDR {
				t.Errorf("txnbuild differs\n%s\n%s", text, tc.got.XDR)
			}
			if _, err := txnbuild.TransactionFromXDR(tc.got.XDR); err != nil {
				t.Error(err)
			}
			if tc.got.Sequence != tc.sequence || tc.got.Source != tc.source {
				t.Errorf("described as %s %d", tc.got.Source, tc.got.Sequence)
			}
		})
	}
}

func TestLadderIsUsedFromTheLowestNumber(t *testing.T) {
	ladder := must[[]Rung](t)(BuildLadder(home()))
	for i, r := range ladder {
		if r.K != home().Ladder().Rungs()-1-i || r.Sequence != home().Ladder().Sequence(r.K) || r.Bounds != (Bounds{MinLedger: 501}) || *r.MinSeqNum != 0 {
			t.Errorf("rung %d: %+v", i, r)
		}
		if i > 0 && r.Sequence <= ladder[i-1].Sequence {
			t.Error("a later rung must survive the failure of an earlier one")
		}
	}
	if ladder[len(ladder)-1].K != LastResort || len(ladder[2].Signers) != 2 || len(ladder[0].Signers) != 1 {
		t.Error("only the last rung is the last resort")
	}
}

func TestFundingCapacity(t *testing.T) {
	for want, keys := range map[int][]string{17: {"a", "b", "c"}, 18: {"a", "b", "b"}, 19: {"a", "a", "a"}} {
		if got := FundingCapacity(keys...); got != want {
			t.Errorf("%v: %d", keys, got)
		}
	}
	if _, err := BuildFunding(funding(18)); err == nil {
		t.Error("18 payments with three keys need 21 signatures")
	}
	two := funding(18)
	two.Channel = two.Sponsor
	tx := must[Tx](t)(BuildFunding(two))
	if len(tx.Signers) != MaxSignatures {
		t.Errorf("%d signers", len(tx.Signers))
	}
}

func TestRefusedPlans(t *testing.T) {
	for name, change := range map[string]func(*FundingPlan){
		"no payments":    func(p *FundingPlan) { p.Payments = nil },
		"no end":         func(p *FundingPlan) { p.MaxTime = 0 },
		"no last ledger": func(p *FundingPlan) { p.LastLedger = 0 },
		"twice":          func(p *FundingPlan) { p.Payments[1].Account = p.Payments[0].Account },
		"own treasury":   func(p *FundingPlan) { p.Payments[1].Account = p.Treasury },
		"nothing":        func(p *FundingPlan) { p.Payments[0].Amount = 0 },
		"negative":       func(p *FundingPlan) { p.Payments[0].Amount = -1 },
		"sum":            func(p *FundingPlan) { p.Payments[0].Amount = 1<<63 - 1 },
		"sequence":       func(p *FundingPlan) { p.Sequence = 0 },
		"address":        func(p *FundingPlan) { p.Sponsor = "GABC" },
		"passphrase":     func(p *FundingPlan) { p.Passphrase = "" },
	} {
		p := funding(2)
		change(&p)
		if _, err := BuildFunding(p); err == nil {
			t.Errorf("funding with %s was built", name)
		}
	}
	for name, change := range map[string]func(*ClaimPlan){
		"no end":         func(p *ClaimPlan) { p.MaxTime = 0 },
		"no last ledger": func(p *ClaimPlan) { p.LastLedger = 0 },
		"itself":         func(p *ClaimPlan) { p.Destination = p.Holding },
		"sponsor holds":  func(p *ClaimPlan) { p.Sponsor = p.Holding },
		"memo":           func(p *ClaimPlan) { p.Memo = Memo{Kind: MemoText, Text: "x"} },
	} {
		p := claim(true)
		change(&p)
		if _, err := BuildClaim(p); err == nil {
			t.Errorf("claim with %s was built", name)
		}
	}
	long := claim(false)
	long.Memo = Memo{Kind: MemoText, Text: "twenty-nine bytes are too many"}
	if _, err := BuildClaim(long); err == nil {
		t.Error("long memo")
	}
	late := home()
	late.LastLedger = 1<<31 - 1
	if _, err := BuildReturn(late, 1); err == nil {
		t.Error("sequence numbers of that ledger do not fit")
	}
}

func TestSigningCountsToTwenty(t *testing.T) {
	p := funding(17)
	tx := must[Tx](t)(BuildFunding(p))
	keys := []*keypair.Full{key("channel"), key("sponsor"), key("treasury")}
	for i := range p.Payments {
		keys = append(keys, key(fmt.Sprint("h", i)))
	}
	signed := must[string](t)(Sign(tx.XDR, testnet, keys...))
	if by := must[[]string](t)(SignedBy(signed, testnet, tx.Signers...)); !reflect.DeepEqual(by, tx.Signers) {
		t.Errorf("signed by %v", by)
	}
	if h, _, err := Hashes(signed, testnet); err != nil || h != tx.Hash {
		t.Error("signatures changed the inner hash")
	}
	if _, err := Sign(signed, testnet, key("other")); err == nil {
		t.Error("a twenty-first signature was taken")
	}
	if _, err := Sign(must[string](t)(Sign(tx.XDR, testnet, key("h1"))), testnet, key("h1")); err == nil {
		t.Error("the same signature twice was taken")
	}
}

func TestAttachedSignaturesAreVerified(t *testing.T) {
	tx := must[Tx](t)(BuildClaim(claim(false)))
	env, _ := decode(tx.XDR)
	hash, _ := hashOf(env, testnet)
	sig, _ := key("h0").Sign(hash[:])
	got := must[string](t)(AttachSignatures(tx.XDR, testnet, Signature{addr("h0"), sig}))
	if want := must[string](t)(Sign(tx.XDR, testnet, key("h0"))); got != want {
		t.Error("attached and signed differ")
	}
	for _, bad := range []Signature{{addr("ana"), sig}, {"G", sig}, {addr("h0"), sig[:63]}, {addr("h0"), nil}} {
		if _, err := AttachSignatures(tx.XDR, testnet, bad); err == nil {
			t.Errorf("attached a signature of %s that does not fit", bad.Account)
		}
	}
	if _, err := AttachSignatures(tx.XDR, "another network", Signature{addr("h0"), sig}); err == nil {
		t.Error("signature of another network was attached")
	}
}

func TestFeeBumpCountsOneOperationMore(t *testing.T) {
	tx := must[Tx](t)(BuildClaim(claim(true)))
	if _, err := BuildFeeBump(tx.XDR, testnet, addr("sponsor"), 100); err == nil {
		t.Error("bumped what is not signed")
	}
	inner := must[string](t)(Sign(tx.XDR, testnet, key("h0"), key("ana"), key("sponsor")))
	bump := must[FeeBump](t)(BuildFeeBump(inner, testnet, addr("sponsor"), 250))
	if bump.Fee != 5*250 || bump.Inner != tx.Hash || bump.Hash == tx.Hash {
		t.Errorf("%+v", bump)
	}
	signed := must[string](t)(Sign(bump.XDR, testnet, key("sponsor")))
	parsed := must[*txnbuild.GenericTransaction](t)(txnbuild.TransactionFromXDR(signed))
	outer, ok := parsed.FeeBump()
	if !ok || outer.MaxFee() != 1250 || outer.FeeAccount() != addr("sponsor") || len(outer.Signatures()) != 1 {
		t.Errorf("%+v", outer)
	}
	if h, _ := outer.HashHex(testnet); h != bump.Hash {
		t.Error("outer hash")
	}
	for _, fee := range []relay.Stroops{0, 99, 1 << 62} {
		if _, err := BuildFeeBump(inner, testnet, addr("sponsor"), fee); err == nil {
			t.Errorf("bid %d was taken", fee)
		}
	}
	if _, err := BuildFeeBump(signed, testnet, addr("sponsor"), 100); err == nil {
		t.Error("bumped a bump")
	}
}

func TestCheckFundingAndReturnWantEveryByte(t *testing.T) {
	f := funding(3)
	tx := must[Tx](t)(BuildFunding(f))
	must[Tx](t)(CheckFunding(must[string](t)(Sign(tx.XDR, testnet, key("h0"))), f))
	for field, change := range map[string]func(*FundingPlan){
		"source":      func(p *FundingPlan) { p.Channel = addr("x") },
		"sequence":    func(p *FundingPlan) { p.Sequence++ },
		"bounds":      func(p *FundingPlan) { p.LastLedger++ },
		"operations":  func(p *FundingPlan) { p.Payments = p.Payments[:2] },
		"operation 4": func(p *FundingPlan) { p.Payments[1].Amount++ },
		"operation 0": func(p *FundingPlan) { p.Sponsor = addr("x") },
	} {
		want := funding(3)
		change(&want)
		_, err := CheckFunding(tx.XDR, want)
		wantMismatch(t, err, field)
	}
	ladder := must[[]Rung](t)(BuildLadder(home()))
	for _, r := range ladder {
		must[Rung](t)(CheckReturn(r.XDR, home(), r.K))
	}
	_, err := CheckReturn(ladder[0].XDR, home(), 1)
	wantMismatch(t, err, "sequence")
	elsewhere := home()
	elsewhere.ReturnTo = addr("thief")
	_, err = CheckReturn(ladder[0].XDR, elsewhere, 2)
	wantMismatch(t, err, "operation 0")
	_, err = CheckReturn(ladder[2].XDR, elsewhere, 0)
	wantMismatch(t, err, "operation 1")
}

func wantMismatch(t *testing.T, err error, field string) {
	t.Helper()
	var m *Mismatch
	if !errors.As(err, &m) || m.Field != field {
		t.Errorf("want a mismatch in %s, got %v", field, err)
	}
}

func expectation(p ClaimPlan) ClaimExpectation {
	return ClaimExpectation{
		Passphrase: testnet, Holding: p.Holding, Destination: p.Destination, Asset: p.Asset, Amount: p.Amount, NewAccount: p.NewAccount,
		NewLine: p.NewLine, Keeper: p.Keeper, Sponsor: p.Sponsor, Purse: p.NewAccount && p.Sponsor == "", Sequence: p.Sequence, Memo: p.Memo,
		LatestTime: p.MaxTime, LastLedger: p.LastLedger, MaxFee: relay.Stroops(p.Fee),
	}
}

func TestCheckClaim(t *testing.T) {
	for _, p := range []ClaimPlan{claim(true), claim(false)} {
		tx := must[Tx](t)(BuildClaim(p))
		got := must[Tx](t)(CheckClaim(tx.XDR, expectation(p)))
		if !reflect.DeepEqual(got, tx) {
			t.Errorf("read %+v, built %+v", got, tx)
		}
		anySponsor := expectation(p)
		anySponsor.Sponsor, anySponsor.Sequence, anySponsor.LastLedger = "", 0, 0
		must[Tx](t)(CheckClaim(tx.XDR, anySponsor))
	}
	tx := must[Tx](t)(BuildClaim(claim(true)))
	for field, change := range map[string]func(*ClaimExpectation){
		"source":      func(e *ClaimExpectation) { e.Holding = addr("h1") },
		"sequence":    func(e *ClaimExpectation) { e.Sequence++ },
		"bounds":      func(e *ClaimExpectation) { e.LatestTime-- },
		"operation 0": func(e *ClaimExpectation) { e.Destination = addr("bob") },
		"operations":  func(e *ClaimExpectation) { e.NewAccount, e.Sponsor = false, "" },
	} {
		want := expectation(claim(true))
		change(&want)
		_, err := CheckClaim(tx.XDR, want)
		wantMismatch(t, err, field)
	}
	short := expectation(claim(true))
	short.LastLedger--
	_, err := CheckClaim(tx.XDR, short)
	wantMismatch(t, err, "bounds")
	noted := claim(false)
	noted.Memo = Memo{Kind: MemoID, ID: 7}
	withMemo := must[Tx](t)(BuildClaim(noted))
	must[Tx](t)(CheckClaim(withMemo.XDR, expectation(noted)))
	_, err = CheckClaim(withMemo.XDR, expectation(claim(false)))
	wantMismatch(t, err, "memo")
}

// Everything that a service could slip into a claim besides the plan must be seen.
func TestCheckClaimSeesWhatWasSlippedIn(t *testing.T) {
	other := xdr.MustMuxedAddress(addr("thief"))
	seq := xdr.SequenceNumber(0)
	v2 := func(tx *xdr.Transaction) *xdr.PreconditionsV2 { return tx.Cond.V2 }
	for name, tc := range map[string]struct {
		field  string
		change func(*xdr.Transaction)
	}{
		"payment before the merge": {"operations", func(tx *xdr.Transaction) {
			tx.Operations = append([]xdr.Operation{{Body: xdr.OperationBody{Type: xdr.OperationTypePayment,
				PaymentOp: &xdr.PaymentOp{Destination: other, Asset: xdr.MustNewNativeAsset(), Amount: 1}}}}, tx.Operations...)
		}},
		"other destination":       {"operation 3", func(tx *xdr.Transaction) { tx.Operations[3].Body.Destination = &other }},
		"other source":            {"operation 3", func(tx *xdr.Transaction) { tx.Operations[3].SourceAccount = &other }},
		"no source":               {"operation 3", func(tx *xdr.Transaction) { tx.Operations[3].SourceAccount = nil }},
		"two sponsors":            {"operation 1", func(tx *xdr.Transaction) { tx.Operations[1].SourceAccount = &other }},
		"starting balance":        {"operation 1", func(tx *xdr.Transaction) { tx.Operations[1].Body.CreateAccountOp.StartingBalance = 1 }},
		"fee":                     {"fee", func(tx *xdr.Transaction) { tx.Fee = 1 }},
		"minSeqNum":               {"bounds", func(tx *xdr.Transaction) { v2(tx).MinSeqNum = &seq }},
		"minSeqAge":               {"bounds", func(tx *xdr.Transaction) { v2(tx).MinSeqAge = 1 }},
		"minSeqLedgerGap":         {"bounds", func(tx *xdr.Transaction) { v2(tx).MinSeqLedgerGap = 1 }},
		"minTime":                 {"bounds", func(tx *xdr.Transaction) { v2(tx).TimeBounds.MinTime = 1 }},
		"no time bounds":          {"bounds", func(tx *xdr.Transaction) { v2(tx).TimeBounds = nil }},
		"no end in time":          {"bounds", func(tx *xdr.Transaction) { v2(tx).TimeBounds.MaxTime = 0 }},
		"no ledger bounds":        {"bounds", func(tx *xdr.Transaction) { v2(tx).LedgerBounds = nil }},
		"no preconditions at all": {"bounds", func(tx *xdr.Transaction) { tx.Cond = xdr.Preconditions{} }},
		"extra signer": {"bounds", func(tx *xdr.Transaction) {
			v2(tx).ExtraSigners = []xdr.SignerKey{xdr.MustSigner(addr("thief"))}
		}},
		"memo": {"memo", func(tx *xdr.Transaction) { h := xdr.Hash{1}; tx.Memo = xdr.Memo{Type: xdr.MemoTypeMemoHash, Hash: &h} }},
	} {
		t.Run(name, func(t *testing.T) {
			env, err := decode(must[Tx](t)(BuildClaim(claim(true))).XDR)
			if err != nil {
				t.Fatal(err)
			}
			tc.change(&env.V1.Tx)
			_, err = CheckClaim(must[string](t)(encode(env)), expectation(claim(true)))
			wantMismatch(t, err, tc.field)
		})
	}
}

func TestDecodeIsCanonical(t *testing.T) {
	tx := must[Tx](t)(BuildClaim(claim(true)))
	bump := must[FeeBump](t)(BuildFeeBump(must[string](t)(Sign(tx.XDR, testnet, key("h0"))), testnet, addr("sponsor"), 100))
	for name, text := range map[string]string{
		"empty": "", "line break": tx.XDR[:8] + "\n" + tx.XDR[8:], "trailing bytes": tx.XDR + "AAAA", "not base64": "%%%%",
		"cut": tx.XDR[:len(tx.XDR)-8], "fee bump": bump.XDR, "huge": string(make([]byte, maxEnvelope+1)),
	} {
		if _, err := Decode(text, testnet); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	if got := must[Tx](t)(Decode(tx.XDR, testnet)); !reflect.DeepEqual(got, tx) {
		t.Errorf("%+v", got)
	}
}
