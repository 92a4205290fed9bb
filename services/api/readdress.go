package api

import (
	"net/http"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/idn"
	"github.com/restante/restante/relay/wire"
)

// readdress corrects whom a payment is for. Whether that may still be is Step's to say; a repeat changes nothing.
func (s *server) readdress(c *call) (reply, error) {
	var in wire.ReaddressRequest
	if err := s.read(c, &in); err != nil {
		return reply{}, err
	}
	to, err := idn.ParseHandle(in.To)
	if err != nil {
		return reply{}, err
	}
	p, err := s.own(c)
	if err != nil {
		return reply{}, err
	}
	if p, err = s.Desk.Apply(c.Context(), p.ID, relay.Readdressed{To: to}); err != nil {
		return reply{}, err
	}
	return s.shown(c.Context(), http.StatusOK, p)
}
