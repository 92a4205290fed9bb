package sqlstore_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/sqlstore"
)

// What is asked of the database to lease in turns goes from app to app in one index, and never sorts or walks the rows of
// an app that has many.
func TestTurnsAreServedByAnIndex(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	open(t, path, newKeys(t))
	db := raw(t, path)
	for name, text := range map[string]string{"candidates": sqlstore.Candidates, "of an app": sqlstore.OfApp, "waiting": sqlstore.WaitingApps} {
		var plan []string
		rows, err := db.Query("EXPLAIN QUERY PLAN "+text, 1, 1, "fund", "", 1)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, detail)
		}
		rows.Close()
		whole := strings.Join(plan, "\n")
		for _, step := range plan {
			if strings.Contains(step, "SCAN work") || strings.Contains(step, "SCAN w") || strings.Contains(step, "TEMP B-TREE") || strings.Contains(step, "AUTOMATIC") {
				t.Errorf("%s: %q in\n%s", name, step, whole)
			}
		}
		if !strings.Contains(whole, "work_open_in_turns (kind=? AND app=? AND due<?)") {
			t.Errorf("%s is not served by the index:\n%s", name, whole)
		}
	}
}

// The channels that are busy are found in the index that fences their numbers, however many envelopes there are.
func TestTakenNumbersAreServedByTheFence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	open(t, path, newKeys(t))
	var plan []string
	rows, err := raw(t, path).Query("EXPLAIN QUERY PLAN "+sqlstore.Taken, "n", "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	if len(plan) != 1 || !strings.Contains(plan[0], "USING INDEX envelopes_one_funding_per_sequence (network=? AND source=?)") {
		t.Errorf("the plan is %q", plan)
	}
}

// Rows of no app take their turn as one app more: whichever had its turn last, each app has its own within a round.
func TestRowsOfNoAppStarveNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	s := open(t, path, newKeys(t))
	db := writing(t, path)
	for _, app := range []string{"", "app_a", "app_b", "app_c"} {
		for n := range 20 {
			if _, err := db.Exec(`INSERT INTO work (kind, payment, envelope, subject, due, attempts, lease_until, done_at, announced_at, again, note, app)
				VALUES ('submit', '', $1, '', 1, 0, 0, 0, 0, NULL, '', $2)`, fmt.Sprint(app, n), app); err != nil {
				t.Fatal(err)
			}
		}
	}
	db.Close()
	got := map[relay.AppID]int{}
	for range 12 {
		ws, err := s.Lease(t.Context(), 10, 20, 1, relay.DoSubmit)
		if err != nil || len(ws) != 1 {
			t.Fatal(ws, err)
		}
		got[ws[0].App]++
	}
	if len(got) != 4 || got["app_c"] != 3 {
		t.Errorf("12 turns went to %v", got)
	}
}

// Rows of a database of before get their app, and code of before that still runs may write more, without one.
func TestWorkOfBeforeKnowsItsApp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.db")
	asBefore(t, path).Close()
	db := writing(t, path)
	if _, err := db.Exec(`INSERT INTO work (kind, payment, envelope, subject, due, attempts, lease_until, done_at, announced_at, again, note)
		SELECT 'submit', '', hash, '', 1, 0, 0, 0, 0, NULL, '' FROM envelopes`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	s := open(t, path, newKeys(t))
	ws, err := s.Lease(t.Context(), relaytest.Start, relaytest.Start+1, 1000, relay.EffectKinds()...)
	if err != nil || len(ws) < 40 {
		t.Fatalf("%d rows, %v", len(ws), err)
	}
	for _, w := range ws {
		id := string(w.Payment)
		if id == "" {
			id = strings.TrimPrefix(w.Envelope, "f")
		}
		if want := relay.AppID(strings.TrimPrefix(id, "pay_")[:len("app_one")]); w.App != want {
			t.Errorf("work of %s is of app %q", id, w.App)
		}
	}
	db = writing(t, path)
	if _, err := db.Exec(`INSERT INTO work (kind, payment, envelope, subject, due, attempts, lease_until, done_at, announced_at, again, note)
		SELECT 'return', id, '', '', 1, 0, 0, 0, 0, NULL, '' FROM payments WHERE app = 'app_one'`); err != nil {
		t.Fatal(err)
	}
	ws, err = s.Lease(t.Context(), relaytest.Start, relaytest.Start+1, 1000, relay.DoReturn)
	if err != nil || len(ws) == 0 || slices.ContainsFunc(ws, func(w desk.Work) bool { return w.App != "" }) {
		t.Errorf("%+v, %v", ws, err)
	}
}
