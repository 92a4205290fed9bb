package sqlstore

import "github.com/restante/restante/relay"

// Fingerprints implements relay.Tx, in the order in which they were written down.
func (s *session) Fingerprints() ([]relay.Fingerprint, error) {
	return all(s, func(_ *session, r row) (f relay.Fingerprint, err error) {
		err = r.Scan(&f.What, &f.Value)
		return f, err
	}, "SELECT what, value FROM fingerprints ORDER BY id")
}

// AddFingerprint implements relay.Tx. One of the same part is a fault "fingerprint_taken" (Conflict).
func (s *session) AddFingerprint(f relay.Fingerprint, at relay.Micros) error {
	written, err := s.insert("INSERT INTO fingerprints (what, value, at) VALUES ($1, $2, $3)", f.What, f.Value, at)
	if err == nil && !written {
		err = conflict("fingerprint_taken", "This part is written down already.")
	}
	return err
}

// LogMark implements relay.Tx.
func (s *session) LogMark() (relay.LogMark, error) {
	return one(s, func(_ *session, r row) (m relay.LogMark, err error) {
		err = r.Scan(&m.Lines, &m.Head)
		return m, err
	}, "SELECT lines, head FROM signer_log WHERE id = 1")
}

// SaveLogMark implements relay.Tx. A mark that is shorter than the one kept changes nothing.
func (s *session) SaveLogMark(m relay.LogMark) error {
	_, err := s.exec("UPDATE signer_log SET lines = $1, head = $2 WHERE id = 1 AND lines < $1", m.Lines, m.Head)
	return err
}

// Used implements relay.Tx.
func (s *session) Used() (bool, error) {
	return one(s, plain[bool], "SELECT EXISTS (SELECT 1 FROM apps) OR EXISTS (SELECT 1 FROM ledgers)")
}
