package simulate

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	netxdr "github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/engine"
	"github.com/restante/restante/services/internal/post"
)

// books account for the money by what the ledger shows and what people did, and by nothing that the product says: every payment has an
// amount of its own, so that the ledger alone tells which holding account is whose.
type books struct {
	w        *world
	payments []*payment
	workers  map[string]*process
	total    int64               // stroops of all accounts and the fee pool
	made     map[string]int      // by account: how often it was made
	holding  map[string]*payment // by holding account
	seen     uint32              // the ledger looked at last
	services []string            // accounts whose keys the signer has
}

// payment is one payment as its sender and its recipients know it.
type payment struct {
	app       *app
	number    int
	id, to    string
	link      claim.Link
	amount    int64
	policy    string
	wallet    *wallet  // nil: out of the treasury
	holding   string   // as its sender's client made it; "" of those that the signer mints
	moves     *payment // whose money it takes over
	refused   string   // code, when the relay did not take it
	accepted  bool
	tampered  string           // what a holder of its key did to the holding account
	claimants []string         // accounts that its recipients tried to claim into
	before    map[string]int64 // what those of them had that were there before

	state, reason string // as the relay says at the end

	// As the ledger shows it.
	funded int              // how often money went into a holding account of it
	home   string           // the holding account
	went   string           // where most of the money went out of it; "" = nowhere yet
	flows  map[string]int64 // stroops that went out of it, by account
}

func newBooks(w *world) *books {
	return &books{w: w, workers: map[string]*process{}, made: map[string]int{}, holding: map[string]*payment{}}
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

// sequence is an account's number.
func (b *books) sequence(address string) (number int64, exists bool) {
	b.view(func(v devnet.View) error {
		if a := v.State().Account(engine.IDOf(xdr.MustAddress(address))); a != nil {
			number, exists = int64(a.SeqNum), true
		}
		return nil
	})
	return number, exists
}

// ledger looks at the ledgers that have closed since the last look, up to seq.
func (b *books) ledger(seq uint32) {
	if now := b.lumens(); b.total != 0 && now != b.total {
		b.w.violate("ledger %d: all accounts and the fee pool had %d stroops, and have %d", seq, b.total, now)
	} else {
		b.total = now
	}
	var txs []devnet.TransactionRecord
	b.view(func(v devnet.View) (err error) { txs, err = v.Transactions(b.seen+1, 0, seq, 10_000); return err })
	b.seen = seq
	for _, t := range txs {
		if t.Successful {
			b.transaction(t)
		}
	}
}

// transaction follows the money through the operations of one, with what the ledger says of each.
func (b *books) transaction(t devnet.TransactionRecord) {
	var env xdr.TransactionEnvelope
	var result xdr.TransactionResult
	if err := errors.Join(xdr.SafeUnmarshal(t.Envelope, &env), xdr.SafeUnmarshal(t.Result, &result)); err != nil {
		b.w.violate("a transaction of ledger %d cannot be read: %v", t.Ledger, err)
		return
	}
	b.logged(t, env)
	results, _ := result.OperationResults()
	for i, op := range env.Operations() {
		from := env.SourceAccount()
		if op.SourceAccount != nil {
			from = *op.SourceAccount
		}
		source := from.ToAccountId()
		switch op.Body.Type {
		case xdr.OperationTypeCreateAccount:
			c := op.Body.MustCreateAccountOp()
			b.created(t.Ledger, source.Address(), c.Destination.Address(), int64(c.StartingBalance))
		case xdr.OperationTypePayment:
			c := op.Body.MustPaymentOp()
			to := c.Destination.ToAccountId()
			b.moved(t.Ledger, source.Address(), to.Address(), int64(c.Amount))
		case xdr.OperationTypeAccountMerge:
			dest := op.Body.MustDestination()
			to := dest.ToAccountId()
			b.moved(t.Ledger, source.Address(), to.Address(), int64(results[i].Tr.AccountMergeResult.MustSourceAccountBalance()))
		}
	}
}

// logged wants every transaction that the service signed to be in the signer's log: what is signed and not written down may be signed again.
func (b *books) logged(t devnet.TransactionRecord, env xdr.TransactionEnvelope) {
	source, inner := env.SourceAccount().ToAccountId(), env
	if env.IsFeeBump() {
		payer := env.FeeBumpAccount()
		source, inner = payer.ToAccountId(), xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: env.FeeBump.Tx.InnerTx.V1}
	}
	if !slices.Contains(b.services, source.Address()) {
		return
	}
	hash, err := netxdr.HashTransactionInEnvelope(inner, network)
	if err != nil {
		b.w.violate("a transaction of ledger %d has no hash: %v", t.Ledger, err)
		return
	}
	log, err := os.ReadFile(filepath.Join(b.w.dir, "signer", "log.jsonl"))
	if err != nil || !bytes.Contains(log, []byte(hex.EncodeToString(hash[:]))) {
		b.w.violate("ledger %d: a transaction of %s, %x, is not in the signer's log: %v", t.Ledger, source.Address(), hash, err)
	}
}

// created notes an account that was made: a holding account, when a treasury or a wallet made it with what a payment sends.
func (b *books) created(ledger uint32, by, account string, balance int64) {
	p := b.fundedBy(by, account, balance)
	if b.made[account]++; b.made[account] > 1 && (p != nil || b.holding[account] != nil) {
		b.w.violate("ledger %d: holding account %s is made a second time", ledger, account)
	}
	if p == nil {
		return
	}
	b.holding[account] = p
	if p.funded++; p.funded > 1 {
		b.w.violate("ledger %d: payment %d is funded a second time", ledger, p.number)
	}
	p.home = account
	b.w.trace.tell("%v ledger %d: payment %d is funded", b.w.sched.now, ledger, p.number)
}

// fundedBy is the payment that is funded by making an account: by its amount out of a treasury, by the account where the sender's client
// made it.
func (b *books) fundedBy(by, account string, balance int64) *payment {
	for _, p := range b.payments {
		if p.holding == account || p.holding == "" && p.wallet == nil && by == p.app.Treasury && balance == p.amount {
			return p
		}
	}
	return nil
}

// moved notes lumens that went out of a holding account.
func (b *books) moved(ledger uint32, from, to string, amount int64) {
	p := b.holding[from]
	if p == nil || amount == 0 {
		return
	}
	if p.flows == nil {
		p.flows = map[string]int64{}
	}
	if p.flows[to] += amount; p.went == "" || p.flows[to] > p.flows[p.went] {
		p.went = to
	}
	b.w.trace.tell("%v ledger %d: %d stroops of payment %d go out of its holding account to %s", b.w.sched.now, ledger, amount, p.number, b.whose(p, to))
}

// feesAtMost is what a payment out of a wallet may move besides its amount: the purse, out of which its fees and the reserve of a new
// account are paid, and what is left of which goes with the money.
const feesAtMost = 20_000_000

// whose names an account from a payment's view.
func (b *books) whose(p *payment, account string) string {
	switch {
	case account == p.app.Treasury || p.wallet != nil && account == p.wallet.Address():
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
		}
	}
}

// end holds what the relay says of each payment against the ledger.
func (b *books) end(ctx context.Context) {
	b.ledger(b.w.head())
	has := map[*app]int64{}
	for _, a := range b.w.apps {
		has[a] = a.before
	}
	for _, p := range b.payments {
		if p.wallet == nil && p.moves == nil && p.funded > 0 {
			has[p.app] -= p.amount
		}
		has[p.app] += p.flows[p.app.Treasury]
		b.judge(p)
	}
	for _, a := range b.w.apps {
		if got, _ := b.account(a.Treasury); got != has[a] {
			b.w.violate("the treasury of %s has %d stroops, and should have %d: %d too few", a.Name, got, has[a], has[a]-got)
		}
	}
	for _, x := range b.w.wallets {
		b.wallet(x)
	}
	b.told()
}

// wallet wants back in a wallet all that went home, but for fees.
func (b *books) wallet(x *wallet) {
	least := x.before
	for _, p := range b.payments {
		if p.wallet != x {
			continue
		}
		least -= feesAtMost
		if p.moves == nil && p.funded > 0 && p.went != x.Address() {
			least -= p.amount + feesAtMost
		}
		if p.moves != nil && p.went == x.Address() {
			least += p.amount
		}
	}
	if got, _ := b.account(x.Address()); got < least {
		b.w.violate("wallet %s has %d stroops, and should have %d at least", x.Address(), got, least)
	}
}

func (b *books) judge(p *payment) {
	where := ""
	if p.went != "" {
		where = b.whose(p, p.went)
	}
	for _, c := range p.claimants {
		balance, _ := b.account(c)
		got, want := balance-p.before[c], int64(0)
		if c == p.went {
			want = p.amount
		}
		switch exact := p.wallet == nil && p.moves == nil; {
		case p.tampered != "" && c == p.went: // what its key holder left
		case got < want, got > want+feesAtMost*b2i(want > 0), exact && got != want:
			b.w.violate("payment %d: account %s of its recipient got %d stroops, not %d", p.number, c, got, want)
		}
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
	case where == "":
		if p.state != "parked" || p.tampered == "" {
			b.w.violate("payment %d has not ended: it is %q %s, and its money waits (tampered with: %q)", p.number, p.state, p.reason, p.tampered)
		}
	case where == "the recipient" && p.state != "claimed", where == "another payment" && p.state != "settled",
		where == "the sender" && p.state != "returned" && (p.state != "settled" || p.tampered == ""),
		where == "a stranger" && p.state != "settled" && p.state != "claimed":
		b.w.violate("payment %d is %s %s, it says, and its money went to %s", p.number, p.state, p.reason, where)
	case where == "a stranger" && p.tampered == "":
		b.w.violate("payment %d went to an account that is nobody's: %s", p.number, p.went)
	}
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
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
		if !slices.Contains(first[data.ID], e.Type) {
			first[data.ID] = append(first[data.ID], e.Type)
		}
	}
	for _, p := range b.payments {
		if p.state == "" {
			continue
		}
		if types := first[p.id]; !slices.Contains(types, "payment."+p.state) {
			b.w.violate("payment %d is %s, and this was never told: %v", p.number, p.state, types)
		}
	}
}
