package relay

import (
	"net/mail"
	"strings"
)

// Handle is a name outside the ledger: "email:ana@example.com", "tel:+15550100", "github:ana", "app:<user id>".
// The zero Handle is none.
type Handle struct {
	Kind  string // email, tel, github, app
	Value string // in canonical form
}

// ParseHandle reads a handle; a bare address is an e-mail address. E-mail addresses are canonical in lower case of the
// domain and, since nearly every mail system ignores case, of the local part too. The error is of kind [Invalid].
func ParseHandle(s string) (Handle, error) {
	bad := func(why string) (Handle, error) { return Handle{}, InvalidFault("handle_malformed", "/to", why) }
	kind, value, ok := strings.Cut(s, ":")
	if !ok {
		kind, value = "email", s
	}
	switch kind {
	case "email":
		if !emailAddress(value) {
			return bad(emailAdvice(s, value))
		}
		return Handle{"email", strings.ToLower(value)}, nil
	case "tel":
		rest, plus := strings.CutPrefix(value, "+")
		if !plus || len(rest) < 5 || len(rest) > 15 || !digits(rest) || rest[0] == '0' {
			return bad("a telephone number is written like tel:+15550100 (E.164)")
		}
		return Handle{"tel", value}, nil
	case "github":
		if len(value) == 0 || len(value) > 39 || value[0] == '-' || strings.Trim(value, nameBytes) != "" {
			return bad("a GitHub name has 1 to 39 letters, digits and hyphens")
		}
		return Handle{"github", strings.ToLower(value)}, nil
	case "app":
		if len(value) == 0 || len(value) > 128 || !printable(value) {
			return bad("an app's user id has 1 to 128 printable ASCII characters, no space")
		}
		return Handle{"app", value}, nil
	}
	return bad("a handle begins with email:, tel:, github: or app:")
}

// emailAdvice says what is wrong with an address.
func emailAdvice(whole, value string) string {
	if rest, is := strings.CutPrefix(whole, "mailto:"); is {
		return "leave \"mailto:\" out: the address is " + rest
	}
	return "an e-mail address looks like ana@example.com"
}

const nameBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

// emailAddress accepts the plain form of RFC 5321 addresses: no display name, no quoted local part, no address literal,
// printable ASCII (an internationalised domain in its xn-- form), a domain with a dot, at most 254 bytes.
func emailAddress(s string) bool {
	if len(s) > 254 || !printable(s) {
		return false
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s {
		return false
	}
	local, domain, _ := strings.Cut(s, "@")
	if len(local) > 64 || strings.ContainsAny(local, "\"") || !strings.Contains(domain, ".") {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.Trim(label, nameBytes) != "" {
			return false
		}
	}
	return true
}

func printable(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// String is the full, canonical spelling.
func (h Handle) String() string { return h.Kind + ":" + h.Value }

// Masked is the spelling for everyone but the sender: enough to recognise, too little to write to.
func (h Handle) Masked() string {
	switch h.Kind {
	case "email":
		local, domain, _ := strings.Cut(h.Value, "@")
		return "email:" + local[:1] + "***@" + domain
	case "tel":
		return "tel:***" + h.Value[len(h.Value)-2:]
	}
	return h.Kind + ":***"
}

// Mailed says whether codes and notices can be mailed to the handle.
func (h Handle) Mailed() bool { return h.Kind == "email" }
