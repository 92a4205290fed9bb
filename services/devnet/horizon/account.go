package horizon

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stellar/go-stellar-sdk/amount"
	"github.com/stellar/go-stellar-sdk/protocols/horizon"
	"github.com/stellar/go-stellar-sdk/protocols/horizon/base"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

// accountParam reads an account's address from the path.
func (c *call) accountParam(name string) (engine.ID, error) {
	return addressOf(name, c.r.PathValue(name))
}

func addressOf(name, text string) (engine.ID, error) {
	raw, err := strkey.Decode(strkey.VersionByteAccountID, text)
	if err != nil {
		return engine.ID{}, invalidField(name, "Account ID must start with `G` and contain 56 alphanum characters")
	}
	return engine.ID(raw), nil
}

func (c *call) account(id engine.ID) (horizon.Account, error) {
	var out horizon.Account
	e := c.State().Entry(engine.AccountKey(id))
	if e == nil {
		return out, notFound()
	}
	a := e.Data.Account
	address := a.AccountId.Address()
	out.ID, out.AccountID, out.PT = address, address, address
	out.Sequence = int64(a.SeqNum)
	if seq := a.SeqLedger(); seq != 0 {
		out.SequenceLedger, out.SequenceTime = uint32(seq), strconv.FormatUint(uint64(a.SeqTime()), 10)
	}
	out.SubentryCount = int32(a.NumSubEntries)
	if a.InflationDest != nil {
		out.InflationDestination = a.InflationDest.Address()
	}
	out.HomeDomain = string(a.HomeDomain)
	out.LastModifiedLedger = uint32(e.LastModifiedLedgerSeq)
	out.LastModifiedTime = c.closedAt(out.LastModifiedLedger)
	flags := xdr.AccountFlags(a.Flags)
	out.Flags = horizon.AccountFlags{AuthRequired: flags.IsAuthRequired(), AuthRevocable: flags.IsAuthRevocable(),
		AuthImmutable: flags.IsAuthImmutable(), AuthClawbackEnabled: flags.IsAuthClawbackEnabled()}
	out.Thresholds = horizon.AccountThresholds{LowThreshold: a.ThresholdLow(), MedThreshold: a.ThresholdMedium(),
		HighThreshold: a.ThresholdHigh()}
	out.Signers = signersOf(a)
	out.NumSponsoring, out.NumSponsored = uint32(a.NumSponsoring()), uint32(a.NumSponsored())
	if s := e.SponsoringID(); s != nil {
		out.Sponsor = s.Address()
	}
	c.owned(&out, id)
	liabilities := a.Liabilities()
	out.Balances = append(out.Balances, horizon.Balance{Balance: amount.String(a.Balance), Asset: base.Asset{Type: "native"},
		BuyingLiabilities: amount.String(liabilities.Buying), SellingLiabilities: amount.String(liabilities.Selling)})
	c.accountLinks(&out)
	return out, nil
}

func signersOf(a *xdr.AccountEntry) []horizon.Signer {
	var out []horizon.Signer
	sponsors := a.SignerSponsoringIDs()
	for i, s := range a.Signers {
		key := s.Key.Address()
		signer := horizon.Signer{Weight: int32(s.Weight), Key: key, Type: keyType(key)}
		if i < len(sponsors) && sponsors[i] != nil {
			signer.Sponsor = sponsors[i].Address()
		}
		out = append(out, signer)
	}
	master := a.AccountId.Address()
	return append(out, horizon.Signer{Weight: int32(a.MasterKeyWeight()), Key: master, Type: keyType(master)})
}

func keyType(address string) string {
	name, err := horizon.KeyTypeFromAddress(address)
	if err != nil {
		return "unknown"
	}
	return name
}

// owned adds trustlines, by code and issuer, and data entries.
func (c *call) owned(out *horizon.Account, id engine.ID) {
	out.Data = map[string]string{}
	for _, k := range c.index.owned[id] {
		e := c.State().Entry(k)
		if e == nil {
			continue
		}
		switch e.Data.Type {
		case xdr.LedgerEntryTypeTrustline:
			out.Balances = append(out.Balances, lineBalance(e))
		case xdr.LedgerEntryTypeData:
			out.Data[string(e.Data.Data.DataName)] = base64.StdEncoding.EncodeToString(e.Data.Data.DataValue)
		}
	}
	slices.SortFunc(out.Balances, func(a, b horizon.Balance) int {
		return cmp.Or(strings.Compare(a.Code, b.Code), strings.Compare(a.Issuer, b.Issuer))
	})
}

func lineBalance(e *xdr.LedgerEntry) horizon.Balance {
	t := e.Data.TrustLine
	flags := xdr.TrustLineFlags(t.Flags)
	authorized := flags.IsAuthorized()
	maintains := authorized || flags.IsAuthorizedToMaintainLiabilitiesFlag()
	liabilities := t.Liabilities()
	out := horizon.Balance{Balance: amount.String(t.Balance), Limit: amount.String(t.Limit), Asset: assetOf(t.Asset.ToAsset()),
		BuyingLiabilities: amount.String(liabilities.Buying), SellingLiabilities: amount.String(liabilities.Selling),
		LastModifiedLedger: uint32(e.LastModifiedLedgerSeq), IsAuthorized: &authorized, IsAuthorizedToMaintainLiabilities: &maintains}
	if clawback := flags.IsClawbackEnabledFlag(); clawback {
		out.IsClawbackEnabled = &clawback
	}
	if s := e.SponsoringID(); s != nil {
		out.Sponsor = s.Address()
	}
	return out
}

func assetOf(a xdr.Asset) base.Asset {
	var out base.Asset
	_ = a.Extract(&out.Type, &out.Code, &out.Issuer) // an asset of the ledger always has these parts
	return out
}

func (c *call) accountLinks(out *horizon.Account) {
	self := "/accounts/" + out.AccountID
	l := &out.Links
	l.Self, l.Data = c.link(self), c.link(self+"/data/{key}")
	l.Transactions, l.Operations = c.pagedLink(self+"/transactions"), c.pagedLink(self+"/operations")
	l.Payments = c.pagedLink(self + "/payments")
	l.Effects, l.Offers, l.Trades = c.pagedLink(self+"/effects"), c.pagedLink(self+"/offers"), c.pagedLink(self+"/trades")
}

// closedAt is when a ledger closed; nil when it is no longer kept.
func (c *call) closedAt(seq uint32) *time.Time {
	rows, err := c.Ledgers(seq, 1)
	if err != nil || len(rows) == 0 || uint32(rows[0].Header.LedgerSeq) != seq {
		return nil
	}
	t := timeOf(int64(rows[0].Header.ScpValue.CloseTime))
	return &t
}

func timeOf(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

func oneAccount(c *call) (any, error) {
	id, err := c.accountParam("account_id")
	if err != nil {
		return nil, err
	}
	return c.account(id)
}

func accountData(c *call) (any, error) {
	id, err := c.accountParam("account_id")
	if err != nil {
		return nil, err
	}
	for _, k := range c.index.owned[id] {
		e := c.State().Entry(k)
		if e == nil || e.Data.Data == nil || string(e.Data.Data.DataName) != c.r.PathValue("key") {
			continue
		}
		if c.r.Header.Get("Accept") == "application/octet-stream" {
			return rawValue(e.Data.Data.DataValue), nil
		}
		out := horizon.AccountData{Value: base64.StdEncoding.EncodeToString(e.Data.Data.DataValue)}
		if s := e.SponsoringID(); s != nil {
			out.Sponsor = s.Address()
		}
		return out, nil
	}
	return nil, notFound()
}
