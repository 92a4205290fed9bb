package verify

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// Difference is one thing that is not as recorded. Recorded and Got list, line by line, only the fields that differ.
type Difference struct {
	Ledger        uint32
	What          string
	Recorded, Got []string
}

func (d Difference) ofRefusal() bool { return strings.HasPrefix(d.What, "refusal") }

func (d Difference) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ledger %d, %s:", d.Ledger, d.What)
	for _, side := range []struct {
		name  string
		lines []string
	}{{"recorded", d.Recorded}, {"got", d.Got}} {
		if len(side.lines) == 0 {
			fmt.Fprintf(&b, "\n  %-9s nothing", side.name)
		}
		for _, l := range side.lines {
			fmt.Fprintf(&b, "\n  %-9s %s", side.name, l)
		}
	}
	return b.String()
}

func (r *Replay) differ(seq uint32, what string, want, got any) {
	if r.Differ == nil {
		return
	}
	w, g := lines(want), lines(got)
	d := Difference{Ledger: seq, What: what}
	for _, l := range w {
		if !slices.Contains(g, l) {
			d.Recorded = append(d.Recorded, l)
		}
	}
	for _, l := range g {
		if !slices.Contains(w, l) {
			d.Got = append(d.Got, l)
		}
	}
	r.Differ(d)
}

// nameOf says whose entry it is.
func nameOf(entries ...*xdr.LedgerEntry) string {
	for _, e := range entries {
		if e == nil {
			continue
		}
		key, err := e.LedgerKey()
		if err != nil {
			continue
		}
		return strings.Join(lines(key), " ")
	}
	return "that neither has"
}

// lines is a value as "path value" lines, leaves only, with addresses and the names of codes.
func lines(v any) []string {
	if e, ok := v.(error); ok {
		return []string{e.Error()}
	}
	var out []string
	flatten(reflect.ValueOf(v), "", &out)
	return out
}

func flatten(v reflect.Value, path string, out *[]string) {
	if !v.IsValid() || (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface || v.Kind() == reflect.Slice) && v.IsNil() {
		return
	}
	leaf := func(text string) { *out = append(*out, strings.TrimSpace(strings.TrimPrefix(path, ".")+" "+text)) }
	switch x := v.Interface().(type) {
	case xdr.AccountId:
		if x.Ed25519 != nil {
			leaf(x.Address())
		}
		return
	case fmt.Stringer:
		if v.Kind() != reflect.Struct && v.Kind() != reflect.Pointer {
			leaf(x.String())
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		flatten(v.Elem(), path, out)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				flatten(v.Field(i), path+"."+f.Name, out)
			}
		}
	case reflect.Array, reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			raw := make([]byte, v.Len())
			reflect.Copy(reflect.ValueOf(raw), v)
			leaf(hex.EncodeToString(raw))
			return
		}
		for i := range v.Len() {
			flatten(v.Index(i), fmt.Sprintf("%s[%d]", path, i), out)
		}
	default:
		leaf(fmt.Sprint(v.Interface()))
	}
}
