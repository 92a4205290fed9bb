package horizon_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/clients/horizonclient"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/protocols/horizon/operations"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/horizon"
)

// TestKinds reads back the operations that a session does not show, field by field.
func TestKinds(t *testing.T) {
	w := open(t, devnet.Config{Interval: often}, horizon.Config{})
	ana, issuer, signer := w.account(), w.account(), keypair.MustRandom()
	gold := txnbuild.CreditAsset{Code: "GOLDENBAR", Issuer: issuer.Address()}
	weight := txnbuild.Threshold(3)
	first := w.do([]txnbuild.Operation{
		&txnbuild.SetOptions{SetFlags: []txnbuild.AccountFlag{txnbuild.AuthRevocable, txnbuild.AuthClawbackEnabled}, HomeDomain: txnbuild.NewHomeDomain("example.com")},
		&txnbuild.SetOptions{LowThreshold: &weight, MasterWeight: &weight, Signer: &txnbuild.Signer{Address: signer.Address(), Weight: 2}},
		&txnbuild.ChangeTrust{Line: gold.MustToChangeTrustAsset(), Limit: "9", SourceAccount: ana.Address()},
		&txnbuild.Payment{Destination: muxed(t, ana.Address(), 7), Amount: "9", Asset: gold},
		&txnbuild.SetTrustLineFlags{Trustor: ana.Address(), Asset: gold, ClearFlags: []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorized},
			SetFlags: []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorizedToMaintainLiabilities}},
		//lint:ignore SA1019 the network still has this operation
		&txnbuild.AllowTrust{Trustor: ana.Address(), Type: gold, Authorize: true},
		&txnbuild.Clawback{From: ana.Address(), Amount: "4", Asset: gold},
		&txnbuild.CreateClaimableBalance{Amount: "1", Asset: gold, Destinations: []txnbuild.Claimant{txnbuild.NewClaimant(ana.Address(), nil)}},
		&txnbuild.ManageData{Name: "name", Value: []byte("value")},
		&txnbuild.BumpSequence{BumpTo: 5},
	}, issuer, ana)
	w.same(first.Hash, []string{
		`set_options home_domain=example.com set_flags=[2 8] set_flags_s=[auth_revocable auth_clawback_enabled]`,
		`set_options low_threshold=3 master_key_weight=3 signer_key=` + signer.Address() + ` signer_weight=2`,
		`change_trust asset_code=GOLDENBAR asset_issuer=ISSUER asset_type=credit_alphanum12 limit=9.0000000 trustee=ISSUER trustor=ANA`,
		`payment amount=9.0000000 asset_code=GOLDENBAR asset_issuer=ISSUER asset_type=credit_alphanum12 from=ISSUER to=ANA to_muxed=` +
			muxed(t, ana.Address(), 7) + ` to_muxed_id=7`,
		`set_trust_line_flags asset_code=GOLDENBAR asset_issuer=ISSUER asset_type=credit_alphanum12 clear_flags=[1] clear_flags_s=[authorized]` +
			` set_flags=[2] set_flags_s=[authorized_to_maintain_liabilites] trustor=ANA`,
		`allow_trust asset_code=GOLDENBAR asset_issuer=ISSUER asset_type=credit_alphanum12 authorize=true authorize_to_maintain_liabilities=false` +
			` trustee=ISSUER trustor=ANA`,
		`clawback amount=4.0000000 asset_code=GOLDENBAR asset_issuer=ISSUER asset_type=credit_alphanum12 from=ANA`,
		`create_claimable_balance amount=1.0000000 asset=GOLDENBAR:ISSUER claimants=[map[destination:ANA predicate:map[unconditional:true]]] sponsor=ISSUER`,
		`manage_data name=name value=dmFsdWU=`,
		`bump_sequence bump_to=5`,
	}, ana, issuer)
	page, err := w.client.ClaimableBalances(horizonclient.ClaimableBalanceRequest{Claimant: ana.Address()})
	if err != nil || len(page.Embedded.Records) != 1 || !page.Embedded.Records[0].Flags.ClawbackEnabled {
		t.Fatalf("claimable balances: %+v %v", page, err)
	}
	id := page.Embedded.Records[0].BalanceID
	second := w.do([]txnbuild.Operation{
		&txnbuild.ClawbackClaimableBalance{BalanceID: id},
		&txnbuild.BeginSponsoringFutureReserves{SponsoredID: ana.Address()},
		&txnbuild.ManageData{Name: "hers", Value: []byte{1}, SourceAccount: ana.Address()},
		&txnbuild.EndSponsoringFutureReserves{SourceAccount: ana.Address()},
		&txnbuild.RevokeSponsorship{SponsorshipType: txnbuild.RevokeSponsorshipTypeData, Data: &txnbuild.DataID{Account: ana.Address(), DataName: "hers"}},
		&txnbuild.ManageData{Name: "name"},
	}, issuer, ana)
	w.same(second.Hash, []string{
		`clawback_claimable_balance balance_id=` + id,
		`begin_sponsoring_future_reserves sponsored_id=ANA`,
		`manage_data name=hers sponsor=ISSUER value=AQ==`,
		`end_sponsoring_future_reserves begin_sponsor=ISSUER`,
		`revoke_sponsorship data_account_id=ANA data_name=hers`,
		`manage_data name=name value=`,
	}, ana, issuer)
	hers, err := w.client.Operations(horizonclient.OperationRequest{ForAccount: ana.Address(), Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, op := range hers.Embedded.Records {
		kinds = append(kinds, op.GetType())
	}
	want := "create_account change_trust payment set_trust_line_flags allow_trust clawback create_claimable_balance " +
		"begin_sponsoring_future_reserves manage_data end_sponsoring_future_reserves revoke_sponsorship"
	if got := strings.Join(kinds, " "); got != want {
		t.Errorf("operations that concern her: %s", got)
	}
}

func muxed(t *testing.T, address string, id uint64) string {
	t.Helper()
	m := xdr.MustMuxedAddress(address)
	m = xdr.MuxedAccount{Type: xdr.CryptoKeyTypeKeyTypeMuxedEd25519, Med25519: &xdr.MuxedAccountMed25519{Id: xdr.Uint64(id), Ed25519: *m.Ed25519}}
	if !strkey.IsValidMuxedAccountEd25519PublicKey(m.Address()) {
		t.Fatal("no muxed address")
	}
	return m.Address()
}

// same compares the operations of a transaction with one line for each: the kind, and its fields in order of their names.
func (w *fixture) same(hash string, want []string, ana, issuer *keypair.Full) {
	w.Helper()
	page, err := w.client.Operations(horizonclient.OperationRequest{ForTransaction: hash})
	if err != nil {
		w.Fatal(err)
	}
	if len(page.Embedded.Records) != len(want) {
		w.Fatalf("%d operations, want %d", len(page.Embedded.Records), len(want))
	}
	names := strings.NewReplacer("ANA", ana.Address(), "ISSUER", issuer.Address())
	for i, op := range page.Embedded.Records {
		if got := line(op); got != names.Replace(want[i]) {
			w.Errorf("operation %d:\n%s\nwant\n%s", i, got, names.Replace(want[i]))
		}
	}
}

// line is an operation without what all have in common.
func line(op operations.Operation) string {
	raw, _ := json.Marshal(op)
	var fields map[string]any
	_ = json.Unmarshal(raw, &fields)
	for _, common := range []string{"_links", "id", "paging_token", "transaction_successful", "source_account", "type", "type_i", "created_at", "transaction_hash"} {
		delete(fields, common)
	}
	text := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(fields), "map["), "]")
	for name := range fields {
		text = strings.Replace(text, name+":", name+"=", 1)
	}
	return strings.TrimSpace(op.GetType() + " " + text)
}

// TestMemosAndConditions reads back what a transaction says besides its operations.
func TestMemosAndConditions(t *testing.T) {
	w := open(t, devnet.Config{Interval: often}, horizon.Config{})
	ana := w.account()
	low := int64(0)
	for _, c := range []struct {
		memo            txnbuild.Memo
		kind, text, raw string
	}{{txnbuild.MemoText("héllo"), "text", "héllo", "aMOpbGxv"}, {txnbuild.MemoID(1 << 63), "id", "9223372036854775808", ""},
		{txnbuild.MemoHash{1}, "hash", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", ""},
		{txnbuild.MemoReturn{2}, "return", "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", ""}, {nil, "none", "", ""}} {
		a := w.load(ana.Address())
		tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{SourceAccount: &a, IncrementSequenceNum: true, Memo: c.memo, BaseFee: 100,
			Operations: []txnbuild.Operation{pay(ana.Address(), "1")}, Preconditions: txnbuild.Preconditions{
				TimeBounds: txnbuild.NewTimebounds(1, 1<<40), LedgerBounds: &txnbuild.LedgerBounds{MinLedger: 1, MaxLedger: 1 << 30},
				MinSequenceNumber: &low, MinSequenceNumberLedgerGap: 1, ExtraSigners: []string{ana.Address()}}})
		if err != nil {
			t.Fatal(err)
		}
		if tx, err = tx.Sign(passphrase, ana); err != nil {
			t.Fatal(err)
		}
		got := w.land(tx)
		if got.MemoType != c.kind || got.Memo != c.text || got.MemoBytes != c.raw {
			t.Errorf("memo: %s %q %q", got.MemoType, got.Memo, got.MemoBytes)
		}
		p := got.Preconditions
		if p == nil || p.TimeBounds.MinTime != "1" || p.TimeBounds.MaxTime != "1099511627776" || p.LedgerBounds.MinLedger != 1 ||
			p.LedgerBounds.MaxLedger != 1<<30 || p.MinAccountSequence != "0" || p.MinAccountSequenceLedgerGap != 1 || p.ExtraSigners[0] != ana.Address() {
			t.Errorf("preconditions: %+v", p)
		}
	}
}

// TestStreamFaults: events come in another order when that is asked for, and none is lost.
func TestStreamFaults(t *testing.T) {
	w := open(t, devnet.Config{}, horizon.Config{})
	for range 3 {
		if _, err := w.net.CloseLedger(); err != nil {
			t.Fatal(err)
		}
	}
	w.net.SetFaults(devnet.Faults{Seed: 1, StreamReorder: 1, StreamDelay: 1})
	var ids []string
	for l := range w.events(t.Context(), "/ledgers?limit=3", "") {
		if id, ok := strings.CutPrefix(l, "id: "); ok {
			ids = append(ids, id)
		}
	}
	if strings.Join(ids, " ") != "8589934592 12884901888 4294967296" {
		t.Errorf("order: %v", ids)
	}
}

// TestUnfriendlyStreams: the handler that refuses now and then lets streams through.
func TestUnfriendlyStreams(t *testing.T) {
	w := open(t, devnet.Config{}, horizon.Config{StreamTimeout: time.Millisecond})
	w.server.Config.Handler = w.net.Unfriendly(w.server.Config.Handler)
	last := ""
	for l := range w.events(t.Context(), "/transactions?cursor=now", "") {
		last = l
	}
	if last != `data: "byebye"` {
		t.Errorf("the last line: %q", last)
	}
}
