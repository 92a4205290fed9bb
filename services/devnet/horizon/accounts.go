package horizon

import (
	"net/http"
	"slices"
	"strings"

	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

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
	return xdr.Asset{}, invalidField(name, "Asset must be the string \"native\" or "+
		"a string of the form \"Code:IssuerAccountID\" for issued assets.")
}
