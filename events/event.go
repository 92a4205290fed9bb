package events

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/restante/restante/relay"
)

// Version is the version of envelope and payload that is written today.
const Version = 1

// Event is one announcement.
type Event struct {
	ID      string          `json:"id"`      // "evt_" and 26 characters; the same for every repeat of one announcement
	Type    string          `json:"type"`    // one of [Types], e.g. "payment.pending"
	At      time.Time       `json:"at"`      // when the payment came to be so; UTC, to the microsecond
	App     relay.AppID     `json:"app"`     // whose payment it is
	Version int             `json:"version"` // [Version]
	Data    json.RawMessage `json:"data"`    // for "payment.*" of version 1: a [PaymentV1]
}

// Errors of [Decode] that a caller may test for. Every other text is malformed and stays so.
var (
	ErrVersion = errors.New("events: unknown version")
	ErrType    = errors.New("events: unknown type")
)

// TypeOf is the name of the event for the subject of a row of work: "payment." and a state, or relay.Undeliverable.
func TypeOf(subject string) string { return "payment." + subject }

// typeUndeliverable announces that mail to the recipient is refused for good; the state is as before.
const typeUndeliverable = "payment." + relay.Undeliverable

// Types lists every type: the states in the order of a payment's life, and what else is announced.
func Types() []string {
	out := make([]string, 0, len(relay.States)+1)
	for _, s := range relay.States {
		out = append(out, TypeOf(string(s.State)))
	}
	return append(out, typeUndeliverable)
}

func knownType(t string) bool { return slices.Contains(Types(), t) }

// OfPayment announces the subject of a row of work, a state or relay.Undeliverable, at a moment. work is the id of the row that asked for the announcement:
// a row that runs again after a crash makes the event with the same id, so that a consumer can drop the second.
//
// Type names the state to be announced; Data is p as it was read, which may have moved on since.
func OfPayment(work int64, subject string, at relay.Micros, p relay.Payment) (Event, error) {
	if !knownType(TypeOf(subject)) {
		return Event{}, fmt.Errorf("%w: %q", ErrType, TypeOf(subject))
	}
	data, err := json.Marshal(paymentV1(p))
	if err != nil {
		return Event{}, fmt.Errorf("events: encode payment: %v", err)
	}
	return Event{ID: eventID(p.ID, work), Type: TypeOf(subject), At: at.Time(), App: p.App, Version: Version, Data: data}, nil
}

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func eventID(payment relay.PaymentID, work int64) string {
	sum := sha256.Sum256([]byte("restante event\n" + string(payment) + "\n" + strconv.FormatInt(work, 10)))
	return "evt_" + idEncoding.EncodeToString(sum[:16])
}

// Encode is the one spelling of e. It refuses what [Decode] would refuse.
func (e Event) Encode() ([]byte, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("events: encode: %v", err)
	}
	if _, err := Decode(text); err != nil {
		return nil, err
	}
	return text, nil
}

// Decode reads what Encode wrote. It refuses unknown versions ([ErrVersion]) and types ([ErrType]), unknown, repeated or
// misspelled fields, other orders and spaces, and anything after the end.
func Decode(text []byte) (Event, error) {
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return Event{}, errors.New("events: not an event")
	}
	if head.Version != Version {
		return Event{}, fmt.Errorf("%w: %d", ErrVersion, head.Version)
	}
	var e Event
	if err := canonical(text, &e); err != nil {
		return Event{}, fmt.Errorf("events: event: %v", err)
	}
	if !knownType(e.Type) {
		return Event{}, fmt.Errorf("%w: %q", ErrType, e.Type)
	}
	if rest, ok := strings.CutPrefix(e.ID, "evt_"); !ok || len(rest) != 26 || e.App == "" || e.At.Location() != time.UTC {
		return Event{}, errors.New("events: event without a good id, app or moment")
	}
	if _, err := e.Payment(); err != nil {
		return Event{}, err
	}
	return e, nil
}

// canonical decodes text into v and demands that v encodes to the same text again. This is stricter than refusing unknown
// fields: encoding/json takes "ID" for "id", and the last of two.
func canonical(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the end")
	}
	again, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, text) {
		return errors.New("not in its one spelling")
	}
	return nil
}
