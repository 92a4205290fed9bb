package sqlstore

import "github.com/restante/restante/relay"

func (s *session) PutPause(p relay.Pause) error {
	_, err := s.exec(`INSERT INTO pauses (app, cause, detail, since, until) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (app) DO UPDATE SET since = CASE WHEN pauses.cause = excluded.cause THEN pauses.since ELSE excluded.since END,
			cause = excluded.cause, detail = excluded.detail, until = excluded.until`,
		p.App, p.Cause, p.Detail, p.Since, p.Until)
	return err
}

func (s *session) EndPauses(apps ...relay.AppID) error {
	_, err := s.exec("DELETE FROM pauses WHERE app IN ("+slots(1, len(apps))+")", anys(apps)...)
	return err
}

// Pauses implements desk.Tx, in the order of apps.
func (s *session) Pauses(apps ...relay.AppID) ([]relay.Pause, error) {
	where := ""
	if len(apps) > 0 {
		where = " WHERE app IN (" + slots(1, len(apps)) + ")"
	}
	return all(s, into(func(p *relay.Pause) []any { return []any{&p.App, &p.Cause, &p.Detail, &p.Since, &p.Until} }),
		"SELECT app, cause, detail, since, until FROM pauses"+where+" ORDER BY app", anys(apps)...)
}

// Carried implements desk.Tx; the sums are kept by triggers in the schema.
func (s *session) Carried() (relay.Load, error) {
	return one(s, into(func(l *relay.Load) []any { return []any{&l.Unmade, &l.UnmadeUnits, &l.Waiting, &l.Credit} }),
		`SELECT coalesce(sum(unmade), 0), coalesce(sum(unmade_units), 0), coalesce(sum(waiting), 0),
		coalesce(sum(CASE WHEN asset <> 'native' THEN unmade + waiting ELSE 0 END), 0) FROM carried`)
}
