package main

import (
	"encoding/base64"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/stellar/go-stellar-sdk/network"
	"rsc.io/qr"

	"github.com/restante/restante/crypto/tooltest"
	"github.com/restante/restante/relay/sep7"
)

// longText is a request to sign, of exactly 1,200 bytes. Its envelope is of zeros for the greatest part, as envelopes are: the same
// letter again and again is the hardest that a code has to show.
func longText(t *testing.T) string {
	t.Helper()
	envelope := append([]byte{0, 0, 0, 2, 0, 0, 0, 0, 0xff, 0xb2, 0xc3, 0xe6}, make([]byte, 600)...)
	r := sep7.Request{
		XDR: base64.StdEncoding.EncodeToString(envelope), Passphrase: network.TestNetworkPassphrase,
		Callback: "https://relay.example.com/v1/signed/pay_agpzy3u6xjz4bbzuq5kzuxrkfi",
	}
	uri, err := r.URI()
	if err != nil {
		t.Fatal(err)
	}
	uri += "&msg=" + strings.Repeat("m", 1200-len(uri)-len("&msg="))
	if _, err := sep7.Parse(uri); err != nil || len(uri) != 1200 {
		t.Fatalf("%d bytes, %v", len(uri), err)
	}
	return uri
}

func texts(t *testing.T) map[string]string {
	return map[string]string{
		"a letter": "a",
		"a link":   "https://relay.example.com/c/pay_agpzy3u6xjz4bbzuq5kzuxrkfi#AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gJvwoDw",
		"1,200":    longText(t),
		"the most": strings.Repeat("restante", 2953/8) + "r",
	}
}

// TestQRShowsEveryModule reads the text as a terminal does and compares it with what the library made.
func TestQRShowsEveryModule(t *testing.T) {
	for name, text := range texts(t) {
		c, err := newCode(text)
		if err != nil {
			t.Fatal(err)
		}
		want, err := qr.Encode(text, qr.L)
		if err != nil {
			t.Fatal(err)
		}
		for style, shown := range map[string][][]bool{
			"coloured, dark terminal":  cells(t, c.coloured(), true),
			"coloured, light terminal": cells(t, c.coloured(), false),
			"plain, dark terminal":     cells(t, c.plain(), true),
			"plain, light terminal":    reversed(cells(t, c.plain(), false)),
		} {
			if len(shown) != 2*c.lines() || len(shown[0]) != c.columns() {
				t.Fatalf("%s, %s: %d columns and %d half lines", name, style, len(shown[0]), len(shown))
			}
			for y, row := range shown {
				for x, dark := range row {
					if dark != want.Black(x-4, y-4) { // Black is false all around the code
						t.Fatalf("%s, %s: module %d, %d is wrong", name, style, x-4, y-4)
					}
				}
			}
		}
	}
}

// TestQRSizes holds the numbers that the comment on qr states.
func TestQRSizes(t *testing.T) {
	all := texts(t)
	for name, want := range map[string][2]int{"a letter": {29, 15}, "1,200": {125, 63}, "the most": {185, 93}} {
		if c, err := newCode(all[name]); err != nil || [2]int{c.columns(), c.lines()} != want {
			t.Errorf("%s: %d columns and %d lines, %v; want %v", name, c.columns(), c.lines(), err, want)
		}
	}
	if _, err := newCode(all["the most"] + "!"); err == nil || !strings.Contains(err.Error(), "2954 bytes are more than a QR code holds") {
		t.Errorf("one byte too many: %v", err)
	}
}

// TestQRIsRead shows the picture of a terminal to a reader that others wrote.
func TestQRIsRead(t *testing.T) {
	zbar := tooltest.Path(t, "zbarimg")
	for name, text := range texts(t) {
		c, err := newCode(text)
		if err != nil {
			t.Fatal(err)
		}
		for style, shown := range map[string][][]bool{
			"coloured, dark terminal":  cells(t, c.coloured(), true),
			"coloured, light terminal": cells(t, c.coloured(), false),
			"plain, dark terminal":     cells(t, c.plain(), true),
			"plain, light terminal":    cells(t, c.plain(), false), // reversed
		} {
			t.Run(name+", "+style, func(t *testing.T) {
				args := []string{"--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"}
				if style == "plain, light terminal" {
					args = append(args, "-Stest-inverted")
				}
				out, err := exec.CommandContext(t.Context(), zbar, append(args, picture(t, shown, style != "coloured, light terminal"))...).Output()
				if err != nil || string(out) != text+"\n" {
					t.Errorf("read %.80q, %v", out, err)
				}
			})
		}
	}
}

// TestQRFitsTheTerminal: a code is shown whole or not at all.
func TestQRFitsTheTerminal(t *testing.T) {
	text := longText(t)
	for name, c := range map[string]struct {
		columns, lines uint16
		term, want     string
	}{
		"large enough":     {125, 64, "xterm-256color", ""},
		"a column short":   {124, 64, "xterm-256color", "needs a terminal of 125 columns and 64 lines; this one has 124 and 64"},
		"a line short":     {125, 63, "xterm-256color", "needs a terminal of 125 columns and 64 lines; this one has 125 and 63"},
		"of unknown size":  {0, 0, "xterm-256color", ""},
		"without colours":  {125, 64, "dumb", ""},
		"the usual screen": {80, 24, "xterm", "this one has 80 and 24"},
	} {
		t.Run(name, func(t *testing.T) {
			master, tty, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer master.Close()
			if err := pty.Setsize(tty, &pty.Winsize{Cols: c.columns, Rows: c.lines}); err != nil {
				t.Fatal(err)
			}
			shown := make(chan string, 1)
			go func() {
				all, _ := io.ReadAll(master) // ends with an error when the other side closes
				shown <- strings.ReplaceAll(string(all), "\r\n", "\n")
			}()
			run := &cli{env: func(string) string { return c.term }, stderr: tty, stdout: io.Discard}
			err = run.qr(text)
			if closed := tty.Close(); closed != nil {
				t.Fatal(closed)
			}
			got := <-shown
			code, madeErr := newCode(text)
			if madeErr != nil {
				t.Fatal(madeErr)
			}
			switch {
			case c.want != "":
				var f *failure
				if !errors.As(err, &f) || !strings.Contains(f.Error(), c.want) || got != "" {
					t.Errorf("%v, and %d bytes shown; want %q", err, len(got), c.want)
				}
			case err != nil:
				t.Error(err)
			case c.term == "dumb" && got != code.plain(), c.term != "dumb" && got != code.coloured():
				t.Errorf("another picture: %.100q", got)
			}
		})
	}
	var file strings.Builder
	run := &cli{env: func(string) string { return "xterm" }, stderr: &file, stdout: io.Discard}
	if err := run.qr(text); err != nil || strings.Contains(file.String(), "\x1b") {
		t.Errorf("into a file: %v, %.100q", err, file.String())
	}
}

// cells are the half cells that a terminal would darken, two rows for a line. It knows the escapes that we use and fails on others;
// dark says that its own colours are light on dark.
func cells(t *testing.T, text string, dark bool) [][]bool {
	t.Helper()
	var out [][]bool
	for line := range strings.Lines(text) {
		ink, paper := !dark, dark // of these two, true is dark
		var upper, lower []bool
		for line != "\n" {
			if rest, found := strings.CutPrefix(line, "\x1b[38;5;16;48;5;231m"); found { // 16 is black, 231 white
				ink, paper, line = true, false, rest
				continue
			}
			if rest, found := strings.CutPrefix(line, "\x1b[0m"); found {
				ink, paper, line = !dark, dark, rest
				continue
			}
			letter := []rune(line)[0]
			line = line[len(string(letter)):]
			half := map[rune][2]bool{' ': {paper, paper}, '█': {ink, ink}, '▀': {ink, paper}, '▄': {paper, ink}}
			if _, known := half[letter]; !known {
				t.Fatalf("the terminal gets %q", letter)
			}
			upper, lower = append(upper, half[letter][0]), append(lower, half[letter][1])
		}
		if ink != !dark {
			t.Fatal("a line leaves its colours behind")
		}
		out = append(out, upper, lower)
	}
	return out
}

func reversed(rows [][]bool) [][]bool {
	for _, row := range rows {
		for x := range row {
			row[x] = !row[x]
		}
	}
	return rows
}

// picture is a PNG of a terminal whose letters are 4 by 8 pixels, with some of its own background around the code.
func picture(t *testing.T, rows [][]bool, dark bool) string {
	t.Helper()
	const scale, margin = 4, 40
	img := image.NewGray(image.Rect(0, 0, len(rows[0])*scale+2*margin, len(rows)*scale+2*margin))
	shade := func(dark bool) color.Gray {
		if dark {
			return color.Gray{Y: 0}
		}
		return color.Gray{Y: 255}
	}
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			at := shade(dark)
			if row, col := y-margin, x-margin; row >= 0 && col >= 0 && row/scale < len(rows) && col/scale < len(rows[0]) {
				at = shade(rows[row/scale][col/scale])
			}
			img.SetGray(x, y, at)
		}
	}
	path := filepath.Join(t.TempDir(), "terminal.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}
