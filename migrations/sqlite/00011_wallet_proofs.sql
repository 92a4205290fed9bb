-- The proof by which a signer of a wallet agreed to the payment's current deposit: a signed message, or a transaction. What was
-- deposited before has none, and neither has a move.

-- +goose Up
ALTER TABLE payments ADD COLUMN proof_signer TEXT NOT NULL DEFAULT '';
ALTER TABLE payments ADD COLUMN proof_signature TEXT NOT NULL DEFAULT '' CHECK ((proof_signature = '') = (proof_signer = ''));
ALTER TABLE payments ADD COLUMN proof_envelope TEXT NOT NULL DEFAULT '' CHECK (proof_envelope = '' OR proof_signer = '');
