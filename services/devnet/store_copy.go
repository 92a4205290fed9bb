package devnet

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// tables, with their columns.
var tables = []struct{ name, columns string }{
	{"network", "one, id, clock_offset"},
	{"entries", "key, entry"},
	{"ledgers", "seq, hash, close_time, set_fee, header"},
	{"transactions", "hash, inner_hash, ledger, place, successful, envelope, result, meta, fee"},
}

// copied is a store in memory with the same contents.
func (s *store) copied() (*store, error) {
	to, err := openStore("")
	if err != nil {
		return nil, err
	}
	err = to.write(func(tx *sql.Tx) error {
		for _, t := range tables {
			if err := s.copyTable(tx, t.name, t.columns); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, to.close())
	}
	return to, nil
}

func (s *store) copyTable(to *sql.Tx, name, columns string) error {
	rows, err := s.db.Query("SELECT " + columns + " FROM " + name)
	if err != nil {
		return err
	}
	defer rows.Close()
	n := strings.Count(columns, ",") + 1
	values, into := make([]any, n), make([]any, n)
	for i := range values {
		into[i] = &values[i]
	}
	insert, err := to.Prepare("INSERT INTO " + name + " (" + columns + ") VALUES (?" + strings.Repeat(", ?", n-1) + ")")
	if err != nil {
		return err
	}
	defer insert.Close()
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if _, err := insert.Exec(values...); err != nil {
			return err
		}
	}
	return rows.Err()
}

// wipe empties the store.
func (s *store) wipe() error {
	err := s.write(func(tx *sql.Tx) error {
		for _, t := range tables {
			if _, err := tx.Exec("DELETE FROM " + t.name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("devnet: empty the store: %w", err)
	}
	return nil
}
