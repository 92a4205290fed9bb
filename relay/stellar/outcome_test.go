package stellar

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
)

// TestRefusals: of every code of a transaction that there is, those which our rules depend on.
func TestRefusals(t *testing.T) {
	want := map[xdr.TransactionResultCode]relay.Refusal{
		xdr.TransactionResultCodeTxFrozenKeyAccessed:   relay.RefusedFrozen,
		xdr.TransactionResultCodeTxInsufficientBalance: relay.RefusedShort,
		xdr.TransactionResultCodeTxTooLate:             relay.RefusedLate,
	}
	for code := int32(-100); code < 100; code++ {
		c := xdr.TransactionResultCode(code)
		if c.ValidEnum(code) {
			if got := RefusalOf(word(c.String(), "TransactionResultCode")); got != want[c] {
				t.Errorf("%s: %q, want %q", c, got, want[c])
			}
		}
	}
}
