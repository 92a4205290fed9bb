package worker_test

import (
	"net/http"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar"
)

// beside is a deposit of the same funding with another box.
func (m *assetFixture) beside(p relay.Payment, a relay.FundAnswer) relay.FundAnswer {
	other := a
	other.Minted = append([]relay.Minted{}, a.Minted...)
	other.Minted[0].Box = m.mintedAt(p, a.Envelope.Sequence).Minted[0].Box
	return other
}

// A second deposit of one funding, with another box, comes in while the first is kept, signed and handed in. It is refused, and the
// first stands: undone, a move of the treasury's money would land for a payment that says that no money moved.
func TestAnotherBoxUndoesNothing(t *testing.T) {
	each(t, allKinds, func(m *assetFixture) {
		before, house := m.books(), m.house()
		old := m.waiting(nil)
		key, fresh := m.seed(old), m.moving(old)
		a := m.minted(fresh)
		path := "/v1/payments/" + string(fresh.ID)
		front, apiKey := m.front(m.signer)
		between := func() {
			if status := m.post(front+path+"/deposit", apiKey, m.deposited(a)); status != http.StatusOK {
				m.Fatalf("the first deposit: %d", status)
			}
			signed := map[string]string{"envelope": text(m.signedBy(a, m.mover(key)...))}
			if status := m.post(front+path+"/fund", apiKey, signed); status != http.StatusAccepted {
				m.Fatalf("the first funding: %d", status)
			}
		}
		slow, apiKey2 := m.front(&interrupted{m.signer, 1, between})
		if status := m.post(slow+path+"/deposit", apiKey2, m.deposited(m.beside(fresh, a))); status != http.StatusConflict {
			m.Errorf("the second deposit: %d", status)
		}
		if got := m.is(fresh.ID, relay.Funding, ""); got.Funding != a.Envelope.Hash || m.envelope(a.Envelope).State != relay.Signed {
			m.Errorf("%+v, its envelope is %s", got, m.envelope(a.Envelope).State)
		}
		m.until(fresh.ID, relay.Pending)
		m.is(old.ID, relay.Settled, relay.MovedOn)
		m.apply(fresh.ID, relay.CancelAsked{})
		m.until(fresh.ID, relay.Returned)
		m.wantUnits("home", m.home, m.stock)
		m.balanced(before, house, nil, old.ID, fresh.ID)
	})
}

// What the signer does not have is not handed in, however well it is signed.
func TestFundingWaitsForTheLog(t *testing.T) {
	each(t, allKinds, func(m *assetFixture) {
		old := m.waiting(nil)
		key, fresh := m.seed(old), m.moving(old)
		a := m.committed(fresh)
		url, apiKey := m.front(m.signer)
		path := url + "/v1/payments/" + string(fresh.ID)
		signed := map[string]string{"envelope": text(m.signedBy(a, m.mover(key)...))}
		if status := m.post(path+"/fund", apiKey, signed); status != http.StatusConflict || m.envelope(a.Envelope).State != relay.Planned {
			m.Errorf("before it is kept: %d, it is %s", status, m.envelope(a.Envelope).State)
		}
		m.work(relay.DoKeep)
		if status := m.post(path+"/fund", apiKey, signed); status != http.StatusAccepted {
			m.Errorf("after it: %d", status)
		}
		m.until(fresh.ID, relay.Pending)
	})
}

// A plan was undone, and the signer has it: its answer came late. The payment is planned again, by what the log says.
func TestKeptAfterItWasUndone(t *testing.T) {
	each(t, allKinds, func(m *assetFixture) {
		old := m.waiting(nil)
		fresh := m.moving(old)
		a := m.committed(fresh)
		kept, err := m.signer.Keep(m.Context(), relay.KeepIntent{App: fresh.App, Funded: a})
		if err != nil {
			m.Fatal(err)
		}
		if _, err := m.desk.UndoFunding(m.Context(), fresh.ID, a.Envelope.Hash); err != nil {
			m.Fatal(err)
		}
		m.is(fresh.ID, relay.Created, "")
		if _, err := m.desk.Kept(m.Context(), kept); err != nil {
			m.Fatal(err)
		}
		if got := m.is(fresh.ID, relay.Funding, ""); got.Funding != a.Envelope.Hash {
			m.Errorf("%+v", got)
		}
		if _, ok, err := m.desk.Planned(m.Context(), fresh.ID); !ok || err != nil {
			m.Error("its box is missing", err)
		}
		m.signs(a, m.mover(m.seed(old))...)
		if p, err := m.desk.UndoFunding(m.Context(), fresh.ID, a.Envelope.Hash); err != nil || p.Funding == "" {
			m.Errorf("what is signed was undone: %s %v", p.State, err)
		}
		m.until(fresh.ID, relay.Pending)
		m.is(old.ID, relay.Settled, relay.MovedOn)
	})
}

// The same between undoing and a restart: the log says that it is kept.
func TestAStartPlansWhatTheLogKeeps(t *testing.T) {
	each(t, []kind{managed, own}, func(m *assetFixture) {
		old := m.waiting(nil)
		key, fresh := m.seed(old), m.moving(old)
		a := m.deposit(fresh)
		if _, err := m.desk.UndoFunding(m.Context(), fresh.ID, a.Envelope.Hash); err != nil {
			m.Fatal(err)
		}
		m.restarts()
		m.is(fresh.ID, relay.Funding, "")
		m.signs(a, m.mover(key)...)
		m.until(fresh.ID, relay.Pending)
	})
}

// A move lands although its payment has given it up: it was undone and canceled after the sponsor had signed. Nothing is halted, the
// money goes home as its terms say, and the payment that it was taken from says where it went.
func TestAGivenUpMoveGoesHome(t *testing.T) {
	for name, end := range map[string]relay.State{"canceled": relay.Canceled, "still open": relay.Created} {
		t.Run(name, func(t *testing.T) {
			each(t, allKinds, func(m *assetFixture) {
				before, house := m.books(), m.house()
				old := m.waiting(nil)
				fresh := m.moving(old)
				a := m.deposit(fresh)
				whole, err := m.signer.Bump(m.Context(), a.Envelope.Hash, m.signedBy(a, m.mover(m.seed(old))...), 10_000)
				if err != nil {
					m.Fatal(err)
				}
				if _, err := m.desk.UndoFunding(m.Context(), fresh.ID, a.Envelope.Hash); err != nil {
					m.Fatal(err)
				}
				if end == relay.Canceled {
					m.apply(fresh.ID, relay.CancelAsked{})
				}
				m.is(fresh.ID, end, m.payment(fresh.ID).Reason)
				m.does(text(whole))
				m.watch()
				if why := m.halted(); why != "" {
					m.Fatal(why)
				}
				fresh = m.is(fresh.ID, relay.Returning, relay.ByCancel)
				if old = m.is(old.ID, relay.Settled, relay.MovedOn); old.Destination != fresh.Holding {
					m.Errorf("it went to %s, the record says %s", fresh.Holding, old.Destination)
				}
				m.restarts()
				m.until(fresh.ID, relay.Returned)
				m.wantUnits("home", m.home, m.stock)
				m.balanced(before, house, nil, old.ID, fresh.ID)
			})
		})
	}
}

// The same, found at a start: the database was restored from before the deposit, and canceled the payment.
func TestAMoveThatARestoredDatabaseForgot(t *testing.T) {
	each(t, []kind{managed, credit}, func(m *assetFixture) {
		old := m.waiting(nil)
		fresh := m.moving(old)
		a := m.minted(fresh)
		kept, err := m.signer.Keep(m.Context(), relay.KeepIntent{App: fresh.App, Funded: a})
		if err != nil {
			m.Fatal(err)
		}
		m.apply(fresh.ID, relay.CancelAsked{})
		m.is(fresh.ID, relay.Canceled, relay.ByCancel)
		whole, err := m.signer.Bump(m.Context(), kept.Envelope.Hash, m.signedBy(a, m.seed(old)), 10_000)
		if err != nil {
			m.Fatal(err)
		}
		m.does(text(whole))
		m.restarts()
		m.watch()
		if why := m.halted(); why != "" {
			m.Fatal(why)
		}
		m.until(fresh.ID, relay.Returned)
		m.is(old.ID, relay.Settled, relay.MovedOn)
		m.wantUnits("home", m.home, m.stock)
	})
}

// The service is down while a sender has his own payment claimed, makes the holding account anew out of his own pocket, and moves
// that with a number of its new life. At the start the move is looked up before the watcher comes to the claim. The claim was first:
// the payment is claimed in the end, and nothing is halted.
func TestAMoveSeenBeforeTheClaim(t *testing.T) {
	each(t, []kind{own}, func(m *assetFixture) {
		old := m.waiting(nil)
		key, ana := m.seed(old), keypair.MustRandom()
		_, complete := m.planned(old, ana, 20)
		at := m.head().Sequence + 2
		fresh := m.open(m.apps[0], func(p *relay.Payment) {
			*p = m.takingOver(*p, old)
			p.FundBy = m.head().Sequence + 12
		})
		a := m.mintedAt(fresh, int64(at)<<32+1) // neither API nor signer take this number: it is planned by older code
		if err := m.desk.CommitFunding(m.Context(), a); err != nil {
			m.Fatal(err)
		}
		m.watch()
		m.does(text(complete))
		m.does(m.own(m.payer, nil, &txnbuild.CreateAccount{Destination: old.Holding, Amount: "40"}))
		if m.head().Sequence != at {
			m.Fatalf("ledger %d, not %d", m.head().Sequence, at)
		}
		m.does(text(m.signedBy(a, m.mover(key)...)))
		m.openWorker()
		if err := m.w.Recover(m.Context()); err != nil {
			m.Fatal(err)
		}
		if err := m.w.Recheck(m.Context()); err != nil {
			m.Fatal(err)
		}
		m.work(relay.DoSubmit)
		m.is(old.ID, relay.Settled, relay.MovedOn)
		m.watch()
		m.round(2)
		if why := m.halted(); why != "" {
			m.Fatal(why)
		}
		if old = m.is(old.ID, relay.Claimed, ""); old.Destination != ana.Address() || old.SettledAt != at-1 {
			m.Errorf("%+v", old)
		}
		m.is(fresh.ID, relay.Pending, "") // what was moved was his own money, and it waits
	})
}

// The same of a holder of the key who takes the money, makes the account anew, and has a rung bring that home: the record says what
// became of the money, and the fee that the new account paid is none of the purse's.
func TestATheftSeenAfterTheReturn(t *testing.T) {
	each(t, walletKinds, func(m *assetFixture) {
		p := m.waiting(func(p *relay.Payment) { p.FundBy += 12 })
		key, thief := m.seed(p), keypair.MustRandom()
		m.befriend(thief.Address())
		if m.credit {
			m.trusts(thief)
		}
		m.watch()
		ops := []txnbuild.Operation{}
		if m.credit {
			ops = append(ops, m.pays("", thief.Address(), p.Amount), &txnbuild.ChangeTrust{Line: m.asset.MustToChangeTrustAsset(), Limit: "0"})
		}
		m.does(m.own(key, nil, append(ops, &txnbuild.AccountMerge{Destination: thief.Address()})...))
		stolen := m.head().Sequence
		m.does(m.own(m.payer, nil, &txnbuild.CreateAccount{Destination: p.Holding, Amount: "40"}))
		if m.credit {
			m.trusts(key)
			m.does(m.own(m.issuer, nil, m.pays("", p.Holding, p.Amount)))
		}
		for m.head().Sequence < p.Bound {
			m.close(1)
		}
		m.does(text(m.rungs(p)[0].XDR))
		m.openWorker()
		m.apply(p.ID, relay.CancelAsked{})
		m.work(relay.DoReturn)
		m.is(p.ID, relay.Returned, relay.ByCancel)
		m.watch()
		m.round(2)
		if why := m.halted(); why != "" {
			m.Fatal(why)
		}
		got := m.payment(p.ID)
		if got.State != relay.Settled || got.Destination != thief.Address() || got.SettledAt != stolen || got.FeeHolding != 0 {
			m.Errorf("%s %s to %s in %d, fees out of the purse %s\n%s", got.State, got.Reason, got.Destination, got.SettledAt, got.FeeHolding, m.story(p.ID))
		}
	})
}

// An app deposits moves of one payment with numbers of lives of the holding account to come. None is kept, and the sponsor keeps no
// reserve more than is counted.
func TestMovesKeepToTheBudget(t *testing.T) {
	each(t, []kind{managed, credit}, func(m *assetFixture) {
		old := m.waiting(nil)
		key := m.seed(old)
		next, err := m.port.Sequence(m.Context(), old.Holding)
		if err != nil {
			m.Fatal(err)
		}
		next++
		path := func(p relay.Payment) string { return "/v1/payments/" + string(p.ID) + "/deposit" }
		url, apiKey := m.front(m.signer)
		start := m.head().Sequence
		for _, number := range []int64{int64(start+3)<<32 + 1, next + 1, next - 1} {
			p := m.moving(old)
			a := m.mintedAt(p, number)
			if status := m.post(url+path(p), apiKey, m.deposited(a)); status != http.StatusConflict {
				m.Errorf("number %d, next is %d: %d", number, next, status)
			}
			m.is(p.ID, relay.Created, "")
			for _, late := range []bool{false, true} {
				if _, err := m.signer.Keep(m.Context(), relay.KeepIntent{App: p.App, Funded: a, Late: late}); number > next && relay.CodeOf(err) != "sequence_used" {
					m.Errorf("number %d is kept, late %v: %v", number, late, err)
				}
			}
		}
		good := m.moving(old)
		m.deposit(good)
		ops := []txnbuild.Operation{}
		if m.credit { // it is his own money
			ops = append(ops, m.pays("", m.home, old.Amount), &txnbuild.ChangeTrust{Line: m.asset.MustToChangeTrustAsset(), Limit: "0"})
		}
		m.does(m.own(key, nil, append(ops, &txnbuild.AccountMerge{Destination: m.payer.Address()})...))
		m.does(m.own(m.payer, nil, &txnbuild.CreateAccount{Destination: old.Holding, Amount: "40"}))
		if m.credit {
			m.trusts(key)
			m.does(m.own(m.issuer, nil, m.pays("", old.Holding, old.Amount)))
		}
		late := m.open(m.apps[0], func(p *relay.Payment) { *p = m.takingOver(*p, old) }) // the watcher has not come so far
		a := m.minted(late)
		if status := m.post(url+path(late), apiKey, m.deposited(a)); status != http.StatusConflict {
			m.Errorf("an account made anew is moved: %d", status)
		}
		m.watch()
		m.round(bound + 2)
		if sponsor, err := m.bare.Account(m.Context(), m.sponsor); err != nil || sponsor.NumSponsoring != 0 {
			m.Errorf("the sponsor keeps %d reserves for nothing: %v", sponsor.NumSponsoring, err)
		}
		if why := m.halted(); why != "" {
			m.Error(why)
		}
	})
}

// A holding account is refused as a wallet. A claimant who has the key cannot send it on as the wallet of a payment of his
// own: the payment that waits there would not be told, and would say that it waits.
func TestHoldingAccountIsNoWallet(t *testing.T) {
	each(t, []kind{managed, credit}, func(m *assetFixture) {
		p := m.ripened()
		head := m.head()
		q := relay.Payment{ID: relay.NewPaymentID(relay.At(m.clock)), App: m.apps[0].ID, Version: 1, State: relay.Created, To: relay.Handle{Kind: "email", Value: "eva@example.com"}, Amount: 10 * relay.One,
			Asset: relay.Native, Policy: relay.Link, LinkMadeBy: "client", AuthHash: "a", ClaimRecipient: p.ClaimRecipient, SenderRecipients: p.SenderRecipients,
			Route: relay.Route{From: p.Holding, Sponsor: p.Holding, Purse: stellar.Prices.Purse(relay.Native), RungFee: relay.OwnRungFee}, ReturnTo: p.Holding,
			FundBy: head.Sequence + bound, FundUntil: head.CloseTime + 600, ExpiresAt: relay.At(m.clock) + relay.DefaultExpiry}
		_, err := m.desk.Create(m.Context(), desk.Opening{Payment: q, App: m.apps[0], Free: relay.One}, nil)
		if relay.CodeOf(err) != "wallet_ours" {
			m.Errorf("it is accepted: %v", err)
		}
		if err := m.desk.Preview(m.Context(), desk.Opening{Payment: q, App: m.apps[0], Free: relay.One}); relay.CodeOf(err) != "wallet_ours" {
			m.Errorf("it would be accepted: %v", err)
		}
		q.CreatedAt, q.UpdatedAt = relay.At(m.clock), relay.At(m.clock) // by older code
		if err := m.store.UpdateMany(m.Context(), nil, func(tx desk.Tx, _ []relay.Payment) error { return tx.InsertPayment(q) }); err != nil {
			m.Fatal(err)
		}
		m.wallet = m.seed(p)
		a := m.minted(q)
		if err := m.desk.CommitFunding(m.Context(), a); relay.CodeOf(err) != "wallet_ours" {
			m.Errorf("it is planned: %v", err)
		}
		url, key := m.front(m.signer)
		if status := m.post(url+"/v1/payments/"+string(q.ID)+"/deposit", key, m.deposited(a)); status != http.StatusForbidden {
			m.Errorf("it is kept: %d", status)
		}
		into := relay.Envelope{Hash: "plan", Kind: relay.ClaimEnvelope, State: relay.Planned, Payments: []relay.PaymentID{p.ID}, Destination: p.Holding}
		if err := m.desk.Plan(m.Context(), into, head, ""); relay.CodeOf(err) != "destination_malformed" {
			m.Errorf("a claim into it: %v", err)
		}
		m.is(p.ID, relay.Pending, "")
	})
}
