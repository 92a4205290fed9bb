package relay

import (
	"fmt"
	"strings"
)

// lifecycle is the document drawn from [States] and [Edges]: what each state means and who may follow whom.
func lifecycle() string {
	var b strings.Builder
	b.WriteString("# The life of a payment\n\nDrawn from `state.go` by a test; do not edit.\n\n```mermaid\nstateDiagram-v2\n    [*] --> created\n")
	for _, from := range States {
		for _, to := range States {
			if why, ok := Edges[from.State][to.State]; ok {
				fmt.Fprintf(&b, "    %s --> %s: %s\n", from.State, to.State, why)
			}
		}
		if from.State.Ended() {
			fmt.Fprintf(&b, "    %s --> [*]\n", from.State)
		}
	}
	b.WriteString("```\n\n| state | meaning | may become |\n|---|---|---|\n")
	for _, s := range States {
		var next []string
		for _, to := range States {
			if _, ok := Edges[s.State][to.State]; ok {
				next = append(next, "`"+string(to.State)+"`")
			}
		}
		if next == nil {
			next = []string{"nothing"}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.State, s.Meaning, strings.Join(next, ", "))
	}
	return b.String()
}
