-- Work knows its app, so that it is leased in turns between apps: whatever waits for one app, the next row of another one
-- is found by going from app to app in an index, not by going through all that waits. A row that code of before writes
-- meanwhile has no app; such rows take their turn together, as one app more.

-- +goose Up
ALTER TABLE work ADD COLUMN app TEXT NOT NULL DEFAULT '';

UPDATE work SET app = coalesce(
  (SELECT app FROM payments WHERE id = work.payment),
  (SELECT payments.app FROM envelope_payments JOIN payments ON payments.id = envelope_payments.payment
    WHERE envelope_payments.envelope = work.envelope ORDER BY envelope_payments.position LIMIT 1), '')
WHERE done_at = 0;

CREATE INDEX work_open_in_turns ON work (kind, app, due, id) WHERE done_at = 0;
DROP INDEX work_open_by_kind; -- the new one serves what these two did
DROP INDEX work_open_by_due;
