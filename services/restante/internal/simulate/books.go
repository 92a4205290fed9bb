package simulate

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/services/internal/post"
)

// books account for the money by what the ledger shows and what people did, and by nothing that the product says: every payment has an
// amount of its own, so that the ledger alone tells which holding account is whose. ledgerbook.go reads the ledger, here is what must hold.
type books struct {
	w         *world
	payments  []*payment
	workers   map[string]*process
	total     money                   // of all accounts, balances and the fee pool
	made      map[string]int          // by account: how often it was made
	holding   map[string]*payment     // by holding account
	gone      map[string]bool         // accounts that were merged away
	left      map[xdr.Hash]leftover   // claimable balances that last resorts made, by id
	receivers map[string]*expectation // accounts that recipients claim into, and that do nothing else
	seen      uint32                  // the ledger looked at last
	services  []string                // accounts whose keys the signer has
}

// leftover is a claimable balance with the money of a payment.
type leftover struct {
	p        *payment
	claimant string
	amount   int64
}

// expectation is what an account should have at the end.
type expectation struct{ before, least, most money }

// payment is one payment as its sender and its recipients know it.
type payment struct {
	app       *app
	number    int
	id, to    string
	link      claim.Link
	asset     string // lumens, or the issuer's
	amount    int64
	policy    string
	wallet    *wallet  // nil: out of the treasury
	returnTo  string   // account that it returns to, where that is neither treasury nor wallet
	holding   string   // as its sender's client made it; "" of those that the signer mints
	moves     *payment // whose money it takes over
	refused   string   // code, when the relay did not take it
	accepted  bool
	tampered  string            // what a holder of its key did to the holding account
	claimants []string          // accounts that its recipients tried to claim into, or are paid at directly
	agreed    string            // account that its recipient put on file
	marks     map[string]string // by account: the memo that it asks for

	state, reason string // as the relay says at the end

	// As the ledger shows it.
	funded  int              // how often money went into a holding account of it
	home    string           // the holding account
	went    string           // where most of the money went out of it; "" = nowhere yet
	flows   map[string]int64 // stroops of its asset that went out of it, by account
	lumens  map[string]int64 // of a payment of the issuer's asset: stroops of lumens that went out of it
	taken   int64            // stroops that the issuer clawed back
	balance bool             // it went into a claimable balance for the sender
}

func newBooks(w *world) *books {
	return &books{w: w, workers: map[string]*process{}, made: map[string]int{}, holding: map[string]*payment{}, left: map[xdr.Hash]leftover{}, gone: map[string]bool{},
		receivers: map[string]*expectation{}, total: money{}}
}

// expects takes in an account whose money is to be exact at the end.
func (b *books) expects(account string) {
	if b.receivers[account] == nil {
		b.receivers[account] = &expectation{before: b.both(account), least: money{}, most: money{}}
	}
}

// receives takes in an account that recipients claim into.
func (b *books) receives(p *payment, account string) {
	b.expects(account)
	if !slices.Contains(p.claimants, account) {
		p.claimants = append(p.claimants, account)
	}
}

// feesAtMost is what a payment out of a wallet may move besides its amount: the purse, out of which its fees and the reserve of a new
// account are paid, and what is left of which goes with the money.
const feesAtMost = 20_000_000

// whose names an account from a payment's view.
func (b *books) whose(p *payment, account string) string {
	switch {
	case account == p.app.Treasury || p.wallet != nil && account == p.wallet.Address() || account == p.returnTo && p.returnTo != "":
		return "the sender"
	case slices.Contains(p.claimants, account):
		return "the recipient"
	case b.holding[account] != nil:
		return "another payment"
	}
	return "a stranger"
}

// notice holds what a mail says against the ledger, as it is when the mail is sent.
func (b *books) notice(x post.Message) {
	what, id, _ := strings.Cut(x.ID, "-")
	for _, p := range b.payments {
		if p.id != id {
			continue
		}
		switch {
		case what == "arrived" && p.funded == 0:
			b.w.violate("payment %d: its recipient is told that money waits, and none ever did", p.number)
		case what == "claimed" && b.whose(p, p.went) != "the recipient":
			b.w.violate("payment %d: its recipient is told that it is claimed, and no account of hers has it", p.number)
		case what == "returned" && b.whose(p, p.went) != "the sender":
			b.w.violate("payment %d: its recipient is told that it went back, and the sender does not have it", p.number)
		}
	}
}

// end holds what the relay says of each payment against the ledger.
func (b *books) end(ctx context.Context) {
	b.ledger(b.w.head())
	treasuries, wallets := map[*app]money{}, map[*wallet]money{}
	for _, a := range b.w.apps {
		treasuries[a] = maps.Clone(a.before)
	}
	for _, x := range b.w.wallets {
		wallets[x] = maps.Clone(x.before)
	}
	for _, p := range b.payments {
		if p.wallet == nil && p.moves == nil && p.funded > 0 {
			treasuries[p.app][p.asset] -= p.amount
		}
		treasuries[p.app][p.asset] += p.flows[p.app.Treasury]
		treasuries[p.app][lumens] += p.lumens[p.app.Treasury]
		if p.wallet != nil {
			b.ofWallet(p, wallets[p.wallet])
		}
		b.judge(p)
	}
	for _, x := range b.left {
		treasuries[x.p.app][x.p.asset] -= b2i(x.claimant == x.p.app.Treasury) * x.amount
		if x.p.wallet != nil {
			wallets[x.p.wallet][x.p.asset] -= b2i(x.claimant == x.p.wallet.Address()) * x.amount
		}
	}
	for _, a := range b.w.apps {
		for _, asset := range b.w.assets() {
			if got, want := b.has(a.Treasury, asset), treasuries[a][asset]; got != want {
				b.w.violate("the treasury of %s has %d stroops of %s, and should have %d: %d too few", a.Name, got, asset, want, want-got)
			}
		}
	}
	for _, x := range b.w.wallets {
		for _, asset := range b.w.assets() {
			if got, least := b.has(x.Address(), asset), wallets[x][asset]; got < least && !x.receives {
				b.w.violate("wallet %s has %d stroops of %s, and should have %d at least", x.Address(), got, asset, least)
			}
		}
	}
	b.received()
	b.told()
	b.reserves(ctx)
}

// ofWallet lowers what a wallet has at least by what a payment out of it took, and fees. Of a credit asset it is exact.
func (b *books) ofWallet(p *payment, least money) {
	if least[lumens] -= feesAtMost; p.asset != lumens {
		least[lumens] -= feesAtMost
		if p.moves == nil && p.funded > 0 {
			least[p.asset] -= p.amount
		}
		least[p.asset] += p.flows[p.wallet.Address()]
		return
	}
	if p.moves == nil && p.funded > 0 {
		least[lumens] -= p.amount
	}
	least[lumens] += min(p.flows[p.wallet.Address()], p.amount)
}

// received wants in each account of a recipient, and in each that money returns to, what its payments should have brought, and no more.
func (b *books) received() {
	for _, p := range b.payments {
		x := b.receivers[p.went] // what is left of a holding account goes to the account that keeps its reserve
		if x == nil {
			continue
		}
		least, most := p.amount, p.amount
		switch {
		case p.tampered != "" || p.taken > 0: // what the holder of the key or the issuer left
			least, most = 0, most+feesAtMost
		case p.wallet != nil || p.moves != nil:
			most += feesAtMost
		}
		if x.least[p.asset], x.most[p.asset] = x.least[p.asset]+least, x.most[p.asset]+most; p.asset != lumens {
			x.most[lumens] += feesAtMost // for first fees
		}
	}
	for _, account := range slices.Sorted(maps.Keys(b.receivers)) {
		x := b.receivers[account]
		for _, asset := range b.w.assets() {
			if got := b.has(account, asset) - x.before[asset]; got < x.least[asset] || got > x.most[asset] {
				b.w.violate("account %s, which receives, got %d stroops of %s, not %d to %d", account, got, asset, x.least[asset], x.most[asset])
			}
		}
	}
}

func (b *books) judge(p *payment) {
	where := ""
	if p.went != "" {
		where = b.whose(p, p.went)
	}
	switch {
	case p.state == "": // the relay does not know it
		if p.funded > 0 {
			b.w.violate("payment %d was never accepted (%s), and was funded", p.number, p.refused)
		}
	case p.funded == 0:
		if p.state != "canceled" && p.state != "failed" {
			b.w.violate("payment %d is %s %s, it says, and no money of it ever moved", p.number, p.state, p.reason)
		}
	case where == "" && p.taken == p.amount:
		if p.state != "settled" || p.reason != "clawed_back" {
			b.w.violate("payment %d is %s %s, it says, and its issuer took all of it back", p.number, p.state, p.reason)
		}
	case where == "":
		if p.state != "parked" || p.tampered == "" && p.taken == 0 && !b.frozen(p) {
			b.w.violate("payment %d has not ended: it is %q %s, and its money waits (tampered with: %q)", p.number, p.state, p.reason, p.tampered)
		}
	case where == "the sender" && p.balance && p.state == "settled" && p.reason == "claimable_balance":
	case where == "the recipient" && p.state == "settled" && p.reason == "holding_short" && p.tampered != "": // she got what the holder of the key left
	case where == "the recipient" && p.state == "settled" && b.w.restored: // by a claim that the restored database had forgotten
	case where == "the recipient" && p.state != "claimed", where == "another payment" && p.state != "settled",
		where == "the sender" && p.state != "returned" && (p.state != "settled" || p.tampered == ""),
		where == "a stranger" && p.state != "settled" && p.state != "claimed":
		b.w.violate("payment %d is %s %s, it says, and its money went to %s", p.number, p.state, p.reason, where)
	case where == "a stranger" && p.tampered == "":
		b.w.violate("payment %d went to an account that is nobody's: %s", p.number, p.went)
	}
}

// frozen says that the issuer keeps the money of a payment from moving.
func (b *books) frozen(p *payment) bool {
	if p.asset == lumens {
		return false
	}
	line := b.line(p.home)
	return line != nil && !xdr.TrustLineFlags(line.Flags).IsAuthorized()
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// told wants the end of every payment to be announced. In which order events come is not promised (package events).
func (b *books) told() {
	types := map[string][]string{} // of events, by payment
	for _, e := range b.w.events.all {
		var data struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(e.Data, &data); err != nil {
			b.w.violate("an event cannot be read: %v", err)
			continue
		}
		types[data.ID] = append(types[data.ID], e.Type)
	}
	for _, p := range b.payments {
		if p.state == "" {
			continue
		}
		if !slices.Contains(types[p.id], "payment."+p.state) {
			b.w.violate("payment %d is %s, and this was never told: %v", p.number, p.state, types[p.id])
		}
	}
}
