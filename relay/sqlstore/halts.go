package sqlstore

import (
	"slices"

	"github.com/restante/restante/relay"
)

// haltOfAll is the halt of everything, if one stands. Code of before wrote it without a hash and without a moment.
func (s *session) haltOfAll() ([]relay.Halt, error) {
	return all(s, func(_ *session, r row) (relay.Halt, error) {
		h := relay.Halt{Scope: relay.HaltAll}
		err := r.Scan(&h.Why, &h.Hash, &h.At)
		return h, err
	}, "SELECT halted, halted_hash, halted_at FROM watch WHERE id = 1 AND halted <> ''")
}

const haltColumns = "SELECT scope, app, payment, hash, why, at FROM halts"

var scanHalt = into(func(h *relay.Halt) []any { return []any{&h.Scope, &h.App, &h.Payment, &h.Hash, &h.Why, &h.At} })

func (s *session) Halts() ([]relay.Halt, error) {
	found, err := s.haltOfAll()
	if err != nil {
		return nil, err
	}
	rest, err := all(s, scanHalt, haltColumns+" ORDER BY id")
	return append(found, rest...), err
}

func (s *session) HaltsOf(app relay.AppID, ids ...relay.PaymentID) ([]relay.Halt, error) {
	found, err := s.haltOfAll()
	if err != nil {
		return nil, err
	}
	ofApp, err := all(s, scanHalt, haltColumns+" WHERE scope = 'app' AND app = $1 ORDER BY id", app)
	if err != nil {
		return nil, err
	}
	found = append(found, ofApp...)
	ofPayments, err := in(s, scanHalt, haltColumns+" WHERE scope = 'payment' AND payment IN (%s) ORDER BY id", ids)
	return append(found, ofPayments...), err
}

// Halt implements desk.Tx. The first of everything stands until it is lifted; a scope that is not known is one of everything.
func (s *session) Halt(h relay.Halt) error {
	lifted, err := s.Lifted(h.Hash)
	if err != nil || lifted {
		return err
	}
	if h.Scope == relay.HaltApp || h.Scope == relay.HaltPayment {
		_, err = s.exec(`INSERT INTO halts (hash, scope, app, payment, why, at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (hash, app, payment) DO NOTHING`, h.Hash, h.Scope, h.App, h.Payment, h.Why, h.At)
		return err
	}
	_, err = s.exec("UPDATE watch SET halted = $1, halted_hash = $2, halted_at = $3 WHERE id = 1 AND halted = ''", h.Why, h.Hash, h.At)
	return err
}

// Lift implements desk.Tx. A halt without a hash, which code of before wrote, is lifted and nothing is remembered of it.
func (s *session) Lift(hash string) error {
	found, err := s.Halts()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(found, func(h relay.Halt) bool { return h.Hash == hash })
	if i < 0 {
		return nil
	}
	if hash != "" {
		if _, err := s.exec("INSERT INTO lifted (hash, why) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING", hash, found[i].Why); err != nil {
			return err
		}
	}
	if _, err := s.exec("DELETE FROM halts WHERE hash = $1", hash); err != nil {
		return err
	}
	_, err = s.exec("UPDATE watch SET halted = '', halted_hash = '', halted_at = 0 WHERE id = 1 AND halted_hash = $1", hash)
	return err
}

func (s *session) Lifted(hash string) (bool, error) {
	found, err := all(s, plain[string], "SELECT hash FROM lifted WHERE hash = $1", hash)
	return len(found) > 0, err
}
