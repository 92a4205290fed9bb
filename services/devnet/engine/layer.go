package engine

import (
	"maps"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// ledger is what all layers of one closing ledger share.
type ledger struct {
	header *xdr.LedgerHeader
	// maxSeq is the highest sequence number that any transaction of the set wants from an account. It forbids merging
	// an account away under its own waiting transactions (CAP-21, since protocol 19).
	maxSeq map[ID]xdr.SequenceNumber
	frozen map[Key]bool // as the ledger before left it
}

func (l *ledger) version() uint32 { return uint32(l.header.LedgerVersion) }

// layer is a copy-on-write view: reads fall through to what lies below, writes stay here until commit. Dropping a layer
// is its rollback. An entry that was loaded for writing counts as touched even when nothing in it changes, as it does in
// stellar-core, whose entries then carry a new last-modified ledger.
type layer struct {
	*ledger
	parent  *layer // nil: base lies below
	base    *State
	entries map[Key]*xdr.LedgerEntry // nil value: erased
	order   []Key                    // of first touch, so that changes come in a fixed order
	// sponsors maps who is being sponsored to who pays, within one transaction. Shared with the parent until written.
	sponsors     map[ID]ID
	ownsSponsors bool
}

func newLayer(led *ledger, base *State) *layer {
	return &layer{ledger: led, base: base, entries: map[Key]*xdr.LedgerEntry{}}
}

func (l *layer) child() *layer {
	return &layer{ledger: l.ledger, parent: l, entries: map[Key]*xdr.LedgerEntry{}, sponsors: l.sponsors}
}

// peek reads an entry, nil when absent. The caller must not change it.
func (l *layer) peek(k Key) *xdr.LedgerEntry {
	for at := l; ; at = at.parent {
		if e, ok := at.entries[k]; ok {
			return e
		}
		if at.parent == nil {
			return at.base.entries[k]
		}
	}
}

// below is what lies under this layer.
func (l *layer) below(k Key) *xdr.LedgerEntry {
	if l.parent != nil {
		return l.parent.peek(k)
	}
	return l.base.entries[k]
}

// load brings an entry into this layer for writing, nil when absent.
func (l *layer) load(k Key) *xdr.LedgerEntry {
	if e, ok := l.entries[k]; ok {
		return e
	}
	e := l.below(k)
	if e == nil {
		return nil
	}
	e = cloneEntry(e)
	e.LastModifiedLedgerSeq = l.header.LedgerSeq
	l.put(k, e)
	return e
}

// create adds an entry that is absent so far.
func (l *layer) create(e *xdr.LedgerEntry) {
	e.LastModifiedLedgerSeq = l.header.LedgerSeq
	l.put(entryKey(e), e)
}

func (l *layer) put(k Key, e *xdr.LedgerEntry) {
	if _, known := l.entries[k]; !known {
		l.order = append(l.order, k)
	}
	l.entries[k] = e
}

func (l *layer) erase(k Key) { l.put(k, nil) }

// commit folds this layer into its parent.
func (l *layer) commit() {
	for _, k := range l.order {
		l.parent.put(k, l.entries[k])
	}
	if l.ownsSponsors {
		l.parent.sponsors, l.parent.ownsSponsors = l.sponsors, true
	}
}

// changes lists what this layer does to what lies below, in the form of transaction meta.
func (l *layer) changes() xdr.LedgerEntryChanges {
	var out xdr.LedgerEntryChanges
	for _, k := range l.order {
		before, after := l.below(k), l.entries[k]
		switch {
		case before == nil && after == nil:
		case before == nil:
			out = append(out, xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryCreated, Created: cloneEntry(after)})
		case after == nil:
			key, err := before.LedgerKey()
			if err != nil {
				continue
			}
			out = append(out, state(before), xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryRemoved, Removed: &key})
		default:
			out = append(out, state(before), xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryUpdated, Updated: cloneEntry(after)})
		}
	}
	return out
}

func state(e *xdr.LedgerEntry) xdr.LedgerEntryChange {
	return xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryState, State: cloneEntry(e)}
}

// account loads an account for writing; nil when absent.
func (l *layer) account(id ID) *xdr.AccountEntry {
	if e := l.load(AccountKey(id)); e != nil {
		return e.Data.Account
	}
	return nil
}

func (l *layer) peekAccount(id ID) *xdr.AccountEntry {
	if e := l.peek(AccountKey(id)); e != nil {
		return e.Data.Account
	}
	return nil
}

// sponsorOf is who pays the future reserves of id, if anyone does.
func (l *layer) sponsorOf(id ID) (ID, bool) {
	s, ok := l.sponsors[id]
	return s, ok
}

func (l *layer) isSponsoring(id ID) bool {
	for _, s := range l.sponsors {
		if s == id {
			return true
		}
	}
	return false
}

func (l *layer) setSponsor(sponsored, sponsor ID) {
	l.ownSponsors()
	l.sponsors[sponsored] = sponsor
}

func (l *layer) endSponsor(sponsored ID) {
	l.ownSponsors()
	delete(l.sponsors, sponsored)
}

func (l *layer) ownSponsors() {
	if l.ownsSponsors {
		return
	}
	if l.sponsors = maps.Clone(l.sponsors); l.sponsors == nil {
		l.sponsors = map[ID]ID{}
	}
	l.ownsSponsors = true
}
