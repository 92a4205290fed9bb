package stellar

import (
	"errors"
	"fmt"
	"math"
)

// The return ladder, numbered by k. Rung k carries the sequence number ((L+1)<<32)-1-k, where L is the last ledger in which
// the funding can land: just below what the holding account's number would be if it were made in ledger L+1, hence above
// every number that it can have, with room for billions of ordinary transactions. With minSeqNum 0 it is valid at any lower
// number (CAP-21), and a merge wants a number below (current ledger << 32), which holds from ledger L+1 on (minLedger).
//
// Order of use: a rung that reaches the ledger consumes its number, also when it fails, and with it every rung of a
// lower number. So the LOWEST number must be tried first, that is the highest k. Lumens have two plain rungs (k = 2, 1);
// a credit asset has two (k = 3, 2) and the bare one (k = 1), which pays nothing and only closes the account, for an amount
// that the issuer has clawed back. The last resort, which must still be valid when all others are spent, is k = 0.
const (
	BareRung   = 1 // of a credit asset only
	LastResort = 0
)

// Rungs is how many rungs the ladder of an asset has.
func Rungs(asset string) int {
	if asset == Native {
		return 3
	}
	return 4
}

// Plain says that rung k pays the whole amount to the account that it returns to.
func Plain(asset string, k int) bool { return k > LastResort && (asset == Native || k != BareRung) }

// ReturnPlan is the way home for one holding account. Returns have no end, so that no delay of ours can outlive them.
type ReturnPlan struct {
	Passphrase string
	Holding    string
	ReturnTo   string
	LastLedger uint32 // L: the last ledger in which the funding can land
	Asset      string // "native" or CODE:ISSUER
	Amount     int64  // stroops of it: what the funding put into the holding account
	Fee        uint32 // stroops that the holding account bids for the whole, out of its purse; 0 when a fee bump pays
	Sponsor    string // last resort only: pays its reserve, takes the merge, co-signs when it is used
}

// Rung is one envelope of the ladder.
type Rung struct {
	Tx
	K int
}

// RungSequence is the number that rung k carries when the funding lands in lastLedger or before.
func RungSequence(lastLedger uint32, k int) int64 {
	return (int64(lastLedger)+1)<<32 - 1 - int64(k)
}

// BuildLadder returns all rungs in the order in which they are to be used, the highest k first.
func BuildLadder(p ReturnPlan) ([]Rung, error) {
	ladder := make([]Rung, 0, Rungs(p.Asset))
	for k := Rungs(p.Asset) - 1; k >= 0; k-- {
		r, err := BuildReturn(p, k)
		if err != nil {
			return nil, err
		}
		ladder = append(ladder, r)
	}
	return ladder, nil
}

// BuildReturn returns rung k, unsigned. A plain rung merges the holding account into ReturnTo, after it paid a credit amount
// there and gave up its trustline; the bare rung does the same without paying. The last resort is for a sender whose account
// can no longer take it: it puts the amount into a claimable balance that only ReturnTo can claim, whenever it can, and
// merges the rest, the purse and what strangers paid in, to the sponsor.
func BuildReturn(p ReturnPlan, k int) (Rung, error) {
	d, f, err := returnDraft(p, k)
	if err != nil {
		return Rung{}, err
	}
	tx, err := d.build(f)
	return Rung{Tx: tx, K: k}, err
}

func returnDraft(p ReturnPlan, k int) (*draft, frame, error) {
	if err := p.validate(k); err != nil {
		return nil, frame{}, err
	}
	d := &draft{}
	credit, home := p.Asset != Native, p.ReturnTo
	switch {
	case k == LastResort:
		d.begin(p.Sponsor, p.Holding)
		d.claimable(p.Holding, p.Asset, p.Amount, p.ReturnTo)
		d.end(p.Holding)
		home = p.Sponsor
	case credit && k != BareRung:
		d.pay(p.Holding, p.ReturnTo, p.Asset, p.Amount)
	}
	if credit {
		d.trust(p.Holding, p.Asset, 0)
	}
	d.merge(p.Holding, home)
	any := int64(0)
	return d, frame{
		passphrase: p.Passphrase, source: p.Holding, sequence: RungSequence(p.LastLedger, k), minSeqNum: &any, fee: p.Fee,
		bounds: Bounds{MinLedger: p.LastLedger + 1},
	}, nil
}

func (p ReturnPlan) validate(k int) error {
	switch {
	case k < 0 || k >= Rungs(p.Asset):
		return fmt.Errorf("no rung %d, the ladder has %d", k, Rungs(p.Asset))
	case p.LastLedger == 0 || p.LastLedger >= math.MaxInt32:
		// Above, the sequence numbers of that ledger no longer fit in 63 bits.
		return fmt.Errorf("last ledger %d of the funding is out of range", p.LastLedger)
	case p.Holding == p.ReturnTo:
		return errors.New("holding account returns to itself")
	case k == LastResort && (p.Sponsor == "" || p.Sponsor == p.Holding):
		return errors.New("last resort needs a sponsor that is not the holding account")
	case p.Amount <= 0 && (k == LastResort || p.Asset != Native):
		return fmt.Errorf("amount %d of rung %d is not positive", p.Amount, k)
	}
	return nil
}
