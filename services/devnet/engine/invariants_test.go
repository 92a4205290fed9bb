package engine_test

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// reserves is what an account's counters must say, counted from the entries themselves.
type reserves struct{ sub, sponsored, sponsoring uint32 }

// checkInvariants asks what must be true of every ledger: all lumens are somewhere, no balance is negative or over its limit,
// and all counters of reserves add up.
func checkInvariants(t testing.TB, s *engine.State) {
	t.Helper()
	want := map[engine.ID]*reserves{}
	at := func(id engine.ID) *reserves {
		if want[id] == nil {
			want[id] = &reserves{}
		}
		return want[id]
	}
	h := s.Header()
	lumens := int64(h.FeePool)
	for _, e := range s.Entries {
		var owner *engine.ID
		units := uint32(1)
		switch e.Data.Type {
		case xdr.LedgerEntryTypeAccount:
			a := e.Data.Account
			id := engine.IDOf(a.AccountId)
			owner, units = &id, 2
			lumens += int64(a.Balance)
			countSigners(t, a, at)
			if a.Balance < 0 {
				t.Errorf("%s has %d stroops", a.AccountId.Address(), a.Balance)
			}
		case xdr.LedgerEntryTypeTrustline:
			line := e.Data.TrustLine
			id := engine.IDOf(line.AccountId)
			owner = &id
			at(id).sub++
			if line.Balance < 0 || line.Balance > line.Limit || line.Limit <= 0 || line.Flags&3 == 3 {
				t.Errorf("line of %s: %+v", line.AccountId.Address(), line)
			}
		case xdr.LedgerEntryTypeData:
			id := engine.IDOf(e.Data.Data.AccountId)
			owner = &id
			at(id).sub++
		case xdr.LedgerEntryTypeClaimableBalance:
			b := e.Data.ClaimableBalance
			units = uint32(len(b.Claimants))
			if b.Asset.Type == xdr.AssetTypeAssetTypeNative {
				lumens += int64(b.Amount)
			}
			if b.Amount <= 0 || e.Ext.V1 == nil || e.Ext.V1.SponsoringId == nil {
				t.Errorf("claimable balance of %d without a sponsor", b.Amount)
			}
		}
		if e.Ext.V1 != nil && e.Ext.V1.SponsoringId != nil {
			at(engine.IDOf(*e.Ext.V1.SponsoringId)).sponsoring += units
			if owner != nil {
				at(*owner).sponsored += units
			}
		}
	}
	if lumens != engine.TotalCoins {
		t.Errorf("ledger %d: %d stroops are missing", h.LedgerSeq, engine.TotalCoins-lumens)
	}
	for id, w := range want {
		a := s.Account(id)
		if a == nil {
			t.Errorf("ledger %d: %s is gone and still carries %+v", h.LedgerSeq, id.AccountID().Address(), *w)
			continue
		}
		got := reserves{uint32(a.NumSubEntries), uint32(a.NumSponsored()), uint32(a.NumSponsoring())}
		if got != *w {
			t.Errorf("ledger %d: %s counts %+v, has %+v", h.LedgerSeq, id.AccountID().Address(), got, *w)
		}
	}
}

func countSigners(t testing.TB, a *xdr.AccountEntry, at func(engine.ID) *reserves) {
	t.Helper()
	own := at(engine.IDOf(a.AccountId))
	own.sub += uint32(len(a.Signers))
	ids := a.SignerSponsoringIDs()
	if len(ids) != 0 && len(ids) != len(a.Signers) {
		t.Errorf("%s: %d signers, %d sponsors of signers", a.AccountId.Address(), len(a.Signers), len(ids))
	}
	for _, id := range ids {
		if id != nil {
			own.sponsored++
			at(engine.IDOf(*id)).sponsoring++
		}
	}
}
