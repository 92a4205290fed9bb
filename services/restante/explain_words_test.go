package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/restante/restante/relay"
)

// Every input that a history can name has a sentence.
func TestEveryInputIsExplained(t *testing.T) {
	source, err := os.ReadFile("../../relay/input.go")
	if err != nil {
		t.Fatal(err)
	}
	inputs := regexp.MustCompile(`func \((\w+)\) input\(\)`).FindAllStringSubmatch(string(source), -1)
	if len(inputs) < 20 {
		t.Fatalf("%d inputs are found", len(inputs))
	}
	untold := map[string]bool{}
	for _, in := range []relay.Input{relay.FundingKept{}, relay.WayBackKept{}} {
		untold[relay.InputName(in)] = !relay.Told(in)
	}
	for _, in := range inputs {
		var name strings.Builder
		for i, c := range in[1] {
			if unicode.IsUpper(c) && i > 0 {
				name.WriteByte('_')
			}
			name.WriteRune(unicode.ToLower(c))
		}
		if inputWords[name.String()] == "" && !untold[name.String()] {
			t.Errorf("explain has no words for %s", name.String())
		}
	}
}
