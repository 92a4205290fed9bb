package stellar

import (
	"errors"
	"fmt"
	"math"

	"github.com/restante/restante/relay"
)

// Holding is one account to make. Its reserve is the sponsor's (CAP-33), so its starting balance in lumens is the payment's
// amount exactly, or with a credit asset nothing, and the purse besides. A credit amount comes by a Payment onto a trustline
// whose limit is the amount, so that no other account can add a stroop and so keep the trustline from being removed.
type Holding struct {
	Account string
	Asset   string        // "native" or CODE:ISSUER
	Amount  relay.Stroops // stroops of the asset
	Purse   relay.Stroops // stroops of lumens on top: they pay the holding account's own fees and what the claimant's account costs
	PayTo   string        // pay this account directly, and make none: Account and Purse are empty then
}

func (h Holding) credit() bool { return h.Asset != relay.Native }

// lumens is the starting balance.
func (h Holding) lumens() relay.Stroops {
	if h.credit() {
		return h.Purse
	}
	return h.Amount + h.Purse
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
	Fee        uint32 // stroops that the channel bids for the whole; 0 when a fee bump pays
	Move       bool   // everything of Treasury, a holding account itself, goes into the one new holding account
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
	return max(0, min(MaxSignatures-len(distinct), MaxOperations/5))
}

// BuildFunding returns the unsigned envelope: of a direct payment one Payment, else for each Begin(sponsor), CreateAccount(by the
// treasury), End, with a credit asset ChangeTrust before End and Payment(by the treasury) after it. The holding accounts sign
// too, for End.
//
// A move makes the new holding account empty (by its sponsor), and closes the one it comes from: with a credit asset
// Payment and ChangeTrust 0, then AccountMerge, which carries along whatever lumens are there.
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
		if h.PayTo != "" {
			d.pay(p.Treasury, h.PayTo, h.Asset, h.Amount)
			continue
		}
		payer, lumens := p.Treasury, h.lumens()
		if p.Move {
			payer, lumens = p.Sponsor, 0
		}
		d.begin(p.Sponsor, h.Account)
		d.create(payer, h.Account, lumens)
		if h.credit() {
			d.trust(h.Account, h.Asset, h.Amount)
		}
		d.end(h.Account)
		if h.credit() {
			d.pay(p.Treasury, h.Account, h.Asset, h.Amount)
		}
		if p.Move && h.credit() {
			d.trust(p.Treasury, h.Asset, 0)
		}
		if p.Move {
			d.merge(p.Treasury, h.Account)
		}
	}
	return d, frame{
		passphrase: p.Passphrase, source: p.Channel, sequence: p.Sequence, fee: p.Fee,
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
	case p.Move && (len(p.Payments) != 1 || p.Channel != p.Treasury || p.Sponsor == p.Treasury):
		return errors.New("a move is of one payment, out of the holding account that is its own channel, sponsored by another")
	}
	seen := map[string]bool{p.Channel: true, p.Sponsor: true, p.Treasury: true}
	sums := map[string]relay.Stroops{}
	for _, h := range p.Payments {
		if h.PayTo != "" && (h.Account != "" || h.Purse != 0 || p.Move || base(h.PayTo) == p.Treasury) {
			return fmt.Errorf("payment to %s has an account of its own, or stays where it is", h.PayTo)
		}
		if h.PayTo == "" && seen[h.Account] {
			return fmt.Errorf("holding account %s is used twice in one funding", h.Account)
		}
		seen[h.Account] = true
		if h.credit() && (h.Account == Issuer(h.Asset) || p.Move && p.Treasury == Issuer(h.Asset)) {
			return fmt.Errorf("the issuer of %s is no holding account", h.Asset)
		}
		if h.Amount <= 0 || h.Amount > math.MaxInt64-sums[h.Asset] {
			return fmt.Errorf("amount %d of %s is not positive or too large", h.Amount, h.Account)
		}
		sums[h.Asset] += h.Amount
		if h.Purse < 0 || h.Purse > math.MaxInt64-sums[relay.Native] {
			return fmt.Errorf("purse %d of %s is negative or too large", h.Purse, h.Account)
		}
		sums[relay.Native] += h.Purse
	}
	return nil
}
