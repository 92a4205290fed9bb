package engine

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// TotalCoins is all lumens there are, in stroops.
const TotalCoins = 1_000_000_000_000_000_000

// State is the ledger after its last close. It is not safe for concurrent writing; readers may share it between calls of Adopt.
type State struct {
	networkID [32]byte
	header    xdr.LedgerHeader
	hash      [32]byte
	entries   map[Key]*xdr.LedgerEntry
	frozen    map[Key]bool // what the entry of this name in entries says
}

// Params are the first ledger's values.
type Params struct {
	Protocol     uint32
	BaseFee      uint32   // stroops for each operation
	BaseReserve  uint32   // stroops for each unit
	MaxTxSetSize uint32   // operations
	Salt         [32]byte // makes the hashes of a network that begins anew other ones
}

// NetworkID is the SHA-256 of a passphrase.
func NetworkID(passphrase string) [32]byte { return sha256.Sum256([]byte(passphrase)) }

// Genesis is ledger 1: all lumens belong to the account whose seed is the network id.
func Genesis(networkID [32]byte, p Params) (*State, error) {
	root := ID(ed25519.NewKeyFromSeed(networkID[:]).Public().(ed25519.PublicKey))
	e := newAccount(root, TotalCoins, 0)
	e.LastModifiedLedgerSeq = 1
	h := xdr.LedgerHeader{LedgerVersion: xdr.Uint32(p.Protocol), LedgerSeq: 1, TotalCoins: TotalCoins, BaseFee: xdr.Uint32(p.BaseFee),
		BaseReserve: xdr.Uint32(p.BaseReserve), MaxTxSetSize: xdr.Uint32(p.MaxTxSetSize), BucketListHash: p.Salt}
	return Restore(networkID, h, []xdr.LedgerEntry{*e})
}

// Restore is a state as it was after a ledger, from its header and all its entries.
func Restore(networkID [32]byte, h xdr.LedgerHeader, entries []xdr.LedgerEntry) (*State, error) {
	hash, err := HashHeader(h)
	if err != nil {
		return nil, err
	}
	s := &State{networkID: networkID, header: h, hash: hash, entries: make(map[Key]*xdr.LedgerEntry, len(entries))}
	for i := range entries {
		k := entryKey(&entries[i])
		if k == "" {
			return nil, fmt.Errorf("engine: entry %d has no key", i)
		}
		s.entries[k] = &entries[i]
	}
	s.frozen = frozenOf(s.entries[frozenKey()])
	return s, nil
}

// Adopt makes a closed ledger the last one. It must come from this state's Close.
func (s *State) Adopt(c *Closed) error {
	if c.Header.PreviousLedgerHash != s.hash {
		return fmt.Errorf("engine: ledger %d does not follow ledger %d", c.Header.LedgerSeq, s.header.LedgerSeq)
	}
	for _, ch := range c.Changed {
		if ch.Entry == nil {
			delete(s.entries, ch.Key)
		} else {
			s.entries[ch.Key] = ch.Entry
		}
	}
	s.header, s.hash = c.Header, c.Hash
	s.frozen = frozenOf(s.entries[frozenKey()])
	return nil
}

// Header is the last ledger's header.
func (s *State) Header() xdr.LedgerHeader { return s.header }

// Hash is the last ledger's hash.
func (s *State) Hash() [32]byte { return s.hash }

// NetworkID is the id of the network this state belongs to.
func (s *State) NetworkID() [32]byte { return s.networkID }

// Entry is an entry, nil when absent. It must not be changed.
func (s *State) Entry(k Key) *xdr.LedgerEntry { return s.entries[k] }

// Account is an account's entry, nil when absent. It must not be changed.
func (s *State) Account(id ID) *xdr.AccountEntry {
	if e := s.entries[AccountKey(id)]; e != nil {
		return e.Data.Account
	}
	return nil
}

// Available is what an account may spend beyond its reserve, in stroops; 0 when it does not exist.
func (s *State) Available(id ID) int64 {
	a := s.Account(id)
	if a == nil {
		return 0
	}
	return available(&s.header, a)
}

// Entries calls yield for every entry, in no particular order, until it returns false.
func (s *State) Entries(yield func(Key, *xdr.LedgerEntry) bool) {
	for k, e := range s.entries {
		if !yield(k, e) {
			return
		}
	}
}

// Check is what the network says to a transaction handed in now; anything but txSUCCESS and txFEE_BUMP_INNER_SUCCESS is a
// refusal. Ledger bounds and gaps are held against the next ledger, lower time bounds and ages against the last close time, and
// upper time bounds against upper (seconds), by when the transaction could land.
func (s *State) Check(t *Tx, upper uint64) xdr.TransactionResult {
	header := s.header
	header.LedgerSeq++
	l := newLayer(&ledger{header: &header, frozen: s.frozen}, s)
	return t.check(l, moment{seq: uint32(header.LedgerSeq), lower: uint64(header.ScpValue.CloseTime), upper: upper})
}

// Accepted says whether a result of Check is no refusal.
func Accepted(r xdr.TransactionResult) bool {
	return r.Result.Code == xdr.TransactionResultCodeTxSuccess || r.Result.Code == xdr.TransactionResultCodeTxFeeBumpInnerSuccess
}
