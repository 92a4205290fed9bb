package boot

import "testing"

func TestNearest(t *testing.T) {
	for typed, want := range map[string]string{"prot": "port", "form": "from", "ueser": "user", "zzzz": "", "hots": "host"} {
		if got := Nearest(typed, []string{"from", "host", "port", "user"}); got != want {
			t.Errorf("%s: %q, want %q", typed, got, want)
		}
	}
}
