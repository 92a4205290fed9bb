package unseal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"testing"

	"filippo.io/age"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/internal/boxtest"
	"github.com/restante/restante/crypto/seal"
	"github.com/restante/restante/crypto/tooltest"
	"github.com/restante/restante/crypto/unseal"
)

// npmAge is the npm package age-encryption, run by node. It is installed once, into the user's cache.
type npmAge struct{ node, dir string }

func newNPMAge(t *testing.T) npmAge {
	t.Helper()
	return npmAge{node: tooltest.Path(t, "node"), dir: tooltest.Scripts(t, "testdata/js", "box.mjs")}
}

func (n npmAge) seal(t *testing.T, plain []byte, to ...string) []byte {
	t.Helper()
	file, err := n.ask(t, map[string]any{"seal": base64.StdEncoding.EncodeToString(plain), "to": to})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func (n npmAge) open(t *testing.T, file []byte, identity string) ([]byte, error) {
	t.Helper()
	return n.ask(t, map[string]any{"open": base64.StdEncoding.EncodeToString(file), "with": identity})
}

func (n npmAge) ask(t *testing.T, question map[string]any) ([]byte, error) {
	t.Helper()
	text, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), n.node, "box.mjs")
	cmd.Dir, cmd.Stdin = n.dir, bytes.NewReader(text)
	var told bytes.Buffer
	cmd.Stderr = &told
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%v: %s", err, told.String())
	}
	return base64.StdEncoding.DecodeString(string(out))
}

// keys are a sender's and a claimant's identity of one kind.
type keys struct {
	sender, claim       age.Identity
	to                  seal.Recipients
	senderText, claimed string // the identities, as age writes them
}

func everyKind(t *testing.T, c box.Content) map[string]keys {
	t.Helper()
	phone := identity(t)
	guarded, err := claimKeys(t, claim.NewSecret(), c.Payment, c.Network).GuardedIdentity(claim.NewShare())
	if err != nil {
		t.Fatal(err)
	}
	var hybrid [2]*age.HybridIdentity
	for i := range hybrid {
		if hybrid[i], err = age.GenerateHybridIdentity(); err != nil {
			t.Fatal(err)
		}
	}
	return map[string]keys{
		"classic": {
			phone, guarded, seal.Recipients{Sender: []string{phone.Recipient().String()}, Claim: guarded.Recipient()},
			phone.String(), guarded.Reveal().String(),
		},
		"post-quantum": {
			hybrid[0], hybrid[1], seal.Recipients{Sender: []string{hybrid[0].Recipient().String()}, Claim: hybrid[1].Recipient().String()},
			hybrid[0].String(), hybrid[1].String(),
		},
	}
}

// What a page seals with age for JavaScript is a box to us, for both of its recipients.
func TestBoxOfJavaScript(t *testing.T) {
	n, c := newNPMAge(t), boxtest.Content()
	plain, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for kind, k := range everyKind(t, c) {
		file := n.seal(t, plain.Reveal(), append(k.to.Sender, k.to.Claim)...)
		if _, err := seal.Inspect(file); err != nil {
			t.Errorf("%s: refused at the door: %v", kind, err)
		}
		for who, id := range map[string]age.Identity{"sender": k.sender, "claimant": k.claim} {
			got, err := unseal.Open(file, id, boxtest.Expect(c))
			if err != nil {
				t.Errorf("%s, %s: %v", kind, who, err)
				continue
			}
			if again, err := got.Encode(); err != nil || !again.Equal(plain) {
				t.Errorf("%s, %s: another content, %v", kind, who, err)
			}
		}
		if _, err := unseal.Open(file, identity(t), boxtest.Expect(c)); !errors.Is(err, unseal.ErrIdentity) {
			t.Errorf("%s, another identity: %v", kind, err)
		}
	}
}

// What we seal, a page opens with age for JavaScript, with either identity and no other.
func TestBoxForJavaScript(t *testing.T) {
	n, c := newNPMAge(t), boxtest.Content()
	plain, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for kind, k := range everyKind(t, c) {
		file, err := seal.Seal(c, k.to)
		if err != nil {
			t.Fatal(err)
		}
		for who, text := range map[string]string{"sender": k.senderText, "claimant": k.claimed} {
			if got, err := n.open(t, file, text); err != nil || !bytes.Equal(got, plain.Reveal()) {
				t.Errorf("%s, %s: %d bytes, %v", kind, who, len(got), err)
			}
		}
		if _, err := n.open(t, file, identity(t).String()); err == nil {
			t.Errorf("%s: another identity opened it", kind)
		}
		file[len(file)-1] ^= 1
		if _, err := n.open(t, file, k.senderText); err == nil {
			t.Errorf("%s: an altered box was opened", kind)
		}
	}
}
