package stellar

import (
	"errors"
	"math"

	"github.com/restante/restante/relay"
)

// ClaimPlan moves everything out of a holding account into the claimant's account. The holding account is its own
// channel. Both ends are required: a claim that could land at any time would hold up the way back.
type ClaimPlan struct {
	Passphrase  string
	Holding     string
	Destination string        // of an account that exists also multiplexed (M…, SEP-23)
	Asset       string        // "native" or CODE:ISSUER
	Amount      relay.Stroops // stroops: all of it; of lumens into a new account not needed, the merge takes what is there
	NewAccount  bool          // make Destination first; it signs too, unless the holding account makes it by itself
	NewLine     bool          // give Destination, which exists, the trustline it lacks; it signs and carries the reserve
	Keeper      string        // not with NewAccount: the account that keeps the holding account's reserve; it gets what is left
	Merged      bool          // into an account that exists as it was planned before: all of it by the merge. Read, never built anew
	Sponsor     string        // only with NewAccount: keeps the new account's reserve; a third account (the holding account would be IS_SPONSOR); "" the holding account pays for it out of its purse
	Sequence    int64         // the number the envelope carries: the holding account's current one plus 1
	MaxTime     int64         // unix seconds, included
	LastLedger  uint32        // the last ledger in which it can land
	Fee         uint32        // stroops that the holding account bids for the whole, out of its purse; 0 when a fee bump pays
	Memo        Memo          // only for an existing account that asks for one
}

// BuildClaim returns the unsigned envelope.
//
//	existing account, lumens   Payment, AccountMerge to the keeper
//	existing account, credit   (ChangeTrust by it), Payment, ChangeTrust 0, AccountMerge to the keeper
//	new account, sponsored     Begin, CreateAccount, (ChangeTrust), End, (Payment, ChangeTrust 0), AccountMerge to it
//	new account, by the purse  CreateAccount, (ChangeTrust), (Payment, ChangeTrust 0), AccountMerge to it
//
// An account that exists may be an exchange's, which takes a Payment for a deposit, and a merge for nothing.
func BuildClaim(p ClaimPlan) (Tx, error) {
	if p.Merged {
		return Tx{}, errors.New("a claim into an existing account is a payment, not a merge")
	}
	d, f, err := claimDraft(p)
	if err != nil {
		return Tx{}, err
	}
	return d.build(f)
}

func claimDraft(p ClaimPlan) (*draft, frame, error) {
	if err := p.validate(); err != nil {
		return nil, frame{}, err
	}
	d := &draft{}
	credit := p.Asset != relay.Native
	switch {
	case p.NewAccount && p.Sponsor != "":
		start := relay.Stroops(0)
		if credit {
			start = relay.FirstFees
		}
		d.begin(p.Sponsor, p.Destination)
		d.create(p.Sponsor, p.Destination, start)
		if credit {
			d.trust(p.Destination, p.Asset, MostLimit)
		}
		d.end(p.Destination)
	case p.NewAccount:
		d.create(p.Holding, p.Destination, Prices.NewAccount(p.Asset))
		if credit {
			d.trust(p.Destination, p.Asset, MostLimit)
		}
	case p.NewLine:
		d.trust(base(p.Destination), p.Asset, MostLimit)
	}
	if credit || !p.NewAccount {
		d.pay(p.Holding, p.Destination, p.Asset, p.Amount)
	}
	if credit {
		d.trust(p.Holding, p.Asset, 0)
	}
	d.merge(p.Holding, p.rest())
	return d, frame{
		passphrase: p.Passphrase, source: p.Holding, sequence: p.Sequence, fee: p.Fee, memo: p.Memo,
		bounds: Bounds{MaxTime: p.MaxTime, MaxLedger: p.LastLedger + 1},
	}, nil
}

// rest is where the holding account merges: what is left of it belongs to the account that made it, and to a new account all of it.
func (p ClaimPlan) rest() string {
	if p.NewAccount || p.Merged {
		return p.Destination
	}
	return p.Keeper
}

func (p ClaimPlan) validate() error {
	switch {
	case p.NewAccount && (p.Keeper != "" || p.Merged), !p.NewAccount && (p.Keeper == "") != p.Merged:
		return errors.New("what is left of a claim into an existing account goes to the keeper of the reserve, and else to the new account")
	case p.Holding == p.Keeper:
		return errors.New("holding account keeps its own reserve")
	case p.MaxTime <= 0:
		return errors.New("claim without an end in time")
	case p.LastLedger == 0 || p.LastLedger == math.MaxUint32:
		return errors.New("claim without a last ledger")
	case p.Holding == base(p.Destination):
		return errors.New("holding account claims into itself")
	case p.Amount <= 0 && (p.Asset != relay.Native || p.Keeper != ""):
		return errors.New("claim without its amount")
	case p.NewLine && (p.NewAccount || p.Asset == relay.Native):
		return errors.New("only an existing account is given a trustline by itself, and lumens need none")
	case (p.NewLine || p.NewAccount && p.Asset != relay.Native) && base(p.Destination) == Issuer(p.Asset):
		return errors.New("the issuer of an asset has no trustline for it")
	case !p.NewAccount && p.Sponsor != "":
		return errors.New("claim into an existing account needs no sponsor")
	case p.NewAccount && (p.Sponsor == p.Holding || p.Sponsor == p.Destination):
		return errors.New("new account must be sponsored by a third account")
	case p.NewAccount && base(p.Destination) != p.Destination:
		return errors.New("a multiplexed address is of an account that exists")
	case p.NewAccount && p.Memo != Memo{}:
		return errors.New("claim into a new account carries no memo")
	case p.Memo != Memo{} && base(p.Destination) != p.Destination:
		return errors.New("a multiplexed address says whose it is, a memo would say it twice")
	}
	return nil
}
