package client_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"filippo.io/age"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/seal"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/wire"
)

// killed is a relay that is killed when it has carried a request out: its answer is lost. Nothing listens for a while, then it
// starts and refuses, then it serves.
type killed struct {
	*fake
	by           string // the route of the request
	down, starts time.Duration
	back         time.Time // when it starts
	keys, bodies map[string]bool
}

func (k *killed) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/payments") {
		text, _ := io.ReadAll(r.Body)
		k.keys[r.Header.Get("Idempotency-Key")], k.bodies[string(text)] = true, true
		r.Body = io.NopCloser(strings.NewReader(string(text)))
	}
	switch now := time.Now(); {
	case k.back.IsZero():
		before := k.count(k.by)
		res, err := k.fake.RoundTrip(r)
		if k.count(k.by) == before {
			return res, err
		}
		k.back = now.Add(k.down)
		return nil, io.ErrUnexpectedEOF
	case now.Before(k.back):
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	case now.Before(k.back.Add(k.starts)):
		return answer(503, strings.NewReader(`{"code":"starting","detail":"The service is starting."}`), "Retry-After", "1"), nil
	}
	return k.fake.RoundTrip(r)
}

// does is a call of the SDK, whose relay is killed by the request of a route.
type does struct {
	by string
	do func(ctx context.Context, k *killed, c *client.Client, sent client.Sent) error
}

var mutating = map[string]does{
	"Send": {"POST /v1/payments", func(ctx context.Context, k *killed, c *client.Client, _ client.Sent) error {
		_, err := c.Send(ctx, client.SendRequest{To: "bob@example.com", Amount: "3"})
		if len(k.keys) != 1 || len(k.bodies) != 1 {
			k.t.Errorf("keys %v, %d bodies", k.keys, len(k.bodies))
		}
		return err
	}},
	"Cancel": {"POST /v1/payments/{id}/cancel", func(ctx context.Context, _ *killed, c *client.Client, s client.Sent) error {
		_, err := c.Cancel(ctx, s.Payment.ID)
		return err
	}},
	"Readdress": {"POST /v1/payments/{id}/readdress", func(ctx context.Context, _ *killed, c *client.Client, s client.Sent) error {
		_, err := c.Readdress(ctx, s.Payment.ID, "cat@example.com")
		return err
	}},
	"Claim, proving":    {"POST /v1/claims/{id}/prove", claims},
	"Claim, planning":   {"POST /v1/claims/{id}/plan", claims},
	"Claim, handing in": {"POST /v1/claims/{id}/submit", claims},
	"Claim, looking":    {"GET /v1/claims/{id}", claims},
	"Move": {"POST /v1/payments/{id}/move", func(ctx context.Context, k *killed, c *client.Client, s client.Sent) error {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			return err
		}
		p := k.payments[s.Payment.ID]
		p.box = k.sealedTo(p, id.Recipient().String())
		kept := ""
		_, err = c.Move(ctx, client.MoveRequest{ID: s.Payment.ID, To: "bob@example.com", Identities: []secret.Bytes{secret.NewString(id.String())},
			Keep: func(r client.OwnReceipt) error { kept = r.Payment; return errKept }})
		if errors.Is(err, errKept) && k.payments[kept] != nil && len(k.payments) == 2 {
			return nil // one payment was made, and its terms fit: what follows is as of SendOwn
		}
		return err
	}},
}

var errKept = errors.New("kept")

func claims(ctx context.Context, _ *killed, c *client.Client, s client.Sent) error {
	_, err := c.Claim(ctx, claimInto(s.Link, "ana"))
	return err
}

// sealedTo is the payment's box, for a sender.
func (f *fake) sealedTo(p *fakePayment, sender string) string {
	var c box.Content
	f.sealed(p, func(made *box.Content) { c = *made })
	if p.keeper != "" {
		c.V, c.Keeper = box.KeeperVersion, p.keeper
	}
	file, err := seal.Seal(c, seal.Recipients{Sender: []string{sender}, Claim: p.recipient})
	if err != nil {
		f.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(file)
}

// move makes the payment that takes another one's money over; a repeat finds its id taken.
func (f *fake) move(p *fakePayment, body []byte) (int, any) {
	var in wire.MoveRequest
	if err := json.Unmarshal(body, &in); err != nil {
		f.t.Error(err)
	}
	if f.payments[in.ID] != nil {
		return 0, no(409, "id_taken")
	}
	next := *p
	next.ID, next.To, next.State, next.Policy, next.auth = in.ID, "email:"+in.To, "created", in.Policy, in.Link.AuthHash
	next.Funding = &wire.Funding{From: addr("holding"), Sponsor: addr("service"), Rescue: addr("service"), Sequence: 7, Ledger: 500, LastLedger: 520,
		MaxTime: time.Now().Add(time.Minute).Unix(), Purse: "0", Replaces: p.ID}
	if p.keeper != "" {
		next.Funding.Sponsor, next.Funding.Purse, next.Funding.RungFee, next.Funding.Fee = p.sponsor, "1.1", 900, 700
	}
	f.payments[in.ID] = &next
	out := next.Payment
	return 201, &out
}

// TestMoveKeepsTheKeeper: the wallet whose purse is in the old holding account keeps the reserve of the new one, whatever the
// relay says: what a claim leaves goes there.
func TestMoveKeepsTheKeeper(t *testing.T) {
	for says, fits := range map[string]bool{"wallet": true, "thief": false, "service": false} {
		f := newFake(t)
		sent := f.sent("guarded")
		id, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		p := f.payments[sent.Payment.ID]
		p.ReturnTo, p.keeper, p.sponsor = addr("home"), addr("wallet"), addr(says)
		p.box = f.sealedTo(p, id.Recipient().String())
		cl := f.client(client.Options{Key: secret.NewString(apiKey)})
		_, err = cl.Move(t.Context(), client.MoveRequest{ID: p.ID, To: "bob@example.com", Identities: []secret.Bytes{secret.NewString(id.String())},
			Keep: func(r client.OwnReceipt) error {
				if r.Wallet != addr("wallet") {
					t.Errorf("the receipt names %s", r.Wallet)
				}
				return errKept
			}})
		if want := map[bool]error{true: errKept, false: client.ErrAnswer}[fits]; !errors.Is(err, want) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

// TestThroughAKill: a relay that is killed and comes back costs time and nothing else, as long as the caller's lasts.
func TestThroughAKill(t *testing.T) {
	for name, c := range mutating {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				sent := f.sent("guarded")
				f.asked = nil
				k := &killed{fake: f, by: c.by, down: 40 * time.Second, starts: 35 * time.Second, keys: map[string]bool{}, bodies: map[string]bool{}}
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
				defer cancel()
				cl := f.client(client.Options{Key: secret.NewString(apiKey), HTTPClient: &http.Client{Transport: k}})
				if err := c.do(ctx, k, cl, sent); err != nil || k.back.IsZero() {
					t.Errorf("%v, killed: %v", err, !k.back.IsZero())
				}
			})
		})
	}
}

// TestAKillForGood: the caller's time is kept to, and what may have been done is said.
func TestAKillForGood(t *testing.T) {
	for name, c := range mutating {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			sent := f.sent("guarded")
			f.asked = nil
			k := &killed{fake: f, by: c.by, down: time.Hour, keys: map[string]bool{}, bodies: map[string]bool{}}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			began := time.Now()
			err := c.do(ctx, k, f.client(client.Options{Key: secret.NewString(apiKey), HTTPClient: &http.Client{Transport: k}}), sent)
			var unclear *client.Unclear
			var lost *client.Unreached
			changed := !strings.Contains(name, "looking") && !strings.Contains(name, "planning") && !strings.Contains(name, "proving")
			if errors.As(err, &unclear) != changed || !errors.As(err, &lost) || !client.Temporary(err) {
				t.Errorf("%s: %v", name, err)
			}
			if took := time.Since(began); took > 3*time.Minute || took < 2*time.Minute {
				t.Errorf("%s: gave up after %v", name, took)
			}
		})
	}
}

// TestPatience: what the relay asks for is waited for when it fits into the caller's time, and told at once when it does not. Without
// a deadline a call is made again for two minutes.
func TestPatience(t *testing.T) {
	for name, c := range map[string]struct {
		deadline, asks, least, most time.Duration
		status                      int
		calls                       int // at most
	}{
		"a minute fits":               {3 * time.Minute, time.Minute, 2 * time.Minute, 3 * time.Minute, 429, 3},
		"a minute does not":           {50 * time.Second, time.Minute, 0, 0, 429, 1},
		"a minute, without a limit":   {0, time.Minute, 0, 0, 429, 1},
		"503 asks for 20 s":           {time.Minute, 20 * time.Second, 40 * time.Second, time.Minute, 503, 3},
		"503, without a limit":        {0, 0, 100 * time.Second, 2 * time.Minute, 503, 40},
		"429 that says nothing":       {time.Minute, 0, 0, 0, 429, 1},
		"a refusal":                   {time.Minute, 0, 0, 0, 403, 1},
		"503 asks for less than goes": {time.Minute, time.Second, 50 * time.Second, time.Minute, 503, 40},
	} {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			cl := newFake(t).client(client.Options{Network: testnet, Key: secret.NewString(apiKey), HTTPClient: &http.Client{Transport: answers(func(*http.Request) (*http.Response, error) {
				calls++
				head := []string{}
				if c.asks > 0 {
					head = []string{"Retry-After", strings.TrimSuffix(c.asks.Truncate(time.Second).String(), "s")}
					if c.asks == time.Minute {
						head[1] = "60"
					}
				}
				return answer(c.status, strings.NewReader(`{"code":"busy","detail":"Not now."}`), head...), nil
			})}})
			ctx, began := t.Context(), time.Now()
			if c.deadline > 0 {
				limited, cancel := context.WithTimeout(ctx, c.deadline)
				defer cancel()
				ctx = limited
			}
			_, err := cl.Cancel(ctx, "pay_ag4obfeyrbym5c7rf655clggqq")
			if took := time.Since(began); !client.IsCode(err, "busy") || took < c.least || took > c.most || calls > c.calls {
				t.Errorf("%s: %v after %v and %d calls", name, err, took, calls)
			}
		})
	}
}
