-- What waits until money is paid in, and what the sponsor has to carry; and whose an answer in flight is.

-- +goose Up
-- The request that is being worked on behind an Idempotency-Key: its process, and a mark of its own.
ALTER TABLE answers ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE INDEX answers_in_flight ON answers (until) WHERE until > 1; -- 0 is answered, 1 given back
