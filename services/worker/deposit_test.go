package worker_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/wire"
	"github.com/restante/restante/services/api"
)

// interrupted is a signer beside which something happens after the n-th deposit that it was asked about.
type interrupted struct {
	desk.Signer
	n  int
	do func()
}

func (s *interrupted) Keep(ctx context.Context, in relay.KeepIntent) (relay.FundAnswer, error) {
	a, err := s.Signer.Keep(ctx, in)
	if s.n--; s.n == 0 {
		s.do()
	}
	return a, err
}

// front is the API on a fixture's parts.
func (m *assetFixture) front(signer desk.Signer) (url, key string) {
	m.Helper()
	h, err := api.New(api.Config{PublicURL: "https://pay.example.com", Network: passphrase}, api.Deps{Desk: m.desk, Store: m.store, Signer: signer,
		Ledger: m.port, Codes: m.keys, Log: slog.New(slog.DiscardHandler), Now: m.desk.Now})
	if err != nil {
		m.Fatal(err)
	}
	s := httptest.NewServer(h)
	m.Cleanup(s.Close)
	key, row := api.NewKey("rst_test_")
	row.App = m.apps[0].ID
	if err := m.store.UpdateMany(m.Context(), nil, func(tx desk.Tx, _ []relay.Payment) error { return tx.InsertKey(row) }); err != nil {
		m.Fatal(err)
	}
	return s.URL, key
}

// deposited is what a client hands in.
func (m *assetFixture) deposited(a relay.FundAnswer) wire.DepositRequest {
	minted := a.Minted[0]
	d := wire.DepositRequest{HoldingAccount: minted.Account, Box: text(minted.Box), BoxMAC: strings.Repeat("a", 64), Fee: int64(a.Envelope.OwnFee), Funding: text(a.Envelope.XDR)}
	if minted.Proof != (relay.WalletProof{}) {
		d.Proof = (*wire.WalletProof)(&minted.Proof)
	}
	for _, e := range minted.Ladder {
		d.Ladder = append(d.Ladder, wire.ReceiptRung{Rung: e.Rung, Hash: e.Hash, Envelope: base64.StdEncoding.EncodeToString(e.XDR), LastResort: e.Rung == 0, NeedsService: e.State == relay.Planned})
	}
	return d
}

// post posts and says with which status it was answered.
func (m *assetFixture) post(url, key string, body any) int {
	m.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		m.Fatal(err)
	}
	req, err := http.NewRequestWithContext(m.Context(), "POST", url, bytes.NewReader(raw))
	if err != nil {
		m.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		m.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// One sender cannot halt the others: he deposits, cancels in between, signs his funding all the same and submits it by himself.
// After a restart nothing is halted, his money is at home, and other payments go on.
func TestASenderHaltsNoOther(t *testing.T) {
	for n := 1; n <= 2; n++ {
		for name, before := range map[string]bool{"before the restart": true, "after the restart": false} {
			t.Run(fmt.Sprintf("canceled after %d looks, funded %s", n, name), func(t *testing.T) {
				each(t, walletKinds, func(m *assetFixture) {
					books, house := m.books(), m.house()
					p := m.request(nil)
					a := m.minted(p)
					url, key := m.front(&interrupted{m.signer, n, func() { m.apply(p.ID, relay.CancelAsked{}) }})
					status := m.post(url+"/v1/payments/"+string(p.ID)+"/deposit", key, m.deposited(a))
					if status != http.StatusOK && status != http.StatusConflict {
						m.Fatalf("%d", status)
					}
					if before {
						m.does(text(m.signedBy(a, m.wallet)))
					}
					m.restarts()
					if !before {
						m.does(text(m.signedBy(a, m.wallet)))
					}
					m.watch()
					if why := m.halted(); why != "" {
						m.Fatalf("one sender halts all: %s", why)
					}
					m.comesHome(p, books, house)
					m.restarts()
					if why := m.halted(); why != "" {
						m.Fatal(why)
					}
				})
			})
		}
	}
}
