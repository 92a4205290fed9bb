package relay

import (
	"net/mail"
	"slices"
	"strings"
)

// Handle is a name outside the ledger: "email:ana@example.com", "tel:+15550100", "github:ana", "app:<user id>".
// The zero Handle is none.
type Handle struct {
	Kind  string // one of the table handleKinds
	Value string // in canonical form
}

// Email is the kind of a bare address.
const Email = "email"

// handleKind is all that the program knows of one kind of handle: a kind is added here and nowhere else.
type handleKind struct {
	kind   string
	form   func(value string) bool
	fold   bool // its canonical form is in lower case
	advice string
	mask   func(value string) string // enough to recognise, too little to write to
	proof  Proving                   // how its owner proves it where the policy asks for a proof
}

// handleKinds is the table, in the order in which a refusal names them. E-mail addresses are canonical in lower case of the domain
// and, since nearly every mail system ignores case, of the local part too.
var handleKinds = []handleKind{
	{kind: Email, form: emailAddress, fold: true, advice: "an e-mail address looks like ana@example.com", proof: ByCode,
		mask: func(v string) string {
			local, domain, _ := strings.Cut(v, "@")
			return local[:1] + "***@" + domain
		}},
	{kind: "tel", form: telephoneNumber, advice: "a telephone number is written like tel:+15550100 (E.164)", proof: ByVoucher,
		mask: func(v string) string { return "***" + v[len(v)-2:] }},
	{kind: "github", form: githubName, fold: true, advice: "a GitHub name has 1 to 39 letters, digits and hyphens", proof: ByVoucher, mask: hidden},
	{kind: "app", form: userID, advice: "an app's user id has 1 to 128 printable ASCII characters, no space", proof: ByVoucher, mask: hidden},
}

func hidden(string) string { return "***" }

// rules is the row of a handle's kind; that of an unknown kind has no form, hides all, and is proven by nothing we know.
func (h Handle) rules() handleKind {
	i := slices.IndexFunc(handleKinds, func(k handleKind) bool { return k.kind == h.Kind })
	if i < 0 {
		return handleKind{mask: hidden, proof: NotKnown}
	}
	return handleKinds[i]
}

// ParseHandle reads a handle; a bare address is an e-mail address. The error is of kind [Invalid].
func ParseHandle(s string) (Handle, error) {
	kind, value, ok := strings.Cut(s, ":")
	if !ok {
		kind, value = Email, s
	}
	h := Handle{kind, value}
	k := h.rules()
	if k.form == nil {
		return Handle{}, InvalidFault("handle_malformed", "/to", "a handle begins with "+kindsText())
	}
	if !k.form(value) {
		return Handle{}, InvalidFault("handle_malformed", "/to", k.advice)
	}
	if k.fold {
		h.Value = strings.ToLower(value)
	}
	return h, nil
}

// kindsText names all kinds: "email:, tel:, github: or app:".
func kindsText() string {
	var names []string
	for _, k := range handleKinds {
		names = append(names, k.kind+":")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// telephoneNumber accepts E.164.
func telephoneNumber(s string) bool {
	rest, plus := strings.CutPrefix(s, "+")
	return plus && len(rest) >= 5 && len(rest) <= 15 && digits(rest) && rest[0] != '0'
}

func githubName(s string) bool {
	return len(s) > 0 && len(s) <= 39 && s[0] != '-' && strings.Trim(s, nameBytes) == ""
}

func userID(s string) bool { return len(s) > 0 && len(s) <= 128 && printable(s) }

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

// Masked is the spelling for every reader but the sender.
func (h Handle) Masked() string { return h.Kind + ":" + h.rules().mask(h.Value) }

// Mailed says whether codes and notices can be mailed to the handle.
func (h Handle) Mailed() bool { return h.rules().proof == ByCode }
