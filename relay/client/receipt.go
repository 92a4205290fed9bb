package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// Receipt reads what brings the money of a waiting payment home without the relay: keep it somewhere else. Before the
// money is in its holding account that is a Problem "not_ready", after the end "already_ended". A receipt that would not
// work is ErrAnswer: each rung is checked to be the way home that it should be, signed by the holding account.
func (c *Client) Receipt(ctx context.Context, id string) (Receipt, error) {
	path, err := paymentPath(id, "/receipt")
	if err != nil {
		return Receipt{}, err
	}
	network, err := c.Network(ctx)
	if err != nil {
		return Receipt{}, err
	}
	var r Receipt
	if err := c.do(ctx, c.get(path), &r); err != nil {
		return Receipt{}, err
	}
	if err := fits(r.Payment, id); err != nil {
		return Receipt{}, err
	}
	if err := checkReceipt(r, network); err != nil {
		return Receipt{}, fmt.Errorf("%w: a receipt that would not work: %v", ErrAnswer, err)
	}
	return r, nil
}

func checkReceipt(r Receipt, network string) error {
	box, err := base64.StdEncoding.Strict().DecodeString(r.Box)
	switch {
	case r.Format != wire.ReceiptFormat:
		return errors.New("it is of another format")
	case r.Network != network:
		return errors.New("it is of another network")
	case err != nil || len(box) == 0:
		return errors.New("it has no box")
	case r.NotBeforeLedger == 0:
		return errors.New("it does not say from when on")
	}
	amount, err := relay.ParseAmount(r.Amount)
	if err != nil || stellar.CheckAsset(r.Asset) != nil || r.RungFee < 0 || r.RungFee > 10*relay.OwnRungFee {
		return errors.New("it does not say how much of what")
	}
	plan := stellar.ReturnPlan{Passphrase: network, Version: r.LadderVersion, Holding: r.HoldingAccount, ReturnTo: r.ReturnTo,
		Memo: relay.Memo{Kind: r.ReturnMemoType, Value: r.ReturnMemo}, LastLedger: r.NotBeforeLedger - 1, Wallet: r.Wallet,
		Asset: r.Asset, Amount: amount, Fee: uint32(r.RungFee)}
	ladder := plan.Ladder()
	for _, rung := range r.Ladder {
		by, err := stellar.SignedBy(rung.Envelope, network, r.HoldingAccount)
		if err != nil || len(by) != 1 {
			return fmt.Errorf("rung %d is not signed by the holding account", rung.Rung)
		}
		if rung.LastResort != (ladder.Role(rung.Rung) == relay.LastResort) {
			return fmt.Errorf("rung %d says wrongly what it is", rung.Rung)
		}
		if ladder.Cosigned(rung.Rung) {
			continue // needs the relay's own signature, and so is nothing to rely on
		}
		got, err := stellar.CheckReturn(rung.Envelope, plan, rung.Rung)
		if err != nil {
			return fmt.Errorf("rung %d does not bring the money to %s: %w", rung.Rung, r.ReturnTo, err)
		}
		if got.Hash != rung.Hash {
			return fmt.Errorf("rung %d has another hash", rung.Rung)
		}
	}
	return nil
}
