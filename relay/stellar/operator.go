package stellar

import (
	"errors"

	"github.com/restante/restante/relay"
)

// MostChannels is how many channels one envelope can make: each signs it, and so does the sponsor.
const MostChannels = MaxSignatures - 1

// ChannelsPlan makes channel accounts that hold no lumens: their reserves, two base reserves each, are the sponsor's.
type ChannelsPlan struct {
	Passphrase string
	Sponsor    string
	Channels   []string      // 1 to MostChannels
	Sequence   int64         // the sponsor's current one plus 1
	Fee        relay.Stroops // stroops for one operation, at least MinBaseFee
	MaxTime    int64         // unix seconds, included
	LastLedger uint32
}

// BuildChannels returns the unsigned envelope: Begin(sponsor), CreateAccount(channel, 0), End for each channel.
func BuildChannels(p ChannelsPlan) (Tx, error) {
	ops := relay.Stroops(3 * len(p.Channels))
	if ops == 0 || len(p.Channels) > MostChannels || p.MaxTime <= 0 || p.LastLedger == 0 {
		return Tx{}, errors.New("an envelope makes 1 to 19 channels, and has an end")
	}
	if p.Fee < MinBaseFee || p.Fee > 1<<31/ops {
		return Tx{}, errors.New("the fee is out of range")
	}
	d := &draft{}
	for _, channel := range p.Channels {
		d.begin(p.Sponsor, channel)
		d.create(p.Sponsor, channel, 0)
		d.end(channel)
	}
	return d.build(frame{
		passphrase: p.Passphrase, source: p.Sponsor, sequence: p.Sequence, fee: uint32(p.Fee * ops),
		bounds: Bounds{MaxTime: p.MaxTime, MaxLedger: p.LastLedger + 1},
	})
}

// PayoutPlan pays an amount out of an account of ours to an account that exists.
type PayoutPlan struct {
	Passphrase string
	From       string
	To         string // G… or M…
	Asset      string
	Amount     relay.Stroops // stroops
	Memo       Memo
	Sequence   int64 // of From, the current one plus 1
	MaxTime    int64 // unix seconds, included
	LastLedger uint32
}

// BuildPayout returns the unsigned envelope, one Payment. It bids nothing for itself: a fee bump pays.
func BuildPayout(p PayoutPlan) (Tx, error) {
	if p.Amount <= 0 || p.MaxTime <= 0 || p.LastLedger == 0 {
		return Tx{}, errors.New("a payout has an amount and an end")
	}
	if to, err := BaseAccount(p.To); err != nil || to == p.From {
		return Tx{}, errors.New("a payout goes to another account, G… or M…")
	}
	d := &draft{}
	d.pay(p.From, p.To, p.Asset, p.Amount)
	return d.build(frame{
		passphrase: p.Passphrase, source: p.From, sequence: p.Sequence, memo: p.Memo,
		bounds: Bounds{MaxTime: p.MaxTime, MaxLedger: p.LastLedger + 1},
	})
}
