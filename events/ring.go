package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/restante/restante/relay"
)

// Ring is the doorbell: a row of work is due. It says which row and of what kind, nothing of a payment; the row in the
// database is the truth, and a ring that is lost is made good by the sweep.
type Ring struct {
	Work int64            `json:"work"` // > 0
	Kind relay.EffectKind `json:"kind"` // lower-case letters and underscores, at most 32
}

// Encode is the one spelling of r. It refuses what [DecodeRing] would refuse.
func (r Ring) Encode() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return json.Marshal(r)
}

// DecodeRing reads what Encode wrote and nothing else.
func DecodeRing(text []byte) (Ring, error) {
	var r Ring
	if err := canonical(text, &r); err != nil {
		return Ring{}, fmt.Errorf("events: ring: %v", err)
	}
	return r, r.check()
}

func (r Ring) check() error {
	kind := string(r.Kind)
	if r.Work <= 0 || kind == "" || len(kind) > 32 || strings.Trim(kind, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return errors.New("events: a ring names a row and a kind of work")
	}
	return nil
}
