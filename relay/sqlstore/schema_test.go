package sqlstore_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
)

// TestTheSchemaGuardsWithoutTheCode writes with bare SQL what the code never would.
func TestTheSchemaGuardsWithoutTheCode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	s := open(t, path, newKeys(t))
	fill(t, s, relaytest.InState(relaytest.Payment("app_one", 1), relay.Claimed), hidden)
	pending := relaytest.InState(relaytest.Payment("app_one", 2), relay.Pending)
	update(t, s, func(tx desk.Tx) error { return tx.InsertPayment(pending) })
	update(t, s, func(tx desk.Tx) error { return tx.InsertEnvelope(relaytest.FundingOf("f", 7, pending.ID)) })
	update(t, s, func(tx desk.Tx) error { return tx.RememberLedger(relay.Head{Sequence: 9, Hash: "h"}) })
	db := raw(t, path)
	for _, c := range []struct{ text, want string }{
		{"UPDATE history SET detail = 'other'", "append-only"},
		{"UPDATE history SET at = at", "append-only"},
		{"DELETE FROM history", "append-only"},
		{"DELETE FROM payments", "never deleted"},
		{"DELETE FROM envelopes", "never deleted"},
		{"DELETE FROM envelope_payments", "does not change"},
		{"UPDATE envelope_payments SET payment = 'pay_app_one_000001'", "does not change"},
		{"UPDATE envelopes SET hash = 'other'", "does not change"},
		{"UPDATE envelopes SET sequence = 8", "does not change"},
		{"UPDATE envelopes SET bound = 1000000", "does not change"},
		{"UPDATE envelopes SET own_fee = 9", "does not change"},
		{"UPDATE envelopes SET planned_at = 9", "does not change"},
		{"UPDATE envelopes SET amount = 9", "does not change"},
		{"UPDATE payments SET pay_to = 'GTHIEF'", "terms"},
		{"UPDATE payments SET from_account = 'GTHIEF'", "terms"},
		{"INSERT INTO agreed (app, to_index, account, payment, at) VALUES ('app_one', '', 'G', 'pay_app_one_000001', 1)", "CHECK"},
		{"INSERT INTO agreed (app, to_index, account, payment, at) VALUES ('app_one', 'x', 'G', 'pay_none', 1)", "FOREIGN KEY"},
		{"UPDATE payments SET state = 'pending', ended_at = 0, settled_tx = '', settled_at = 0, claim = '' WHERE state = 'claimed'",
			"nothing follows an end"},
		{"UPDATE payments SET settled_tx = 'other' WHERE state = 'claimed'", "nothing follows an end"},
		{"UPDATE payments SET arrived = 5 WHERE state = 'claimed'", "nothing follows an end"},
		{"UPDATE payments SET settled_tx = 'other', settled_at = settled_at + 1 WHERE state = 'claimed'", "nothing follows an end"},
		{"UPDATE payments SET arrived = 5, settled_at = settled_at + 1 WHERE state = 'claimed'", "nothing follows an end"},
		{"UPDATE payments SET settled_at = settled_at - 1 WHERE state = 'claimed'", "nothing follows an end"},
		{"UPDATE payments SET state = 'failed', reason = 'refused', ended_at = 9, settled_tx = '', settled_at = 0 WHERE state = 'claimed'", "nothing follows an end"},
		{"UPDATE payments SET amount = amount + 1", "terms"},
		{"UPDATE payments SET return_to = 'GTHIEF'", "terms"},
		{"UPDATE payments SET to_index = 'other' WHERE state = 'claimed'", "recipient"},
		{"UPDATE payments SET to_index = 'other', share_released_at = 1 WHERE state = 'pending'", "recipient"},
		{"UPDATE payments SET amount = 25.5", "cannot store REAL"},
		{"UPDATE payments SET state = 'gone' WHERE state = 'pending'", "CHECK"},
		{"UPDATE payments SET holding = '' WHERE state = 'pending'", "CHECK"},
		{"UPDATE payments SET app = 'app_none'", "terms"},
		{"UPDATE ledgers SET hash = 'other'", "does not change"},
		{"UPDATE app_usage SET waiting = -1", "CHECK"},
		{"INSERT INTO watch (id, cursor, halted) VALUES (2, 0, '')", "CHECK"},
		{"DELETE FROM apps", "FOREIGN KEY"},
		{"INSERT INTO boxes (payment, box) VALUES ('pay_none', x'00')", "FOREIGN KEY"},
	} {
		_, err := db.Exec(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one that says %q", c.text, err, c.want)
		}
	}
}

func TestTheFileIsOpenedForKeeps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	s := open(t, path, newKeys(t))
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1", "busy_timeout": "10000",
		"journal_size_limit": "0",
	} {
		if got := s.Pragma(t, pragma); got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
	var check string
	if err := raw(t, path).QueryRow("PRAGMA integrity_check").Scan(&check); err != nil || check != "ok" {
		t.Errorf("integrity check says %q, %v", check, err)
	}
}
