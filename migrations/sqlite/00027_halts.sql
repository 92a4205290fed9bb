-- What stands still until a person has looked, app by app and payment by payment. What stops everything stays in watch, where
-- code of before reads it: a database that was halted is halted until that is lifted.

-- +goose Up
CREATE TABLE halts (
  id      INTEGER PRIMARY KEY,
  hash    TEXT    NOT NULL CHECK (hash <> ''), -- what it is about, and is lifted by
  scope   TEXT    NOT NULL CHECK (scope IN ('app', 'payment')),
  app     TEXT    NOT NULL,
  payment TEXT    NOT NULL CHECK ((payment <> '') = (scope = 'payment')),
  why     TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  CHECK (scope = 'payment' OR app <> ''),
  UNIQUE (hash, app, payment)
) STRICT;
CREATE INDEX halts_payment ON halts (payment, id) WHERE scope = 'payment';
CREATE INDEX halts_app ON halts (app, id) WHERE scope = 'app';

ALTER TABLE watch ADD COLUMN halted_at INTEGER NOT NULL DEFAULT 0;
