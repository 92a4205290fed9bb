package seal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"

	"filippo.io/age"
)

var (
	// ErrMalformed says that the file is not a binary age file with a content.
	ErrMalformed = errors.New("seal: not a binary age file")
	// ErrStanza says that a recipient of the file is of a kind that boxes refuse.
	ErrStanza = errors.New("seal: kind of recipient refused")
	// ErrTooFew says that the file cannot have both a sender and a claim recipient.
	ErrTooFew = errors.New("seal: too few recipients")
)

// Kind is the kind of all recipients of a box, the word age has for the stanza.
type Kind string

// The kinds a box may have.
const (
	X25519 Kind = "X25519"
	Hybrid Kind = "mlkem768x25519"
)

// Header is what can be seen of a box without opening it. Recipients are not
// named in it: whether the right ones are there only an opener knows.
type Header struct {
	Kind       Kind
	Recipients int
}

const (
	wrappedKeySize = 16 + 16     // bytes: file key and tag
	hybridShare    = 1088 + 32   // bytes: ML-KEM-768 ciphertext and X25519 share
	x25519Share    = 32          // bytes
	minPayload     = 16 + 1 + 16 // bytes: nonce, one byte, tag
)

// Inspect checks that an uploaded file can be a box with a sender and a claim
// recipient: binary age v1 of at most MaxFile bytes, 2 to MaxRecipients recipients,
// all of one kind, no passphrase, none twice.
// Errors: ErrTooLong, ErrMalformed, ErrStanza, ErrMixed, ErrRepeated, ErrTooFew, ErrTooMany.
func Inspect(file []byte) (Header, error) { return inspect(file, 2) }

// InspectToSender is Inspect for a box of the policy `quorum`: one recipient is
// enough.
func InspectToSender(file []byte) (Header, error) { return inspect(file, 1) }

func inspect(file []byte, least int) (Header, error) {
	if len(file) > MaxFile {
		return Header{}, ErrTooLong
	}
	// age's errors quote the file, which may be a key uploaded by mistake.
	header, err := age.ExtractHeader(bytes.NewReader(file))
	if err != nil || !bytes.HasPrefix(file, header) || len(file)-len(header) < minPayload {
		return Header{}, ErrMalformed
	}
	stanzas := split(string(header))
	if len(stanzas) > MaxRecipients {
		return Header{}, ErrTooMany
	}
	seen := map[string]bool{}
	for _, s := range stanzas {
		if err := s.check(); err != nil {
			return Header{}, err
		}
		if s.kind != stanzas[0].kind {
			return Header{}, ErrMixed
		}
		if seen[s.share] {
			return Header{}, ErrRepeated
		}
		seen[s.share] = true
	}
	if len(stanzas) < least {
		return Header{}, ErrTooFew
	}
	return Header{Kind: stanzas[0].kind, Recipients: len(stanzas)}, nil
}

type stanza struct {
	kind  Kind
	args  int
	share string // the first argument
	body  string
}

func (s stanza) check() error {
	size := x25519Share
	switch s.kind {
	case X25519:
	case Hybrid:
		size = hybridShare
	default:
		return ErrStanza
	}
	share, err := base64.RawStdEncoding.Strict().DecodeString(s.share)
	if err != nil || s.args != 1 || len(share) != size {
		return ErrStanza
	}
	body, err := base64.RawStdEncoding.Strict().DecodeString(s.body)
	if err != nil || len(body) != wrappedKeySize {
		return ErrStanza
	}
	return nil
}

// split takes apart a header that age has parsed and written again: after the
// first line, "-> KIND ARGUMENT…" begins a stanza, "---" ends the header, and what
// lies between is the stanza's body.
func split(header string) []stanza {
	var all []stanza
	for _, line := range strings.Split(header, "\n")[1:] {
		if strings.HasPrefix(line, "---") {
			break
		}
		if rest, ok := strings.CutPrefix(line, "-> "); ok {
			words := strings.Split(rest, " ")
			s := stanza{kind: Kind(words[0]), args: len(words) - 1}
			if s.args > 0 {
				s.share = words[1]
			}
			all = append(all, s)
		} else if len(all) > 0 {
			all[len(all)-1].body += line
		}
	}
	return all
}
