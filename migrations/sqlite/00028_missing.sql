-- What was missing of the amount when a parked payment's holding account was looked at last. It waits nowhere, so an app's usage
-- is less by it. Of a payment that was parked before, the next look says; of an account that is gone, all is missing.

-- +goose Up
ALTER TABLE payments ADD COLUMN missing INTEGER NOT NULL DEFAULT 0 CHECK (missing >= 0 AND missing <= amount AND (missing = 0 OR ended_at = 0));
UPDATE payments SET missing = amount WHERE state = 'parked' AND reason = 'holding_absent';
CREATE INDEX payments_missing ON payments (app) WHERE missing > 0;
CREATE INDEX payments_gone ON payments (app) WHERE state = 'parked' AND reason = 'holding_absent';
