package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/services/restante/internal/demo"
	"github.com/restante/restante/services/restante/internal/stack"
)

// startOn is an instance on a data directory that is kept, started with --lift-halt when lift is not empty.
func startOn(t *testing.T, data, lift string) (*demo.Instance, func(), error) {
	t.Helper()
	return demo.Start(t.Context(), io.Discard, func(c *stack.Config) {
		c.Data, c.Ledger.Interval, c.Lift = data, 50*time.Millisecond, lift
	})
}

// TestHeldPayment stops one payment: readyz stays 200 and says how many are held, about which hash; the payment itself, explain
// and the claimant's view say it; others go on. It goes on when a person has looked at that hash, and at no other.
func TestHeldPayment(t *testing.T) {
	t.Parallel()
	ctx, data, hash := t.Context(), t.TempDir(), strings.Repeat("ab", 32)
	d, end, err := startOn(t, data, "")
	if err != nil {
		t.Fatal(err)
	}
	send := func() client.Sent {
		t.Helper()
		s, err := d.App.Send(ctx, client.SendRequest{To: "ana@example.com", Amount: "25", Policy: "link"})
		if err != nil {
			t.Fatal(err)
		}
		if s.Payment, err = d.App.Follow(ctx, s.Payment.ID, inState(relay.Pending)); err != nil {
			t.Fatal(err)
		}
		return s
	}
	held, free := send(), send()
	if status, r := readiness(t, d.Stack.URL); status != http.StatusOK || r.Checks["held"] != "ok" {
		t.Fatalf("before: %d %+v", status, r)
	}
	id := relay.PaymentID(held.Payment.ID)
	all, err := d.Stack.Desk.Halt(ctx, relay.AboutPayments(hash, fmt.Errorf("two ends: %w", relay.ErrContradiction), id))
	if err != nil || all {
		t.Fatalf("it stops everything: %v %v", all, err)
	}

	toldHeld(t, d, held, hash)
	if other, err := d.App.Get(ctx, free.Payment.ID, 0); err != nil || other.Halted != nil {
		t.Errorf("another payment says %+v: %v", other.Halted, err)
	}
	if p, err := d.App.Cancel(ctx, held.Payment.ID); err != nil || p.ReturnAsked == "" && p.State != string(relay.Returning) {
		t.Errorf("a cancel of it: %s %v", p.State, err)
	}
	if _, errs, err := typeIn(t, d, "cancel", held.Payment.ID); statusOf(err) != statusTryAgain || !strings.Contains(errs, "The wish to have it back is noted.") {
		t.Errorf("the command to cancel it: %v, %q", err, errs)
	}
	if _, err := d.Recipient.Claim(ctx, d.ClaimInto(free.Link, keypair.MustRandom())); err != nil {
		t.Errorf("a claim of another: %v", err)
	}
	end()

	if _, end, err := startOn(t, data, strings.Repeat("cd", 32)); err == nil || !strings.Contains(err.Error(), "No halt is about") {
		t.Errorf("another hash is lifted: %v", err)
		end()
	}
	if d, end, err = startOn(t, data, ""); err != nil {
		t.Fatal(err)
	}
	send() // while it is held
	if p, err := d.App.Get(ctx, held.Payment.ID, 0); err != nil || p.State != string(relay.Returning) || p.Halted == nil {
		t.Errorf("after a restart: %s %+v %v", p.State, p.Halted, err)
	}
	end()
	if d, end, err = startOn(t, data, hash); err != nil {
		t.Fatal(err)
	}
	defer end()
	if _, err := d.App.Follow(ctx, held.Payment.ID, inState(relay.Returned)); err != nil {
		t.Error(err)
	}
	if status, r := readiness(t, d.Stack.URL); status != http.StatusOK || r.Checks["held"] != "ok" {
		t.Errorf("after: %d %+v", status, r)
	}
}

// toldHeld wants readiness, the app, explain, show and the claimant to be told that a payment is stopped, and about which hash.
func toldHeld(t *testing.T, d *demo.Instance, held client.Sent, hash string) {
	t.Helper()
	ctx := t.Context()
	status, r := readiness(t, d.Stack.URL)
	if status != http.StatusOK || r.Checks["held"] != "failing" || r.Checks["halted"] != "ok" ||
		!strings.Contains(r.Causes["held"], "1 payment and 0 apps") || !strings.Contains(r.Causes["held"], hash) {
		t.Errorf("held: %d %+v", status, r)
	}
	p, err := d.App.Get(ctx, held.Payment.ID, 0)
	if err != nil || p.Halted == nil || p.Halted.Scope != "payment" || p.Halted.About != hash || p.Halted.Since == nil || p.Halted.Detail == "" {
		t.Errorf("the payment says %+v: %v", p.Halted, err)
	}
	story, err := d.App.Story(ctx, held.Payment.ID)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := (&cli{stdout: &text}).explain(story, time.Now()); err != nil || !strings.Contains(text.String(), "HALTED since ") ||
		!strings.Contains(text.String(), "--lift-halt "+hash) {
		t.Errorf("explain says\n%s%v", text.String(), err)
	}
	if strings.Contains(text.String(), "The money waits") || strings.Contains(text.String(), "can claim") || strings.Contains(text.String(), "can cancel") {
		t.Errorf("explain says that the payment is alive:\n%s", text.String())
	}
	if !strings.HasSuffix(p.CustodyText, relay.WhileHalted) {
		t.Errorf("the payment's custody is told as %q", p.CustodyText)
	}
	said, errs, err := typeIn(t, d, "show", held.Payment.ID)
	if err != nil || !strings.Contains(said, "It is stopped: ") || !strings.Contains(said, hash) || strings.Contains(said, "The money waits") {
		t.Errorf("show says\n%s%s%v", said, errs, err)
	}
	view, err := d.Recipient.View(ctx, held.Link, 0)
	if err != nil || view.Held == nil || view.Held.Code != "halted" || !strings.HasSuffix(view.CustodyText, relay.WhileHalted) {
		t.Errorf("the claimant is told %+v: %v", view.Held, err)
	}
	var refused *client.Problem
	if _, err := d.Recipient.Claim(ctx, d.ClaimInto(held.Link, keypair.MustRandom())); !errors.As(err, &refused) || refused.Code != "halted" {
		t.Errorf("a claim of it: %v", err)
	}
}

// typeIn runs a command against an instance, as its app.
func typeIn(t *testing.T, d *demo.Instance, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	env := map[string]string{"RESTANTE_SERVER": d.Stack.URL, "RESTANTE_KEY": d.Dev.Key, "RESTANTE_STATE": t.TempDir()}
	var out, errs bytes.Buffer
	err = run(t.Context(), func(name string) string { return env[name] }, args, strings.NewReader(""), &out, &errs)
	return out.String(), errs.String(), err
}

// TestSendWaitsForNoHalt: a command that waits for a payment ends with the link and the state when a halt stands in the way.
func TestSendWaitsForNoHalt(t *testing.T) {
	t.Parallel()
	d, end, err := demo.Start(t.Context(), io.Discard, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	if _, err := d.Stack.Desk.Halt(t.Context(), fmt.Errorf("the ledger is another one: %w", relay.ErrContradiction)); err != nil {
		t.Fatal(err)
	}
	out, errs, err := typeIn(t, d, "send", "--to", "ana@example.com", "--amount", "25", "--policy", "link", "--wait")
	if statusOf(err) != statusTryAgain || !strings.Contains(out, "/c/pay_") || !strings.Contains(out, "created") || !strings.Contains(errs, "is stopped until the operator has looked") {
		t.Errorf("%v\n%s%s", err, out, errs)
	}
	link := regexp.MustCompile(`http\S+/c/pay_\S+`).FindString(out)
	if _, errs, err := typeIn(t, d, "claim", link); statusOf(err) != statusTryAgain || !strings.Contains(errs, "is stopped until the operator has looked") {
		t.Errorf("a claim: %v %s", err, errs)
	}
	if out, _, err := typeIn(t, d, "list"); err != nil || !strings.Contains(out, "created, halted") {
		t.Errorf("list: %v\n%s", err, out)
	}
}

// TestSendWaitCutOff: a payment was accepted, and the wait for its money is cut off. What is named then is no second payment.
func TestSendWaitCutOff(t *testing.T) {
	t.Parallel()
	d, end, err := demo.Start(t.Context(), io.Discard, nil) // no ledger closes by itself
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	to, err := url.Parse(d.Stack.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	relayed := httputil.NewSingleHostReverseProxy(to)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/v1/payments/pay_") { // the command waits
			interrupt()
			<-r.Context().Done()
			return
		}
		relayed.ServeHTTP(w, r)
	}))
	defer s.Close()
	env := map[string]string{"RESTANTE_SERVER": s.URL, "RESTANTE_KEY": d.Dev.Key, "RESTANTE_STATE": t.TempDir()}
	var out, errs bytes.Buffer
	err = run(ctx, func(name string) string { return env[name] }, []string{"send", "--to", "ana@example.com", "--amount", "25", "--policy", "link", "--wait"},
		strings.NewReader(""), &out, &errs)
	l, listed := d.App.List(t.Context(), client.Filter{})
	if listed != nil || len(l.Data) != 1 {
		t.Fatalf("%d payments: %v", len(l.Data), listed)
	}
	id := l.Data[0].ID
	if statusOf(err) != statusTryAgain || !strings.Contains(out.String(), "/c/"+id) || !strings.Contains(errs.String(), "The payment is accepted") ||
		!strings.Contains(errs.String(), "restante show "+id) || strings.Contains(errs.String(), "restante send") {
		t.Errorf("%v\n%s%s", err, &out, &errs)
	}
}

// TestLiftWhich: without a hash --lift-halt is for the halt of everything, or the only one; else it wants to know which.
func TestLiftWhich(t *testing.T) {
	d, end, err := demo.Start(t.Context(), io.Discard, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	halt := func(err error) {
		t.Helper()
		if _, err := d.Stack.Desk.Halt(t.Context(), err); err != nil {
			t.Fatal(err)
		}
	}
	lift := func(which, want string) {
		t.Helper()
		d.Stack.Config.Lift = which
		err := d.Stack.LiftHalt(t.Context())
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("--lift-halt %s: %v, want %q", which, err, want)
		}
	}
	contradiction := fmt.Errorf("both: %w", relay.ErrContradiction)
	lift("", "")
	lift(stack.AnyHalt, "") // as before: nothing stands
	lift("a", "No halt is about a")
	halt(relay.AboutPayments("a", contradiction, "pay_one", "pay_two"))
	halt(relay.AboutApp("G", contradiction, "app_one"))
	lift(stack.AnyHalt, "say which hash: a, G")
	halt(relay.About("everything", contradiction))
	lift(stack.AnyHalt, "")
	if h, err := d.Stack.Desk.Halted(t.Context()); err != nil || h.Scope != "" {
		t.Errorf("still halted: %+v %v", h, err)
	}
	lift("G", "")
	lift(stack.AnyHalt, "") // the only one, of two payments
	if all, err := d.Stack.Desk.Halts(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("left: %+v %v", all, err)
	}
}

// TestLiftHaltFlag: the flag stands alone, with its hash behind it, or with = between; nothing else is an argument of up.
func TestLiftHaltFlag(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
		bad  bool
	}{
		{nil, "", false}, {[]string{"--lift-halt"}, stack.AnyHalt, false}, {[]string{"--lift-halt=ab"}, "ab", false}, {[]string{"--lift-halt", "ab"}, "ab", false},
		{[]string{"ab"}, "", true}, {[]string{"--lift-halt", "ab", "cd"}, stack.AnyHalt, true},
	} {
		var cfg stack.Config
		cmd := (&cli{}).newUpWith(&cfg)
		err := cmd.ParseFlags(c.args)
		if err == nil {
			err = cmd.Args(cmd, cmd.Flags().Args())
		}
		if (err != nil) != c.bad || cfg.Lift != c.want {
			t.Errorf("%v: %q %v", c.args, cfg.Lift, err)
		}
	}
}

// TestWarningsOfReadiness: what waits for money, or for a person, is told by name and makes nothing unready.
func TestWarningsOfReadiness(t *testing.T) {
	t.Parallel()
	d, end, err := demo.Start(t.Context(), io.Discard, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	ctx, writer := t.Context(), d.Stack.Desk
	want := func(check, cause string) {
		t.Helper()
		status, r := readiness(t, d.Stack.URL)
		state := "failing"
		if cause == "" {
			state = "ok"
		}
		if status != http.StatusOK || !r.Ready || r.Checks[check] != state || !strings.Contains(r.Causes[check], cause) {
			t.Errorf("%s: %d %+v, want %q", check, status, r, cause)
		}
	}
	resume := func(apps ...relay.AppID) {
		t.Helper()
		if err := d.Stack.Store.UpdateMany(ctx, nil, func(tx desk.Tx, _ []relay.Payment) error { return tx.EndPauses(apps...) }); err != nil {
			t.Fatal(err)
		}
	}
	pause := func(app relay.AppID, code, text string) {
		t.Helper()
		if _, err := writer.Pause(ctx, app, relay.NewFault(relay.Exhausted, code, text, nil)); err != nil {
			t.Fatal(err)
		}
	}
	for _, check := range []string{"sponsor", "fundings", "held", "halted"} {
		want(check, "")
	}
	pause("app_one", relay.ErrTreasuryShort.Code, "The treasury is short.")
	want("fundings", "Fundings wait for a treasury or for a limit, in 1 app(s).")
	pause("app_two", "day_limit", "The day is used up.")
	want("fundings", "Fundings wait for a treasury or for a limit, in 2 app(s).")
	pause("", relay.ErrSponsorShort.Code, "The sponsor is short.")
	want("fundings", "The sponsor is short.")
	resume("", "app_one", "app_two")
	want("fundings", "")

	if _, err := d.App.Send(ctx, client.SendRequest{To: "ana@example.com", Amount: "25"}); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+d.Stack.Path("restante.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	carried := func(change string) {
		t.Helper()
		if _, err := db.ExecContext(ctx, "UPDATE carried SET waiting = waiting "+change); err != nil {
			t.Fatal(err)
		}
	}
	carried("+ 100000000")
	want("sponsor", "has run short of lumens")
	carried("- 100000000")
	want("sponsor", "")

	contradiction := fmt.Errorf("both: %w", relay.ErrContradiction)
	for i := range 7 {
		if _, err := writer.Halt(ctx, relay.AboutPayments(fmt.Sprintf("hash %d", i), contradiction, "pay_one", "pay_two")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := writer.Halt(ctx, relay.AboutApp("GT", contradiction, "app_one")); err != nil {
		t.Fatal(err)
	}
	want("held", "2 payments and 1 app are stopped")
	want("held", "hash 4 and 3 more")
	if _, err := writer.Halt(ctx, relay.About("ff00", contradiction)); err != nil {
		t.Fatal(err)
	}
	if status, r := readiness(t, d.Stack.URL); status != http.StatusServiceUnavailable || r.Checks["halted"] != "failing" || !strings.Contains(r.Causes["halted"], "ff00") {
		t.Errorf("halted: %d %+v", status, r)
	}
}
