package sqlstore

import (
	"fmt"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

func columnsOfWork(w *desk.Work) columns {
	return columns{
		{"id", &w.ID}, {"kind", &w.Kind}, {"app", &w.App}, {"payment", &w.Payment}, {"envelope", &w.Envelope}, {"subject", &w.Subject},
		{"due", &w.Due}, {"attempts", &w.Attempts}, {"lease_until", &w.LeaseUntil}, {"done_at", &w.DoneAt},
		{"handed_in", &w.Tries.HandedIn}, {"refusal", &w.Tries.Refusal}, {"gone", &w.Tries.Gone}, {"note", &w.Note},
	}
}

var (
	workColumns = columnsOfWork(new(desk.Work)).names()
	scanWork    = scan(columnsOfWork)
)

// AddWork implements desk.Tx; it reads kind, payment, envelope, subject and due of w. When the same work is leased just now,
// its worker may have looked before this commit: so it is noted that the work was asked for again, and Done gives the row
// back instead of closing it.
func (s *session) AddWork(w desk.Work) error {
	if w.Kind.Clock() == "" {
		return fmt.Errorf("sqlstore: work of an unknown kind %q", w.Kind)
	}
	_, err := s.exec(addWork, w.Kind, w.Payment, w.Envelope, w.Subject, w.Due)
	s.rang = true
	return err
}

const addWork = `INSERT INTO work
			(kind, payment, envelope, subject, due, attempts, lease_until, done_at, announced_at, again, note, app)
		VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, NULL, '', coalesce((SELECT app FROM payments WHERE id = $2),
			(SELECT payments.app FROM envelope_payments JOIN payments ON payments.id = envelope_payments.payment
				WHERE envelope_payments.envelope = $3 ORDER BY envelope_payments.position LIMIT 1), ''))
		ON CONFLICT (kind, payment, envelope, subject) WHERE done_at = 0 DO UPDATE SET
			announced_at = CASE WHEN excluded.due < work.due THEN 0 ELSE work.announced_at END,
			again = CASE WHEN work.lease_until = 0 THEN NULL
				WHEN work.again < excluded.due THEN work.again ELSE excluded.due END,
			due = CASE WHEN excluded.due < work.due THEN excluded.due ELSE work.due END`

// CloseWork implements desk.Tx. The moment it writes is this process's clock; nothing is decided by it.
func (s *session) CloseWork(id relay.PaymentID, kinds ...relay.EffectKind) error {
	_, err := s.exec("UPDATE work SET done_at = $1, lease_until = 0, again = NULL WHERE payment = $2 AND done_at = 0 AND kind IN ("+
		slots(3, len(kinds))+")", anys(kinds, s.now().UnixMicro(), id)...)
	return err
}

func (s *session) WorkOpen(id relay.PaymentID, kind relay.EffectKind) (bool, error) {
	open, err := all(s, plain[int64], "SELECT id FROM work WHERE payment = $1 AND kind = $2 AND done_at = 0 LIMIT 1", id, kind)
	return len(open) > 0, err
}
