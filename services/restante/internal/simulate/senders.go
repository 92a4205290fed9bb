package simulate

import (
	"context"
	"fmt"
	"maps"
	"time"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/services/restante/internal/demo"
)

// idleWallet is a wallet that was given nothing to do yet.
func (w *world) idleWallet() *wallet {
	for _, x := range w.wallets {
		if !x.sends {
			return x
		}
	}
	return nil
}

// sendsOwn sends out of a person's own wallet. Where it breaks off, the person hands in what was signed, or does not.
func (w *world) sendsOwn(ctx context.Context, p *payment, x *wallet) {
	x.sends, p.wallet = true, x
	sign := client.SignWith(network, secret.NewString(x.key().Seed()))
	if w.books.line(x.Address()) == nil {
		p.asset = lumens
	}
	var memo relay.Memo
	if w.chance.IntN(3) == 0 { // home is an account at an exchange
		p.returnTo, memo = w.exchange.Address(), relay.Memo{Kind: "text", Value: "sender 5"}
		p.marks[p.returnTo] = "text sender 5"
		w.books.expects(p.returnTo)
	}
	if w.chance.IntN(4) == 0 {
		sign = nil // he signs elsewhere, later
	}
	w.books.payments = append(w.books.payments, p)
	sent, err := p.app.client.SendOwn(ctx, client.OwnRequest{
		SendRequest: client.SendRequest{To: p.to, Amount: relay.Stroops(p.amount).String(), Asset: p.asset, Policy: p.policy, ExpiresIn: one(w, "1h", "24h")},
		From:        x.Address(), Recipients: []string{x.identity.Recipient().String()},
		Keep: func(r client.OwnReceipt) error {
			if p.holding = r.HoldingAccount; w.chance.IntN(12) == 0 {
				w.executes(p, "its holding account, made first", w.stranger, w.stranger.Address(), &txnbuild.CreateAccount{Destination: p.holding, Amount: "5"})
			}
			return nil
		},
		Prove: client.ProveWith(secret.NewString(x.key().Seed())), Sign: sign, ReturnTo: p.returnTo, ReturnMemo: memo,
	})
	w.trace.tell("%v payment %d out of a wallet: %s", w.sched.now, p.number, refusal(err))
	w.started(ctx, p, sent, err, sign == nil)
}

// started takes in what became of a payment that its sender's client funds; unsigned: its wallet has not signed yet.
func (w *world) started(ctx context.Context, p *payment, sent client.Sent, err error, unsigned bool) {
	p.id, p.link, p.refused = sent.Payment.ID, sent.Link, refusal(err)
	if p.id == "" {
		p.id = "unknown"
		return
	}
	p.accepted = true
	if sent.Funding != "" && (err != nil || unsigned) {
		w.fundsLater(ctx, p, sent.Funding, unsigned)
	}
	w.goesOn(ctx, p)
}

// fundsLater has the sender hand a funding in that did not go its usual way: to the relay, or to the network itself, sooner or later, and
// perhaps after he has canceled. Or he leaves it.
func (w *world) fundsLater(ctx context.Context, p *payment, funding string, unsigned bool) {
	if unsigned {
		var err error
		if funding, err = client.SignWith(network, secret.NewString(p.wallet.key().Seed()))(ctx, funding); err != nil {
			w.violate("payment %d: its wallet cannot sign its funding: %v", p.number, err)
			return
		}
	}
	switch w.chance.IntN(4) {
	case 0:
		w.again(10, func() bool {
			_, err := p.app.client.Fund(ctx, p.id, funding)
			return err == nil || refusal(err) != ""
		})
	case 1:
		w.cancels(ctx, p)
		fallthrough
	case 2:
		w.sched.sleep(w.between(0, 2*time.Minute))
		w.hands(p, "its funding", funding)
	}
}

// movesOn gives the money to another recipient by a move.
func (w *world) movesOn(ctx context.Context, old *payment) {
	p := &payment{app: old.app, number: old.number + 100, asset: old.asset, amount: old.amount, policy: one(w, "guarded", "link"), wallet: old.wallet, moves: old,
		to: "moved-" + old.to, flows: map[string]int64{}, lumens: map[string]int64{}, marks: map[string]string{}, returnTo: old.returnTo}
	maps.Copy(p.marks, old.marks)
	q := client.MoveRequest{ID: old.id, To: p.to, Policy: p.policy, Identities: []secret.Bytes{secret.NewString(old.opens().String())},
		Keep: func(r client.OwnReceipt) error { p.holding = r.HoldingAccount; return nil }}
	if old.wallet != nil {
		q.Sign = client.SignWith(network, secret.NewString(old.wallet.key().Seed()))
	}
	w.books.payments = append(w.books.payments, p)
	sent, err := old.app.client.Move(ctx, q)
	w.trace.tell("%v payment %d is to move on as %d: %s", w.sched.now, old.number, p.number, refusal(err))
	w.started(ctx, p, sent, err, false)
}

// opens is the identity that opens a payment's box for its sender.
func (p *payment) opens() *age.X25519Identity {
	if p.wallet != nil {
		return p.wallet.identity
	}
	return p.app.identity
}

// seed is the key of the holding account, out of the box, as a sender may have it at any time.
func (w *world) seed(ctx context.Context, p *payment) *keypair.Full {
	var key *keypair.Full
	w.again(10, func() bool {
		r, err := p.app.client.Receipt(ctx, p.id)
		if err != nil {
			return refusal(err) == "not_found"
		}
		key, err = demo.SeedOf(r, p.opens())
		if err != nil {
			w.violate("payment %d: its sender cannot open its box: %v", p.number, err)
		}
		return true
	})
	return key
}

// tampers has the holder of the key do to the holding account what the key allows, and a stranger what anybody can.
func (w *world) tampers(ctx context.Context, p *payment) {
	key := w.seed(ctx, p)
	if key == nil {
		return
	}
	address := key.Address()
	if w.chance.IntN(4) == 0 {
		w.executes(p, "dust", w.stranger, w.stranger.Address(), &txnbuild.Payment{Destination: address, Amount: "0.0000001", Asset: txnbuild.NativeAsset{}})
		p.tampered = "dust"
		return
	}
	a := w.act(p, key)
	p.tampered = a.what
	if p.tampered == "sponsors others" {
		w.executesBy(p, a.what, []*keypair.Full{key, w.stranger}, address, a.ops...)
		return
	}
	w.executes(p, a.what, key, address, a.ops...)
	if a.what != "exit" || w.chance.IntN(2) == 0 {
		return
	}
	w.sched.sleep(w.between(5*time.Second, time.Minute)) // and makes an account of the same name anew, which goes another way
	w.executes(p, "the account, anew", w.stranger, w.stranger.Address(), &txnbuild.CreateAccount{Destination: address, Amount: "30"})
	w.sched.sleep(w.between(5*time.Second, time.Minute))
	w.executes(p, "its end", key, address, &txnbuild.AccountMerge{Destination: one(w, w.stranger.Address(), p.app.Treasury)})
}

// act is something that the key of a holding account allows.
type act struct {
	what string
	ops  []txnbuild.Operation
}

func (w *world) act(p *payment, key *keypair.Full) act {
	out, address := w.stranger.Address(), key.Address()
	acts := []act{
		{"data", []txnbuild.Operation{&txnbuild.ManageData{Name: "mine", Value: []byte("x")}}},
		{"signer", []txnbuild.Operation{&txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: out, Weight: 1}}}},
		{"bump", []txnbuild.Operation{&txnbuild.BumpSequence{BumpTo: 1 << 62}}},
		{"sponsors others", []txnbuild.Operation{&txnbuild.BeginSponsoringFutureReserves{SponsoredID: out},
			&txnbuild.ManageData{Name: "kept by " + address[:8], Value: []byte("x"), SourceAccount: out}, &txnbuild.EndSponsoringFutureReserves{SourceAccount: out}}},
		{"next number", []txnbuild.Operation{&txnbuild.BumpSequence{BumpTo: 0}}},
	}
	if p.asset == lumens {
		return one(w, append(acts,
			act{"exit", []txnbuild.Operation{&txnbuild.AccountMerge{Destination: out}}},
			act{"half", []txnbuild.Operation{&txnbuild.Payment{Destination: out, Amount: "9", Asset: txnbuild.NativeAsset{}}}})...)
	}
	pays := func(to, amount string) txnbuild.Operation {
		return &txnbuild.Payment{Destination: to, Amount: amount, Asset: w.credit()}
	}
	return one(w, append(acts,
		act{"exit", []txnbuild.Operation{pays(out, relay.Stroops(p.amount).String()), &txnbuild.ChangeTrust{Line: w.trusts().Line, Limit: "0"}, &txnbuild.AccountMerge{Destination: out}}},
		act{"half", []txnbuild.Operation{pays(out, "9")}})...)
}

// executes hands in a transaction of an account's own.
func (w *world) executes(p *payment, what string, by *keypair.Full, account string, ops ...txnbuild.Operation) {
	w.executesBy(p, what, []*keypair.Full{by}, account, ops...)
}

func (w *world) executesBy(p *payment, what string, by []*keypair.Full, account string, ops ...txnbuild.Operation) {
	if w.books.account(account) == nil {
		return
	}
	text, err := w.signed(by, account, ops...)
	if err != nil {
		w.violate("payment %d: %s cannot be signed: %v", p.number, what, err)
		return
	}
	w.hands(p, what, text)
}

// signed is a transaction of an account's own, base64.
func (w *world) signed(by []*keypair.Full, account string, ops ...txnbuild.Operation) (string, error) {
	a := w.books.account(account)
	if a == nil {
		return "", fmt.Errorf("there is no account %s", account)
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{SourceAccount: &txnbuild.SimpleAccount{AccountID: account, Sequence: int64(a.SeqNum)},
		IncrementSequenceNum: true, Operations: ops, BaseFee: 10_000, Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()}})
	if err == nil {
		tx, err = tx.Sign(network, by...)
	}
	if err != nil {
		return "", err
	}
	return tx.Base64()
}

// hands hands an envelope in to the network itself.
func (w *world) hands(p *payment, what, envelope string) {
	answer, _, err := w.net.Submit(envelope)
	about := ""
	if p != nil {
		about = fmt.Sprintf(", payment %d", p.number)
	}
	w.trace.tell("%v a person hands in %s%s: %s %v", w.sched.now, what, about, answer.Status, err)
}

// handsIn has the sender hand in the way back without the service, one rung after the other.
func (w *world) handsIn(ctx context.Context, p *payment) {
	var r client.Receipt
	if !w.again(10, func() bool {
		var err error
		r, err = p.app.client.Receipt(ctx, p.id)
		return err == nil
	}) {
		return
	}
	for i, rung := range r.Ladder {
		if rung.NeedsService {
			continue
		}
		text := rung.Envelope
		if r.RungFee == 0 {
			bump, err := stellar.BuildFeeBump(text, network, w.stranger.Address(), 10_000)
			if err == nil {
				text, err = stellar.Sign(bump.XDR, network, w.stranger)
			}
			if err != nil {
				w.violate("payment %d: a rung of its receipt cannot be wrapped: %v", p.number, err)
				return
			}
		}
		w.hands(p, fmt.Sprintf("rung %d", i), text)
		w.sched.sleep(w.between(0, 20*time.Second))
	}
}
