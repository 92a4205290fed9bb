package sqlstore

import "github.com/restante/restante/relay"

const (
	purposeShare = "share"
	purposeCode  = "code.sealed"
)

// PutBox implements desk.Tx. A new box replaces the one of a funding that could not land.
func (s *session) PutBox(id relay.PaymentID, box []byte) error {
	_, err := s.exec(`INSERT INTO boxes (payment, box) VALUES ($1, $2)
		ON CONFLICT (payment) DO UPDATE SET box = excluded.box`, id, box)
	return err
}

// PutShare implements desk.Tx. A share has at least one byte.
func (s *session) PutShare(id relay.PaymentID, share []byte) error {
	sealed, err := s.seal(purposeShare, string(id), share)
	if err != nil {
		return err
	}
	_, err = s.exec(`INSERT INTO shares (payment, share) VALUES ($1, $2)
		ON CONFLICT (payment) DO UPDATE SET share = excluded.share`, id, sealed)
	return err
}

func (s *session) Box(id relay.PaymentID) ([]byte, error) {
	return one(s, plain[[]byte], "SELECT box FROM boxes WHERE payment = $1", id)
}

func (s *session) Share(id relay.PaymentID) ([]byte, error) {
	sealed, err := one(s, plain[[]byte], "SELECT share FROM shares WHERE payment = $1", id)
	if err != nil {
		return nil, err
	}
	return s.open(purposeShare, string(id), sealed)
}

// Expunge implements desk.Tx. Again is not an error. The rows are overwritten in the file; older pages in the write-ahead log
// go with its next checkpoint, after some thousand kilobytes of writing or at Close.
func (s *session) Expunge(id relay.PaymentID) error {
	return s.deleteOf(id, "boxes", "shares", "codes", "passes")
}

// DropBox implements desk.Tx. Again is not an error.
func (s *session) DropBox(id relay.PaymentID) error { return s.deleteOf(id, "boxes") }

// DropCredentials implements desk.Tx. Again is not an error.
func (s *session) DropCredentials(id relay.PaymentID) error { return s.deleteOf(id, "codes", "passes") }

// deleteOf deletes a payment's rows of the tables given, which are constants.
func (s *session) deleteOf(id relay.PaymentID, tables ...string) error {
	for _, table := range tables {
		if _, err := s.exec("DELETE FROM "+table+" WHERE payment = $1", id); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) CodeBook(id relay.PaymentID) (relay.CodeBook, error) {
	books, err := all(s, into(func(b *relay.CodeBook) []any { return []any{&b.Payment, &b.Sent, &b.NextAt, &b.Tries} }),
		"SELECT payment, sent, next_at, tries FROM code_books WHERE payment = $1", id)
	if err != nil || len(books) == 0 {
		return relay.CodeBook{}, err
	}
	return books[0], nil
}

// SaveCodeBook implements desk.Tx. The counts never go down.
func (s *session) SaveCodeBook(b relay.CodeBook) error {
	_, err := s.exec(`INSERT INTO code_books (payment, sent, next_at, tries) VALUES ($1, $2, $3, $4)
		ON CONFLICT (payment) DO UPDATE SET sent = excluded.sent, next_at = excluded.next_at, tries = excluded.tries`,
		b.Payment, b.Sent, b.NextAt, b.Tries)
	return err
}

func columnsOfCode(c *relay.Code) columns {
	return columns{{"session", &c.Session}, {"payment", &c.Payment}, {"mac", &c.MAC}, {"sealed", &c.Sealed}, {"issued_at", &c.IssuedAt},
		{"tries", &c.Tries}, {"used_at", &c.UsedAt}, {"claimant", &c.Claimant}}
}

// InsertCode implements desk.Tx; a session that has a code is the fault "id_taken" (Conflict).
func (s *session) InsertCode(c relay.Code) (err error) {
	if c.Sealed, err = s.sealCode(c); err != nil {
		return err
	}
	row := columnsOfCode(&c)
	return s.insertNew(row.insert("codes"), row.places()...)
}

// sealCode is nil when the code was mailed and forgotten.
func (s *session) sealCode(c relay.Code) ([]byte, error) {
	if c.Sealed == nil {
		return nil, nil
	}
	return s.seal(purposeCode, c.Session, c.Sealed)
}

func (s *session) Code(hash string) (relay.Code, error) {
	c, err := one(s, scan(columnsOfCode), "SELECT "+columnsOfCode(new(relay.Code)).names()+" FROM codes WHERE session = $1"+s.lock(), hash)
	if err != nil {
		return c, err
	}
	c.Sealed, err = s.open(purposeCode, c.Session, c.Sealed)
	return c, err
}

// SaveCode implements desk.Tx; an unknown session is relay.ErrNotFound.
func (s *session) SaveCode(c relay.Code) error {
	sealed, err := s.sealCode(c)
	if err != nil {
		return err
	}
	return s.execOne("UPDATE codes SET mac = $1, sealed = $2, tries = $3, used_at = $4, claimant = $5 WHERE session = $6 AND payment = $7",
		c.MAC, sealed, c.Tries, c.UsedAt, c.Claimant, c.Session, c.Payment)
}

func columnsOfPass(p *relay.Pass) columns {
	return columns{{"hash", &p.Hash}, {"payment", &p.Payment}, {"kind", &p.Kind}, {"expires_at", &p.ExpiresAt}, {"used_at", &p.UsedAt},
		{"claimant", &p.Claimant}, {"tries", &p.Tries}, {"evidence", &p.Credential}}
}

// InsertPass implements desk.Tx; a hash that is there already is the fault "id_taken" (Conflict).
func (s *session) InsertPass(p relay.Pass) error {
	row := columnsOfPass(&p)
	return s.insertNew(row.insert("passes"), row.places()...)
}

func (s *session) Pass(hash string) (relay.Pass, error) {
	return one(s, scan(columnsOfPass), "SELECT "+columnsOfPass(new(relay.Pass)).names()+" FROM passes WHERE hash = $1"+s.lock(), hash)
}

// SavePass implements desk.Tx; an unknown hash is relay.ErrNotFound.
func (s *session) SavePass(p relay.Pass) error {
	return s.execOne("UPDATE passes SET expires_at = $1, used_at = $2, claimant = $3, tries = $4 WHERE hash = $5 AND payment = $6",
		p.ExpiresAt, p.UsedAt, p.Claimant, p.Tries, p.Hash, p.Payment)
}
