// Package idn reads handles as people write them: an e-mail address may have an internationalised domain (IDNA 2008, RFC
// 5891, mapped as UTS 46 says), in letters or in its xn-- form. Both are one handle, in the xn-- form.
//
// It refuses domains that pass for others: a label that mixes scripts, or one of Cyrillic letters alone that look Latin. It
// says of a character that cannot be seen where it stands, and of a mailbox beyond ASCII that mail to it is not known here.
//
// Start at [ParseHandle].
package idn

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/restante/restante/relay"
)

var profile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(true))

// ParseHandle is relay.ParseHandle for text from people. The error is of kind relay.Invalid.
func ParseHandle(s string) (relay.Handle, error) {
	if i := strings.IndexFunc(s, unseen); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return relay.Handle{}, malformed("the address has a character that cannot be seen (%U) at place %d", r, utf8.RuneCountInString(s[:i])+1)
	}
	kind, address, named := strings.Cut(s, ":")
	if !named {
		kind, address = relay.Email, s
	}
	local, domain, is := strings.Cut(address, "@")
	if kind != relay.Email || !is {
		return relay.ParseHandle(s)
	}
	if strings.IndexFunc(local, beyondASCII) >= 0 {
		return relay.Handle{}, malformed("the part before the @ has letters beyond a to z (RFC 6531); mail to such a mailbox is not sent here")
	}
	ascii, err := toASCII(domain)
	if err != nil {
		return relay.Handle{}, err
	}
	return relay.ParseHandle(relay.Email + ":" + local + "@" + ascii)
}

func toASCII(domain string) (string, error) {
	if strings.IndexFunc(domain, beyondASCII) < 0 && !strings.Contains(strings.ToLower(domain), "xn--") {
		return domain, nil
	}
	ascii, err := profile.ToASCII(domain)
	if err != nil {
		return "", malformed("%q is no internationalised domain (IDNA 2008)", domain)
	}
	letters, err := profile.ToUnicode(ascii)
	if err != nil {
		return "", malformed("%q is no internationalised domain (IDNA 2008)", domain)
	}
	for label := range strings.SplitSeq(letters, ".") {
		if mixed(label) || looksLatin(label) {
			return "", malformed("%q passes for another domain: it has letters of one script that look like those of another", domain)
		}
	}
	return ascii, nil
}

func malformed(text string, args ...any) error {
	return &relay.Fault{Kind: relay.Invalid, Code: "handle_malformed", Public: fmt.Sprintf(text, args...), Pointer: "/to"}
}

func beyondASCII(r rune) bool { return r > unicode.MaxASCII }

func unseen(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// together are the scripts that one language writes in one word (UTS 39, section 5.2, "Highly Restrictive").
var together = [][]string{{"Latin", "Han", "Hiragana", "Katakana"}, {"Latin", "Han", "Bopomofo"}, {"Latin", "Han", "Hangul"}}

// mixed says that a label has letters of scripts that no language writes together.
func mixed(label string) bool {
	found := map[string]bool{}
	for _, r := range label {
		if script := scriptOf(r); script != "" {
			found[script] = true
		}
	}
	if len(found) < 2 {
		return false
	}
	for _, set := range together {
		rest := len(found)
		for _, script := range set {
			if found[script] {
				rest--
			}
		}
		if rest == 0 {
			return false
		}
	}
	return true
}

// scriptOf is the script of a character, "" of one that all scripts share.
func scriptOf(r rune) string {
	if unicode.In(r, unicode.Common, unicode.Inherited) {
		return ""
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return name
		}
	}
	return "unknown"
}

// latinTwins are Cyrillic letters that look like Latin ones.
const latinTwins = "асԁеһіјӏорԛѕԝхуъьҽпгѵѡ"

// looksLatin says that a label is of nothing but such letters, digits and hyphens.
func looksLatin(label string) bool {
	twins := 0
	for _, r := range label {
		switch {
		case strings.ContainsRune(latinTwins, r):
			twins++
		case r != '-' && (r < '0' || r > '9'):
			return false
		}
	}
	return twins > 0
}
