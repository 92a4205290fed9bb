package signer

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stellar/go-stellar-sdk/strkey"
	"golang.org/x/crypto/chacha20poly1305"

	"github.com/restante/restante/crypto/durable"
	"github.com/restante/restante/crypto/secret"
)

// The roles of keys. A treasury's role ends with its app: "treasury/app_…".
const (
	sponsorRole  = "sponsor"
	channelRole  = "channel"
	treasuryRole = "treasury/"
)

// Keyring keeps Ed25519 seeds in one sealed file each, named for its account. A seed is encrypted with a data key of its
// own, the data key with the key-encryption key, both by XChaCha20-Poly1305 with role ‖ account as additional data: a
// file cannot be passed off as another's. It is not safe for concurrent use; the signer's lock guards it.
type Keyring struct {
	dir   string
	kek   secret.Key
	seeds map[string]secret.Key // by account
}

// keyFile is a sealed key on disk. Both secrets are nonce ‖ ciphertext.
type keyFile struct {
	V       int    `json:"v"`
	Role    string `json:"role"`
	Account string `json:"account"`
	DEK     []byte `json:"dek"`
	Seed    []byte `json:"seed"`
}

// The versions of a key file. The sponsor's, which is the first key, is of version 2: it says that its line in the log has a
// mac, and so have all after it. So a log cannot be passed off as one of an older program, whose lines have none.
const (
	keyFileVersion   = 1
	keyedFileVersion = 2
)

func newKeyring(dir string, kek secret.Key) *Keyring {
	return &Keyring{dir: dir, kek: kek, seeds: map[string]secret.Key{}}
}

// Make draws a key and returns its account once the sealed file and its name are on disk.
func (k *Keyring) Make(role string) (account string, err error) {
	seed := secret.RandomKey()
	if account, err = accountOf(seed); err != nil {
		return "", err
	}
	dek := secret.RandomKey()
	defer dek.Wipe()
	f := keyFile{V: keyFileVersion, Role: role, Account: account}
	if role == sponsorRole {
		f.V = keyedFileVersion
	}
	if f.Seed, err = encrypt(dek, seed.Reveal(), f.place("seed")); err != nil {
		return "", err
	}
	if f.DEK, err = encrypt(k.kek, dek.Reveal(), f.place("dek")); err != nil {
		return "", err
	}
	text, err := json.Marshal(f)
	if err != nil {
		return "", fmt.Errorf("key of %s: %v", account, err)
	}
	if err := durable.Create(k.path(account), append(text, '\n')); err != nil {
		return "", fmt.Errorf("key of %s: %w", account, err)
	}
	k.seeds[account] = seed
	return account, nil
}

// drop takes back a key that was just made and that no caller was told of.
func (k *Keyring) drop(account string) error {
	k.seeds[account].Wipe()
	delete(k.seeds, account)
	return os.Remove(k.path(account))
}

// Load opens the sealed key of an account in its role; keyed says that its line in the log has a mac. A file that is missing,
// open to others, altered, of another role or under another key-encryption key is an error that says which.
func (k *Keyring) Load(role, account string, keyed bool) error {
	path := k.path(account)
	fail := func(why string) error { return fmt.Errorf("key file %s: %s", path, why) }
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("key of %s (%s): %w", account, role, err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return fail("not a regular file of mode 0600")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("key of %s (%s): %w", account, role, err)
	}
	var f keyFile
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if d.Decode(&f) != nil {
		return fail("not a sealed key")
	}
	if f.V != keyFileVersion && f.V != keyedFileVersion || f.Role != role || f.Account != account {
		return fail("not the key of this role and account")
	}
	if f.V == keyedFileVersion && !keyed {
		return fail("its line in the log has no mac, and had one: the log was written anew without the key")
	}
	seed, err := k.open(f)
	if err != nil {
		return fail("it was altered, or the key-encryption key is another")
	}
	if got, err := accountOf(seed); err != nil || got != account {
		seed.Wipe()
		return fail("the seed is not the key of the account")
	}
	k.seeds[account] = seed
	return nil
}

func (k *Keyring) open(f keyFile) (secret.Key, error) {
	raw, err := decrypt(k.kek, f.DEK, f.place("dek"))
	if err != nil {
		return secret.Key{}, err
	}
	defer clear(raw)
	dek, err := secret.NewKey(raw)
	if err != nil {
		return secret.Key{}, err
	}
	defer dek.Wipe()
	seed, err := decrypt(dek, f.Seed, f.place("seed"))
	if err != nil {
		return secret.Key{}, err
	}
	defer clear(seed)
	return secret.NewKey(seed)
}

// Sign signs a transaction's hash as the account.
func (k *Keyring) Sign(account string, hash [32]byte) ([]byte, error) {
	seed, ok := k.seeds[account]
	if !ok {
		return nil, fmt.Errorf("no key of %s", account)
	}
	private := ed25519.NewKeyFromSeed(seed.Reveal())
	defer clear(private)
	return ed25519.Sign(private, hash[:]), nil
}

// Wipe forgets all keys.
func (k *Keyring) Wipe() {
	for _, s := range k.seeds {
		s.Wipe()
	}
	clear(k.seeds)
	k.kek.Wipe()
}

func (k *Keyring) path(account string) string { return filepath.Join(k.dir, account+".json") }

func accountOf(seed secret.Key) (string, error) {
	private := ed25519.NewKeyFromSeed(seed.Reveal())
	defer clear(private)
	account, err := strkey.Encode(strkey.VersionByteAccountID, private.Public().(ed25519.PublicKey))
	if err != nil {
		return "", fmt.Errorf("address of a key: %v", err)
	}
	return account, nil
}

// place is the additional data: an account has a fixed length, so role and account cannot run into one another.
func (f keyFile) place(what string) []byte {
	return fmt.Appendf(nil, "restante/v%d/signer/%s\x00%s\x00%s", f.V, what, f.Role, f.Account)
}

func encrypt(key secret.Key, plain, ad []byte) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(key.Reveal())
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(plain)+chacha20poly1305.Overhead)
	_, _ = rand.Read(nonce) // never fails, it ends the program instead
	return aead.Seal(nonce, nonce, plain, ad), nil
}

func decrypt(key secret.Key, sealed, ad []byte) ([]byte, error) {
	if len(sealed) < chacha20poly1305.NonceSizeX {
		return nil, errors.New("sealed value is too short")
	}
	aead, err := chacha20poly1305.NewX(key.Reveal())
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:], ad)
}
