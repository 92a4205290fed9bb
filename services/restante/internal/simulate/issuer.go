package simulate

import (
	"context"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
)

// issuerActs has the issuer freeze the money of a payment, or take it back, or freeze the app's treasury for a while.
func (w *world) issuerActs(p *payment) {
	if p.home == "" {
		return
	}
	take := func(amount int64) {
		w.executes(p, "a clawback", w.issuer, w.issuer.Address(), &txnbuild.Clawback{From: p.home, Amount: relay.Stroops(amount).String(), Asset: w.credit()})
	}
	switch w.chance.IntN(5) {
	case 0:
		take(p.amount)
	case 1:
		take(1 + w.chance.Int64N(p.amount-1))
	case 2, 3:
		w.freezes(p, p.home, w.chance.IntN(8) > 0)
	case 4:
		w.freezes(p, p.app.Treasury, true)
	}
}

// freezes takes an account's authorisation for the asset away, and gives it back after a while, if it thaws. What the issuer does goes on
// until the ledger shows it.
func (w *world) freezes(p *payment, account string, thaws bool) {
	is := func() bool {
		line := w.books.line(account)
		return line == nil || line.Flags&1 != 0
	}
	set := &txnbuild.SetTrustLineFlags{Trustor: account, Asset: w.credit(), ClearFlags: []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorized}}
	w.executes(p, "a freeze", w.issuer, w.issuer.Address(), set)
	if !thaws {
		return
	}
	w.sched.sleep(w.between(time.Minute, 4*time.Minute))
	w.again(60, func() bool {
		if is() {
			return true
		}
		w.executes(p, "a thaw", w.issuer, w.issuer.Address(), &txnbuild.SetTrustLineFlags{Trustor: account, Asset: w.credit(), SetFlags: []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorized}})
		return false
	})
}

// takesUp is an app that begins to send the issuer's asset: it asks for a trustline, and the issuer pays some of it in.
func (w *world) takesUp(ctx context.Context, a *app) {
	if !w.again(40, func() bool {
		_, err := a.client.Trust(ctx, w.asset)
		w.trace.tell("%v %s asks for a trustline: %s", w.sched.now, a.Name, refusal(err))
		return err == nil
	}) {
		return
	}
	var paid string
	var err error
	w.again(60, func() bool {
		if w.books.line(a.Treasury).Balance > 0 {
			a.holds = true
			return true
		}
		if paid == "" { // one transaction, so that it is paid once
			paid, err = w.signed([]*keypair.Full{w.issuer}, w.issuer.Address(), &txnbuild.Payment{Destination: a.Treasury, Amount: "1000", Asset: w.credit()})
		}
		if err == nil {
			w.hands(nil, "the issuer's payment", paid)
		}
		return err != nil
	})
}

// fillsUp pays lumens into a treasury that had next to nothing, after some minutes.
func (w *world) fillsUp(a *app) {
	w.sched.sleep(w.between(2*time.Minute, 8*time.Minute))
	had := w.books.has(a.Treasury, lumens)
	var paid string
	var err error
	w.again(60, func() bool {
		if w.books.has(a.Treasury, lumens) > had+int64(1000*relay.One) {
			return true
		}
		if paid == "" { // one transaction, so that it is paid once
			paid, err = w.signed([]*keypair.Full{w.stranger}, w.stranger.Address(), &txnbuild.Payment{Destination: a.Treasury, Amount: "2000", Asset: txnbuild.NativeAsset{}})
		}
		if err == nil {
			w.hands(nil, "lumens for a treasury", paid)
		}
		return err != nil
	})
}
