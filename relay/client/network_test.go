package client

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/restante/restante/crypto/secret"
)

// A link for another network claims nothing, so nothing is sent when the relay is on another one than the one insisted on.
func TestSendWantsTheNetworkInsistedOn(t *testing.T) {
	posted := false
	relay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		posted = posted || r.Method == http.MethodPost
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"network":"theirs"}`))
	}))
	defer relay.Close()
	c, err := New(relay.URL, Options{Network: "ours", Key: secret.NewString("rst_test_x")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(context.Background(), SendRequest{To: "ana@example.com", Amount: "1"}); err == nil || posted {
		t.Fatalf("sent to another network: %v", err)
	}
}
