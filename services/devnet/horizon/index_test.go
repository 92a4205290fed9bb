package horizon

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/engine"
)

const passphrase = "Restante Devnet ; 2026"

// TestIndexRead: after every few random transactions, an index that followed equals one that is read anew, also from a file, and what it
// says of entries is what the state holds.
func TestIndexRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	n := openNetwork(t, path)
	x := newIndex()
	follow(t, n, x)
	rnd := rand.New(rand.NewPCG(1, 2))
	var people []*keypair.Full
	for range 4 {
		people = append(people, keypair.MustRandom())
		if _, err := n.Fund(context.Background(), people[len(people)-1].Address()); err != nil {
			t.Fatal(err)
		}
	}
	for round := range 60 {
		playOne(t, n, rnd, people)
		if round%5 == 0 {
			follow(t, n, x)
			compare(t, n, x)
		}
	}
	follow(t, n, x)
	compare(t, n, x)
	if len(x.owned) == 0 || len(x.open) == 0 {
		t.Errorf("the walk made no entries: %d owners, %d balances", len(x.owned), len(x.open))
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	again := openNetwork(t, path)
	defer again.Close()
	compare(t, again, x)
	if err := again.Reset(); err != nil {
		t.Fatal(err)
	}
	follow(t, again, x)
	compare(t, again, x)
	if len(x.all.txs) != 1 {
		t.Errorf("after a reset: %d transactions", len(x.all.txs))
	}
}

func openNetwork(t *testing.T, path string) *devnet.Network {
	t.Helper()
	n, err := devnet.Open(devnet.Config{Passphrase: passphrase, Path: path})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func follow(t *testing.T, n *devnet.Network, x *index) {
	t.Helper()
	if err := n.View(x.follow); err != nil {
		t.Fatal(err)
	}
}

func compare(t *testing.T, n *devnet.Network, x *index) {
	t.Helper()
	fresh := newIndex()
	follow(t, n, fresh)
	for _, i := range []*index{x, fresh} {
		for _, keys := range i.owned {
			slices.Sort(keys)
		}
	}
	if !reflect.DeepEqual(x.all, fresh.all) || !reflect.DeepEqual(x.accounts, fresh.accounts) || !reflect.DeepEqual(x.balances, fresh.balances) {
		t.Fatal("the history that was followed is not the one that is read")
	}
	if !reflect.DeepEqual(x.owned, fresh.owned) || !reflect.DeepEqual(x.open, fresh.open) {
		t.Fatal("the entries that were followed are not those of the state")
	}
}

// playOne closes a ledger with one transaction of random operations; many fail.
func playOne(t *testing.T, n *devnet.Network, rnd *rand.Rand, people []*keypair.Full) {
	t.Helper()
	one := func() *keypair.Full { return people[1+rnd.IntN(len(people)-1)] } // no issuer trusts its own asset
	source := one()
	gold := txnbuild.CreditAsset{Code: fmt.Sprintf("G%d", rnd.IntN(3)), Issuer: people[0].Address()}
	var ops []txnbuild.Operation
	for range 1 + rnd.IntN(2) {
		other := one()
		ops = append(ops, []txnbuild.Operation{
			&txnbuild.Payment{Destination: other.Address(), Amount: "1", Asset: txnbuild.NativeAsset{}},
			&txnbuild.ChangeTrust{Line: gold.MustToChangeTrustAsset(), Limit: []string{"0", "5"}[rnd.IntN(2)], SourceAccount: other.Address()},
			&txnbuild.ManageData{Name: fmt.Sprint(rnd.IntN(2)), Value: [][]byte{nil, []byte("x")}[rnd.IntN(2)], SourceAccount: other.Address()},
			&txnbuild.CreateClaimableBalance{Amount: "1", Asset: txnbuild.NativeAsset{}, Destinations: []txnbuild.Claimant{
				txnbuild.NewClaimant(other.Address(), nil)}},
			&txnbuild.ClaimClaimableBalance{BalanceID: someBalance(n), SourceAccount: other.Address()},
			&txnbuild.CreateAccount{Destination: keypair.MustRandom().Address(), Amount: "2"},
		}[rnd.IntN(6)])
	}
	var seq int64
	if err := n.View(func(v devnet.View) error {
		seq = int64(v.State().Account(engine.IDOf(xdr.MustAddress(source.Address()))).SeqNum)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{SourceAccount: &txnbuild.SimpleAccount{AccountID: source.Address(), Sequence: seq},
		IncrementSequenceNum: true, Operations: ops, BaseFee: 100, Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()}})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range people {
		if signs(tx, p) {
			if tx, err = tx.Sign(passphrase, p); err != nil {
				t.Fatal(err)
			}
		}
	}
	text, err := tx.Base64()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.CloseWith(text); err != nil {
		t.Fatal(err)
	}
}

// signs says whether a key belongs to a source of the transaction.
func signs(tx *txnbuild.Transaction, key *keypair.Full) bool {
	if source := tx.SourceAccount(); source.AccountID == key.Address() {
		return true
	}
	return slices.ContainsFunc(tx.Operations(), func(op txnbuild.Operation) bool { return op.GetSourceAccount() == key.Address() })
}

// someBalance is the id of a claimable balance, or of none.
func someBalance(n *devnet.Network) string {
	id := strings.Repeat("0", 72)
	_ = n.View(func(v devnet.View) error {
		for _, e := range v.State().Entries {
			if b := e.Data.ClaimableBalance; b != nil {
				id = balanceID(b.BalanceId)
			}
		}
		return nil
	})
	return id
}

func TestForget(t *testing.T) {
	x := newIndex()
	x.oldest = 1
	old, young := item{id: 5 << 32}, item{id: 9000 << 32}
	x.all.txs, x.all.ops = []item{old, young}, []item{old, young}
	x.accounts[engine.ID{1}] = &trail{txs: []item{old}, ops: []item{old}}
	x.accounts[engine.ID{2}] = &trail{txs: []item{old, young}, ops: []item{young}}
	x.forget(forgetEvery)
	if len(x.all.txs) != 2 {
		t.Error("forgotten too early")
	}
	x.forget(8000)
	if len(x.all.txs) != 1 || len(x.all.ops) != 1 || len(x.accounts) != 1 || len(x.accounts[engine.ID{2}].txs) != 1 {
		t.Errorf("after forgetting: %+v", x)
	}
}

// TestCodes: every result that XDR knows has a word of its own among those of its kind.
func TestCodes(t *testing.T) {
	for code := int32(-40); code <= 2; code++ {
		c := xdr.TransactionResultCode(code)
		if (txCodes[c] != "") != c.ValidEnum(code) {
			t.Errorf("transaction result %d: %q", code, txCodes[c])
		}
		if known := spell(outerCodes, code); strings.HasPrefix(known, "op_unknown") == xdr.OperationResultCode(0).ValidEnum(code) {
			t.Errorf("operation result %d: %q", code, known)
		}
	}
	for kind, names := range opCodes {
		seen := map[string]bool{}
		for code := int32(0); code >= -20; code-- {
			raw := make([]byte, 256)
			raw[3] = byte(kind)
			raw[4], raw[5], raw[6], raw[7] = byte(code>>24), byte(code>>16), byte(code>>8), byte(code)
			var tr xdr.OperationResultTr
			known := xdr.SafeUnmarshal(raw, &tr) == nil || decodes(raw)
			if known != (int(-code) < len(names)) {
				t.Errorf("%s: result %d is known: %v, spelled: %v", kind, code, known, int(-code) < len(names))
			}
			if !known {
				continue
			}
			word := spell(names, code)
			if seen[word] {
				t.Errorf("%s: %q twice", kind, word)
			}
			seen[word] = true
		}
	}
}

// decodes says whether raw begins with an operation's result.
func decodes(raw []byte) bool {
	var tr xdr.OperationResultTr
	_, err := xdr.Unmarshal(strings.NewReader(string(raw)), &tr)
	return err == nil
}
