package events_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/events"
	"github.com/restante/restante/relay"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	moment  = relay.Micros(1_790_000_000_000_000)
	holding = "GBHOLDINGAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	home    = "GBSENDERAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	guest   = "GBCLAIMANTAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	tx      = "9f3c9f3c9f3c9f3c9f3c9f3c9f3c9f3c9f3c9f3c9f3c9f3c9f3c9f3c9f3c9f3c"
)

// payment is a payment in the state given, with everything secret or private that a row can hold.
func payment(s relay.State) relay.Payment {
	p := relay.Payment{
		ID: "pay_aganinaaqb3ajnuoqr4hqy7lmm", App: "app_aganinaaqb3ajnuoqr4hqy7lmm", Version: 7, State: s,
		To: relay.Handle{Kind: "email", Value: "ana@example.com"}, Amount: 25*relay.One + 1, Asset: "native",
		Note: "private-note", Policy: relay.Guarded, Reference: "order <17> & more", Metadata: `{"k":"private-metadata"}`,
		LinkMadeBy: "client", AuthHash: "private-auth", ClaimRecipient: "age1private", SenderRecipients: relay.RecipientsOf("age1private"),
		ReturnTo: home, ExpiresAt: moment + relay.DefaultExpiry, CreatedAt: moment, UpdatedAt: moment + 1,
	}
	if s != relay.Created && s != relay.Canceled && s != relay.Failed {
		p.Holding, p.Funding, p.Bound, p.Fundings = holding, tx, 41, 1
	}
	switch s {
	case relay.Failed:
		p.Reason = relay.FundingFailed
	case relay.Parked:
		p.Reason = relay.KeyTakenOver
	case relay.Returning:
		p.ReturnAsked = relay.ByCancel
	case relay.Returned:
		p.Reason, p.SettledTx, p.SettledAt = relay.ByExpiry, tx, 77
	case relay.Claimed:
		p.Policy, p.Reference, p.Destination, p.SettledTx, p.SettledAt = relay.Link, "", guest, tx, 78
	case relay.Settled:
		p.SettledTx, p.SettledAt = tx, 79
	}
	return p
}

func event(t *testing.T, s relay.State) (events.Event, []byte) {
	t.Helper()
	e, err := events.OfPayment(42, string(s), moment+1, payment(s))
	if err != nil {
		t.Fatal(err)
	}
	text, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return e, text
}

func TestTextOfEachTypeIsFrozen(t *testing.T) {
	if types := events.Types(); len(types) != len(relay.States)+1 {
		t.Errorf("types %v", types)
	}
	for _, name := range events.Types() {
		t.Run(name, func(t *testing.T) {
			subject := strings.TrimPrefix(name, "payment.")
			state := relay.State(subject)
			if subject == relay.Undeliverable {
				state = relay.Pending
			}
			e, err := events.OfPayment(42, subject, moment+1, payment(state))
			if err != nil {
				t.Fatal(err)
			}
			text, err := e.Encode()
			if err != nil {
				t.Fatal(err)
			}
			golden(t, e.Type+".v1.json", text)
			back, err := events.Decode(text)
			if err != nil {
				t.Fatal(err)
			}
			again, err := back.Encode()
			if err != nil || !bytes.Equal(again, text) {
				t.Fatalf("encoded again: %s, %v", again, err)
			}
			for _, secret := range []string{"private", "ana@", "app_id"} {
				if bytes.Contains(text, []byte(secret)) {
					t.Errorf("an event tells %q: %s", secret, text)
				}
			}
		})
	}
}

// golden compares text, indented for readers, with a frozen file.
func golden(t *testing.T, name string, text []byte) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(pretty.Bytes(), want) {
		t.Errorf("%s changed; a change of the text is a new version\ngot:\n%s", name, pretty.Bytes())
	}
	var flat bytes.Buffer // the indented file still is the event: spaces are the only difference
	if err := json.Compact(&flat, want); err != nil || !bytes.Equal(flat.Bytes(), text) {
		t.Errorf("%s is not the text that is sent", name)
	}
}

func TestIDIsTheSameForRepeatsOnly(t *testing.T) {
	p := payment(relay.Pending)
	a, _ := events.OfPayment(42, string(relay.Pending), moment, p)
	p.Version, p.State = 9, relay.Claiming
	b, _ := events.OfPayment(42, string(relay.Pending), moment+5, p)
	c, _ := events.OfPayment(43, string(relay.Pending), moment, p)
	p.ID = "pay_aganinaaqb3ajnuoqr4hqy7lmn"
	d, _ := events.OfPayment(42, string(relay.Pending), moment, p)
	if a.ID != b.ID || a.ID == c.ID || a.ID == d.ID {
		t.Errorf("ids: %s %s %s %s", a.ID, b.ID, c.ID, d.ID)
	}
}

func TestDecodeRefuses(t *testing.T) {
	_, good := event(t, relay.Pending)
	swap := func(old, new string) []byte {
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("%q is not in %s", old, good)
		}
		return bytes.Replace(good, []byte(old), []byte(new), 1)
	}
	for name, c := range map[string]struct {
		text []byte
		want error
	}{
		"later version":      {swap(`"version":1`, `"version":2`), events.ErrVersion},
		"no version":         {swap(`"version":1,`, ``), events.ErrVersion},
		"unknown type":       {swap(`"payment.pending"`, `"payment.lost"`), events.ErrType},
		"other noun":         {swap(`"payment.pending"`, `"refund.pending"`), events.ErrType},
		"unknown field":      {swap(`"version":1`, `"version":1,"extra":true`), nil},
		"field in capitals":  {swap(`"app":`, `"App":`), nil},
		"field twice":        {swap(`"version":1`, `"version":1,"version":1`), nil},
		"unknown in payload": {swap(`"asset":"native"`, `"asset":"native","note":"x"`), nil},
		"number for amount":  {swap(`"amount":"25.0000001"`, `"amount":25.0000001`), nil},
		"unknown state":      {swap(`"state":"pending"`, `"state":"lost"`), nil},
		"id of another kind": {swap(`"id":"evt_`, `"id":"pay_`), nil},
		"another zone":       {swap(`.000001Z"`, `.000001+00:30"`), nil},
		"no payload":         {swap(string(good[bytes.Index(good, []byte(`,"data":`)):]), `}`), nil},
		"two events":         {append(bytes.Clone(good), good...), nil},
		"a space":            {append(bytes.Clone(good), ' '), nil},
		"nothing":            {nil, nil},
		"null":               {[]byte("null"), events.ErrVersion},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := events.Decode(c.text)
			if err == nil || (c.want != nil && !errors.Is(err, c.want)) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
	if _, err := events.OfPayment(1, "lost", moment, payment(relay.Pending)); !errors.Is(err, events.ErrType) {
		t.Errorf("announced a state that does not exist: %v", err)
	}
}

func TestRing(t *testing.T) {
	text, err := events.Ring{Work: 12, Kind: relay.DoMailCode}.Encode()
	if err != nil || string(text) != `{"work":12,"kind":"mail_code"}` {
		t.Fatalf("%s, %v", text, err)
	}
	if r, err := events.DecodeRing(text); err != nil || r.Work != 12 || r.Kind != relay.DoMailCode {
		t.Fatalf("%v, %v", r, err)
	}
	for _, bad := range []string{
		``, `{}`, `{"work":0,"kind":"fund"}`, `{"work":-1,"kind":"fund"}`, `{"work":1,"kind":""}`, `{"work":1,"kind":"a.b"}`,
		`{"work":1,"kind":"*"}`, `{"work":1,"kind":"fund","x":1}`, `{"work":1,"kind":"fund"} `, `{"kind":"fund","work":1}`,
		`{"work":1,"kind":"` + strings.Repeat("a", 33) + `"}`,
	} {
		if r, err := events.DecodeRing([]byte(bad)); err == nil {
			t.Errorf("%s was read as %v", bad, r)
		}
	}
}

func TestOutcome(t *testing.T) {
	if v, d, _ := events.RetryAfter(-time.Second).Is(); v != events.IsRetry || d != 0 {
		t.Error("a delay is never negative")
	}
	if v, _, why := events.Drop("gone").Is(); v != events.IsDrop || why != "gone" {
		t.Error("a drop says why")
	}
	if v, _, _ := (events.Outcome{}).Is(); v != events.Undecided {
		t.Error("the zero outcome was never decided")
	}
}

// FuzzDecode: whatever is accepted has one spelling.
func FuzzDecode(f *testing.F) {
	for _, s := range relay.States {
		e, err := events.OfPayment(1, string(s.State), moment, payment(s.State))
		if err != nil {
			f.Fatal(err)
		}
		text, err := e.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := events.Decode(text)
		if err != nil {
			return
		}
		again, err := e.Encode()
		if err != nil || !bytes.Equal(again, text) {
			t.Fatalf("accepted %s, wrote %s, %v", text, again, err)
		}
	})
}
