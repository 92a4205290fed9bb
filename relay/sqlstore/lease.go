package sqlstore

import (
	"context"
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

const free = "done_at = 0 AND due <= $1 AND lease_until <= $1"

// LeaseOne implements desk.Queue.
func (s *Store) LeaseOne(ctx context.Context, id int64, now, until relay.Micros) (w desk.Work, err error) {
	text := "UPDATE work SET lease_until = $2, again = NULL WHERE " + free + " AND id = $3" +
		" AND NOT (kind = 'fund' AND EXISTS (SELECT 1 FROM pauses WHERE pauses.app IN ('', work.app) AND until > $1)) RETURNING " + workColumns
	err = s.write(ctx, func(tx *session) error {
		w, err = one(tx, scanWork, text, now, until, id)
		return err
	})
	return w, err
}

// Done implements desk.Queue. When the same work was asked for again since it was leased, the row is given back instead,
// due as asked and with no attempts. A row that is closed already stays as it is; an unknown one is relay.ErrNotFound.
func (s *Store) Done(ctx context.Context, id int64, now relay.Micros) error {
	return s.write(ctx, func(tx *session) error {
		left, err := all(tx, plain[int64], `UPDATE work SET
				done_at = CASE WHEN again IS NULL THEN CAST($1 AS bigint) ELSE 0 END,
				announced_at = CASE WHEN again IS NULL THEN announced_at ELSE 0 END,
				attempts = CASE WHEN again IS NULL THEN attempts ELSE 0 END,
				due = coalesce(again, due), lease_until = 0, again = NULL
			WHERE id = $2 AND done_at = 0 RETURNING done_at`, max(now, 1), id)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			return tx.closed(id)
		}
		tx.rang = left[0] == 0
		return nil
	})
}

// Retry implements desk.Queue. Work that was asked for again since it was leased is due at the earlier of both moments.
// A row that is closed already stays closed; an unknown one is relay.ErrNotFound.
func (s *Store) Retry(ctx context.Context, id int64, due relay.Micros, tries relay.Tries, note string) error {
	return s.write(ctx, func(tx *session) error {
		n, err := tx.exec(`UPDATE work SET due = CASE WHEN again < $1 THEN again ELSE $1 END,
				attempts = attempts + 1, lease_until = 0, announced_at = 0, again = NULL, note = $2,
				handed_in = $4, refusal = $5, gone = $6
			WHERE id = $3 AND done_at = 0`, due, note, id, tries.HandedIn, tries.Refusal, tries.Gone)
		if err == nil && n == 0 {
			return tx.closed(id)
		}
		tx.rang = true
		return err
	})
}

// Release implements desk.Queue.
func (s *Store) Release(ctx context.Context, id int64, due relay.Micros, note string) error {
	return s.write(ctx, func(tx *session) error {
		n, err := tx.exec(`UPDATE work SET due = CASE WHEN again < coalesce(nullif($2, 0), due) THEN again ELSE coalesce(nullif($2, 0), due) END,
				announced_at = CASE WHEN $2 = 0 THEN announced_at ELSE 0 END, lease_until = 0, again = NULL, note = $3
			WHERE id = $1 AND done_at = 0`, id, due, note)
		if err == nil && n == 0 {
			return tx.closed(id)
		}
		tx.rang = due != 0 // else it would be rung for at once, and taken again by the caller that just gave it back
		return err
	})
}

// ClampDue implements desk.Queue.
func (s *Store) ClampDue(ctx context.Context, now, latest relay.Micros) (rows int64, err error) {
	err = s.write(ctx, func(tx *session) error {
		args := anys(relay.KindsDueBy(relay.ServiceClock), now, latest)
		rows, err = tx.exec(`UPDATE work SET due = CASE WHEN due > $2 THEN $1 ELSE due END,
				lease_until = CASE WHEN lease_until > $2 THEN 0 ELSE lease_until END, announced_at = 0
			WHERE done_at = 0 AND (due > $2 OR lease_until > $2) AND kind IN (`+slots(3, len(args)-2)+")", args...)
		tx.rang = rows > 0
		return err
	})
	return rows, err
}

// Prune implements desk.Queue.
func (s *Store) Prune(ctx context.Context, before relay.Micros, limit int) (rows int64, err error) {
	err = s.write(ctx, func(tx *session) error {
		work, err := tx.exec("DELETE FROM work WHERE id IN (SELECT id FROM work WHERE done_at <> 0 AND done_at < $1 ORDER BY done_at LIMIT $2)", before, limit)
		if err != nil {
			return err
		}
		answers, err := tx.exec(`DELETE FROM answers WHERE (app, key) IN
			(SELECT app, key FROM answers WHERE created_at < $1 ORDER BY created_at LIMIT $2)`, before, limit)
		rows = work + answers
		return err
	})
	return rows, err
}

// closed is nil when there is such a row; it is only asked about rows that are not open.
func (s *session) closed(id int64) error {
	_, err := one(s, plain[int64], "SELECT id FROM work WHERE id = $1", id)
	return err
}

// WorkOf implements desk.Tx: open and done, oldest first.
func (s *session) WorkOf(id relay.PaymentID) ([]desk.Work, error) {
	return all(s, scanWork, "SELECT "+workColumns+` FROM work WHERE payment = $1 AND payment <> ''
		OR envelope <> '' AND envelope IN (SELECT envelope FROM envelope_payments WHERE payment = $1) ORDER BY id`, id)
}

// Unannounced implements desk.Queue, oldest due first. Moving a row to an earlier moment, or giving it back, makes it
// unannounced again.
func (s *Store) Unannounced(ctx context.Context, now relay.Micros, limit int) (ws []desk.Work, err error) {
	err = s.read(ctx, func(tx *session) error {
		ws, err = all(tx, scanWork, "SELECT "+workColumns+` FROM work
			WHERE done_at = 0 AND announced_at = 0 AND due <= $1 ORDER BY due, id LIMIT $2`, now, limit)
		return err
	})
	return ws, err
}

// Announced implements desk.Queue. The moment it writes is this process's clock; nothing is decided by it.
func (s *Store) Announced(ctx context.Context, ids []int64) error {
	now := s.now().UnixMicro()
	return s.write(ctx, func(tx *session) error {
		for part := range slices.Chunk(ids, chunk) {
			if _, err := tx.exec("UPDATE work SET announced_at = $1 WHERE id IN ("+slots(2, len(part))+")", anys(part, now)...); err != nil {
				return err
			}
		}
		return nil
	})
}
