package devnet_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/clients/rpcclient"
	"github.com/stellar/go-stellar-sdk/keypair"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet"
)

func (w *fixture) faults(f devnet.Faults) {
	w.Helper()
	if err := w.net.SetFaults(f); err != nil {
		w.Fatal(err)
	}
}

func (w *fixture) pay(from, to *keypair.Full, fee int64) *txnbuild.Transaction {
	w.Helper()
	return w.sign(txnbuild.TransactionParams{SourceAccount: w.load(from), IncrementSequenceNum: true, BaseFee: fee,
		Operations: []txnbuild.Operation{&txnbuild.Payment{Destination: to.Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}}}, from)
}

// at is a client of another endpoint of the same network.
func (w *fixture) at(h http.Handler) *fixture {
	w.Helper()
	server := httptest.NewServer(h)
	client := rpcclient.NewClient(server.URL, server.Client())
	w.Cleanup(func() { client.Close(); server.Close() })
	return &fixture{T: w.T, net: w.net, client: client, server: server}
}

func (w *fixture) latest() protocol.GetLatestLedgerResponse {
	w.Helper()
	got, err := w.client.GetLatestLedger(context.Background())
	if err != nil {
		w.Fatal(err)
	}
	return got
}

// TestFaultsRepeat plays the same requests twice on one seed, with everything switched on, and once on another.
func TestFaultsRepeat(t *testing.T) {
	play := func(seed uint64) (met []string) {
		w := open(t, devnet.Config{})
		b := w.account()
		txs := []*txnbuild.Transaction{}
		for range 40 {
			txs = append(txs, w.pay(w.account(), b, 100))
		}
		w.faults(devnet.Faults{Seed: seed, LoseAnswer: .2, TryAgain: .2, LateInclusion: 2, Drop: .2, TooMany: .1, Unavailable: .1, TimedOut: .1,
			DropSet: .2, StreamReorder: .3, Surge: 50})
		for _, tx := range txs {
			raw, err := tx.Base64()
			if err != nil {
				t.Fatal(err)
			}
			res, err := w.server.Client().Post(w.server.URL+"/rpc", "application/json",
				strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"sendTransaction","params":{"transaction":"`+raw+`"}}`))
			switch {
			case err != nil:
				met = append(met, "lost")
			case res.StatusCode != http.StatusOK:
				met = append(met, res.Status)
			default:
				met = append(met, "answered")
			}
			if err == nil {
				_ = res.Body.Close()
			}
			_, order := w.net.Streaming(3)
			met = append(met, fmt.Sprint(order, w.net.Waiting()))
			w.closeLedger()
			met = append(met, fmt.Sprint(w.net.Waiting()))
		}
		return met
	}
	first := play(11)
	if second := play(11); !reflect.DeepEqual(first, second) {
		t.Errorf("the same seed:\n%v\n%v", first, second)
	}
	if reflect.DeepEqual(first, play(12)) {
		t.Error("another seed does the same")
	}
	for _, want := range []string{"lost", "answered", "429 Too Many Requests", "503 Service Unavailable", "504 Gateway Timeout"} {
		if !strings.Contains(strings.Join(first, ","), want) {
			t.Errorf("never met %q: %v", want, first)
		}
	}
}

func TestHTTPFaults(t *testing.T) {
	w := open(t, devnet.Config{})
	a, b := w.account(), w.account()
	for _, x := range []struct {
		faults devnet.Faults
		want   string
		done   bool
	}{
		{devnet.Faults{TooMany: 1}, "429", false},
		{devnet.Faults{Unavailable: 1}, "503", false},
		{devnet.Faults{TimedOut: 1}, "504", true},
	} {
		tx := w.pay(a, b, 100)
		w.faults(x.faults)
		raw, err := tx.Base64()
		if err != nil {
			t.Fatal(err)
		}
		res, err := w.server.Client().Post(w.server.URL+"/rpc", "application/json",
			strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"sendTransaction","params":{"transaction":"`+raw+`"}}`))
		if err != nil || res.Body.Close() != nil || !strings.HasPrefix(res.Status, x.want) {
			t.Errorf("%s: %v %v", x.want, res, err)
		}
		w.account() // the friendbot goes on, and closes a ledger
		w.faults(devnet.Faults{})
		if got := w.get(w.hash(tx)); (got.Status == "SUCCESS") != x.done {
			t.Errorf("%s: the transaction is %s", x.want, got.Status)
		}
	}
}

func TestDroppedTransaction(t *testing.T) {
	w := open(t, devnet.Config{})
	a, b := w.account(), w.account()
	w.faults(devnet.Faults{Drop: 1})
	tx := w.pay(a, b, 100)
	w.mustSend(tx, "PENDING")
	w.mustSend(tx, "DUPLICATE")
	w.closeLedger()
	if got := w.get(w.hash(tx)); got.Status != "NOT_FOUND" || w.net.Waiting() != 0 {
		t.Errorf("forgotten: %s, %d wait", got.Status, w.net.Waiting())
	}
	w.faults(devnet.Faults{})
	w.land(tx)
}

func TestDroppedSets(t *testing.T) {
	w := open(t, devnet.Config{})
	a, b := w.account(), w.account()
	tx := w.pay(a, b, 100)
	w.mustSend(tx, "PENDING")
	w.faults(devnet.Faults{DropSet: 1})
	w.closeLedger()
	w.closeLedger()
	var h xdr.LedgerHeader
	if err := xdr.SafeUnmarshalBase64(w.latest().LedgerHeader, &h); err != nil {
		t.Fatal(err)
	}
	if p := h.ScpValue.Ext.ProposedValue; p == nil || p.TxSetHash == (xdr.Hash{}) || w.get(w.hash(tx)).Status != "NOT_FOUND" {
		t.Errorf("header of a ledger without its set: %+v", h.ScpValue)
	}
	if _, err := w.net.Fund(context.Background(), keypair.MustRandom().Address()); err == nil {
		t.Error("funded without a ledger")
	}
	if w.net.Waiting() != 1 {
		t.Error("what the friendbot gave up still waits")
	}
	w.faults(devnet.Faults{})
	w.closeLedger()
	if got := w.get(w.hash(tx)); got.Status != "SUCCESS" {
		t.Errorf("after the dropped sets: %s", got.Status)
	}
	old := open(t, devnet.Config{Protocol: 27})
	if err := old.net.SetFaults(devnet.Faults{DropSet: .5}); err == nil {
		t.Error("protocol 27 drops sets")
	}
}

// TestSurge: who bids too little waits, who bids enough pays what the load pays, and it shows in the statistics.
func TestSurge(t *testing.T) {
	w := open(t, devnet.Config{})
	a, b := w.account(), w.account()
	poor, rich := w.pay(a, b, 999), w.pay(b, a, 5000)
	w.faults(devnet.Faults{Surge: 1000})
	w.mustSend(poor, "PENDING")
	w.mustSend(rich, "PENDING")
	w.closeLedger()
	if w.get(w.hash(poor)).Status != "NOT_FOUND" {
		t.Error("a poor bid landed")
	}
	var r xdr.TransactionResult
	if err := xdr.SafeUnmarshalBase64(w.get(w.hash(rich)).ResultXDR, &r); err != nil || r.FeeCharged != 1000 {
		t.Errorf("a rich bid paid %d: %v", r.FeeCharged, err)
	}
	stats, err := w.client.GetFeeStats(context.Background())
	if err != nil || stats.InclusionFee.Mode != 1000 || stats.InclusionFee.TransactionCount < 10 {
		t.Errorf("statistics: %+v %v", stats, err)
	}
	w.account() // the friendbot bids enough
	w.faults(devnet.Faults{})
	w.closeLedger()
	if w.get(w.hash(poor)).Status != "SUCCESS" {
		t.Error("a poor bid does not land after the surge")
	}
}

func TestFrozenAccounts(t *testing.T) {
	w := open(t, devnet.Config{})
	a, b := w.account(), w.account()
	id := xdr.MustAddress(b.Address())
	key, err := id.LedgerKey()
	if err != nil {
		t.Fatal(err)
	}
	tx := w.pay(a, b, 100)
	w.mustSend(tx, "PENDING")
	if err := w.net.Freeze([]xdr.LedgerKey{key}, nil); err != nil {
		t.Fatal(err)
	}
	w.closeLedger() // the freeze comes after its transactions
	if got := w.get(w.hash(tx)); got.Status != "SUCCESS" {
		t.Errorf("in the ledger of the freeze: %s", got.Status)
	}
	tx = w.pay(a, b, 100)
	if code := resultCode(w.mustSend(tx, "ERROR").ErrorResultXDR); code != "TransactionResultCodeTxFrozenKeyAccessed" {
		t.Errorf("to a frozen account: %s", code)
	}
	if err := w.net.Freeze(nil, []xdr.LedgerKey{key}); err != nil {
		t.Fatal(err)
	}
	w.closeLedger()
	w.land(tx)
	if open(t, devnet.Config{Protocol: 25}).net.Freeze([]xdr.LedgerKey{key}, nil) == nil {
		t.Error("protocol 25 freezes")
	}
}

func TestLaggingEndpoint(t *testing.T) {
	w := open(t, devnet.Config{})
	h, err := w.net.Endpoint(devnet.EndpointOptions{Lag: 2})
	if err != nil {
		t.Fatal(err)
	}
	behind := w.at(h)
	a, b := w.account(), w.account()
	w.closeLedger()
	w.closeLedger()
	before := w.latest()
	tx := w.pay(a, b, 100)
	behind.mustSend(tx, "PENDING")
	w.closeLedger()
	w.closeLedger()
	if got := behind.latest(); got != before {
		t.Errorf("two ledgers behind: %+v, want %+v", got, before)
	}
	if w.get(w.hash(tx)).Status != "SUCCESS" || behind.get(w.hash(tx)).Status != "NOT_FOUND" || behind.balance(b) != 100_000_000_000 ||
		w.balance(b) != 100_010_000_000 {
		t.Errorf("the payment: %s and %s, %d and %d stroops", w.get(w.hash(tx)).Status, behind.get(w.hash(tx)).Status, w.balance(b), behind.balance(b))
	}
	page, err := behind.client.GetLedgers(context.Background(), protocol.GetLedgersRequest{StartLedger: 1})
	if err != nil || page.LatestLedger != before.Sequence || page.Ledgers[len(page.Ledgers)-1].Sequence > before.Sequence {
		t.Errorf("ledgers: %+v %v", page.LatestLedger, err)
	}
	health, err := behind.client.GetHealth(context.Background())
	if err != nil || health.LatestLedger != before.Sequence {
		t.Errorf("health: %+v %v", health, err)
	}
	w.closeLedger()
	if behind.get(w.hash(tx)).Status != "SUCCESS" {
		t.Error("it never catches up")
	}
	w.faults(devnet.Faults{Lag: 3})
	if got := w.latest().Sequence; got != before.Sequence {
		t.Errorf("the first endpoint is at %d", got)
	}
	if _, err := w.net.Endpoint(devnet.EndpointOptions{Lag: 65}); err == nil {
		t.Error("a lag of 65 ledgers")
	}
}

func TestEndpointsThatDisagree(t *testing.T) {
	w := open(t, devnet.Config{})
	a, b := w.account(), w.account()
	common := w.latest()
	h, err := w.net.Endpoint(devnet.EndpointOptions{Fork: true})
	if err != nil {
		t.Fatal(err)
	}
	other := w.at(h)
	if other.latest() != common {
		t.Error("the fork has another past")
	}
	w.closeLedger()
	if w.latest().Hash == other.latest().Hash {
		t.Error("the fork's next ledger is the network's")
	}
	tx := w.pay(a, b, 100)
	w.land(tx)
	here, there := w.latest(), other.latest()
	if here.Sequence != there.Sequence || here.Hash == there.Hash || other.get(w.hash(tx)).Status != "NOT_FOUND" ||
		other.balance(b) != 100_000_000_000 {
		t.Errorf("they agree: %+v %+v", here, there)
	}
	double := other.pay(a, a, 100)
	other.mustSend(double, "PENDING")
	w.closeLedger()
	if other.get(w.hash(double)).Status != "SUCCESS" || w.get(w.hash(double)).Status != "NOT_FOUND" {
		t.Error("what the fork was handed in is not in the fork alone")
	}
	second := w.at(http.StripPrefix("", w.net.Handler()))
	second.client = rpcclient.NewClient(second.server.URL+"/second", second.server.Client())
	if second.latest() != other.latest() {
		t.Error("the second endpoint is not the fork")
	}
	w.faults(devnet.Faults{})
	if second.latest() != w.latest() {
		t.Error("the second endpoint disagrees after the fault")
	}
}

func TestReset(t *testing.T) {
	w := open(t, devnet.Config{})
	a, b := w.account(), w.account()
	hashes := map[string]bool{}
	for range 3 {
		page, err := w.client.GetLedgers(context.Background(), protocol.GetLedgersRequest{StartLedger: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range page.Ledgers[:2] {
			if hashes[l.Hash] {
				t.Errorf("ledger %d has the same hash again", l.Sequence)
			}
			hashes[l.Hash] = true
		}
		if err := w.net.Reset(); err != nil {
			t.Fatal(err)
		}
		if got := w.latest(); got.Sequence != 2 || w.balance(a) != -1 {
			t.Errorf("after a reset: %+v", got)
		}
	}
	if _, err := w.net.Fund(context.Background(), b.Address()); err != nil || w.balance(b) < 0 {
		t.Errorf("the friendbot after a reset: %v", err)
	}
}

func TestStreaming(t *testing.T) {
	w := open(t, devnet.Config{})
	if wait, order := w.net.Streaming(3); wait != 0 || !reflect.DeepEqual(order, []int{0, 1, 2}) {
		t.Errorf("calm: %v %v", wait, order)
	}
	w.faults(devnet.Faults{StreamDelay: 50, StreamReorder: 1})
	if wait, order := w.net.Streaming(3); wait.Milliseconds() != 50 || !reflect.DeepEqual(order, []int{1, 2, 0}) {
		t.Errorf("slow and out of order: %v %v", wait, order)
	}
}

func TestCloseWithRefusesWhatNoLedgerHolds(t *testing.T) {
	w := open(t, devnet.Config{})
	a, b := w.account(), w.account()
	text := func(tx envelope) string {
		raw, err := tx.Base64()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	late := w.sign(txnbuild.TransactionParams{SourceAccount: w.load(a), IncrementSequenceNum: true, BaseFee: 100,
		Preconditions: txnbuild.Preconditions{MinSequenceNumber: new(int64), TimeBounds: txnbuild.NewTimebounds(0, 1)},
		Operations:    []txnbuild.Operation{&txnbuild.BumpSequence{BumpTo: 1}}}, a)
	unsigned := w.sign(txnbuild.TransactionParams{SourceAccount: w.load(a), IncrementSequenceNum: true, BaseFee: 100,
		Operations: []txnbuild.Operation{&txnbuild.BumpSequence{BumpTo: 1}}}, b)
	good := w.pay(a, b, 100)
	seq := w.latest().Sequence
	for want, set := range map[string][]string{
		"TxTooLate":          {text(good), text(late)},
		"TxBadAuth":          {text(unsigned)},
		"there twice":        {text(good), text(good)},
		"cannot pay for all": {text(good), text(w.bump(w.pay(b, a, 100), 90_000_000_000/2, a)), text(w.bump(w.pay(b, a, 101), 90_000_000_000/2, a))},
		"decoding":           {"AAAA"},
	} {
		if _, err := w.net.CloseWith(set...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if w.latest().Sequence != seq {
		t.Error("a ledger closed")
	}
	var many []string
	for range 11 {
		from := w.account()
		seq++
		ops := make([]txnbuild.Operation, 100)
		for i := range ops {
			ops[i] = &txnbuild.BumpSequence{BumpTo: 1}
		}
		many = append(many, text(w.sign(txnbuild.TransactionParams{SourceAccount: w.load(from), IncrementSequenceNum: true, BaseFee: 100,
			Operations: ops}, from)))
	}
	if _, err := w.net.CloseWith(many...); err == nil || !strings.Contains(err.Error(), "1100 operations") {
		t.Errorf("more than fits: %v", err)
	}
	// Both are valid when the ledger begins; the queue would take one.
	zero := int64(0)
	any := w.sign(txnbuild.TransactionParams{SourceAccount: w.load(a), IncrementSequenceNum: true, BaseFee: 100,
		Preconditions: txnbuild.Preconditions{MinSequenceNumber: &zero, TimeBounds: txnbuild.NewInfiniteTimeout()},
		Operations:    []txnbuild.Operation{&txnbuild.BumpSequence{BumpTo: 1}}}, a)
	w.mustSend(good, "PENDING")
	got, err := w.net.CloseWith(text(any), text(good))
	if err != nil || got != seq+1 || w.get(w.hash(any)).Status != "SUCCESS" || w.get(w.hash(good)).Status != "FAILED" {
		t.Errorf("one after the other: %v, %s %s", err, w.get(w.hash(any)).Status, w.get(w.hash(good)).Status)
	}
	if w.net.Waiting() != 0 {
		t.Error("what landed still waits")
	}
}
