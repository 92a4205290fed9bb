-- The transaction that took a treasury's balance in, which a last resort had left.

-- +goose Up
ALTER TABLE payments ADD COLUMN collected TEXT NOT NULL DEFAULT '' CHECK (collected = '' OR reason = 'claimable_balance');
