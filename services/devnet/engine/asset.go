package engine

import (
	"bytes"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// validCredit asks whether an asset is a credit with a well-formed code: letters and digits, then zero bytes, and a long
// code longer than four.
func validCredit(a xdr.Asset) bool {
	switch a.Type {
	case xdr.AssetTypeAssetTypeCreditAlphanum4:
		return validCode(a.AlphaNum4.AssetCode[:], 1)
	case xdr.AssetTypeAssetTypeCreditAlphanum12:
		return validCode(a.AlphaNum12.AssetCode[:], 5)
	}
	return false
}

func validCode(code []byte, least int) bool {
	name := bytes.TrimRight(code, "\x00")
	for _, c := range name {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
			return false
		}
	}
	return len(name) >= least
}

func validAsset(a xdr.Asset) bool { return isNative(a) || validCredit(a) }

func isNative(a xdr.Asset) bool { return a.Type == xdr.AssetTypeAssetTypeNative }

func issuer(a xdr.Asset) ID {
	switch a.Type {
	case xdr.AssetTypeAssetTypeCreditAlphanum4:
		return IDOf(a.AlphaNum4.Issuer)
	case xdr.AssetTypeAssetTypeCreditAlphanum12:
		return IDOf(a.AlphaNum12.Issuer)
	}
	return ID{}
}

// lineAsset is the plain form of a trustline's asset; pool shares have none.
func lineAsset(a xdr.TrustLineAsset) (xdr.Asset, bool) {
	return xdr.Asset{Type: a.Type, AlphaNum4: a.AlphaNum4, AlphaNum12: a.AlphaNum12}, a.Type != xdr.AssetTypeAssetTypePoolShare
}

func assetOfCode(c xdr.AssetCode, issuer ID) xdr.Asset {
	switch c.Type {
	case xdr.AssetTypeAssetTypeCreditAlphanum4:
		return xdr.Asset{Type: c.Type, AlphaNum4: &xdr.AlphaNum4{AssetCode: *c.AssetCode4, Issuer: issuer.AccountID()}}
	case xdr.AssetTypeAssetTypeCreditAlphanum12:
		return xdr.Asset{Type: c.Type, AlphaNum12: &xdr.AlphaNum12{AssetCode: *c.AssetCode12, Issuer: issuer.AccountID()}}
	}
	return xdr.Asset{Type: c.Type}
}
