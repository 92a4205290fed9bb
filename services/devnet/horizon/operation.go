package horizon

import (
	"strconv"

	"github.com/stellar/go-stellar-sdk/protocols/horizon/operations"
	"github.com/stellar/go-stellar-sdk/toid"
	"github.com/stellar/go-stellar-sdk/xdr"
)

func operationsIn(c *call, p paging) ([]record, error) { return c.operations(p, false) }

func payments(c *call, p paging) ([]record, error) { return c.operations(p, true) }

// operations lists those of all accounts, an account, a ledger, a claimable balance or a transaction. Who asks for one transaction knows
// whether it failed.
func (c *call) operations(p paging, onlyPayments bool) ([]record, error) {
	cursor, err := p.position(c.span.Oldest)
	if err != nil {
		return nil, err
	}
	failed, err := c.includeFailed()
	if err != nil {
		return nil, err
	}
	joined, err := c.joined()
	if err != nil {
		return nil, err
	}
	of, low, high, err := c.scope()
	if err != nil {
		return nil, err
	}
	failed = failed || c.r.PathValue("tx_id") != ""
	keep := func(i item) bool { return (failed || !i.failed) && (i.payment || !onlyPayments) }
	var out []record
	var t *applied
	for _, id := range pick(of.ops, low, high, cursor, p, keep) {
		if t == nil || txID(t.TransactionRecord).ToInt64() != id&^toid.OperationMask {
			if t, err = c.at(id); err != nil {
				return nil, err
			}
		}
		body, err := c.operation(t, id, joined)
		if err != nil {
			return nil, err
		}
		out = append(out, record{token: strconv.FormatInt(id, 10), body: body})
	}
	return out, nil
}

func (c *call) joined() (bool, error) {
	switch c.r.URL.Query().Get("join") {
	case "":
		return false, nil
	case "transactions":
		return true, nil
	}
	return false, invalidField("join", "Accepted values: transactions")
}

func oneOperation(c *call) (any, error) {
	id, err := strconv.ParseInt(c.r.PathValue("id"), 10, 64)
	if err != nil || id < 0 {
		return nil, invalidField("id", "Operation ID must be an integer higher than 0")
	}
	joined, err := c.joined()
	if err != nil {
		return nil, err
	}
	if toid.Parse(id).LedgerSequence < int32(c.span.Oldest) {
		return nil, beforeHistory()
	}
	t, err := c.at(id)
	if err != nil {
		return nil, err
	}
	return c.operation(t, id, joined)
}

// operation fills in one operation of a transaction.
func (c *call) operation(t *applied, id int64, joined bool) (any, error) {
	i := int(toid.Parse(id).OperationOrder) - 1
	if i < 0 || i >= len(t.ops) {
		return nil, notFound()
	}
	text := strconv.FormatInt(id, 10)
	kind := t.ops[i].Body.Type
	b := operations.Base{ID: text, PT: text, TransactionSuccessful: t.Successful, Type: operations.TypeNames[kind], TypeI: int32(kind),
		LedgerCloseTime: timeOf(t.CloseTime), TransactionHash: t.Hash.HexString()}
	b.SourceAccount, b.SourceAccountMuxed, b.SourceAccountMuxedID = parts(t.source(i))
	if s := t.sponsor(i); s != nil {
		b.Sponsor = s.Address()
	}
	if joined {
		tx := c.transaction(t, b.TransactionHash)
		b.Transaction = &tx
	}
	self := "/operations/" + text
	b.Links.Self, b.Links.Transaction, b.Links.Effects = c.link(self), c.link("/transactions/"+b.TransactionHash), c.link(self+"/effects")
	b.Links.Succeeds, b.Links.Precedes = c.link("/effects?order=desc&cursor="+text), c.link("/effects?order=asc&cursor="+text)
	return t.body(i, b), nil
}

// flagNames are the flags of a set, as numbers and as words.
func flagNames(set uint32, known []flag) (numbers []int, words []string) {
	for _, f := range known {
		if set&f.bit != 0 {
			numbers, words = append(numbers, int(f.bit)), append(words, f.word)
		}
	}
	return numbers, words
}

type flag struct {
	bit  uint32
	word string
}

// accountFlags and lineFlags in Horizon's words, one of which is misspelled there.
var (
	accountFlags = []flag{{uint32(xdr.AccountFlagsAuthRequiredFlag), "auth_required"},
		{uint32(xdr.AccountFlagsAuthRevocableFlag), "auth_revocable"}, {uint32(xdr.AccountFlagsAuthImmutableFlag), "auth_immutable"},
		{uint32(xdr.AccountFlagsAuthClawbackEnabledFlag), "auth_clawback_enabled"}}
	lineFlags = []flag{{uint32(xdr.TrustLineFlagsAuthorizedFlag), "authorized"},
		{uint32(xdr.TrustLineFlagsAuthorizedToMaintainLiabilitiesFlag), "authorized_to_maintain_liabilites"},
		{uint32(xdr.TrustLineFlagsTrustlineClawbackEnabledFlag), "clawback_enabled"}}
)

func number[T ~uint32](v *T) *int {
	if v == nil {
		return nil
	}
	n := int(*v)
	return &n
}

func setOptions(op *xdr.SetOptionsOp, b operations.Base) operations.SetOptions {
	out := operations.SetOptions{Base: b, MasterKeyWeight: number(op.MasterWeight), LowThreshold: number(op.LowThreshold),
		MedThreshold: number(op.MedThreshold), HighThreshold: number(op.HighThreshold)}
	if op.InflationDest != nil {
		out.InflationDest = op.InflationDest.Address()
	}
	if op.HomeDomain != nil {
		out.HomeDomain = string(*op.HomeDomain)
	}
	if op.SetFlags != nil {
		out.SetFlags, out.SetFlagsS = flagNames(uint32(*op.SetFlags), accountFlags)
	}
	if op.ClearFlags != nil {
		out.ClearFlags, out.ClearFlagsS = flagNames(uint32(*op.ClearFlags), accountFlags)
	}
	if op.Signer != nil {
		out.SignerKey, out.SignerWeight = op.Signer.Key.Address(), number(&op.Signer.Weight)
	}
	return out
}

func revoke(op *xdr.RevokeSponsorshipOp, b operations.Base) operations.RevokeSponsorship {
	out := operations.RevokeSponsorship{Base: b}
	text := func(s string) *string { return &s }
	if op.Signer != nil {
		out.SignerAccountID, out.SignerKey = text(op.Signer.AccountId.Address()), text(op.Signer.SignerKey.Address())
		return out
	}
	switch k := op.LedgerKey; k.Type {
	case xdr.LedgerEntryTypeAccount:
		out.AccountID = text(k.Account.AccountId.Address())
	case xdr.LedgerEntryTypeTrustline:
		out.TrustlineAccountID = text(k.TrustLine.AccountId.Address())
		if k.TrustLine.Asset.Type != xdr.AssetTypeAssetTypePoolShare {
			out.TrustlineAsset = text(k.TrustLine.Asset.ToAsset().StringCanonical())
		}
	case xdr.LedgerEntryTypeData:
		out.DataAccountID, out.DataName = text(k.Data.AccountId.Address()), text(string(k.Data.DataName))
	case xdr.LedgerEntryTypeClaimableBalance:
		out.ClaimableBalanceID = text(balanceID(k.ClaimableBalance.BalanceId))
	case xdr.LedgerEntryTypeOffer:
		id := int64(k.Offer.OfferId)
		out.OfferID = &id
	}
	return out
}
