-- +goose Up
-- Whose a holding account is: its last resort, of which every way back has one.
CREATE INDEX envelopes_by_holding ON envelopes (source) WHERE kind = 'return' AND rung = 0;

-- +goose Down
DROP INDEX envelopes_by_holding;
