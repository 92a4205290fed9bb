package relay

import "strings"

// What a payment, and a claim of it, want of the ledger. Each is judged when it is asked for, so that what cannot work is
// refused before anything is signed; the ledger judges again when it lands.

// Suits refuses a payment that could not be funded, or could not come home: an asset without an issuer or that wants its
// issuer's signature on every account, a wallet that is too poor, an account to return to that does not exist, cannot hold the
// asset, or wants a memo that the payment does not have. payer is who funds it, home where it returns to. The faults are of kind
// [Conflict].
func (p Payment) Suits(asset AssetFacts, payer, home AccountFacts, price Prices) error {
	if err := asset.Allows("wait in one of its own"); err != nil {
		return err
	}
	if p.ByClient() && !payer.Exists { // first: the money comes home to the same account, and it is a wallet to its owner
		return p.fromWallet(payer, price)
	}
	if err := home.takesBack(p.ByTreasury(), p.ReturnMemo != Memo{} || strings.HasPrefix(p.ReturnTo, "M")); err != nil || p.ByTreasury() {
		return err
	}
	return p.fromWallet(payer, price)
}

// Allows refuses an asset without an issuer, or that wants its issuer's signature on every account (both [Conflict]); use is what
// cannot be done with it, for the text.
func (a AssetFacts) Allows(use string) error {
	switch {
	case !a.IssuerExists:
		return ConflictFault("asset_unknown", "Nobody issues this asset: its issuer is not on the ledger.")
	case a.AuthRequired:
		return ConflictFault("asset_needs_authorisation", "The issuer of this asset has to authorise each account that holds it; such an asset cannot "+use+".")
	}
	return nil
}

// takesBack says whether an account can take the money back.
func (home AccountFacts) takesBack(treasury, memo bool) error {
	whose := "The account that the money returns to"
	if treasury {
		whose = "The app's treasury account"
	}
	switch {
	case !home.Exists && treasury:
		return ConflictFault("return_to_missing", "The app's treasury account does not exist on the ledger yet. Pay lumens into it first.")
	case !home.Exists:
		return ConflictFault("return_to_missing", whose+" does not exist on the ledger.")
	case !home.Line && treasury:
		return ConflictFault("return_to_no_trustline", whose+" has no trustline for this asset yet; POST /v1/treasury/trust gives it one.")
	case !home.Line:
		return ConflictFault("return_to_no_trustline", whose+" has no trustline for this asset.")
	case !home.Authorized:
		return ConflictFault("return_to_not_authorised", "The issuer of this asset does not let the account hold it that the money returns to.")
	case home.MemoRequired && !memo:
		return ConflictFault("return_to_wants_memo", whose+" asks for a memo on what it receives (SEP-29): give it as return_memo, where the account is somebody else's.")
	}
	return nil
}

// fromWallet says whether a wallet can fund the payment: the amount, and in lumens the purse, the reserve of the holding
// account, and some for the fee.
func (p Payment) fromWallet(wallet AccountFacts, price Prices) error {
	if p.IsMove() {
		return nil
	}
	lumens := p.Purse + Stroops(AssetUnits(p.Asset))*price.Reserve + price.Fees
	if p.IsNative() {
		lumens += p.Amount
	}
	switch {
	case !wallet.Exists:
		return ConflictFault("wallet_missing", "The wallet's account does not exist on the ledger. Pay lumens into it first.")
	case !wallet.Line:
		return ConflictFault("wallet_no_trustline", "The wallet has no trustline for this asset, so it holds none of it.")
	case !wallet.Authorized:
		return ConflictFault("wallet_not_authorised", "The issuer of this asset does not let the wallet pay with it.")
	case lumens < p.Amount && p.IsNative(), wallet.Free < lumens: // the first is an overflow
		return ConflictFault("wallet_empty", "The wallet needs "+lumens.String()+" lumens above its reserve for this: the amount, what waiting and a new account cost, and fees. It has "+wallet.Free.String()+".")
	case wallet.Spendable < p.Amount:
		return ConflictFault("wallet_empty", "The wallet holds "+wallet.Spendable.String()+" of this asset.")
	}
	return nil
}

// Direct says whether a payment may go directly into an account that its recipient has put on file: one that can take it, and
// wants no memo. Whatever is in the way, the money waits in a holding account like any other.
func (p Payment) Direct(account AccountFacts) bool {
	return p.ByTreasury() && account.Exists && account.Authorized && !account.MemoRequired && account.Room >= p.Amount
}

// Destination is where a claimant wants the money, and with what.
type Destination struct {
	Address string // G…, or M… of an account that exists (SEP-23)
	Account string // G… behind it
	Memo    Memo
	NewLine bool // give the account, which exists, the trustline that it lacks
}

// Receives refuses a destination that could not take the money, or would lose it, and says plainly what is missing. The faults
// are of kind [Invalid], with the field; of an asset that changed since it was accepted, [Conflict].
func (p Payment) Receives(d Destination, to AccountFacts, asset AssetFacts, price Prices) error {
	if !to.Exists || d.NewLine {
		if err := p.newLine(asset); err != nil {
			return err
		}
	}
	muxed := d.Address != d.Account
	switch {
	case !to.Exists && muxed:
		return InvalidFault("destination_missing", "/destination", "the account behind this multiplexed address does not exist on the ledger")
	case !to.Exists && d.Memo != Memo{}:
		return InvalidFault("memo_unexpected", "/memo", "an account that is made by the claim takes no memo")
	case !to.Exists && d.NewLine:
		return InvalidFault("new_line_unexpected", "/new_line", "an account that is made by the claim gets its trustline with it")
	case !to.Exists:
		return nil
	case muxed && d.Memo != Memo{}:
		return InvalidFault("memo_unexpected", "/memo", "a multiplexed address says already whose it is; a memo would say it twice")
	case to.MemoRequired && d.Memo == Memo{} && !muxed:
		return InvalidFault("memo_required", "/memo", "this account asks for a memo on everything it receives; without it the money would be lost")
	case d.NewLine && (p.IsNative() || to.Line):
		return InvalidFault("new_line_unexpected", "/new_line", "this account can hold the asset already")
	case d.NewLine && to.Free < price.Reserve:
		return InvalidFault("destination_short", "/destination", "this account has less than the "+price.Reserve.String()+" lumens to spare that a trustline locks")
	case d.NewLine:
		return nil
	case !to.Line:
		return InvalidFault("trustline_missing", "/destination", "this account has no trustline for "+p.Asset+", so it cannot hold it. Add one in your wallet, or have it added by the claim, which your wallet then signs too")
	case !to.Authorized:
		return InvalidFault("trustline_not_authorised", "/destination", "the issuer of "+p.Asset+" does not let this account hold it")
	case to.Room < p.Amount:
		return InvalidFault("trustline_full", "/destination", "this account has room for "+to.Room.String()+" of "+p.Asset+" only; raise its limit")
	}
	return nil
}

// newLine refuses a trustline that could not be made, or that could hold nothing: the issuer may have changed its rules since
// the payment was accepted.
func (p Payment) newLine(asset AssetFacts) error {
	switch {
	case !asset.IssuerExists:
		return ConflictFault("asset_unknown", "Nobody issues this asset any more, so no new trustline for it can be made. Claim into an account that has one.")
	case asset.AuthRequired:
		return ConflictFault("asset_needs_authorisation", "The issuer of "+p.Asset+" has to authorise each account that holds it now. Claim into an account that he has authorised.")
	}
	return nil
}
