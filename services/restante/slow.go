package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/services/internal/boot"
)

// slowAt says on standard error what a command waits for, the same only once: the relay, with how its last answer failed, or
// what the relay itself waits for.
func (c *cli) slowAt(server string) func(client.Slow) {
	var mu sync.Mutex
	said := ""
	return func(s client.Slow) {
		mu.Lock()
		defer mu.Unlock()
		if line := waitingFor(server, s); line != said {
			said = line
			fmt.Fprintln(c.stderr, line)
		}
	}
}

func waitingFor(server string, s client.Slow) string {
	u, err := url.Parse(server)
	if err != nil {
		return "Waiting for the relay."
	}
	var problem *client.Problem
	switch {
	case errors.As(s.Last, &problem):
		return fmt.Sprintf("Waiting for the relay at %s: %s", u.Host, plain(problem.Error()))
	case s.Last != nil:
		return fmt.Sprintf("Waiting for the relay: %s.", plain(s.Last.Error()))
	case !s.Holding:
		return fmt.Sprintf("Waiting for the relay at %s, which does not answer.", u.Host)
	}
	if causes := whyNotReady(*u); causes != "" {
		return "Waiting. The relay is not ready: " + plain(causes)
	}
	return "Waiting for the ledger."
}

// whyNotReady asks the relay what it waits for itself; "" when it is ready, or does not say.
func whyNotReady(relay url.URL) string {
	r, said := readinessOf(relay)
	if !said || r.Ready {
		return ""
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(r.Causes)) {
		all = append(all, r.Causes[name])
	}
	return strings.Join(all, " ")
}

// mailTrouble is why the relay can mail nothing just now; "" when it can, or does not say. What is to be mailed is tried again.
func mailTrouble(server string) string {
	u, err := url.Parse(server)
	if err != nil {
		return ""
	}
	r, _ := readinessOf(*u)
	return plain(r.Causes["mail"])
}

func readinessOf(relay url.URL) (r boot.Readiness, said bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, relay.JoinPath("/readyz").String(), nil)
	if err != nil {
		return r, false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return r, false
	}
	defer resp.Body.Close()
	return r, json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&r) == nil
}
