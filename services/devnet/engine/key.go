package engine

import (
	"bytes"
	"strings"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// ID is an account's ed25519 public key, comparable, unlike xdr.AccountId.
type ID [32]byte

// IDOf returns the comparable form of an account id.
func IDOf(a xdr.AccountId) ID {
	if a.Ed25519 == nil {
		return ID{}
	}
	return ID(*a.Ed25519)
}

func muxedID(m xdr.MuxedAccount) ID { return IDOf(m.ToAccountId()) }

// AccountID is the XDR form of id.
func (id ID) AccountID() xdr.AccountId {
	raw := xdr.Uint256(id)
	return xdr.AccountId{Type: xdr.PublicKeyTypePublicKeyTypeEd25519, Ed25519: &raw}
}

// Key is the binary XDR of a ledger key, usable as a map key.
type Key string

// KeyOf encodes a ledger key. It fails on keys that have no XDR form.
func KeyOf(k xdr.LedgerKey) (Key, error) {
	b, err := k.MarshalBinary()
	return Key(b), err
}

func mustKey(k xdr.LedgerKey) Key {
	b, err := KeyOf(k)
	if err != nil {
		return "" // a decoded key always encodes; "" names no entry
	}
	return b
}

// AccountKey is the key of an account's entry.
func AccountKey(id ID) Key {
	var b [40]byte
	copy(b[8:], id[:])
	return Key(b[:])
}

func trustKey(id ID, asset xdr.Asset) Key {
	return mustKey(xdr.LedgerKey{Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.LedgerKeyTrustLine{
		AccountId: id.AccountID(), Asset: asset.ToTrustLineAsset()}})
}

func dataKey(id ID, name xdr.String64) Key {
	return mustKey(xdr.LedgerKey{Type: xdr.LedgerEntryTypeData, Data: &xdr.LedgerKeyData{
		AccountId: id.AccountID(), DataName: name}})
}

func balanceKey(id xdr.ClaimableBalanceId) Key {
	return mustKey(xdr.LedgerKey{Type: xdr.LedgerEntryTypeClaimableBalance,
		ClaimableBalance: &xdr.LedgerKeyClaimableBalance{BalanceId: id}})
}

func entryKey(e *xdr.LedgerEntry) Key {
	if e.Data.Type == xdr.LedgerEntryTypeAccount && e.Data.Account != nil {
		return AccountKey(IDOf(e.Data.Account.AccountId))
	}
	k, err := e.LedgerKey()
	if err != nil {
		return ""
	}
	return mustKey(k)
}

// compareSigners is the order of signers in an account: by kind, then by key, then by payload.
func compareSigners(a, b xdr.SignerKey) int {
	if a.Type != b.Type {
		return int(a.Type) - int(b.Type)
	}
	ak, ap := signerParts(a)
	bk, bp := signerParts(b)
	if c := bytes.Compare(ak[:], bk[:]); c != 0 {
		return c
	}
	return strings.Compare(string(ap), string(bp))
}

func signerParts(k xdr.SignerKey) (key [32]byte, payload []byte) {
	switch k.Type {
	case xdr.SignerKeyTypeSignerKeyTypeEd25519:
		return *k.Ed25519, nil
	case xdr.SignerKeyTypeSignerKeyTypePreAuthTx:
		return *k.PreAuthTx, nil
	case xdr.SignerKeyTypeSignerKeyTypeHashX:
		return *k.HashX, nil
	case xdr.SignerKeyTypeSignerKeyTypeEd25519SignedPayload:
		return k.Ed25519SignedPayload.Ed25519, k.Ed25519SignedPayload.Payload
	}
	return key, nil
}
