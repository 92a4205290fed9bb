-- What ended a payment may be found in an earlier ledger than the one that was seen first: an account of the same name was made anew.
-- Then the earlier end is the true one. What the account paid for its end is written down, to be taken back then. A funding by the
-- sender's client, of another payment's money too, brings its payment back from canceled or failed.
--
-- Code of before goes on: what it writes was allowed before.

-- +goose Up
ALTER TABLE payments ADD COLUMN fee_end INTEGER NOT NULL DEFAULT 0 CHECK (fee_end >= 0);

DROP TRIGGER payments_end_once;
-- +goose StatementBegin
CREATE TRIGGER payments_end_once BEFORE UPDATE ON payments
WHEN OLD.ended_at <> 0 AND (NEW.state <> OLD.state OR NEW.settled_tx <> OLD.settled_tx OR NEW.settled_at <> OLD.settled_at
    OR NEW.ended_at <> OLD.ended_at)
  AND NOT (OLD.state IN ('canceled', 'failed') AND OLD.from_account <> '' AND NEW.state = 'pending' AND NEW.return_wish <> '')
  AND NOT (NEW.settled_at > 0 AND NEW.settled_at < OLD.settled_at AND NEW.settled_tx <> OLD.settled_tx)
BEGIN
  SELECT RAISE(ABORT, 'nothing follows an end');
END;
-- +goose StatementEnd

DROP TRIGGER payments_arrive_once;
-- +goose StatementBegin
CREATE TRIGGER payments_arrive_once BEFORE UPDATE ON payments
WHEN OLD.ended_at <> 0 AND (NEW.arrived <> OLD.arrived OR NEW.arrived_rest <> OLD.arrived_rest)
  AND NOT (NEW.settled_at > 0 AND NEW.settled_at < OLD.settled_at)
BEGIN
  SELECT RAISE(ABORT, 'nothing follows an end');
END;
-- +goose StatementEnd
