package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/services/restante/internal/stack"
)

// mayBe is what a request may have done whose answer did not come, by the end of its path.
type mayBe struct {
	request string // method and last element: "POST cancel"
	text    string // a sentence
}

// changing are the commands that change something at the relay, and what each says after anything but a refusal: the first of its
// sentences whose request may have arrived. next is the command that is safe then; "" is the same again.
var changing = map[string]struct {
	maybes []mayBe
	next   string
}{
	"send":             {[]mayBe{{"POST fund", "The funding may have been handed in."}, {"POST deposit", "Box and way back may be kept; no money was sent."}, {"POST payments", "The payment may have been accepted."}}, ""},
	"submit":           {[]mayBe{{"POST fund", "The funding may have been handed in."}, {"POST deposit", "Box and way back may be kept; no money was sent."}}, ""},
	"readdress":        {[]mayBe{{"POST readdress", "The payment may be readdressed."}}, ""},
	"cancel":           {[]mayBe{{"POST cancel", "The money may have been asked back."}}, ""},
	"claim":            {[]mayBe{{"POST submit", "The claim may have been handed in."}, {"POST agree", "The account may be on file."}, {"POST code", "A code may have been mailed, which serves nothing."}}, ""},
	"kit":              {[]mayBe{{"POST code", "A code may have been mailed, which serves nothing."}}, ""},
	"decline":          {[]mayBe{{"POST decline", "The money may be on its way back to the sender."}}, ""},
	"vouch":            {[]mayBe{{"POST vouch", "A voucher may have been made, which is in no one's hands and serves nothing."}}, ""},
	"treasury":         {[]mayBe{{"POST trust", "The trustline may have been made."}}, ""},
	"reserves reclaim": {[]mayBe{{"POST reclaim", "Accounts may have been asked for their reserves."}}, ""},
	"app create":       {[]mayBe{{"POST apps", "An app may have been made, but its key was in the answer: it can do nothing."}}, ""},
	"app key create":   {[]mayBe{{"POST keys", "A key may have been made whose text was in the answer alone: revoke it."}}, "restante app key list"},
	"app key rotate":   {[]mayBe{{"POST rotate", "The key may be closed, and the text of the new one was in the answer alone: make another with a key that is good."}}, "restante app key list"},
	"agreed forget":    {[]mayBe{{"DELETE agreed", "The account may be off file."}}, ""},
	"app key revoke":   {[]mayBe{{"DELETE keys", "The key may be closed."}}, ""},
}

// unclear says of an error of a command that changes something what may have happened, the payment's id, and which command is safe
// now. A refusal, and what never reached the relay, stays as it is.
func (c *cli) unclear(cmd *cobra.Command, err error) error {
	command, known := changing[commandName(cmd)]
	var told *failure
	if err == nil || !known || errors.As(err, &told) {
		return err
	}
	var u *client.Unclear
	if !errors.As(err, &u) {
		if !c.sent.any() || !noAnswer(err) {
			return err
		}
		u = &client.Unclear{ID: c.about, Cause: err}
	}
	f := &failure{status: statusTryAgain, cause: u, id: u.ID, next: command.next}
	f.id = cmp.Or(f.id, c.about)
	f.next = cmp.Or(f.next, c.again())
	may := "What was asked for may be done."
	for _, m := range command.maybes {
		if c.sent.has(m.request) {
			may = m.text
			break
		}
	}
	f.text = capital(strings.TrimSuffix(cutOff(u.Cause), ".")) + ". " + may
	if f.id != "" {
		f.text += " It is about " + f.id + "."
	}
	f.text += fmt.Sprintf(" %q is safe now, and finds out.", f.next)
	return f
}

// noAnswer says that an error is none that the relay has decided on.
func noAnswer(err error) bool {
	var p *client.Problem
	var lost *client.Unreached
	switch {
	case errors.As(err, &p):
		return p.Status >= http.StatusInternalServerError && p.Code != "claim_not_landing"
	case errors.As(err, &lost), client.Untrusted(err):
		return true
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// commandName is a command's path without the program's name.
func commandName(cmd *cobra.Command) string {
	if cmd == nil {
		return ""
	}
	_, name, _ := strings.Cut(cmd.CommandPath(), " ")
	return name
}

// again is the command line as it was typed, without its secrets: a link is read from standard input then, a key and a voucher have
// to be put in again, and a code that was right is kept.
func (c *cli) again() string {
	words := []string{"restante"}
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		name, value, whole := strings.Cut(a, "=")
		hidden := map[string]string{"--key": "KEY", "--voucher": "VOUCHER", "--code": ""}
		if word, secret := hidden[name]; secret {
			if !whole {
				i++
			}
			if word != "" {
				words = append(words, name, word)
			}
			continue
		}
		if whole && strings.HasPrefix(name, "--") {
			words = append(words, name+"="+typedWord(value))
		} else {
			words = append(words, typedWord(a))
		}
	}
	return strings.Join(words, " ")
}

// typedWord is a word as a shell reads it; a claim link becomes "-".
func typedWord(word string) string {
	if _, err := claim.Find(word); err == nil {
		return "-"
	}
	return stack.ShellWord(word)
}

// sentRequests are the requests of a run that may have reached the relay and may have changed something.
type sentRequests struct {
	mu  sync.Mutex
	all map[string]bool
}

func (s *sentRequests) has(request string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[request]
}

func (s *sentRequests) any() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all) > 0
}

// RoundTrip implements http.RoundTripper, and takes down what may have arrived.
func (s *sentRequests) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	var dial *net.OpError
	var plainHTTP tls.RecordHeaderError // the request was never written
	if r.Method == http.MethodGet || errors.As(err, &plainHTTP) || errors.As(err, &dial) && dial.Op == "dial" {
		return res, err
	}
	parts := strings.Split(strings.TrimSuffix(r.URL.Path, "/"), "/")
	last := parts[len(parts)-1]
	if r.Method == http.MethodDelete && len(parts) > 3 { // of one thing: its kind
		last = parts[len(parts)-2]
	}
	switch last {
	case "prove", "plan", "preview": // repeated by every command that needs them
		return res, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]bool{}
	}
	s.all[r.Method+" "+last] = true
	return res, err
}

// aboutPayment remembers the id that a command names.
func (c *cli) aboutPayment(args []string) {
	if len(args) == 0 {
		return
	}
	if _, err := relay.ParsePaymentID(args[0]); err == nil {
		c.about = args[0]
	}
}
