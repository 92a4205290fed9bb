-- Every envelope ever signed, and the payments it carries. None is ever deleted.

-- +goose Up
CREATE TABLE envelopes (
  id          INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of writing down
  hash        TEXT    NOT NULL UNIQUE CHECK (hash <> ''),
  kind        TEXT    NOT NULL CHECK (kind IN ('funding', 'return', 'claim')),
  state       TEXT    NOT NULL CHECK (state IN ('planned', 'signed', 'landed', 'spent', 'dead')),
  version     INTEGER NOT NULL CHECK (version >= 1),
  network     TEXT    NOT NULL CHECK (network <> ''),
  source      TEXT    NOT NULL CHECK (source <> ''),
  sequence    INTEGER NOT NULL CHECK (sequence > 0),
  signed_at   INTEGER NOT NULL CHECK (signed_at >= 0),
  bound       INTEGER NOT NULL CHECK (bound >= 0),
  max_time    INTEGER NOT NULL CHECK (max_time >= 0),
  rung        INTEGER NOT NULL CHECK (rung >= 0),
  xdr         BLOB    NOT NULL CHECK (length(xdr) > 0),
  destination TEXT    NOT NULL,
  new_account INTEGER NOT NULL CHECK (new_account IN (0, 1)),
  tx          TEXT    NOT NULL,
  ledger      INTEGER NOT NULL CHECK (ledger >= 0),
  fee         INTEGER NOT NULL CHECK (fee >= 0),

  CONSTRAINT money_out_is_bounded CHECK (kind = 'return' OR bound > 0),
  CONSTRAINT claim_has_destination CHECK (kind <> 'claim' OR destination <> ''),
  CONSTRAINT in_a_ledger_is_seen CHECK ((state IN ('landed', 'spent')) = (tx <> '' AND ledger > 0))
) STRICT;

-- The fence: a sequence number is taken by writing its funding down, until that is seen in a ledger or proven dead.
CREATE UNIQUE INDEX envelopes_one_funding_per_sequence ON envelopes (network, source, sequence)
  WHERE kind = 'funding' AND state IN ('planned', 'signed');

CREATE INDEX envelopes_live ON envelopes (kind, id) WHERE state IN ('planned', 'signed');

-- +goose StatementBegin
CREATE TRIGGER envelopes_keep_their_terms
BEFORE UPDATE OF id, hash, kind, network, source, sequence, bound, max_time, rung ON envelopes
BEGIN
  SELECT RAISE(ABORT, 'what an envelope says does not change');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER envelopes_end_once BEFORE UPDATE ON envelopes
WHEN OLD.state IN ('landed', 'spent', 'dead') AND NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'nothing follows an end');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER envelopes_stay BEFORE DELETE ON envelopes
BEGIN
  SELECT RAISE(ABORT, 'envelopes are never deleted');
END;
-- +goose StatementEnd

CREATE TABLE envelope_payments (
  envelope TEXT    NOT NULL REFERENCES envelopes (hash),
  position INTEGER NOT NULL CHECK (position >= 0),
  payment  TEXT    NOT NULL REFERENCES payments (id),
  PRIMARY KEY (envelope, position),
  UNIQUE (envelope, payment)
) STRICT;

CREATE INDEX envelope_payments_by_payment ON envelope_payments (payment, envelope);

-- +goose StatementBegin
CREATE TRIGGER envelope_payments_do_not_change BEFORE UPDATE ON envelope_payments
BEGIN
  SELECT RAISE(ABORT, 'what an envelope carries does not change');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER envelope_payments_stay BEFORE DELETE ON envelope_payments
BEGIN
  SELECT RAISE(ABORT, 'what an envelope carries does not change');
END;
-- +goose StatementEnd
