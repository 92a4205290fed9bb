package horizon

import (
	"cmp"
	"encoding/base64"
	"net/http"
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
	l.Transactions, l.Operations, l.Payments = c.pagedLink(self+"/transactions"), c.pagedLink(self+"/operations"), c.pagedLink(self+"/payments")
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

// accounts lists by signer, sponsor or asset; exactly one must be asked for. It goes through all entries.
func accounts(c *call, p paging) ([]record, error) {
	wants, err := c.accountFilter()
	if err != nil {
		return nil, err
	}
	found := map[engine.ID]string{}
	for _, e := range c.State().Entries {
		if id, ok := wants(e); ok {
			found[id] = xdr.AccountId(id.AccountID()).Address()
		}
	}
	ids := make([]engine.ID, 0, len(found))
	for id, address := range found {
		if p.beyond(address) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b engine.ID) int { return p.compare(found[a], found[b]) })
	var out []record
	for _, id := range ids[:min(len(ids), p.limit)] {
		a, err := c.account(id)
		if err != nil {
			return nil, err
		}
		out = append(out, record{token: a.PT, body: a})
	}
	return out, nil
}

// beyond and compare page through texts.
func (p paging) beyond(token string) bool {
	return p.cursor == "" || p.compare(p.cursor, token) < 0
}

func (p paging) compare(a, b string) int {
	if p.descending {
		a, b = b, a
	}
	return strings.Compare(a, b)
}

// accountFilter says of an entry whose account it makes part of the list.
func (c *call) accountFilter() (func(*xdr.LedgerEntry) (engine.ID, bool), error) {
	q := c.r.URL.Query()
	signer, sponsor, asset, pool := q.Get("signer"), q.Get("sponsor"), q.Get("asset"), q.Get("liquidity_pool")
	given := 0
	for _, text := range []string{signer, sponsor, asset, pool} {
		if text != "" {
			given++
		}
	}
	if given != 1 {
		return nil, newProblem(http.StatusBadRequest, "invalid_accounts_params", "Invalid Accounts Parameters", "Exactly one filter is "+
			"required. Please ensure that you are including a signer, sponsor, asset, or liquidity pool filter.")
	}
	switch {
	case signer != "":
		return signedBy(signer)
	case sponsor != "":
		id, err := addressOf("sponsor", sponsor)
		return sponsoredBy(id), err
	case asset != "":
		a, err := assetParam("asset", asset)
		if err == nil && a.Type == xdr.AssetTypeAssetTypeNative {
			err = invalidField("asset", "you can't filter by asset: native")
		}
		return holding(a), err
	}
	return func(*xdr.LedgerEntry) (engine.ID, bool) { return engine.ID{}, false }, nil
}

func signedBy(key string) (func(*xdr.LedgerEntry) (engine.ID, bool), error) {
	if _, _, err := strkey.DecodeAny(key); err != nil {
		return nil, invalidField("signer", "Account ID must start with `G` and contain 56 alphanum characters")
	}
	return func(e *xdr.LedgerEntry) (engine.ID, bool) {
		a := e.Data.Account
		if a == nil {
			return engine.ID{}, false
		}
		signs := a.MasterKeyWeight() > 0 && a.AccountId.Address() == key
		return engine.IDOf(a.AccountId), signs || slices.ContainsFunc(a.Signers, func(s xdr.Signer) bool { return s.Key.Address() == key })
	}, nil
}

// sponsoredBy finds accounts of which the sponsor pays the account itself, a signer, a trustline or a data entry.
func sponsoredBy(sponsor engine.ID) func(*xdr.LedgerEntry) (engine.ID, bool) {
	return func(e *xdr.LedgerEntry) (engine.ID, bool) {
		s := e.SponsoringID()
		pays := s != nil && engine.IDOf(*s) == sponsor
		if a := e.Data.Account; a != nil {
			return engine.IDOf(a.AccountId), pays || slices.ContainsFunc(a.SignerSponsoringIDs(), func(s xdr.SponsorshipDescriptor) bool {
				return s != nil && engine.IDOf(*s) == sponsor
			})
		}
		k, err := e.LedgerKey()
		if err != nil {
			return engine.ID{}, false
		}
		who, owned := ownerOf(k)
		return who, pays && owned
	}
}

func holding(asset xdr.Asset) func(*xdr.LedgerEntry) (engine.ID, bool) {
	return func(e *xdr.LedgerEntry) (engine.ID, bool) {
		t := e.Data.TrustLine
		if t == nil || !t.Asset.ToAsset().Equals(asset) {
			return engine.ID{}, false
		}
		return engine.IDOf(t.AccountId), true
	}
}

// assetParam reads "native" or CODE:ISSUER.
func assetParam(name, text string) (xdr.Asset, error) {
	if text == "native" {
		return xdr.MustNewNativeAsset(), nil
	}
	code, issuer, ok := strings.Cut(text, ":")
	if ok {
		if _, err := addressOf(name, issuer); err == nil {
			if a, err := xdr.NewCreditAsset(code, issuer); err == nil {
				return a, nil
			}
		}
	}
	return xdr.Asset{}, invalidField(name, "Asset must be the string \"native\" or a string of the form \"Code:IssuerAccountID\" for issued assets.")
}
