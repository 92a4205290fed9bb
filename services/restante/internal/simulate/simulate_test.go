package simulate

import (
	"bytes"
	"fmt"
	"testing"
)

// TestASeedIsOneHistory plays each seed twice: whatever differs, an order of a map, a clock of the machine, is a step in the trace.
func TestASeedIsOneHistory(t *testing.T) {
	template, remove, err := TemplateIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	seeds := 2
	if testing.Short() {
		seeds = 1
	}
	for seed := uint64(1); seed <= uint64(seeds); seed++ {
		var traces [2]bytes.Buffer
		var hashes [2]string
		for i := range traces {
			h, err := Play(t.Context(), seed, Plan{Template: template, Trace: &traces[i]})
			if err != nil {
				t.Fatal(err)
			}
			if len(h.Trouble) > 0 {
				t.Errorf("seed %d: %v", seed, h.Trouble)
			}
			hashes[i] = h.Hash
		}
		if hashes[0] != hashes[1] {
			t.Errorf("seed %d is two histories: %s", seed, difference(traces[0].Bytes(), traces[1].Bytes()))
		}
	}
}

func difference(a, b []byte) string {
	first, second := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range min(len(first), len(second)) {
		if !bytes.Equal(first[i], second[i]) {
			return fmt.Sprintf("step %d is %q and %q", i, first[i], second[i])
		}
	}
	return "one ends before the other"
}
