-- Effects as rows. payment is empty for work on an envelope, and envelope for work on a payment.

-- +goose Up
CREATE TABLE work (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  kind         TEXT    NOT NULL CHECK (kind <> ''),
  payment      TEXT    NOT NULL,
  envelope     TEXT    NOT NULL,
  subject      TEXT    NOT NULL,
  due          INTEGER NOT NULL,
  attempts     INTEGER NOT NULL CHECK (attempts >= 0),
  lease_until  INTEGER NOT NULL CHECK (lease_until >= 0),
  done_at      INTEGER NOT NULL CHECK (done_at >= 0),
  announced_at INTEGER NOT NULL CHECK (announced_at >= 0),
  again        INTEGER, -- due of the same work, asked for again while it was leased; null = not asked
  note         TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX work_open_once ON work (kind, payment, envelope, subject) WHERE done_at = 0;
CREATE INDEX work_open_by_due ON work (due, id) WHERE done_at = 0;
CREATE INDEX work_open_by_kind ON work (kind, due, id) WHERE done_at = 0;
CREATE INDEX work_unannounced ON work (due, id) WHERE done_at = 0 AND announced_at = 0;
CREATE INDEX work_by_payment ON work (payment, id) WHERE payment <> '';
CREATE INDEX work_done ON work (done_at) WHERE done_at <> 0;
CREATE INDEX work_by_envelope ON work (envelope, id) WHERE envelope <> '';
