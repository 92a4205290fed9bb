package rpc

import (
	"testing"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar/access"
)

func (s *server) port(ledgers int) *access.Port {
	s.t.Helper()
	for len(s.ledgers) < ledgers {
		s.close()
	}
	return &access.Port{Source: s.dial()}
}

func TestPagesAreReadAhead(t *testing.T) {
	s := newServer(t)
	p := s.port(2*pagesAhead + 5)
	previous := ""
	for seq := uint32(1); int(seq) <= len(s.ledgers); seq++ {
		page, err := p.Page(t.Context(), seq)
		if err != nil || page.Head.Sequence != seq || page.Previous != previous && previous != "" {
			t.Fatalf("ledger %d: %+v %v", seq, page, err)
		}
		previous = page.Head.Hash
	}
	if got := s.calls["getLedgers"]; got != 3 {
		t.Errorf("%d calls for %d ledgers", got, len(s.ledgers))
	}
	// Out of turn, nothing is taken from what was read before.
	for _, seq := range []uint32{7, 7, 9} {
		before := s.calls["getLedgers"]
		if page, err := p.Page(t.Context(), seq); err != nil || page.Head.Sequence != seq || s.calls["getLedgers"] != before+1 {
			t.Errorf("ledger %d: %+v %v", seq, page, err)
		}
	}
}

func TestABadLedgerHoldsUpOnlyItself(t *testing.T) {
	s := newServer(t)
	p := s.port(12)
	s.answer = func(method string, _ int, honest any) (any, *fault) {
		if r, ok := honest.(protocol.GetLedgersResponse); ok {
			for i := range r.Ledgers {
				if r.Ledgers[i].Sequence == 10 {
					r.Ledgers[i].Hash = r.Ledgers[0].Hash[1:] + "0"
				}
			}
			return r, nil
		}
		return nil, nil
	}
	for seq := uint32(1); seq < 10; seq++ {
		if page, err := p.Page(t.Context(), seq); err != nil || page.Head.Sequence != seq {
			t.Fatalf("ledger %d: %+v %v", seq, page, err)
		}
	}
	if page, err := p.Page(t.Context(), 10); relay.KindOf(err) != relay.Unavailable || page != nil {
		t.Errorf("%+v %v", page, err)
	}
}

// A history that changed behind pages read ahead shows at the first one that was not.
func TestChangedHistoryShows(t *testing.T) {
	s := newServer(t)
	p := s.port(pagesAhead)
	first, err := p.Page(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	_, envelope := claim(t, 1)
	s.mu.Lock()
	s.ledgers = s.ledgers[:5]
	s.close(envelope)
	for len(s.ledgers) < pagesAhead+3 {
		s.close()
	}
	s.mu.Unlock()
	previous := first.Head.Hash
	for seq := uint32(2); seq <= pagesAhead+1; seq++ {
		page, err := p.Page(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		if follows := page.Previous == previous; follows == (seq == pagesAhead+1) {
			t.Errorf("ledger %d follows: %v", seq, follows)
		}
		previous = page.Head.Hash
	}
}
