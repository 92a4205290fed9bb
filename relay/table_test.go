package relay

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write golden files anew")

func TestLifecycleDocument(t *testing.T) {
	got := lifecycle()
	if *update {
		if err := os.WriteFile("lifecycle.md", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("lifecycle.md")
	if err != nil || got != string(want) {
		t.Fatalf("lifecycle.md is not what the table says (run with -update): %v", err)
	}
}

func TestEveryStateIsInTheTable(t *testing.T) {
	for from, next := range Edges {
		if !from.Known() {
			t.Errorf("%q has no meaning", from)
		}
		for to := range next {
			if !to.Known() {
				t.Errorf("%q -> %q: unknown", from, to)
			}
		}
	}
}

// Every live state reaches an end, and every state that holds money reaches it by the ledger alone, with no help of ours.
func TestEveryLiveStateHasAWayOut(t *testing.T) {
	for _, s := range States {
		if s.State.Ended() {
			continue
		}
		if !reaches(s.State, map[State]bool{}) {
			t.Errorf("%s has no way out", s.State)
		}
		for _, end := range []State{Claimed, Returned, Settled} {
			if _, ok := Edges[s.State][end]; s.State.Holds() && !ok {
				t.Errorf("the ledger cannot move %s to %s", s.State, end)
			}
		}
	}
}

func reaches(s State, seen map[State]bool) bool {
	if s.Ended() {
		return true
	}
	seen[s] = true
	for next := range Edges[s] {
		if !seen[next] && reaches(next, seen) {
			return true
		}
	}
	return false
}
