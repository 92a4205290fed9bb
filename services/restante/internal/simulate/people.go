package simulate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/redeem"
	"github.com/restante/restante/relay/wire"
	"github.com/restante/restante/services/internal/post"
)

// app is a tenant: it sends out of its treasury, and its people claim.
type app struct {
	relay.App
	client   *client.Client
	identity *age.X25519Identity // opens every box of its
	before   money               // in its treasury when the history began
	holds    bool                // its treasury has some of the issuer's asset
}

// wallet is a person's own account.
type wallet struct {
	*keypair.Full
	identity *age.X25519Identity
	before   money
	signs    *keypair.Full // in place of its own key, which has no weight; nil: its own does
	sends    bool          // it was given a payment to send, or claims into
	receives bool          // it is one that is claimed into
}

// key is the one that signs for the wallet.
func (x *wallet) key() *keypair.Full {
	if x.signs != nil {
		return x.signs
	}
	return x.Full
}

// newClient is a person's, or an app's, with the key of one.
func (w *world) newClient(key string) *client.Client {
	serve := func(a http.ResponseWriter, r *http.Request) bool {
		return w.api != nil && w.sched.call(w.api, "api "+r.Method+" "+r.URL.Path, func() { w.handler.ServeHTTP(a, r) })
	}
	c, err := client.New(publicURL, client.Options{Key: secret.NewString(key), Attempts: 1, Now: w.clock(w.people),
		HTTPClient: &http.Client{Transport: &road{w: w, from: w.people, name: "api", refused: apiBefore, lost: apiLost, late: apiLate, twice: apiTwice, serve: serve}}})
	if err != nil {
		panic(err) // the address is a constant
	}
	return c
}

func newIdentity() *age.X25519Identity {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		panic(err) // the source of randomness is the simulator's
	}
	return id
}

// between draws a time.
func (w *world) between(from, to time.Duration) time.Duration {
	return from + time.Duration(w.chance.Int64N(int64(to-from)))
}

// again calls try until it says that it is over, with pauses, so many times at most.
func (w *world) again(times int, try func() (over bool)) bool {
	for range times {
		if try() {
			return true
		}
		w.sched.sleep(w.between(2*time.Second, 12*time.Second))
	}
	return false
}

// one chooses.
func one[T any](w *world, of ...T) T { return of[w.chance.IntN(len(of))] }

// sends is a person at an app who sends one payment, and may think better of it.
func (w *world) sends(ctx context.Context, a *app, n int) {
	w.sched.sleep(w.between(0, 2*time.Minute))
	p := w.newPayment(a, n)
	if x := w.idleWallet(); x != nil && w.chance.IntN(3) == 0 {
		w.sendsOwn(ctx, p, x)
		return
	}
	req := client.SendRequest{To: p.to, Amount: relay.Stroops(p.amount).String(), Asset: p.asset, Policy: p.policy, ExpiresIn: one(w, "1h", "2h", "24h")}
	if known := w.onFile(a); known != nil && w.chance.IntN(2) == 0 {
		req.Direct, req.To, p.to = true, known.to, known.to
		w.books.receives(p, known.agreed)
	}
	var attempt client.Attempt
	if !w.again(20, func() bool {
		var err error
		attempt, err = a.client.Prepare(ctx, req)
		return err == nil
	}) {
		return
	}
	p.id, p.link = attempt.ID, attempt.Link
	w.books.payments = append(w.books.payments, p)
	doubt := false
	accepted := w.again(40, func() bool {
		var err error
		if doubt {
			_, err = a.client.ResumeAttempt(ctx, attempt)
		} else {
			_, err = a.client.SendAttempt(ctx, attempt)
		}
		var unclear *client.Unclear
		doubt = doubt || errors.As(err, &unclear)
		p.refused = refusal(err)
		return err == nil || p.refused != ""
	})
	if p.accepted = accepted && p.refused == ""; p.accepted {
		w.goesOn(ctx, p)
	}
}

func (w *world) newPayment(a *app, n int) *payment {
	p := &payment{app: a, number: n, asset: lumens, amount: int64(20*relay.One) + int64(n), policy: one(w, "guarded", "guarded", "link"),
		to: fmt.Sprintf("p%d@example.com", n), flows: map[string]int64{}, lumens: map[string]int64{}, marks: map[string]string{}}
	if a.holds && w.chance.IntN(2) == 0 {
		p.asset = w.asset
	}
	return p
}

// onFile is a payment of the app whose recipient agreed to be paid directly.
func (w *world) onFile(a *app) *payment {
	for _, p := range w.books.payments {
		if p.app == a && p.agreed != "" {
			return p
		}
	}
	return nil
}

// goesOn is what comes of a payment that was accepted: recipients who act, and a sender who thinks better of it.
func (w *world) goesOn(ctx context.Context, p *payment) {
	n := p.number
	for range one(w, 1, 1, 1, 2) {
		w.sched.spawn(w.people, fmt.Sprintf("recipient %d", n), func() { w.receives(ctx, p) }, nil)
	}
	if p.asset != lumens && w.chance.IntN(4) == 0 {
		w.sched.sleep(w.between(20*time.Second, 2*time.Minute))
		w.issuerActs(p)
		return
	}
	switch w.chance.IntN(12) {
	case 4:
		w.sched.sleep(w.between(20*time.Second, 2*time.Minute))
		w.movesOn(ctx, p)
	case 5, 6:
		w.sched.sleep(w.between(20*time.Second, 2*time.Minute))
		w.tampers(ctx, p)
	case 7:
		w.sched.sleep(w.between(20*time.Second, 2*time.Minute))
		w.handsIn(ctx, p)
	case 0, 1:
		w.sched.sleep(w.between(0, 90*time.Second))
		w.cancels(ctx, p)
	case 2:
		w.sched.spawn(w.people, fmt.Sprintf("sender %d too", n), func() { w.cancels(ctx, p) }, nil)
		w.cancels(ctx, p)
	case 3:
		if p.policy == "guarded" {
			w.sched.sleep(w.between(0, time.Minute))
			w.readdresses(ctx, p)
		}
	}
}

// refusal is the code of a relay that says no for good; "" otherwise.
func refusal(err error) string {
	var p *client.Problem
	if errors.As(err, &p) && p.Status >= 400 && p.Status < 500 && p.Status != 429 && p.Code != "idempotency_in_flight" {
		return p.Code
	}
	return ""
}

func (w *world) cancels(ctx context.Context, p *payment) {
	w.again(10, func() bool {
		v, err := p.app.client.Cancel(ctx, p.id)
		w.trace.tell("%v cancel of %d: %s %s", w.sched.now, p.number, v.State, refusal(err))
		return err == nil || refusal(err) != ""
	})
}

func (w *world) readdresses(ctx context.Context, p *payment) {
	to := "other-" + p.to
	w.again(10, func() bool {
		_, err := p.app.client.Readdress(ctx, p.id, to)
		if err == nil {
			p.to = to
		}
		return err == nil || refusal(err) != ""
	})
}

// receives is the recipient, in the mood of the moment.
func (w *world) receives(ctx context.Context, p *payment) {
	w.sched.sleep(w.between(0, time.Minute))
	switch w.chance.IntN(8) {
	case 0: // never looks
	case 1:
		c := w.newClient("")
		w.again(10, func() bool {
			_, err := c.Decline(ctx, p.link)
			return err == nil || refusal(err) != ""
		})
	default:
		w.claims(ctx, p)
	}
}

// claims is a claim into a new account, gone on with until the payment has ended or the person is tired of it.
func (w *world) claims(ctx context.Context, p *payment) {
	t := claimer{world: w, p: p, c: w.newClient(""), key: keypair.MustRandom()}
	t.into = t.key.Address()
	switch w.chance.IntN(6) {
	case 0:
		if x := w.idleWallet(); x != nil { // into an account that is there, and that sends nothing
			x.sends, x.receives, t.key, t.into = true, true, x.key(), x.Address()
			t.newLine = p.asset != lumens && w.books.line(t.into) == nil
		}
	case 1: // an exchange, whose customer has a memo, or a number
		if p.returnTo == w.exchange.Address() || p.marks[w.exchange.Address()] != "" {
			break // the ledger would not tell one from the other
		}
		t.key, t.into = w.exchange, w.exchange.Address()
		t.memo = one(w, relay.Memo{Kind: "text", Value: "customer 7"}, relay.Memo{Kind: "id", Value: "4711"}, relay.Memo{})
		p.marks[t.into] = strings.TrimSpace(t.memo.Kind + " " + t.memo.Value)
		if t.memo.Kind == "" {
			p.marks[t.into] = "id 77"
		}
	}
	w.books.receives(p, t.into)
	w.again(40, func() bool { return t.step(ctx) })
}

// claimer is a claim on its way.
type claimer struct {
	*world
	p       *payment
	c       *client.Client
	key     *keypair.Full // that signs for the account
	into    string        // the account
	memo    relay.Memo    // that it asks for
	newLine bool          // it lacks the trustline
	proven  *client.Proven
	asked   *client.CodeSession
	mine    string // claimant key
}

// step goes one step, and says that the claim is over.
func (t *claimer) step(ctx context.Context) (over bool) {
	v, err := t.c.View(ctx, t.p.link, 0)
	switch {
	case err != nil:
		return refusal(err) != ""
	case relay.State(v.State).Ended():
		return true
	case v.State != string(relay.Pending):
		return false
	}
	if t.proven == nil && !t.prove(ctx) {
		return false
	}
	h, err := redeem.Open(t.p.link.Secret, *t.proven, redeem.Expect{Payment: t.p.id, Network: network, Policy: relay.Policy(t.p.policy),
		Asset: t.p.asset, Amount: relay.Stroops(t.p.amount), Bound: v.Purse})
	if err != nil {
		t.violate("payment %d: its box does not open: %v", t.p.number, err)
		return true
	}
	dest := t.into
	if t.p.marks[dest] == "id 77" {
		dest = muxed(dest, 77)
	}
	got, err := t.c.PlanClaim(ctx, t.p.link, t.proven.Proof, wire.PlanRequest{Destination: dest, Memo: t.memo.Value, MemoType: t.memo.Kind, NewLine: t.newLine})
	if err != nil {
		t.trace.tell("%v plan for %d: %s", t.sched.now, t.p.number, refusal(err))
		if client.IsCode(err, "proof_invalid") {
			t.proven = nil
		}
		return false
	}
	plan, err := redeem.CheckPlan(got, h, redeem.PlanExpect{Destination: dest, NewAccount: got.NewAccount, NewLine: got.NewLine, Memo: t.memo, Purse: v.Purse,
		Now: t.clock(t.nature)(), Longest: client.LongestClaim})
	if err != nil {
		t.trace.tell("%v plan of %d does not do: %v", t.sched.now, t.p.number, err)
		return false
	}
	signed, err := plan.Sign(secret.NewString(t.key.Seed()))
	if err != nil {
		t.violate("payment %d: its plan cannot be signed: %v", t.p.number, err)
		return true
	}
	if t.chance.IntN(12) == 0 {
		return true // signed, and never handed in by her
	}
	if t.p.policy == "guarded" && t.into != t.exchange.Address() && t.chance.IntN(3) == 0 {
		err := t.c.Agree(ctx, t.p.link, t.proven.Proof, t.into)
		t.trace.tell("%v recipient of %d has the app pay %s directly: %s", t.sched.now, t.p.number, t.into, refusal(err))
		if err == nil {
			t.p.agreed = t.into
		}
	}
	_, err = t.c.SubmitClaim(ctx, t.p.link, t.proven.Proof, signed)
	t.trace.tell("%v claim of %d handed in: %s", t.sched.now, t.p.number, refusal(err))
	return false
}

// prove shows that the handle is hers, by what the policy asks for.
func (t *claimer) prove(ctx context.Context) bool {
	if t.mine == "" {
		t.mine = strings.Repeat("k", 20) + t.key.Address()[:20]
	}
	cred := client.Credential{ClaimantKey: t.mine}
	switch {
	case t.p.policy == "link":
		cred.ClaimantKey = ""
	case t.asked == nil && t.chance.IntN(3) == 0:
		v, err := t.p.app.client.Vouch(ctx, t.p.id)
		if err != nil {
			return false
		}
		cred.Voucher = v.Voucher
	default:
		if t.asked == nil {
			s, err := t.c.AskCode(ctx, t.p.link)
			if err != nil {
				return false
			}
			t.asked = &s
			return false // the mail takes its time
		}
		code := t.mailbox.code(t.p.to)
		if code == "" {
			return false
		}
		cred.Session, cred.Code = t.asked.Session, code
	}
	got, err := t.c.Prove(ctx, t.p.link, cred)
	t.trace.tell("%v proof for %d: %s", t.sched.now, t.p.number, refusal(err))
	if err != nil {
		if refusal(err) != "" {
			t.asked = nil
		}
		return false
	}
	t.proven = &got
	return true
}

// mailbox is where all mail arrives.
type mailbox struct{ mail []post.Message }

// code is the newest code that was mailed to an address.
func (m *mailbox) code(to string) string {
	for i := len(m.mail) - 1; i >= 0; i-- {
		if x := m.mail[i]; x.To == to && strings.HasPrefix(x.ID, "code-") {
			for word := range strings.FieldsSeq(x.Text) {
				if len(word) == 6 && strings.Trim(word, "0123456789") == "" {
					return word
				}
			}
		}
	}
	return ""
}

// mailer is the mail server as a worker reaches it.
type mailer struct {
	w *world
	p *process
}

func (w *world) office(p *process) *post.Office {
	return &post.Office{Mailer: mailer{w, p}, Codes: w.keys, Now: w.clock(p)}
}

var errMail = errors.New("simulated: the mail server does not answer")

// Send implements post.Mailer.
func (m mailer) Send(ctx context.Context, x post.Message) error {
	if err := m.w.cross(m.p, "mail", remote); err != nil {
		return err
	}
	if m.w.fault(mailBefore) {
		return errMail
	}
	m.w.mailbox.mail = append(m.w.mailbox.mail, x)
	m.w.books.notice(x)
	if m.w.fault(mailLost) {
		return errMail
	}
	return m.w.cross(m.p, "mail answer", remote)
}

// muxed is an account's M… address with a customer's number (CAP-27).
func muxed(account string, id uint64) string {
	m, err := xdr.MuxedAccountFromAccountId(account, id)
	if err != nil {
		panic(err) // the account is one of the stage
	}
	return m.Address()
}
