package redeem

import (
	"bytes"
	"encoding/base64"
	"io"
	"testing"

	"filippo.io/age"

	"github.com/restante/restante/relay"
)

// The identity that is kept opens the box that is kept, by age alone.
func TestKeep(t *testing.T) {
	for _, policy := range []relay.Policy{relay.Guarded, relay.Link} {
		h := fixture(t, policy)
		k, err := Keep(h.link, h.proven, h.want)
		if err != nil {
			t.Fatal(err)
		}
		id, err := age.ParseX25519Identity(string(k.Identity.Reveal()))
		if err != nil {
			t.Fatal(err)
		}
		r, err := age.Decrypt(bytes.NewReader(k.Box), id)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || !bytes.Contains(text, []byte(key("holding").Seed())) {
			t.Errorf("%s: the box does not hold the key, %v", policy, err)
		}
		if k.Payment != h.want.Payment || k.Network != testnet || k.Account != addr("holding") || k.Amount != "25" || base64.StdEncoding.EncodeToString(k.Box) != h.proven.Box {
			t.Errorf("%s: %+v", policy, k)
		}
	}
}

func TestKeepRefuses(t *testing.T) {
	other := fixture(t, relay.Guarded)
	for name, spoil := range map[string]func(*honest){
		"another's box":   func(h *honest) { h.proven.Box = other.proven.Box },
		"another account": func(h *honest) { h.proven.HoldingAccount = addr("thief") },
		"another amount":  func(h *honest) { h.proven.Amount = "24" },
		"no share":        func(h *honest) { h.proven.Share = "" },
	} {
		h := fixture(t, relay.Guarded)
		spoil(&h)
		if k, err := Keep(h.link, h.proven, h.want); !Refused(err) || k.Identity.Len() != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
