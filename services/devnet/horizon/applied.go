package horizon

import (
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet"
)

// applied is a transaction of the history, decoded.
type applied struct {
	*devnet.TransactionRecord
	env    xdr.TransactionEnvelope
	result xdr.TransactionResult
	meta   xdr.TransactionMeta
	fee    xdr.LedgerEntryChanges
	ops    []xdr.Operation
}

func decode(row *devnet.TransactionRecord) (*applied, error) {
	t := &applied{TransactionRecord: row}
	for _, part := range []struct {
		raw  []byte
		into interface{ UnmarshalBinary([]byte) error }
	}{{row.Envelope, &t.env}, {row.Result, &t.result}, {row.Meta, &t.meta}} {
		if err := part.into.UnmarshalBinary(part.raw); err != nil {
			return nil, fmt.Errorf("stored XDR: %v", err)
		}
	}
	if err := xdr.SafeUnmarshal(row.Fee, &t.fee); err != nil {
		return nil, fmt.Errorf("stored XDR: %v", err)
	}
	t.ops = t.env.Operations()
	return t, nil
}

// opChanges is what an operation changed; nothing when the transaction failed.
func (t *applied) opChanges(i int) xdr.LedgerEntryChanges {
	switch {
	case t.meta.V == 4 && i < len(t.meta.V4.Operations):
		return t.meta.V4.Operations[i].Changes
	case t.meta.V == 3 && i < len(t.meta.V3.Operations):
		return t.meta.V3.Operations[i].Changes
	}
	return nil
}

// eachChange visits all that the transaction changed besides its fee, in order.
func (t *applied) eachChange(visit func(xdr.LedgerEntryChange) error) error {
	lists := []xdr.LedgerEntryChanges{}
	switch t.meta.V {
	case 4:
		lists = append(lists, t.meta.V4.TxChangesBefore)
	case 3:
		lists = append(lists, t.meta.V3.TxChangesBefore)
	}
	for i := range t.ops {
		lists = append(lists, t.opChanges(i))
	}
	for _, l := range lists {
		for _, c := range l {
			if err := visit(c); err != nil {
				return err
			}
		}
	}
	return nil
}
