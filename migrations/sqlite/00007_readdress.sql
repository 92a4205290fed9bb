-- Whom a payment is for may change until anybody could have opened its box (relay/step.go, readdress): the blind index,
-- which is the handle's, is held to the same rule. The sealed handle cannot be compared: each save seals it anew.

-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER payments_keep_their_recipient BEFORE UPDATE ON payments
WHEN NEW.to_index <> OLD.to_index AND (OLD.state NOT IN ('created', 'funding', 'pending') OR NEW.state <> OLD.state
  OR OLD.policy <> 'guarded' OR NEW.policy <> OLD.policy OR OLD.share_released_at <> 0 OR NEW.share_released_at <> 0
  OR OLD.return_wish <> '' OR NEW.return_wish <> '')
BEGIN
  SELECT RAISE(ABORT, 'the recipient of a payment does not change any more');
END;
-- +goose StatementEnd
