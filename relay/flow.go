package relay

import "slices"

// What a transaction cost and moved, for each of its payments. The ledger's own figures count, to the stroop: what
// arrived is read from what the operations did, and a fee is charged to the account that the ledger charged.

// Payer says who paid a fee, as seen from one payment.
type Payer string

const (
	PayerUsual   Payer = ""        // who pays for this payment: the service, or the sender out of a wallet
	PayerHolding Payer = "holding" // the holding account, so the sender, out of the purse
	PayerOther   Payer = "other"   // another account: its owner handed the envelope in
)

// payerOf says who paid for the landing of e.
func (p Payment) payerOf(e Envelope, s Sighting) Payer {
	own := s.Payer == p.From || s.Payer == p.Sponsor
	channel := e.Kind == FundingEnvelope && s.Payer == e.Source
	switch {
	case s.Payer == "":
		return PayerUsual // it is not known; records from before have only these
	case s.Payer == p.Holding:
		return PayerHolding
	case p.FromWallet() && own, !p.FromWallet() && (s.Service || channel):
		return PayerUsual
	}
	return PayerOther
}

// charge adds a fee to what the payment has cost.
func (p *Payment) charge(fee Stroops, by Payer) {
	switch by {
	case PayerOther:
		p.FeeOther += fee
		return
	case PayerHolding:
		p.FeeHolding += fee
	}
	p.FeePaid += fee
}

// chargeEnd charges for the transaction that ends the payment.
func (p *Payment) chargeEnd(fee Stroops, by Payer) {
	p.charge(fee, by)
	if p.FeeEnd = 0; by == PayerHolding {
		p.FeeEnd = fee
	}
}

// PaidOut is what left the holding account by a transaction: of the payment's asset what went to where want says, and in lumens
// all that left besides.
func (p Payment) PaidOut(from string, paid []Paid, want func(Paid) bool) (arrived, rest Stroops) {
	for _, m := range paid {
		switch {
		case m.From != from:
		case m.Asset == p.assetOrNative() && want(m):
			arrived += m.Amount
		case m.Asset == Native:
			rest += m.Amount
		}
	}
	return arrived, rest
}

// cameBack is what of a rung's payments went to the sender: into the account that it returns to, into the wallet that paid, or
// into a balance for one of them. What a last resort pays the service's sponsor, or leaves with it, is none of it.
func (p Payment) cameBack(paid []Paid) []Paid {
	return slices.DeleteFunc(slices.Clone(paid), func(m Paid) bool {
		return m.To != p.ReturnTo && m.Customer != p.ReturnTo && (!p.FromWallet() || m.To != p.Sponsor)
	})
}

func (p Payment) assetOrNative() string {
	if p.Asset == "" {
		return Native
	}
	return p.Asset
}

// WithAmounts is in with what the transaction means for the i-th payment of e: its part of the fee, who paid that, and what
// arrived. replaced is the payment whose money a funding takes over; the zero Payment when there is none.
func WithAmounts(in Input, p, replaced Payment, e Envelope, s Sighting, i int) Input {
	n := Stroops(len(e.Payments))
	fee, by := e.Fee/n, p.payerOf(e, s)
	if Stroops(i) < e.Fee%n { // the parts add up to the fee
		fee++
	}
	switch in := in.(type) {
	case FundingLanded:
		in.Fee, in.Payer = fee, by
		if replaced.ID != "" {
			if s.Payer == replaced.Holding {
				replaced.FeeHolding += fee
			}
			came, rest := p.PaidOut(replaced.Holding, s.Paid, func(m Paid) bool { return m.To == p.Holding })
			in.Came, in.Spent = came, replaced.FeeHolding
			if s.Paid != nil {
				in.Spent += min(replaced.missing(came, rest), replaced.unseen())
			}
		}
		return in
	case FundingDead:
		in.Fee, in.Payer = fee, by
		return in
	case ClaimLanded:
		in.Fee, in.Payer = fee, by
		in.Arrived, in.Rest = p.PaidOut(e.Source, s.Paid, func(m Paid) bool { return m.To == e.Destination || m.Customer == e.Destination })
		return in
	case ClaimDead:
		in.Fee, in.Payer = fee, by
		return in
	case ReturnLanded:
		in.Fee, in.Payer = fee, by
		in.Arrived, in.Rest = p.PaidOut(e.Source, p.cameBack(s.Paid), func(Paid) bool { return true })
		for _, m := range s.Paid {
			if m.Claimable && m.From == e.Source {
				in.Balance = m.Balance
			}
		}
		return in
	case RungSpent:
		in.Fee, in.Payer = fee, by
		return in
	}
	return in
}

// EmptiedBy is what a transaction that is none of ours did, which merged the payment's holding account away. The money went home, or to the
// claimant, when the amount is there; else where the most of it arrived. Of a credit asset that did not move in the same
// transaction nothing is known here.
func EmptiedBy(p Payment, t PageTransaction, destination string) EmptiedElsewhere {
	in := EmptiedElsewhere{Tx: t.Tx, Ledger: t.Ledger, Destination: destination, Arrived: -1, Fee: t.Fee, Holding: t.Payer == p.Holding}
	got, lumens := map[string]Stroops{}, map[string]Stroops{}
	var order []string
	for _, m := range t.Paid {
		if m.From != p.Holding || m.Claimable {
			continue
		}
		to := m.To
		if m.Customer != "" && (m.Customer == p.ReturnTo || m.Customer == p.Destination) { // else the account alone is known
			to = m.Customer
		}
		if m.Asset == Native {
			lumens[to] += m.Amount
		}
		if m.Asset == p.assetOrNative() {
			got[to] += m.Amount
			order = append(order, to)
		}
	}
	whole := func(to string) bool { return to != "" && got[to] > 0 && got[to] >= p.Amount }
	for _, to := range order {
		if got[to] > in.Arrived {
			in.Destination, in.Arrived = to, got[to]
		}
	}
	for _, to := range []string{p.Destination, p.ReturnTo} { // a purse may be more than the amount
		if whole(to) {
			in.Destination, in.Arrived = to, got[to]
		}
	}
	if !p.IsNative() {
		in.Rest = lumens[in.Destination]
	}
	if p.Sponsor != in.Destination {
		in.Kept = lumens[p.Sponsor]
	}
	return in
}

// arrivedOf splits what arrived into the amount and, of lumens, what came along out of the purse.
func (p *Payment) arrivedOf(arrived, rest Stroops) {
	if arrived < 0 {
		p.Arrived, p.ArrivedRest = -1, 0
		return
	}
	p.Arrived, p.ArrivedRest = arrived, rest
	if p.IsNative() && arrived > p.Amount {
		p.Arrived, p.ArrivedRest = p.Amount, rest+arrived-p.Amount
	}
}

// purseLeft is what should be left of the purse: what was put in, less the fees that the ledger took out of it.
func (p Payment) purseLeft() Stroops { return max(0, p.Purse-p.FeeHolding) }

// unseen is how much less of the purse may be left because the holding account has paid fees that were not written down: while
// the first ladder was minted, those of a key holder's own transactions were not. It reaches neither the amount nor beyond what
// such a fee may be.
func (p Payment) unseen() Stroops {
	if p.Ladder().Version != FirstLadder {
		return 0
	}
	return min(mostOwnFee, p.purseLeft())
}

// mostOwnFee is how much of the amount may have gone into fees when a holder of the key paid them out of the holding account.
const mostOwnFee = 100_000 // stroops

// beyond is how much of the amount went into fees that the ledger took out of the holding account, in lumens, once the purse was
// used up. What is more than such fees may be is not counted: the amount was burnt then.
func (p Payment) beyond() Stroops {
	if !p.IsNative() {
		return 0
	}
	return min(max(0, p.FeeHolding-p.Purse), mostOwnFee)
}

// whole says that what arrived is the amount, or all of it but the fees that the ledger took out of it.
func (p Payment) whole(arrived Stroops) bool { return arrived >= 0 && arrived+p.beyond() >= p.Amount }

// missing is how much less left the holding account, of the amount or in lumens, than was put in less the fees that it paid.
func (p Payment) missing(arrived, rest Stroops) Stroops {
	if p.IsNative() {
		return max(0, p.Amount+p.purseLeft()-p.beyond()-arrived-rest)
	}
	return max(0, p.purseLeft()-rest)
}

// short says that less came home than was put in, less the fees that the holding account paid: a holder of its key paid the
// difference out.
func (p Payment) short(arrived, rest Stroops) bool {
	return !p.IsNative() && arrived < p.Amount || p.missing(arrived, rest) > p.unseen()
}
