package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
)

// MostWait is the longest that the relay is asked to hold an answer back at a time. The methods that wait longer ask again.
const MostWait = 30 * time.Second

func paymentPath(id, rest string) (string, error) {
	if _, err := relay.ParsePaymentID(id); err != nil {
		var f *relay.Fault // it does not quote the id, which may be a link that went to the wrong place
		if !errors.As(err, &f) {
			return "", err
		}
		return "", &Problem{Status: http.StatusBadRequest, Code: f.Code, Pointer: f.Pointer, Detail: "that is not a payment's id: " + f.Public}
	}
	return "/v1/payments/" + id + rest, nil
}

// waiting asks the relay to hold its answer back for d, as long as the payment is in the state while ("": in which it is).
func waiting(q call, d time.Duration, while string) call {
	if q.wait = min(d, MostWait); q.wait <= 0 {
		return q
	}
	q.query = url.Values{"wait": {strconv.FormatInt(int64(max(q.wait, time.Second)/time.Second), 10) + "s"}}
	if while != "" {
		q.query.Set("state_not", while)
	}
	return q
}

// Get reads a payment of the app. With a wait of more than zero (more than MostWait counts as MostWait) the relay holds
// the answer back until the payment changes its state.
func (c *Client) Get(ctx context.Context, id string, wait time.Duration) (Payment, error) {
	return c.read(ctx, id, wait, "")
}

func (c *Client) read(ctx context.Context, id string, wait time.Duration, while string) (Payment, error) {
	path, err := paymentPath(id, "")
	if err != nil {
		return Payment{}, err
	}
	var p Payment
	if err := c.do(ctx, waiting(c.get(path), wait, while), &p); err != nil {
		return Payment{}, err
	}
	return p, fits(p.ID, id)
}

func fits(got, want string) error {
	if got != want {
		return fmt.Errorf("%w: another payment", ErrAnswer)
	}
	return nil
}

// Follow reads a payment again and again until done says so, and returns it as it is then. done sees every reading, the
// first at once; it is called by this goroutine only.
func (c *Client) Follow(ctx context.Context, id string, done func(Payment) bool) (Payment, error) {
	read := func(wait time.Duration, while string) (Payment, string, error) {
		p, err := c.read(ctx, id, wait, while)
		return p, p.State, err
	}
	return follow(ctx, read, done)
}

// follow polls. A relay that does not hold answers back is asked less and less often.
func follow[T any](ctx context.Context, read func(wait time.Duration, while string) (T, string, error), done func(T) bool) (T, error) {
	var wait time.Duration
	state, pause := "", firstPause
	for {
		asked := time.Now()
		got, now, err := read(wait, state)
		if err != nil || done(got) {
			return got, err
		}
		if now == state && time.Since(asked) < time.Second {
			if err := sleep(ctx, pause); err != nil {
				return got, err
			}
			pause = min(2*pause, 2*time.Second)
		}
		wait, state = MostWait, now
	}
}

// Filter chooses payments for a list. The zero value is the newest 20 or so of the app.
type Filter struct {
	State     string
	Reference string
	To        string // handle
	Limit     int    // 1 to 100; 0 is the relay's own
	After     string // id of the last payment of the page before
}

// List pages through the app's payments, newest first.
func (c *Client) List(ctx context.Context, f Filter) (PaymentList, error) {
	q := c.get("/v1/payments")
	q.query = url.Values{}
	for k, v := range map[string]string{"state": f.State, "reference": f.Reference, "to": f.To, "after": f.After} {
		if v != "" {
			q.query.Set(k, v)
		}
	}
	if f.Limit != 0 {
		q.query.Set("limit", strconv.Itoa(f.Limit))
	}
	var out PaymentList
	err := c.do(ctx, q, &out)
	return out, err
}

// Cancel asks for the money back. The payment returned may still be on its way: funding and claim are waited for first,
// and a claim that lands first wins. A Problem "already_claimed" says that it has.
func (c *Client) Cancel(ctx context.Context, id string) (Payment, error) {
	path, err := paymentPath(id, "/cancel")
	if err != nil {
		return Payment{}, err
	}
	q := c.post(path, nil)
	q.safe = true // asking twice is asking once
	return change(ctx, c, id, q, func(p Payment) error { return fits(p.ID, id) })
}

// Vouch says that the app's own signed-in user owns the payment's handle. The voucher is hers alone and serves once, for
// 10 minutes, in place of a mailed code.
func (c *Client) Vouch(ctx context.Context, id string) (Voucher, error) {
	path, err := paymentPath(id, "/vouch")
	if err != nil {
		return Voucher{}, err
	}
	q := c.post(path, nil)
	q.safe = true // each voucher serves one claimant and dies unused otherwise
	return change[Voucher](ctx, c, id, q, nil)
}

// Story reads everything that is known of a payment.
func (c *Client) Story(ctx context.Context, id string) (Story, error) {
	path, err := paymentPath(id, "/story")
	if err != nil {
		return Story{}, err
	}
	var s Story
	if err := c.do(ctx, c.get(path), &s); err != nil {
		return Story{}, err
	}
	return s, fits(s.Payment.ID, id)
}

// Treasury reads the account that funds the app's payments, and what of an asset ("" or "native": lumens) is in it.
func (c *Client) Treasury(ctx context.Context, asset string) (Treasury, error) {
	q := c.get("/v1/treasury")
	if asset != "" {
		q.query = url.Values{"asset": {asset}}
	}
	var t Treasury
	err := c.do(ctx, q, &t)
	return t, err
}

// Limits says what the service would still sign for the app just now, and of an asset ("" or "native": lumens) today.
func (c *Client) Limits(ctx context.Context, asset string) (Limits, error) {
	q := c.get("/v1/limits")
	if asset != "" {
		q.query = url.Values{"asset": {asset}}
	}
	var l Limits
	err := c.do(ctx, q, &l)
	return l, err
}

// Reclaim asks for the service's reserves in the accounts that claims of the app's payments made. Each comes back once its
// owner can carry it. always, if it is not nil, says whether later claims ask by themselves.
func (c *Client) Reclaim(ctx context.Context, always *bool) (Reclaiming, error) {
	q := c.post("/v1/reserves/reclaim", wire.ReclaimRequest{Always: always})
	q.safe = true // each account gives its reserve back once
	return change[Reclaiming](ctx, c, "", q, nil)
}

// Trust gives the treasury a trustline for an asset (CODE:ISSUER) and waits until the ledger shows it. Again is safe.
func (c *Client) Trust(ctx context.Context, asset string) (Treasury, error) {
	q := c.post("/v1/treasury/trust", wire.TrustRequest{Asset: asset})
	q.safe, q.wait = true, MostWait
	return change[Treasury](ctx, c, "", q, nil)
}

// Agreed is the account that the owner of a handle has put on file with this app; "" when there is none.
func (c *Client) Agreed(ctx context.Context, to string) (string, error) {
	q := c.get("/v1/agreed")
	q.query = url.Values{"to": {to}}
	var a wire.Agreed
	if err := c.do(ctx, q, &a); err != nil || a.Account == nil {
		return "", err
	}
	return *a.Account, nil
}

// Forget takes the account on file for a handle off again.
func (c *Client) Forget(ctx context.Context, to string) error {
	q := c.get("/v1/agreed")
	q.method, q.query = http.MethodDelete, url.Values{"to": {to}}
	_, err := change[wire.Agreed](ctx, c, "", q, nil)
	return err
}
