package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/restante/restante/relay"
)

// Every input that a history can name has a sentence.
func TestEveryInputIsExplained(t *testing.T) {
	source, err := os.ReadFile("../../relay/input.go")
	if err != nil {
		t.Fatal(err)
	}
	inputs := regexp.MustCompile(`\) input\(\) string +\{ return "(\w+)" \}`).FindAllStringSubmatch(string(source), -1)
	if len(inputs) < 20 {
		t.Fatalf("%d inputs are found", len(inputs))
	}
	unrecorded := map[string]bool{}
	for _, in := range []relay.Input{relay.FundingKept{}, relay.WayBackKept{}} {
		unrecorded[relay.InputName(in)] = !relay.Recorded(in)
	}
	for _, in := range inputs {
		if inputWords[in[1]] == "" && !unrecorded[in[1]] {
			t.Errorf("explain has no words for %s", in[1])
		}
	}
}
