package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// turns remembers, for each set of kinds that is leased, which app had its turn last. It is a matter of order only, so that it
// is lost with the process does no harm.
type turns struct {
	mu   sync.Mutex
	last map[string]relay.AppID
}

func (t *turns) after(key string) relay.AppID {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last[key]
}

func (t *turns) had(key string, app relay.AppID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil {
		t.last = map[string]relay.AppID{}
	}
	t.last[key] = app
}

// apps goes through an index from one app with open rows of kind $3 to the next, $4 or behind it, and keeps those that have
// one that is due at $1, unless it is a funding of one whose fundings are paused; the first $5. An app with many rows
// costs no more than another.
// SQLite parses a statement with LIMIT $5 anew for each value that is bound, and one with LIMIT $5+0 once.
const apps = `WITH RECURSIVE a(app) AS (
		SELECT (SELECT min(app) FROM work WHERE done_at = 0 AND kind = $3 AND app >= $4)
		UNION ALL
		SELECT (SELECT min(app) FROM work WHERE done_at = 0 AND kind = $3 AND app > a.app) FROM a WHERE a.app IS NOT NULL),
	chosen(app) AS (SELECT app FROM a WHERE app IS NOT NULL
		AND NOT ($3 = 'fund' AND EXISTS (SELECT 1 FROM pauses WHERE pauses.app IN ('', a.app) AND until > $1))
		AND EXISTS (SELECT 1 FROM work
		WHERE done_at = 0 AND kind = $3 AND work.app = a.app AND due <= $1%s) LIMIT $5+0) `

// candidates are, of each app chosen, the $2 rows that are due first.
var candidates = fmt.Sprintf(apps, " AND lease_until <= $1") + `
	SELECT work.id, work.app, work.due FROM chosen CROSS JOIN work WHERE work.id IN (
		SELECT id FROM work AS w
		WHERE done_at = 0 AND kind = $3 AND w.app = chosen.app AND due <= $1 AND lease_until <= $1 ORDER BY due, id LIMIT $2+0)`

// ofApp are the $2 rows of app $4 that are due first.
const ofApp = `SELECT id FROM work
	WHERE done_at = 0 AND kind = $3 AND app = $4 AND due <= $1 AND lease_until <= $1 ORDER BY due, id LIMIT $2`

// waitingApps are the apps chosen, of those that have rows which are leased too.
var waitingApps = fmt.Sprintf(apps, "") + "SELECT app FROM chosen WHERE $2 = $2"

type candidate struct {
	id  int64
	app relay.AppID
	due relay.Micros
}

var scanCandidate = into(func(c *candidate) []any { return []any{&c.id, &c.app, &c.due} })

// Lease implements desk.Queue. It counts nothing: an attempt is counted when it comes back by Retry. It chooses in a read and
// writes only when there is something to lease, so that a process which looks and finds nothing keeps no other from writing.
func (s *Store) Lease(ctx context.Context, now, until relay.Micros, limit int, kinds ...relay.EffectKind) (ws []desk.Work, err error) {
	kinds = slices.Compact(slices.Sorted(slices.Values(kinds)))
	key := fmt.Sprint(kinds)
	last := s.turns.after(key)
	served := last
	ws, err = s.leaseChosen(ctx, now, until, func(tx *session) (ids []int64, err error) {
		all, err := tx.candidates(now, limit, last, kinds)
		ids, served = inTurns(all, last, limit)
		return ids, err
	})
	if err == nil && len(ws) > 0 {
		s.turns.had(key, served)
	}
	return ws, err
}

// leaseChosen leases what choose finds; it looks again when another process was faster with all of it.
func (s *Store) leaseChosen(ctx context.Context, now, until relay.Micros, choose func(*session) ([]int64, error)) (ws []desk.Work, err error) {
	for range mostAttempts {
		var ids []int64
		err = s.read(ctx, func(tx *session) error {
			ids, err = choose(tx)
			return err
		})
		if err != nil || len(ids) == 0 {
			return nil, err
		}
		err = s.write(ctx, func(tx *session) error {
			ws, err = tx.lease(ids, now, until)
			return err
		})
		if err != nil || len(ws) > 0 {
			return ws, err
		}
	}
	return nil, nil
}

// candidates reads rows of up to limit apps per kind, beginning with the app behind last and going round.
func (s *session) candidates(now relay.Micros, limit int, last relay.AppID, kinds []relay.EffectKind) (found []candidate, err error) {
	for _, kind := range kinds {
		for _, from := range []relay.AppID{last + "\x00", ""} { // the least id behind last, then the least of all: rows of no app have ""
			part, err := all(s, scanCandidate, candidates, now, limit, kind, from, limit)
			if err != nil {
				return nil, err
			}
			found = append(found, part...)
		}
	}
	return found, nil
}

// inTurns chooses limit of the candidates: app by app from the one behind last, round after round, of each its oldest. served
// is the app that closed the first round.
func inTurns(all []candidate, last relay.AppID, limit int) (ids []int64, served relay.AppID) {
	behind := func(app relay.AppID) int { // those up to last come after the others
		if app > last {
			return 0
		}
		return 1
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(behind(a.app), behind(b.app)), strings.Compare(string(a.app), string(b.app)), cmp.Compare(a.due, b.due), cmp.Compare(a.id, b.id))
	})
	all = slices.CompactFunc(all, func(a, b candidate) bool { return a.id == b.id })
	served = last
	for round := 0; len(ids) < limit; round++ {
		before, nth := len(ids), 0
		for i, c := range all {
			if nth++; i == 0 || all[i-1].app != c.app {
				nth = 0
			}
			if nth != round || len(ids) == limit {
				continue
			}
			if ids = append(ids, c.id); round == 0 {
				served = c.app
			}
		}
		if len(ids) == before {
			break
		}
	}
	return ids, served
}

// lease takes the rows that are still free.
func (s *session) lease(ids []int64, now, until relay.Micros) (ws []desk.Work, err error) {
	for part := range slices.Chunk(ids, chunk) {
		rows, err := all(s, scanWork, "UPDATE work SET lease_until = $2, again = NULL WHERE "+free+" AND id IN ("+slots(3, len(part))+") RETURNING "+workColumns, anys(part, now, until)...)
		if err != nil {
			return nil, err
		}
		ws = append(ws, rows...)
	}
	slices.SortFunc(ws, func(a, b desk.Work) int { return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.ID, b.ID)) })
	return ws, nil
}

// LeaseOf implements desk.Queue.
func (s *Store) LeaseOf(ctx context.Context, app relay.AppID, now, until relay.Micros, limit int, kind relay.EffectKind) ([]desk.Work, error) {
	return s.leaseChosen(ctx, now, until, func(tx *session) ([]int64, error) {
		return all(tx, plain[int64], ofApp, now, limit, kind, app)
	})
}

// Waiting implements desk.Queue, in the order of ids.
func (s *Store) Waiting(ctx context.Context, kind relay.EffectKind, now relay.Micros, limit int) (found []relay.AppID, err error) {
	err = s.read(ctx, func(tx *session) error {
		found, err = all(tx, plain[relay.AppID], waitingApps, now, 0, kind, "", limit)
		return err
	})
	return found, err
}
