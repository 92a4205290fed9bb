package simulate

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/engine"
	"github.com/restante/restante/services/internal/post"
)

// books account for the money by what the ledger shows and what people did, and by nothing that the product says: every payment has an
// amount of its own, so that the ledger alone tells which one an operation is about.
type books struct {
	w        *world
	payments []*payment
	workers  map[string]*process
	total    int64          // stroops of all accounts and the fee pool
	funded   map[int64]int  // by amount: how often it left a treasury
	made     map[string]int // by account: how often it was made
}

// payment is one payment as its sender and its recipients know it.
type payment struct {
	app       *app
	number    int
	id, to    string
	link      claim.Link
	amount    int64
	policy    string
	refused   string // code, when the relay did not take it
	accepted  bool
	claimants []string // accounts that its recipients tried to claim into
	state     string   // at the end
	reason    string
	ended     time.Duration
}

func newBooks(w *world) *books {
	return &books{w: w, workers: map[string]*process{}, funded: map[int64]int{}, made: map[string]int{}}
}

// view reads the ledger, past every fault.
func (b *books) view(read func(devnet.View) error) {
	if err := b.w.net.View(read); err != nil {
		b.w.violate("the ledger cannot be read: %v", err)
	}
}

// hash is that of the newest ledger: with it everything that was ever signed and landed is in the trace.
func (b *books) hash() (hash [32]byte) {
	b.view(func(v devnet.View) error { hash = v.State().Hash(); return nil })
	return hash
}

// lumens are all that there are.
func (b *books) lumens() (total int64) {
	b.view(func(v devnet.View) error {
		total = int64(v.State().Header().FeePool)
		v.State().Entries(func(_ engine.Key, e *xdr.LedgerEntry) bool {
			switch e.Data.Type {
			case xdr.LedgerEntryTypeAccount:
				total += int64(e.Data.MustAccount().Balance)
			case xdr.LedgerEntryTypeClaimableBalance:
				if c := e.Data.MustClaimableBalance(); c.Asset.IsNative() {
					total += int64(c.Amount)
				}
			}
			return true
		})
		return nil
	})
	return total
}

// account is what the ledger says of one.
func (b *books) account(address string) (balance int64, exists bool) {
	id := xdr.MustAddress(address)
	b.view(func(v devnet.View) error {
		if a := v.State().Account(engine.IDOf(id)); a != nil {
			balance, exists = int64(a.Balance), true
		}
		return nil
	})
	return balance, exists
}

// ledger looks at a ledger that has closed.
func (b *books) ledger(seq uint32) {
	if now := b.lumens(); b.total != 0 && now != b.total {
		b.w.violate("ledger %d: all accounts and the fee pool had %d stroops, and have %d", seq, b.total, now)
	} else {
		b.total = now
	}
	var txs []devnet.TransactionRecord
	b.view(func(v devnet.View) (err error) { txs, err = v.Transactions(seq, 0, seq, 10_000); return err })
	for _, t := range txs {
		if t.Successful {
			b.transaction(t)
		}
	}
}

func (b *books) transaction(t devnet.TransactionRecord) {
	var env xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshal(t.Envelope, &env); err != nil {
		b.w.violate("an envelope of ledger %d cannot be read: %v", t.Ledger, err)
		return
	}
	for _, op := range env.Operations() {
		source := env.SourceAccount()
		if op.SourceAccount != nil {
			source = *op.SourceAccount
		}
		switch op.Body.Type {
		case xdr.OperationTypeCreateAccount:
			c := op.Body.MustCreateAccountOp()
			if to := c.Destination.Address(); b.made[to] > 0 {
				b.w.violate("ledger %d: account %s is made a second time", t.Ledger, to)
			} else {
				b.made[to]++
			}
			b.left(source.ToAccountId(), int64(c.StartingBalance), t.Ledger)
		case xdr.OperationTypePayment:
			b.left(source.ToAccountId(), int64(op.Body.MustPaymentOp().Amount), t.Ledger)
		}
	}
}

// left notes what went out of a treasury: the amount says for which payment.
func (b *books) left(from xdr.AccountId, amount int64, ledger uint32) {
	for _, a := range b.w.apps {
		if from.Address() != a.Treasury {
			continue
		}
		if b.funded[amount]++; b.funded[amount] > 1 {
			b.w.violate("ledger %d: payment %d is funded a second time", ledger, b.number(amount))
		}
	}
}

func (b *books) number(amount int64) int {
	for _, p := range b.payments {
		if p.amount == amount {
			return p.number
		}
	}
	return -1
}

// notice holds what a mail says against the ledger, as it is when the mail is sent.
func (b *books) notice(x post.Message) {
	what, id, _ := strings.Cut(x.ID, "-")
	for _, p := range b.payments {
		if p.id != id {
			continue
		}
		_, claimed := b.claimed(p)
		switch {
		case what == "arrived" && b.funded[p.amount] == 0:
			b.w.violate("payment %d: its recipient is told that money waits, and none ever did", p.number)
		case what == "claimed" && !claimed:
			b.w.violate("payment %d: its recipient is told that it is claimed, and no account of hers has it", p.number)
		}
	}
}

// claimed is the account of a claimant that has the money of a payment.
func (b *books) claimed(p *payment) (account string, ok bool) {
	for _, c := range p.claimants {
		if balance, exists := b.account(c); exists && balance > 0 {
			return c, true
		}
	}
	return "", false
}

// end holds what the relay says of each payment against the ledger.
func (b *books) end(ctx context.Context) {
	home := map[*app]int64{}
	for _, a := range b.w.apps {
		home[a] = a.before
	}
	for _, p := range b.payments {
		if !p.accepted && p.state == "" {
			if b.funded[p.amount] > 0 {
				b.w.violate("payment %d was never accepted (%s), and was funded", p.number, p.refused)
			}
			continue
		}
		b.judge(p, home)
	}
	for _, a := range b.w.apps {
		if has, _ := b.account(a.Treasury); has != home[a] {
			b.w.violate("the treasury of %s has %d stroops, and should have %d: %d too few", a.Name, has, home[a], home[a]-has)
		}
	}
	b.told()
}

func (b *books) judge(p *payment, home map[*app]int64) {
	var with []string
	for _, c := range p.claimants {
		if balance, exists := b.account(c); exists {
			with = append(with, c)
			if balance != p.amount {
				b.w.violate("payment %d: its claimant has %d stroops, not %d", p.number, balance, p.amount)
			}
		}
	}
	if len(with) > 1 {
		b.w.violate("payment %d is paid %d times", p.number, len(with))
	}
	if len(with) > 0 {
		home[p.app] -= p.amount
	}
	switch p.state {
	case "claimed":
		if len(with) == 0 {
			b.w.violate("payment %d is claimed, it says, and no claimant has it", p.number)
		}
	case "returned", "canceled", "failed":
		if len(with) > 0 {
			b.w.violate("payment %d is %s, it says, and its claimant has it", p.number, p.state)
		}
		if p.state == "returned" && b.funded[p.amount] == 0 || p.state != "returned" && b.funded[p.amount] > 0 {
			b.w.violate("payment %d is %s, it says, and left the treasury %d times", p.number, p.state, b.funded[p.amount])
		}
	default:
		b.w.violate("payment %d has not ended: it is %q %s", p.number, p.state, p.reason)
	}
}

// told wants every event of a payment's states to be told, the first of each in the order of its history.
func (b *books) told() {
	first := map[string][]string{}
	for _, e := range b.w.events.all {
		var data struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(e.Data, &data); err != nil {
			b.w.violate("an event cannot be read: %v", err)
			continue
		}
		if !has(first[data.ID], e.Type) {
			first[data.ID] = append(first[data.ID], e.Type)
		}
	}
	for _, p := range b.payments {
		if p.state == "" {
			continue
		}
		if types := first[p.id]; !has(types, "payment."+p.state) {
			b.w.violate("payment %d is %s, and this was never told: %v", p.number, p.state, types)
		}
	}
}
