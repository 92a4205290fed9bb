package main

import (
	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
)

// oldBooks is what an independent reader of the ledger says that the parties to an old data directory have, in stroops.
type oldBooks struct {
	ledger         uint32
	service        int64            // sponsor, channels, treasury, and the payments out of it, wherever their money is
	treasury, line int64            // of the treasury and of what it has in holding accounts: lumens, and the asset
	wallets        map[string]int64 // of each wallet, and its payments, wherever their money is
	asset          int64            // all of it
}

// owners says to whose books an account counts: "" is the service's.
func (o *oldData) owners() map[string]string {
	owners := map[string]string{o.play.Treasury: "", o.play.OnFile: ""}
	sponsor, channels, err := o.Stack.Signer.Accounts(o.ctx)
	o.must(err)
	for _, a := range append(channels, sponsor) {
		owners[a] = ""
	}
	for _, p := range o.play.Payments {
		wallet := ""
		if p.Wallet != "" {
			wallet = addressOf(p.Wallet)
			owners[wallet] = wallet
		}
		owners[addressOf(p.Claimant)] = wallet
		if h := o.get(p).HoldingAccount; h != nil {
			owners[*h] = wallet
		}
		if p.Receipt != nil && p.Receipt.HoldingAccount != "" {
			owners[p.Receipt.HoldingAccount] = wallet
		}
	}
	return owners
}

func addressOf(seed string) string { return keypair.MustParseFull(seed).Address() }

// balances reads the ledger. It takes a reader that imports nothing of ours.
func (o *oldData) balances(over bool) oldBooks {
	b := oldBooks{wallets: map[string]int64{}}
	var err error
	b.ledger, err = o.Ledger.Latest(o.ctx)
	o.must(err)
	has := func(account string) (lumens, line int64) {
		a, err := o.Ledger.Account(o.ctx, account)
		o.must(err)
		line, _, err = o.Ledger.Line(o.ctx, account, o.play.Asset)
		o.must(err)
		return a.Balance, line
	}
	for account, owner := range o.owners() {
		lumens, line := has(account)
		b.asset += line
		if owner != "" {
			b.wallets[owner] += lumens
		} else {
			b.service += lumens
		}
	}
	b.treasury, b.line = has(o.play.Treasury)
	for _, p := range o.play.Payments {
		h := o.get(p).HoldingAccount
		if p.Receipt != nil && p.Receipt.HoldingAccount != "" {
			h = &p.Receipt.HoldingAccount
		}
		if h == nil {
			continue
		}
		lumens, line := has(*h)
		if over && (lumens != 0 || line != 0) {
			o.Errorf("%s is %s, and its holding account has %d stroops and %d of the asset", p.Name, p.end, lumens, line)
		}
		if p.Wallet == "" {
			b.treasury, b.line = b.treasury+lumens, b.line+line
		}
	}
	return b
}

// account accounts for every stroop: each claimant has what was sent to her, the treasury all else, and between the books of
// service and wallets nothing has moved but the fees that the network took of each.
func (o *oldData) account() {
	before, after := o.books, o.balances(true)
	fees, err := feesSince(o.ctx, o.Ledger, before.ledger)
	o.must(err)
	owed := map[string]int64{}
	for account, owner := range o.owners() {
		owed[owner] += fees[account]
	}
	if before.service-owed[""] != after.service {
		o.Errorf("the service and its claimants had %d stroops, paid %d in fees, and have %d", before.service, owed[""], after.service)
	}
	for wallet, had := range before.wallets {
		if had-owed[wallet] != after.wallets[wallet] {
			o.Errorf("wallet %s and its claimants had %d stroops, paid %d in fees, and have %d", wallet, had, owed[wallet], after.wallets[wallet])
		}
	}
	if before.asset != after.asset {
		o.Errorf("there were %d of the asset, there are %d", before.asset, after.asset)
	}
	lumens, line := before.treasury, before.line
	for _, p := range o.play.Payments {
		amount, err := relay.ParseAmount(p.Amount)
		o.must(err)
		direct := p.end == "claimed" && o.get(p).Direct
		if !relay.State(p.State).Ended() && p.end == "claimed" && p.Wallet == "" {
			if p.Asset == relay.Native {
				lumens -= int64(amount)
			} else {
				line -= int64(amount)
			}
		}
		if !direct && p.State != p.end {
			o.claimant(p, int64(amount))
		}
	}
	if after.treasury != lumens || after.line != line {
		o.Errorf("the treasury has %d stroops and %d of the asset, not %d and %d", after.treasury, after.line, lumens, line)
	}
}

// claimant wants exactly the amount in the account of a payment that was claimed, and no account otherwise. What is left of a
// wallet's purse goes with lumens, so those may be more.
func (o *oldData) claimant(p *oldPayment, amount int64) {
	account := addressOf(p.Claimant)
	a, err := o.Ledger.Account(o.ctx, account)
	o.must(err)
	line, _, err := o.Ledger.Line(o.ctx, account, o.play.Asset)
	o.must(err)
	switch {
	case p.end != "claimed":
		if a.Exists {
			o.Errorf("%s is %s, and its claimant has %d stroops", p.Name, p.end, a.Balance)
		}
	case p.Asset != relay.Native && line != amount, p.Asset == relay.Native && (a.Balance < amount || p.Wallet == "" && a.Balance != amount):
		o.Errorf("%s is claimed, and its claimant has %d stroops and %d of the asset", p.Name, a.Balance, line)
	}
}
