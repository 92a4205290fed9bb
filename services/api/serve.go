package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/internal/problem"
)

// handler puts the table behind a mux. A wrapper may have started a guarded request already.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range routes {
		mux.HandleFunc(rt.method+" "+rt.path, func(w http.ResponseWriter, r *http.Request) { s.serve(rt, w, r) })
	}
	inner := problem.Routes(mux)
	guarded := problem.Guard(s.Log, inner)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if problem.RequestID(r.Context()) != "" {
			inner.ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// serve finds out who calls, and only then looks at what is asked.
func (s *server) serve(rt route, w http.ResponseWriter, r *http.Request) {
	c := &call{Request: r, w: w}
	out, err := reply{}, s.admit(rt, c)
	if err == nil {
		out, err = rt.do(s, c)
	}
	if err == nil && out.raw == nil {
		out.raw, err = json.Marshal(out.body)
	}
	if err != nil {
		problem.Write(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	for k, v := range out.header {
		h[k] = v
	}
	w.WriteHeader(out.status)
	_, _ = w.Write(append(bytes.TrimRight(out.raw, "\n"), '\n')) // the caller may be gone
}

func (s *server) admit(rt route, c *call) error {
	switch rt.access {
	case open:
		return nil
	case byLink:
		return s.admitLink(c)
	case bySender:
		if text, ok := authorization(c.Request, "Manage"); ok {
			return s.admitToken(c, text)
		}
	}
	if err := s.admitApp(c); err != nil {
		return err
	}
	if rt.access != byAdmin && c.app.ID == "" {
		return relay.NewFault(relay.Forbidden, "app_key_needed", "This key may only make apps.", nil)
	}
	switch {
	case rt.scope == anyKey, c.key.Scopes.Has(rt.scope):
		return nil
	case rt.scope == relay.Admin:
		return relay.NewFault(relay.Forbidden, "admin_key_needed", "This call needs an admin key.", nil)
	}
	return relay.NewFault(relay.Forbidden, "scope_missing", fmt.Sprintf("This call needs a key with the scope %q; this one has %q.", rt.scope, c.key.Scopes), nil)
}

func (s *server) admitApp(c *call) (err error) {
	text, ok := authorization(c.Request, "Bearer")
	if !ok {
		return relay.NewFault(relay.Denied, "key_missing", `This call needs an API key: "Authorization: Bearer rst_…".`, nil)
	}
	hash, ok := HashKey(s.cfg.KeyPrefix, text)
	if !ok {
		return relay.NewFault(relay.Denied, "key_invalid", "This is no API key of this network; here they begin with "+s.cfg.KeyPrefix+".", nil)
	}
	c.app, c.key, err = s.Desk.Login(c.Context(), hash)
	if errors.Is(err, relay.ErrNotFound) { // the key of an app that is gone opens nothing
		err = relay.NewFault(relay.Denied, "key_invalid", "This API key is unknown or revoked.", nil)
	}
	return err
}

// admitToken lets the holder of a payment's own token in. The answer does not say what is wrong with it.
func (s *server) admitToken(c *call, text string) error {
	id, err := relay.ParsePaymentID(c.PathValue("id"))
	if err != nil || text == "" {
		return relay.NewFault(relay.Denied, "token_invalid", "This token manages nothing here.", nil)
	}
	c.payment, err = s.Desk.Manage(c.Context(), id, hashOf(text))
	return err
}

// admitLink treats a missing, a malformed, a wrong auth value and an unknown payment alike: a caller does not learn which ids exist.
func (s *server) admitLink(c *call) error {
	denied := relay.NewFault(relay.Denied, "link_invalid", "This link opens nothing here.", nil)
	text, ok := authorization(c.Request, "Link")
	if !ok {
		return denied
	}
	auth, err := claim.ParseAuth(text)
	if err != nil {
		return denied
	}
	defer auth.Wipe()
	id, err := relay.ParsePaymentID(c.PathValue("id"))
	if err != nil {
		return denied
	}
	c.payment, err = s.Desk.Authorize(c.Context(), id, auth.Hash())
	return err
}

// authorization reads the one Authorization header of a scheme, whose case does not count (RFC 9110, section 11.1).
func authorization(r *http.Request, scheme string) (string, bool) {
	all := r.Header.Values("Authorization")
	if len(all) != 1 {
		return "", false
	}
	got, rest, ok := strings.Cut(all[0], " ")
	return rest, ok && strings.EqualFold(got, scheme)
}

// read decodes and validates the body of a call that takes no parameters.
func (s *server) read(c *call, into any) error {
	if err := onlyParams(c.Request); err != nil {
		return err
	}
	return problem.Decode(c.Request, into)
}

// readOptional is read for a body that may be left out.
func (s *server) readOptional(c *call, into any) error {
	var first [1]byte
	n, err := io.ReadFull(c.Body, first[:])
	if n == 0 && errors.Is(err, io.EOF) {
		return onlyParams(c.Request)
	}
	rest := c.Body
	c.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(first[:n]), rest), rest}
	return s.read(c, into)
}

// noBody refuses a body with anything in it where none is asked for.
func (s *server) noBody(c *call) error { return s.readOptional(c, &struct{}{}) }
