package crypto_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/seal"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/crypto/unseal"
)

var update = flag.Bool("update", false, "write the vectors anew; sealing is random, so box.json always changes")

// The shapes of the vector files; testdata/vectors/README.md explains each field.
type (
	claimFile struct {
		Links   []linkVector  `json:"links"`
		Refused []refusedLink `json:"refused_links"`
		Found   []refusedText `json:"found_links"` // all of them are the first of links
		Lengths []lengths     `json:"refused_lengths"`
		Auths   []refusedText `json:"refused_texts"`
	}
	linkVector struct {
		Name             string `json:"name"`
		Base             string `json:"base"`
		Payment          string `json:"payment"`
		Network          string `json:"network"`
		Secret           string `json:"secret"`
		Share            string `json:"share"`
		ShareText        string `json:"share_text"`
		Fragment         string `json:"fragment"`
		Link             string `json:"link"`
		Auth             string `json:"auth"`
		AuthHash         string `json:"auth_hash"`
		BoxKey           string `json:"box_key"`
		LinkIdentity     string `json:"link_identity"`
		LinkRecipient    string `json:"link_recipient"`
		GuardedIdentity  string `json:"guarded_identity"`
		GuardedRecipient string `json:"guarded_recipient"`
	}
	refusedLink struct {
		Name  string `json:"name"`
		Link  string `json:"link"`
		Error string `json:"error"`
	}
	lengths struct {
		Name   string `json:"name"`
		Secret string `json:"secret"`
		Share  string `json:"share"`
	}
	refusedText struct {
		Name string `json:"name"`
		Text string `json:"text"`
	}

	boxFile struct {
		Contents []contentVector  `json:"contents"`
		Refused  []refusedContent `json:"refused_contents"`
		MACs     []macVector      `json:"macs"`
		Files    []fileVector     `json:"files"`
	}
	contentVector struct {
		Name      string      `json:"name"`
		Content   contentJSON `json:"content"`
		Plaintext string      `json:"plaintext"`
	}
	contentJSON struct {
		V         int    `json:"v"`
		Payment   string `json:"payment"`
		Network   string `json:"network"`
		Account   string `json:"account"`
		Secret    string `json:"secret"`
		Asset     string `json:"asset"`
		Stroops   int64  `json:"stroops,string"`
		ReturnTo  string `json:"return_to"`
		Keeper    string `json:"keeper,omitempty"`
		ExpiresAt int64  `json:"expires_at"`
		Note      string `json:"note"`
	}
	refusedContent struct {
		Name      string `json:"name"`
		Plaintext string `json:"plaintext"`
		Error     string `json:"error"`
	}
	macVector struct {
		Name    string `json:"name"`
		Key     string `json:"key"`
		Account string `json:"account"`
		MAC     string `json:"mac"`
	}
	fileVector struct {
		Name      string     `json:"name"`
		File      []byte     `json:"file"`
		Identity  string     `json:"identity"`
		Expect    expectJSON `json:"expect"`
		Plaintext string     `json:"plaintext,omitempty"`
		Error     string     `json:"error,omitempty"`
	}
	expectJSON struct {
		Payment string `json:"payment"`
		Network string `json:"network"`
		Account string `json:"account"`
		Asset   string `json:"asset"`
		Stroops int64  `json:"stroops,string"`
	}
)

// words are the vectors' names of errors.
var words = map[string][]error{
	"malformed": {claim.ErrMalformed, box.ErrMalformed, seal.ErrMalformed},
	"truncated": {claim.ErrTruncated},
	"version":   {claim.ErrVersion, box.ErrVersion},
	"checksum":  {claim.ErrChecksum},
	"payment":   {box.ErrPayment},
	"network":   {box.ErrNetwork},
	"account":   {box.ErrAccount},
	"seed":      {box.ErrSeed},
	"asset":     {box.ErrAsset},
	"amount":    {box.ErrAmount},
	"return_to": {box.ErrReturnTo},
	"keeper":    {box.ErrKeeper},
	"expiry":    {box.ErrExpiry},
	"stanza":    {seal.ErrStanza},
	"mixed":     {seal.ErrMixed},
	"identity":  {unseal.ErrIdentity},
	"tampered":  {unseal.ErrTampered},
}

func is(err error, word string) bool {
	for _, known := range words[word] {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

func TestVectors(t *testing.T) {
	if *update {
		write(t, "claim.json", generateClaim(t))
		write(t, "box.json", generateBox(t))
		write(t, "box-2.json", generateKeptBox(t))
	}
	t.Run("claim is what the code gives", func(t *testing.T) {
		want, err := os.ReadFile(path("claim.json"))
		if err != nil || !bytes.Equal(encodeJSON(t, generateClaim(t)), want) {
			t.Errorf("claim.json differs from what the code gives (%v): a format has changed", err)
		}
	})
	t.Run("links", testLinks)
	for _, name := range []string{"box.json", "box-2.json"} {
		t.Run("contents of "+name, func(t *testing.T) { testContents(t, name) })
		t.Run("files of "+name, func(t *testing.T) { testFiles(t, name) })
	}
}

func testLinks(t *testing.T) {
	var f claimFile
	read(t, "claim.json", &f)
	for _, v := range f.Links {
		l, err := claim.Parse(v.Link)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		if l.Base != v.Base || l.PaymentID != v.Payment || hex.EncodeToString(l.Secret.Reveal()) != v.Secret || !strings.HasSuffix(v.Link, "#"+v.Fragment) {
			t.Errorf("%s: parts differ", v.Name)
		}
		k, err := claim.Derive(l.Secret, v.Payment, v.Network)
		if err != nil {
			t.Fatal(err)
		}
		share, err := claim.ParseShare(v.ShareText)
		if err != nil || hex.EncodeToString(share.Reveal()) != v.Share {
			t.Errorf("%s: share: %v", v.Name, err)
		}
		if got := derived(t, k, share); got != [7]string{v.Auth, v.AuthHash, v.BoxKey, v.LinkIdentity, v.LinkRecipient, v.GuardedIdentity, v.GuardedRecipient} {
			t.Errorf("%s: derived values differ", v.Name)
		}
	}
	for _, v := range f.Refused {
		if _, err := claim.Parse(v.Link); !is(err, v.Error) {
			t.Errorf("%s: %v, want %s", v.Name, err, v.Error)
		}
	}
	for _, v := range f.Found {
		l, err := claim.Find(v.Text)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
		} else if text, err := l.Reveal(); err != nil || text != f.Links[0].Link {
			t.Errorf("%s: another link, %v", v.Name, err)
		}
	}
	for _, v := range f.Lengths {
		_, errA := claim.SecretFromBytes(unhex(t, v.Secret))
		_, errB := claim.ShareFromBytes(unhex(t, v.Share))
		if !errors.Is(errA, secret.ErrLength) && !errors.Is(errB, secret.ErrLength) {
			t.Errorf("%s: taken", v.Name)
		}
	}
	for _, v := range f.Auths {
		_, errA := claim.ParseAuth(v.Text)
		_, errB := claim.ParseShare(v.Text)
		if !errors.Is(errA, claim.ErrText) || !errors.Is(errB, claim.ErrText) {
			t.Errorf("%s: %v, %v", v.Name, errA, errB)
		}
	}
	if len(f.Links) < 4 || len(f.Refused) < 20 || len(f.Found) < 12 || len(f.Lengths) < 3 || len(f.Auths) < 3 {
		t.Error("vectors are missing")
	}
}

// least is how many vectors a file has at least: contents, refused ones, MACs, files that open and that do not.
var least = map[string][5]int{"box.json": {2, 12, 2, 4, 10}, "box-2.json": {2, 8, 0, 2, 2}}

func testContents(t *testing.T, name string) {
	var f boxFile
	read(t, name, &f)
	for _, v := range f.Contents {
		plain, err := v.Content.content().Encode()
		if err != nil || string(plain.Reveal()) != v.Plaintext {
			t.Errorf("%s: encode: %v", v.Name, err)
		}
		c, err := box.Decode([]byte(v.Plaintext))
		if err != nil || fromContent(c) != v.Content {
			t.Errorf("%s: decode: %v", v.Name, err)
		}
	}
	for _, v := range f.Refused {
		if _, err := box.Decode([]byte(v.Plaintext)); !is(err, v.Error) {
			t.Errorf("%s: %v, want %s", v.Name, err, v.Error)
		}
	}
	for _, v := range f.MACs {
		key, err := secret.NewKey(unhex(t, v.Key))
		if err != nil || box.MAC(key, v.Account) != v.MAC {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
	if n := least[name]; len(f.Contents) < n[0] || len(f.Refused) < n[1] || len(f.MACs) < n[2] {
		t.Error("vectors are missing")
	}
}

func testFiles(t *testing.T, name string) {
	var f boxFile
	read(t, name, &f)
	opened, refused := 0, 0
	for _, v := range f.Files {
		id, err := age.ParseX25519Identity(v.Identity)
		if err != nil {
			t.Fatal(err)
		}
		c, err := unseal.Open(v.File, id, box.Expect{
			Payment: v.Expect.Payment, Network: v.Expect.Network, Account: v.Expect.Account,
			Asset: v.Expect.Asset, Amount: v.Expect.Stroops,
		})
		if v.Error != "" {
			refused++
			if !is(err, v.Error) {
				t.Errorf("%s: %v, want %s", v.Name, err, v.Error)
			}
			continue
		}
		opened++
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		if plain, err := c.Encode(); err != nil || string(plain.Reveal()) != v.Plaintext {
			t.Errorf("%s: another content, %v", v.Name, err)
		}
	}
	if n := least[name]; opened < n[3] || refused < n[4] {
		t.Error("vectors are missing")
	}
}

func derived(t *testing.T, k claim.Keys, share claim.Share) [7]string {
	t.Helper()
	guarded, err := k.GuardedIdentity(share)
	if err != nil {
		t.Fatal(err)
	}
	return [7]string{
		k.Auth().RevealText(), k.Auth().Hash(), hex.EncodeToString(k.BoxKey().Reveal()),
		k.LinkIdentity().Reveal().String(), k.LinkIdentity().Recipient(),
		guarded.Reveal().String(), guarded.Recipient(),
	}
}

func (c contentJSON) content() box.Content {
	return box.Content{
		V: c.V, Payment: c.Payment, Network: c.Network, Account: c.Account, Secret: secret.NewString(c.Secret),
		Asset: c.Asset, Amount: c.Stroops, ReturnTo: c.ReturnTo, Keeper: c.Keeper, ExpiresAt: c.ExpiresAt, Note: c.Note,
	}
}

func fromContent(c box.Content) contentJSON {
	return contentJSON{
		V: c.V, Payment: c.Payment, Network: c.Network, Account: c.Account, Secret: string(c.Secret.Reveal()),
		Asset: c.Asset, Stroops: c.Amount, ReturnTo: c.ReturnTo, Keeper: c.Keeper, ExpiresAt: c.ExpiresAt, Note: c.Note,
	}
}

func path(name string) string { return filepath.Join("testdata", "vectors", name) }

func read(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(path(name))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, name string, v any) {
	t.Helper()
	if err := os.WriteFile(path(name), encodeJSON(t, v), 0o644); err != nil {
		t.Fatal(err)
	}
}

func encodeJSON(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
