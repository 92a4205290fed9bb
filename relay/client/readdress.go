package client

import (
	"context"
	"fmt"

	"github.com/restante/restante/relay/idn"
	"github.com/restante/restante/relay/wire"
)

// Readdress corrects whom a guarded payment is for. No money moves and the link stays: deliver it to the new recipient. What
// was mailed or vouched for the old handle is void from then on. Errors: a *Problem "share_released" (the old handle was proven
// the old handle), "not_guarded", "claim_in_flight" or "already_…", after which the handle is as it was; *Unclear.
func (c *Client) Readdress(ctx context.Context, id, to string) (Payment, error) {
	path, err := paymentPath(id, "/readdress")
	if err != nil {
		return Payment{}, err
	}
	q := c.post(path, wire.ReaddressRequest{To: to})
	q.safe = true // the same handle again changes nothing
	return change(ctx, c, id, q, func(p Payment) error {
		asked, err := idn.ParseHandle(to)
		got, err2 := idn.ParseHandle(p.To)
		if err != nil || err2 != nil || asked != got {
			return fmt.Errorf("%w: payment %s is to another handle", ErrAnswer, id)
		}
		return fits(p.ID, id)
	})
}
