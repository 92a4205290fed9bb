package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/wire"
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

// What the mail server answered is a whole sentence, also in a history that an older program wrote.
func TestMailAnsweredIsExplained(t *testing.T) {
	for in, want := range map[string]string{
		"":                                      "A mail went out to the recipient, and the mail server answered.",
		relay.InputDetail(relay.MailAnswered{}): "A mail went out to the recipient; the mail server took it",
		relay.InputDetail(relay.MailAnswered{Refused: true}): "A mail went out to the recipient; the mail server refuses the address",
	} {
		if got := entryText(wire.StoryEntry{Input: "mail_answered", Detail: in}); got != want {
			t.Errorf("%q is explained as %q", in, got)
		}
	}
}
