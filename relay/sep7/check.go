package sep7

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stellar/go-stellar-sdk/strkey"
)

// callbackKind is the only kind of callback there is so far (SEP-7, "callback").
const callbackKind = "url:"

// check is the same for writing and reading. No error repeats a value: a secret may have got into the wrong place.
func (r Request) check() error {
	if err := checkEnvelope(r.XDR); err != nil {
		return err
	}
	if r.Callback != "" {
		if err := checkCallback(r.Callback); err != nil {
			return err
		}
	}
	if r.PublicKey != "" && !strkey.IsValidEd25519PublicKey(r.PublicKey) {
		return errors.New("the public key is not an account address (G…)")
	}
	if !plain(r.Message) {
		return errors.New("the message has characters that cannot be shown, or more than one line")
	}
	if n := len(utf16.Encode([]rune(r.Message))); n > MaxMessage {
		return fmt.Errorf("the message has %d characters, %d are allowed", n, MaxMessage)
	}
	if r.Passphrase == "" {
		return errors.New("the network's passphrase is missing")
	}
	if !plain(r.Passphrase) {
		return errors.New("the network's passphrase has characters that cannot be shown")
	}
	return nil
}

// checkEnvelope takes the one base64 text of some XDR, which comes in units of four bytes (RFC 4506, section 3).
func checkEnvelope(text string) error {
	if text == "" {
		return errors.New("the envelope (xdr) is missing")
	}
	if len(text) > MaxEnvelope {
		return fmt.Errorf("the envelope has %d bytes, more than the %d of any of ours", len(text), MaxEnvelope)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || base64.StdEncoding.EncodeToString(raw) != text { // the decoder passes over line ends
		if strings.Contains(text, " ") {
			return errors.New("the envelope is not base64: it has a space where a plus sign was not escaped")
		}
		return errors.New("the envelope is not base64")
	}
	if len(raw)%4 != 0 {
		return fmt.Errorf("the envelope is not XDR: %d bytes are no multiple of four", len(raw))
	}
	return nil
}

// checkCallback wants https. A wallet on the same machine may post to it in the clear: nothing is between them.
func checkCallback(text string) error {
	if strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return errors.New("the callback has characters that a URL has to escape")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "":
		return errors.New("the callback is not an absolute URL")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return errors.New("the callback is not an https URL")
	case u.User != nil:
		return errors.New("the callback has a user name or password in it")
	case strings.Contains(text, "#"):
		return errors.New("the callback has a fragment, which is not sent")
	}
	return nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// plain says that a text shows as what it is: one line, and nothing that steers a terminal or turns the direction of writing.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
}
