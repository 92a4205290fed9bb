package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
	"rsc.io/qr"
)

// quiet is the width of the light border around a code, in modules (ISO/IEC 18004, "Quiet zone": four).
const quiet = 4

// qr shows text as a QR code on stderr, where prompts go. On a terminal the colours are set, so that the code is dark on
// light whatever the terminal's own are, and a code that does not fit is an error rather than a broken picture: 125 columns and 63
// lines for 1,200 bytes, 185 and 93 for the 2,953 that fit into any code.
func (c *cli) qr(text string) error {
	code, err := newCode(text)
	if err != nil {
		return err
	}
	f, ok := c.stderr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || c.env("TERM") == "dumb" {
		fmt.Fprint(c.stderr, code.plain())
		return nil
	}
	// One line more is for the cursor; without it the first line scrolls away.
	if width, height, err := term.GetSize(int(f.Fd())); err == nil && width > 0 && (width < code.columns() || height <= code.lines()) {
		return failed("The QR code needs a terminal of %d columns and %d lines; this one has %d and %d. Smaller letters may do.",
			code.columns(), code.lines()+1, width, height)
	}
	fmt.Fprint(c.stderr, code.coloured())
	return nil
}

// code is a QR code's modules, with lines of text that hold two rows of modules each.
type code struct{ *qr.Code }

// newCode has the low level of error correction: a screen has no scratches, and a smaller code has larger modules.
func newCode(text string) (code, error) {
	q, err := qr.Encode(text, qr.L)
	if err != nil {
		return code{}, failed("%d bytes are more than a QR code holds.", len(text))
	}
	return code{q}, nil
}

func (c code) columns() int { return c.Size + 2*quiet }
func (c code) lines() int   { return (c.columns() + 1) / 2 }

// Black and white of the 256 colours, which themes leave alone: the first sixteen are a theme's to choose, and its white may be
// a grey, its black a blue.
const (
	blackOnWhite = "\x1b[38;5;16;48;5;231m"
	ownColours   = "\x1b[0m"
)

// coloured draws the dark modules, black on white.
func (c code) coloured() string { return c.draw(blackOnWhite, ownColours, true) }

// plain draws the light modules and leaves the dark ones to the background. That is right on a dark terminal; on a light one, or
// in an editor, the code is reversed whole, border and all, which ISO/IEC 18004 allows and readers of these days take.
func (c code) plain() string { return c.draw("", "", false) }

// draw fills the modules that are dark, or those that are light. Every line sets its colours anew and ends them before the
// line does, so that none run to the terminal's edge.
func (c code) draw(before, after string, dark bool) string {
	var b strings.Builder
	for y := -quiet; y < c.Size+quiet; y += 2 {
		b.WriteString(before)
		for x := -quiet; x < c.Size+quiet; x++ {
			// Beyond the code all is light, the half line below an odd number of rows as well.
			upper, lower := c.Black(x, y) == dark, c.Black(x, y+1) == dark
			switch {
			case upper && lower:
				b.WriteString("█")
			case upper:
				b.WriteString("▀")
			case lower:
				b.WriteString("▄")
			default:
				b.WriteString(" ")
			}
		}
		b.WriteString(after + "\n")
	}
	return b.String()
}
