package sqlstore

import (
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// Cursor implements desk.Tx: the ledger remembered last, 0 when none.
func (s *session) Cursor() (uint32, error) {
	return one(s, plain[uint32], "SELECT cursor FROM watch WHERE id = 1"+s.lock())
}

func (s *session) LedgerHash(seq uint32) (string, error) {
	hashes, err := all(s, plain[string], "SELECT hash FROM ledgers WHERE sequence = $1", seq)
	if err != nil || len(hashes) == 0 {
		return "", err
	}
	return hashes[0], nil
}

func (s *session) Passed() (relay.Head, error) {
	return s.head("SELECT sequence, hash, close_time FROM ledgers WHERE sequence = (SELECT cursor FROM watch WHERE id = 1)")
}

func (s *session) LedgerAfter(seq uint32) (relay.Head, error) {
	return s.head("SELECT sequence, hash, close_time FROM ledgers WHERE sequence > $1 ORDER BY sequence LIMIT 1", seq)
}

// head reads one ledger; the zero Head when there is none.
func (s *session) head(text string, args ...any) (relay.Head, error) {
	heads, err := all(s, into(func(h *relay.Head) []any { return []any{&h.Sequence, &h.Hash, &h.CloseTime} }), text, args...)
	if err != nil || len(heads) == 0 {
		return relay.Head{}, err
	}
	return heads[0], nil
}

// RememberLedger implements desk.Tx. A ledger that is remembered with another hash is relay.ErrContradiction.
func (s *session) RememberLedger(h relay.Head) error {
	written, err := s.insert("INSERT INTO ledgers (sequence, hash, close_time) VALUES ($1, $2, $3)",
		h.Sequence, h.Hash, h.CloseTime)
	if err != nil {
		return err
	}
	if !written {
		hash, err := s.LedgerHash(h.Sequence)
		if err != nil {
			return err
		}
		if hash != h.Hash {
			return relay.ErrContradiction
		}
	}
	if _, err := s.exec("UPDATE watch SET cursor = $1 WHERE id = 1", h.Sequence); err != nil {
		return err
	}
	_, err = s.exec("DELETE FROM ledgers WHERE sequence <= $1", int64(h.Sequence)-relay.RememberedLedgers)
	return err
}

func (s *session) ForgetLedgers() error {
	_, err := s.exec("DELETE FROM ledgers")
	return err
}

func (s *session) Awaiting(h relay.Head) ([]desk.Work, error) {
	fundings, err := all(s, plain[string], `SELECT hash FROM envelopes WHERE kind = 'funding' AND state = 'planned'
		AND (bound <= $1 OR max_time < $2) AND NOT EXISTS
		(SELECT 1 FROM work WHERE work.kind = $3 AND work.envelope = envelopes.hash AND work.done_at = 0) ORDER BY id`,
		h.Sequence, h.CloseTime, relay.DoSubmit)
	if err != nil {
		return nil, err
	}
	returns, err := all(s, plain[relay.PaymentID], "SELECT id FROM payments WHERE state = 'returning' AND bound = $1 ORDER BY id", h.Sequence)
	if err != nil {
		return nil, err
	}
	var work []desk.Work
	for _, hash := range fundings {
		work = append(work, desk.Work{Kind: relay.DoSubmit, Envelope: hash})
	}
	for _, id := range returns {
		work = append(work, desk.Work{Kind: relay.DoReturn, Payment: id})
	}
	return work, nil
}
