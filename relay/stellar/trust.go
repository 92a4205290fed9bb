package stellar

import (
	"errors"

	"github.com/restante/restante/relay"
)

// TrustPlan gives an account of ours a trustline with the highest limit. Its reserve is the sponsor's.
type TrustPlan struct {
	Passphrase string
	Account    string
	Asset      string
	Sponsor    string
	Sequence   int64 // the account's current one plus 1
	MaxTime    int64 // unix seconds, included
	LastLedger uint32
}

// BuildTrust returns the unsigned envelope: Begin(sponsor), ChangeTrust(account), End.
func BuildTrust(p TrustPlan) (Tx, error) {
	if p.Asset == relay.Native || p.MaxTime <= 0 || p.LastLedger == 0 {
		return Tx{}, errors.New("a trustline is for a credit asset, and its envelope has an end")
	}
	d := &draft{}
	d.begin(p.Sponsor, p.Account)
	d.trust(p.Account, p.Asset, MostLimit)
	d.end(p.Account)
	return d.build(frame{
		passphrase: p.Passphrase, source: p.Account, sequence: p.Sequence,
		bounds: Bounds{MaxTime: p.MaxTime, MaxLedger: p.LastLedger + 1},
	})
}
