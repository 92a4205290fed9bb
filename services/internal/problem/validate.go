package problem

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unicode"

	"github.com/go-playground/validator/v10"
)

// checker is made once: it keeps what it learned of each type, and is never changed.
var checker = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			return ""
		}
		return name
	})
	return v
})

// Validate judges v, a struct or a pointer to one, by its validate tags. The error is [Fields], in the API's own names, and
// never repeats a value: values may be secret.
func Validate(v any) error {
	err := checker().Struct(v)
	var found validator.ValidationErrors
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &found):
		return fmt.Errorf("problem: validate %T: %v", v, err) // not a struct: a bug of ours
	}
	var out Fields
	for _, e := range found[:min(len(found), mostFields)] {
		detail, code := verdict(e)
		out = append(out, Field{pointer(e.Namespace()), detail, code})
	}
	return out
}

// pointer turns the validator's "Request.to.items[3].name" into "/to/items/3/name".
func pointer(namespace string) string {
	_, rest, _ := strings.Cut(namespace, ".")
	var out strings.Builder
	for rest != "" {
		switch rest[0] {
		case '.':
			rest = rest[1:]
		case '[': // an index, or a key of a map, which ends at the last bracket that something can follow
			end := closing(rest)
			out.WriteString("/" + escape(rest[1:end]))
			rest = rest[min(end+1, len(rest)):]
		default:
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			out.WriteString("/" + escape(rest[:end]))
			rest = rest[end:]
		}
	}
	return out.String()
}

func closing(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] == ']' && (i+1 == len(s) || s[i+1] == '.' || s[i+1] == '[') {
			return i
		}
	}
	return len(s)
}

// verdict says in words what a validator's tag found.
func verdict(e validator.FieldError) (detail, code string) {
	size := "characters"
	switch e.Kind() {
	case reflect.Slice, reflect.Map, reflect.Array:
		size = "entries"
	case reflect.String:
	default:
		size = ""
	}
	many := func(word string) string {
		if size == "" {
			return "must be " + word + " " + e.Param()
		}
		return "must have " + word + " " + e.Param() + " " + size
	}
	switch tag := e.Tag(); {
	case tag == "required":
		return "is required", "required"
	case strings.HasPrefix(tag, "required_"):
		return "is required along with what is given", "required"
	case strings.HasPrefix(tag, "excluded_"):
		return "cannot go along with " + snake(e.Param()), "not_together"
	case tag == "max" || tag == "lte":
		return many("at most"), over(size)
	case tag == "min" || tag == "gte":
		return many("at least"), under(size)
	case tag == "len":
		return many("exactly"), "wrong_length"
	case tag == "eq" || tag == "oneof":
		return "must be one of: " + strings.Join(strings.Fields(e.Param()), ", "), "not_one_of"
	case tag == "printascii":
		return "must be printable ASCII", "malformed"
	}
	return "is not valid", "malformed"
}

func over(size string) string {
	if size == "" {
		return "too_large"
	}
	return "too_long"
}

func under(size string) string {
	if size == "" {
		return "too_small"
	}
	return "too_short"
}

// snake is the name of a field of Go's as JSON spells it here: ExpiresAt is expires_at.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
