package horizon

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// balanceBody is one of the balances of Horizon's account: its lumens, a trustline, or a share of a liquidity pool.
type balanceBody struct {
	Balance string `json:"balance"`
	Buying  string `json:"buying_liabilities"`
	Selling string `json:"selling_liabilities"`
	Type    string `json:"asset_type"`

	// Of a trustline only. An account that may only keep its offers is not authorized; one that is authorized may keep them too.
	Code       string `json:"asset_code"`
	Issuer     string `json:"asset_issuer"`
	Limit      string `json:"limit"`
	Authorized *bool  `json:"is_authorized"`
	Maintains  bool   `json:"is_authorized_to_maintain_liabilities"`
	Clawback   bool   `json:"is_clawback_enabled"` // left out when it is not
	Sponsor    string `json:"sponsor"`
}

func (b *accountBody) readLumens(a *stellar.Account) (err error) {
	found := 0
	for _, l := range b.Balances {
		if l.Type != "native" {
			continue
		}
		found++
		if a.Balance, err = stroops(l.Balance); err != nil {
			return err
		}
		if a.Buying, err = stroops(l.Buying); err != nil {
			return err
		}
		if a.Selling, err = stroops(l.Selling); err != nil {
			return err
		}
	}
	if found != 1 {
		return fmt.Errorf("lumens are listed %d times", found)
	}
	return nil
}

// readLines takes the trustlines, by asset.
func (b *accountBody) readLines() (map[string]*stellar.Trustline, error) {
	lines := map[string]*stellar.Trustline{}
	for _, l := range b.Balances {
		switch l.Type {
		case "native", "liquidity_pool_shares":
			continue
		}
		t, err := l.line(b.ID)
		if err != nil {
			return nil, err
		}
		if lines[t.Asset] != nil {
			return nil, fmt.Errorf("trustline for %s is listed twice", t.Asset)
		}
		lines[t.Asset] = t
	}
	return lines, nil
}

func (b *balanceBody) line(account string) (t *stellar.Trustline, err error) {
	t = &stellar.Trustline{Account: account, Asset: b.Code + ":" + b.Issuer, Sponsor: b.Sponsor}
	short := len(b.Code) <= 4 // the longest code of credit_alphanum4
	if b.Type != "credit_alphanum4" && b.Type != "credit_alphanum12" || short != (b.Type == "credit_alphanum4") {
		return nil, fmt.Errorf("balance of %q with the code %q", b.Type, b.Code)
	}
	if err := stellar.CheckAsset(t.Asset); err != nil {
		return nil, err
	}
	for _, amount := range []struct {
		text string
		into *relay.Stroops
	}{{b.Balance, &t.Balance}, {b.Limit, &t.Limit}, {b.Buying, &t.Buying}, {b.Selling, &t.Selling}} {
		if *amount.into, err = stroops(amount.text); err != nil {
			return nil, fmt.Errorf("trustline for %s: %v", t.Asset, err)
		}
	}
	switch {
	case b.Authorized == nil:
		return nil, fmt.Errorf("trustline for %s: does not say whether it is authorized", t.Asset)
	case t.Balance > t.Limit:
		return nil, fmt.Errorf("trustline for %s: holds %d of %d stroops", t.Asset, t.Balance, t.Limit)
	case *b.Authorized:
		t.Flags |= uint32(xdr.TrustLineFlagsAuthorizedFlag)
	case b.Maintains:
		t.Flags |= uint32(xdr.TrustLineFlagsAuthorizedToMaintainLiabilitiesFlag)
	}
	if b.Clawback {
		t.Flags |= uint32(xdr.TrustLineFlagsTrustlineClawbackEnabledFlag)
	}
	return t, nil
}

// stroops reads an amount as Horizon writes it: digits, a point and seven digits.
func stroops(text string) (relay.Stroops, error) {
	lumens, rest, ok := strings.Cut(text, ".")
	if !ok || lumens == "" || len(rest) != 7 || strings.ContainsFunc(lumens+rest, func(r rune) bool { return r < '0' || r > '9' }) {
		return 0, fmt.Errorf("amount %q", text)
	}
	n, err := strconv.ParseInt(lumens+rest, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("amount %q", text)
	}
	return relay.Stroops(n), nil
}
