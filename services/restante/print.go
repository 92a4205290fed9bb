package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

// printJSON writes v as one line of JSON.
func (c *cli) printJSON(v any) error {
	enc := json.NewEncoder(c.stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func (c *cli) printf(format string, args ...any) { fmt.Fprintf(c.stdout, format, args...) }

// row is one line of an aligned list; an empty value leaves it out.
type row struct{ name, value string }

func (c *cli) table(rows ...row) {
	width := 0
	for _, r := range rows {
		if r.value != "" {
			width = max(width, len(r.name))
		}
	}
	for _, r := range rows {
		if r.value != "" {
			c.printf("%-*s  %s\n", width, r.name, plain(r.value))
		}
	}
}

// plain keeps what others wrote (notes, names, references) from steering the terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
}

// money is an amount with its unit and, of an issued asset, its issuer.
func money(amount, asset string) string { return plain(relay.Money(amount, asset)) }

// ending is what a payment's end is told by to its sender, and endingOf to its recipient.
func ending(p client.Payment) relay.Ending {
	e := relay.Ending{State: relay.State(p.State), Reason: relay.Reason(p.Reason), Amount: p.Amount, Asset: p.Asset, Arrived: p.Arrived, Rest: p.ArrivedRest,
		Destination: deref(p.Destination), ReturnTo: p.ReturnTo, Collected: p.Collected}
	if p.Settlement != nil {
		e.Tx, e.Ledger = p.Settlement.Tx, p.Settlement.Ledger
	}
	return e
}

func endingOf(v client.ClaimView) relay.Ending {
	return ending(client.Payment{State: v.State, Reason: v.Reason, Amount: v.Amount, Asset: v.Asset, Arrived: v.Arrived, Destination: v.Destination, Settlement: v.Settlement})
}

// moment is a time for people: to the minute, in UTC like everything of the ledger.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// span is a duration for people: its greatest unit, rounded up.
func span(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if d > u.unit || u.unit == time.Second {
			n := max(int64((d+u.unit-1)/u.unit), 1)
			if n == 1 {
				return "1 " + u.name
			}
			return fmt.Sprintf("%d %ss", n, u.name)
		}
	}
	return ""
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
