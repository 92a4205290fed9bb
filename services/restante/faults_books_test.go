package main

import (
	"context"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/restante/internal/demo"
)

// endAll cancels what is alive, when the faults are over, and waits for every end.
func (f *faults) endAll(ctx context.Context) {
	f.ready()
	for _, t := range f.sentPayments {
		_ = retry(ctx, func() error { _, err := f.app.Cancel(ctx, t.id); return err })
	}
	for _, t := range f.sentPayments {
		var got client.Payment
		for until := time.Now().Add(5 * time.Minute); ; {
			err := retry(ctx, func() (err error) { got, err = f.app.Get(ctx, t.id, 0); return err })
			if client.IsCode(err, "not_found") { // a move that was never accepted: nothing of it may be on the ledger
				got.State = "none"
				break
			}
			if relay.State(got.State).Ended() || time.Now().After(until) || ctx.Err() != nil {
				break
			}
			if boot.Pause(ctx, 50*time.Millisecond) != nil {
				break
			}
		}
		t.state = got.State
		if got.HoldingAccount != nil {
			t.h = *got.HoldingAccount
		}
		if !relay.State(t.state).Ended() && t.state != "none" {
			f.t.Errorf("payment %s (%s) has not ended: it is %s %s", t.id, t.scenario, got.State, got.Reason)
		}
	}
}

// ledgerBooks is what the independent reader says, in stroops.
type ledgerBooks struct {
	ledger         uint32
	service        int64           // what is the service's, the treasury's, and of those whom the treasury pays
	treasury, line int64           // the treasury alone
	wallets        map[*user]int64 // each wallet, and those whom it pays
	asset          int64           // all of it
}

// owners says whose each account is: nil is the service's. What the service has made is in the signer's log.
func (f *faults) owners() map[string]*user {
	owners := map[string]*user{f.onFile.Address(): nil}
	for _, a := range f.accounts(nil, f.treasury) {
		owners[a] = nil
	}
	delete(owners, f.issuer.Address()) // an issuer has none of his own asset, and pays his own fees
	for _, p := range f.users {
		owners[p.wallet.Address()] = p
	}
	for _, t := range f.sentPayments {
		owners[t.key.Address()] = t.user
		if t.h != "" {
			owners[t.h] = t.user
		}
	}
	return owners
}

func (f *faults) read() ledgerBooks {
	b := ledgerBooks{wallets: map[*user]int64{}}
	ctx := context.WithoutCancel(f.t.Context())
	var err error
	b.ledger, err = f.ledger.Latest(ctx)
	f.must(err)
	for account, owner := range f.owners() {
		line, _, err := f.ledger.Line(ctx, account, f.asset)
		f.must(err)
		lumens := f.account(account).Balance
		b.asset += line
		switch {
		case account == f.treasury:
			b.treasury, b.line = lumens, line
			fallthrough
		case owner == nil:
			b.service += lumens
		default:
			b.wallets[owner] += lumens
		}
	}
	return b
}

// checkAllBalances accounts for every stroop: claimants have exactly what was sent to them, holding accounts are gone, the treasury has all
// else, and between service and wallets nothing has moved but the fees that the network took of each.
func (f *faults) checkAllBalances(before ledgerBooks, long bool) {
	after := f.read()
	fees, err := feesSince(f.t.Context(), f.ledger, before.ledger)
	f.must(err)
	owners, paid, service := f.owners(), map[*user]int64{}, int64(0)
	for account, fee := range fees {
		owner, known := owners[account]
		switch {
		case !known && account != f.issuer.Address():
			f.t.Errorf("account %s, which belongs to no one here, paid %d stroops in fees", account, fee)
		case owner != nil:
			paid[owner] += fee
		case known:
			service += fee
		}
	}
	if before.service-service != after.service {
		f.t.Errorf("the service had %d stroops, paid %d in fees, and has %d: %d are missing", before.service, service, after.service,
			before.service-service-after.service)
	}
	for p, had := range before.wallets {
		if had-paid[p] != after.wallets[p] {
			f.t.Errorf("wallet %s had %d stroops, paid %d in fees, and has %d: %d are missing", p.wallet.Address(), had, paid[p], after.wallets[p],
				had-paid[p]-after.wallets[p])
		}
	}
	if before.asset != after.asset {
		f.t.Errorf("there were %d of the asset, there are %d", before.asset, after.asset)
	}
	lumens, line, ends := before.treasury, before.line, map[string]int{}
	direct := int64(0)
	for _, t := range f.sentPayments {
		ends[t.state]++
		f.checkClaimant(t)
		if t.state != string(relay.Claimed) || t.user != nil {
			continue
		}
		if t.asset == relay.Native {
			lumens -= t.amount
		} else {
			line -= t.amount
		}
		if t.direct {
			direct += t.amount
		}
	}
	if after.treasury != lumens || after.line != line {
		f.t.Errorf("the treasury has %d stroops and %d of the asset, not %d and %d", after.treasury, after.line, lumens, line)
	}
	if got := f.account(f.onFile.Address()).Balance; got != demo.Amount+direct {
		f.t.Errorf("the account on file has %d stroops, not %d", got, demo.Amount+direct)
	}
	f.t.Logf("ends: %v", ends)
	if long && (ends[string(relay.Claimed)] == 0 || ends[string(relay.Returned)] == 0) {
		f.t.Errorf("too few kinds of ends: %v", ends)
	}
}

// checkClaimant wants exactly the amount in the account of a claimed payment, no account else, and no holding account in any case. What is
// left of a wallet's purse goes with lumens, so those may be more.
func (f *faults) checkClaimant(t *faultPayment) {
	if t.direct {
		return // the account on file is counted as one
	}
	a := f.account(t.key.Address())
	line, _, err := f.ledger.Line(f.t.Context(), t.key.Address(), f.asset)
	f.must(err)
	switch {
	case t.state != string(relay.Claimed):
		if a.Exists {
			f.t.Errorf("payment %s (%s) is %s, its claimant has %d stroops and %d of the asset", t.id, t.scenario, t.state, a.Balance, line)
		}
	case t.asset != relay.Native && line != t.amount, t.asset == relay.Native && (a.Balance < t.amount || t.user == nil && a.Balance != t.amount):
		f.t.Errorf("payment %s (%s) is claimed, its claimant has %d stroops and %d of the asset", t.id, t.scenario, a.Balance, line)
	}
	if t.h != "" && f.account(t.h).Exists {
		f.t.Errorf("payment %s (%s) is %s, and its holding account still exists", t.id, t.scenario, t.state)
	}
}
