package events

import (
	"fmt"
	"time"

	"github.com/restante/restante/relay"
)

// PaymentV1 is a payment as the API names its fields, as far as they may be announced. What is not known yet is null.
type PaymentV1 struct {
	ID             string        `json:"id"`
	State          string        `json:"state"`
	Reason         *string       `json:"reason"`
	To             string        `json:"to"`              // masked: enough to recognise, too little to write to
	Amount         string        `json:"amount"`          // decimal, at most 7 places
	Asset          string        `json:"asset"`           // "native"
	Policy         string        `json:"policy"`          //
	Custody        string        `json:"custody"`         // who could move the money while it waits
	HoldingAccount *string       `json:"holding_account"` // null until funded
	Destination    *string       `json:"destination"`     // null until claimed
	ReturnTo       string        `json:"return_to"`
	ExpiresAt      string        `json:"expires_at"` // RFC 3339, UTC
	Reference      *string       `json:"reference"`
	Settlement     *SettlementV1 `json:"settlement"` // null until the payment has ended on the ledger
}

// SettlementV1 is the transaction that ended a payment.
type SettlementV1 struct {
	Tx     string `json:"tx"`     // hash, hex
	Ledger uint32 `json:"ledger"` // its ledger
}

func paymentV1(p relay.Payment) PaymentV1 {
	v := PaymentV1{
		ID:             string(p.ID),
		State:          string(p.State),
		Reason:         orNull(string(p.Reason)),
		To:             p.To.Masked(),
		Amount:         p.Amount.String(),
		Asset:          p.Asset,
		Policy:         string(p.Policy),
		Custody:        p.Custody(),
		HoldingAccount: orNull(p.Holding),
		Destination:    claimedInto(p),
		ReturnTo:       p.ReturnTo,
		ExpiresAt:      p.ExpiresAt.Time().Format(time.RFC3339Nano),
		Reference:      orNull(p.Reference),
	}
	if p.SettledTx != "" {
		v.Settlement = &SettlementV1{Tx: p.SettledTx, Ledger: p.SettledAt}
	}
	return v
}

// claimedInto is where the money went; while a claim is on its way it has gone nowhere.
func claimedInto(p relay.Payment) *string {
	if !p.State.Ended() {
		return nil
	}
	return orNull(p.Destination)
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Payment is e's payload. It fails for a version or type that has none, and for a payload that is not in its one spelling.
func (e Event) Payment() (PaymentV1, error) {
	if e.Version != Version {
		return PaymentV1{}, fmt.Errorf("%w: %d", ErrVersion, e.Version)
	}
	if !knownType(e.Type) {
		return PaymentV1{}, fmt.Errorf("%w: %q", ErrType, e.Type)
	}
	var v PaymentV1
	if err := canonical(e.Data, &v); err != nil {
		return PaymentV1{}, fmt.Errorf("events: payment: %v", err)
	}
	if v.ID == "" || !relay.State(v.State).Known() {
		return PaymentV1{}, fmt.Errorf("events: payment without an id or a state")
	}
	return v, nil
}
