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
	parent *layer // nil: base lies below
	base   *State
	slots  []slot      // in order of first touch, so that changes come in a fixed order
	index  map[Key]int // of slots; nil while there are few
	// sponsors maps who is being sponsored to who pays, within one transaction. Shared with the parent until written.
	sponsors     map[ID]ID
	ownsSponsors bool
}

// slot is what a layer holds of one entry; nil is erased. An entry that another layer may hold too is shared: it is never written to
// again, and copied before the next write. That way lists of changes hold the entries themselves.
type slot struct {
	key    Key
	entry  *xdr.LedgerEntry
	shared bool
}

const fewSlots = 8

func newLayer(led *ledger, base *State) *layer { return &layer{ledger: led, base: base} }

func (l *layer) child() *layer { return &layer{ledger: l.ledger, parent: l, sponsors: l.sponsors} }

// slot finds what this very layer holds, nil when it holds nothing of that name.
func (l *layer) slot(k Key) *slot {
	if l.index != nil {
		if at, ok := l.index[k]; ok {
			return &l.slots[at]
		}
		return nil
	}
	for i := range l.slots {
		if l.slots[i].key == k {
			return &l.slots[i]
		}
	}
	return nil
}

// peek reads an entry, nil when absent. The caller must not change it.
func (l *layer) peek(k Key) *xdr.LedgerEntry {
	for at := l; ; at = at.parent {
		if s := at.slot(k); s != nil {
			return s.entry
		}
		if at.parent == nil {
			return at.base.entries[k]
		}
	}
}

// below is what lies under this layer. It is shared from now on.
func (l *layer) below(k Key) *xdr.LedgerEntry {
	at := l
	for ; at.parent != nil; at = at.parent {
		if s := at.parent.slot(k); s != nil {
			s.shared = true
			return s.entry
		}
	}
	return at.base.entries[k]
}

// load brings an entry into this layer for writing, nil when absent.
func (l *layer) load(k Key) *xdr.LedgerEntry {
	var e *xdr.LedgerEntry
	if s := l.slot(k); s == nil {
		e = l.below(k)
	} else if e = s.entry; !s.shared {
		return e
	}
	if e == nil {
		return nil
	}
	e = cloneEntry(e)
	e.LastModifiedLedgerSeq = l.header.LedgerSeq
	l.put(slot{key: k, entry: e})
	return e
}

// create adds an entry that is absent so far, or replaces it.
func (l *layer) create(e *xdr.LedgerEntry) {
	e.LastModifiedLedgerSeq = l.header.LedgerSeq
	l.put(slot{key: entryKey(e), entry: e})
}

func (l *layer) put(s slot) {
	if known := l.slot(s.key); known != nil {
		*known = s
		return
	}
	l.slots = append(l.slots, s)
	switch {
	case l.index != nil:
		l.index[s.key] = len(l.slots) - 1
	case len(l.slots) > fewSlots:
		l.index = make(map[Key]int, 4*fewSlots)
		for i := range l.slots {
			l.index[l.slots[i].key] = i
		}
	}
}

func (l *layer) erase(k Key) { l.put(slot{key: k}) }

// commit folds this layer into its parent. It is not used afterwards.
func (l *layer) commit() {
	for _, s := range l.slots {
		s.shared = true // lists of changes may hold it
		l.parent.put(s)
	}
	if l.ownsSponsors {
		l.parent.sponsors, l.parent.ownsSponsors = l.sponsors, true
	}
}

// changes lists what this layer does to what lies below, in the form of transaction meta.
func (l *layer) changes() xdr.LedgerEntryChanges {
	out := make(xdr.LedgerEntryChanges, 0, 2*len(l.slots))
	for i := range l.slots {
		s := &l.slots[i]
		s.shared = true
		before, after := l.below(s.key), s.entry
		switch {
		case before == nil && after == nil:
		case before == nil:
			out = append(out, xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryCreated, Created: after})
		case after == nil:
			key, err := before.LedgerKey()
			if err != nil {
				continue
			}
			out = append(out, state(before), xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryRemoved, Removed: &key})
		default:
			out = append(out, state(before), xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryUpdated, Updated: after})
		}
	}
	return out
}

func state(e *xdr.LedgerEntry) xdr.LedgerEntryChange {
	return xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryState, State: e}
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
