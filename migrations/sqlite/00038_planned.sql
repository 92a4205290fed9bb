-- When a claim was planned, by the close time of the newest ledger; claims are counted by it. It followed from the claim's own end, but
-- not of one that was cut short because its payment expired. Claims from before are counted by what was taken for it then.

-- +goose Up
ALTER TABLE envelopes ADD COLUMN planned_at INTEGER NOT NULL DEFAULT 0 CHECK (planned_at >= 0);

UPDATE envelopes SET planned_at = max(max_time - 300, 0) WHERE kind = 'claim';

-- +goose StatementBegin
CREATE TRIGGER envelopes_keep_their_moment BEFORE UPDATE OF planned_at ON envelopes
BEGIN
  SELECT RAISE(ABORT, 'what an envelope says does not change');
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER envelopes_keep_their_moment;
ALTER TABLE envelopes DROP COLUMN planned_at;
