package stellar

import "github.com/stellar/go-stellar-sdk/xdr"

// Merge is an AccountMerge named in an envelope; whether it happened is in the result.
type Merge struct{ Source, Destination string }

// Touches is what a watcher needs of an envelope to find the payments that it may concern.
type Touches struct {
	Accounts []string // all accounts that it names, in order of appearance, once each
	Merges   []Merge
}

// Touched reads any envelope of the network. Accounts are: sources, fee sources, destinations, accounts that are
// created, sponsored, clawed back from or authorised, claimants, and accounts whose entries change their sponsor.
// Multiplexed addresses count as their account. What a contract moves inside is not in an envelope.
func Touched(envelopeXDR string) (Touches, error) {
	env, err := decode(envelopeXDR)
	if err != nil {
		return Touches{}, err
	}
	c := collector{seen: map[string]bool{}}
	if env.IsFeeBump() {
		c.muxed(env.FeeBumpAccount())
	}
	source := env.SourceAccount()
	c.muxed(source)
	for _, op := range env.Operations() {
		from := source
		if op.SourceAccount != nil {
			from = *op.SourceAccount
			c.muxed(from)
		}
		c.operation(from, op.Body)
	}
	return c.out, nil
}

type collector struct {
	seen map[string]bool
	out  Touches
}

func (c *collector) add(address string) {
	if !c.seen[address] {
		c.seen[address] = true
		c.out.Accounts = append(c.out.Accounts, address)
	}
}

func (c *collector) muxed(m xdr.MuxedAccount) { c.add(muxedAddress(m)) }
func (c *collector) id(a xdr.AccountId)       { c.add(a.Address()) }

func (c *collector) operation(from xdr.MuxedAccount, b xdr.OperationBody) {
	switch b.Type {
	case xdr.OperationTypeCreateAccount:
		c.id(b.CreateAccountOp.Destination)
	case xdr.OperationTypePayment:
		c.muxed(b.PaymentOp.Destination)
	case xdr.OperationTypePathPaymentStrictReceive:
		c.muxed(b.PathPaymentStrictReceiveOp.Destination)
	case xdr.OperationTypePathPaymentStrictSend:
		c.muxed(b.PathPaymentStrictSendOp.Destination)
	case xdr.OperationTypeAccountMerge:
		c.muxed(*b.Destination)
		c.out.Merges = append(c.out.Merges, Merge{muxedAddress(from), muxedAddress(*b.Destination)})
	case xdr.OperationTypeAllowTrust:
		c.id(b.AllowTrustOp.Trustor)
	case xdr.OperationTypeSetTrustLineFlags:
		c.id(b.SetTrustLineFlagsOp.Trustor)
	case xdr.OperationTypeClawback:
		c.muxed(b.ClawbackOp.From)
	case xdr.OperationTypeBeginSponsoringFutureReserves:
		c.id(b.BeginSponsoringFutureReservesOp.SponsoredId)
	case xdr.OperationTypeCreateClaimableBalance:
		for _, claimant := range b.CreateClaimableBalanceOp.Claimants {
			c.id(claimant.V0.Destination)
		}
	case xdr.OperationTypeRevokeSponsorship:
		c.revoked(*b.RevokeSponsorshipOp)
	}
}

func (c *collector) revoked(op xdr.RevokeSponsorshipOp) {
	if s, ok := op.GetSigner(); ok {
		c.id(s.AccountId)
		return
	}
	key, _ := op.GetLedgerKey()
	switch key.Type {
	case xdr.LedgerEntryTypeAccount:
		c.id(key.Account.AccountId)
	case xdr.LedgerEntryTypeTrustline:
		c.id(key.TrustLine.AccountId)
	case xdr.LedgerEntryTypeOffer:
		c.id(key.Offer.SellerId)
	case xdr.LedgerEntryTypeData:
		c.id(key.Data.AccountId)
	}
}
