package stellar

import (
	"errors"
	"fmt"

	"github.com/restante/restante/relay"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// BaseReserve is the reserve of one unit in stroops, on the public network since 2019; a vote of validators can
// change it.
const BaseReserve = 5_000_000

// MemoRequiredKey is the name of the data entry by which an account asks for a memo on what is paid to it (SEP-29).
const MemoRequiredKey = "config.memo_required"

// Signer is a key beside the account's own. Key is in its own address form: G…, T…, X… or P….
type Signer struct {
	Key    string
	Weight uint32
}

// Account is an account entry of the ledger. Amounts are stroops.
type Account struct {
	ID            string
	Balance       relay.Stroops
	Sequence      int64
	SeqLedger     uint32 // ledger in which Sequence was last used; 0 if never
	SeqTime       int64  // its close time; 0 if never
	SubEntries    uint32 // trustlines, offers, data entries and signers
	NumSponsoring uint32
	NumSponsored  uint32
	Sponsor       string // who sponsors the account's own reserve; empty if none does or the source does not tell
	Flags         uint32
	Thresholds    [4]byte // master weight, low, medium, high
	Signers       []Signer
	Selling       relay.Stroops // liabilities
	Buying        relay.Stroops
	MemoRequired  bool // SEP-29
}

// immutable is AUTH_IMMUTABLE_FLAG: such an account cannot be merged.
const immutable = uint32(xdr.AccountFlagsAuthImmutableFlag)

// authRequired is AUTH_REQUIRED_FLAG: a new trustline for what such an account issues holds nothing until it says so.
const authRequired = uint32(xdr.AccountFlagsAuthRequiredFlag)

// AccountKey is the ledger key of an account, base64 XDR.
func AccountKey(id string) (string, error) {
	key, err := accountKey(id)
	if err != nil {
		return "", err
	}
	return xdr.MarshalBase64(key)
}

// MemoKey is the ledger key of the data entry by which an account asks for a memo, base64 XDR.
func MemoKey(id string) (string, error) {
	aid, err := accountID("account", id)
	if err != nil {
		return "", err
	}
	return xdr.MarshalBase64(xdr.LedgerKey{
		Type: xdr.LedgerEntryTypeData,
		Data: &xdr.LedgerKeyData{AccountId: aid, DataName: MemoRequiredKey},
	})
}

func accountKey(id string) (xdr.LedgerKey, error) {
	aid, err := accountID("account", id)
	if err != nil {
		return xdr.LedgerKey{}, err
	}
	return xdr.LedgerKey{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.LedgerKeyAccount{AccountId: aid}}, nil
}

// DecodeAccount reads an account from the data of a ledger entry and, if the source gives it, the entry's extension
// (which names the sponsor); both base64 XDR.
func DecodeAccount(dataXDR, extXDR string) (Account, error) {
	entry, err := decodeEntry(dataXDR, extXDR)
	if err != nil {
		return Account{}, err
	}
	return AccountFromEntry(entry)
}

func decodeEntry(dataXDR, extXDR string) (entry xdr.LedgerEntry, err error) {
	if err := xdr.SafeUnmarshalBase64(dataXDR, &entry.Data); err != nil {
		return entry, fmt.Errorf("ledger entry is not XDR: %v", err)
	}
	if extXDR != "" {
		if err := xdr.SafeUnmarshalBase64(extXDR, &entry.Ext); err != nil {
			return entry, fmt.Errorf("extension of a ledger entry is not XDR: %v", err)
		}
	}
	return entry, nil
}

// AccountFromEntry reads an account from a ledger entry.
func AccountFromEntry(e xdr.LedgerEntry) (Account, error) {
	a, ok := e.Data.GetAccount()
	if !ok {
		return Account{}, errors.New("ledger entry is not an account")
	}
	out := Account{
		ID: a.AccountId.Address(), Balance: relay.Stroops(a.Balance), Sequence: int64(a.SeqNum),
		SeqLedger: uint32(a.SeqLedger()), SeqTime: int64(a.SeqTime()), SubEntries: uint32(a.NumSubEntries),
		NumSponsoring: uint32(a.NumSponsoring()), NumSponsored: uint32(a.NumSponsored()), Flags: uint32(a.Flags),
		Thresholds: a.Thresholds,
		Selling:    relay.Stroops(a.Liabilities().Selling), Buying: relay.Stroops(a.Liabilities().Buying),
	}
	if v1, ok := e.Ext.GetV1(); ok && v1.SponsoringId != nil {
		out.Sponsor = v1.SponsoringId.Address()
	}
	for _, s := range a.Signers {
		key, err := signerAddress(s.Key)
		if err != nil {
			return Account{}, err
		}
		out.Signers = append(out.Signers, Signer{Key: key, Weight: uint32(s.Weight)})
	}
	return out, nil
}

func signerAddress(key xdr.SignerKey) (string, error) {
	if p, ok := key.GetEd25519SignedPayload(); ok && len(p.Payload) == 0 {
		// The address form has no room for an empty payload; the key counts all the same.
		return strkey.Encode(strkey.VersionByteSignedPayload, p.Ed25519[:])
	}
	s, err := key.GetAddress()
	if err != nil {
		return "", fmt.Errorf("signer of an account: %v", err)
	}
	return s, nil
}

// minBalance is the reserve an account must keep in stroops.
func (a Account) minBalance(reserve relay.Stroops) relay.Stroops {
	return relay.Stroops(2+int64(a.SubEntries)+int64(a.NumSponsoring)-int64(a.NumSponsored)) * reserve
}

// spare is what the account could pay out or lock now, in stroops; negative if it is below its reserve.
func (a Account) spare(reserve relay.Stroops) relay.Stroops {
	return a.Balance - a.minBalance(reserve) - a.Selling
}

// Free is what the account could pay out now above its reserve and its offers, in stroops, never below 0. A reserve of
// 0, from a source that does not tell, counts as the constant BaseReserve.
func (a Account) Free(baseReserve relay.Stroops) relay.Stroops {
	return max(0, a.spare(Snapshot{BaseReserve: baseReserve}.reserve()))
}

// signers are those whose signature weighs something, the account's own key first.
func (a *Account) signers() (all []Signer) {
	for _, s := range append([]Signer{{a.ID, uint32(a.Thresholds[0])}}, a.Signers...) {
		if s.Weight > 0 {
			all = append(all, s)
		}
	}
	return all
}

// wants is the weight of signatures that the ledger asks for at a level: 1 low, 2 medium, 3 high, as in Thresholds. A threshold of 0
// still wants one good signature (SignatureChecker of stellar-core).
func (a *Account) wants(level int) int { return max(1, int(a.Thresholds[level])) }

// Snapshot is a set of accounts and trustlines as they were after one ledger. One that was asked for and does not exist is
// in its map as nil; one that is not in the map was never asked for.
type Snapshot struct {
	Ledger      uint32
	CloseTime   int64         // unix seconds: of that ledger, or of one shortly before it
	BaseReserve relay.Stroops // stroops; 0 means the constant BaseReserve
	Accounts    map[string]*Account
	Lines       map[LineID]*Trustline
}

func (s Snapshot) reserve() relay.Stroops {
	if s.BaseReserve > 0 {
		return s.BaseReserve
	}
	return BaseReserve
}

// line is get for a trustline. Lumens have none, and neither has the issuer of an asset for it: both are nil without an error.
func (s Snapshot) line(account, asset string) (*Trustline, error) {
	if asset == relay.Native || account == Issuer(asset) {
		return nil, nil
	}
	l, asked := s.Lines[LineID{account, asset}]
	if !asked {
		return nil, fmt.Errorf("the trustline of %s for %s is not in the snapshot of ledger %d", account, asset, s.Ledger)
	}
	return l, nil
}

// get tells an absent account, which is an answer, from one that was not looked up, which is a fault of the caller.
func (s Snapshot) get(id string) (*Account, error) {
	a, asked := s.Accounts[id]
	if !asked {
		return nil, fmt.Errorf("account %s is not in the snapshot of ledger %d", id, s.Ledger)
	}
	return a, nil
}
