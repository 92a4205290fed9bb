package claim

import (
	"errors"
	"net/url"
	"strings"
	"unicode"
)

// maxFound is the most text in which a link is looked for: a whole mail.
const maxFound = 64 << 10

// Find reads a link out of what programs make of it: with a query or punctuation around it, its "#" escaped, broken into
// lines, quoted in a reply, inside another address. The payment id and the 50 characters behind it are found by their
// checksum; nothing else of the text matters, but that the base is what stands before "/c/". Errors: ErrMalformed,
// ErrTruncated, ErrVersion, ErrChecksum, as [Parse] says of the part that is there.
func Find(text string) (Link, error) {
	l, strict := Parse(text)
	if strict == nil || len(text) > maxFound {
		return l, strict
	}
	found := strict
	for range 3 { // an address inside another one is escaped once for each
		for _, plain := range []string{text, whole(text)} {
			l, err := find(plain)
			if err == nil {
				return l, nil
			}
			if errors.Is(found, ErrMalformed) {
				found = err
			}
		}
		next, err := url.PathUnescape(text)
		if err != nil || next == text {
			break
		}
		text = next
	}
	return Link{}, found
}

// whole joins lines, drops what replies and wrapping programs put at their ends, and everything that cannot be seen.
func whole(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimLeft(line, "> \t")
		line = strings.TrimRightFunc(line, unicode.IsSpace)
		b.WriteString(strings.TrimSuffix(line, "=")) // quoted-printable (RFC 2045, section 6.7)
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Cc) {
			return -1
		}
		return r
	}, b.String())
}

// find looks at each place of an id behind "/c/" and at each "#" after it.
func find(text string) (Link, error) {
	found := ErrMalformed
	for at := range places(text, "/c/pay_") {
		id, rest := cutID(text[at+len("/c/"):])
		base, ok := baseBefore(text[:at])
		if !ok {
			continue
		}
		if id == "" {
			found = better(found, ErrTruncated)
			continue
		}
		if strings.IndexByte(rest, '#') < 0 {
			found = better(found, ErrTruncated)
		}
		for hash := range places(rest, "#") {
			fragment := leading(rest[hash+1:])
			s, err := parseFragment(id, fragment[:min(len(fragment), b64.EncodedLen(fragmentSize))])
			if err == nil {
				return Link{base, id, s}, nil
			}
			found = better(found, err)
		}
	}
	return Link{}, found
}

// better is what says more about a link that was not found.
func better(a, b error) error {
	rank := func(err error) int {
		switch err {
		case ErrChecksum:
			return 3
		case ErrVersion:
			return 2
		case ErrTruncated:
			return 1
		}
		return 0
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// places yields where part stands in text.
func places(text, part string) func(func(int) bool) {
	return func(yield func(int) bool) {
		for at := 0; ; at++ {
			next := strings.Index(text[at:], part)
			if next < 0 || !yield(at+next) {
				return
			}
			at += next
		}
	}
}

// cutID takes a payment id off the front; "" when it is cut or none.
func cutID(text string) (id, rest string) {
	if len(text) < paymentIDSize || CheckPaymentID(text[:paymentIDSize]) != nil {
		return "", text
	}
	return text[:paymentIDSize], text[paymentIDSize:]
}

// leading is the base64url text at the front.
func leading(text string) string {
	end := strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII || !onlyBase64URL(string(r)) })
	if end < 0 {
		return text
	}
	return text[:end]
}

// baseBefore is the http(s) address that ends where text does.
func baseBefore(text string) (string, bool) {
	at := max(strings.LastIndex(text, "http://"), strings.LastIndex(text, "https://"))
	if at < 0 || !validBase(text[at:]) {
		return "", false
	}
	return text[at:], true
}
