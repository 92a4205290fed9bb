package keystore

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/tyler-smith/go-bip39/wordlists"

	"github.com/restante/restante/crypto/internal/boxtest"
	"github.com/restante/restante/crypto/secret"
)

const quick = 4 // work factor that costs nothing

var phrase = secret.NewString("correct-horse-battery-staple")

func entry() Entry {
	return Entry{
		Account: boxtest.Key(1).Address(),
		Network: boxtest.Testnet,
		Created: time.Date(2026, 1, 31, 12, 0, 0, 999, time.FixedZone("", 3600)),
		Seed:    secret.NewString(boxtest.Key(1).Seed()),
	}
}

func plain(t testing.TB) string {
	t.Helper()
	b, err := entry().encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(b.Reveal())
}

// The one test that pays for age's own work factor.
func TestWriteAndOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.age")
	if err := Write(path, entry(), phrase); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(file), armor.Header+"\n") || bytes.Contains(file, []byte(entry().Account)) {
		t.Fatalf("%s, %v", file, err)
	}
	if info, _ := os.Stat(path); info.Mode() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	got, err := Open(path, phrase)
	if err != nil || got.Account != entry().Account || got.Network != entry().Network || !got.Seed.Equal(entry().Seed) {
		t.Errorf("%+v, %v", got, err)
	}
	if want := time.Date(2026, 1, 31, 11, 0, 0, 0, time.UTC); !got.Created.Equal(want) {
		t.Errorf("created %v", got.Created)
	}
	if err := Write(path, entry(), phrase); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second time: %v", err)
	}
	if again, _ := os.ReadFile(path); !bytes.Equal(again, file) {
		t.Error("the file was overwritten")
	}
	header, err := age.ExtractHeader(armor.NewReader(bytes.NewReader(file)))
	if err != nil || !bytes.Contains(header, []byte("-> scrypt ")) || !bytes.Contains(header, []byte(" 18\n")) {
		t.Errorf("not age's work factor: %s", header)
	}
}

func TestPlaintextIsAsDocumented(t *testing.T) {
	want := "# Restante keystore v1\n# account: " + boxtest.Key(1).Address() +
		"\n# network: Test SDF Network ; September 2015\n# created: 2026-01-31T11:00:00Z\n" + boxtest.Key(1).Seed() + "\n"
	if got := plain(t); got != want {
		t.Errorf("got %q", got)
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, change := range map[string]func(*Entry){
		"no account":   func(e *Entry) { e.Account = "" },
		"other seed":   func(e *Entry) { e.Seed = secret.NewString(boxtest.Key(2).Seed()) },
		"no seed":      func(e *Entry) { e.Seed = secret.Bytes{} },
		"no network":   func(e *Entry) { e.Network = "" },
		"two lines":    func(e *Entry) { e.Network = "a\nb" },
		"space around": func(e *Entry) { e.Network = "a " },
		"not UTF-8":    func(e *Entry) { e.Network = "\xff" },
		"no date":      func(e *Entry) { e.Created = time.Time{} },
		"far date":     func(e *Entry) { e.Created = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"long network": func(e *Entry) { e.Network = strings.Repeat("a", maxPlain) },
	} {
		e := entry()
		change(&e)
		path := filepath.Join(t.TempDir(), "a.age")
		if err := Write(path, e, phrase); !errors.Is(err, ErrEntry) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: left a file", name)
		}
	}
	if err := Write(filepath.Join(t.TempDir(), "a"), entry(), secret.Bytes{}); !errors.Is(err, ErrPassphrase) {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	file, err := encrypt(entry(), phrase, quick)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decrypt(file, phrase); err != nil {
		t.Fatal(err)
	}
	for name, wrong := range map[string]secret.Bytes{"none": {}, "other": secret.NewString("x"), "line end": secret.NewString(string(phrase.Reveal()) + "\n")} {
		if _, err := decrypt(file, wrong); err != ErrPassphrase {
			t.Errorf("passphrase %s: %v", name, err)
		}
	}
	cut := bytes.LastIndex(bytes.TrimSpace(file), []byte("\n"))
	for name, bad := range map[string]struct {
		file []byte
		want error
	}{
		"empty":          {nil, ErrNotAge},
		"text":           {[]byte(plain(t)), ErrNotAge},
		"binary, no age": {[]byte{0, 1, 2}, ErrNotAge},
		"cut":            {file[:len(file)/2], ErrAltered},
		"tail":           {append(bytes.Clone(file), "more"...), ErrAltered},
		"no end":         {file[:cut], ErrAltered},
		"oversized":      {append(bytes.Repeat([]byte("\n"), maxFile), file...), ErrMalformed},
		"other entry":    {lock(t, strings.Replace(plain(t), boxtest.Key(1).Address(), boxtest.Key(2).Address(), 1), quick), ErrMalformed},
		"seed alone":     {lock(t, boxtest.Key(1).Seed()+"\n", quick), ErrMalformed},
		"long":           {lock(t, plain(t)+strings.Repeat("#\n", maxPlain), quick), ErrMalformed},
		"for a key":      {lockToKey(t), ErrNoPassphrase},
	} {
		if e, err := decrypt(bad.file, phrase); err != bad.want || !errors.Is(err, ErrMalformed) || e.Seed.Len() != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	lines := strings.Split(string(file), "\n")
	for i := 1; i < len(lines)-2; i++ {
		changed := append([]string{}, lines...)
		flip := byte('A')
		if changed[i][3] == 'A' {
			flip = 'B'
		}
		changed[i] = changed[i][:3] + string(flip) + changed[i][4:]
		if _, err := decrypt([]byte(strings.Join(changed, "\n")), phrase); err == nil {
			t.Errorf("line %d changed and not noticed", i)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none"), phrase); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// lock encrypts any text under the passphrase, as another program may.
func lock(t *testing.T, text string, logN int) []byte {
	t.Helper()
	r, err := age.NewScryptRecipient(string(phrase.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	r.SetWorkFactor(logN)
	return ageFile(t, text, r)
}

func lockToKey(t *testing.T) []byte {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return ageFile(t, plain(t), id.Recipient())
}

func ageFile(t *testing.T, text string, r age.Recipient) []byte {
	t.Helper()
	var file bytes.Buffer
	aw := armor.NewWriter(&file)
	w, err := age.Encrypt(aw, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), aw.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestGeneratePassphrase(t *testing.T) {
	known := map[string]bool{}
	for _, w := range wordlists.English {
		known[w] = true
	}
	if len(known) != 2048 {
		t.Fatalf("%d words", len(known))
	}
	drawn := map[string]bool{}
	for range 20 {
		words := strings.Split(string(GeneratePassphrase().Reveal()), "-")
		if len(words) != 10 {
			t.Errorf("%d words", len(words))
		}
		for _, w := range words {
			if !known[w] {
				t.Errorf("unknown word %q", w)
			}
			drawn[w] = true
		}
	}
	// 200 draws from 2048 words: fewer than 100 different ones never happens.
	if len(drawn) < 100 {
		t.Errorf("only %d different words in 200", len(drawn))
	}
}

func FuzzDecode(f *testing.F) {
	good := plain(f)
	f.Add([]byte(good))
	f.Add([]byte(strings.Replace(good, "Z\n", "+00:00\n", 1)))
	f.Add([]byte(strings.Replace(good, "00Z", "00.5Z", 1)))
	f.Add([]byte(strings.ReplaceAll(good, "\n", "\r\n")))
	f.Add([]byte(strings.Replace(good, "# account: ", "", 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := decode(text)
		if err != nil {
			if err != ErrMalformed || e.Seed.Len() != 0 {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := e.encode()
		if err != nil || !bytes.Equal(again.Reveal(), text) {
			t.Fatalf("%q came back as %q, %v", text, again.Reveal(), err)
		}
	})
}

func FuzzDecrypt(f *testing.F) {
	file, err := encrypt(entry(), phrase, 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(file[:len(file)-2])
	f.Fuzz(func(t *testing.T, file []byte) {
		// A fuzzed work factor would stall the run.
		if header, err := age.ExtractHeader(armor.NewReader(bytes.NewReader(file))); err == nil && !bytes.Contains(header, []byte(" 1\n")) {
			return
		}
		if e, err := decrypt(file, phrase); err == nil && !e.Seed.Equal(entry().Seed) {
			t.Fatal("opened to another seed")
		}
	})
}
