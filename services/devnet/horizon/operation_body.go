package horizon

import (
	"strconv"

	"github.com/stellar/go-stellar-sdk/amount"
	"github.com/stellar/go-stellar-sdk/protocols/horizon/base"
	"github.com/stellar/go-stellar-sdk/protocols/horizon/operations"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// body adds to the common part of operation i what its kind has to say. Kinds that this network does not do stay with the common part.
func (t *applied) body(i int, b operations.Base) any {
	o := t.ops[i].Body
	source := t.source(i)
	address, whole, id := parts(source)
	switch o.Type {
	case xdr.OperationTypeCreateAccount:
		return operations.CreateAccount{Base: b, StartingBalance: amount.String(o.CreateAccountOp.StartingBalance), Funder: address,
			FunderMuxed: whole, FunderMuxedID: id, Account: o.CreateAccountOp.Destination.Address()}
	case xdr.OperationTypePayment:
		out := operations.Payment{Base: b, Asset: assetOf(o.PaymentOp.Asset), From: address, FromMuxed: whole, FromMuxedID: id,
			Amount: amount.String(o.PaymentOp.Amount)}
		out.To, out.ToMuxed, out.ToMuxedID = parts(o.PaymentOp.Destination)
		return out
	case xdr.OperationTypeSetOptions:
		return setOptions(o.SetOptionsOp, b)
	case xdr.OperationTypeChangeTrust:
		return changeTrust(o.ChangeTrustOp, source, b)
	case xdr.OperationTypeAllowTrust:
		return allowTrust(o.AllowTrustOp, source, b)
	case xdr.OperationTypeSetTrustLineFlags:
		op := o.SetTrustLineFlagsOp
		out := operations.SetTrustLineFlags{Base: b, Asset: assetOf(op.Asset), Trustor: op.Trustor.Address()}
		out.SetFlags, out.SetFlagsS = flagNames(uint32(op.SetFlags), lineFlags)
		out.ClearFlags, out.ClearFlagsS = flagNames(uint32(op.ClearFlags), lineFlags)
		return out
	case xdr.OperationTypeAccountMerge:
		out := operations.AccountMerge{Base: b, Account: address, AccountMuxed: whole, AccountMuxedID: id}
		out.Into, out.IntoMuxed, out.IntoMuxedID = parts(*o.Destination)
		return out
	case xdr.OperationTypeManageData:
		out := operations.ManageData{Base: b, Name: string(o.ManageDataOp.DataName)}
		if v := o.ManageDataOp.DataValue; v != nil {
			out.Value = encode64(*v)
		}
		return out
	case xdr.OperationTypeBumpSequence:
		return operations.BumpSequence{Base: b, BumpTo: strconv.FormatInt(int64(o.BumpSequenceOp.BumpTo), 10)}
	case xdr.OperationTypeClawback:
		out := operations.Clawback{Base: b, Asset: assetOf(o.ClawbackOp.Asset), Amount: amount.String(o.ClawbackOp.Amount)}
		out.From, out.FromMuxed, out.FromMuxedID = parts(o.ClawbackOp.From)
		return out
	case xdr.OperationTypeRevokeSponsorship:
		return revoke(o.RevokeSponsorshipOp, b)
	}
	return t.reserveBody(i, b)
}

// reserveBody is body for claimable balances and sponsorships.
func (t *applied) reserveBody(i int, b operations.Base) any {
	o := t.ops[i].Body
	switch o.Type {
	case xdr.OperationTypeCreateClaimableBalance:
		op := o.CreateClaimableBalanceOp
		return operations.CreateClaimableBalance{Base: b, Asset: op.Asset.StringCanonical(), Amount: amount.String(op.Amount),
			Claimants: claimants(op.Claimants)}
	case xdr.OperationTypeClaimClaimableBalance:
		out := operations.ClaimClaimableBalance{Base: b, BalanceID: balanceID(o.ClaimClaimableBalanceOp.BalanceId)}
		out.Claimant, out.ClaimantMuxed, out.ClaimantMuxedID = parts(t.source(i))
		return out
	case xdr.OperationTypeClawbackClaimableBalance:
		return operations.ClawbackClaimableBalance{Base: b, BalanceID: balanceID(o.ClawbackClaimableBalanceOp.BalanceId)}
	case xdr.OperationTypeBeginSponsoringFutureReserves:
		return operations.BeginSponsoringFutureReserves{Base: b, SponsoredID: o.BeginSponsoringFutureReservesOp.SponsoredId.Address()}
	case xdr.OperationTypeEndSponsoringFutureReserves:
		out := operations.EndSponsoringFutureReserves{Base: b}
		if begin, ok := t.beginOf(i); ok {
			out.BeginSponsor, out.BeginSponsorMuxed, out.BeginSponsorMuxedID = parts(t.source(begin))
		}
		return out
	}
	return b
}

func changeTrust(op *xdr.ChangeTrustOp, source xdr.MuxedAccount, b operations.Base) operations.ChangeTrust {
	out := operations.ChangeTrust{Base: b, Limit: amount.String(op.Limit)}
	out.Trustor, out.TrustorMuxed, out.TrustorMuxedID = parts(source)
	if op.Line.Type == xdr.AssetTypeAssetTypePoolShare {
		out.LiquidityPoolOrAsset = base.LiquidityPoolOrAsset{Asset: base.Asset{Type: "liquidity_pool_shares"}}
		return out
	}
	out.Asset = assetOf(op.Line.ToAsset())
	out.Trustee = out.Issuer
	return out
}

//lint:ignore SA1019 the network still has this operation, and this is how Horizon shows it
type allowed = operations.AllowTrust

func allowTrust(op *xdr.AllowTrustOp, source xdr.MuxedAccount, b operations.Base) allowed {
	flags := xdr.TrustLineFlags(op.Authorize)
	out := allowed{Base: b, Asset: assetOf(op.Asset.ToAsset(source.ToAccountId())), Trustor: op.Trustor.Address(),
		Authorize: flags.IsAuthorized(), AuthorizeToMaintainLiabilities: flags.IsAuthorizedToMaintainLiabilitiesFlag()}
	out.Trustee, out.TrusteeMuxed, out.TrusteeMuxedID = parts(source)
	return out
}
