package relaytest

import (
	"reflect"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// Credit is the credit asset of fixtures.
const Credit = "USDC:GA5ZSEJYB37JRC5AVCIA5MOP4RHTM335X2KGX3IHOJAPP5RE34K4KZVN"

// Own is p as a sender asks for it who funds it out of his own wallet.
func Own(p relay.Payment) relay.Payment {
	p.From, p.Sponsor, p.Purse, p.RungFee = "GWALLET", "GWALLET", 11*relay.One, 100_000
	p.FundBy, p.FundUntil, p.ManageHash, p.BoxMAC = 120, int64(p.CreatedAt/1e6)+600, "m0", "mac"
	p.ReturnMemo, p.LadderVersion = relay.Memo{Kind: "id", Value: "7"}, relay.LadderVersion
	p.Proof = relay.WalletProof{Signer: "GSIGNER", Signature: "c2ln"}
	return p
}

// Moving is p as it takes over the money of another payment, at the service's cost.
func Moving(p, old relay.Payment) relay.Payment {
	p.From, p.Replaces, p.Amount, p.Asset, p.ReturnTo, p.ReturnMemo = old.Holding, old.ID, old.Amount, old.Asset, old.ReturnTo, old.ReturnMemo
	p.Sponsor, p.Purse, p.RungFee = old.Sponsor, old.Purse, old.RungFee
	p.FundBy, p.FundUntil = 120, int64(p.CreatedAt/1e6)+600
	return p
}

// Direct is p as it goes into an account on file. It is for payments that are in no state of a holding account.
func Direct(p relay.Payment) relay.Payment {
	p.PayTo, p.Holding, p.Claim = "GONFILE", "", ""
	if p.State == relay.Claimed {
		p.Destination, p.SpentUnits = p.PayTo, 0
	}
	return p
}

// termsKept has every field of payment and envelope filled in one of the rows, so that a column that is left out shows.
func termsKept(b *fixture) {
	own := Own(InState(Payment(b.app.ID, 1), relay.Pending))
	own.Asset, own.Clawback, own.ReturnAsked = Credit, true, relay.ByDecline
	own.Delivery = relay.MailRefused
	moving := Moving(InState(Payment(b.app.ID, 2), relay.Claimed), own)
	moving.ShareReleasedAt = Start
	moving.Arrived, moving.ArrivedRest, moving.FeeHolding, moving.FeeOther, moving.FeeEnd = 7, 8, 9, 10, 11
	direct := Direct(InState(Payment(b.app.ID, 3), relay.Claimed))
	parked := InState(Payment(b.app.ID, 4), relay.Parked)
	parked.Missing = 3
	left := InState(Payment(b.app.ID, 5), relay.Settled)
	left.Reason, left.Collected, left.Balance = relay.LeftClaimable, "tx", "00000000ba1a"
	rows := []relay.Payment{own, moving, direct, parked, left}
	for _, want := range b.insert(rows...) {
		same(b, "payment", b.payment(want.ID), want, samePayment)
	}
	filled(b, rows...)

	claim := ClaimOf("c", own.ID)
	claim.NewAccount, claim.NewLine, claim.Asset, claim.Amount, claim.MaxTime, claim.PlannedAt = false, true, Credit, 1<<62, 1<<40, 1<<39
	landed := ClaimOf("d", own.ID)
	landed.State, landed.Tx, landed.Ledger, landed.Fee = relay.Landed, "outer", 130, 300
	rung := RungOf("r", 3, own.ID)
	rung.OwnFee, rung.Log = 100_000, relay.LogMark{Lines: 1 << 40, Head: "head"}
	b.put(claim, landed, rung)
	for _, want := range []relay.Envelope{claim, landed, rung} {
		want.Version = 1
		same(b, "envelope", b.envelope(want.Hash), want, sameEnvelope)
	}
	for what, change := range map[string]func(*relay.Envelope){
		"another asset":  func(e *relay.Envelope) { e.Asset = relay.Native },
		"another amount": func(e *relay.Envelope) { e.Amount++ },
		"another fee":    func(e *relay.Envelope) { e.OwnFee++ },
		"another moment": func(e *relay.Envelope) { e.PlannedAt-- },
		"no new line":    func(e *relay.Envelope) { e.NewLine = !e.NewLine },
		"another mark":   func(e *relay.Envelope) { e.Log = relay.LogMark{Lines: 3, Head: "aa"} },
	} {
		e := b.envelope("c")
		change(&e)
		_ = b.try(func(tx desk.Tx) error { return tx.SaveEnvelope(&e) }) // refused, or not written
		got := b.envelope("c")
		claim.Version = got.Version
		same(b, "envelope after "+what, got, claim, sameEnvelope)
	}
	filled(b, claim, landed, rung)
}

// filled wants every field of a type to be set in one of the values: else the test that uses them shows nothing about it.
func filled[T any](b *fixture, values ...T) {
	b.Helper()
	for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		set := f.Anonymous || f.Name == "Version" // the fields of one that is embedded are asked for one by one
		for _, v := range values {
			set = set || !reflect.ValueOf(v).FieldByIndex(f.Index).IsZero()
		}
		if !set {
			b.Errorf("no row has a %s", f.Name)
		}
	}
}

// termsHold breaks what the new terms promise, one row at a time; the database refuses it.
func termsHold(b *fixture) {
	n := 0
	next := func(s relay.State) relay.Payment { n++; return InState(Payment(b.app.ID, n), s) }
	for _, x := range relay.States {
		b.insert(Own(next(x.State)), Moving(next(x.State), InState(Payment(b.app.ID, 900), relay.Pending)))
	}
	for _, s := range []relay.State{relay.Created, relay.Funding, relay.Claimed, relay.Canceled, relay.Failed} {
		b.insert(Direct(next(s)))
	}
	refused := func(what string, p relay.Payment) {
		b.Helper()
		b.refused(what+" in "+string(p.State), b.try(func(tx desk.Tx) error { return tx.InsertPayment(p) }))
	}
	for _, s := range []relay.State{relay.Pending, relay.Claiming, relay.Returning, relay.Returned, relay.Parked, relay.Settled} {
		p := Direct(next(s))
		refused("a direct payment", p)
		p.Holding = "GH" + string(p.ID)
		refused("a direct payment with a holding account", p)
	}
	for _, s := range []relay.State{relay.Funding, relay.Claimed} {
		p := Direct(next(s))
		p.Holding = "GH" + string(p.ID)
		refused("a direct payment with a holding account", p)
		p = Direct(next(s))
		p.Funding = ""
		refused("a direct payment by nothing", p)
		p = Direct(next(s))
		p.From, p.FundBy, p.FundUntil = "GWALLET", 9, 9
		refused("a direct payment out of a wallet", p)
	}
	for _, s := range []relay.State{relay.Created, relay.Funding, relay.Pending} {
		for what, change := range map[string]func(*relay.Payment){
			"a wallet without a last ledger":      func(p *relay.Payment) { p.FundBy = 0 },
			"a wallet without a last second":      func(p *relay.Payment) { p.FundUntil = 0 },
			"a wallet without an end":             func(p *relay.Payment) { p.FundBy, p.FundUntil = 0, 0 },
			"an end without a wallet":             func(p *relay.Payment) { p.From, p.Sponsor = "", "" },
			"a keeper who does not fund":          func(p *relay.Payment) { p.From, p.FundBy, p.FundUntil = "", 0, 0 },
			"a keeper without a purse":            func(p *relay.Payment) { p.Purse = 0 },
			"a keeper whose rungs pay no fee":     func(p *relay.Payment) { p.RungFee = 0 },
			"a purse that owes":                   func(p *relay.Payment) { p.Purse = -1 },
			"rungs that earn":                     func(p *relay.Payment) { p.RungFee = -1 },
			"a payment of nothing in particular":  func(p *relay.Payment) { p.Asset = "" },
			"a last second before the first ever": func(p *relay.Payment) { p.FundUntil = -1 },
		} {
			p := Own(next(s))
			change(&p)
			refused(what, p)
		}
	}
}

// termsStay: what was agreed about a payment's money does not change while it lives; what only its sealing brings, may.
func termsStay(b *fixture) {
	old := b.insert(InState(Payment(b.app.ID, 9), relay.Pending))[0]
	rows := b.insert(Own(Payment(b.app.ID, 1)), Moving(Payment(b.app.ID, 2), old), Direct(Payment(b.app.ID, 3)), Payment(b.app.ID, 4))
	for _, p := range rows {
		for what, change := range map[string]func(*relay.Payment){
			"another wallet":    func(p *relay.Payment) { p.From += "X" },
			"another keeper":    func(p *relay.Payment) { p.Sponsor += "X" },
			"another purse":     func(p *relay.Payment) { p.Purse++ },
			"another rung fee":  func(p *relay.Payment) { p.RungFee++ },
			"more ledgers":      func(p *relay.Payment) { p.FundBy++ },
			"more time":         func(p *relay.Payment) { p.FundUntil++ },
			"another to empty":  func(p *relay.Payment) { p.Replaces += "X" },
			"another recipient": func(p *relay.Payment) { p.PayTo += "X" },
			"another asset":     func(p *relay.Payment) { p.Asset = "EURC" + Credit[4:] },
		} {
			q := p
			change(&q)
			b.refused(what, b.try(func(tx desk.Tx) error { return tx.SavePayment(&q) }))
			same(b, "payment", b.payment(p.ID), p, samePayment)
		}
		p.BoxMAC, p.Clawback = "another", true
		p.Proof = relay.WalletProof{Envelope: "eGRy"}
		b.update(func(tx desk.Tx) error { return tx.SavePayment(&p) })
		same(b, "payment", b.payment(p.ID), p, samePayment)
	}
}

// usageByAsset: what waits and what is on its way is counted asset by asset, and of what senders keep or pay themselves,
// nothing; reserves are reserves, whatever the asset.
func usageByAsset(b *fixture) {
	n := 0
	var all []relay.Payment
	for _, asset := range []string{relay.Native, Credit, "EURC" + Credit[4:]} {
		for _, x := range relay.States {
			next := func() relay.Payment { n++; p := Payment(b.app.ID, n); p.Asset = asset; return InState(p, x.State) }
			moved := InState(Payment(b.app.ID, 5000), relay.Pending)
			moved.Asset = asset
			all = append(all, next(), Own(next()), Moving(next(), moved))
			switch x.State {
			case relay.Created, relay.Funding, relay.Claimed, relay.Canceled, relay.Failed:
				all = append(all, Direct(next()))
			}
		}
	}
	check := func() {
		b.Helper()
		want := map[string]relay.Usage{relay.Native: {}, Credit: {}, "EURC" + Credit[4:]: {}, "NONE" + Credit[4:]: {}}
		locked, spent, unsigned := 0, 0, relay.Unsigned{}
		for _, p := range all {
			u := want[p.Asset]
			switch p.State {
			case relay.Created, relay.Funding:
				if p.ByClient() {
					break
				}
				u.Committed += p.Amount
				if p.State != relay.Created {
					break
				}
				u.Unsigned.Amount += p.Amount
				unsigned.Payments++
				switch {
				case p.IsDirect():
					unsigned.Direct++
				case !p.IsNative():
					unsigned.Credit++
				}
			case relay.Pending, relay.Claiming, relay.Returning, relay.Parked:
				if !p.FromWallet() {
					u.Waiting += p.Amount
				}
			}
			if !p.State.Ended() && !p.FromWallet() && !p.IsDirect() {
				locked += relay.AssetUnits(p.Asset)
			}
			spent += p.SpentUnits
			want[p.Asset] = u
		}
		b.view(func(tx desk.Tx) error {
			for asset, u := range want {
				u.LockedUnits, u.SpentUnits = locked, spent
				u.Unsigned.Payments, u.Unsigned.Credit, u.Unsigned.Direct = unsigned.Payments, unsigned.Credit, unsigned.Direct
				got, err := tx.Usage(b.app.ID, asset)
				b.ok(err)
				same(b, "usage of "+asset, got, u, func(x, y relay.Usage) bool { return x == y })
			}
			return nil
		})
	}
	all = b.insert(all...)
	check()
	for _, s := range []relay.State{relay.Funding, relay.Pending, relay.Claimed} {
		for i, p := range all {
			if p.State.Ended() || i%4 == 0 || p.IsDirect() && s == relay.Pending {
				continue
			}
			bare := p
			bare.Reason, bare.ReturnAsked, bare.Claim, bare.Destination = "", "", "", ""
			next := InState(bare, s)
			if p.IsDirect() {
				next = Direct(next)
			}
			b.update(func(tx desk.Tx) error { return tx.SavePayment(&next) })
			all[i] = next
		}
		check()
	}
}

// accountsOnFile belong to one app and one handle; the newest word counts.
func accountsOnFile(b *fixture) {
	other := App("other")
	b.update(func(tx desk.Tx) error { return tx.InsertApp(other) })
	p := b.insert(Payment(b.app.ID, 1), Payment(b.app.ID, 2), Payment(other.ID, 1))
	of := func(app relay.AppID, to relay.Handle) (a relay.Agreed, err error) {
		err = b.View(b.Context(), func(tx desk.Tx) error { a, err = tx.Agreed(app, to); return err })
		return a, err
	}
	_, err := of(b.app.ID, p[0].To)
	b.is(err, relay.ErrNotFound)
	put := func(a relay.Agreed) {
		b.Helper()
		b.update(func(tx desk.Tx) error { return tx.PutAgreed(a) })
		got, err := of(a.App, a.To)
		b.ok(err)
		same(b, "account on file", got, a, func(x, y relay.Agreed) bool { return x == y })
	}
	put(relay.Agreed{App: b.app.ID, To: p[0].To, Account: "GFIRST", Payment: p[0].ID, At: Start})
	put(relay.Agreed{App: b.app.ID, To: p[1].To, Account: "GOTHER", Payment: p[1].ID, At: Start})
	put(relay.Agreed{App: b.app.ID, To: p[0].To, Account: "GSECOND", Payment: p[1].ID, At: Start + 5})
	_, err = of(other.ID, p[0].To)
	b.is(err, relay.ErrNotFound)
	put(relay.Agreed{App: other.ID, To: p[0].To, Account: "GTHEIRS", Payment: p[2].ID, At: Start})

	b.refused("an account without a proof", b.try(func(tx desk.Tx) error {
		return tx.PutAgreed(relay.Agreed{App: b.app.ID, To: p[0].To, Account: "G", Payment: "pay_none"})
	}))
	b.refused("no account", b.try(func(tx desk.Tx) error {
		return tx.PutAgreed(relay.Agreed{App: b.app.ID, To: p[0].To, Payment: p[0].ID})
	}))
	for range 2 { // again is not an error
		b.update(func(tx desk.Tx) error { return tx.DropAgreed(b.app.ID, p[0].To) })
		_, err = of(b.app.ID, p[0].To)
		b.is(err, relay.ErrNotFound)
	}
	for app, to := range map[relay.AppID]relay.Handle{b.app.ID: p[1].To, other.ID: p[0].To} {
		if _, err := of(app, to); err != nil {
			b.Errorf("the account of another app or handle is off the file: %v", err)
		}
	}
}

// walletFence: the fence is about numbers that we hand out. A wallet's numbers are its owner's, and a caller that names one
// without having signed must not stand in the way of another.
func walletFence(b *fixture) {
	b.insert(Payment(b.app.ID, 1), Payment(b.app.ID, 2))
	ids := b.ids(1, 2)
	own := func(hash string, fee relay.Stroops, id relay.PaymentID) relay.Envelope {
		e := FundingOf(hash, 7, id)
		e.State, e.OwnFee = relay.Planned, fee
		return e
	}
	b.put(own("w1", 600, ids[0]), own("w2", 600, ids[1]), own("ours", 0, ids[0]))
	b.is(b.try(func(tx desk.Tx) error { return tx.InsertEnvelope(own("ours too", 0, ids[1])) }), relay.ErrSequenceTaken)
	b.put(own("w3", 1, ids[1]))
}
