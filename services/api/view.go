package api

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// payment is how the app that made a payment sees it, field by field.
func payment(p relay.Payment) (wire.Payment, error) {
	out := wire.Payment{
		ID: string(p.ID), State: string(p.State), Reason: string(p.Reason), To: p.To.String(), Amount: p.Amount.String(),
		Asset: p.Asset, Policy: string(p.Policy), Custody: p.Custody(), CustodyText: p.CustodyText(), Delivery: string(p.Delivery), LinkMadeBy: p.LinkMadeBy,
		From: p.From, Direct: p.IsDirect(), Replaces: string(p.Replaces), Clawback: p.Clawback,
		Destination: destination(p), ReturnTo: p.ReturnTo, ReturnMemoType: p.ReturnMemo.Kind, ReturnMemo: p.ReturnMemo.Value, ExpiresAt: p.ExpiresAt.Time(), Reference: p.Reference,
		ReturnAsked: string(p.ReturnAsked), Settlement: settlement(p), CreatedAt: p.CreatedAt.Time(), UpdatedAt: p.UpdatedAt.Time(),
		Cost: wire.Cost{
			Fee: p.FeePaid.String(), FeeByOthers: p.FeeOther.String(), Payer: payer(p),
			ReserveLocked: (relay.Stroops(p.LockedUnits()+p.WalletUnits()) * stellar.BaseReserve).String(),
			ReserveGiven:  (relay.Stroops(p.SpentUnits) * stellar.BaseReserve).String(),
		},
	}
	out.Arrived, out.ArrivedRest = arrived(p)
	out.Collected, out.Ending = p.Collected, endingSaid(p, relay.ToSender)
	if p.Holding != "" && p.State != relay.Created && p.State != relay.Funding {
		from := p.NotBefore()
		out.HoldingAccount, out.NotBeforeLedger = &p.Holding, &from
	}
	if p.Metadata != "" {
		if err := json.Unmarshal([]byte(p.Metadata), &out.Metadata); err != nil {
			return out, fmt.Errorf("metadata of %s: %v", p.ID, err)
		}
	}
	return out, nil
}

// payer is who pays fees and reserves besides the amount; what others have paid is not among them.
func payer(p relay.Payment) string {
	if p.FromWallet() {
		return "sender"
	}
	return "service"
}

// claimView is how the holder of a link sees a payment.
func (s *server) claimView(p relay.Payment, app relay.App) wire.ClaimView {
	amount, _ := arrived(p)
	return wire.ClaimView{
		Arrived: amount, Ending: endingSaid(p, relay.ToRecipient),
		ID: string(p.ID), State: string(p.State), Reason: string(p.Reason), ReturnAsked: string(p.ReturnAsked), From: app.Name, To: p.To.Masked(), Amount: p.Amount.String(),
		Asset: p.Asset, Policy: string(p.Policy), Custody: p.Custody(), CustodyText: p.CustodyText(), ProvedBy: string(p.ProvedBy()), Delivery: string(p.Delivery), Purse: p.FromWallet(), Clawback: p.Clawback,
		ExpiresAt: p.ExpiresAt.Time(), Network: s.cfg.Network, Destination: destination(p), Settlement: settlement(p),
	}
}

func destination(p relay.Payment) *string {
	if p.IsDirect() && p.Destination == "" && !p.State.Ended() { // settled when it was accepted
		return &p.PayTo
	}
	if p.Destination == "" || p.State != relay.Claimed && p.State != relay.Settled && p.State != relay.Returned {
		return nil
	}
	return &p.Destination
}

func settlement(p relay.Payment) *wire.Settlement {
	if p.SettledTx == "" {
		return nil
	}
	return &wire.Settlement{Tx: p.SettledTx, Ledger: p.SettledAt}
}

// endingSaid is the end in words; "" while there is none.
func endingSaid(p relay.Payment, to relay.Reader) string {
	if !p.State.Ended() {
		return ""
	}
	return p.Ending().Sentence(to)
}

// arrived is what the ending transaction brought, and what lumens left besides; "" when there is none, or it does not tell.
func arrived(p relay.Payment) (amount, rest string) {
	if p.SettledTx == "" || p.Arrived < 0 {
		return "", ""
	}
	if p.ArrivedRest > 0 {
		rest = p.ArrivedRest.String()
	}
	return p.Arrived.String(), rest
}

func app(a relay.App) wire.App {
	return wire.App{
		ID: string(a.ID), Name: a.Name, Recipient: a.Recipient, Treasury: a.Treasury, MayVouch: a.MayVouch, Notify: a.Notify, Reclaim: a.Reclaim,
		CreatedAt: a.CreatedAt.Time(),
	}
}

// key shows a key; text is "" but in the answer that made it.
func key(k relay.Key, text string) wire.Key {
	return wire.Key{ID: k.ID, Text: text, Admin: k.Scopes.Has(relay.Admin), Scopes: k.Scopes.Names(), CreatedAt: k.CreatedAt.Time(), RevokedAt: moment(k.RevokedAt)}
}

func moment(m relay.Micros) *time.Time {
	if m == 0 {
		return nil
	}
	t := m.Time()
	return &t
}
