package stellar

import (
	"fmt"
	"math"
	"strings"

	"github.com/restante/restante/relay"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// assetOf reads an asset as strictly as it is written.
func assetOf(text string) (xdr.Asset, error) {
	if text == relay.Native {
		return xdr.MustNewNativeAsset(), nil
	}
	code, issuer, ok := strings.Cut(text, ":")
	if !ok {
		return xdr.Asset{}, fmt.Errorf("asset %q is neither native nor CODE:ISSUER", text)
	}
	if _, err := accountID("issuer", issuer); err != nil {
		return xdr.Asset{}, err
	}
	a, err := xdr.NewCreditAsset(code, issuer)
	if err != nil || strings.Trim(code, codeBytes) != "" {
		return xdr.Asset{}, fmt.Errorf("asset code %q has 1 to 12 letters and digits", code)
	}
	return a, nil
}

const codeBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// CheckAsset says whether an asset is spelled well, the checksum of its issuer included.
func CheckAsset(text string) error {
	_, err := assetOf(text)
	return err
}

// Issuer is the account that issues a credit asset; "" for lumens.
func Issuer(asset string) string {
	_, issuer, _ := strings.Cut(asset, ":")
	return issuer
}

// assetText is how we spell an asset of the wire. Assets of another kind than ours come out as they are spelled elsewhere.
func assetText(a xdr.Asset) string {
	if a.Type == xdr.AssetTypeAssetTypeNative {
		return relay.Native
	}
	return strings.TrimRight(a.GetCode(), "\x00") + ":" + a.GetIssuer() // on the wire, a code fills 4 bytes or 12
}

// Trustline is what an account holds of one credit asset, in stroops.
type Trustline struct {
	Account, Asset  string
	Balance, Limit  relay.Stroops
	Selling, Buying relay.Stroops // liabilities
	Flags           uint32        // as on the wire: 1 authorised, 2 may keep its offers only, 4 can be clawed back
	Sponsor         string        // who keeps its reserve; "" itself, or the source does not say
}

type LineID struct{ Account, Asset string }

const (
	lineAuthorized = uint32(xdr.TrustLineFlagsAuthorizedFlag)
	lineClawback   = uint32(xdr.TrustLineFlagsTrustlineClawbackEnabledFlag)
)

// Authorized says that the issuer lets the asset move.
func (l *Trustline) Authorized() bool { return l.Flags&lineAuthorized != 0 }

// Clawback says that the issuer can take the asset back.
func (l *Trustline) Clawback() bool { return l.Flags&lineClawback != 0 }

// Spendable is what it could pay out now, in stroops.
func (l *Trustline) Spendable() relay.Stroops { return max(0, l.Balance-l.Selling) }

// Room is what it could take in now, in stroops.
func (l *Trustline) Room() relay.Stroops { return max(0, l.Limit-l.Balance-l.Buying) }

// LineKey is the ledger key of a trustline, base64 XDR.
func LineKey(id LineID) (string, error) {
	account, err := accountID("account", id.Account)
	if err != nil {
		return "", err
	}
	asset, err := assetOf(id.Asset)
	if err != nil {
		return "", err
	}
	return xdr.MarshalBase64(xdr.LedgerKey{
		Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.LedgerKeyTrustLine{AccountId: account, Asset: asset.ToTrustLineAsset()},
	})
}

// DecodeLine reads a trustline from the data of a ledger entry and, if the source gives it, the entry's extension (which names
// the sponsor); both base64 XDR.
func DecodeLine(dataXDR, extXDR string) (Trustline, error) {
	entry, err := decodeEntry(dataXDR, extXDR)
	if err != nil {
		return Trustline{}, err
	}
	return LineFromEntry(entry)
}

// LineFromEntry reads a trustline of a credit asset from a ledger entry.
func LineFromEntry(e xdr.LedgerEntry) (Trustline, error) {
	t, ok := e.Data.GetTrustLine()
	if !ok || t.Asset.Type == xdr.AssetTypeAssetTypePoolShare {
		return Trustline{}, fmt.Errorf("ledger entry is not the trustline of an asset")
	}
	out := Trustline{
		Account: t.AccountId.Address(), Asset: assetText(t.Asset.ToAsset()), Balance: relay.Stroops(t.Balance), Limit: relay.Stroops(t.Limit),
		Selling: relay.Stroops(t.Liabilities().Selling), Buying: relay.Stroops(t.Liabilities().Buying), Flags: uint32(t.Flags),
	}
	if v1, ok := e.Ext.GetV1(); ok && v1.SponsoringId != nil {
		out.Sponsor = v1.SponsoringId.Address()
	}
	return out, nil
}

// MostLimit is the highest limit that a trustline can have, in stroops.
const MostLimit = math.MaxInt64
