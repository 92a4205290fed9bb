package api

import (
	"encoding/base64"
	"errors"
	"mime"
	"net/http"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/sep7"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// walletSigned takes a claim that the claimant's own wallet signed (SEP-7, callback of a tx request). It asks for no
// credential: a wallet has none, and what it brings is a plan of this payment with the holding account's signature, which only
// the opener of the box could make. It can only be submitted, and any holder of it can do that. The
// answer says nothing of the payment: once a claim has landed, it is public.
func (s *server) walletSigned(c *call) (reply, error) {
	crossOrigin(c.w.Header())
	if err := onlyParams(c.Request); err != nil {
		return reply{}, err
	}
	id, err := relay.ParsePaymentID(c.PathValue("id"))
	if err != nil {
		return reply{}, relay.ErrNotFound
	}
	text, err := walletForm(c.Request)
	if err != nil {
		return reply{}, err
	}
	c.payment.ID = id // whether there is such a payment, only a plan of it could tell
	_, short, err := s.handIn(c, text)
	if err != nil {
		return reply{}, err
	}
	out := wire.WalletAnswer{}
	for _, m := range short { // of accounts, which are public
		out.Missing = append(out.Missing, wire.MissingWeight{Account: m.Account, Weight: m.Have, Needed: m.Need})
	}
	return reply{status: http.StatusAccepted, body: out}, nil
}

// walletPreflight tells a browser that a wallet of any origin may post there (Fetch standard, "CORS-preflight request").
func (s *server) walletPreflight(c *call) (reply, error) {
	h := c.w.Header()
	crossOrigin(h)
	h.Set("Access-Control-Allow-Methods", "POST")
	h.Set("Access-Control-Allow-Headers", "Content-Type")
	h.Set("Access-Control-Max-Age", "3600")
	return reply{status: http.StatusOK, body: struct{}{}}, nil
}

// crossOrigin lets a page of any origin read the answer: a wallet in a browser has to learn whether its claim was handed in.
// The path takes no credential, so a page can do no more than its user.
func crossOrigin(h http.Header) { h.Set("Access-Control-Allow-Origin", "*") }

// walletForm reads the envelope that a wallet posts.
func walletForm(r *http.Request) (string, error) {
	kind := r.Header.Get("Content-Type")
	if name, _, err := mime.ParseMediaType(kind); err != nil || name != "application/x-www-form-urlencoded" {
		return "", invalid("unsupported_media_type", "", "A wallet posts application/x-www-form-urlencoded.")
	}
	text, err := sep7.ReadForm(kind, r.Body)
	var tooLong *http.MaxBytesError
	switch {
	case err == nil:
		return text, nil
	case errors.Is(err, sep7.ErrTooLarge), errors.As(err, &tooLong):
		return "", invalid("body_too_large", "", "This is longer than any claim of ours.")
	}
	return "", invalid("envelope_malformed", "", "A wallet posts the form field xdr: the signed transaction in base64.")
}

// handIn hands a signed plan of the call's payment in, once the signers of every account in it have signed with enough weight.
// What they sign one after the other, into an account that exists, is kept until then, and missing says what is not there yet.
func (s *server) handIn(c *call, text string) (p relay.Payment, short []relay.Shortfall, err error) {
	e, err := s.planOf(c, text)
	if err != nil {
		return p, nil, err
	}
	given, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return p, nil, err
	}
	if by, err := stellar.SignedBy(text, s.cfg.Network, e.Source); err != nil || len(by) == 0 { // only who opened the box can give it
		return p, nil, missing([]relay.Shortfall{{Account: e.Source, Need: 1}}, e)
	}
	got, err := s.Ledger.Gather(c.Context(), e.XDR, given)
	if err != nil {
		return p, nil, err
	}
	head, err := s.Ledger.Head(c.Context())
	if err != nil {
		return p, nil, err
	}
	if len(got.Missing) == 0 {
		p, err = s.Desk.SubmitClaim(c.Context(), c.payment.ID, e.Hash, got.XDR, head)
		return p, nil, err
	}
	if some := got.Missing[0]; !got.Grew || e.NewAccount || some.Account == e.Source || some.Have == 0 {
		return p, nil, missing(got.Missing, e)
	}
	p, err = s.Desk.CollectClaim(c.Context(), c.payment.ID, e.Hash, got.XDR, head)
	return p, got.Missing, err
}
