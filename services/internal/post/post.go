// Package post writes and sends mail to recipients.
//
// It promises that a message has one recipient, one line of subject and plain text, whatever an app calls itself; that no
// text carries a claim link; and that the sender of a mail learns whether to try again ([IsPermanent]). No error shows a subject,
// a text or an address.
//
// It refuses line breaks in every header, display names in addresses, and passwords over an unprotected connection.
//
// Start at [Mailer]. [SMTP] delivers, [Mailbox] keeps mail in memory for development.
package post

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Message is one mail to one person.
type Message struct {
	To      string // plain address: "ana@example.com"
	Subject string // one line
	Text    string // plain text, lines end in "\n"
	ID      string // same for every attempt to send the same message, 1 to 100 of a-z, 0-9, "-", "_", "."; "" = none
}

// Limits of a message, in bytes.
const (
	MostSubject = 200
	MostText    = 16 << 10
)

// Mailer sends mail. Send returns nil when the message was accepted by a server that answers for it. An error for which
// [IsPermanent] is true will be the same next time; after any other the message may have arrived all the same, so a repeat
// carries the same ID. Safe for concurrent use.
type Mailer interface {
	Send(ctx context.Context, m Message) error
}

// failure is an error that says whether another attempt is of use.
type failure struct {
	text      string
	permanent bool
	cause     error // for this package only
}

func (f *failure) Error() string { return "post: " + f.text }

func (f *failure) Unwrap() error { return f.cause }

func permanent(text string) error { return &failure{text: text, permanent: true} }

func transient(text string) error { return &failure{text: text} }

// IsPermanent says that sending the same message again will fail again.
func IsPermanent(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.permanent
}

// check refuses what could become a header of its own, and what no mail system would take. Every Mailer calls it first.
func (m Message) check() error {
	a, err := mail.ParseAddress(m.To)
	switch {
	case err != nil || a.Address != m.To || len(m.To) > 254 || !oneLine(m.To):
		return permanent("the recipient is not a plain address")
	case m.Subject == "" || len(m.Subject) > MostSubject || !oneLine(m.Subject):
		return permanent("the subject is not one line of 1 to 200 bytes")
	case m.Text == "" || len(m.Text) > MostText || !utf8.ValidString(m.Text) || strings.ContainsAny(m.Text, "\r\x00"):
		return permanent("the text is empty, too long, or not text")
	case len(m.ID) > 100 || strings.Trim(m.ID, idBytes) != "":
		return permanent("the message id has other bytes than a-z, 0-9, hyphen, underscore, dot")
	}
	return nil
}

const idBytes = "abcdefghijklmnopqrstuvwxyz0123456789-_."

// oneLine says that s is UTF-8 without control characters, line separators and marks that turn the direction of writing.
func oneLine(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r) {
			return false
		}
	}
	return true
}

// CheckName says whether an app's name may stand in a subject: 1 to 80 bytes on one line.
func CheckName(name string) error {
	if strings.TrimSpace(name) == "" || len(name) > 80 || !oneLine(name) {
		return permanent(fmt.Sprintf("an app's name of %d bytes is not one line of 1 to 80", len(name)))
	}
	return nil
}
