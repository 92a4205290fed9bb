package api

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// KeyPrefix is how keys of a network begin: "rst_live_" where money is real, else "rst_test_".
func KeyPrefix(network string) string {
	if stellar.IsPublic(network) {
		return "rst_live_"
	}
	return "rst_test_"
}

var keyEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// keyBytes is how much chance is in a key: 160 bits, so that its plain hash tells nothing.
const keyBytes = 20

// NewKey makes a key for a network with a prefix of [KeyPrefix]: its text, which is shown once, and its row, which the
// caller gives an app.
func NewKey(prefix string) (text string, row relay.Key) {
	var id, raw [keyBytes]byte
	_, _ = rand.Read(id[:]) // never fails, it ends the program instead
	_, _ = rand.Read(raw[:])
	text = prefix + keyEncoding.EncodeToString(raw[:])
	return text, relay.Key{ID: "key_" + keyEncoding.EncodeToString(id[:10]), Hash: hashOf(text)}
}

// HashKey is the hash of a key's text by which its row is found; false when text is no key of the network.
func HashKey(prefix, text string) (hash string, ok bool) {
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok || len(rest) != keyEncoding.EncodedLen(keyBytes) || strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		return "", false
	}
	return hashOf(text), true
}

// newToken makes a bearer token of 256 random bits and the hash that is kept of it.
func newToken() (text, hash string) {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails, it ends the program instead
	text = base64.RawURLEncoding.EncodeToString(raw[:])
	return text, hashOf(text)
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (s *server) listKeys(c *call) (reply, error) {
	if err := onlyParams(c.Request); err != nil {
		return reply{}, err
	}
	rows, err := s.Desk.Keys(c.Context(), c.app.ID)
	if err != nil {
		return reply{}, err
	}
	out := wire.KeyList{Data: []wire.Key{}}
	for _, k := range rows {
		out.Data = append(out.Data, key(k, ""))
	}
	return reply{status: http.StatusOK, body: out}, nil
}

// createKey makes a further key, with the scopes that are asked for, or else all of the caller's but admin.
func (s *server) createKey(c *call) (reply, error) {
	var in wire.KeyRequest
	if err := s.readOptional(c, &in); err != nil {
		return reply{}, err
	}
	text, row := NewKey(s.cfg.KeyPrefix)
	row.Scopes = c.key.Scopes &^ relay.Admin
	if in.Scopes != nil {
		var err error
		if row.Scopes, err = relay.ParseScopes(in.Scopes); err != nil {
			return reply{}, err
		}
	}
	row, err := s.Desk.AddKey(c.Context(), c.key, row)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusCreated, body: key(row, text)}, nil
}

// rotateKey puts a new key, with the scopes of the old one, in the place of another.
func (s *server) rotateKey(c *call) (reply, error) {
	if err := s.noBody(c); err != nil {
		return reply{}, err
	}
	text, row := NewKey(s.cfg.KeyPrefix)
	row, err := s.Desk.RotateKey(c.Context(), c.key, c.PathValue("id"), row)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusCreated, body: key(row, text)}, nil
}

func (s *server) revokeKey(c *call) (reply, error) {
	if err := onlyParams(c.Request, "anyway"); err != nil {
		return reply{}, err
	}
	anyway := c.URL.Query().Get("anyway")
	if anyway != "" && anyway != "true" {
		return reply{}, invalid("not_one_of", "", "anyway is true, or left out")
	}
	row, err := s.Desk.RevokeKey(c.Context(), c.key, c.PathValue("id"), anyway != "")
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: key(row, "")}, nil
}
