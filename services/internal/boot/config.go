package boot

import (
	"bytes"
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-playground/validator/v10"
	"go.yaml.in/yaml/v3"
)

// Load reads the YAML file at path into a pointer to a Config struct that holds the defaults, then checks its validate
// tags. Keys that are absent keep their defaults; an empty file is fine. Errors name the file, the line and the key.
func Load(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	return Parse(path, text, into)
}

// Parse is [Load] for a text; name stands for the file in errors.
func Parse(name string, text []byte, into any) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("configuration: %T is not a pointer to a struct", into)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	var doc yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF): // nothing in it
		return check(name, &doc, into)
	case err != nil:
		return fmt.Errorf("%s: %v", name, err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: more than one document", name)
	}
	for _, top := range doc.Content {
		if err := known(name, top, target.Type().Elem(), ""); err != nil {
			return err
		}
	}
	if err := doc.Decode(into); err != nil {
		return unfit(name, &doc, err)
	}
	return check(name, &doc, into)
}

// unfit names the key whose value is of another kind, and the kind that is wanted. The value is not shown: it may be a secret.
func unfit(name string, doc *yaml.Node, err error) error {
	var all *yaml.TypeError
	if !errors.As(err, &all) {
		return fmt.Errorf("%s: %v", name, err)
	}
	var wrong []error
	for _, text := range all.Errors {
		found := unmarshalled.FindStringSubmatch(text)
		if found == nil {
			wrong = append(wrong, fmt.Errorf("%s: %s", name, text))
			continue
		}
		line, _ := strconv.Atoi(found[1])
		wrong = append(wrong, fmt.Errorf("%s:%d: %s takes %s", name, line, orRoot(keyAt(doc, line, "")), kindOf(found[2])))
	}
	return errors.Join(wrong...)
}

// unmarshalled is how the decoder says that a value is of another kind.
var unmarshalled = regexp.MustCompile(`(?s)^line (\d+): cannot unmarshal .* into (\S+)$`)

// keyAt is the last key whose value stands on a line.
func keyAt(n *yaml.Node, line int, at string) (key string) {
	if n.Kind == yaml.MappingNode {
		for i := 1; i < len(n.Content); i += 2 {
			here := join(at, n.Content[i-1].Value)
			if deeper := keyAt(n.Content[i], line, here); deeper != "" {
				key = deeper
			} else if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].Line == line {
				key = here
			}
		}
		return key
	}
	for _, item := range n.Content {
		if item.Kind == yaml.ScalarNode && item.Line == line {
			key = at
		} else if deeper := keyAt(item, line, at); deeper != "" {
			key = deeper
		}
	}
	return key
}

// kindOf is a Go type for people.
func kindOf(t string) string {
	switch {
	case t == "time.Duration":
		return "a time like 30s"
	case strings.HasPrefix(t, "int"), strings.HasPrefix(t, "uint"):
		return "a whole number"
	case strings.HasPrefix(t, "float"):
		return "a number"
	case t == "bool":
		return "true or false"
	case t == "string":
		return "a text"
	case strings.HasPrefix(t, "[]"):
		return "a list"
	}
	return "another kind of value"
}

// known refuses keys that t does not have, before anything is decoded. The decoder would refuse them too, but knows
// neither where they belong nor what was meant.
func known(name string, n *yaml.Node, t reflect.Type, at string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return fmt.Errorf("%s:%d: aliases are not read here", name, n.Line)
	case readsItself(t):
		return nil
	case n.Kind == yaml.SequenceNode && t.Kind() == reflect.Slice:
		for _, item := range n.Content {
			if err := known(name, item, t.Elem(), at); err != nil {
				return err
			}
		}
	case n.Kind == yaml.MappingNode && t.Kind() == reflect.Map:
		for i := 1; i < len(n.Content); i += 2 {
			if err := known(name, n.Content[i], t.Elem(), join(at, n.Content[i-1].Value)); err != nil {
				return err
			}
		}
	case n.Kind == yaml.MappingNode && t.Kind() == reflect.Struct:
		keys := keysOf(t)
		for i := 1; i < len(n.Content); i += 2 {
			key := n.Content[i-1]
			field, ok := keys[key.Value]
			if !ok {
				return fmt.Errorf("%s:%d: unknown key %q; %s", name, key.Line, join(at, key.Value), meant(at, key.Value, keys))
			}
			if err := known(name, n.Content[i], field, join(at, key.Value)); err != nil {
				return err
			}
		}
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null", t.Kind() == reflect.Interface:
	case n.Kind == yaml.MappingNode, n.Kind == yaml.SequenceNode, t.Kind() == reflect.Struct, t.Kind() == reflect.Map:
		return fmt.Errorf("%s:%d: %s has another form", name, n.Line, orRoot(at))
	}
	return nil
}

var textReader = reflect.TypeFor[encoding.TextUnmarshaler]()
var yamlReader = reflect.TypeFor[yaml.Unmarshaler]()

func readsItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(textReader) || p.Implements(yamlReader)
}

// keysOf is the keys of a struct as the decoder sees them.
func keysOf(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for f := range t.Fields() {
		key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case key == "-" || (!f.IsExported() && !f.Anonymous):
		case strings.Contains(options, "inline"):
			maps.Copy(out, keysOf(f.Type))
		case key == "":
			out[strings.ToLower(f.Name)] = f.Type
		default:
			out[key] = f.Type
		}
	}
	return out
}

func join(at, key string) string {
	if at == "" {
		return key
	}
	return at + "." + key
}

func orRoot(at string) string {
	if at == "" {
		return "the file"
	}
	return at
}

// meant suggests the nearest known key, or lists them all when none is near.
func meant[T any](at, key string, keys map[string]T) string {
	all := slices.Sorted(maps.Keys(keys))
	best := Nearest(key, all)
	if best == "" {
		return "known here: " + strings.Join(all, ", ")
	}
	return fmt.Sprintf("did you mean %q?", join(at, best))
}

// check judges the validate tags and says what is wrong, each with its line if the file has it.
func check(name string, doc *yaml.Node, into any) error {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		return cmp.Or(key, strings.ToLower(f.Name))
	})
	err := v.Struct(into)
	var found validator.ValidationErrors
	if !errors.As(err, &found) {
		return err
	}
	var wrong []error
	for _, e := range found {
		_, key, _ := strings.Cut(e.Namespace(), ".")
		rule := e.Tag()
		if e.Param() != "" {
			rule += "=" + e.Param()
		}
		where := name
		if line := lineOf(doc, key); line > 0 {
			where = fmt.Sprintf("%s:%d", name, line)
		}
		wrong = append(wrong, fmt.Errorf("%s: %s must satisfy %q", where, key, rule))
	}
	return errors.Join(wrong...)
}

// lineOf is where a key such as "ledger.interval" stands, or 0.
func lineOf(doc *yaml.Node, key string) int {
	if len(doc.Content) == 0 {
		return 0
	}
	n, line := doc.Content[0], 0
	for part := range strings.SplitSeq(key, ".") {
		if n.Kind != yaml.MappingNode {
			return line
		}
		i := 0
		for i < len(n.Content) && n.Content[i].Value != part {
			i += 2
		}
		if i >= len(n.Content) {
			return 0
		}
		line, n = n.Content[i].Line, n.Content[i+1]
	}
	return line
}
