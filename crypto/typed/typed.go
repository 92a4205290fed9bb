// Package typed reads secret text that a person must be able to type again: passphrases, a wallet's words, keys.
//
// It promises one reading of one text, whichever program wrote the file: a byte order mark is no part of it, UTF-16 with a
// mark is read as what it says, and letters are in Unicode's composed form (NFC), as keyboards make them. It refuses, with
// the place, what cannot be typed or seen: bytes that are no text, control characters, characters without a width or a
// glyph, spaces other than the space bar's. It cuts nothing: what is too long is refused. No error shows any of the text.
//
// Start at [Line] and [Text].
package typed

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/restante/restante/crypto/secret"
)

// MaxLine is the most bytes of a line. A terminal hands over lines of up to 4,095 bytes and its end, so no more can be typed
// for stock age.
const MaxLine = 4095

// MaxText is the most bytes of a whole file.
const MaxText = 64 << 10

// ErrEmpty says that there is no text.
var ErrEmpty = errors.New("typed: the text is empty")

// Error says where a text has what cannot be typed again. It does not hold the text.
type Error struct {
	What   string // "a character that cannot be seen (U+200B)"
	Line   int    // from 1
	Column int    // in characters, from 1
}

func (e *Error) Error() string {
	return fmt.Sprintf("typed: %s at line %d, character %d", e.What, e.Line, e.Column)
}

// Line reads the first line of a file, without its end. A passphrase that begins or ends with a space is refused: a person
// who types it again does not see that. Errors: ErrEmpty, *Error.
func Line(file []byte) (secret.Bytes, error) {
	text, err := decode(file)
	if err != nil {
		return secret.Bytes{}, err
	}
	defer clear(text)
	line, _, _ := bytes.Cut(text, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(bytes.TrimSpace(line)) == 0 {
		return secret.Bytes{}, ErrEmpty
	}
	if line[0] == ' ' {
		return secret.Bytes{}, &Error{"a space at the beginning, which is not seen", 1, 1}
	}
	if line[len(line)-1] == ' ' {
		return secret.Bytes{}, &Error{"a space at the end, which is not seen", 1, utf8.RuneCount(line)}
	}
	return Typed(line)
}

// Typed checks what came from a terminal, one line without its end; it may be empty. The error is an *Error.
func Typed(line []byte) (secret.Bytes, error) {
	if len(line) > MaxLine {
		return secret.Bytes{}, &Error{fmt.Sprintf("more than %d bytes, which no terminal takes", MaxLine), 1, utf8.RuneCount(line[:MaxLine])}
	}
	if err := check(line, 1, false); err != nil {
		return secret.Bytes{}, err
	}
	normal := norm.NFC.Append(nil, line...)
	defer clear(normal)
	return secret.New(normal), nil
}

// Text reads a whole file whose layout means nothing: a wallet's words in lines and columns, a file of identities. Tabs,
// line ends and every kind of wide or narrow space may stand in it. Errors: ErrEmpty, *Error.
func Text(file []byte) (secret.Bytes, error) {
	text, err := decode(file)
	if err != nil {
		return secret.Bytes{}, err
	}
	defer clear(text)
	if len(bytes.TrimSpace(text)) == 0 {
		return secret.Bytes{}, ErrEmpty
	}
	for i, line := range bytes.Split(text, []byte("\n")) {
		if err := check(line, i+1, true); err != nil {
			return secret.Bytes{}, err
		}
	}
	normal := norm.NFC.Append(nil, text...)
	defer clear(normal)
	return secret.New(normal), nil
}

var (
	markUTF8    = []byte{0xef, 0xbb, 0xbf}
	markUTF16LE = []byte{0xff, 0xfe}
	markUTF16BE = []byte{0xfe, 0xff}
)

// decode returns a copy of the text in UTF-8, without a mark.
func decode(file []byte) ([]byte, error) {
	switch {
	case len(file) > MaxText:
		return nil, &Error{fmt.Sprintf("more than %d bytes", MaxText), 1, 1}
	case bytes.HasPrefix(file, markUTF16LE):
		return fromUTF16(file[2:], binary.LittleEndian)
	case bytes.HasPrefix(file, markUTF16BE):
		return fromUTF16(file[2:], binary.BigEndian)
	}
	return bytes.Clone(bytes.TrimPrefix(file, markUTF8)), nil
}

func fromUTF16(file []byte, order binary.ByteOrder) ([]byte, error) {
	if len(file)%2 != 0 {
		return nil, &Error{"half a character of UTF-16", 1, 1}
	}
	units := make([]uint16, len(file)/2)
	defer clear(units)
	for i := range units {
		units[i] = order.Uint16(file[2*i:])
	}
	var text []byte
	for _, r := range utf16.Decode(units) { // half a pair becomes U+FFFD, which check refuses
		text = utf8.AppendRune(text, r)
	}
	return text, nil
}

// check refuses the first character of a line that cannot be typed again. In a layout, white space separates and no more.
func check(line []byte, number int, layout bool) error {
	column := 0
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		line, column = line[size:], column+1
		if what := untypable(r, size, layout); what != "" {
			return &Error{what, number, column}
		}
	}
	return nil
}

func untypable(r rune, size int, layout bool) string {
	switch {
	case r == ' ', layout && (r == '\t' || r == '\r' || unicode.Is(unicode.Zs, r)):
		return ""
	case r == 0:
		return "a zero byte: this is no plain text, or UTF-16 without its mark"
	case r == utf8.RuneError && size <= 1:
		return "a byte that is no text in UTF-8"
	case r == utf8.RuneError, unicode.Is(unicode.Co, r), unicode.Is(unicode.Cs, r):
		return fmt.Sprintf("a character that no keyboard has (%U)", r)
	case unicode.IsControl(r):
		return fmt.Sprintf("a control character (%U)", r)
	case unicode.IsSpace(r), unicode.Is(unicode.Z, r):
		return fmt.Sprintf("another space than that of the space bar (%U)", r)
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r),
		unicode.Is(unicode.Variation_Selector, r), r == '\u2800':
		return fmt.Sprintf("a character that cannot be seen (%U)", r)
	case !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S):
		return fmt.Sprintf("a character that Unicode does not know (%U)", r)
	}
	return ""
}
