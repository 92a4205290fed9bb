package stellar

import (
	"errors"

	"github.com/restante/restante/relay"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// ReclaimPlan takes the sponsor's reserves back from entries of others, which carry them from then on (CAP-33).
type ReclaimPlan struct {
	Passphrase string
	Sponsor    string // source, and who signs
	Sequence   int64  // its current number plus 1
	MaxTime    int64  // unix seconds, included
	LastLedger uint32
	Fee        uint32 // stroops, for the whole
	Entries    []SponsoredEntry
}

// SponsoredEntry is an account, or its trustline for a credit asset.
type SponsoredEntry struct {
	Account string
	Asset   string // relay.Native: the account itself
}

// BuildReclaim returns the unsigned envelope: one RevokeSponsorship for each entry.
func BuildReclaim(p ReclaimPlan) (Tx, error) {
	if len(p.Entries) == 0 || p.MaxTime <= 0 || p.LastLedger == 0 || p.Fee == 0 {
		return Tx{}, errors.New("reserves are taken back from some entry, for a fee, with an end")
	}
	d := &draft{}
	for _, e := range p.Entries {
		d.revoke(p.Sponsor, e)
	}
	return d.build(frame{
		passphrase: p.Passphrase, source: p.Sponsor, sequence: p.Sequence, fee: p.Fee,
		bounds: Bounds{MaxTime: p.MaxTime, MaxLedger: p.LastLedger + 1},
	})
}

func (d *draft) revoke(sponsor string, e SponsoredEntry) {
	id := d.account("sponsored account", e.Account)
	key := xdr.LedgerKey{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.LedgerKeyAccount{AccountId: id}}
	if e.Asset != relay.Native {
		line := d.asset(e.Asset).ToTrustLineAsset()
		key = xdr.LedgerKey{Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.LedgerKeyTrustLine{AccountId: id, Asset: line}}
	}
	d.add(sponsor, xdr.OperationBody{
		Type:                xdr.OperationTypeRevokeSponsorship,
		RevokeSponsorshipOp: &xdr.RevokeSponsorshipOp{Type: xdr.RevokeSponsorshipTypeRevokeSponsorshipLedgerEntry, LedgerKey: &key},
	})
}
