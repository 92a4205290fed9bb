package devnet

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// ledgerRow is a stored ledger.
type ledgerRow struct {
	hash   xdr.Hash
	setFee int64
	header xdr.LedgerHeader
}

// txRow is a stored transaction; its place in the ledger begins at 1.
type txRow struct {
	hash                        xdr.Hash
	bump, successful            bool
	ledger                      uint32
	place                       int32
	closeTime                   int64
	envelope, result, meta, fee []byte
}

// span is the ledgers that can be asked for, with their close times in seconds.
type span struct {
	oldest, latest         uint32
	oldestTime, latestTime int64
}

var errNoTransaction = errors.New("devnet: no such transaction")

func (s *store) span() (out span, err error) {
	err = s.db.QueryRow(`SELECT seq, close_time FROM ledgers ORDER BY seq LIMIT 1`).Scan(&out.oldest, &out.oldestTime)
	if err == nil {
		err = s.db.QueryRow(`SELECT seq, close_time FROM ledgers ORDER BY seq DESC LIMIT 1`).Scan(&out.latest, &out.latestTime)
	}
	if err != nil {
		return span{}, fmt.Errorf("devnet: read the range of ledgers: %v", err)
	}
	return out, nil
}

// ledgers returns stored ledgers from a number on, at most limit.
func (s *store) ledgers(from uint32, limit uint) ([]ledgerRow, error) {
	rows, err := s.db.Query(`SELECT hash, set_fee, header FROM ledgers WHERE seq >= $1 ORDER BY seq LIMIT $2`, from, limit)
	if err != nil {
		return nil, fmt.Errorf("devnet: read ledgers: %v", err)
	}
	defer rows.Close()
	var out []ledgerRow
	for rows.Next() {
		var l ledgerRow
		var hash, header []byte
		if err := rows.Scan(&hash, &l.setFee, &header); err != nil {
			return nil, fmt.Errorf("devnet: read ledgers: %v", err)
		}
		copy(l.hash[:], hash)
		if err := l.header.UnmarshalBinary(header); err != nil {
			return nil, fmt.Errorf("devnet: read ledgers: %v", err)
		}
		out = append(out, l)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("devnet: read ledgers: %v", err)
	}
	return out, nil
}

const txColumns = `SELECT t.hash, t.inner_hash IS NOT NULL, t.successful, t.ledger, t.place, l.close_time, t.envelope, t.result, t.meta,
	t.fee FROM transactions t JOIN ledgers l ON l.seq = t.ledger `

// transaction finds a transaction by its hash; a fee bump also by the hash of its inner transaction.
func (s *store) transaction(hash [32]byte) (*txRow, error) {
	for _, where := range []string{`WHERE t.hash = $1`, `WHERE t.inner_hash = $1 ORDER BY t.ledger DESC, t.place DESC LIMIT 1`} {
		t, err := scanTx(s.db.QueryRow(txColumns+where, hash[:]))
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("devnet: read a transaction: %v", err)
		}
		return t, nil
	}
	return nil, errNoTransaction
}

// transactions returns stored transactions in order of application, from a place in a ledger on, at most limit. A limit of -1
// is none, and upTo is the last ledger that counts.
func (s *store) transactions(from uint32, place int32, upTo uint32, limit int) ([]txRow, error) {
	rows, err := s.db.Query(txColumns+`WHERE (t.ledger, t.place) >= ($1, $2) AND t.ledger <= $3 ORDER BY t.ledger, t.place LIMIT $4`,
		from, place, upTo, limit)
	if err != nil {
		return nil, fmt.Errorf("devnet: read transactions: %v", err)
	}
	defer rows.Close()
	var out []txRow
	for rows.Next() {
		t, err := scanTx(rows)
		if err != nil {
			return nil, fmt.Errorf("devnet: read transactions: %v", err)
		}
		out = append(out, *t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("devnet: read transactions: %v", err)
	}
	return out, nil
}

func scanTx(row interface{ Scan(...any) error }) (*txRow, error) {
	var t txRow
	var hash []byte
	if err := row.Scan(&hash, &t.bump, &t.successful, &t.ledger, &t.place, &t.closeTime, &t.envelope, &t.result, &t.meta,
		&t.fee); err != nil {
		return nil, err
	}
	copy(t.hash[:], hash)
	return &t, nil
}
