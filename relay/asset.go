package relay

import "strings"

// Native is the asset of lumens, as rows, boxes and the API spell it. A credit asset is spelled CODE:ISSUER.
const Native = "native"

// ParseAsset reads an asset: "native" (also "XLM" and ""), or CODE:ISSUER with a code of 1 to 12 letters and digits and the
// issuer's account, G… of 56 characters. Whether the issuer's checksum is right, and whether there is such an issuer, says
// the ledger's adapter. An issued asset that is called as lumens are, in any case, is refused. The error is of kind [Invalid].
func ParseAsset(s string) (string, error) {
	switch s {
	case "", Native, "XLM":
		return Native, nil
	}
	code, issuer, ok := strings.Cut(s, ":")
	if !ok || len(code) == 0 || len(code) > 12 || strings.Trim(code, nameBytes) != "" || strings.Contains(code, "-") ||
		len(issuer) != 56 || issuer[0] != 'G' || strings.Trim(issuer, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return "", InvalidFault("asset_malformed", "/asset", `an asset is "native", or CODE:ISSUER with the issuer's account, G…`)
	}
	if upper := strings.ToUpper(code); upper == "XLM" || upper == "NATIVE" {
		return "", InvalidFault("asset_impostor", "/asset", "an issued asset called "+code+" would be taken for lumens; lumens are \"native\"")
	}
	return s, nil
}

// IsNative says that the payment is of lumens.
func (p Payment) IsNative() bool { return p.Asset == Native || p.Asset == "" }

// Money is the amount with its unit, for people; see [Money].
func (p Payment) Money() string { return Money(p.Amount.String(), p.Asset) }

// AssetUnits is how many base reserves an account locks that holds the asset: two for itself (CAP-33), one for a trustline.
func AssetUnits(asset string) int {
	if asset == Native || asset == "" {
		return AccountUnits
	}
	return AccountUnits + 1
}
