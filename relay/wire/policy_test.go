package wire_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
)

// Requests allow the policies that the rules know, and no other.
func TestPoliciesOfRequests(t *testing.T) {
	var names []string
	for _, p := range relay.Policies() {
		names = append(names, string(p))
	}
	want := "oneof=" + strings.Join(names, " ")
	for _, body := range []any{wire.PaymentRequest{}, wire.MoveRequest{}} {
		f, ok := reflect.TypeOf(body).FieldByName("Policy")
		if !ok || !strings.HasSuffix(f.Tag.Get("validate"), want) {
			t.Errorf("%T: %q, not %q", body, f.Tag.Get("validate"), want)
		}
	}
}
