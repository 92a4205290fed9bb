package api

import (
	"context"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// circumstances looks at the ledger for what a payment depends on, and refuses what could not be funded, or could not come
// home: an asset that nobody issues or that wants its issuer's signature, an account that the money returns to that does not
// exist, cannot hold it, or wants a memo (which no way back carries).
func (s *server) circumstances(ctx context.Context, o *relay.Opening) error {
	p := &o.Payment
	payer, home := p.From, p.ReturnTo
	if payer == "" {
		payer = o.App.Treasury
	}
	if home == "" {
		home = o.App.Treasury
	}
	usage, err := s.Desk.Usage(ctx, o.App.ID, p.Asset)
	if err != nil {
		return err
	}
	facts, asset, err := s.Ledger.Look(ctx, p.Asset, payer, home)
	if err != nil {
		return err
	}
	o.Before, o.Free, p.Clawback = usage.Committed, facts[payer].Spendable, asset.Clawback
	switch {
	case !asset.IssuerExists:
		return conflict("asset_unknown", "Nobody issues this asset: its issuer is not on the ledger.")
	case asset.AuthRequired:
		return conflict("asset_needs_authorisation", "The issuer of this asset has to authorise each account that holds it; such an asset cannot wait in one of its own.")
	}
	if p.From != "" && !facts[payer].Exists { // first: the money comes home to the same account, and it is a wallet to its owner
		return fromWallet(*p, facts[payer])
	}
	if err := comesHome(facts[home], p.From == ""); err != nil || p.From == "" {
		return err
	}
	return fromWallet(*p, facts[payer])
}

// comesHome says whether an account can take the money back.
func comesHome(home relay.AccountFacts, treasury bool) error {
	whose := "The account that the money returns to"
	if treasury {
		whose = "The app's treasury account"
	}
	switch {
	case !home.Exists && treasury:
		return conflict("return_to_missing", "The app's treasury account does not exist on the ledger yet. Pay lumens into it first.")
	case !home.Exists:
		return conflict("return_to_missing", whose+" does not exist on the ledger.")
	case !home.Line && treasury:
		return conflict("return_to_no_trustline", whose+" has no trustline for this asset yet; POST /v1/treasury/trust gives it one.")
	case !home.Line:
		return conflict("return_to_no_trustline", whose+" has no trustline for this asset.")
	case !home.Authorized:
		return conflict("return_to_not_authorised", "The issuer of this asset does not let the account hold it that the money returns to.")
	case home.MemoRequired:
		return conflict("return_to_wants_memo", whose+" asks for a memo on what it receives, which no way back can carry.")
	}
	return nil
}

// fromWallet says whether a wallet can fund the payment: the amount, and in lumens the purse, the reserve of the holding
// account, and some for the fee.
func fromWallet(p relay.Payment, wallet relay.AccountFacts) error {
	if p.Replaces != "" {
		return nil
	}
	lumens := p.Purse + relay.Stroops(relay.AssetUnits(p.Asset))*stellar.BaseReserve + stellar.FeePurse
	if p.IsNative() {
		lumens += p.Amount
	}
	switch {
	case !wallet.Exists:
		return conflict("wallet_missing", "The wallet's account does not exist on the ledger. Pay lumens into it first.")
	case !wallet.Line:
		return conflict("wallet_no_trustline", "The wallet has no trustline for this asset, so it holds none of it.")
	case !wallet.Authorized:
		return conflict("wallet_not_authorised", "The issuer of this asset does not let the wallet pay with it.")
	case lumens < p.Amount && p.IsNative(), wallet.Free < lumens: // the first is an overflow
		return conflict("wallet_empty", "The wallet needs "+lumens.String()+" lumens above its reserve for this: the amount, what waiting and a new account cost, and fees. It has "+wallet.Free.String()+".")
	case wallet.Spendable < p.Amount:
		return conflict("wallet_empty", "The wallet holds "+wallet.Spendable.String()+" of this asset.")
	}
	return nil
}

// direct decides whether a payment goes directly into the account on file for its handle: if the recipient agreed, and the
// account can take it without a memo. Whatever is in the way, the money waits in a holding account like any other.
func (s *server) direct(ctx context.Context, o *relay.Opening, wanted string) error {
	p := &o.Payment
	if wanted != "if_agreed" || p.From != "" {
		return nil
	}
	account, err := s.Desk.Agreed(ctx, o.App.ID, p.To)
	if err != nil || account == "" || account == o.App.Treasury {
		return err
	}
	facts, _, err := s.Ledger.Look(ctx, p.Asset, account)
	if err != nil {
		return err
	}
	if f := facts[account]; f.Exists && f.Authorized && !f.MemoRequired && f.Room >= p.Amount {
		p.PayTo = account
	}
	return nil
}
