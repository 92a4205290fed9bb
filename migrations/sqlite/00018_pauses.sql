-- What waits until money is paid in, and what the sponsor has to carry; and whose an answer in flight is.

-- +goose Up
-- The request that is being worked on behind an Idempotency-Key: its process, and a mark of its own.
ALTER TABLE answers ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE INDEX answers_in_flight ON answers (until) WHERE until > 1; -- 0 is answered, 1 given back

-- app is '' for a pause of everybody's fundings.
CREATE TABLE pauses (
  app    TEXT    NOT NULL PRIMARY KEY,
  cause  TEXT    NOT NULL CHECK (cause <> ''),
  detail TEXT    NOT NULL,
  since  INTEGER NOT NULL,
  until  INTEGER NOT NULL CHECK (until > 0)
) STRICT;

-- What the sponsor has to carry still, by app and asset: of payments whose fees the service pays, how many are not funded yet,
-- the base reserves that their accounts will lock, and how many have money waiting. Kept in the commit that changes a payment.
CREATE TABLE carried (
  app          TEXT    NOT NULL REFERENCES apps (id),
  asset        TEXT    NOT NULL,
  unmade       INTEGER NOT NULL CHECK (unmade >= 0),
  unmade_units INTEGER NOT NULL CHECK (unmade_units >= 0),
  waiting      INTEGER NOT NULL CHECK (waiting >= 0),
  PRIMARY KEY (app, asset)
) STRICT;

-- The rule, once: what a payment in a state adds. A move locks no more than what it takes over gives back.
CREATE VIEW payments_carried (id, app, asset, unmade, unmade_units, waiting) AS SELECT id, app, asset,
  sponsor = '' AND state IN ('created', 'funding'),
  CASE WHEN sponsor <> '' OR pay_to <> '' OR replaces <> '' OR state NOT IN ('created', 'funding') THEN 0 WHEN asset = 'native' THEN 2 ELSE 3 END,
  sponsor = '' AND state IN ('pending', 'claiming', 'returning', 'parked')
FROM payments;

INSERT INTO carried (app, asset, unmade, unmade_units, waiting)
SELECT app, asset, sum(unmade), sum(unmade_units), sum(waiting) FROM payments_carried GROUP BY app, asset;

-- +goose StatementBegin
CREATE TRIGGER carried_begins AFTER INSERT ON payments
BEGIN
  INSERT INTO carried (app, asset, unmade, unmade_units, waiting)
  SELECT app, asset, unmade, unmade_units, waiting FROM payments_carried WHERE id = NEW.id
  ON CONFLICT (app, asset) DO UPDATE SET unmade = unmade + excluded.unmade,
    unmade_units = unmade_units + excluded.unmade_units, waiting = waiting + excluded.waiting;
END;
-- +goose StatementEnd

-- What it added before goes first, what it adds now comes after; terms do not change.
-- +goose StatementBegin
CREATE TRIGGER carried_goes BEFORE UPDATE OF state ON payments WHEN NEW.state <> OLD.state
BEGIN
  UPDATE carried SET (unmade, unmade_units, waiting) = (SELECT carried.unmade - p.unmade, carried.unmade_units - p.unmade_units,
    carried.waiting - p.waiting FROM payments_carried AS p WHERE p.id = OLD.id) WHERE app = OLD.app AND asset = OLD.asset;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER carried_comes AFTER UPDATE OF state ON payments WHEN NEW.state <> OLD.state
BEGIN
  UPDATE carried SET (unmade, unmade_units, waiting) = (SELECT carried.unmade + p.unmade, carried.unmade_units + p.unmade_units,
    carried.waiting + p.waiting FROM payments_carried AS p WHERE p.id = NEW.id) WHERE app = NEW.app AND asset = NEW.asset;
END;
-- +goose StatementEnd
