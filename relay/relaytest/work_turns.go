package relaytest

import (
	"fmt"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// tenants are further apps with a payment each.
func (b *fixture) tenants(names ...string) (ids []relay.PaymentID) {
	b.Helper()
	for i, name := range names {
		app := App(name)
		b.update(func(tx desk.Tx) error { return tx.InsertApp(app) })
		ids = append(ids, b.insert(Payment(app.ID, i+1))[0].ID)
	}
	return ids
}

// flood adds n rows of a kind for one payment, the first due at the moment given.
func (b *fixture) flood(kind relay.EffectKind, id relay.PaymentID, n int, due relay.Micros) {
	b.Helper()
	var ws []desk.Work
	for i := range n {
		ws = append(ws, desk.Work{Kind: kind, Payment: id, Subject: fmt.Sprintf("%s %05d", id, i), Due: due + relay.Micros(i)})
	}
	b.add(ws...)
}

func (b *fixture) byApp(ws []desk.Work) map[relay.AppID]int {
	n := map[relay.AppID]int{}
	for _, w := range ws {
		n[w.App]++
	}
	return n
}

// workInTurns: whatever waits for one app, another one's row is leased at its turn, of every kind, alone or among others.
func workInTurns(b *fixture) {
	ids := b.tenants("a", "b", "m", "y", "z")
	flood, quiet := ids[2], ids[3]
	for _, kind := range relay.EffectKinds() {
		b.flood(kind, flood, 300, Start)
		b.flood(kind, quiet, 1, Start+1000)
		if n := b.byApp(b.lease(Start+2000, 4, kind)); n["app_y"] != 1 || n["app_m"] != 3 {
			b.Errorf("%s: leased %v, want one row of the app that has one, and of the other as many as are left", kind, n)
		}
	}
	b.add(desk.Work{Kind: relay.DoMailCode, Payment: quiet, Subject: "another", Due: Start + 1500})
	if n := b.byApp(b.lease(Start+2000, 2)); n["app_y"] != 1 {
		b.Errorf("of all kinds: leased %v", n)
	}
	// More apps have floods than one lease takes rows: the one behind them all has its turn in the third lease at the latest.
	for _, id := range ids {
		b.flood(relay.DoNotify, id, 40, Start)
	}
	for range 3 {
		seen := map[relay.AppID]int{}
		for range 3 {
			for app, n := range b.byApp(b.lease(Start+2000, 2, relay.DoNotify)) {
				seen[app] += n
			}
		}
		for _, app := range []relay.AppID{"app_a", "app_b", "app_m", "app_y", "app_z"} {
			if seen[app] == 0 || seen[app] > 2 {
				b.Errorf("in three leases: %v", seen)
			}
		}
	}
	if n := b.byApp(b.lease(Start+2000, 10, relay.DoNotify)); n["app_a"] != 2 || n["app_z"] != 2 || n["app_m"] != 2 {
		b.Errorf("in a lease of ten: %v", n)
	}
}

// workByApp: rows know their app, those of envelopes too; one app's are leased by themselves, and who has any is told.
func workByApp(b *fixture) {
	ids := b.tenants("a", "b")
	b.update(func(tx desk.Tx) error { return tx.InsertEnvelope(FundingOf("f", 7, ids[1])) })
	b.add(desk.Work{Kind: relay.DoSubmit, Envelope: "f", Due: Start}, desk.Work{Kind: relay.DoSubmit, Envelope: "of nothing", Due: Start})
	if n := b.byApp(b.lease(Start, 9)); n["app_b"] != 1 || n[""] != 1 || len(n) != 2 {
		b.Errorf("envelopes are of %v", n)
	}
	b.flood(relay.DoFund, ids[0], 5, Start)
	b.flood(relay.DoFund, ids[1], 5, Start+10)
	of := func(app relay.AppID, now relay.Micros, limit int, kind relay.EffectKind) []desk.Work {
		b.Helper()
		ws, err := b.LeaseOf(b.Context(), app, now, now+lease, limit, kind)
		b.ok(err)
		return ws
	}
	waiting := func(now relay.Micros, limit int, want ...relay.AppID) {
		b.Helper()
		got, err := b.Waiting(b.Context(), relay.DoFund, now, limit)
		b.ok(err)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			b.Errorf("%v wait, want %v", got, want)
		}
	}
	waiting(Start-1, 9)
	waiting(Start, 9, "app_a")
	waiting(Start+10, 9, "app_a", "app_b")
	waiting(Start+10, 1, "app_a")
	b.wantDues("of another kind", of("app_b", Start+20, 9, relay.DoReturn))
	b.wantDues("of another app", of("app_c", Start+20, 9, relay.DoFund))
	b.wantDues("of one app", of("app_b", Start+12, 2, relay.DoFund), 10, 11)
	got := of("app_b", Start+12, 9, relay.DoFund)
	b.wantDues("of one app, what is due and free", got, 12)
	if got[0].LeaseUntil != Start+12+lease || got[0].App != "app_b" {
		b.Errorf("leased %+v", got[0])
	}
	waiting(Start+12, 9, "app_a", "app_b") // leased rows wait too
	b.ok(b.Release(b.Context(), got[0].ID, Start+15, "not now"))
	b.wantDues("before it is due again", of("app_b", Start+12, 9, relay.DoFund))
	got = of("app_b", Start+15, 1, relay.DoFund)
	if len(got) != 1 || got[0].Attempts != 0 {
		b.Errorf("released, and leased again: %+v", got)
	}
}

// workPaused: while a pause lasts, no funding of its app is due, and all else is.
func workPaused(b *fixture) {
	ids := b.tenants("a", "b")
	for _, id := range ids {
		b.flood(relay.DoFund, id, 3, Start)
		b.flood(relay.DoReturn, id, 1, Start)
	}
	pause := func(p relay.Pause) { b.update(func(tx desk.Tx) error { return tx.PutPause(p) }) }
	pause(relay.Pause{App: "app_a", Cause: "treasury_short", Detail: "a", Since: Start, Until: Start + 10})
	if n := b.byApp(b.lease(Start+5, 9)); n["app_a"] != 1 || n["app_b"] != 4 {
		b.Errorf("one app paused, leased %v", n)
	}
	row := b.workOf(ids[0])[0]
	_, err := b.LeaseOne(b.Context(), row.ID, Start+9, Start+20)
	b.is(err, relay.ErrNotFound)
	if got, err := b.Waiting(b.Context(), relay.DoFund, Start+9, 9); err != nil || len(got) != 1 || got[0] != "app_b" {
		b.Errorf("%v wait, %v", got, err)
	}
	_, err = b.LeaseOne(b.Context(), row.ID, Start+10, Start+11) // its time is over: one is tried
	b.ok(err)
	pause(relay.Pause{App: "app_a", Cause: "treasury_short", Detail: "still", Since: Start + 10, Until: Start + 20})
	pause(relay.Pause{Cause: "sponsor_short", Detail: "s", Since: Start + 11, Until: Start + 21})
	b.wantDues("all apps paused", b.lease(Start+2*lease, 9, relay.DoReturn), 0, 0)
	b.flood(relay.DoFund, ids[1], 9, Start+12)
	b.wantDues("all apps paused", b.lease(Start+20, 9, relay.DoFund))
	read := func(want []relay.Pause, apps ...relay.AppID) {
		b.Helper()
		b.view(func(tx desk.Tx) error {
			got, err := tx.Pauses(apps...)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				b.Errorf("pauses %+v, want %+v", got, want)
			}
			return err
		})
	}
	all := relay.Pause{Cause: "sponsor_short", Detail: "s", Since: Start + 11, Until: Start + 21}
	read([]relay.Pause{all, {App: "app_a", Cause: "treasury_short", Detail: "still", Since: Start, Until: Start + 20}})
	read([]relay.Pause{all}, "", "app_b")
	pause(relay.Pause{App: "app_a", Cause: "day_limit", Detail: "d", Since: Start + 13, Until: Start + 90})
	read([]relay.Pause{{App: "app_a", Cause: "day_limit", Detail: "d", Since: Start + 13, Until: Start + 90}}, "app_a")
	b.update(func(tx desk.Tx) error { return tx.EndPauses("", "app_b") })
	read([]relay.Pause{{App: "app_a", Cause: "day_limit", Detail: "d", Since: Start + 13, Until: Start + 90}})
	if n := b.byApp(b.lease(Start+20, 3, relay.DoFund)); n["app_b"] != 3 || len(n) != 1 {
		b.Errorf("after the pause of all: %v", n)
	}
}

// numbersTaken: the highest number of each account that a funding holds which could still land.
func numbersTaken(b *fixture) {
	id := b.insert(Payment(b.app.ID, 1))[0].ID
	of := func(source string, sequence int64, change func(*relay.Envelope)) {
		e := FundingOf(fmt.Sprintf("%s %d", source, sequence), sequence, id)
		e.Source = source
		if change != nil {
			change(&e)
		}
		b.update(func(tx desk.Tx) error { return tx.InsertEnvelope(e) })
	}
	of("GA", 7, nil)
	of("GA", 9, nil)
	of("GB", 5, func(e *relay.Envelope) { e.State, e.Tx, e.Ledger = relay.Landed, "t", 9 })
	of("GB", 4, nil)
	of("GC", 3, func(e *relay.Envelope) { e.State = relay.Dead })
	of("GD", 2, func(e *relay.Envelope) { e.OwnFee = 100 })
	of("GE", 1, nil)
	of("GF", 1, func(e *relay.Envelope) { e.Network = "another" })
	taken := func(accounts ...string) (numbers map[string]int64) {
		b.view(func(tx desk.Tx) (err error) { numbers, err = tx.TakenNumbers(Network, accounts); return err })
		return numbers
	}
	got := taken("GA", "GB", "GC", "GD", "GF", "GNONE")
	if len(got) != 2 || got["GA"] != 9 || got["GB"] != 4 {
		b.Errorf("taken are %v", got)
	}
	if got := taken(); len(got) != 0 {
		b.Errorf("of no account: %v", got)
	}
}
