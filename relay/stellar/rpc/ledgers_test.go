package rpc

import (
	"errors"
	"slices"
	"testing"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"

	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
)

// history closes ledgers with the given numbers of transactions, from ledger 2 on.
func history(t *testing.T, s *server, sizes ...int) {
	n := 1
	for _, size := range sizes {
		var list []string
		for range size {
			_, text := claim(t, n)
			list = append(list, text)
			n++
		}
		s.close(list...)
	}
}

func TestLedgersAreWhole(t *testing.T) {
	s := newServer(t)
	c := s.dial()
	sizes := []int{0, 3, 99, 0, 100, 1, 0, 250, 7, 0}
	history(t, s, sizes...)
	for _, max := range []int{1, 2, 3, 7, 100} {
		next := uint32(1)
		var got []int
		previous := ""
		for {
			page, err := c.Ledgers(t.Context(), next, max)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, l := range page {
				if l.Sequence != next || l.CloseTime != closeTime(next) || previous != "" && l.Previous != previous {
					t.Fatalf("ledger %d in the place of %d", l.Sequence, next)
				}
				got, previous, next = append(got, len(l.Txs)), l.Hash, next+1
			}
		}
		if !slices.Equal(got[1:], sizes) {
			t.Errorf("by %d: %v", max, got)
		}
	}
}

func TestLedgersAtTheEnds(t *testing.T) {
	s := newServer(t)
	c := s.dial()
	history(t, s, 1, 1, 1)
	s.oldest = 3
	_, err := c.Ledgers(t.Context(), 2, 10)
	wantKind(t, err, access.ErrGap)
	page, err := c.Ledgers(t.Context(), 5, 10)
	if err != nil || len(page) != 0 {
		t.Errorf("%+v %v", page, err)
	}
	for _, bad := range [][2]int{{0, 1}, {1, 0}, {1, 101}} {
		_, err := c.Ledgers(t.Context(), uint32(bad[0]), bad[1])
		wantKind(t, err, access.ErrRefused)
	}
	// The history is trimmed between the calls.
	s.before = func(s *server, method string, n int) {
		if method == "getTransactions" {
			s.oldest = 4
		}
	}
	s.answer = func(method string, _ int, honest any) (any, *fault) {
		if method != "getTransactions" {
			return nil, nil
		}
		return protocol.GetTransactionsResponse{LatestLedger: 4, OldestLedger: 4}, nil
	}
	_, err = c.Ledgers(t.Context(), 3, 10)
	wantKind(t, err, access.ErrGap)
}

func TestLedgersSeeLies(t *testing.T) {
	type txs = protocol.GetTransactionsResponse
	onTxs := func(lie func(*txs)) func(string, int, any) (any, *fault) {
		return func(method string, _ int, honest any) (any, *fault) {
			if method != "getTransactions" {
				return nil, nil
			}
			r := honest.(txs)
			r.Transactions = slices.Clone(r.Transactions)
			lie(&r)
			return r, nil
		}
	}
	onHeaders := func(lie func(*protocol.GetLedgersResponse)) func(string, int, any) (any, *fault) {
		return func(method string, _ int, honest any) (any, *fault) {
			if method != "getLedgers" {
				return nil, nil
			}
			r := honest.(protocol.GetLedgersResponse)
			r.Ledgers = slices.Clone(r.Ledgers)
			lie(&r)
			return r, nil
		}
	}
	for name, lie := range map[string]func(string, int, any) (any, *fault){
		"a transaction left out": onTxs(func(r *txs) { r.Transactions = append(r.Transactions[:1], r.Transactions[2:]...) }),
		"the last one left out":  onTxs(func(r *txs) { r.Transactions = r.Transactions[:len(r.Transactions)-1] }),
		"none at all":            onTxs(func(r *txs) { r.Transactions = nil }),
		"success turned around":  onTxs(func(r *txs) { r.Transactions[1].Status = "FAILED" }),
		"another result": onTxs(func(r *txs) {
			r.Transactions[1].ResultXDR = "AAAAAAAAAGT////7AAAAAA=="
			r.Transactions[1].Status = "FAILED"
		}),
		"another envelope": onTxs(func(r *txs) { r.Transactions[1].EnvelopeXDR = r.Transactions[2].EnvelopeXDR }),
		"another hash":     onTxs(func(r *txs) { r.Transactions[1].TransactionHash = r.Transactions[2].TransactionHash }),
		"another ledger":   onTxs(func(r *txs) { r.Transactions[0].Ledger = 1 }),
		"another time":     onTxs(func(r *txs) { r.Transactions[0].LedgerCloseTime++ }),
		"twice":            onTxs(func(r *txs) { r.Transactions = append(r.Transactions, r.Transactions[0]) }),
		"out of order":     onTxs(func(r *txs) { r.Transactions[0], r.Transactions[1] = r.Transactions[1], r.Transactions[0] }),
		"another order": onTxs(func(r *txs) {
			a, b := r.Transactions[0].ApplicationOrder, r.Transactions[1].ApplicationOrder
			r.Transactions[0], r.Transactions[1] = r.Transactions[1], r.Transactions[0]
			r.Transactions[0].ApplicationOrder, r.Transactions[1].ApplicationOrder = a, b
		}),
		"full page, no cursor": onTxs(func(r *txs) {
			for len(r.Transactions) < txsPerCall {
				tx := r.Transactions[0]
				r.Transactions = append(r.Transactions, tx)
			}
			r.Cursor = ""
		}),
		"a header left out":         onHeaders(func(r *protocol.GetLedgersResponse) { r.Ledgers = append(r.Ledgers[:1], r.Ledgers[2:]...) }),
		"a header of another":       onHeaders(func(r *protocol.GetLedgersResponse) { r.Ledgers[1].LedgerHeader = r.Ledgers[0].LedgerHeader }),
		"a hash of another":         onHeaders(func(r *protocol.GetLedgersResponse) { r.Ledgers[1].Hash = r.Ledgers[0].Hash }),
		"no headers":                onHeaders(func(r *protocol.GetLedgersResponse) { r.Ledgers = nil }),
		"more headers than ordered": onHeaders(func(r *protocol.GetLedgersResponse) { r.Ledgers = append(r.Ledgers, r.Ledgers...) }),
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			c := s.dial()
			history(t, s, 3, 2, 1)
			s.answer = lie
			_, err := c.Ledgers(t.Context(), 2, 3)
			wantKind(t, err, access.ErrNonsense)
		})
	}
	// A fork: every header is its own, but they do not follow each other.
	a, b := newServer(t), newServer(t)
	history(t, a, 1, 0)
	history(t, b, 2, 0)
	c := a.dial()
	a.answer = onHeaders(func(r *protocol.GetLedgersResponse) { r.Ledgers[1] = b.ledgers[2].info })
	_, err := c.Ledgers(t.Context(), 2, 2)
	wantKind(t, err, access.ErrNonsense)
	a.answer = onTxs(func(r *txs) { r.LatestLedger = 2; r.Transactions = r.Transactions[:1] })
	_, err = c.Ledgers(t.Context(), 2, 2)
	wantKind(t, err, access.ErrTransient)
}

// The envelope may land in ledger 20 or before; it was signed after ledger 3.
func TestEvidenceLooksTwice(t *testing.T) {
	tx, text := claim(t, 5)
	for name, tc := range map[string]struct {
		ledgers int
		hook    func(*server)
		want    error
	}{
		"never handed in":   {21, nil, nil},
		"bound not past":    {20, nil, stellar.ErrInconclusive},
		"history too short": {21, func(s *server) { s.oldest = 4 }, stellar.ErrInconclusive},
		"number used up":    {21, func(s *server) { s.accounts[addr("h")].SeqNum = 5 }, stellar.ErrContradiction},
		"account gone":      {21, func(s *server) { delete(s.accounts, addr("h")) }, stellar.ErrContradiction},
		"landed":            {10, func(s *server) { s.close(text) }, stellar.ErrLanded},
		"lands between the looks": {19, func(s *server) {
			s.before = func(s *server, method string, n int) {
				if method == "getTransaction" && n == 2 {
					s.close(text)
					s.close()
				}
			}
		}, stellar.ErrLanded},
		// It landed in ledger 20, but the lookup of the first answer was made before, its range after.
		"first answer older than its range": {19, func(s *server) {
			s.close(text)
			s.close()
			s.answer = func(method string, n int, honest any) (any, *fault) {
				if method != "getTransaction" || n > 1 {
					return nil, nil
				}
				r := honest.(protocol.GetTransactionResponse)
				r.TransactionDetails = protocol.TransactionDetails{Status: "NOT_FOUND"}
				return r, nil
			}
		}, stellar.ErrLanded},
		// The bound passes between the looks: the second one may be older than its range.
		"bound passes between the looks": {20, func(s *server) {
			s.before = func(s *server, method string, n int) {
				if method == "getTransaction" && n == 2 {
					s.close()
				}
			}
		}, stellar.ErrInconclusive},
		// It passes before the account is read: only the second look may be older than its range.
		"bound passes after the first look": {20, func(s *server) {
			s.before = func(s *server, method string, n int) {
				if method == "getLatestLedger" {
					s.close()
				}
			}
		}, stellar.ErrInconclusive},
		"account read from a server behind": {21, func(s *server) {
			old := uint32(20)
			s.answer = func(method string, n int, honest any) (any, *fault) {
				switch r := honest.(type) {
				case protocol.GetLedgerEntriesResponse:
					r.LatestLedger = old
					return r, nil
				case protocol.GetLatestLedgerResponse:
					r.Sequence, r.LedgerHeader = old, ""
					return r, nil
				}
				return nil, nil
			}
		}, stellar.ErrInconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			c := s.dial()
			s.accounts[addr("h")] = account("h", 100, 4)
			for len(s.ledgers) < tc.ledgers {
				s.close()
			}
			if tc.hook != nil {
				tc.hook(s)
			}
			ev, _, err := c.Evidence(t.Context(), tx, 3)
			if err != nil {
				t.Fatal(err)
			}
			if ok, err := stellar.CannotLand(tx, ev); ok != (tc.want == nil) || !errors.Is(err, tc.want) {
				t.Errorf("%v %v", ok, err)
			}
		})
	}
}

func TestEvidenceNeedsAnswers(t *testing.T) {
	tx, _ := claim(t, 5)
	for _, method := range []string{"getTransaction", "getLedgerEntries", "getLatestLedger"} {
		s := newServer(t)
		c := s.dial()
		s.answer = func(m string, n int, _ any) (any, *fault) {
			if m == method {
				return nil, &fault{-32603, "away"}
			}
			return nil, nil
		}
		ev, _, err := c.Evidence(t.Context(), tx, 3)
		wantKind(t, err, access.ErrTransient)
		if ok, _ := stellar.CannotLand(tx, ev); ok {
			t.Error("half an answer was a proof")
		}
	}
}
