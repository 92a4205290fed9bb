package mnemonic

import (
	"encoding/hex"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/tyler-smith/go-bip39"

	"github.com/restante/restante/crypto/secret"
)

const abandon = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

func TestSEP5(t *testing.T) {
	raw, err := os.ReadFile("testdata/sep5.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases, accounts := 0, 0
	var words, passphrase secret.Bytes
	for line := range strings.Lines(string(raw)) {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch kind {
		case "", "#":
		case "words":
			cases++
			words, passphrase = secret.NewString(rest), secret.Bytes{}
		case "passphrase":
			passphrase = secret.NewString(rest)
		case "seed":
			seed, err := expand(words, passphrase)
			if err != nil || hex.EncodeToString(seed.Reveal()) != rest {
				t.Errorf("case %d: seed %x, %v", cases, seed.Reveal(), err)
			}
		case "key":
			seed, err := expand(words, passphrase)
			if err != nil {
				t.Fatal(err)
			}
			key := master(seed)
			key = key.child(44)
			key = key.child(148)
			if hex.EncodeToString(key.secret[:]) != rest {
				t.Errorf("case %d: key %x", cases, key.secret)
			}
		default:
			accounts++
			index, err := strconv.ParseUint(kind, 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			a, err := Derive(words, passphrase, uint32(index))
			if err != nil || a.Address+" "+string(a.Seed.Reveal()) != rest {
				t.Errorf("case %d, account %d: %s, %v", cases, index, a.Address, err)
			}
		}
	}
	if cases != 5 || accounts != 50 {
		t.Errorf("%d cases, %d accounts", cases, accounts)
	}
}

// Every length there is, those that SEP-5 has no case for included.
func TestLengths(t *testing.T) {
	for _, bytes := range []int{16, 20, 24, 28, 32} {
		words, err := bip39.NewMnemonic(make([]byte, bytes))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Derive(secret.NewString(words), secret.Bytes{}, MaxIndex); err != nil {
			t.Errorf("%d words: %v", len(strings.Fields(words)), err)
		}
	}
	// A case of 18 words of BIP-39's own vectors.
	seed, err := expand(secret.NewString("legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal will"),
		secret.NewString("TREZOR"))
	want := "f2b94508732bcbacbcc020faefecfc89feafa6649a5491b8c952cede496c214a0c7b3c392d168748f2d4a612bada0753b52a1c7ac53c1e93abd5c6320b9e95dd"
	if err != nil || hex.EncodeToString(seed.Reveal()) != want {
		t.Errorf("%x, %v", seed.Reveal(), err)
	}
}

func TestSpellings(t *testing.T) {
	derive := func(words, passphrase string) string {
		t.Helper()
		a, err := Derive(secret.NewString(words), secret.NewString(passphrase), 0)
		if err != nil {
			t.Fatalf("%q: %v", words, err)
		}
		return a.Address
	}
	plain := derive(abandon, "")
	for _, words := range []string{
		"  " + abandon + "\r\n", strings.ReplaceAll(abandon, " ", "\n"), strings.ToUpper(abandon), strings.ReplaceAll(abandon, " ", "\u3000"),
		"ａｂａｎｄｏｎ" + strings.TrimPrefix(abandon, "abandon"), // full width
	} {
		if derive(words, "") != plain {
			t.Errorf("%q is another account", words)
		}
	}
	if derive(abandon, "caf\u00e9") != derive(abandon, "cafe\u0301") {
		t.Error("two spellings of a passphrase are two accounts")
	}
	for _, other := range []string{"a", "A", " a", "a "} {
		if derive(abandon, other) == plain || other != "a" && derive(abandon, other) == derive(abandon, "a") {
			t.Errorf("passphrase %q changes nothing", other)
		}
	}
}

func TestRefuses(t *testing.T) {
	list := strings.Fields(abandon)
	typo := strings.Join(append([]string{"abandon", "abandno"}, list[2:]...), " ")
	for words, want := range map[string]error{
		"":                             ErrCount,
		strings.Join(list[1:], " "):    ErrCount,
		abandon + " about":             ErrCount,
		strings.Repeat("abandon ", 27): ErrCount,
		strings.Repeat("abandon ", 12): ErrChecksum,
		"about " + strings.Join(list, " ")[:len(abandon)-len(" about")]: ErrChecksum,
	} {
		if a, err := Derive(secret.NewString(words), secret.Bytes{}, 0); !errors.Is(err, want) || a.Seed.Len() != 0 {
			t.Errorf("%q: %v", words, err)
		}
	}
	var word *WordError
	if _, err := Derive(secret.NewString(typo), secret.Bytes{}, 0); !errors.As(err, &word) || word.Position != 2 || strings.Contains(err.Error(), "abandno") {
		t.Errorf("a typo: %v", err)
	}
	if _, err := Derive(secret.NewString(abandon), secret.Bytes{}, MaxIndex+1); err != ErrIndex {
		t.Error(err)
	}
}

// What the caller gave is not wiped, nor altered.
func TestInputStays(t *testing.T) {
	words, passphrase := secret.NewString(abandon), secret.NewString("p4ssphr4se")
	if _, err := Derive(words, passphrase, 0); err != nil {
		t.Fatal(err)
	}
	if string(words.Reveal()) != abandon || string(passphrase.Reveal()) != "p4ssphr4se" {
		t.Error("the input was changed")
	}
}

// A canonical spelling has no other one.
func FuzzCanonical(f *testing.F) {
	f.Add([]byte(abandon))
	f.Add([]byte("\xff\u3000a b"))
	f.Fuzz(func(t *testing.T, words []byte) {
		text, err := canonical(secret.New(words))
		if err != nil {
			return
		}
		again, err := canonical(text)
		if err != nil || !again.Equal(text) {
			t.Fatal("the canonical spelling has another one")
		}
	})
}

// Words as people keep them are the same words.
func TestWordsAsWritten(t *testing.T) {
	want, err := Derive(secret.NewString(abandon), secret.Bytes{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	eleven := func(each, last string) string { return strings.Repeat(each, 11) + last }
	numbered, short := "", eleven("aban ", "abou")
	for i, w := range strings.Fields(abandon) {
		numbered += strconv.Itoa(i+1) + ". " + w + "\n"
	}
	for name, text := range map[string]string{
		"capitals": strings.ToUpper(abandon), "commas": eleven("abandon,", "about"), "commas and spaces": eleven("abandon, ", "about."),
		"quotes": `"` + abandon + `"`, "curly quotes": "\u201c" + abandon + "\u201d", "a note above": "# my words\n" + abandon, "numbers": numbered,
		"numbers with a hash": strings.ReplaceAll("\n"+strings.TrimSpace(numbered), "\n", "\n#"), "wide spaces": eleven("abandon\u3000", "about"),
		"four letters": short, "columns": eleven("abandon\t", "about\r\n"),
	} {
		if got, err := Derive(secret.NewString(text), secret.Bytes{}, 0); err != nil || got.Address != want.Address {
			t.Errorf("%s: %s, %v", name, got.Address, err)
		}
	}
	for name, text := range map[string]string{"three letters": eleven("aba ", "abo"), "five": eleven("aband ", "about")} {
		var word *WordError
		if _, err := Derive(secret.NewString(text), secret.Bytes{}, 0); !errors.As(err, &word) || word.Position != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Words of another list are called that.
func TestOtherLists(t *testing.T) {
	for text, want := range map[string]string{
		strings.Repeat("\u00e1baco ", 11) + "abierto": "Spanish",
		strings.Repeat("あいこくしん\u3000", 11) + "あおぞら":   "Japanese",
		strings.Repeat("的 ", 11) + "在":                "Chinese",
		strings.Repeat("abaisser ", 11) + "abandon":   "French",
		strings.Repeat("abandon ", 11) + "x":          "",
	} {
		var word *WordError
		if _, err := Derive(secret.NewString(text), secret.Bytes{}, 0); !errors.As(err, &word) || word.Language != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
