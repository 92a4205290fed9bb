package seal_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/internal/bech32"
	"github.com/restante/restante/crypto/internal/boxtest"
	"github.com/restante/restante/crypto/seal"
	"github.com/restante/restante/crypto/secret"
)

func classic(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func hybrid(t testing.TB) *age.HybridIdentity {
	t.Helper()
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func to(claim string, sender ...string) seal.Recipients {
	return seal.Recipients{Sender: sender, Claim: claim}
}

func TestSealIsWhatInspectTakes(t *testing.T) {
	c := boxtest.Content()
	a, b, d := classic(t).Recipient().String(), classic(t).Recipient().String(), classic(t).Recipient().String()
	h, i := hybrid(t).Recipient().String(), hybrid(t).Recipient().String()
	for name, x := range map[string]struct {
		to   seal.Recipients
		want seal.Header
	}{
		"two":    {to(a, b), seal.Header{Kind: seal.X25519, Recipients: 2}},
		"three":  {to(a, b, d), seal.Header{Kind: seal.X25519, Recipients: 3}},
		"hybrid": {to(h, i), seal.Header{Kind: seal.Hybrid, Recipients: 2}},
	} {
		file, err := seal.Seal(c, x.to)
		if err != nil {
			t.Fatal(name, err)
		}
		if got, err := seal.Inspect(file); err != nil || got != x.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if bytes.Contains(file, []byte(c.Account)) || bytes.Contains(file, c.Secret.Reveal()) {
			t.Error("the content shows")
		}
	}
	file, err := seal.SealToSender(c, []string{a})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Inspect(file); err != seal.ErrTooFew {
		t.Errorf("one recipient: %v", err)
	}
	if got, err := seal.InspectToSender(file); err != nil || got.Recipients != 1 {
		t.Errorf("one recipient of a quorum: %+v, %v", got, err)
	}
}

func TestSealRefuses(t *testing.T) {
	id := classic(t)
	a, b := id.Recipient().String(), classic(t).Recipient().String()
	h := hybrid(t).Recipient().String()
	var many []string
	for range seal.MaxRecipients {
		many = append(many, classic(t).Recipient().String())
	}
	zero := bech32.Encode("age", make([]byte, 32))
	for name, x := range map[string]struct {
		to   seal.Recipients
		want error
	}{
		"no sender":        {to(a), seal.ErrNoSender},
		"no claim":         {to("", b), seal.ErrNoClaim},
		"claim is sender":  {to(a, a), seal.ErrRepeated},
		"sender twice":     {to(a, b, b), seal.ErrRepeated},
		"hybrid claim":     {to(h, a), seal.ErrMixed},
		"hybrid sender":    {to(a, h), seal.ErrMixed},
		"one of three":     {to(a, b, h), seal.ErrMixed},
		"empty sender":     {to(a, ""), seal.ErrRecipient},
		"secret key":       {to(a, id.String()), seal.ErrRecipient},
		"upper case":       {to(a, strings.ToUpper(b)), seal.ErrRecipient},
		"SSH":              {to(a, "ssh-ed25519 AAAA"), seal.ErrRecipient},
		"plugin":           {to(a, "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"), seal.ErrRecipient},
		"tag":              {to(a, "age1tag1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"), seal.ErrRecipient},
		"space":            {to(a, " "+b), seal.ErrRecipient},
		"cut":              {to(a, b[:len(b)-1]), seal.ErrRecipient},
		"point of order 1": {to(a, zero), seal.ErrRecipient},
		"too many":         {to(a, many...), seal.ErrTooMany},
	} {
		file, err := seal.Seal(boxtest.Content(), x.to)
		if err != x.want || file != nil {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	if _, err := seal.SealToSender(boxtest.Content(), nil); err != seal.ErrNoSender {
		t.Error(err)
	}
	if seal.CheckRecipient(a) != nil || seal.CheckRecipient(h) != nil || seal.CheckRecipient("x") != seal.ErrRecipient {
		t.Error("CheckRecipient is wrong")
	}
}

func TestSealRefusesContents(t *testing.T) {
	a, b := classic(t).Recipient().String(), classic(t).Recipient().String()
	c := boxtest.Content()
	c.Secret = secret.NewString(boxtest.Key(9).Seed())
	if _, err := seal.Seal(c, to(a, b)); err != box.ErrSeed {
		t.Errorf("foreign seed: %v", err)
	}
	// The content fits, the file with its recipients does not.
	c = boxtest.Content()
	plain, _ := c.Encode()
	c.Note += strings.Repeat("a", box.MaxPlain-plain.Len())
	if _, err := seal.Seal(c, to(a, b)); err != seal.ErrTooLong {
		t.Errorf("long: %v", err)
	}
}

// stanzas puts forged recipients into the header of a real file.
func withStanza(file []byte, stanza string) []byte {
	at := bytes.Index(file, []byte("\n--- "))
	return []byte(string(file[:at+1]) + stanza + string(file[at+1:]))
}

func TestInspectRefuses(t *testing.T) {
	a, b := classic(t).Recipient(), classic(t).Recipient()
	good, err := seal.Seal(boxtest.Content(), to(a.String(), b.String()))
	if err != nil {
		t.Fatal(err)
	}
	pq, err := seal.Seal(boxtest.Content(), to(hybrid(t).Recipient().String(), hybrid(t).Recipient().String()))
	if err != nil {
		t.Fatal(err)
	}
	b64 := func(n int, fill byte) string {
		return base64.RawStdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, n))
	}
	x25519 := func(fill byte) string { return "-> X25519 " + b64(32, fill) + "\n" + b64(32, fill) + "\n" }
	end := bytes.Index(good, []byte("\n--- "))
	end += 1 + bytes.IndexByte(good[end+1:], '\n') + 1
	var armored bytes.Buffer
	w := armor.NewWriter(&armored)
	_, _ = w.Write(good)
	_ = w.Close()
	hybridStanza := string(pq[bytes.Index(pq, []byte("-> ")):])
	hybridStanza = hybridStanza[:strings.Index(hybridStanza[1:], "-> ")+1]

	for name, x := range map[string]struct {
		file []byte
		want error
	}{
		"empty":              {nil, seal.ErrMalformed},
		"text":               {[]byte("AGE-SECRET-KEY-1"), seal.ErrMalformed},
		"armored":            {armored.Bytes(), seal.ErrMalformed},
		"header alone":       {good[:end], seal.ErrMalformed},
		"cut in the header":  {good[:end-10], seal.ErrMalformed},
		"no content":         {good[:end+32], seal.ErrMalformed},
		"line ends":          {bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), seal.ErrMalformed},
		"byte before":        {append([]byte{'\n'}, good...), seal.ErrMalformed},
		"oversized":          {append(bytes.Clone(good), make([]byte, seal.MaxFile)...), seal.ErrTooLong},
		"scrypt smuggled in": {withStanza(good, "-> scrypt "+b64(16, 1)+" 18\n"+b64(32, 2)+"\n"), seal.ErrStanza},
		"hybrid smuggled in": {withStanza(good, hybridStanza), seal.ErrMixed},
		"classic in hybrid":  {withStanza(pq, x25519(1)), seal.ErrMixed},
		"SSH":                {withStanza(good, "-> ssh-ed25519 AAAA "+b64(32, 1)+"\n"+b64(32, 2)+"\n"), seal.ErrStanza},
		"grease":             {withStanza(good, "-> x-grease a b\n\n"), seal.ErrStanza},
		"plugin":             {withStanza(good, "-> piv-p256 AAAA\n"+b64(32, 2)+"\n"), seal.ErrStanza},
		"same stanza twice":  {withStanza(withStanza(good, x25519(1)), x25519(1)), seal.ErrRepeated},
		"two arguments":      {withStanza(good, "-> X25519 "+b64(32, 1)+" x\n"+b64(32, 2)+"\n"), seal.ErrStanza},
		"no argument":        {withStanza(good, "-> X25519\n"+b64(32, 2)+"\n"), seal.ErrStanza},
		"short share":        {withStanza(good, "-> X25519 "+b64(31, 1)+"\n"+b64(32, 2)+"\n"), seal.ErrStanza},
		"long key":           {withStanza(good, "-> X25519 "+b64(32, 1)+"\n"+b64(33, 2)+"\n"), seal.ErrStanza},
		"very long key":      {withStanza(good, "-> X25519 "+b64(32, 1)+"\n"+b64(48, 2)+"\n"+b64(32, 2)+"\n"), seal.ErrStanza},
		"no key":             {withStanza(good, "-> X25519 "+b64(32, 1)+"\n\n"), seal.ErrStanza},
	} {
		if h, err := seal.Inspect(x.file); err != x.want {
			t.Errorf("%s: %+v, %v, want %v", name, h, err, x.want)
		}
	}

	crowd := good
	for i := range seal.MaxRecipients - 1 {
		crowd = withStanza(crowd, x25519(byte(i+1)))
	}
	if _, err := seal.Inspect(crowd); err != seal.ErrTooMany {
		t.Errorf("crowd: %v", err)
	}
	phrase, _ := age.NewScryptRecipient("x")
	phrase.SetWorkFactor(1)
	var locked bytes.Buffer
	lw, _ := age.Encrypt(&locked, phrase)
	_, _ = lw.Write([]byte("content"))
	_ = lw.Close()
	if _, err := seal.Inspect(locked.Bytes()); err != seal.ErrStanza {
		t.Errorf("passphrase file: %v", err)
	}
}

// No input makes Inspect panic, and what it takes has the shape it says.
func FuzzInspect(f *testing.F) {
	a, b := classic(f).Recipient().String(), classic(f).Recipient().String()
	good, err := seal.Seal(boxtest.Content(), to(a, b))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(withStanza(good, "-> x-grease a b\n\n"))
	f.Add([]byte("age-encryption.org/v1\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		h, err := seal.Inspect(file)
		if err != nil {
			return
		}
		count := bytes.Count(file, []byte("\n-> "+string(h.Kind)+" "))
		if h.Recipients < 2 || h.Recipients > seal.MaxRecipients || count < h.Recipients || len(file) > seal.MaxFile {
			t.Fatalf("%+v of %q", h, file)
		}
	})
}
