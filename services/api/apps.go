package api

import (
	"net/http"

	"filippo.io/age"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
	"github.com/restante/restante/services/internal/post"
)

// createApp makes an app, its treasury and its first key.
func (s *server) createApp(c *call) (reply, error) {
	var in wire.AppRequest
	if err := s.read(c, &in); err != nil {
		return reply{}, err
	}
	var bad faults
	if post.CheckName(in.Name) != nil {
		bad.add(invalid("name_malformed", "/name", "an app's name has 1 to 80 bytes, on one line"))
	}
	if !isRecipient(in.Recipient) {
		bad.add(invalid("recipient_malformed", "/recipient", "a sender recipient is an age X25519 recipient, age1…"))
	}
	if err := bad.err(); err != nil {
		return reply{}, err
	}
	id := relay.NewAppID(s.now())
	account, err := s.Signer.Treasury(c.Context(), id)
	if err != nil {
		return reply{}, err
	}
	text, row := NewKey(s.cfg.KeyPrefix)
	row.Scopes = relay.AppScopes
	a, err := s.Desk.OpenApp(c.Context(), relay.App{
		ID: id, Name: in.Name, Recipient: in.Recipient, Treasury: account, MayVouch: in.MayVouch, Reclaim: in.Reclaim, Notify: in.Notify == nil || *in.Notify,
	}, row)
	if err != nil {
		return reply{}, err
	}
	row.CreatedAt = a.CreatedAt // OpenApp writes both at one moment
	out, first := app(a), key(row, text)
	out.Key = &first
	return reply{status: http.StatusCreated, body: out}, nil
}

// isRecipient accepts the one canonical text of an X25519 recipient. Claim recipients are of that kind, and age does not
// mix them with others in one file.
func isRecipient(s string) bool {
	r, err := age.ParseX25519Recipient(s)
	return err == nil && r.String() == s
}

func (s *server) ownApp(c *call) (reply, error) {
	if err := onlyParams(c.Request); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: app(c.app)}, nil
}

// treasury says what the app can spend: what the ledger has free, less what is accepted and has not left yet.
func (s *server) treasury(c *call) (reply, error) {
	if err := onlyParams(c.Request, "asset"); err != nil {
		return reply{}, err
	}
	asset, err := parseAsset(c.URL.Query().Get("asset"))
	if err != nil {
		return reply{}, invalid("asset_malformed", "", `asset is "native" or CODE:ISSUER`)
	}
	return s.treasuryOf(c, asset)
}

func (s *server) treasuryOf(c *call, asset string) (reply, error) {
	u, err := s.Desk.Usage(c.Context(), c.app.ID, asset)
	if err != nil {
		return reply{}, err
	}
	facts, _, err := s.Ledger.Look(c.Context(), asset, c.app.Treasury)
	if err != nil {
		return reply{}, err
	}
	f := facts[c.app.Treasury] // one that was not paid into yet has nothing
	return reply{status: http.StatusOK, body: wire.Treasury{
		Address: c.app.Treasury, Asset: asset, Trustline: f.Line, Available: u.Available(f.Spendable).String(), Locked: u.Waiting.String(),
	}}, nil
}

// limits says what the signer would still sign for the app.
func (s *server) limits(c *call) (reply, error) {
	if err := onlyParams(c.Request, "asset"); err != nil {
		return reply{}, err
	}
	asset, err := parseAsset(c.URL.Query().Get("asset"))
	if err != nil {
		return reply{}, invalid("asset_malformed", "", `asset is "native" or CODE:ISSUER`)
	}
	a, err := s.Signer.Allowance(c.Context(), c.app.ID, asset)
	if err != nil {
		return reply{}, err
	}
	u, err := s.Desk.Usage(c.Context(), c.app.ID, asset)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: wire.Limits{
		Asset: asset, MaxPayment: a.MaxPayment.String(), MaxDay: a.MaxDay.String(), DayLeft: a.DayLeft.String(),
		Budget: a.Budget.String(), BudgetLeft: a.Left().String(), BudgetLocked: a.Locked.String(), BudgetUsed: a.Used.String(),
		ReservesGiven: (relay.Stroops(u.SpentUnits) * stellar.BaseReserve).String(),
	}}, nil
}

// reclaim asks for the service's reserves in accounts that claims made.
func (s *server) reclaim(c *call) (reply, error) {
	var in wire.ReclaimRequest
	if err := s.read(c, &in); err != nil {
		return reply{}, err
	}
	asked, err := s.Desk.Reclaim(c.Context(), c.app.ID, in.Always)
	if err != nil {
		return reply{}, err
	}
	out := wire.Reclaiming{Asked: asked, Always: c.app.Reclaim}
	if in.Always != nil {
		out.Always = *in.Always
	}
	return reply{status: http.StatusAccepted, body: out}, nil
}

func (s *server) network(c *call) (reply, error) {
	if err := onlyParams(c.Request); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: wire.Network{Network: s.cfg.Network}}, nil
}
