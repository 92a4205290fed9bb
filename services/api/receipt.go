package api

import (
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/wire"
)

// receipt hands the sender what brings the money home without us. Payment, box and ladder are of one snapshot: a payment
// that is funded anew between two readings would have the box of one holding account and the ladder of another.
func (s *server) receipt(c *call) (reply, error) {
	if err := onlyParams(c.Request); err != nil {
		return reply{}, err
	}
	p, err := s.own(c)
	if err != nil {
		return reply{}, err
	}
	var box []byte
	var envelopes []relay.Envelope
	err = s.Store.View(c.Context(), func(tx desk.Tx) (err error) {
		if p, err = tx.Payment(p.ID); err != nil {
			return err
		}
		if err := receiptable(p); err != nil {
			return err
		}
		if box, err = tx.Box(p.ID); err != nil {
			return err
		}
		envelopes, err = tx.EnvelopesOf(p.ID)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	out := wire.Receipt{
		Format: wire.ReceiptFormat, Payment: string(p.ID), Network: s.cfg.Network, HoldingAccount: p.Holding, Amount: p.Amount.String(),
		Asset: p.Asset, ReturnTo: p.ReturnTo, NotBeforeLedger: p.NotBefore(), Box: base64.StdEncoding.EncodeToString(box),
		RungFee: int64(p.RungFee), Ladder: ladder(p, envelopes), Explanation: explanation(p),
		LadderVersion: p.Ladder().Version, Wallet: p.Sponsor, ReturnMemoType: p.ReturnMemo.Kind, ReturnMemo: p.ReturnMemo.Value,
	}
	return reply{status: http.StatusOK, body: out}, nil
}

// receiptable says whether the money is in a holding account, as far as we know.
func receiptable(p relay.Payment) error {
	switch {
	case p.State.Ended():
		return relay.NewFault(relay.Conflict, "already_ended", "The payment has ended: there is nothing left that a receipt could bring home.", nil)
	case p.Holding == "" || p.State == relay.Created || p.State == relay.Funding:
		return relay.NewFault(relay.Conflict, "not_ready", "The money is not in its holding account yet; try again in a moment.", nil)
	}
	return nil
}

// ladder is the ways home that are left, in the order of use.
func ladder(p relay.Payment, envelopes []relay.Envelope) []wire.ReceiptRung {
	shape := p.Ladder()
	out := []wire.ReceiptRung{}
	for _, e := range relay.RungsLeft(envelopes, p.Holding) {
		out = append(out, wire.ReceiptRung{
			Rung: e.Rung, Hash: e.Hash, Envelope: base64.StdEncoding.EncodeToString(e.XDR), LastResort: shape.Role(e.Rung) == relay.LastResort,
			NeedsService: shape.Cosigned(e.Rung),
		})
	}
	return out
}

func explanation(p relay.Payment) string {
	how := "any funded account hands in the first rung of the ladder inside a fee bump; no key of the money is needed"
	if p.RungFee > 0 {
		how = "anybody hands in the first rung of the ladder as it is: it pays its own fee, and no key is needed"
	}
	return fmt.Sprintf("Keep this file where Restante is not. As long as nobody has claimed, it brings the money home to %s with Restante gone, from "+
		"ledger %d on: %s. Or open the box "+
		"(base64 of an age file) with the sender's age identity: it holds the key of the holding account. A rung that says needs_service "+
		"wants Restante's signature and is of no use without it.", p.ReturnTo, p.NotBefore(), how)
}
