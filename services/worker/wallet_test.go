package worker_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
)

var walletKinds = []kind{own, ownUSD}

// vanishing plays a scene in which no money moves, and wants it so.
func vanishing(t *testing.T, scene func(m *assetFixture)) {
	t.Helper()
	each(t, walletKinds, func(m *assetFixture) {
		house, has := m.house(), m.has(m.home)
		scene(m)
		m.wantHas("home", m.home, has-m.fees)
		m.wantUnits("home", m.home, m.stock)
		if !maps.Equal(m.house(), house) {
			m.Errorf("it cost the service: %+v, before %+v", m.house(), house)
		}
		if why := m.halted(); why != "" {
			m.Error(why)
		}
	})
}

// A client that is not heard of again after it asked has nothing funded, and nothing is wrong.
func TestClientVanishesAfterAsking(t *testing.T) {
	vanishing(t, func(m *assetFixture) {
		p := m.request(nil)
		m.round(bound + 3)
		m.is(p.ID, relay.Created, "") // the ledger's clock has not come so far
		m.pass(11 * time.Minute)
		m.is(p.ID, relay.Failed, relay.NotFunded)
	})
}

// One that minted and never signed leaves a funding that is dead when its bound has passed.
func TestClientVanishesAfterItsDeposit(t *testing.T) {
	vanishing(t, func(m *assetFixture) {
		p := m.request(nil)
		m.deposit(p)
		for m.head().Sequence < p.FundBy {
			m.is(p.ID, relay.Funding, "")
			m.round(1)
			if row, asked := m.row(p.ID, relay.DoSubmit); m.head().Sequence < p.FundBy && asked && row.DoneAt == 0 {
				m.Errorf("it is asked for again and again: %+v", row)
			}
		}
		m.round(1)
		m.is(p.ID, relay.Failed, relay.FundingFailed)
	})
}

// One that hands its funding in past us is seen, and the money waits.
func TestClientFundsByItself(t *testing.T) {
	each(t, walletKinds, func(m *assetFixture) {
		before, house := m.books(), m.house()
		p := m.request(nil)
		a := m.deposit(p)
		m.does(text(m.signedBy(a, m.wallet)))
		m.watch()
		p = m.is(p.ID, relay.Pending, "")
		m.apply(p.ID, relay.CancelAsked{})
		m.until(p.ID, relay.Returned)
		m.balanced(before, house, nil, p.ID)
	})
}

// A cancel while the funding is unsigned is a return asked: it may still land. It does not, and it was canceled before any money moved;
// or it does, and the money goes home.
func TestCancelWhileTheFundingIsUnsigned(t *testing.T) {
	vanishing(t, func(m *assetFixture) {
		p := m.request(nil)
		m.deposit(p)
		if got := m.apply(p.ID, relay.CancelAsked{}); got.State != relay.Funding {
			m.Fatal(got.State)
		}
		m.round(1)
		m.is(p.ID, relay.Funding, "")
		m.until(p.ID, relay.Canceled)
		if m.head().Sequence < p.FundBy {
			m.Error("said before it was proven")
		}
	})
	each(t, walletKinds, func(m *assetFixture) {
		before, house := m.books(), m.house()
		p := m.request(nil)
		a := m.deposit(p)
		m.apply(p.ID, relay.CancelAsked{})
		m.does(text(m.signedBy(a, m.wallet)))
		m.until(p.ID, relay.Returned)
		m.is(p.ID, relay.Returned, relay.ByCancel)
		m.wantUnits("home", m.home, m.stock)
		m.balanced(before, house, nil, p.ID)
	})
}

// The wallet used the number for something else: the funding has failed, and that is no contradiction.
func TestFundingNumberUsedByTheWallet(t *testing.T) {
	for name, signed := range map[string]bool{"signed": true, "unsigned": false} {
		t.Run(name, func(t *testing.T) {
			vanishing(t, func(m *assetFixture) {
				p := m.request(nil)
				a := m.deposit(p)
				m.does(m.own(m.wallet, nil, &txnbuild.BumpSequence{}))
				if signed {
					m.signs(a, m.wallet)
				}
				m.until(p.ID, relay.Failed)
				m.is(p.ID, relay.Failed, relay.FundingFailed)
			})
		})
	}
}

// A signature that is not the wallet's is refused by the ledger, and a better one may follow.
func TestABetterSignatureFollows(t *testing.T) {
	each(t, walletKinds, func(m *assetFixture) {
		p := m.request(nil)
		a := m.deposit(p)
		m.signs(a, keypair.MustRandom())
		m.round(1)
		m.is(p.ID, relay.Funding, "")
		m.signs(a, m.wallet)
		m.until(p.ID, relay.Pending)
	})
}

// Another account makes the holding account first: the funding fails on the ledger, and nothing is lost but its fee.
func TestHoldingAccountIsThereAlready(t *testing.T) {
	vanishing(t, func(m *assetFixture) {
		p := m.request(nil)
		a := m.deposit(p)
		m.befriend(a.Minted[0].Account)
		m.signs(a, m.wallet)
		m.until(p.ID, relay.Failed)
		m.is(p.ID, relay.Failed, relay.FundingFailed)
		m.fees = m.charged(p.ID)
		if m.fees == 0 {
			m.Error("it never reached the ledger")
		}
	})
}

// A direct payment ends with its funding.
func TestDirectPayment(t *testing.T) {
	each(t, []kind{managed, credit}, func(m *assetFixture) {
		ana := keypair.MustRandom()
		m.befriend(ana.Address())
		if m.credit {
			m.trusts(ana)
		}
		hers, home := m.amount(ana.Address()), m.amount(m.home)
		p := m.request(func(p *relay.Payment) { p.PayTo = ana.Address() })
		p = m.until(p.ID, relay.Claimed)
		if p.Destination != ana.Address() || p.SettledTx == "" || p.SettledAt == 0 || p.Fundings != 1 || p.Holding != "" {
			m.Errorf("%+v", p)
		}
		m.round(bound + 2)
		if got := m.amount(ana.Address()); got != hers+p.Amount {
			m.Errorf("she has %d", got)
		}
		if got := m.amount(m.home); got != home-p.Amount {
			m.Errorf("home has %d", got)
		}
	})
}

// The account is gone at the very moment: it is tried as often as any funding, and then it has failed. The money stayed.
func TestDirectPaymentWithoutADestination(t *testing.T) {
	each(t, []kind{managed, credit}, func(m *assetFixture) {
		ana, home := keypair.MustRandom(), m.amount(m.home)
		p := m.request(func(p *relay.Payment) { p.PayTo = ana.Address() })
		m.until(p.ID, relay.Failed)
		p = m.is(p.ID, relay.Failed, relay.FundingFailed)
		if n := len(m.fundings(p.ID)); n != relay.MostFundings || p.Fundings != n {
			m.Errorf("%d fundings", n)
		}
		if got := m.amount(m.home); got != home {
			m.Errorf("home has %d, not %d", got, home)
		}
		if why := m.halted(); why != "" {
			m.Error(why)
		}
	})
}

// moveOf is a payment that waits, and one that is to take its money over; its funding is kept and unsigned.
func (m *assetFixture) moveOf() (old, fresh relay.Payment, a relay.FundAnswer, key *keypair.Full) {
	m.Helper()
	old = m.waiting(nil)
	key = m.seed(old)
	fresh = m.moving(old)
	return old, fresh, m.deposit(fresh), key
}

func (m *assetFixture) mover(key *keypair.Full) []*keypair.Full {
	if m.self {
		return []*keypair.Full{key, m.wallet}
	}
	return []*keypair.Full{key}
}

// A move takes the money whole; it goes home from there, or to its recipient by then.
func TestMove(t *testing.T) {
	each(t, allKinds, func(m *assetFixture) {
		before, house := m.books(), m.house()
		old, fresh, a, key := m.moveOf()
		m.signs(a, m.mover(key)...)
		fresh = m.until(fresh.ID, relay.Pending)
		old = m.is(old.ID, relay.Settled, relay.MovedOn)
		if old.Destination != fresh.Holding || old.SettledTx == "" {
			m.Errorf("%+v", old)
		}
		m.wantHas("the old account", old.Holding, -1)
		m.wantUnits("the new account", fresh.Holding, fresh.Amount)
		m.round(bound + 2)
		m.is(fresh.ID, relay.Pending, "")
		ana := keypair.MustRandom()
		m.claim(fresh, ana, 10)
		m.until(fresh.ID, relay.Claimed)
		m.wantUnits("she", ana.Address(), fresh.Amount)
		m.balanced(before, house, []string{ana.Address()}, old.ID, fresh.ID)
	})
}

// A move that is moved home again.
func TestMoveAndCancel(t *testing.T) {
	each(t, allKinds, func(m *assetFixture) {
		before, house := m.books(), m.house()
		old, fresh, a, key := m.moveOf()
		m.signs(a, m.mover(key)...)
		m.until(fresh.ID, relay.Pending)
		m.apply(fresh.ID, relay.CancelAsked{})
		m.until(fresh.ID, relay.Returned)
		m.wantUnits("home", m.home, m.stock)
		m.balanced(before, house, nil, old.ID, fresh.ID)
	})
}

// A claim that lands before the move wins: there is nothing to move, and nothing halts.
func TestClaimLandsBeforeTheMove(t *testing.T) {
	each(t, allKinds, func(m *assetFixture) {
		before, house := m.books(), m.house()
		ana := keypair.MustRandom()
		old := m.waiting(nil)
		key := m.seed(old)
		e, complete := m.planned(old, ana, 20)
		fresh := m.moving(old)
		a := m.deposit(fresh)
		m.submit(old, e, complete)
		m.work(relay.DoSubmit)
		m.close(1)
		m.signs(a, m.mover(key)...)
		m.watch()
		m.is(old.ID, relay.Claimed, "")
		m.until(fresh.ID, relay.Failed)
		m.is(fresh.ID, relay.Failed, relay.FundingFailed)
		m.is(old.ID, relay.Claimed, "")
		m.balanced(before, house, []string{ana.Address()}, old.ID, fresh.ID)
	})
}

// The move lands before the claim: the claim is dead, and a holder of the old link reads that the money has left.
func TestMoveLandsBeforeTheClaim(t *testing.T) {
	each(t, allKinds, func(m *assetFixture) {
		before, house := m.books(), m.house()
		ana := keypair.MustRandom()
		old := m.waiting(nil)
		key := m.seed(old)
		e, complete := m.planned(old, ana, 20)
		fresh := m.moving(old)
		a := m.deposit(fresh)
		m.signs(a, m.mover(key)...)
		m.work(relay.DoSubmit)
		m.submit(old, e, complete)
		m.close(1)
		m.watch()
		m.until(fresh.ID, relay.Pending)
		m.is(old.ID, relay.Settled, relay.MovedOn)
		m.round(22)
		m.is(old.ID, relay.Settled, relay.MovedOn)
		m.is(fresh.ID, relay.Pending, "")
		m.wantHas("she", ana.Address(), -1)
		m.balanced(before, house, []string{m.payment(fresh.ID).Holding}, old.ID, fresh.ID)
	})
}

// A move that is not signed changes nothing: the old payment waits as before, and its way back is open.
func TestMoveThatIsNotSigned(t *testing.T) {
	each(t, allKinds, func(m *assetFixture) {
		before, house := m.books(), m.house()
		old, fresh, _, _ := m.moveOf()
		m.until(fresh.ID, relay.Failed)
		m.is(fresh.ID, relay.Failed, relay.FundingFailed)
		m.is(old.ID, relay.Pending, "")
		m.apply(old.ID, relay.CancelAsked{})
		m.until(old.ID, relay.Returned)
		m.balanced(before, house, nil, old.ID, fresh.ID)
	})
}

// Another account makes the new account of a move first: the move fails on the ledger, and the money waits where it was.
func TestMoveIntoAnAccountThatIsThere(t *testing.T) {
	each(t, allKinds, func(m *assetFixture) {
		old, fresh, a, key := m.moveOf()
		m.befriend(a.Minted[0].Account)
		m.signs(a, m.mover(key)...)
		m.until(fresh.ID, relay.Failed)
		m.is(fresh.ID, relay.Failed, relay.FundingFailed)
		m.is(old.ID, relay.Pending, "")
		if got := m.amount(old.Holding); got < old.Amount {
			m.Errorf("%d are left", got)
		}
		left := m.has(old.Holding) // the fee of the move that failed is in the books once
		if old = m.payment(old.ID); m.self && left != old.Purse-old.FeeHolding+map[bool]relay.Stroops{true: 0, false: old.Amount}[m.credit] {
			m.Errorf("%s lumens are left, of a purse of %s, and the books say that fees took %s", left, old.Purse, old.FeeHolding)
		}
		m.apply(old.ID, relay.CancelAsked{})
		m.until(old.ID, relay.Returned)
		m.wantUnits("home", m.home, m.stock)
	})
}

// The old payment is canceled while its move is on its way; the ledger decides who has the money, and nothing halts.
func TestCancelAgainstAMove(t *testing.T) {
	for name, moves := range map[string]bool{"the move lands": true, "the return lands": false} {
		t.Run(name, func(t *testing.T) {
			each(t, allKinds, func(m *assetFixture) {
				before, house := m.books(), m.house()
				old := m.ripened()
				key, fresh := m.seed(old), m.moving(old)
				a := m.deposit(fresh)
				m.apply(old.ID, relay.CancelAsked{})
				if moves {
					m.signs(a, m.mover(key)...)
					m.work(relay.DoSubmit)
				} else {
					m.work(relay.DoReturn)
				}
				m.close(1)
				m.signs(a, m.mover(key)...)
				m.watch()
				if moves {
					m.is(old.ID, relay.Settled, relay.MovedOn)
					m.is(fresh.ID, relay.Pending, "")
					m.apply(fresh.ID, relay.CancelAsked{})
					m.until(fresh.ID, relay.Returned)
				} else {
					m.is(old.ID, relay.Returned, relay.ByCancel)
					m.until(fresh.ID, relay.Failed)
				}
				m.wantUnits("home", m.home, m.stock)
				m.balanced(before, house, nil, old.ID, fresh.ID)
			})
		})
	}
}

// The claim won unwatched, and the history of it is gone: the payment that was to take the money over has failed
// all the same, for an envelope of ours is known to have closed the account.
func TestClaimLandsBeforeTheMoveInAGap(t *testing.T) {
	each(t, []kind{managed, ownUSD}, func(m *assetFixture) {
		ana := keypair.MustRandom()
		old := m.waiting(nil)
		e, complete := m.planned(old, ana, 20)
		fresh := m.moving(old)
		m.deposit(fresh)
		m.submit(old, e, complete)
		m.work(relay.DoSubmit)
		m.close(2)
		cursor, err := m.desk.Cursor(m.Context())
		if err == nil {
			err = m.desk.Skip(m.Context(), cursor, m.head())
		}
		if err != nil {
			m.Fatal(err)
		}
		m.until(fresh.ID, relay.Failed)
		m.is(old.ID, relay.Claimed, "")
		if why := m.halted(); why != "" {
			m.Error(why)
		}
	})
}
