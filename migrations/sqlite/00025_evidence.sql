-- A code and a voucher are bound to the claimant key that their first proof came with, and a plan uses them, not the proof. What was
-- used up before has a used_at and no claimant, and stays used up.

-- +goose Up
ALTER TABLE codes ADD COLUMN claimant TEXT NOT NULL DEFAULT '';
ALTER TABLE passes ADD COLUMN claimant TEXT NOT NULL DEFAULT '';
ALTER TABLE passes ADD COLUMN tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0);
ALTER TABLE passes ADD COLUMN evidence TEXT NOT NULL DEFAULT '';

-- +goose StatementBegin
CREATE TRIGGER codes_stay_bound BEFORE UPDATE ON codes
WHEN OLD.claimant <> '' AND NEW.claimant <> OLD.claimant
BEGIN
  SELECT RAISE(ABORT, 'a code stays with its claimant');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER passes_stay_bound BEFORE UPDATE ON passes
WHEN NEW.tries < OLD.tries OR (OLD.claimant <> '' AND NEW.claimant <> OLD.claimant)
BEGIN
  SELECT RAISE(ABORT, 'a voucher stays with its claimant, and its proofs are never forgotten');
END;
-- +goose StatementEnd
