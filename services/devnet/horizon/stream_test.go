package horizon_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/clients/horizonclient"
	"github.com/stellar/go-stellar-sdk/protocols/horizon/operations"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/horizon"
)

// TestStream: a reader that was cut off again and again sees every payment once, in order, those before it came included.
func TestStream(t *testing.T) {
	w := open(t, devnet.Config{Interval: often}, horizon.Config{Heartbeat: often}) // the client looks at its context between lines
	ana, bob := w.account(), w.account()
	send := func(times int) {
		for range times {
			w.do([]txnbuild.Operation{pay(bob.Address(), "1")}, ana)
		}
	}
	send(3)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	seen := make(chan string, 100)
	ended := make(chan error, 1)
	go func() { // a page ends after two records, so the reader comes back and says where it was
		ended <- w.client.StreamPayments(ctx, horizonclient.OperationRequest{ForAccount: bob.Address(), Cursor: "0", Limit: 2},
			func(op operations.Operation) { seen <- op.PagingToken() })
	}()
	last := ""
	for i := range 9 {
		if i == 4 {
			send(5)
		}
		token := <-seen
		if last != "" && compareTokens(token, last) <= 0 {
			t.Fatalf("%s after %s", token, last)
		}
		last = token
	}
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case extra := <-seen:
		t.Errorf("one too many: %s", extra)
	}
}

// TestStreamOfLedgersFromNow sees only what comes.
func TestStreamOfLedgersFromNow(t *testing.T) {
	w := open(t, devnet.Config{}, horizon.Config{})
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	lines := w.events(ctx, "/ledgers?cursor=now", "")
	for _, want := range []string{"retry: 1000", "event: open", `data: "hello"`} {
		if got := <-lines; got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	if _, err := w.net.CloseLedger(); err != nil {
		t.Fatal(err)
	}
	if got := <-lines; got != "id: 12884901888" {
		t.Errorf("the first event: %q", got)
	}
	if got := <-lines; !strings.HasPrefix(got, `data: {"_links"`) || !strings.Contains(got, `"sequence":3,`) {
		t.Errorf("its data: %q", got)
	}
}

// TestStreamGoesOnWhereItWas by the header that browsers send, and says goodbye after a page.
func TestStreamGoesOnWhereItWas(t *testing.T) {
	w := open(t, devnet.Config{}, horizon.Config{})
	for range 3 {
		if _, err := w.net.CloseLedger(); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	goodbye := false
	for line := range w.events(context.Background(), "/ledgers?limit=2&cursor=now", "8589934592") {
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			ids = append(ids, id)
		}
		goodbye = goodbye || line == "event: close"
	}
	if strings.Join(ids, " ") != "12884901888 17179869184" || !goodbye {
		t.Errorf("%v, goodbye %v", ids, goodbye)
	}
}

func TestStreamSaysThatItLives(t *testing.T) {
	w := open(t, devnet.Config{}, horizon.Config{Heartbeat: time.Millisecond, StreamTimeout: time.Minute})
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	for line := range w.events(ctx, "/transactions?cursor=now", "") {
		if line == ": heartbeat" {
			return
		}
	}
	t.Error("the stream ended")
}

func TestStreamOfAnAccount(t *testing.T) {
	w := open(t, devnet.Config{}, horizon.Config{})
	ana := w.account()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	lines := w.events(ctx, "/accounts/"+ana.Address(), "")
	next := func() string {
		for line := range lines {
			if strings.HasPrefix(line, "data: {") {
				return line
			}
		}
		return ""
	}
	if got := next(); !strings.Contains(got, `"balance":"10000.0000000"`) {
		t.Errorf("at first: %s", got)
	}
	w.account() // a ledger that is none of hers
	tx := w.sign([]txnbuild.Operation{&txnbuild.BumpSequence{BumpTo: 1}}, ana)
	text, err := tx.Base64()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.net.CloseWith(text); err != nil {
		t.Fatal(err)
	}
	if got := next(); !strings.Contains(got, `"balance":"9999.9999900"`) {
		t.Errorf("then: %s", got)
	}
}

// events is the lines of a stream that are not empty; it is closed when the stream ends.
func (w *fixture) events(ctx context.Context, path, lastEvent string) <-chan string {
	w.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.server.URL+"/horizon"+path, nil)
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	if lastEvent != "" {
		req.Header.Set("Last-Event-ID", lastEvent)
	}
	resp, err := w.server.Client().Do(req)
	if err != nil {
		w.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		w.Fatalf("stream: %s", resp.Status)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		defer resp.Body.Close()
		for s := bufio.NewScanner(resp.Body); s.Scan(); {
			if s.Text() != "" {
				lines <- s.Text()
			}
		}
	}()
	return lines
}

// TestStreamEndsWithTheNetwork: silent streams do not delay the shutdown of a server.
func TestStreamEndsWithTheNetwork(t *testing.T) {
	w := open(t, devnet.Config{}, horizon.Config{})
	lines := w.events(context.Background(), "/transactions?cursor=now", "")
	<-lines
	if err := w.net.Close(); err != nil {
		t.Fatal(err)
	}
	for range lines {
	}
}
