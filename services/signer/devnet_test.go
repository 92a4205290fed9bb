package signer_test

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net/http/httptest"
	"testing"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/unseal"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
	"github.com/restante/restante/relay/stellar/rpc"
	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/signer"
)

const (
	passphrase = "Signer Test Network ; 2026"
	app        = relay.AppID("app_a")
)

// ledgerFixture is a signer on a ledger that keeps stellar-core's rules and closes on demand.
type ledgerFixture struct {
	*testing.T
	net      *devnet.Network
	port     *access.Port
	s        *signer.Signer
	channel  string
	treasury string
	reader   *age.X25519Identity
	amount   relay.Stroops
	hope     relay.Stroops // what the signer believes its treasury holds besides: it is gone when the funding lands
}

// hopeful is the signer's view, with more in each account than there is.
type hopeful struct {
	signer.Ledger
	fixture *ledgerFixture
}

func (h *hopeful) Look(ctx context.Context, asset string, accounts ...string) (map[string]relay.AccountFacts, relay.AssetFacts, error) {
	facts, issuer, err := h.Ledger.Look(ctx, asset, accounts...)
	for id, f := range facts {
		f.Spendable += h.fixture.hope
		facts[id] = f
	}
	return facts, issuer, err
}

func newLedgerFixture(t *testing.T) *ledgerFixture {
	t.Helper()
	net, err := devnet.Open(devnet.Config{Passphrase: passphrase})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { net.Close() })
	door := httptest.NewServer(net.Handler())
	t.Cleanup(door.Close)
	client, err := rpc.Dial(t.Context(), access.Config{URL: door.URL, Passphrase: passphrase})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	w := &ledgerFixture{T: t, net: net, port: &access.Port{Source: client}, amount: 3}
	w.s, err = signer.Open(t.Context(), signer.Config{
		Dir: t.TempDir(), Passphrase: passphrase, Ledger: &hopeful{Ledger: w.port, fixture: w}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.s.Close() })
	sponsor, channels, err := w.s.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.port.Sponsor, w.channel = sponsor, channels[0]
	if w.treasury, err = w.s.Treasury(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	if w.reader, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	for _, account := range []string{sponsor, w.channel, w.treasury} {
		if _, err := net.Fund(t.Context(), account); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *ledgerFixture) head() relay.Head {
	w.Helper()
	h, err := w.port.Head(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return h
}

func (w *ledgerFixture) close(n int) {
	w.Helper()
	for range n {
		if _, err := w.net.CloseLedger(); err != nil {
			w.Fatal(err)
		}
	}
}

func (w *ledgerFixture) fund(ids ...relay.PaymentID) relay.FundAnswer {
	w.Helper()
	head := w.head()
	sequence, err := w.port.Sequence(w.Context(), w.channel)
	if err != nil {
		w.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		w.Fatal(err)
	}
	in := relay.FundIntent{
		App: app, Channel: w.channel, Sequence: sequence + 1, SignedAt: head.Sequence, Bound: head.Sequence + 3, MaxTime: head.CloseTime + 600,
	}
	for _, id := range ids {
		in.Mints = append(in.Mints, relay.Mint{
			Payment: id, Amount: w.amount, Asset: "native", ReturnTo: w.treasury, ExpiresAt: relay.Seconds(head.CloseTime + 7200),
			SenderRecipients: []string{other.Recipient().String()}, ClaimRecipient: w.reader.Recipient().String(),
		})
	}
	a, err := w.s.Fund(w.Context(), in)
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// send bumps an envelope, hands it in, closes a ledger, and wants it to have gone through or not.
func (w *ledgerFixture) send(hash string, envelope []byte, success bool) {
	w.Helper()
	outer, err := w.s.Bump(w.Context(), hash, envelope, 20_000)
	if err != nil {
		w.Fatal(err)
	}
	answer, err := w.port.Submit(w.Context(), outer)
	if err != nil {
		w.Fatal(err)
	}
	w.close(1)
	seen, err := w.port.Sight(w.Context(), hash)
	if landed := seen != nil && seen.Success; err != nil || landed != success {
		w.Fatalf("%s %s: seen %+v, %v", answer.Word, answer.Code, seen, err)
	}
}

func (w *ledgerFixture) balance(account string) relay.Stroops {
	w.Helper()
	facts, _, err := w.port.Look(w.Context(), relay.Native, account)
	if err != nil {
		w.Fatal(err)
	}
	return facts[account].Balance
}

func payments(n int) (ids []relay.PaymentID) {
	for range n {
		ids = append(ids, relay.NewPaymentID(1_800_000_000e6))
	}
	return ids
}

// What the signer signs is what the ledger takes: a full batch, every way out of a holding account, no money lost.
func TestOnALedger(t *testing.T) {
	w := newLedgerFixture(t)
	before := w.balance(w.treasury)
	a := w.fund(payments(17)...)
	w.send(a.Envelope.Hash, nil, true)
	if w.balance(w.treasury) != before-17*3 {
		t.Errorf("the treasury paid %d", before-w.balance(w.treasury))
	}
	w.close(3) // past the bound: the way back is open

	plain, second, last, claimed := a.Minted[0], a.Minted[1], a.Minted[2], a.Minted[3]
	w.send(plain.Ladder[0].Hash, nil, true)
	w.send(second.Ladder[1].Hash, nil, true)
	if _, err := w.s.Bump(t.Context(), last.Ladder[2].Hash, nil, relay.One); relay.CodeOf(err) != "rung_not_due" {
		t.Errorf("the last resort, while home can take the money: %v", err)
	}
	w.send(last.Ladder[0].Hash, nil, true)
	if got := w.balance(w.treasury); got != before-17*3+3*3 {
		t.Errorf("the treasury has %d", got)
	}
	for _, m := range []relay.Minted{plain, second, last} {
		if w.balance(m.Account) != 0 {
			t.Error("money was left behind")
		}
	}

	c, err := unseal.Open(claimed.Box, w.reader, box.Expect{
		Payment: string(claimed.Payment), Network: passphrase, Account: claimed.Account, Asset: "native", Amount: 3,
	})
	if err != nil {
		t.Fatal(err)
	}
	h, ana := keypair.MustParseFull(string(c.Secret.Reveal())), keypair.MustRandom()
	head := w.head()
	sequence, err := w.port.Sequence(t.Context(), claimed.Account)
	if err != nil {
		t.Fatal(err)
	}
	e, err := w.s.Claim(t.Context(), relay.ClaimIntent{
		Payment: claimed.Payment, Holding: claimed.Account, Destination: ana.Address(), NewAccount: true, Sequence: sequence + 1,
		SignedAt: head.Sequence, Bound: head.Sequence + 5, MaxTime: head.CloseTime + 600,
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := stellar.Sign(base64.StdEncoding.EncodeToString(e.XDR), passphrase, h, ana)
	if err != nil {
		t.Fatal(err)
	}
	complete, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	w.send(e.Hash, complete, true)
	if w.balance(ana.Address()) != 3 {
		t.Error("she did not get it")
	}
	w.send(claimed.Ladder[0].Hash, nil, false) // it is gone: there is nothing to bring home
}

// A funding that was never sent is funded anew once the ledger proves it dead, and not a ledger earlier.
func TestProofOnALedger(t *testing.T) {
	w := newLedgerFixture(t)
	ids := payments(2)
	first := w.fund(ids...)
	outer, err := w.s.Bump(t.Context(), first.Envelope.Hash, nil, 20_000) // any holder of this can hand it in
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.close(1)
		if a := w.fund(ids[0]); a.Envelope.Hash != first.Envelope.Hash {
			t.Fatal("funded anew while the first could land")
		}
	}
	w.close(1)
	again := w.fund(ids...)
	if again.Envelope.Hash == first.Envelope.Hash || again.Envelope.Sequence != first.Envelope.Sequence {
		t.Fatalf("not funded anew: %+v", again.Envelope)
	}
	if _, err := w.port.Submit(t.Context(), outer); err != nil {
		t.Fatal(err)
	}
	w.send(again.Envelope.Hash, nil, true)
	if seen, err := w.port.Sight(t.Context(), first.Envelope.Hash); err != nil || seen != nil {
		t.Errorf("the dead one landed: %+v, %v", seen, err)
	}
	if a := w.fund(ids[1]); a.Envelope.Hash != again.Envelope.Hash {
		t.Error("funded a third time")
	}
}

// A funding that failed in a ledger is funded anew at once, with the next number.
func TestFailureOnALedger(t *testing.T) {
	w := newLedgerFixture(t)
	id := payments(1)[0]
	w.amount, w.hope = 20_000*relay.One, 20_000*relay.One // the treasury has half of it
	first := w.fund(id)
	w.send(first.Envelope.Hash, nil, false)
	w.amount = 3
	again := w.fund(id)
	if again.Envelope.Hash == first.Envelope.Hash || again.Envelope.Sequence != first.Envelope.Sequence+1 {
		t.Fatalf("not funded anew: %+v", again.Envelope)
	}
	w.send(again.Envelope.Hash, nil, true)
}
