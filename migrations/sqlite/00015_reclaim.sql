-- Reserves that claims left in new accounts can be taken back: by an app's wish once, or each time.

-- +goose Up
CREATE TABLE apps_that_reclaim (
  app TEXT NOT NULL PRIMARY KEY REFERENCES apps (id)
) STRICT;

CREATE INDEX payments_reserves_out ON payments (app, id) WHERE spent_units > 0;
