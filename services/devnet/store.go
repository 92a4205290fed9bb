package devnet

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/internal/sqlite"
	"github.com/restante/restante/services/devnet/engine"
)

// store keeps the network in SQLite. Every ledger is one transaction, synced before it is adopted. The file belongs to one process
// at a time: it is locked while it is open.
type store struct{ db *sql.DB }

// ErrLocked says that another process has the file open.
var ErrLocked = errors.New("another process has it open")

const schema = `
CREATE TABLE IF NOT EXISTS network (one INTEGER PRIMARY KEY CHECK (one = 1), id BLOB NOT NULL, clock_offset INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, entry BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledgers (seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, close_time INTEGER NOT NULL, set_fee INTEGER NOT NULL,
	header BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS transactions (hash BLOB PRIMARY KEY, inner_hash BLOB, ledger INTEGER NOT NULL, place INTEGER NOT NULL,
	successful INTEGER NOT NULL, envelope BLOB NOT NULL, result BLOB NOT NULL, meta BLOB NOT NULL, fee BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS transactions_inner ON transactions (inner_hash) WHERE inner_hash IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS transactions_place ON transactions (ledger, place);`

func openStore(path string) (*store, error) {
	// SQLite gives its -wal and -shm files the mode of the database. A file that is there is not opened: to close it would end a lock
	// that this process has on it (POSIX). What is wrong with the path, SQLite says.
	if f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); path != "" && err == nil {
		_ = f.Close()
	}
	// One connection: a memory database is its connection, and the file's lock belongs to it.
	db, err := sqlite.Open(path, 1, 200*time.Millisecond, url.Values{"_txlock": {"immediate"},
		"_pragma": {"locking_mode(EXCLUSIVE)", "journal_mode(WAL)", "synchronous(FULL)"}})
	if err != nil {
		return nil, fmt.Errorf("devnet: open the store: %v", err)
	}
	if _, err := db.Exec(schema); err != nil {
		if sqlite.Busy(err) {
			err = ErrLocked
		}
		return nil, errors.Join(fmt.Errorf("devnet: open the store: %w", err), db.Close())
	}
	return &store{db: db}, nil
}

func (s *store) close() error { return s.db.Close() }

// load returns the state after the last ledger, nil when the store is new.
func (s *store) load(networkID [32]byte) (*engine.State, time.Duration, error) {
	var id, header, hash []byte
	var offset int64
	err := s.db.QueryRow(`SELECT id, clock_offset FROM network`).Scan(&id, &offset)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("devnet: read the store: %v", err)
	}
	if string(id) != string(networkID[:]) {
		return nil, 0, errors.New("devnet: the store belongs to a network with another passphrase")
	}
	if err := s.db.QueryRow(`SELECT header, hash FROM ledgers ORDER BY seq DESC LIMIT 1`).Scan(&header, &hash); err != nil {
		return nil, 0, fmt.Errorf("devnet: read the last ledger: %v", err)
	}
	var h xdr.LedgerHeader
	if err := h.UnmarshalBinary(header); err != nil {
		return nil, 0, fmt.Errorf("devnet: read the last ledger: %v", err)
	}
	entries, err := s.entries()
	if err != nil {
		return nil, 0, err
	}
	state, err := engine.Restore(networkID, h, entries)
	if err != nil {
		return nil, 0, err
	}
	if known := state.Hash(); string(hash) != string(known[:]) {
		return nil, 0, fmt.Errorf("devnet: the store is damaged: ledger %d has another hash", h.LedgerSeq)
	}
	return state, time.Duration(offset), nil
}

// entriesAtOnce is how many entries are read before they are decoded, beside the reading of the next ones.
const entriesAtOnce = 4096

// entries reads the whole state. A start with very many accounts is spent here, so reading and decoding go on side by side.
func (s *store) entries() ([]xdr.LedgerEntry, error) {
	var count int
	if err := s.db.QueryRow(`SELECT count(*) FROM entries`).Scan(&count); err != nil {
		return nil, fmt.Errorf("devnet: count the entries: %v", err)
	}
	raw, decoded := make(chan [][]byte, 4), make(chan error, 1)
	out := make([]xdr.LedgerEntry, 0, count)
	go func() {
		var err error
		for batch := range raw {
			for _, b := range batch {
				if err == nil {
					out = append(out, xdr.LedgerEntry{})
					err = out[len(out)-1].UnmarshalBinary(b)
				}
			}
		}
		decoded <- err
	}()
	err := s.rawEntries(raw)
	close(raw)
	if err = errors.Join(err, <-decoded); err != nil {
		return nil, fmt.Errorf("devnet: read the entries: %v", err)
	}
	return out, nil
}

func (s *store) rawEntries(to chan<- [][]byte) error {
	rows, err := s.db.Query(`SELECT entry FROM entries`)
	if err != nil {
		return err
	}
	defer rows.Close()
	batch := make([][]byte, 0, entriesAtOnce)
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return err
		}
		if batch = append(batch, b); len(batch) == entriesAtOnce {
			to <- batch
			batch = make([][]byte, 0, entriesAtOnce)
		}
	}
	to <- batch
	return rows.Err()
}

// genesis writes the first ledger of a new network.
func (s *store) genesis(networkID [32]byte, state *engine.State) error {
	return s.write(func(tx *sql.Tx) error {
		if _, err := tx.Exec(`INSERT INTO network (one, id, clock_offset) VALUES (1, $1, 0)`, networkID[:]); err != nil {
			return err
		}
		for k, e := range state.Entries {
			if err := putEntry(tx, engine.Changed{Key: k, Entry: e}); err != nil {
				return err
			}
		}
		return putLedger(tx, state.Header(), state.Hash(), baseFee)
	})
}

// save writes a closed ledger, and forgets the ledger that falls out of the retention.
func (s *store) save(c *engine.Closed, offset time.Duration, retention uint32) error {
	seq := int64(c.Header.LedgerSeq)
	return s.write(func(tx *sql.Tx) error {
		for _, ch := range c.Changed {
			if err := putEntry(tx, ch); err != nil {
				return err
			}
		}
		for i := range c.Txs {
			if err := putTx(tx, &c.Header, i, &c.Txs[i]); err != nil {
				return err
			}
		}
		if err := putLedger(tx, c.Header, c.Hash, c.BaseFee); err != nil {
			return err
		}
		for _, text := range []string{`DELETE FROM ledgers WHERE seq <= $1`, `DELETE FROM transactions WHERE ledger <= $1`} {
			if _, err := tx.Exec(text, seq-int64(retention)); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`UPDATE network SET clock_offset = $1 WHERE clock_offset <> $1`, int64(offset))
		return err
	})
}

func (s *store) write(work func(*sql.Tx) error) error {
	tx, err := s.db.Begin()
	if err != nil {
		return fmt.Errorf("devnet: write a ledger: %v", err)
	}
	if err := work(tx); err != nil {
		return errors.Join(fmt.Errorf("devnet: write a ledger: %v", err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("devnet: write a ledger: %v", err)
	}
	return nil
}

func putEntry(tx *sql.Tx, c engine.Changed) error {
	if c.Entry == nil {
		_, err := tx.Exec(`DELETE FROM entries WHERE key = $1`, []byte(c.Key))
		return err
	}
	raw, err := c.Entry.MarshalBinary()
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO entries (key, entry) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET entry = excluded.entry`,
		[]byte(c.Key), raw)
	return err
}

func putLedger(tx *sql.Tx, h xdr.LedgerHeader, hash [32]byte, setFee int64) error {
	raw, err := h.MarshalBinary()
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO ledgers (seq, hash, close_time, set_fee, header) VALUES ($1, $2, $3, $4, $5)`,
		int64(h.LedgerSeq), hash[:], int64(h.ScpValue.CloseTime), setFee, raw)
	return err
}

func putTx(tx *sql.Tx, h *xdr.LedgerHeader, at int, t *engine.Landed) error {
	envelope := t.Tx.Envelope()
	meta := transactionMeta(uint32(h.LedgerVersion), t)
	var raw [4][]byte
	for i, v := range []interface{ MarshalBinary() ([]byte, error) }{envelope, t.Result.Result, meta, t.Fee} {
		var err error
		if raw[i], err = v.MarshalBinary(); err != nil {
			return err
		}
	}
	hash := t.Tx.Hash()
	var inner []byte
	if t.Tx.Inner() != nil {
		h := t.Tx.Inner().Hash()
		inner = h[:]
	}
	_, err := tx.Exec(`INSERT INTO transactions (hash, inner_hash, ledger, place, successful, envelope, result, meta, fee)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, hash[:], inner, int64(h.LedgerSeq), at+1, engine.Accepted(t.Result.Result),
		raw[0], raw[1], raw[2], raw[3])
	return err
}
