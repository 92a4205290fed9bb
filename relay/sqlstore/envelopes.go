package sqlstore

import (
	"fmt"
	"slices"

	"github.com/restante/restante/relay"
)

func columnsOfEnvelope(e *relay.Envelope) columns {
	return columns{
		{"hash", &e.Hash}, {"kind", &e.Kind}, {"state", &e.State}, {"version", &e.Version}, {"network", &e.Network},
		{"source", &e.Source}, {"sequence", &e.Sequence}, {"signed_at", &e.SignedAt}, {"bound", &e.Bound}, {"max_time", &e.MaxTime},
		{"planned_at", &e.PlannedAt}, {"rung", &e.Rung}, {"xdr", &e.XDR}, {"destination", &e.Destination}, {"new_account", &e.NewAccount}, {"new_line", &e.NewLine},
		{"asset", &e.Asset}, {"amount", &e.Amount}, {"own_fee", &e.OwnFee}, {"log_lines", &e.Log.Lines}, {"log_head", &e.Log.Head},
		{"tx", &e.Tx}, {"ledger", &e.Ledger}, {"fee", &e.Fee},
	}
}

var (
	envelopeColumns = columnsOfEnvelope(new(relay.Envelope)).names()
	insertEnvelope  = columnsOfEnvelope(new(relay.Envelope)).insert("envelopes")
	scanEnvelope    = scan(columnsOfEnvelope)
)

// InsertEnvelope implements desk.Tx. The row begins with version 1. A hash that is written down already is the fault
// "envelope_taken" (Conflict).
func (s *session) InsertEnvelope(e relay.Envelope) error {
	e.Version = 1
	written, err := s.insert(insertEnvelope, columnsOfEnvelope(&e).places()...)
	if err != nil {
		return err
	}
	if !written {
		known, err := s.KnownEnvelopes([]string{e.Hash})
		switch {
		case err != nil:
			return err
		case len(known) > 0:
			return conflict("envelope_taken", "This envelope is written down already.")
		}
		return relay.ErrSequenceTaken
	}
	for i, id := range e.Payments {
		_, err := s.exec("INSERT INTO envelope_payments (envelope, position, payment) VALUES ($1, $2, $3)", e.Hash, i, id)
		if err != nil {
			return err
		}
	}
	return nil
}

// SaveEnvelope implements desk.Tx. It writes state, signatures and what a ledger said; the rest of an envelope was said
// when it was inserted and does not change.
func (s *session) SaveEnvelope(e *relay.Envelope) error {
	n, err := s.exec(`UPDATE envelopes SET state = $1, version = $2, signed_at = $3, xdr = $4, destination = $5,
		new_account = $6, tx = $7, ledger = $8, fee = $9 WHERE hash = $10 AND version = $11`,
		e.State, e.Version+1, e.SignedAt, e.XDR, e.Destination, e.NewAccount, e.Tx, e.Ledger, e.Fee, e.Hash, e.Version)
	if err != nil {
		return err
	}
	if n == 0 {
		return relay.ErrStale
	}
	e.Version++
	return nil
}

func (s *session) Envelope(hash string) (relay.Envelope, error) {
	e, err := one(s, scanEnvelope, "SELECT "+envelopeColumns+" FROM envelopes WHERE hash = $1"+s.lock(), hash)
	if err != nil {
		return e, err
	}
	e.Payments, err = all(s, plain[relay.PaymentID],
		"SELECT payment FROM envelope_payments WHERE envelope = $1 ORDER BY position", hash)
	return e, err
}

// EnvelopesOf implements desk.Tx, in the order in which they were written down.
func (s *session) EnvelopesOf(id relay.PaymentID) ([]relay.Envelope, error) {
	return s.envelopes(`hash IN (SELECT envelope FROM envelope_payments WHERE payment = $1)`, id)
}

// envelopes reads those that a condition chooses, with their payments.
func (s *session) envelopes(where string, args ...any) ([]relay.Envelope, error) {
	es, err := all(s, scanEnvelope, "SELECT "+envelopeColumns+" FROM envelopes WHERE "+where+" ORDER BY id", args...)
	if err != nil || len(es) == 0 {
		return nil, err
	}
	type carried struct {
		envelope string
		payment  relay.PaymentID
	}
	links, err := all(s, into(func(c *carried) []any { return []any{&c.envelope, &c.payment} }),
		`SELECT envelope, payment FROM envelope_payments WHERE envelope IN (SELECT hash FROM envelopes WHERE `+where+`)
		ORDER BY envelope, position`, args...)
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(es))
	for i, e := range es {
		at[e.Hash] = i
	}
	for _, l := range links {
		if i, ok := at[l.envelope]; ok { // one that was written down in between is in the next answer
			es[i].Payments = append(es[i].Payments, l.payment)
		}
	}
	return es, nil
}

func (s *session) KnownEnvelopes(hashes []string) ([]string, error) {
	return in(s, plain[string], "SELECT hash FROM envelopes WHERE hash IN (%s) ORDER BY hash", hashes)
}

// LiveEnvelopes implements desk.Tx, in the order in which they were written down. Without kinds it lists fundings and
// claims; returns have no end and are listed only when asked for.
func (s *session) LiveEnvelopes(kinds ...relay.EnvelopeKind) ([]relay.Envelope, error) {
	if len(kinds) == 0 {
		kinds = []relay.EnvelopeKind{relay.FundingEnvelope, relay.ClaimEnvelope}
	}
	args := anys(slices.Compact(slices.Sorted(slices.Values(kinds))))
	where := fmt.Sprintf(`kind IN (%s) AND state IN ('planned', 'signed') AND EXISTS (SELECT 1 FROM envelope_payments
		JOIN payments ON payments.id = envelope_payments.payment
		WHERE envelope_payments.envelope = envelopes.hash AND (payments.ended_at = 0
			OR envelopes.kind = 'funding' AND payments.from_account <> '' AND payments.state IN ('canceled', 'failed')))`, slots(1, len(args)))
	return s.envelopes(where, args...)
}

// TakenNumbers implements desk.Tx; the index that fences the numbers answers it.
func (s *session) TakenNumbers(network string, sources []string) (map[string]int64, error) {
	type taken struct {
		source string
		number int64
	}
	out := map[string]int64{}
	for part := range slices.Chunk(sources, chunk) {
		rows, err := all(s, into(func(t *taken) []any { return []any{&t.source, &t.number} }), takenNumbers(len(part)), anys(part, network)...)
		if err != nil {
			return nil, err
		}
		for _, t := range rows {
			out[t.source] = t.number
		}
	}
	return out, nil
}

func takenNumbers(n int) string {
	return `SELECT source, max(sequence) FROM envelopes WHERE network = $1 AND source IN (` + slots(2, n) + `)
		AND kind = 'funding' AND state IN ('planned', 'signed') AND own_fee = 0 GROUP BY source`
}
