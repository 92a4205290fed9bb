package horizon

import (
	"fmt"
	"slices"
	"sync"

	"github.com/stellar/go-stellar-sdk/toid"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/engine"
)

// readAtOnce is how many transactions are read from the store at once.
const readAtOnce = 500

// forgetEvery is how many ledgers fall out of the retention before the lists are trimmed.
const forgetEvery = 4096

// item is a transaction or an operation in a list.
type item struct {
	id              int64 // as paging token: ledger, place and operation
	failed, payment bool
}

// trail is what concerns one account or one claimable balance, by id.
type trail struct{ txs, ops []item }

// index knows where the history of each account lies, and which entries an account owns. It is in memory only, and follows the network one
// ledger after the other; a network that went back is read anew.
//
// Only follow writes, and only when the network has a ledger that it does not know. The holder of a View can read after follow without
// a lock: no ledger closes then.
type index struct {
	mu       sync.Mutex
	last     uint32
	hash     [32]byte
	oldest   uint32 // lists hold nothing older
	all      trail
	accounts map[engine.ID]*trail
	balances map[string]*trail // by hexadecimal id
	owned    map[engine.ID][]engine.Key
	open     map[engine.Key]struct{} // claimable balances
}

func newIndex() *index {
	return &index{accounts: map[engine.ID]*trail{}, balances: map[string]*trail{}, owned: map[engine.ID][]engine.Key{},
		open: map[engine.Key]struct{}{}}
}

// follow brings the index to the ledger of the view.
func (x *index) follow(v devnet.View) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	hash := v.State().Hash()
	if x.last != 0 && hash == x.hash {
		return nil
	}
	span, err := v.Span()
	if err != nil {
		return err
	}
	continues, err := x.continues(v, span)
	if err != nil {
		return err
	}
	next, from := x, x.last+1
	if !continues {
		next, from = newIndex(), span.Oldest
		next.oldest = span.Oldest
		for k, e := range v.State().Entries {
			next.own(&e.Data, k)
		}
	}
	if err := next.read(v, from, span.Latest, continues); err != nil {
		x.last = 0 // half done: begin anew
		return err
	}
	x.all, x.accounts, x.balances, x.owned, x.open, x.oldest = next.all, next.accounts, next.balances, next.owned, next.open, next.oldest
	x.forget(span.Oldest)
	x.last, x.hash = span.Latest, hash
	return nil
}

// continues says whether the network's ledgers follow the one that the index knows.
func (x *index) continues(v devnet.View, span devnet.Span) (bool, error) {
	if x.last == 0 || x.last < span.Oldest || x.last > span.Latest {
		return false, nil
	}
	known, err := v.Ledgers(x.last, 1)
	return err == nil && len(known) == 1 && known[0].Hash == x.hash, err
}

func (x *index) read(v devnet.View, from, latest uint32, entries bool) error {
	place := int32(1)
	for from <= latest {
		rows, err := v.Transactions(from, place, latest, readAtOnce)
		if err != nil {
			return err
		}
		for i := range rows {
			if err := x.add(&rows[i], entries); err != nil {
				return fmt.Errorf("horizon: transaction %x: %v", rows[i].Hash, err)
			}
		}
		if len(rows) < readAtOnce {
			return nil
		}
		from, place = rows[len(rows)-1].Ledger, rows[len(rows)-1].Place+1
	}
	return nil
}

// add notes a transaction. entries says whether its changes are news to the owned entries.
func (x *index) add(row *devnet.TransactionRecord, entries bool) error {
	t, err := decode(row)
	if err != nil {
		return err
	}
	id := toid.New(int32(row.Ledger), row.Place, 0)
	tx := item{id: id.ToInt64(), failed: !row.Successful}
	x.all.txs = append(x.all.txs, tx)
	people, contracts := t.participants(), map[string]bool{}
	for i, op := range t.ops {
		id.OperationOrder = int32(i + 1)
		o := item{id: id.ToInt64(), failed: tx.failed, payment: isPayment(op.Body.Type)}
		x.all.ops = append(x.all.ops, o)
		for who := range t.opParticipants(i) {
			people[who] = true
			a := entryOf(x.accounts, who)
			a.ops = append(a.ops, o)
		}
		if balance := t.balanceOf(i); balance != "" {
			contracts[balance] = true
			b := entryOf(x.balances, balance)
			b.ops = append(b.ops, o)
		}
	}
	for who := range people {
		a := entryOf(x.accounts, who)
		a.txs = append(a.txs, tx)
	}
	for balance := range contracts {
		b := entryOf(x.balances, balance)
		b.txs = append(b.txs, tx)
	}
	if !entries {
		return nil
	}
	return t.eachChange(x.note)
}

func entryOf[K comparable](m map[K]*trail, k K) *trail {
	t := m[k]
	if t == nil {
		t = &trail{}
		m[k] = t
	}
	return t
}

// note follows the entries that come and go.
func (x *index) note(c xdr.LedgerEntryChange) error {
	switch c.Type {
	case xdr.LedgerEntryChangeTypeLedgerEntryCreated:
		lk, err := c.Created.LedgerKey()
		if err != nil {
			return err
		}
		k, err := engine.KeyOf(lk)
		if err != nil {
			return err
		}
		x.own(&c.Created.Data, k)
	case xdr.LedgerEntryChangeTypeLedgerEntryRemoved:
		k, err := engine.KeyOf(*c.Removed)
		if err != nil {
			return err
		}
		x.disown(*c.Removed, k)
	}
	return nil
}

func (x *index) own(e *xdr.LedgerEntryData, k engine.Key) {
	switch e.Type {
	case xdr.LedgerEntryTypeTrustline:
		who := engine.IDOf(e.TrustLine.AccountId)
		x.owned[who] = append(x.owned[who], k)
	case xdr.LedgerEntryTypeData:
		who := engine.IDOf(e.Data.AccountId)
		x.owned[who] = append(x.owned[who], k)
	case xdr.LedgerEntryTypeClaimableBalance:
		x.open[k] = struct{}{}
	}
}

func (x *index) disown(lk xdr.LedgerKey, k engine.Key) {
	delete(x.open, k)
	who, ok := ownerOf(lk)
	if !ok {
		return
	}
	left := slices.DeleteFunc(x.owned[who], func(other engine.Key) bool { return other == k })
	if x.owned[who] = left; len(left) == 0 {
		delete(x.owned, who)
	}
}

// ownerOf is the account that a trustline or a data entry belongs to.
func ownerOf(k xdr.LedgerKey) (engine.ID, bool) {
	switch k.Type {
	case xdr.LedgerEntryTypeTrustline:
		return engine.IDOf(k.TrustLine.AccountId), true
	case xdr.LedgerEntryTypeData:
		return engine.IDOf(k.Data.AccountId), true
	}
	return engine.ID{}, false
}

// forget trims all lists to the retention, once in a while.
func (x *index) forget(oldest uint32) {
	if oldest < x.oldest+forgetEvery {
		return
	}
	x.oldest = oldest
	first := toid.New(int32(oldest), 0, 0).ToInt64()
	x.all.forget(first)
	for k, t := range x.accounts {
		if t.forget(first); len(t.txs) == 0 {
			delete(x.accounts, k)
		}
	}
	for k, t := range x.balances {
		if t.forget(first); len(t.txs) == 0 {
			delete(x.balances, k)
		}
	}
}

func (t *trail) forget(first int64) {
	t.txs, t.ops = slices.Clone(t.txs[at(t.txs, first):]), slices.Clone(t.ops[at(t.ops, first):])
}

// at is the place of the first item whose id is not less.
func at(list []item, id int64) int {
	i, _ := slices.BinarySearchFunc(list, id, func(a item, id int64) int {
		switch {
		case a.id < id:
			return -1
		case a.id > id:
			return 1
		}
		return 0
	})
	return i
}

// pick returns the ids of a page: those from low to below high that keep wants, beyond the cursor.
func pick(list []item, low, high, cursor int64, p paging, keep func(item) bool) []int64 {
	var out []int64
	list = list[at(list, low):at(list, high)]
	if p.descending {
		for i := at(list, cursor) - 1; i >= 0 && len(out) < p.limit; i-- {
			if keep(list[i]) {
				out = append(out, list[i].id)
			}
		}
		return out
	}
	for i := at(list, cursor); i < len(list) && len(out) < p.limit; i++ {
		if list[i].id > cursor && keep(list[i]) {
			out = append(out, list[i].id)
		}
	}
	return out
}
