-- Envelopes that pay for themselves, and claims of any asset. The fence is about sequence numbers that we hand out: those of
-- channels, and of a holding account whose money moves on at our cost. A wallet's own numbers are its owner's business, and
-- whoever names one here without having signed must not be able to block it.

-- +goose Up
ALTER TABLE envelopes ADD COLUMN new_line INTEGER NOT NULL DEFAULT 0 CHECK (new_line IN (0, 1));
ALTER TABLE envelopes ADD COLUMN asset TEXT NOT NULL DEFAULT '';
ALTER TABLE envelopes ADD COLUMN amount INTEGER NOT NULL DEFAULT 0 CHECK (amount >= 0);
ALTER TABLE envelopes ADD COLUMN own_fee INTEGER NOT NULL DEFAULT 0 CHECK (own_fee >= 0);
DROP INDEX envelopes_one_funding_per_sequence;
CREATE UNIQUE INDEX envelopes_one_funding_per_sequence ON envelopes (network, source, sequence)
  WHERE kind = 'funding' AND state IN ('planned', 'signed') AND own_fee = 0;

-- +goose StatementBegin
CREATE TRIGGER envelopes_keep_their_price BEFORE UPDATE OF asset, amount, own_fee, new_line ON envelopes
BEGIN
  SELECT RAISE(ABORT, 'what an envelope says does not change');
END;
-- +goose StatementEnd

-- Accounts into which the owner of a handle agreed to be paid directly by an app. The handle is its blind index only.
CREATE TABLE agreed (
  app      TEXT    NOT NULL REFERENCES apps (id),
  to_index TEXT    NOT NULL CHECK (to_index <> ''),
  account  TEXT    NOT NULL CHECK (account <> ''),
  payment  TEXT    NOT NULL REFERENCES payments (id),
  at       INTEGER NOT NULL,
  PRIMARY KEY (app, to_index)
) STRICT;
