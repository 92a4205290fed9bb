-- What was seen of the ledger: recent hashes, the cursor, and whether everything is halted.

-- +goose Up
CREATE TABLE ledgers (
  sequence   INTEGER NOT NULL PRIMARY KEY CHECK (sequence > 0),
  hash       TEXT    NOT NULL CHECK (hash <> ''),
  close_time INTEGER NOT NULL
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER ledgers_do_not_change BEFORE UPDATE ON ledgers
BEGIN
  SELECT RAISE(ABORT, 'a ledger that closed does not change');
END;
-- +goose StatementEnd

CREATE TABLE watch (
  id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  cursor INTEGER NOT NULL CHECK (cursor >= 0),
  halted TEXT    NOT NULL
) STRICT;

INSERT INTO watch (id, cursor, halted) VALUES (1, 0, '');
