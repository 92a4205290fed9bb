-- What arrived by the transaction that ended a payment, and who paid its fees: as the ledger showed it, to the stroop. Of
-- payments that ended before, what arrived was not written down. Fees that a holding account bid for itself it paid itself, as
-- far as anybody knows now.

-- +goose Up
ALTER TABLE payments ADD COLUMN fee_holding INTEGER NOT NULL DEFAULT 0 CHECK (fee_holding >= 0);
ALTER TABLE payments ADD COLUMN fee_other INTEGER NOT NULL DEFAULT 0 CHECK (fee_other >= 0);
ALTER TABLE payments ADD COLUMN arrived INTEGER NOT NULL DEFAULT 0 CHECK (arrived >= -1); -- -1 = nobody knows
ALTER TABLE payments ADD COLUMN arrived_rest INTEGER NOT NULL DEFAULT 0 CHECK (arrived_rest >= 0);

UPDATE payments SET arrived = -1 WHERE settled_tx <> '';
-- Of a payment that took over another's money, the fees of the accounts before are among them: they came out of the one purse.
UPDATE payments SET fee_holding = (
  WITH RECURSIVE line (holding, replaces) AS (
    SELECT payments.holding, payments.replaces
    UNION ALL
    SELECT p.holding, p.replaces FROM payments p JOIN line ON p.id = line.replaces
  )
  SELECT coalesce(sum(e.fee), 0) FROM envelopes e JOIN line ON e.source = line.holding
  WHERE e.own_fee > 0 AND e.state IN ('landed', 'spent')
) WHERE sponsor <> '' AND holding <> '';

-- +goose StatementBegin
CREATE TRIGGER payments_arrive_once BEFORE UPDATE ON payments
WHEN OLD.ended_at <> 0 AND (NEW.arrived <> OLD.arrived OR NEW.arrived_rest <> OLD.arrived_rest)
BEGIN
  SELECT RAISE(ABORT, 'nothing follows an end');
END;
-- +goose StatementEnd
