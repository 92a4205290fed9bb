package api

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/wire"
	"github.com/restante/restante/services/internal/post"
)

// view answers with what the holder of the link may see.
func (s *server) view(c *call, status int, p relay.Payment) (reply, error) {
	var a relay.App
	err := s.Store.View(c.Context(), func(tx desk.Tx) (err error) {
		a, err = tx.App(p.App)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	body := s.claimView(p, a)
	body.Held = s.heldOf(c.Context(), p)
	if body.Held != nil && body.Held.Code == "halted" && body.CustodyText != "" {
		body.CustodyText += relay.WhileHalted
	}
	return reply{status: status, body: body}, nil
}

func (s *server) viewClaim(c *call) (reply, error) {
	if err := onlyParams(c.Request, "wait", "state_not"); err != nil {
		return reply{}, err
	}
	p, err := s.wait(c, c.payment)
	if err != nil {
		return reply{}, err
	}
	return s.view(c, http.StatusOK, p)
}

func (s *server) decline(c *call) (reply, error) {
	if err := s.noBody(c); err != nil {
		return reply{}, err
	}
	p, err := s.Desk.Apply(c.Context(), c.payment.ID, relay.DeclineAsked{})
	if err != nil {
		return reply{}, err
	}
	return s.view(c, progress(p), p)
}

// askCode has a code mailed. It is good only together with the session, which only this caller has.
func (s *server) askCode(c *call) (reply, error) {
	if err := s.noBody(c); err != nil {
		return reply{}, err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return reply{}, err
	}
	code := fmt.Sprintf("%06d", n)
	session, hash := newToken()
	sealed, err := post.SealCode(s.Codes, hash, code)
	if err != nil {
		return reply{}, err
	}
	row := relay.Code{Session: hash, MAC: []byte(s.Codes.CodeMAC(hash, code)), Sealed: sealed}
	now := s.now() // before the Desk's own look at the clock: better a moment too early than too late
	if err := s.Desk.AskCode(c.Context(), c.payment.ID, row); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusAccepted, body: wire.CodeSession{
		Session: session, To: c.payment.To.Masked(), ExpiresAt: (now + relay.CodeLife).Time(), Delivery: string(c.payment.Delivery),
	}}, nil
}

// prove trades a code or voucher for box and share. A try is counted and committed before anything is compared. It may be
// repeated, as relay says where it says how codes and vouchers are used up.
func (s *server) prove(c *call) (reply, error) {
	var in wire.ProveRequest
	if err := s.readOptional(c, &in); err != nil {
		return reply{}, err
	}
	var cred desk.Credential
	if in.ClaimantKey != "" {
		cred.Claimant = hashOf(in.ClaimantKey)
	}
	asks, err := c.payment.Policy.AsksProof()
	if err != nil {
		return reply{}, err
	}
	if asks {
		switch {
		case in.Session != "":
			cred.Session = hashOf(in.Session)
			tried, err := s.Desk.TryCode(c.Context(), c.payment.ID, cred.Session)
			if err != nil {
				return reply{}, err
			}
			if !s.Codes.CheckCode(cred.Session, in.Code, string(tried.MAC)) {
				return reply{}, wrongCode(relay.TriesPerCode - tried.Tries)
			}
		case in.Voucher != "":
			cred.Voucher = hashOf(in.Voucher)
		}
	}
	proof, hash := newToken()
	now := s.now()
	out, err := s.Desk.Prove(c.Context(), c.payment.ID, cred, hash)
	if err != nil {
		return reply{}, err
	}
	body := wire.Proven{
		Proof: proof, ProofExpires: (now + relay.PassLife).Time(), Box: base64.StdEncoding.EncodeToString(out.Box),
		BoxMAC: out.Payment.BoxMAC, HoldingAccount: out.Payment.Holding, Asset: out.Payment.Asset, Amount: out.Payment.Amount.String(), Network: s.cfg.Network, Payment: string(out.Payment.ID),
	}
	if len(out.Share) > 0 {
		body.Share = base64.StdEncoding.EncodeToString(out.Share)
	}
	return reply{status: http.StatusOK, body: body}, nil
}

func wrongCode(left int) error {
	text := fmt.Sprintf("This is not the code that was mailed. %d tries are left.", left)
	switch left {
	case 0:
		text = "This is not the code that was mailed, and it cannot be tried again. Ask for a new one."
	case 1:
		text = "This is not the code that was mailed. One try is left."
	}
	return relay.NewFault(relay.Denied, "code_wrong", text, nil)
}
