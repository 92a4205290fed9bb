package box

import (
	"strconv"
	"strings"

	"github.com/stellar/go-stellar-sdk/strkey"
)

const (
	native    = "native"
	perUnit   = 10_000_000 // stroops
	decimals  = 7
	maxDigits = 19 + 1 // of an int64, and the point
)

// formatAmount writes positive stroops in whole units with up to 7 decimals,
// without zeros at the end: 1, 0.5, 922337203685.4775807.
func formatAmount(stroops int64) string {
	whole := strconv.FormatInt(stroops/perUnit, 10)
	part := strconv.FormatInt(stroops%perUnit+perUnit, 10)[1:] // with leading zeros
	part = strings.TrimRight(part, "0")
	if part == "" {
		return whole
	}
	return whole + "." + part
}

// parseAmount reads exactly what formatAmount writes.
func parseAmount(text string) (int64, bool) {
	if len(text) > maxDigits {
		return 0, false
	}
	whole, part, _ := strings.Cut(text, ".")
	if len(part) > decimals {
		return 0, false
	}
	stroops, err := strconv.ParseInt(whole+part+strings.Repeat("0", decimals-len(part)), 10, 64)
	// ParseInt takes signs and leading zeros; writing it again refuses them.
	if err != nil || stroops <= 0 || formatAmount(stroops) != text {
		return 0, false
	}
	return stroops, true
}

// validAsset accepts "native" and CODE:ISSUER, the code 1 to 12 letters or digits.
func validAsset(asset string) bool {
	if asset == native {
		return true
	}
	code, issuer, ok := strings.Cut(asset, ":")
	if !ok || len(code) < 1 || len(code) > 12 || !strkey.IsValidEd25519PublicKey(issuer) {
		return false
	}
	for _, c := range []byte(code) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9') {
			return false
		}
	}
	return true
}
