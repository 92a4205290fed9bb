package horizon

import (
	"context"
	"errors"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
)

// claimableBody is Horizon's claimable balance.
type claimableBody struct {
	ID        string `json:"id"`
	Asset     string `json:"asset"`
	Amount    string `json:"amount"`
	Claimants []struct {
		Destination string `json:"destination"`
		Predicate   struct {
			Unconditional bool `json:"unconditional"`
		} `json:"predicate"`
	} `json:"claimants"`
}

// Balance looks at one claimable balance.
func (c *Client) Balance(ctx context.Context, id string) (none relay.BalanceFacts, err error) {
	if _, err := stellar.BalanceKey(id); err != nil {
		return none, access.BadInput(err)
	}
	var body claimableBody
	_, err = c.get(ctx, "claimable balance", "/claimable_balances/"+id, nil, &body, access.SmallBody)
	switch {
	case errors.Is(err, errAbsent):
		return none, nil
	case err != nil:
		return none, err
	case body.ID != id:
		return none, access.Nonsense("claimable balance %s is answered as %s", id, body.ID)
	}
	amount, err := stroops(body.Amount)
	if err == nil && body.Asset != relay.Native {
		err = stellar.CheckAsset(body.Asset)
	}
	if err != nil {
		return none, access.Nonsense("claimable balance %s: %v", id, err)
	}
	b := relay.BalanceFacts{Exists: true, Asset: body.Asset, Amount: amount}
	if len(body.Claimants) == 1 && body.Claimants[0].Predicate.Unconditional {
		b.Claimant = body.Claimants[0].Destination
	}
	return b, nil
}
