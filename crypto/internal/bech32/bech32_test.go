package bech32

import (
	"crypto/ecdh"
	"crypto/rand"
	"strings"
	"testing"

	"filippo.io/age"
)

// age is the judge: it parses what Encode writes and knows the public key of it.
func TestEncodeIsWhatAgeReads(t *testing.T) {
	for range 50 {
		raw := make([]byte, 32)
		_, _ = rand.Read(raw)
		text := strings.ToUpper(Encode("age-secret-key-", raw))
		id, err := age.ParseX25519Identity(text)
		if err != nil {
			t.Fatal(err)
		}
		if id.String() != text {
			t.Fatal("age writes the identity in another way")
		}
		key, err := ecdh.X25519().NewPrivateKey(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := Encode("age", key.PublicKey().Bytes()); got != id.Recipient().String() {
			t.Fatalf("recipient %s, age says %s", got, id.Recipient())
		}
	}
}

// The empty data part and the long prefix are BIP-173's own test vectors.
func TestEncodeVectors(t *testing.T) {
	for prefix, want := range map[string]string{
		"a": "a12uel5l",
		"an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio": "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
	} {
		if got := Encode(prefix, nil); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
