package relay

import (
	"strconv"
	"strings"
)

// Memo is attached to a claim into an account that asks for one to tell its customers apart (SEP-29). The zero Memo is none.
type Memo struct {
	Kind  string // "text", "id", "hash"
	Value string // at most 28 bytes · a decimal uint64 · 64 lower-case hexadecimal digits
}

// ParseMemo reads a memo; "" is a text. The error is of kind [Invalid].
func ParseMemo(kind, value string) (Memo, error) {
	bad := func(why string) (Memo, error) { return Memo{}, InvalidFault("memo_malformed", "/memo", why) }
	if value == "" && kind == "" {
		return Memo{}, nil
	}
	switch kind {
	case "", "text":
		if value == "" || len(value) > 28 {
			return bad("a text memo has 1 to 28 bytes")
		}
		return Memo{"text", value}, nil
	case "id":
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil || strconv.FormatUint(n, 10) != value {
			return bad("an id memo is a whole number without a sign")
		}
		return Memo{"id", value}, nil
	case "hash":
		if len(value) != 64 || strings.Trim(value, "0123456789abcdef") != "" {
			return bad("a hash memo has 64 lower-case hexadecimal digits")
		}
		return Memo{"hash", value}, nil
	}
	return Memo{}, InvalidFault("memo_malformed", "/memo_type", `a memo is a "text", an "id" or a "hash"`)
}
