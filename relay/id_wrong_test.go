package relay

import (
	"errors"
	"strings"
	"testing"
)

// What is wrong with an id is what is said, and nothing of it is quoted that could be a secret.
func TestWrongPaymentID(t *testing.T) {
	good := string(NewPaymentID(1))
	for text, want := range map[string]string{
		"":                                    "begins with",
		good[4:]:                              "begins with",
		strings.ToUpper(good):                 "begins with",
		good[:29]:                             "this one has 25",
		good + "a":                            "this one has 27",
		"https://relay.example.com/c/" + good: "that is a link",
		good[:8] + "1" + good[9:]:             "the 5. of the 26 characters is '1'",
		good[:8] + "A" + good[9:]:             "the 5. of the 26 characters is 'A'",
		"pay_" + strings.Repeat("a", 26):      "a letter is wrong",
	} {
		_, err := ParsePaymentID(text)
		var f *Fault
		if !errors.As(err, &f) || f.Code != "id_malformed" || !strings.Contains(f.Public, want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
