package keystore

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/restante/restante/crypto/internal/boxtest"
	"github.com/restante/restante/crypto/secret"
)

func kit(t testing.TB) (Kit, string) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return Kit{
		Payment: "pay_aaaaaaaaaaaaaaaaaaaaaaaaaa", Network: boxtest.Testnet, Account: boxtest.Key(1).Address(), Asset: "native", Amount: "25",
		Box: []byte("age-encryption.org/v1\n"), Identity: secret.NewString(id.String()),
	}, id.String()
}

func TestKit(t *testing.T) {
	k, identity := kit(t)
	file, err := encrypt(k, phrase, 10)
	if err != nil {
		t.Fatal(err)
	}
	key, err := age.NewScryptIdentity(string(phrase.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(armor.NewReader(bytes.NewReader(file)), key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"format": "restante-kit-1", "payment": k.Payment, "network": k.Network, "holding_account": k.Account, "asset": "native", "amount": "25",
		"box": "YWdlLWVuY3J5cHRpb24ub3JnL3YxCg==", "identity": identity,
	}
	for name, v := range want {
		if got[name] != v {
			t.Errorf("%s is %q", name, got[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d members, not %d", len(got), len(want))
	}
	if strings.Contains(string(file), identity) {
		t.Error("the file shows the identity")
	}
}

func TestKitRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*Kit){
		"no identity":      func(k *Kit) { k.Identity = secret.Bytes{} },
		"another identity": func(k *Kit) { k.Identity = secret.NewString(strings.ToLower(string(k.Identity.Reveal()[:60]))) },
		"no box":           func(k *Kit) { k.Box = nil },
		"a huge box":       func(k *Kit) { k.Box = make([]byte, maxBox+1) },
		"no account":       func(k *Kit) { k.Account = boxtest.Key(1).Seed() },
		"no payment":       func(k *Kit) { k.Payment = "" },
		"two lines":        func(k *Kit) { k.Network = "a\nb" },
		"no amount":        func(k *Kit) { k.Amount = "" },
	} {
		k, _ := kit(t)
		spoil(&k)
		if _, err := encrypt(k, phrase, 10); !errors.Is(err, ErrEntry) {
			t.Errorf("%s: %v", name, err)
		}
	}
	k, _ := kit(t)
	if _, err := encrypt(k, secret.Bytes{}, 10); !errors.Is(err, ErrPassphrase) {
		t.Errorf("no passphrase: %v", err)
	}
	path := filepath.Join(t.TempDir(), "kit.age")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := WriteKit(path, k, phrase); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another file: %v", err)
	}
}
