package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// Mark is what every printer shows in place of a secret.
const Mark = "REDACTED"

// Redacted makes the type that embeds it print as [Mark], whatever prints it:
// fmt with any verb, encoding/json, any text marshalling, log/slog.
//
// It is not enough alone: fmt walks into an unexported field by reflection and
// asks no method there. So a type that embeds Redacted also keeps its bytes in a
// closure, of which fmt shows an address at worst. (A pointer would not do: fmt
// prints what it points to when the verb is a wrong one, as in %A.)
type Redacted struct{}

// Format implements fmt.Formatter for every verb and flag.
func (Redacted) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Mark) }

// String is there for what calls it by name; it never reveals.
func (Redacted) String() string { return Mark }

// GoString is there for what calls it by name; it never reveals.
func (Redacted) GoString() string { return Mark }

// MarshalText shows Mark to XML, YAML and every other text encoder.
func (Redacted) MarshalText() ([]byte, error) { return []byte(Mark), nil }

// MarshalJSON shows Mark as a JSON string.
func (Redacted) MarshalJSON() ([]byte, error) { return []byte(`"` + Mark + `"`), nil }

// LogValue shows Mark to log/slog.
func (Redacted) LogValue() slog.Value { return slog.StringValue(Mark) }
