package stellar

import (
	"errors"
	"fmt"
	"math"
)

// opsPerFunding is the length of the bracket that makes one holding account.
const opsPerFunding = 3

// Holding is one account to make: its starting balance is the payment's amount exactly, in stroops, because its
// reserve is the sponsor's (CAP-33).
type Holding struct {
	Account string
	Amount  int64
}

// FundingPlan is one envelope that makes holding accounts for many payments.
//
// Channel lends the sequence number, Sponsor the reserves, Treasury pays the amounts; they may be one account or
// three. The envelope lands in ledger LastLedger or before and not after MaxTime: without both ends a funding could
// land after its payment was funded again.
type FundingPlan struct {
	Passphrase string
	Channel    string
	Sponsor    string
	Treasury   string
	Sequence   int64 // the number the envelope carries: the channel's current one plus 1
	MaxTime    int64 // unix seconds, included
	LastLedger uint32
	Payments   []Holding
}

// FundingCapacity says how many payments fit in one funding envelope when the given accounts sign it besides the
// holding accounts: 20 signatures less one for each distinct key (17 for three, 18 for two), and never more than the
// operations allow.
func FundingCapacity(keys ...string) int {
	distinct := map[string]bool{}
	for _, k := range keys {
		distinct[k] = true
	}
	return max(0, min(MaxSignatures-len(distinct), MaxOperations/opsPerFunding))
}

// BuildFunding returns the unsigned envelope: for each payment Begin(sponsor), CreateAccount(by the treasury), End.
// The holding accounts sign too, for End.
func BuildFunding(p FundingPlan) (Tx, error) {
	d, f, err := fundingDraft(p)
	if err != nil {
		return Tx{}, err
	}
	return d.build(f)
}

func fundingDraft(p FundingPlan) (*draft, frame, error) {
	if err := p.validate(); err != nil {
		return nil, frame{}, err
	}
	d := &draft{}
	for _, h := range p.Payments {
		d.begin(p.Sponsor, h.Account)
		d.create(p.Treasury, h.Account, h.Amount)
		d.end(h.Account)
	}
	return d, frame{
		passphrase: p.Passphrase, source: p.Channel, sequence: p.Sequence,
		bounds: Bounds{MaxTime: p.MaxTime, MaxLedger: p.LastLedger + 1},
	}, nil
}

func (p FundingPlan) validate() error {
	most := FundingCapacity(p.Channel, p.Sponsor, p.Treasury)
	switch {
	case len(p.Payments) == 0:
		return errors.New("funding without payments")
	case len(p.Payments) > most:
		return fmt.Errorf("%d payments in one funding, at most %d can be signed", len(p.Payments), most)
	case p.MaxTime <= 0:
		return errors.New("funding without an end in time")
	case p.LastLedger == 0 || p.LastLedger == math.MaxUint32:
		return errors.New("funding without a last ledger")
	}
	seen := map[string]bool{p.Channel: true, p.Sponsor: true, p.Treasury: true}
	var sum int64
	for _, h := range p.Payments {
		if seen[h.Account] {
			return fmt.Errorf("holding account %s is used twice in one funding", h.Account)
		}
		seen[h.Account] = true
		if h.Amount <= 0 || h.Amount > math.MaxInt64-sum {
			return fmt.Errorf("amount %d of %s is not positive or too large", h.Amount, h.Account)
		}
		sum += h.Amount
	}
	return nil
}
