-- What a key may do: names of scopes with a space between. A key from before has them by its flag "admin", which new code
-- writes too, so that old code goes on beside it.

-- +goose Up
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT '';

-- +goose StatementBegin
CREATE TRIGGER api_keys_keep_their_scopes BEFORE UPDATE OF admin, scopes ON api_keys
WHEN OLD.admin <> NEW.admin OR OLD.scopes <> NEW.scopes
BEGIN
  SELECT RAISE(ABORT, 'the scopes of a key do not change');
END;
-- +goose StatementEnd
