package engine

import "github.com/stellar/go-stellar-sdk/xdr"

// operation is the rules of one operation.
type operation interface {
	// supported is false for what this ledger does not do.
	supported() bool
	level() level
	// check judges what can be judged without the ledger.
	check(source ID) outcome
	// apply changes the layer. What a failed operation leaves there is dropped by the caller.
	apply(x *running) outcome
}

// running is where an operation runs.
type running struct {
	*layer
	source ID
	tx     *Tx
	at     int // index of the operation
}

// common answers of most operations, to be embedded.
type plainOp struct{}

func (plainOp) supported() bool  { return true }
func (plainOp) level() level     { return medium }
func (plainOp) check(ID) outcome { return done() }

// unsupported answers for everything that this ledger does not do.
type unsupported struct{ plainOp }

func (unsupported) supported() bool { return false }
func (unsupported) apply(*running) outcome {
	return refuse(xdr.OperationResultCodeOpNotSupported)
}

// bind finds the rules of an operation.
func bind(b *xdr.OperationBody) operation {
	switch b.Type {
	case xdr.OperationTypeCreateAccount:
		return createAccount{CreateAccountOp: *b.CreateAccountOp}
	case xdr.OperationTypePayment:
		return payment{PaymentOp: *b.PaymentOp}
	case xdr.OperationTypeSetOptions:
		return setOptions{SetOptionsOp: *b.SetOptionsOp}
	case xdr.OperationTypeAccountMerge:
		return merge{into: *b.Destination}
	case xdr.OperationTypeManageData:
		return manageData{ManageDataOp: *b.ManageDataOp}
	case xdr.OperationTypeBumpSequence:
		return bumpSequence{to: b.BumpSequenceOp.BumpTo}
	case xdr.OperationTypeBeginSponsoringFutureReserves:
		return beginSponsoring{sponsored: IDOf(b.BeginSponsoringFutureReservesOp.SponsoredId)}
	case xdr.OperationTypeEndSponsoringFutureReserves:
		return endSponsoring{}
	case xdr.OperationTypeRevokeSponsorship:
		return revokeSponsorship{RevokeSponsorshipOp: *b.RevokeSponsorshipOp}
	}
	return bindCredit(b)
}

func bindCredit(b *xdr.OperationBody) operation {
	switch b.Type {
	case xdr.OperationTypeChangeTrust:
		if b.ChangeTrustOp.Line.Type == xdr.AssetTypeAssetTypePoolShare {
			return unsupported{}
		}
		return changeTrust{ChangeTrustOp: *b.ChangeTrustOp}
	case xdr.OperationTypeAllowTrust:
		return allowTrust{AllowTrustOp: *b.AllowTrustOp}
	case xdr.OperationTypeSetTrustLineFlags:
		return setTrustLineFlags{SetTrustLineFlagsOp: *b.SetTrustLineFlagsOp}
	case xdr.OperationTypeCreateClaimableBalance:
		return createBalance{CreateClaimableBalanceOp: *b.CreateClaimableBalanceOp}
	case xdr.OperationTypeClaimClaimableBalance:
		return claimBalance{id: b.ClaimClaimableBalanceOp.BalanceId}
	case xdr.OperationTypeClawback:
		return clawback{ClawbackOp: *b.ClawbackOp}
	case xdr.OperationTypeClawbackClaimableBalance:
		return clawbackBalance{id: b.ClawbackClaimableBalanceOp.BalanceId}
	}
	return unsupported{}
}
