package relay

import (
	"math"
	"strconv"
	"strings"
)

// Stroops is an amount in units of 1e-7, the ledger's own integer (SEP-23 and XDR: int64). Never a float.
type Stroops int64

// One is a whole unit: 10,000,000 stroops.
const One Stroops = 10_000_000

// ParseAmount reads a positive decimal with at most 7 places ("25", "0.0000001") as stroops. It refuses signs, exponents,
// spaces, empty parts, zero, an eighth decimal, and what does not fit in int64. The error is of kind [Invalid].
func ParseAmount(s string) (Stroops, error) {
	whole, frac, dotted := strings.Cut(s, ".")
	if whole == "" || (dotted && frac == "") || !digits(whole) || !digits(frac) {
		return 0, InvalidFault("amount_malformed", "/amount", "an amount is a decimal number like \"25\" or \"0.5\"")
	}
	if len(frac) > 7 {
		return 0, InvalidFault("amount_too_precise", "/amount", "an amount has at most 7 decimals")
	}
	n, err := strconv.ParseInt(whole+frac+strings.Repeat("0", 7-len(frac)), 10, 64)
	if err != nil {
		return 0, InvalidFault("amount_too_large", "/amount", "an amount is at most "+Stroops(math.MaxInt64).String())
	}
	if n == 0 {
		return 0, InvalidFault("amount_zero", "/amount", "an amount is more than zero")
	}
	return Stroops(n), nil
}

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// String is the shortest decimal that says the amount exactly: "25", "0.5", "-1.0000001".
func (s Stroops) String() string {
	sign, n := "", uint64(s)
	if s < 0 {
		sign, n = "-", -n
	}
	out := strconv.FormatUint(n/uint64(One), 10)
	if rest := n % uint64(One); rest != 0 {
		f := strconv.FormatUint(rest+uint64(One), 10)[1:]
		out += "." + strings.TrimRight(f, "0")
	}
	return sign + out
}
