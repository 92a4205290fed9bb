-- Tenants, the keys that open the API for them, and the answers remembered for them.
-- Moments are microseconds since 1970 (0 = never), amounts stroops.

-- +goose Up
CREATE TABLE apps (
  id          TEXT    NOT NULL PRIMARY KEY CHECK (id <> ''),
  name        TEXT    NOT NULL,
  recipient   TEXT    NOT NULL,
  treasury    TEXT    NOT NULL,
  may_vouch   INTEGER NOT NULL CHECK (may_vouch IN (0, 1)),
  notify      INTEGER NOT NULL CHECK (notify IN (0, 1)),
  most_locked INTEGER NOT NULL CHECK (most_locked >= 0),
  most_spent  INTEGER NOT NULL CHECK (most_spent >= 0),
  created_at  INTEGER NOT NULL
) STRICT;

-- app is null for a key that belongs to no app: it may only make apps.
CREATE TABLE api_keys (
  id         TEXT    NOT NULL PRIMARY KEY CHECK (id <> ''),
  app        TEXT    REFERENCES apps (id),
  hash       TEXT    NOT NULL UNIQUE CHECK (hash <> ''),
  admin      INTEGER NOT NULL CHECK (admin IN (0, 1)),
  created_at INTEGER NOT NULL,
  revoked_at INTEGER NOT NULL CHECK (revoked_at >= 0)
) STRICT;

CREATE INDEX api_keys_by_app ON api_keys (app, created_at);

-- A revoked key stays revoked.
-- +goose StatementBegin
CREATE TRIGGER api_keys_stay_revoked BEFORE UPDATE ON api_keys
WHEN OLD.revoked_at <> 0 AND NEW.revoked_at = 0
BEGIN
  SELECT RAISE(ABORT, 'a revoked key stays revoked');
END;
-- +goose StatementEnd

-- answer is encrypted: it repeats what was asked, handles included.
CREATE TABLE answers (
  app        TEXT    NOT NULL,
  key        TEXT    NOT NULL CHECK (key <> ''),
  body       TEXT    NOT NULL,
  until      INTEGER NOT NULL,
  status     INTEGER NOT NULL,
  answer     BLOB    NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (app, key)
) STRICT;
