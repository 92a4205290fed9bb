-- What became of our mails to the recipient.

-- +goose Up
ALTER TABLE payments ADD COLUMN delivery TEXT NOT NULL DEFAULT '' CHECK (delivery IN ('', 'sent', 'refused'));
