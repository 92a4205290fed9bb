-- What the database was made with, and how far it knows the signer's log: so that a log that was cut, an older copy of it, or
-- keys that were made anew are noticed. Envelopes written down before have no mark.

-- +goose Up
CREATE TABLE fingerprints (
  id    INTEGER PRIMARY KEY AUTOINCREMENT,
  what  TEXT    NOT NULL UNIQUE CHECK (what <> ''),
  value TEXT    NOT NULL CHECK (value <> ''),
  at    INTEGER NOT NULL
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER fingerprints_do_not_change BEFORE UPDATE ON fingerprints
BEGIN
  SELECT RAISE(ABORT, 'a fingerprint does not change');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER fingerprints_stay BEFORE DELETE ON fingerprints
BEGIN
  SELECT RAISE(ABORT, 'a fingerprint does not change');
END;
-- +goose StatementEnd

CREATE TABLE signer_log (
  id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  lines INTEGER NOT NULL CHECK (lines >= 0),
  head  TEXT    NOT NULL CHECK ((lines = 0) = (head = ''))
) STRICT;

INSERT INTO signer_log (id, lines, head) VALUES (1, 0, '');

-- +goose StatementBegin
CREATE TRIGGER signer_log_only_grows BEFORE UPDATE ON signer_log
WHEN NEW.lines < OLD.lines OR NEW.lines = OLD.lines AND NEW.head <> OLD.head
BEGIN
  SELECT RAISE(ABORT, 'the log of the signer only grows');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER signer_log_stays BEFORE DELETE ON signer_log
BEGIN
  SELECT RAISE(ABORT, 'the log of the signer only grows');
END;
-- +goose StatementEnd

ALTER TABLE envelopes ADD COLUMN log_lines INTEGER NOT NULL DEFAULT 0 CHECK (log_lines >= 0);
ALTER TABLE envelopes ADD COLUMN log_head TEXT NOT NULL DEFAULT '' CHECK ((log_lines = 0) = (log_head = ''));

-- +goose StatementBegin
CREATE TRIGGER envelopes_keep_their_mark BEFORE UPDATE OF log_lines, log_head ON envelopes
WHEN OLD.log_lines <> 0
BEGIN
  SELECT RAISE(ABORT, 'what an envelope says does not change');
END;
-- +goose StatementEnd
