-- The claimable balance that a last resort left, by its id: the watcher finds by it what became of the balance. That its issuer took it
-- back, or that it is gone and nothing tells where to, changes what had arrived.
--
-- Code of before goes on: what it writes was allowed before.

-- +goose Up
ALTER TABLE payments ADD COLUMN balance TEXT NOT NULL DEFAULT '';
CREATE INDEX payments_by_balance ON payments (balance) WHERE balance <> '';

DROP TRIGGER payments_arrive_once;
-- +goose StatementBegin
CREATE TRIGGER payments_arrive_once BEFORE UPDATE ON payments
WHEN OLD.ended_at <> 0 AND (NEW.arrived <> OLD.arrived OR NEW.arrived_rest <> OLD.arrived_rest)
  AND NOT (NEW.settled_at > 0 AND NEW.settled_at < OLD.settled_at)
  AND NOT (OLD.state = 'settled' AND OLD.reason = 'claimable_balance' AND NEW.arrived_rest = OLD.arrived_rest
    AND (NEW.reason = 'clawed_back' AND NEW.arrived = 0 OR NEW.collected = 'elsewhere' AND NEW.arrived = -1))
BEGIN
  SELECT RAISE(ABORT, 'nothing follows an end');
END;
-- +goose StatementEnd
