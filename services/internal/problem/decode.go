package problem

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// mostFields is how many wrong fields are named in one answer.
const mostFields = 20

// Decode reads r's body, which must be exactly one JSON object as into (a pointer to a struct) describes it, and then
// validates it. Field names count with their case. Errors are for [Write]: another media type, a body that is too long or
// no JSON, and [Fields] for unknown, repeated, mistyped and invalid fields.
func Decode(r *http.Request, into any) error {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset, given := params["charset"]; err != nil || kind != "application/json" || (given && !strings.EqualFold(charset, "utf-8")) {
		return errMediaType
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, MostBody))
	if err != nil {
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			return errTooLarge
		}
		return errMalformed // cut off, or badly framed
	}
	if err := decode(body, into); err != nil {
		return err
	}
	return Validate(into)
}

func decode(body []byte, into any) error {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	if !utf8.Valid(body) || !json.Valid(body) || trimmed[0] != '{' {
		return errMalformed
	}
	var wrong Fields
	walk(trimmed, reflect.TypeOf(into).Elem(), "", &wrong)
	if len(wrong) > 0 {
		return wrong
	}
	if err := json.Unmarshal(body, into); err != nil {
		return errMalformed // what walk let pass for lack of knowing better
	}
	return nil
}

var (
	jsonReader = reflect.TypeFor[json.Unmarshaler]()
	textReader = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// walk compares valid JSON with a type and notes what does not fit, with its place. encoding/json alone would take "ID" for
// "id", the last of two, and would not say where an unknown field is.
func walk(raw json.RawMessage, t reflect.Type, at string, wrong *Fields) {
	if len(*wrong) >= mostFields || bytes.Equal(raw, []byte("null")) {
		return
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if p := reflect.PointerTo(t); p.Implements(jsonReader) || p.Implements(textReader) {
		leaf(raw, t, at, wrong)
		return
	}
	switch {
	case t.Kind() == reflect.Struct:
		known := fieldsOf(t)
		object(raw, at, wrong, func(name string, value json.RawMessage, at string) {
			f, ok := known[name]
			if !ok {
				*wrong = append(*wrong, Field{at, "is not known here", "unknown_field"})
				return
			}
			walk(value, f, at, wrong)
		})
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		object(raw, at, wrong, func(_ string, value json.RawMessage, at string) { walk(value, t.Elem(), at, wrong) })
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			*wrong = append(*wrong, Field{at, "must be a list", "wrong_type"})
			return
		}
		for i, item := range items {
			walk(item, t.Elem(), at+"/"+strconv.Itoa(i), wrong)
		}
	default:
		leaf(raw, t, at, wrong)
	}
}

// object visits the members of raw in order, and notes those that are repeated.
func object(raw json.RawMessage, at string, wrong *Fields, visit func(name string, value json.RawMessage, at string)) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		*wrong = append(*wrong, Field{at, "must be an object", "wrong_type"})
		return
	}
	seen := map[string]bool{}
	for d.More() && len(*wrong) < mostFields {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return // cannot be: raw is valid
		}
		key := name.(string)
		place := at + "/" + escape(key)
		if seen[key] {
			*wrong = append(*wrong, Field{place, "is given twice", "repeated_field"})
			continue
		}
		seen[key] = true
		visit(key, value, place)
	}
}

func leaf(raw json.RawMessage, t reflect.Type, at string, wrong *Fields) {
	if json.Unmarshal(raw, reflect.New(t).Interface()) != nil {
		*wrong = append(*wrong, Field{at, expected(t), "wrong_type"})
	}
}

func expected(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "must be a moment like 2026-01-31T12:00:00Z"
	case t.Kind() == reflect.Slice:
		return "must be text in base64"
	case t.Kind() == reflect.String:
		return "must be text"
	case t.Kind() == reflect.Bool:
		return "must be true or false"
	case reflect.Int <= t.Kind() && t.Kind() <= reflect.Uintptr:
		return "must be a whole number in range"
	case t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64:
		return "must be a number"
	}
	return "has the wrong form"
}

// fieldsOf is t's JSON names and their types, with those of embedded structs.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		tag := f.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		if !f.IsExported() || tag == "-" || (f.Anonymous && name == "") {
			continue
		}
		out[cmp.Or(name, f.Name)] = f.Type
	}
	return out
}

// escape writes a name as a token of a JSON pointer (RFC 6901, section 3), at most 64 bytes of it: it comes from outside.
func escape(name string) string {
	if len(name) > 64 {
		name = strings.ToValidUTF8(name[:64], "") + "…"
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
