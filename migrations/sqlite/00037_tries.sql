-- What the attempts at a row of work have come to: how often its envelopes were handed in and why the network refused the last
-- one, and how often a balance was looked for and not found. Until now the note said so, which is for people alone from here on.
-- What the notes of open rows say is taken over once. A row that code of before gives back meanwhile keeps the count that it
-- had here: such a row's next bids are lower, and its funding may count as a try of its payments.

-- +goose Up
ALTER TABLE work ADD COLUMN handed_in INTEGER NOT NULL DEFAULT 0 CHECK (handed_in >= 0);
ALTER TABLE work ADD COLUMN refusal TEXT NOT NULL DEFAULT '';
ALTER TABLE work ADD COLUMN gone INTEGER NOT NULL DEFAULT 0 CHECK (gone >= 0);

UPDATE work SET handed_in = max(CAST(substr(note, length('handed in ') + 1) AS INTEGER), 0)
WHERE done_at = 0 AND note LIKE 'handed in %';
UPDATE work SET refusal = CASE WHEN note LIKE '%insufficient_balance%' THEN 'short' ELSE 'too_late' END
WHERE done_at = 0 AND handed_in > 0 AND (note LIKE '%insufficient_balance%' OR note LIKE '%too_late%');
UPDATE work SET gone = max(CAST(substr(note, length('the balance is gone, look ') + 1) AS INTEGER), 0)
WHERE done_at = 0 AND note LIKE 'the balance is gone, look %';

-- +goose Down
ALTER TABLE work DROP COLUMN handed_in;
ALTER TABLE work DROP COLUMN refusal;
ALTER TABLE work DROP COLUMN gone;
