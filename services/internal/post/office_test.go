package post_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/crypto/field"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/internal/post"
)

type offline struct{}

func (offline) Send(context.Context, post.Message) error { return errors.New("offline") }

func TestOffice(t *testing.T) {
	keys, err := field.Derive(secret.RandomKey())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	box := &post.Mailbox{}
	o := &post.Office{Mailer: box, Codes: keys, Now: func() time.Time { return now.Add(3 * time.Minute) }}
	app := relay.App{Name: "Acme"}
	p := relay.Payment{
		ID: relay.NewPaymentID(relay.At(now)), To: relay.Handle{Kind: "email", Value: "ana@example.com"}, Amount: 25 * relay.One,
		ExpiresAt: relay.At(now.Add(time.Hour)), Destination: "GDEST", SettledTx: "abcd",
	}
	sealed, err := post.SealCode(keys, "session", "123456")
	if err != nil {
		t.Fatal(err)
	}
	c := relay.Code{Session: "session", Payment: p.ID, Sealed: sealed, IssuedAt: relay.At(now)}
	send := func(o *post.Office) []error {
		return []error{o.Code(t.Context(), app, p, c), o.Arrived(t.Context(), app, p), o.Claimed(t.Context(), app, p)}
	}
	for range 2 { // the sender's process may crash before it is written down
		if err := errors.Join(send(o)...); err != nil {
			t.Fatal(err)
		}
	}
	got := box.List("ana@example.com")
	if len(got) != 3 {
		t.Fatalf("%d messages, want 3", len(got))
	}
	for i, want := range []string{"GDEST", "25 XLM", "7 minutes"} {
		if !strings.Contains(got[i].Text, want) {
			t.Errorf("%q is missing in %q", want, got[i].Text)
		}
	}
	for _, err := range send(&post.Office{Mailer: offline{}, Codes: keys, Now: o.Now}) {
		if err == nil || relay.KindOf(err) == relay.Invalid {
			t.Errorf("a post office that is closed today is no reason to give up: %v", err)
		}
	}
	app.Name = "Acme\nBcc: eve@example.com"
	c.Session = "other"
	for _, err := range send(o) {
		if relay.KindOf(err) != relay.Invalid {
			t.Errorf("want a fault that ends it, got %v", err)
		}
	}
}

// A mail says of what the amount is, who stands behind it, and whether there is anything to claim.
func TestOfficeNamesTheAsset(t *testing.T) {
	box := &post.Mailbox{}
	o := &post.Office{Mailer: box, Now: time.Now}
	app := relay.App{Name: "Acme"}
	dollars := relay.Payment{
		ID: relay.NewPaymentID(1), To: relay.Handle{Kind: "email", Value: "ana@example.com"}, Amount: 10 * relay.One, Asset: "USD:GISSUER",
		ExpiresAt: 1, Destination: "GDEST", SettledTx: "abcd",
	}
	direct := dollars
	direct.ID, direct.PayTo = relay.NewPaymentID(2), "GDEST"
	lumens := direct
	lumens.ID, lumens.Asset = relay.NewPaymentID(3), relay.Native
	for _, err := range []error{o.Arrived(t.Context(), app, dollars), o.Claimed(t.Context(), app, dollars), o.Claimed(t.Context(), app, direct), o.Claimed(t.Context(), app, lumens)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got := box.List("ana@example.com")
	if len(got) != 4 {
		t.Fatalf("%d messages, want 4", len(got))
	}
	for i, c := range []struct{ has, hasNot []string }{ // the newest first
		{[]string{"10 XLM", "nothing to claim", "GDEST"}, []string{"USD", "issued", "claimed"}},
		{[]string{"10 USD", "GISSUER", "nothing to claim", "GDEST", "abcd"}, []string{"XLM", "claimed"}},
		{[]string{"10 USD", "GISSUER", "has been claimed", "GDEST"}, []string{"XLM"}},
		{[]string{"10 USD", "GISSUER", "waits for you"}, []string{"XLM"}},
	} {
		text := got[i].Subject + "\n" + got[i].Text
		for _, want := range c.has {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in %q", want, text)
			}
		}
		for _, not := range c.hasNot {
			if strings.Contains(text, not) {
				t.Errorf("%q is in %q", not, text)
			}
		}
	}
}
