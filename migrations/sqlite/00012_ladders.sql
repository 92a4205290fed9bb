-- The way back has versions: 0, which every payment of before has, is the first. And it may carry a memo.

-- +goose Up
ALTER TABLE payments ADD COLUMN ladder_version INTEGER NOT NULL DEFAULT 0 CHECK (ladder_version >= 0);
ALTER TABLE payments ADD COLUMN return_memo_type TEXT NOT NULL DEFAULT '';
ALTER TABLE payments ADD COLUMN return_memo TEXT NOT NULL DEFAULT '' CHECK ((return_memo = '') = (return_memo_type = ''));

-- +goose StatementBegin
CREATE TRIGGER payments_keep_their_way_back BEFORE UPDATE ON payments
WHEN NEW.return_memo <> OLD.return_memo OR NEW.return_memo_type <> OLD.return_memo_type
  OR (NEW.ladder_version <> OLD.ladder_version AND OLD.holding <> '' AND NEW.holding = OLD.holding)
BEGIN
  SELECT RAISE(ABORT, 'the way back of a payment does not change');
END;
-- +goose StatementEnd
