package signer

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/strkey"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
)

func TestTreasury(t *testing.T) {
	r := newFixture(t)
	again, err := r.s.Treasury(t.Context(), r.app)
	if err != nil || again != r.home {
		t.Errorf("another treasury: %v", err)
	}
	other, err := r.s.Treasury(t.Context(), "app_other")
	if err != nil || other == r.home || other == r.sponsor {
		t.Errorf("%s, %v", other, err)
	}
	sponsor, channel := r.sponsor, r.channel
	home := r.home
	r.reopen()
	if r.sponsor != sponsor || r.channel != channel || r.home != home {
		t.Error("a restart made other keys")
	}
	for _, bad := range []relay.AppID{"", "app_", "app_../../x", "app_A", "xapp_a", "app_a/b"} {
		_, err := r.s.Treasury(t.Context(), bad)
		wantCode(t, err, "app_malformed")
	}
	r.s.Close()
	r.cfg.Channels = 6
	r.open()
	if _, channels, err := r.s.Accounts(t.Context()); err != nil || len(channels) != 6 || channels[0] != channel {
		t.Errorf("%v %v", channels, err)
	}
}

// A key file that is missing, altered, swapped or open to others stops the start.
func TestKeyFiles(t *testing.T) {
	r := newFixture(t)
	r.s.Close()
	path := func(account string) string { return filepath.Join(r.cfg.keyDir(), account+".json") }
	good, err := os.ReadFile(path(r.sponsor))
	if err != nil {
		t.Fatal(err)
	}
	channel, err := os.ReadFile(path(r.channel))
	if err != nil {
		t.Fatal(err)
	}
	put := func(b []byte) {
		if err := os.WriteFile(path(r.sponsor), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for at := 0; at < len(good)-1; at += 3 {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		put(bad)
		if s, err := Open(t.Context(), r.cfg); err == nil {
			s.Close()
			t.Fatalf("byte %d can be changed", at)
		}
	}
	put(channel)
	r.refuses("not the key of this role")
	put(bytes.Replace(bytes.Replace(channel, []byte(r.channel), []byte(r.sponsor), 1), []byte(`"channel"`), []byte(`"sponsor"`), 1))
	r.refuses("it was altered")
	put(good)
	if err := os.Chmod(path(r.sponsor), 0o644); err != nil {
		t.Fatal(err)
	}
	r.refuses("0600")
	if err := os.Remove(path(r.sponsor)); err != nil {
		t.Fatal(err)
	}
	r.refuses("no such file")
	put(good)

	kek := filepath.Join(r.cfg.home(), "kek")
	was, err := os.ReadFile(kek)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(kek); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if err := os.Remove(kek); err != nil {
		t.Fatal(err)
	}
	r.refuses("no such file") // a new one could not open the keys
	if err := os.WriteFile(kek, []byte(strings.Repeat("1f", 32)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.refuses("key-encryption key is another")
	moved := filepath.Join(t.TempDir(), "kek")
	if err := os.WriteFile(moved, was, 0o600); err != nil {
		t.Fatal(err)
	}
	r.cfg.KEKFile = moved
	r.open()
}

// A sealed key opens in its own role only, whatever the file says.
func TestRoleIsSealed(t *testing.T) {
	kek := secret.RandomKey()
	ring := newKeyring(t.TempDir(), kek)
	account, err := ring.Make(channelRole)
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Load(channelRole, account, true); err != nil {
		t.Fatal(err)
	}
	sealed, err := os.ReadFile(ring.path(account))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ring.path(account), bytes.Replace(sealed, []byte(channelRole), []byte(sponsorRole), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ring.Load(sponsorRole, account, true); err == nil || !strings.Contains(err.Error(), "altered") {
		t.Errorf("a channel's key serves as the sponsor's: %v", err)
	}
	if _, err := ring.Sign(keypair.MustRandom().Address(), [32]byte{}); err == nil {
		t.Error("signs for an unknown account")
	}
}

func TestNamedKEKMustExist(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Passphrase: passphrase, Ledger: &view{}, KEKFile: filepath.Join(t.TempDir(), "kek")}
	if s, err := Open(t.Context(), cfg); err == nil {
		s.Close()
		t.Error("made a key-encryption key that was said to exist")
	}
}

func TestConfigRefused(t *testing.T) {
	good := Config{Dir: t.TempDir(), Passphrase: passphrase, Ledger: &view{}}
	for name, change := range map[string]func(*Config){
		"dir": func(c *Config) { c.Dir = "" }, "network": func(c *Config) { c.Passphrase = "" },
		"ledger": func(c *Config) { c.Ledger = nil }, "channels": func(c *Config) { c.Channels = 101 },
		"fee": func(c *Config) { c.Policy.MaxFee = -1 }, "day": func(c *Config) { c.Policy.MaxDay = 1<<63 - 1 },
		"app": func(c *Config) { c.Policy.Apps = map[relay.AppID]Limits{"app_a": {MaxPayment: -1}} },
	} {
		c := good
		change(&c)
		if s, err := Open(context.Background(), c); err == nil {
			s.Close()
			t.Errorf("%s: accepted", name)
		}
	}
}

// Nothing on disk shows a seed in any spelling: those of holding accounts are nowhere, those of our accounts sealed.
func TestNoSecretOnDisk(t *testing.T) {
	r := newFixture(t)
	a := r.fund(r.intent(payment(), payment()))
	seeds := map[string]string{}
	for i, m := range a.Minted {
		seeds[fmt.Sprint("holding ", i)] = r.seed(m, r.claim).Seed()
		e, err := r.s.Claim(t.Context(), r.claimIntent(m, keypair.MustRandom().Address()))
		if err != nil || e.Hash == "" {
			t.Fatal(err)
		}
	}
	for account, seed := range r.s.keys.seeds {
		s, err := strkey.Encode(strkey.VersionByteSeed, seed.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		seeds[r.s.book.roles[account]] = s
	}
	if len(seeds) != 2+3 { // two holdings; sponsor, channels under one name, treasury
		t.Fatalf("%d seeds", len(seeds))
	}
	files := 0
	err := filepath.WalkDir(r.cfg.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for who, s := range seeds {
			for _, spelling := range spellings(t, s) {
				if bytes.Contains(content, spelling) {
					t.Errorf("%s shows the seed of %s", path, who)
				}
			}
		}
		if filepath.Base(path) == "log.jsonl" && bytes.Contains(content, []byte("for the boat")) {
			t.Error("the log shows a note")
		}
		return nil
	})
	if err != nil || files < 8 {
		t.Errorf("%d files, %v", files, err)
	}
}

// spellings are the ways in which a seed could slip into a file; in base64 it looks different at each of three places.
func spellings(t *testing.T, seed string) [][]byte {
	t.Helper()
	raw, err := strkey.Decode(strkey.VersionByteSeed, seed)
	if err != nil {
		t.Fatal(err)
	}
	all := [][]byte{raw, []byte(seed), []byte(hex.EncodeToString(raw)), []byte(strings.ToUpper(hex.EncodeToString(raw)))}
	for _, secret := range [][]byte{raw, []byte(seed)} {
		for shift := range 3 {
			shifted := append(make([]byte, shift), secret...)
			n := len(shifted) - len(shifted)%3
			for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
				all = append(all, []byte(enc.EncodeToString(shifted[:n])[4:])) // without the characters that the shift touches
			}
		}
	}
	return all
}
