package engine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"
)

const (
	freezingSince = 26 // protocol of CAP-77
	droppingSince = 28 // protocol of CAP-83
)

// ErrProtocol is returned for what the ledger's protocol does not know yet.
var ErrProtocol = errors.New("engine: the ledger's protocol is too old for this")

// Freezable is the key of an entry that may be frozen: an account, or a trustline that is not the issuer's own (CAP-77).
func Freezable(k xdr.LedgerKey) (Key, error) {
	switch {
	case k.Type == xdr.LedgerEntryTypeAccount && k.Account != nil:
		return KeyOf(k)
	case k.Type == xdr.LedgerEntryTypeTrustline && k.TrustLine != nil:
		if a, ok := lineAsset(k.TrustLine.Asset); ok && validCredit(a) && issuer(a) != IDOf(k.TrustLine.AccountId) {
			return KeyOf(k)
		}
	}
	return "", errors.New("engine: only accounts and the trustlines of holders can be frozen")
}

// frozenKey is where the ledger keeps what is frozen.
func frozenKey() Key {
	return mustKey(xdr.LedgerKey{Type: xdr.LedgerEntryTypeConfigSetting, ConfigSetting: &xdr.LedgerKeyConfigSetting{
		ConfigSettingId: xdr.ConfigSettingIdConfigSettingFrozenLedgerKeys}})
}

func frozenOf(e *xdr.LedgerEntry) map[Key]bool {
	if e == nil || e.Data.ConfigSetting == nil || e.Data.ConfigSetting.FrozenLedgerKeys == nil {
		return nil
	}
	out := map[Key]bool{}
	for _, k := range e.Data.ConfigSetting.FrozenLedgerKeys.Keys {
		out[Key(k)] = true
	}
	return out
}

// Frozen lists what is frozen, in order.
func (s *State) Frozen() []Key {
	var out []Key
	for k := range s.frozen {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// freeze changes the list of frozen keys, after the transactions of a ledger. Keys that are there already, or not, are ignored.
func freeze(root *layer, add, remove []Key) error {
	if len(add)+len(remove) == 0 {
		return nil
	}
	if root.version() < freezingSince {
		return fmt.Errorf("%w: freezing came with %d", ErrProtocol, freezingSince)
	}
	frozen := frozenOf(root.peek(frozenKey()))
	if frozen == nil {
		frozen = map[Key]bool{}
	}
	for _, k := range add {
		frozen[k] = true
	}
	for _, k := range remove {
		delete(frozen, k)
	}
	list := &xdr.FrozenLedgerKeys{}
	for k := range frozen {
		list.Keys = append(list.Keys, xdr.EncodedLedgerKey(k))
	}
	slices.SortFunc(list.Keys, func(a, b xdr.EncodedLedgerKey) int { return slices.Compare(a, b) })
	root.create(&xdr.LedgerEntry{Data: xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeConfigSetting, ConfigSetting: &xdr.ConfigSettingEntry{
		ConfigSettingId: xdr.ConfigSettingIdConfigSettingFrozenLedgerKeys, FrozenLedgerKeys: list}}})
	return nil
}

// toucher is an operation that names entries beyond its source account.
type toucher interface{ touches(source ID) []Key }

// touchesFrozen asks whether a transaction names anything frozen: its source, those of its operations, and the entries that an
// operation is about (CAP-77, "frozen key validation").
func (t *Tx) touchesFrozen(l *layer) bool {
	if len(l.frozen) == 0 {
		return false
	}
	if l.frozen[AccountKey(t.source)] {
		return true
	}
	for i, op := range t.ops {
		if l.frozen[AccountKey(t.auth[i])] {
			return true
		}
		if op, ok := op.(toucher); ok && slices.ContainsFunc(op.touches(t.auth[i]), func(k Key) bool { return l.frozen[k] }) {
			return true
		}
	}
	return false
}

// holding is where an account holds an asset.
func holding(id ID, asset xdr.Asset) Key {
	if isNative(asset) {
		return AccountKey(id)
	}
	return trustKey(id, asset)
}

func (o payment) touches(source ID) []Key {
	return []Key{holding(source, o.Asset), holding(muxedID(o.Destination), o.Asset)}
}

func (o createAccount) touches(ID) []Key { return []Key{AccountKey(IDOf(o.Destination))} }

func (o merge) touches(ID) []Key { return []Key{AccountKey(muxedID(o.into))} }

func (o createBalance) touches(source ID) []Key { return []Key{holding(source, o.Asset)} }

func (o clawback) touches(ID) []Key { return []Key{holding(muxedID(o.From), o.Asset)} }

func (o setTrustLineFlags) touches(ID) []Key { return []Key{holding(IDOf(o.Trustor), o.Asset)} }

func (o allowTrust) touches(source ID) []Key {
	return []Key{holding(IDOf(o.Trustor), assetOfCode(o.Asset, source))}
}

func (o changeTrust) touches(source ID) []Key {
	a := xdr.Asset{Type: o.Line.Type, AlphaNum4: o.Line.AlphaNum4, AlphaNum12: o.Line.AlphaNum12}
	return []Key{holding(source, a)}
}

func (o revokeSponsorship) touches(ID) []Key {
	switch {
	case o.LedgerKey != nil:
		return []Key{mustKey(*o.LedgerKey)}
	case o.Signer != nil:
		return []Key{AccountKey(IDOf(o.Signer.AccountId))}
	}
	return nil
}
