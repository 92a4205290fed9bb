package sep7

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"strings"
)

const formType = "application/x-www-form-urlencoded"

// maxForm bounds what is read of a wallet's answer, in bytes: an envelope in which every byte is escaped, and fields beside it.
const maxForm = 4 * MaxEnvelope

// ErrTooLarge is what ReadForm returns for a body or an envelope beyond any of ours.
var ErrTooLarge = errors.New("the wallet's answer is too large")

// ReadForm reads what a wallet POSTs to a callback and returns the envelope in it, base64 (SEP-7, "callback": the type is
// application/x-www-form-urlencoded, the field xdr). Other fields are passed over. Whether the envelope is the one that was
// sent out, and who has signed it, is for the caller to find out. An error that wraps none of ErrTooLarge and the reader's
// own says that the form is wrong; its text may be shown.
func ReadForm(contentType string, body io.Reader) (envelope string, err error) {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil || kind != formType {
		return "", errors.New("read wallet's answer: its type is not " + formType)
	}
	raw, err := io.ReadAll(io.LimitReader(body, maxForm+1))
	if err != nil {
		return "", fmt.Errorf("read wallet's answer: %w", err)
	}
	if len(raw) > maxForm {
		return "", fmt.Errorf("read wallet's answer: %w", ErrTooLarge)
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return "", errors.New("read wallet's answer: it is not a form")
	}
	if n := len(form["xdr"]); n != 1 {
		return "", fmt.Errorf("read wallet's answer: it has %d fields xdr, not one", n)
	}
	// A wallet that does not escape "+" sends what a form reads as a space. Base64 has no spaces, so that is no guess.
	envelope = strings.ReplaceAll(form.Get("xdr"), " ", "+")
	if len(envelope) > MaxEnvelope {
		return "", fmt.Errorf("read wallet's answer: %w", ErrTooLarge)
	}
	if err := checkEnvelope(envelope); err != nil {
		return "", fmt.Errorf("read wallet's answer: %w", err)
	}
	return envelope, nil
}
