-- What a payment's end expunges: box, share, codes, passes. Shares and codes are encrypted; a box is an age file and needs
-- no second coat. The code book counts tries for as long as the payment lives, and never backwards.

-- +goose Up
CREATE TABLE boxes (
  payment TEXT NOT NULL PRIMARY KEY REFERENCES payments (id),
  box     BLOB NOT NULL CHECK (length(box) > 0)
) STRICT;

CREATE TABLE shares (
  payment TEXT NOT NULL PRIMARY KEY REFERENCES payments (id),
  share   BLOB NOT NULL CHECK (length(share) > 0)
) STRICT;

CREATE TABLE code_books (
  payment TEXT    NOT NULL PRIMARY KEY REFERENCES payments (id),
  sent    INTEGER NOT NULL CHECK (sent >= 0),
  next_at INTEGER NOT NULL CHECK (next_at >= 0),
  tries   INTEGER NOT NULL CHECK (tries >= 0)
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER code_books_count_up BEFORE UPDATE ON code_books
WHEN NEW.tries < OLD.tries OR NEW.sent < OLD.sent
BEGIN
  SELECT RAISE(ABORT, 'tries are never forgotten');
END;
-- +goose StatementEnd

CREATE TABLE codes (
  session   TEXT    NOT NULL PRIMARY KEY CHECK (session <> ''),
  payment   TEXT    NOT NULL REFERENCES payments (id),
  mac       BLOB    NOT NULL,
  sealed    BLOB,
  issued_at INTEGER NOT NULL,
  tries     INTEGER NOT NULL CHECK (tries >= 0),
  used_at   INTEGER NOT NULL CHECK (used_at >= 0)
) STRICT;

CREATE INDEX codes_by_payment ON codes (payment);

-- +goose StatementBegin
CREATE TRIGGER codes_count_up BEFORE UPDATE ON codes
WHEN NEW.tries < OLD.tries OR (OLD.used_at <> 0 AND NEW.used_at = 0)
BEGIN
  SELECT RAISE(ABORT, 'tries are never forgotten');
END;
-- +goose StatementEnd

CREATE TABLE passes (
  hash       TEXT    NOT NULL PRIMARY KEY CHECK (hash <> ''),
  payment    TEXT    NOT NULL REFERENCES payments (id),
  kind       TEXT    NOT NULL CHECK (kind IN ('proof', 'voucher')),
  expires_at INTEGER NOT NULL,
  used_at    INTEGER NOT NULL CHECK (used_at >= 0)
) STRICT;

CREATE INDEX passes_by_payment ON passes (payment);

-- +goose StatementBegin
CREATE TRIGGER passes_are_used_once BEFORE UPDATE ON passes
WHEN OLD.used_at <> 0 AND NEW.used_at <> OLD.used_at
BEGIN
  SELECT RAISE(ABORT, 'a pass is used once');
END;
-- +goose StatementEnd
