package client_test

import (
	"errors"
	"testing"

	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// receipt is an honest one: the ladder of a funding that could land up to ledger 520.
func (f *fake) receipt(p *fakePayment) *wire.Receipt {
	plan := stellar.ReturnPlan{Asset: "native",
		Passphrase: testnet, Holding: addr("holding"), ReturnTo: p.ReturnTo, LastLedger: 520, Sponsor: addr("sponsor"), Amount: 25_0000000,
	}
	r := &wire.Receipt{
		Format: wire.ReceiptFormat, Payment: p.ID, Network: testnet, HoldingAccount: addr("holding"), Amount: p.Amount, Asset: p.Asset,
		ReturnTo: p.ReturnTo, NotBeforeLedger: 521, Box: p.box, Explanation: "keep it", Wallet: p.keeper,
	}
	ladder, err := stellar.BuildLadder(plan)
	if err != nil {
		f.t.Error(err)
	}
	for _, rung := range ladder {
		text, err := stellar.Sign(rung.XDR, testnet, key("holding"))
		if err != nil {
			f.t.Error(err)
		}
		r.Ladder = append(r.Ladder, wire.ReceiptRung{Rung: rung.K, Hash: rung.Hash, Envelope: text, LastResort: rung.K == stellar.LastResort})
	}
	return r
}

func TestReceipt(t *testing.T) {
	f := newFake(t)
	sent, err := f.sender().Send(t.Context(), client.SendRequest{To: "ana@example.com", Amount: "25"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.sender().Receipt(t.Context(), sent.Payment.ID)
	if err != nil || len(r.Ladder) != 3 || r.Ladder[0].LastResort || !r.Ladder[2].LastResort {
		t.Fatalf("%+v, %v", r, err)
	}
	thief := stellar.ReturnPlan{Passphrase: testnet, Holding: addr("holding"), ReturnTo: addr("thief"), LastLedger: 520, Asset: "native", Amount: 25_0000000}
	for name, spoil := range map[string]func(*wire.Receipt){
		"another format":   func(r *wire.Receipt) { r.Format = "restante-receipt-2" },
		"another payment":  func(r *wire.Receipt) { r.Payment = "pay_aaaaaaaaaaaaaaaaaaaaaaaaaa" },
		"another network":  func(r *wire.Receipt) { r.Network = "Public Global Stellar Network ; September 2015" },
		"no box":           func(r *wire.Receipt) { r.Box = "" },
		"no ledger":        func(r *wire.Receipt) { r.NotBeforeLedger = 0 },
		"later than said":  func(r *wire.Receipt) { r.NotBeforeLedger-- },
		"another hash":     func(r *wire.Receipt) { r.Ladder[0].Hash = r.Ladder[1].Hash },
		"all last resorts": func(r *wire.Receipt) { r.Ladder[0].LastResort, r.Ladder[1].LastResort = true, true },
		"no last resort":   func(r *wire.Receipt) { r.Ladder[2].LastResort = false },
		"rungs exchanged":  func(r *wire.Receipt) { r.Ladder[0].Envelope = r.Ladder[1].Envelope },
		"another account":  func(r *wire.Receipt) { r.HoldingAccount = addr("other") },
		"to a thief": func(r *wire.Receipt) {
			rung, err := stellar.BuildReturn(thief, 2)
			if err != nil {
				t.Error(err)
			}
			r.Ladder[0].Hash = rung.Hash
			if r.Ladder[0].Envelope, err = stellar.Sign(rung.XDR, testnet, key("holding")); err != nil {
				t.Error(err)
			}
		},
		"not signed": func(r *wire.Receipt) {
			honest := thief
			honest.ReturnTo = r.ReturnTo
			rung, err := stellar.BuildReturn(honest, 2)
			if err != nil {
				t.Error(err)
			}
			r.Ladder[0].Envelope = rung.XDR
		},
	} {
		f.lie = func(_ string, answer any) {
			if r, ok := answer.(*wire.Receipt); ok {
				spoil(r)
			}
		}
		if r, err := f.sender().Receipt(t.Context(), sent.Payment.ID); !errors.Is(err, client.ErrAnswer) || r.Box != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
