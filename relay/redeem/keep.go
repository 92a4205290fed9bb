package redeem

import (
	"encoding/base64"
	"fmt"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/keystore"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay/wire"
)

// Keep is what the recipient saves to get her money out without the service: the box, and the identity that opens it. The
// box is opened and compared first, as by Open and with its errors: a kit that would not work is not made.
func Keep(link claim.Secret, got wire.Proven, want Expect) (keystore.Kit, error) {
	h, err := Open(link, got, want)
	if err != nil {
		return keystore.Kit{}, err
	}
	defer h.Wipe()
	file, err := base64.StdEncoding.Strict().DecodeString(got.Box)
	if err != nil {
		return keystore.Kit{}, fmt.Errorf("%w: the box is not base64", ErrAnswer)
	}
	id, err := identity(link, got.Share, want)
	if err != nil {
		return keystore.Kit{}, err
	}
	return keystore.Kit{
		Payment: want.Payment, Network: h.Network, Account: h.Account, Asset: h.Asset, Amount: h.Amount.String(), Box: file,
		Identity: secret.NewString(id.Reveal().String()),
	}, nil
}
