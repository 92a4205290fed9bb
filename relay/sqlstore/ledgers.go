package sqlstore

import "github.com/restante/restante/relay"

// remembered is how many ledgers back a hash is kept.
const remembered = 10_000

// Cursor implements relay.Tx: the ledger remembered last, 0 when none.
func (s *session) Cursor() (uint32, error) {
	return one(s, plain[uint32], "SELECT cursor FROM watch WHERE id = 1"+s.lock())
}

// LedgerHash implements relay.Tx.
func (s *session) LedgerHash(seq uint32) (string, error) {
	hashes, err := all(s, plain[string], "SELECT hash FROM ledgers WHERE sequence = $1", seq)
	if err != nil || len(hashes) == 0 {
		return "", err
	}
	return hashes[0], nil
}

// RememberLedger implements relay.Tx. A ledger that is remembered with another hash is relay.ErrContradiction.
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
	_, err = s.exec("DELETE FROM ledgers WHERE sequence <= $1", int64(h.Sequence)-remembered)
	return err
}

// Halted implements relay.Tx.
func (s *session) Halted() (string, error) {
	return one(s, plain[string], "SELECT halted FROM watch WHERE id = 1")
}

// Halt implements relay.Tx. The first reason stands until it is lifted by "".
func (s *session) Halt(why string) error {
	_, err := s.exec("UPDATE watch SET halted = $1 WHERE id = 1 AND (halted = '' OR $1 = '')", why)
	return err
}
