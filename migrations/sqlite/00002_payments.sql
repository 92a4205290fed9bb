-- Payments, what they add up to, and their history. The checks repeat relay/state.go and relay/step.go: whatever the code
-- around them does, no row can claim something about money that its other columns do not bear out.

-- +goose Up
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

  -- What the row adds to its app's usage (relay.Usage); an account locks two base reserves (CAP-33).
  waiting INTEGER NOT NULL GENERATED ALWAYS AS
    (CASE WHEN state IN ('pending', 'claiming', 'returning', 'parked') THEN amount ELSE 0 END) VIRTUAL,
  committed INTEGER NOT NULL GENERATED ALWAYS AS
    (CASE WHEN state IN ('created', 'funding') THEN amount ELSE 0 END) VIRTUAL,
  locked_units INTEGER NOT NULL GENERATED ALWAYS AS
    (CASE WHEN state IN ('created', 'funding', 'pending', 'claiming', 'returning', 'parked') THEN 2 ELSE 0 END) VIRTUAL,

  CONSTRAINT state_is_known CHECK (state IN ('created', 'funding', 'pending', 'claiming', 'claimed', 'returning',
    'returned', 'canceled', 'failed', 'parked', 'settled')),
  CONSTRAINT unfunded_has_no_account CHECK (state NOT IN ('created', 'canceled', 'failed')
    OR (holding = '' AND funding = '' AND bound = 0 AND claim = '' AND settled_tx = '')),
  CONSTRAINT funded_has_account CHECK (state IN ('created', 'canceled', 'failed')
    OR (holding <> '' AND funding <> '' AND bound > 0 AND fundings > 0)),
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

CREATE UNIQUE INDEX payments_one_per_reference ON payments (app, reference) WHERE reference <> '';
CREATE UNIQUE INDEX payments_one_per_holding ON payments (holding) WHERE holding <> '';
CREATE INDEX payments_by_app ON payments (app, created_at, id);
CREATE INDEX payments_by_state ON payments (app, state, created_at, id);
CREATE INDEX payments_by_handle ON payments (app, to_index, created_at, id);
CREATE INDEX payments_alive ON payments (id, state) WHERE ended_at = 0;

-- +goose StatementBegin
CREATE TRIGGER payments_keep_their_terms BEFORE UPDATE ON payments
WHEN NEW.id <> OLD.id OR NEW.app <> OLD.app OR NEW.amount <> OLD.amount OR NEW.asset <> OLD.asset
  OR NEW.created_at <> OLD.created_at OR (NEW.return_to <> OLD.return_to AND OLD.holding <> '')
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

-- The sums of an app's payments, kept by triggers in the commit that changes a payment, so that judging a budget costs the
-- same with ten payments and with ten million.
CREATE TABLE app_usage (
  app          TEXT    NOT NULL PRIMARY KEY REFERENCES apps (id),
  waiting      INTEGER NOT NULL CHECK (waiting >= 0),
  committed    INTEGER NOT NULL CHECK (committed >= 0),
  locked_units INTEGER NOT NULL CHECK (locked_units >= 0),
  spent_units  INTEGER NOT NULL CHECK (spent_units >= 0)
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER app_usage_begins AFTER INSERT ON apps
BEGIN
  INSERT INTO app_usage (app, waiting, committed, locked_units, spent_units) VALUES (NEW.id, 0, 0, 0, 0);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER app_usage_grows AFTER INSERT ON payments
BEGIN
  UPDATE app_usage SET waiting = waiting + NEW.waiting, committed = committed + NEW.committed,
    locked_units = locked_units + NEW.locked_units, spent_units = spent_units + NEW.spent_units
  WHERE app = NEW.app;
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
  WHERE app = NEW.app;
END;
-- +goose StatementEnd

CREATE TABLE history (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  payment    TEXT    NOT NULL REFERENCES payments (id),
  at         INTEGER NOT NULL,
  from_state TEXT    NOT NULL,
  to_state   TEXT    NOT NULL CHECK (to_state <> ''),
  input      TEXT    NOT NULL CHECK (input <> ''),
  detail     TEXT    NOT NULL
) STRICT;

CREATE INDEX history_by_payment ON history (payment, id);

-- +goose StatementBegin
CREATE TRIGGER history_is_not_rewritten BEFORE UPDATE ON history
BEGIN
  SELECT RAISE(ABORT, 'history is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER history_is_not_deleted BEFORE DELETE ON history
BEGIN
  SELECT RAISE(ABORT, 'history is append-only');
END;
-- +goose StatementEnd
