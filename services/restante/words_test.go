package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/wire"
)

// Every state has a sentence on what happens next, and no two say the same.
func TestNextKnowsEveryState(t *testing.T) {
	said := map[string]relay.State{next(client.Story{Payment: wire.Payment{State: "unheard of"}}): "unheard of"}
	for _, s := range relay.States {
		text := next(client.Story{Payment: wire.Payment{State: string(s.State)}})
		if other, ok := said[text]; ok && !(s.State == relay.Failed && other == relay.Canceled) {
			t.Errorf("%s and %s: %s", s.State, other, text)
		}
		said[text] = s.State
	}
}

// Of a balance that a last resort left, the last sentence says whose it is and what becomes of it, and the history by whom it went.
func TestNextOfABalance(t *testing.T) {
	home := "GHOME"
	p := wire.Payment{State: "settled", Reason: string(relay.LeftClaimable), Amount: "5", Asset: "USD:GISSUER", Arrived: "5", Destination: &home, ReturnTo: home}
	claimed, gone, byHand := p, p, p
	claimed.Collected, gone.Collected, gone.Arrived, byHand.Collected = "f00d", relay.CollectedElsewhere, "", relay.CollectedElsewhere
	open := []wire.StoryWork{{Kind: "collect"}}
	for want, s := range map[string]client.Story{
		"only GHOME can claim. Any wallet can do that.":      {Payment: p},
		"The service claims it by itself":                    {Payment: p, Work: open},
		"Returned: 5 USD issued by GISSUER is home at GHOME": {Payment: claimed},
		"or the issuer took it back, is not known":           {Payment: gone},
		"is home at GHOME, claimed out of the balance":       {Payment: byHand}, // of lumens: no issuer can have them
	} {
		if text := next(s); !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
	for detail, want := range map[string]string{
		"f00d":                   "The balance that was left was claimed, in transaction f00d",
		relay.CollectedElsewhere: "The balance is gone from the ledger, by no transaction of the service.",
	} {
		if got := entryText(wire.StoryEntry{Input: "balance_collected", Detail: detail}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// An end that replaces one in a later ledger says so; what comes after an end and is none does not.
func TestHistoryTellsAnEarlierEnd(t *testing.T) {
	const says = "An earlier ledger shows another end"
	for _, c := range []struct {
		e    wire.StoryEntry
		want bool
	}{
		{wire.StoryEntry{From: "settled", To: "claimed", Input: "claim_landed", Detail: "f00d"}, true},
		{wire.StoryEntry{From: "returned", To: "settled", Input: "emptied_elsewhere"}, true},
		{wire.StoryEntry{From: "settled", To: "settled", Input: "moved"}, true},
		{wire.StoryEntry{From: "claiming", To: "claimed", Input: "claim_landed"}, false},
		{wire.StoryEntry{From: "settled", To: "settled", Input: "balance_collected"}, false},
	} {
		if got := entryText(c.e); strings.HasPrefix(got, says) != c.want {
			t.Errorf("%s of %s: %q", c.e.Input, c.e.From, got)
		}
	}
}

// TestExplain holds the story of a payment in trouble to testdata/explain.txt. RESTANTE_UPDATE=1 writes it anew.
func TestExplain(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	holding, from := "GHOLDING", uint32(35)
	story := client.Story{
		Payment: wire.Payment{
			ID: "pay_x", State: "pending", To: "email:ana@example.com", Amount: "25", Asset: "native", Policy: "guarded",
			HoldingAccount: &holding, NotBeforeLedger: &from, ReturnTo: "GHOME", ExpiresAt: at.Add(30 * 24 * time.Hour),
		},
		History: []wire.StoryEntry{
			{At: at, To: "created", Input: "accepted"},
			{At: at.Add(time.Second), From: "created", To: "funding", Input: "funding_signed", Detail: "f00d"},
			{At: at.Add(2 * time.Second), From: "funding", To: "pending", Input: "funding_landed", Detail: "f00d"},
			{At: at.Add(3 * time.Second), From: "pending", To: "pending", Input: "newer_input", Detail: "\x1b[31mred"},
		},
		Envelopes: []wire.StoryEnvelope{
			{Hash: "f00d", Kind: "funding", State: "landed", Tx: "beef", Ledger: 24},
			{Hash: "0001", Kind: "return", State: "signed", Rung: 2, Role: "plain"},
			{Hash: "0002", Kind: "return", State: "spent", Rung: 1, Role: "plain", Tx: "0bad", Ledger: 30},
			{Hash: "0003", Kind: "return", State: "planned", Role: "last_resort"},
			{Hash: "0004", Kind: "claim", State: "dead", Bound: 29},
			{Hash: "0005", Kind: "claim", State: "planned", Bound: 90},
		},
		Work: []wire.StoryWork{
			{Kind: "fund", Due: at, Attempts: 1, DoneAt: &at},
			{Kind: "expire", Due: at.Add(30 * 24 * time.Hour)},
			{Kind: "notify", Due: at.Add(-90 * time.Second), Attempts: 3, Note: "the mail server said no"},
			{Kind: "publish", Due: at, Attempts: 1},
		},
		Ledger: 31, ClosedAt: at.Add(4 * time.Second), Holding: "The account holds 25 lumens and is as it was made.",
	}
	var out bytes.Buffer
	c := &cli{stdout: &out}
	if err := c.explain(story, at); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "explain.txt")
	if os.Getenv("RESTANTE_UPDATE") == "1" {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || out.String() != string(want) {
		t.Errorf("%v; got\n%s", err, out.String())
	}
}

func TestExplainRecovered(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	story := client.Story{
		Payment: wire.Payment{ID: "pay_x", State: "pending", ReturnAsked: "canceled", To: "app:forgotten", Amount: "25", Asset: "native"},
		History: []wire.StoryEntry{
			{At: at, To: "created", Input: "recovered"},
			{At: at, From: "created", To: "funding", Input: "funding_signed", Detail: "f00d"},
			{At: at, From: "funding", To: "funding", Input: "cancel_asked"},
		},
		Envelopes: []wire.StoryEnvelope{{Hash: "f00d", Kind: "funding", State: "landed", Tx: "beef", Ledger: 24}, {Hash: "0001", Kind: "return", State: "signed", Role: "plain"}},
		Work:      []wire.StoryWork{{Kind: "submit", Due: at, Attempts: 2, Note: "handed in 2 times: duplicate"}},
	}
	var out bytes.Buffer
	if err := (&cli{stdout: &out}).explain(story, at); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"The service sends the money home", "The database was restored and had forgotten the payment", "what was handed in has landed"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not said:\n%s", want, out.String())
		}
	}
	for _, wrong := range []string{"The sender asked", "duplicate"} {
		if strings.Contains(out.String(), wrong) {
			t.Errorf("%q is said:\n%s", wrong, out.String())
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "1 second", time.Second: "1 second", 1500 * time.Millisecond: "2 seconds", time.Minute: "60 seconds",
		61 * time.Second: "2 minutes", 90 * time.Minute: "2 hours", 36 * time.Hour: "2 days", 30 * 24 * time.Hour: "30 days",
	} {
		if got := span(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

// What others wrote does not steer the terminal.
func TestPlain(t *testing.T) {
	if got := plain("a\x1b[31mb\nc\u202ed\x00"); got != "a[31mb cd" {
		t.Errorf("%q", got)
	}
}
