package api

import (
	"net/http"

	"github.com/stellar/go-stellar-sdk/strkey"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/idn"
	"github.com/restante/restante/relay/wire"
)

// agree puts an account on file for the handle that was proven.
func (s *server) agree(c *call) (reply, error) {
	var in wire.AgreeRequest
	if err := s.read(c, &in); err != nil {
		return reply{}, err
	}
	if in.Account != "" && (!strkey.IsValidEd25519PublicKey(in.Account) || in.Account == c.payment.Holding) {
		return reply{}, invalid("destination_malformed", "/account", "an account on file is the address of one of yours, G…")
	}
	err := s.Desk.Agree(c.Context(), c.payment.ID, hashOf(c.Header.Get("Restante-Proof")), in.Account)
	if err != nil {
		return reply{}, err
	}
	return s.view(c, http.StatusOK, c.payment)
}

// agreed tells the app which account is on file for a handle of its own; forget takes it off.
func (s *server) agreed(c *call) (reply, error) {
	to, err := s.handleAsked(c)
	if err != nil {
		return reply{}, err
	}
	account, err := s.Desk.Agreed(c.Context(), c.app.ID, to)
	if err != nil {
		return reply{}, err
	}
	out := wire.Agreed{To: to.String()}
	if account != "" {
		out.Account = &account
	}
	return reply{status: http.StatusOK, body: out}, nil
}

func (s *server) forget(c *call) (reply, error) {
	to, err := s.handleAsked(c)
	if err != nil {
		return reply{}, err
	}
	if err := s.Desk.Forget(c.Context(), c.app.ID, to); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: wire.Agreed{To: to.String()}}, nil
}

func (s *server) handleAsked(c *call) (relay.Handle, error) {
	if err := onlyParams(c.Request, "to"); err != nil {
		return relay.Handle{}, err
	}
	to, err := idn.ParseHandle(c.URL.Query().Get("to"))
	if err != nil {
		err = invalid("handle_malformed", "", "to is a handle like ana@example.com")
	}
	return to, err
}
