-- What a wallet signs by itself may land whatever we have said of it: then its payment comes back from canceled or failed, to go
-- home. A halt says which hash it is about, and is lifted for that one alone. Planned fundings and early returns are woken by
-- the ledger, so each is found by the ledger that wakes it.
--
-- Code of before goes on: what it writes was allowed before. It lifts a halt without remembering its hash.

-- +goose Up
ALTER TABLE watch ADD COLUMN halted_hash TEXT NOT NULL DEFAULT '';

CREATE TABLE lifted (
  hash TEXT NOT NULL PRIMARY KEY CHECK (hash <> ''),
  why  TEXT NOT NULL
) STRICT;

CREATE INDEX envelopes_planned_fundings ON envelopes (id, bound, max_time, hash) WHERE kind = 'funding' AND state = 'planned';
CREATE INDEX payments_returning ON payments (bound, id) WHERE state = 'returning';

DROP TRIGGER payments_end_once;
-- +goose StatementBegin
CREATE TRIGGER payments_end_once BEFORE UPDATE ON payments
WHEN OLD.ended_at <> 0 AND (NEW.state <> OLD.state OR NEW.settled_tx <> OLD.settled_tx OR NEW.ended_at <> OLD.ended_at)
  AND NOT (OLD.state IN ('canceled', 'failed') AND OLD.sponsor <> '' AND NEW.state = 'pending' AND NEW.return_wish <> '')
BEGIN
  SELECT RAISE(ABORT, 'nothing follows an end');
END;
-- +goose StatementEnd

DROP TRIGGER envelopes_end_once;
-- +goose StatementBegin
CREATE TRIGGER envelopes_end_once BEFORE UPDATE ON envelopes
WHEN OLD.state IN ('landed', 'spent', 'dead') AND NEW.state <> OLD.state
  AND NOT (OLD.state = 'dead' AND OLD.kind = 'funding' AND OLD.own_fee > 0 AND NEW.state IN ('landed', 'spent'))
BEGIN
  SELECT RAISE(ABORT, 'nothing follows an end');
END;
-- +goose StatementEnd
