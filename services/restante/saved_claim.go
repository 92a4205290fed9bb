package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/restante/restante/crypto/durable"
)

// savedClaim is what has to survive between two calls of claim for one payment: a mailed code's session, and the account whose
// key was made for it, so that a second call finishes the claim or tells how the first one went. No link is in it.
type savedClaim struct {
	Session     string    `json:"session,omitempty"`
	SessionTo   string    `json:"session_to,omitempty"` // masked
	SessionEnds time.Time `json:"session_expires_at,omitzero"`
	Code        string    `json:"code,omitempty"`         // once it was right: it serves again, for the claimant key alone
	ClaimantKey string    `json:"claimant_key,omitempty"` // to which code and voucher are bound by their first proof
	Account     string    `json:"account,omitempty"`
	Keystore    string    `json:"keystore,omitempty"`   // absolute path
	Passphrase  string    `json:"passphrase,omitempty"` // only one of our own making, until the claim is done and it was shown

	path string
}

// savedClaim reads what is left of an earlier call; nothing is no error.
func (c *cli) savedClaim(payment string) (*savedClaim, error) {
	dir, err := c.stateDir()
	if err != nil {
		return nil, err
	}
	b := &savedClaim{path: filepath.Join(dir, "claims", payment+".json")}
	text, err := os.ReadFile(b.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return b, nil
	case err != nil:
		return nil, failed("What an earlier call left behind cannot be read: %v.", err)
	case json.Unmarshal(text, b) != nil:
		return nil, failed("The file %s is not ours or is damaged. If no claim is under way, delete it.", b.path)
	}
	return b, nil
}

func (c *cli) stateDir() (string, error) {
	if dir := c.env("RESTANTE_STATE"); dir != "" {
		return dir, nil
	}
	if dir := c.env("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "restante"), nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", failed("There is no place to keep what is not finished: set RESTANTE_STATE to a folder.")
	}
	return filepath.Join(dir, "restante"), nil
}

// save writes it for this user alone: whole, synced, in place of the former one.
func (b *savedClaim) save() error {
	dir := filepath.Dir(b.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return failed("An unfinished claim cannot be kept: %v.", err)
	}
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	if err := durable.Replace(b.path, text); err != nil {
		return failed("An unfinished claim cannot be kept: %v.", err)
	}
	return nil
}

// forget deletes it; that it cannot be deleted is worth a word and no more.
func (c *cli) forget(b *savedClaim) { c.remove(b.path) }

func (c *cli) remove(path string) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(c.stderr, "restante: %s stays behind: %v\n", path, err)
	}
}

// proven says whether the session's code was right and could still be good.
func (b *savedClaim) proven(now time.Time) bool { return b.Code != "" && b.usable(now) }

// dropCode forgets a code that serves no more. The claimant key stays: a voucher may be bound to it.
func (b *savedClaim) dropCode() {
	b.Session, b.SessionTo, b.SessionEnds, b.Code = "", "", time.Time{}, ""
}

// usable says whether a code of the session could still be good.
func (b *savedClaim) usable(now time.Time) bool { return b.Session != "" && now.Before(b.SessionEnds) }
