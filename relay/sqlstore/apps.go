package sqlstore

import (
	"strings"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

const appColumns = "id, name, recipient, treasury, may_vouch, notify, created_at"

var scanApp = into(func(a *relay.App) []any {
	return []any{&a.ID, &a.Name, &a.Recipient, &a.Treasury, &a.MayVouch, &a.Notify, &a.CreatedAt, &a.Reclaim}
})

// InsertApp implements desk.Tx; an id that is there already is the fault "id_taken" (Conflict). The columns most_locked and
// most_spent are not read any more: the signer's budgets took their place.
func (s *session) InsertApp(a relay.App) error {
	err := s.insertNew("INSERT INTO apps ("+appColumns+", most_locked, most_spent) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0)",
		a.ID, a.Name, a.Recipient, a.Treasury, a.MayVouch, a.Notify, a.CreatedAt)
	if err != nil {
		return err
	}
	return s.saveReclaim(a)
}

// saveReclaim writes whether the app has reserves taken back by themselves.
func (s *session) saveReclaim(a relay.App) error {
	text := "DELETE FROM apps_that_reclaim WHERE app = $1"
	if a.Reclaim {
		text = "INSERT INTO apps_that_reclaim (app) VALUES ($1) ON CONFLICT (app) DO NOTHING"
	}
	_, err := s.exec(text, a.ID)
	return err
}

func (s *session) App(id relay.AppID) (relay.App, error) {
	return one(s, scanApp, "SELECT "+appColumns+", CASE WHEN EXISTS (SELECT 1 FROM apps_that_reclaim WHERE app = apps.id) THEN 1 ELSE 0 END FROM apps WHERE id = $1"+s.lock(), id)
}

// SaveApp implements desk.Tx; an unknown id is relay.ErrNotFound.
func (s *session) SaveApp(a relay.App) error {
	err := s.execOne("UPDATE apps SET name = $2, recipient = $3, treasury = $4, may_vouch = $5, notify = $6 WHERE id = $1",
		a.ID, a.Name, a.Recipient, a.Treasury, a.MayVouch, a.Notify)
	if err != nil {
		return err
	}
	return s.saveReclaim(a)
}

const selectKey = "SELECT id, coalesce(app, ''), hash, admin, scopes, created_at, revoked_at FROM api_keys"

// scanKey reads a key. One that was written before there were scopes has them by its flag; an unknown scope is an error.
func scanKey(_ *session, r row) (k relay.Key, err error) {
	var admin bool
	var scopes string
	if err = r.Scan(&k.ID, &k.App, &k.Hash, &admin, &scopes, &k.CreatedAt, &k.RevokedAt); err != nil {
		return k, err
	}
	switch {
	case scopes != "":
		k.Scopes, err = relay.ParseScopes(strings.Fields(scopes))
	case admin:
		k.Scopes = relay.AllScopes
	default:
		k.Scopes = relay.AppScopes
	}
	return k, err
}

// InsertKey implements desk.Tx; an id or hash that is there already is the fault "id_taken" (Conflict).
func (s *session) InsertKey(k relay.Key) error {
	var app any // null when the key belongs to no app
	if k.App != "" {
		app = k.App
	}
	return s.insertNew("INSERT INTO api_keys (id, app, hash, admin, scopes, created_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		k.ID, app, k.Hash, k.Scopes.Has(relay.Admin), k.Scopes.String(), k.CreatedAt, k.RevokedAt)
}

// KeyByHash implements desk.Tx; a revoked key is found too and says so.
func (s *session) KeyByHash(hash string) (relay.Key, error) {
	return one(s, scanKey, selectKey+" WHERE hash = $1", hash)
}

// KeysOf implements desk.Tx, oldest first.
func (s *session) KeysOf(id relay.AppID) ([]relay.Key, error) {
	return all(s, scanKey, selectKey+" WHERE app = $1 ORDER BY created_at, id", id)
}

// SaveKey implements desk.Tx: what may change of a key is whether it is good. An unknown id is relay.ErrNotFound.
func (s *session) SaveKey(k relay.Key) error {
	return s.execOne("UPDATE api_keys SET revoked_at = $1 WHERE id = $2", k.RevokedAt, k.ID)
}

// Usage implements desk.Tx; an unknown app is relay.ErrNotFound. The sums are kept by triggers in the schema, a row for each
// asset that the app ever sent; those not signed yet are few, and counted. The app's own row is what writers lock.
func (s *session) Usage(id relay.AppID, asset string) (u relay.Usage, err error) {
	if _, err := one(s, plain[string], "SELECT id FROM apps WHERE id = $1"+s.lock(), id); err != nil {
		return u, err
	}
	type used struct {
		asset string
		relay.Usage
	}
	rows, err := all(s, into(func(v *used) []any { return []any{&v.asset, &v.Waiting, &v.Committed, &v.LockedUnits, &v.SpentUnits} }),
		"SELECT asset, waiting, committed, locked_units, spent_units FROM app_usage WHERE app = $1", id)
	for _, v := range rows {
		if v.asset == asset {
			u.Waiting, u.Committed = v.Waiting, v.Committed
		}
		u.LockedUnits, u.SpentUnits = u.LockedUnits+v.LockedUnits, u.SpentUnits+v.SpentUnits
	}
	if err != nil {
		return u, err
	}
	if err := s.lessMissing(&u, id, asset); err != nil {
		return u, err
	}
	u.Unsigned, err = one(s, into(func(v *relay.Unsigned) []any { return []any{&v.Amount, &v.Payments, &v.Credit, &v.Direct} }),
		`SELECT coalesce(sum(CASE WHEN asset = $2 THEN amount ELSE 0 END), 0), count(*),
		coalesce(sum(CASE WHEN asset <> 'native' AND pay_to = '' THEN 1 ELSE 0 END), 0), coalesce(sum(CASE WHEN pay_to <> '' THEN 1 ELSE 0 END), 0)
		FROM payments WHERE app = $1 AND state = 'created' AND from_account = ''`, id, asset)
	return u, err
}

// lessMissing subtracts what is missing from holding accounts, and the reserves of those that are gone without a known
// transaction. They are few.
func (s *session) lessMissing(u *relay.Usage, app relay.AppID, asset string) error {
	missing, err := one(s, plain[relay.Stroops], `SELECT coalesce(sum(min(missing, waiting)), 0) FROM payments
		WHERE app = $1 AND asset = $2 AND missing > 0`, app, asset)
	if err != nil {
		return err
	}
	units, err := one(s, plain[int], `SELECT coalesce(sum(locked_units), 0) FROM payments
		WHERE app = $1 AND state = 'parked' AND reason = 'holding_absent'`, app)
	u.Waiting, u.LockedUnits = u.Waiting-missing, u.LockedUnits-units
	return err
}

func (s *session) ReservesOut(app relay.AppID, after relay.PaymentID, limit int) ([]relay.PaymentID, error) {
	return all(s, plain[relay.PaymentID], "SELECT id FROM payments WHERE app = $1 AND spent_units > 0 AND id > $2 ORDER BY id LIMIT $3", app, after, limit)
}

func (s *session) PutAgreed(a relay.Agreed) error {
	_, err := s.exec(`INSERT INTO agreed (app, to_index, account, payment, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (app, to_index) DO UPDATE SET account = excluded.account, payment = excluded.payment, at = excluded.at`,
		a.App, handleIndex(s.keys, a.App, a.To.String()), a.Account, a.Payment, a.At)
	return err
}

func (s *session) Agreed(app relay.AppID, to relay.Handle) (relay.Agreed, error) {
	return one(s, func(_ *session, r row) (relay.Agreed, error) {
		a := relay.Agreed{App: app, To: to}
		err := r.Scan(&a.Account, &a.Payment, &a.At)
		return a, err
	}, "SELECT account, payment, at FROM agreed WHERE app = $1 AND to_index = $2", app, handleIndex(s.keys, app, to.String()))
}

// DropAgreed implements desk.Tx. Again is not an error.
func (s *session) DropAgreed(app relay.AppID, to relay.Handle) error {
	_, err := s.exec("DELETE FROM agreed WHERE app = $1 AND to_index = $2", app, handleIndex(s.keys, app, to.String()))
	return err
}

const purposeAnswer = "answer"

func answerRow(app relay.AppID, key string) string { return string(app) + "/" + key }

func columnsOfAnswer(a *desk.Answered) columns {
	return columns{{"app", &a.App}, {"key", &a.Key}, {"body", &a.Body}, {"until", &a.Until}, {"status", &a.Status}, {"answer", &a.Answer},
		{"created_at", &a.CreatedAt}, {"owner", &a.Owner}}
}

func (s *session) Recall(app relay.AppID, key string) (desk.Answered, error) {
	a, err := one(s, scan(columnsOfAnswer), "SELECT "+columnsOfAnswer(new(desk.Answered)).names()+
		" FROM answers WHERE app = $1 AND key = $2"+s.lock(), app, key)
	if err != nil {
		return a, err
	}
	a.Answer, err = s.open(purposeAnswer, answerRow(a.App, a.Key), a.Answer)
	return a, err
}

// Remember implements desk.Tx; it replaces what was remembered.
func (s *session) Remember(a desk.Answered) (err error) {
	if a.Answer, err = s.seal(purposeAnswer, answerRow(a.App, a.Key), a.Answer); err != nil {
		return err
	}
	row := columnsOfAnswer(&a)
	_, err = s.exec(row.insert("answers")+` ON CONFLICT (app, key) DO UPDATE SET body = excluded.body, until = excluded.until,
		status = excluded.status, answer = excluded.answer, created_at = excluded.created_at, owner = excluded.owner`, row.places()...)
	return err
}

func (s *session) FreeAnswers(owner string) (rows int64, err error) {
	return s.exec("UPDATE answers SET until = 1 WHERE until > 1 AND substr(owner, 1, length($1)) <> $1", owner+"/")
}
