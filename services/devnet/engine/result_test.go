package engine

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// TestEveryResultEncodes makes the result of every kind with every code that its XDR knows.
func TestEveryResultEncodes(t *testing.T) {
	kinds := 0
	for kind := xdr.OperationType(0); kind.ValidEnum(int32(kind)); kind++ {
		kinds++
		r := outcome{}.result(kind)
		if r.Tr == nil || r.Tr.Type != kind {
			t.Errorf("kind %d: success is %+v", kind, r)
		}
		if _, err := r.MarshalBinary(); err != nil {
			t.Errorf("kind %d: %v", kind, err)
		}
	}
	if kinds < 24 {
		t.Errorf("only %d kinds", kinds)
	}
	for _, o := range []struct {
		kind xdr.OperationType
		code int32
	}{
		{xdr.OperationTypeCreateAccount, -4}, {xdr.OperationTypePayment, -9}, {xdr.OperationTypeSetOptions, -10},
		{xdr.OperationTypeChangeTrust, -8}, {xdr.OperationTypeAllowTrust, -6}, {xdr.OperationTypeAccountMerge, -7},
		{xdr.OperationTypeManageData, -4}, {xdr.OperationTypeBumpSequence, -1}, {xdr.OperationTypeCreateClaimableBalance, -5},
		{xdr.OperationTypeClaimClaimableBalance, -5}, {xdr.OperationTypeBeginSponsoringFutureReserves, -3},
		{xdr.OperationTypeEndSponsoringFutureReserves, -1}, {xdr.OperationTypeRevokeSponsorship, -5}, {xdr.OperationTypeClawback, -4},
		{xdr.OperationTypeClawbackClaimableBalance, -3}, {xdr.OperationTypeSetTrustLineFlags, -5},
	} {
		for code := o.code; code <= 0; code++ {
			r := outcome{code: code}.result(o.kind)
			raw, err := r.MarshalBinary()
			if err != nil || int8(raw[11]) != int8(code) {
				t.Errorf("kind %d code %d: %x %v", o.kind, code, raw, err)
			}
		}
	}
}
