-- Payments in any asset, out of a sender's own wallet, into an account on file; and payments that take over another's money.
-- The table is made anew, because SQLite does not change a check: the rows are copied away, the table is dropped, and the
-- rows come back into the new one. It is one transaction with foreign keys on; they are deferred to its end, where nothing
-- may be left without its payment. So a crash at any moment leaves the database as it was before, and whoever writes
-- meanwhile waits. A second process that was about the same fails at the first statement, and looks again.
--
-- What "safe while the previous code runs" means here: its open statements are prepared anew by SQLite, and the columns that
-- it reads and writes are all there; those that it does not know have defaults. It goes on with payments of lumens out of a
-- treasury as before. It must not meet the others, which only newer code makes: it takes the sums of whichever asset comes
-- first for those of lumens, its signer refuses credit assets (the payment fails, no money moves), and for a direct payment
-- it asks for a holding account (the check funded_has_account refuses that commit; nothing is sent, and the payment waits
-- until that funding has died). So end every process of before ere the first such payment. Money is safe either way.
--
-- It takes some seconds for each 100,000 payments, and processes that are started meanwhile may give up and have to be started
-- again. For as long as it takes, the rows are there twice: have three times the room of the database free.

-- +goose Up
PRAGMA defer_foreign_keys = ON; -- until this transaction ends
DROP TRIGGER app_usage_begins;  -- first: it fails when this step was taken already
CREATE TABLE payments_before AS SELECT
  id, app, version, state, reason, to_sealed, to_index, amount, asset, note, policy, reference, metadata,
  link_made_by, auth_hash, claim_recipient, sender_recipients, share_released_at, return_to, expires_at, created_at,
  updated_at, ended_at, holding, funding, bound, fundings, return_wish, claim, destination, settled_tx, settled_at,
  fee_paid, spent_units
FROM payments ORDER BY rowid;
DROP TABLE payments; -- its indexes and triggers with it
DROP TABLE app_usage;

CREATE TABLE payments (
  id                TEXT    NOT NULL PRIMARY KEY CHECK (id <> ''),
  app               TEXT    NOT NULL REFERENCES apps (id),
  version           INTEGER NOT NULL CHECK (version >= 1),
  state             TEXT    NOT NULL,
  reason            TEXT    NOT NULL,
  to_sealed         BLOB    NOT NULL, -- the handle, encrypted
  to_index          TEXT    NOT NULL, -- its blind index, of this app only
  amount            INTEGER NOT NULL CHECK (amount > 0),
  asset             TEXT    NOT NULL CHECK (asset <> ''),
  note              BLOB    NOT NULL, -- encrypted; empty = none
  policy            TEXT    NOT NULL CHECK (policy <> ''),
  reference         TEXT    NOT NULL,
  metadata          BLOB    NOT NULL, -- encrypted; empty = none
  link_made_by      TEXT    NOT NULL,
  auth_hash         TEXT    NOT NULL,
  claim_recipient   TEXT    NOT NULL,
  sender_recipients TEXT    NOT NULL, -- JSON array
  share_released_at INTEGER NOT NULL CHECK (share_released_at >= 0),
  from_account      TEXT    NOT NULL DEFAULT '', -- '' = the app's treasury
  sponsor           TEXT    NOT NULL DEFAULT '', -- '' = the service
  purse             INTEGER NOT NULL DEFAULT 0 CHECK (purse >= 0),
  rung_fee          INTEGER NOT NULL DEFAULT 0 CHECK (rung_fee >= 0),
  fund_by           INTEGER NOT NULL DEFAULT 0 CHECK (fund_by >= 0),
  fund_until        INTEGER NOT NULL DEFAULT 0 CHECK (fund_until >= 0),
  replaces          TEXT    NOT NULL DEFAULT '',
  manage_hash       TEXT    NOT NULL DEFAULT '',
  pay_to            TEXT    NOT NULL DEFAULT '',
  box_mac           TEXT    NOT NULL DEFAULT '',
  clawback          INTEGER NOT NULL DEFAULT 0 CHECK (clawback IN (0, 1)),
  return_to         TEXT    NOT NULL,
  expires_at        INTEGER NOT NULL,
  created_at        INTEGER NOT NULL,
  updated_at        INTEGER NOT NULL,
  ended_at          INTEGER NOT NULL,
  holding           TEXT    NOT NULL,
  funding           TEXT    NOT NULL,
  bound             INTEGER NOT NULL CHECK (bound >= 0),
  fundings          INTEGER NOT NULL CHECK (fundings >= 0),
  return_wish       TEXT    NOT NULL CHECK (return_wish IN ('', 'canceled', 'declined', 'expired')),
  claim             TEXT    NOT NULL,
  destination       TEXT    NOT NULL,
  settled_tx        TEXT    NOT NULL,
  settled_at        INTEGER NOT NULL CHECK (settled_at >= 0),
  fee_paid          INTEGER NOT NULL CHECK (fee_paid >= 0),
  spent_units       INTEGER NOT NULL CHECK (spent_units >= 0),

  -- What the row adds to its app's usage (relay.Usage): of what senders keep themselves, nothing. An account locks two base
  -- reserves (CAP-33) and a trustline one.
  waiting INTEGER NOT NULL GENERATED ALWAYS AS
    (CASE WHEN sponsor = '' AND state IN ('pending', 'claiming', 'returning', 'parked') THEN amount ELSE 0 END) VIRTUAL,
  committed INTEGER NOT NULL GENERATED ALWAYS AS
    (CASE WHEN from_account = '' AND state IN ('created', 'funding') THEN amount ELSE 0 END) VIRTUAL,
  locked_units INTEGER NOT NULL GENERATED ALWAYS AS
    (CASE WHEN sponsor = '' AND pay_to = '' AND state IN ('created', 'funding', 'pending', 'claiming', 'returning', 'parked')
     THEN CASE WHEN asset = 'native' THEN 2 ELSE 3 END ELSE 0 END) VIRTUAL,

  CONSTRAINT state_is_known CHECK (state IN ('created', 'funding', 'pending', 'claiming', 'claimed', 'returning',
    'returned', 'canceled', 'failed', 'parked', 'settled')),
  CONSTRAINT unfunded_has_no_account CHECK (state NOT IN ('created', 'canceled', 'failed')
    OR (holding = '' AND funding = '' AND bound = 0 AND claim = '' AND settled_tx = '')),
  CONSTRAINT funded_has_account CHECK (state IN ('created', 'canceled', 'failed')
    OR ((holding <> '') = (pay_to = '') AND funding <> '' AND bound > 0 AND fundings > 0)),
  CONSTRAINT paid_directly_never_waits CHECK (pay_to = '' OR (from_account = ''
    AND state NOT IN ('pending', 'claiming', 'returning', 'returned', 'parked', 'settled'))),
  CONSTRAINT client_funds_in_time CHECK ((from_account = '') = (fund_by = 0) AND (fund_by = 0) = (fund_until = 0)),
  CONSTRAINT sender_pays_from_the_purse CHECK (sponsor = '' OR (from_account <> '' AND purse > 0 AND rung_fee > 0)),
  CONSTRAINT claiming_has_claim CHECK (state <> 'claiming' OR (claim <> '' AND destination <> '')),
  CONSTRAINT only_claims_have_claim CHECK (state IN ('claiming', 'claimed') OR claim = ''),
  CONSTRAINT claimed_has_destination CHECK (state NOT IN ('claimed', 'settled') OR destination <> ''),
  CONSTRAINT taken_is_seen CHECK ((state IN ('claimed', 'returned', 'settled')) = (settled_tx <> '')),
  CONSTRAINT seen_in_a_ledger CHECK ((settled_tx <> '') = (settled_at > 0)),
  CONSTRAINT end_has_moment CHECK
    ((state IN ('claimed', 'returned', 'settled', 'canceled', 'failed')) = (ended_at > 0)),
  CONSTRAINT sent_home_has_reason CHECK (state NOT IN ('returning', 'returned', 'canceled')
    OR reason IN ('canceled', 'declined', 'expired')),
  CONSTRAINT trouble_has_reason CHECK (state NOT IN ('failed', 'parked') OR reason <> '')
) STRICT;

INSERT INTO payments (
  id, app, version, state, reason, to_sealed, to_index, amount, asset, note, policy, reference, metadata,
  link_made_by, auth_hash, claim_recipient, sender_recipients, share_released_at, return_to, expires_at, created_at,
  updated_at, ended_at, holding, funding, bound, fundings, return_wish, claim, destination, settled_tx, settled_at,
  fee_paid, spent_units)
SELECT
  id, app, version, state, reason, to_sealed, to_index, amount, asset, note, policy, reference, metadata,
  link_made_by, auth_hash, claim_recipient, sender_recipients, share_released_at, return_to, expires_at, created_at,
  updated_at, ended_at, holding, funding, bound, fundings, return_wish, claim, destination, settled_tx, settled_at,
  fee_paid, spent_units
FROM payments_before ORDER BY rowid;
DROP TABLE payments_before;

CREATE UNIQUE INDEX payments_one_per_reference ON payments (app, reference) WHERE reference <> '';
CREATE UNIQUE INDEX payments_one_per_holding ON payments (holding) WHERE holding <> '';
CREATE INDEX payments_by_app ON payments (app, created_at, id);
CREATE INDEX payments_by_state ON payments (app, state, created_at, id);
CREATE INDEX payments_by_handle ON payments (app, to_index, created_at, id);
CREATE INDEX payments_alive ON payments (id, state) WHERE ended_at = 0;

-- +goose StatementBegin
CREATE TRIGGER payments_keep_their_terms BEFORE UPDATE ON payments
WHEN NEW.id <> OLD.id OR NEW.app <> OLD.app OR NEW.amount <> OLD.amount OR NEW.asset <> OLD.asset
  OR NEW.created_at <> OLD.created_at OR NEW.from_account <> OLD.from_account OR NEW.sponsor <> OLD.sponsor
  OR NEW.purse <> OLD.purse OR NEW.rung_fee <> OLD.rung_fee OR NEW.replaces <> OLD.replaces OR NEW.pay_to <> OLD.pay_to
  OR NEW.fund_by <> OLD.fund_by OR NEW.fund_until <> OLD.fund_until OR (NEW.return_to <> OLD.return_to AND OLD.holding <> '')
BEGIN
  SELECT RAISE(ABORT, 'the terms of a payment do not change');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER payments_end_once BEFORE UPDATE ON payments
WHEN OLD.ended_at <> 0 AND (NEW.state <> OLD.state OR NEW.settled_tx <> OLD.settled_tx OR NEW.ended_at <> OLD.ended_at)
BEGIN
  SELECT RAISE(ABORT, 'nothing follows an end');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER payments_stay BEFORE DELETE ON payments
BEGIN
  SELECT RAISE(ABORT, 'payments are never deleted');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER payments_keep_their_recipient BEFORE UPDATE ON payments
WHEN NEW.to_index <> OLD.to_index AND (OLD.state NOT IN ('created', 'funding', 'pending') OR NEW.state <> OLD.state
  OR OLD.policy <> 'guarded' OR NEW.policy <> OLD.policy OR OLD.share_released_at <> 0 OR NEW.share_released_at <> 0
  OR OLD.return_wish <> '' OR NEW.return_wish <> '')
BEGIN
  SELECT RAISE(ABORT, 'the recipient of a payment does not change any more');
END;
-- +goose StatementEnd

-- The sums of an app's payments, by asset, kept by triggers in the commit that changes a payment, so that judging a budget
-- costs the same with ten payments and with ten million.
CREATE TABLE app_usage (
  app          TEXT    NOT NULL REFERENCES apps (id),
  asset        TEXT    NOT NULL,
  waiting      INTEGER NOT NULL CHECK (waiting >= 0),
  committed    INTEGER NOT NULL CHECK (committed >= 0),
  locked_units INTEGER NOT NULL CHECK (locked_units >= 0),
  spent_units  INTEGER NOT NULL CHECK (spent_units >= 0),
  PRIMARY KEY (app, asset)
) STRICT;

-- Every app has a row for lumens from its beginning: code of before wants one.
INSERT INTO app_usage (app, asset, waiting, committed, locked_units, spent_units)
SELECT id, 'native', 0, 0, 0, 0 FROM apps;

INSERT INTO app_usage (app, asset, waiting, committed, locked_units, spent_units)
SELECT app, asset, sum(waiting), sum(committed), sum(locked_units), sum(spent_units) FROM payments WHERE true GROUP BY app, asset
ON CONFLICT (app, asset) DO UPDATE SET waiting = excluded.waiting, committed = excluded.committed,
  locked_units = excluded.locked_units, spent_units = excluded.spent_units;

-- +goose StatementBegin
CREATE TRIGGER app_usage_begins_with_lumens AFTER INSERT ON apps
BEGIN
  INSERT INTO app_usage (app, asset, waiting, committed, locked_units, spent_units) VALUES (NEW.id, 'native', 0, 0, 0, 0);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER app_usage_grows AFTER INSERT ON payments
BEGIN
  INSERT INTO app_usage (app, asset, waiting, committed, locked_units, spent_units)
  VALUES (NEW.app, NEW.asset, NEW.waiting, NEW.committed, NEW.locked_units, NEW.spent_units)
  ON CONFLICT (app, asset) DO UPDATE SET waiting = waiting + excluded.waiting, committed = committed + excluded.committed,
    locked_units = locked_units + excluded.locked_units, spent_units = spent_units + excluded.spent_units;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER app_usage_moves AFTER UPDATE OF state, spent_units ON payments
WHEN NEW.state <> OLD.state OR NEW.spent_units <> OLD.spent_units
BEGIN
  UPDATE app_usage SET waiting = waiting + NEW.waiting - OLD.waiting,
    committed = committed + NEW.committed - OLD.committed,
    locked_units = locked_units + NEW.locked_units - OLD.locked_units,
    spent_units = spent_units + NEW.spent_units - OLD.spent_units
  WHERE app = NEW.app AND asset = NEW.asset;
END;
-- +goose StatementEnd
