package stellar

import (
	"errors"
	"math"
)

// ClaimPlan moves everything out of a holding account into the claimant's account. The holding account is its own
// channel. Both ends are required: a claim that could land at any time would hold up the way back.
type ClaimPlan struct {
	Passphrase  string
	Holding     string
	Destination string
	NewAccount  bool   // make Destination first; it signs too
	Sponsor     string // only with NewAccount: keeps the new account's reserve; a third account (the holding account would be IS_SPONSOR)
	Sequence    int64  // the number the envelope carries: the holding account's current one plus 1
	MaxTime     int64  // unix seconds, included
	LastLedger  uint32 // the last ledger in which it can land
	Memo        Memo   // only for an existing account that asks for one
}

// BuildClaim returns the unsigned envelope. New account: Begin(sponsor), CreateAccount(destination, 0), End,
// AccountMerge. Existing account: AccountMerge alone.
func BuildClaim(p ClaimPlan) (Tx, error) {
	d, f, err := claimDraft(p, 0)
	if err != nil {
		return Tx{}, err
	}
	return d.build(f)
}

func claimDraft(p ClaimPlan, fee uint32) (*draft, frame, error) {
	if err := p.validate(); err != nil {
		return nil, frame{}, err
	}
	d := &draft{}
	if p.NewAccount {
		d.begin(p.Sponsor, p.Destination)
		d.create(p.Sponsor, p.Destination, 0)
		d.end(p.Destination)
	}
	d.merge(p.Holding, p.Destination)
	return d, frame{
		passphrase: p.Passphrase, source: p.Holding, sequence: p.Sequence, fee: fee, memo: p.Memo,
		bounds: Bounds{MaxTime: p.MaxTime, MaxLedger: p.LastLedger + 1},
	}, nil
}

func (p ClaimPlan) validate() error {
	switch {
	case p.MaxTime <= 0:
		return errors.New("claim without an end in time")
	case p.LastLedger == 0 || p.LastLedger == math.MaxUint32:
		return errors.New("claim without a last ledger")
	case p.Holding == p.Destination:
		return errors.New("holding account claims into itself")
	case !p.NewAccount && p.Sponsor != "":
		return errors.New("claim into an existing account needs no sponsor")
	case p.NewAccount && (p.Sponsor == p.Holding || p.Sponsor == p.Destination):
		return errors.New("new account must be sponsored by a third account")
	case p.NewAccount && p.Memo != Memo{}:
		return errors.New("claim into a new account carries no memo")
	}
	return nil
}
