package horizon

import (
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

type people map[engine.ID]bool

func (p people) add(ids ...xdr.AccountId) {
	for _, id := range ids {
		p[engine.IDOf(id)] = true
	}
}

// participants are the accounts that the transaction names as a source or changed.
func (t *applied) participants() people {
	out := people{}
	out.add(muxed(t.env.SourceAccount()), muxed(feeAccount(t.env)))
	changed := func(c xdr.LedgerEntryChange) error {
		if k, err := c.LedgerKey(); err == nil && k.Type == xdr.LedgerEntryTypeAccount {
			out.add(k.Account.AccountId)
		}
		return nil
	}
	for _, c := range t.fee {
		_ = changed(c)
	}
	_ = t.eachChange(changed)
	return out
}

func muxed(m xdr.MuxedAccount) xdr.AccountId { return m.ToAccountId() }

func feeAccount(env xdr.TransactionEnvelope) xdr.MuxedAccount {
	if env.IsFeeBump() {
		return env.FeeBumpAccount()
	}
	return env.SourceAccount()
}

// source is the account that an operation acts for.
func (t *applied) source(i int) xdr.MuxedAccount {
	if s := t.ops[i].SourceAccount; s != nil {
		return *s
	}
	return t.env.SourceAccount()
}

// opParticipants are the accounts that an operation concerns.
func (t *applied) opParticipants(i int) people {
	out := people{}
	out.add(muxed(t.source(i)))
	b := t.ops[i].Body
	switch b.Type {
	case xdr.OperationTypeCreateAccount:
		out.add(b.CreateAccountOp.Destination)
	case xdr.OperationTypePayment:
		out.add(muxed(b.PaymentOp.Destination))
	case xdr.OperationTypePathPaymentStrictReceive:
		out.add(muxed(b.PathPaymentStrictReceiveOp.Destination))
	case xdr.OperationTypePathPaymentStrictSend:
		out.add(muxed(b.PathPaymentStrictSendOp.Destination))
	case xdr.OperationTypeAllowTrust:
		out.add(b.AllowTrustOp.Trustor)
	case xdr.OperationTypeSetTrustLineFlags:
		out.add(b.SetTrustLineFlagsOp.Trustor)
	case xdr.OperationTypeAccountMerge:
		out.add(muxed(*b.Destination))
	case xdr.OperationTypeClawback:
		out.add(muxed(b.ClawbackOp.From))
	case xdr.OperationTypeCreateClaimableBalance:
		for _, c := range b.CreateClaimableBalanceOp.Claimants {
			out.add(c.V0.Destination)
		}
	case xdr.OperationTypeBeginSponsoringFutureReserves:
		out.add(b.BeginSponsoringFutureReservesOp.SponsoredId)
	case xdr.OperationTypeEndSponsoringFutureReserves:
		if begin, ok := t.beginOf(i); ok {
			out.add(muxed(t.source(begin)))
		}
	case xdr.OperationTypeRevokeSponsorship:
		out.addRevoked(b.RevokeSponsorshipOp)
	}
	if sponsor := t.sponsor(i); sponsor != nil {
		out.add(*sponsor)
	}
	return out
}

func (p people) addRevoked(op *xdr.RevokeSponsorshipOp) {
	if op.Signer != nil {
		p.add(op.Signer.AccountId)
		return
	}
	if op.LedgerKey == nil {
		return
	}
	if op.LedgerKey.Type == xdr.LedgerEntryTypeAccount {
		p.add(op.LedgerKey.Account.AccountId)
	} else if who, ok := ownerOf(*op.LedgerKey); ok {
		p[who] = true
	}
}

// beginOf is the operation that began the sponsorship which operation i ends. Failed transactions need not have one.
func (t *applied) beginOf(i int) (int, bool) {
	if !t.Successful {
		return 0, false
	}
	sponsored := engine.IDOf(muxed(t.source(i)))
	for at := i - 1; at >= 0; at-- {
		if b := t.ops[at].Body.BeginSponsoringFutureReservesOp; b != nil && engine.IDOf(b.SponsoredId) == sponsored {
			return at, true
		}
	}
	return 0, false
}

// sponsor is who pays the reserve of what operation i made; nil when no other account does.
func (t *applied) sponsor(i int) *xdr.AccountId {
	signer := ""
	if o := t.ops[i].Body.SetOptionsOp; o != nil && o.Signer != nil {
		signer = o.Signer.Key.Address()
	}
	var before *xdr.AccountEntry
	for _, c := range t.opChanges(i) {
		switch c.Type {
		case xdr.LedgerEntryChangeTypeLedgerEntryState:
			before = c.State.Data.Account
		case xdr.LedgerEntryChangeTypeLedgerEntryCreated:
			if s := c.Created.SponsoringID(); s != nil {
				return s
			}
		case xdr.LedgerEntryChangeTypeLedgerEntryUpdated:
			if a := c.Updated.Data.Account; a != nil && signer != "" {
				if s := newSponsor(before, a, signer); s != nil {
					return s
				}
			}
		}
	}
	return nil
}

func newSponsor(before, after *xdr.AccountEntry, signer string) *xdr.AccountId {
	now, ok := after.SponsorPerSigner()[signer]
	if !ok {
		return nil
	}
	if before != nil {
		if old, had := before.SponsorPerSigner()[signer]; had && old.Address() == now.Address() {
			return nil
		}
	}
	return &now
}

// balanceOf is the hexadecimal id of the claimable balance that operation i concerns; empty when none.
func (t *applied) balanceOf(i int) string {
	var id *xdr.ClaimableBalanceId
	switch b := t.ops[i].Body; b.Type {
	case xdr.OperationTypeClaimClaimableBalance:
		id = &b.ClaimClaimableBalanceOp.BalanceId
	case xdr.OperationTypeClawbackClaimableBalance:
		id = &b.ClawbackClaimableBalanceOp.BalanceId
	case xdr.OperationTypeRevokeSponsorship:
		if k := b.RevokeSponsorshipOp.LedgerKey; k != nil && k.ClaimableBalance != nil {
			id = &k.ClaimableBalance.BalanceId
		}
	case xdr.OperationTypeCreateClaimableBalance:
		for _, c := range t.opChanges(i) {
			if c.Type == xdr.LedgerEntryChangeTypeLedgerEntryCreated && c.Created.Data.ClaimableBalance != nil {
				id = &c.Created.Data.ClaimableBalance.BalanceId
			}
		}
	}
	if id == nil {
		return ""
	}
	return balanceID(*id)
}

// balanceID is a claimable balance's id in hexadecimal XDR, as Horizon writes it.
func balanceID(id xdr.ClaimableBalanceId) string {
	text, err := xdr.MarshalHex(id)
	if err != nil {
		return "" // a decoded id always encodes
	}
	return text
}

func isPayment(kind xdr.OperationType) bool {
	switch kind {
	case xdr.OperationTypeCreateAccount, xdr.OperationTypePayment, xdr.OperationTypePathPaymentStrictReceive,
		xdr.OperationTypePathPaymentStrictSend, xdr.OperationTypeAccountMerge:
		return true
	}
	return false
}
