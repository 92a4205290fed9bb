package signer

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// A thief who has taken the worker over has its database and the signer's door, but no link and no seed. Every signature
// that he can get out of the signer is collected; none moves money out of a holding account except home.
func TestWorkerTakenOver(t *testing.T) {
	r := newFixture(t)
	ctx := t.Context()
	mallory := keypair.MustRandom()
	a := r.fund(r.intent(payment(), payment()))
	holdings := map[string]bool{}
	var loot [][]byte
	take := func(raw []byte, err error) {
		if err == nil && len(raw) > 0 {
			loot = append(loot, raw)
		}
	}
	takeFunding := func(in relay.FundIntent) {
		got, err := r.s.Fund(ctx, in)
		take(got.Envelope.XDR, err)
		for _, m := range got.Minted {
			holdings[m.Account] = true
			for _, rung := range m.Ladder {
				take(rung.XDR, err)
			}
		}
	}

	// Fund to a way back of his own, a funded payment again, with another amount, through another channel or app.
	id := a.Minted[0].Payment
	elsewhere := r.intent(payment())
	elsewhere.Mints[0].ReturnTo = mallory.Address()
	again := r.intent(id)
	again.Mints[0].ReturnTo, again.Mints[0].Amount = mallory.Address(), 1000*relay.One
	other := r.intent(payment(), id)
	other.Channel = r.s.book.channels[1]
	foreign := r.intent(id)
	foreign.App = "app_mallory"
	if _, err := r.s.Treasury(ctx, "app_mallory"); err != nil {
		t.Fatal(err)
	}
	for _, in := range []relay.FundIntent{elsewhere, again, other, foreign, r.intent(id, payment())} {
		takeFunding(in)
	}
	if len(r.s.book.fundings) != 1 {
		t.Errorf("%d fundings of one payment", len(r.s.book.fundings))
	}
	takeFunding(r.intent(a.Envelope.Payments...))

	// Claim what is waiting, and what is none of a payment's, into his own account; complete it with his own key.
	for _, m := range a.Minted {
		for _, from := range []string{m.Account, r.home, r.sponsor, r.channel} {
			for _, fresh := range []bool{true, false} {
				in := r.claimIntent(m, mallory.Address())
				in.Holding, in.NewAccount = from, fresh
				e, err := r.s.Claim(ctx, in)
				take(e.XDR, err)
				if err == nil {
					take(r.s.Bump(ctx, e.Hash, e.XDR, relay.One))
					take(r.s.Bump(ctx, e.Hash, r.sign(e.XDR, mallory), relay.One))
					take(r.s.Bump(ctx, e.Hash, a.Envelope.XDR, relay.One))
				}
			}
		}
	}

	// Have a transaction of his own signed, as an envelope of any hash.
	theft, err := stellar.BuildClaim(stellar.ClaimPlan{
		Passphrase: passphrase, Holding: r.home, Destination: mallory.Address(), Asset: relay.Native, Amount: 1, Keeper: mallory.Address(), Sequence: 5, MaxTime: 1_900_000_000, LastLedger: 9000,
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(theft.XDR)
	if err != nil {
		t.Fatal(err)
	}
	hashes := []string{theft.Hash, a.Envelope.Hash}
	for _, m := range a.Minted {
		for _, rung := range m.Ladder {
			hashes = append(hashes, rung.Hash)
		}
	}
	for _, h := range hashes {
		take(r.s.Bump(ctx, h, r.sign(raw, mallory), relay.One))
	}

	if len(loot) < 20 || len(holdings) != 2 {
		t.Fatalf("only %d envelopes of %d holding accounts", len(loot), len(holdings))
	}
	for _, raw := range loot {
		r.harmless(raw, holdings, mallory.Address())
	}
}

// A line that was forged without the key is refused at start. One that was forged with it does not have the sponsor sign away
// its money as the way back of a payment.
func TestForgedRung(t *testing.T) {
	r := newFixture(t)
	before := r.readLog()
	number, sum := r.s.log.n, r.s.log.sum
	a := r.fund(r.intent(payment()))
	var l fundingLine
	if _, err := r.s.log.body(r.s.book.fundings[a.Envelope.Hash].span, &l); err != nil {
		t.Fatal(err)
	}
	r.s.Close()
	thief := keypair.MustRandom().Address()
	theft, err := stellar.BuildClaim(stellar.ClaimPlan{
		Passphrase: passphrase, Holding: r.sponsor, Destination: thief, Asset: relay.Native, Amount: 1, Keeper: thief, Sequence: 5,
		MaxTime: 1_900_000_000, LastLedger: 9000,
	})
	if err != nil {
		t.Fatal(err)
	}
	rung := &l.Minted[0].Ladder[2]
	if rung.Hash = theft.Hash; rung.Rung != stellar.LastResort {
		t.Fatal("not the last resort")
	}
	if rung.XDR, err = base64.StdEncoding.DecodeString(theft.XDR); err != nil {
		t.Fatal(err)
	}
	forged := func(key secret.Key) {
		line, _ := formatLine(number+1, sum, 1, fundingKind, []byte(text(t, l)), key)
		r.writeLog(append(append(bytes.Clone(before), line...), '\n'))
	}
	forged(secret.Key{})
	r.refuses("it has no mac")
	forged(secret.RandomKey())
	r.refuses("it was forged")
	forged(r.logKey())
	r.open()
	raw, err := r.s.Bump(t.Context(), theft.Hash, nil, relay.One)
	if relay.CodeOf(err) != "log_altered" || raw != nil {
		t.Errorf("signed: %v", err)
	}
}

// harmless checks an envelope that the signer gave away: whatever it takes out of an account that signed it goes home, or
// into a holding account.
func (r *fixture) harmless(raw []byte, holdings map[string]bool, thief string) {
	r.t.Helper()
	var env xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshal(raw, &env); err != nil {
		r.t.Fatal(err)
	}
	if env.IsFeeBump() {
		if source := env.FeeBumpAccount(); source.Address() != r.sponsor {
			r.t.Error("a bump that another account pays")
		}
		env = xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: env.FeeBump.Tx.InnerTx.V1}
	}
	text, err := xdr.MarshalBase64(env)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, op := range env.V1.Tx.Operations {
		source := op.SourceAccount.ToAccountId()
		if by, err := stellar.SignedBy(text, passphrase, source.Address()); err != nil || len(by) == 0 {
			continue // without that signature nothing of the envelope happens
		}
		switch op.Body.Type {
		case xdr.OperationTypeBeginSponsoringFutureReserves, xdr.OperationTypeEndSponsoringFutureReserves:
		case xdr.OperationTypeAccountMerge:
			to := op.Body.Destination.ToAccountId()
			if !holdings[source.Address()] || to.Address() != r.home && to.Address() != r.sponsor {
				r.t.Errorf("%s merges into %s", source.Address(), to.Address())
			}
		case xdr.OperationTypeCreateClaimableBalance:
			for _, c := range op.Body.CreateClaimableBalanceOp.Claimants {
				if c.V0.Destination.Address() != r.home {
					r.t.Errorf("%s can claim", c.V0.Destination.Address())
				}
			}
		case xdr.OperationTypeCreateAccount:
			made := op.Body.CreateAccountOp
			own := source.Address() == r.home && holdings[made.Destination.Address()] && made.StartingBalance == xdr.Int64(25*relay.One)
			empty := source.Address() == r.sponsor && made.Destination.Address() == thief && made.StartingBalance == 0
			if !own && !empty {
				r.t.Errorf("%s makes %s with %d", source.Address(), made.Destination.Address(), made.StartingBalance)
			}
		default:
			r.t.Errorf("operation %v", op.Body.Type)
		}
	}
}

// An attacker who has taken the API over can have kept what he mints himself. He gets no signature of ours on a move of money
// whose holding key he does not have, nor on anything that pays another account.
func TestAPITakenOver(t *testing.T) {
	r := newFixture(t)
	ctx := t.Context()
	mallory := keypair.MustRandom()
	victim := r.fund(r.intent(payment())).Minted[0]
	ours := map[string]bool{r.sponsor: true, r.home: true, r.channel: true, victim.Account: true}
	signed := func(what string, raw []byte) {
		t.Helper()
		text := base64.StdEncoding.EncodeToString(raw)
		tx, err := stellar.Decode(text, passphrase)
		if err != nil {
			t.Fatal(err)
		}
		for account := range ours {
			if by, err := stellar.SignedBy(text, passphrase, account); err != nil || len(by) > 0 {
				t.Errorf("%s: %s is signed by %s, %v", what, tx.Hash, account, err)
			}
		}
	}

	// The victim's money, into a holding account whose key is his: kept, and never completed.
	theft := r.keep(r.moving(victim, 0).minted())
	signed("a move", theft.Envelope.XDR)
	for _, given := range [][]byte{nil, theft.Envelope.XDR, r.sign(theft.Envelope.XDR, mallory)} {
		if raw, err := r.s.Bump(ctx, theft.Envelope.Hash, given, relay.One); err == nil || raw != nil {
			t.Error("a move is completed without the key of what it empties")
		}
	}
	// A payment of his own, whose co-signed rungs are the only envelopes that the sponsor signs, and in them nothing but the Begin.
	own := r.wallet(relay.Native)
	own.mint.ReturnTo = mallory.Address()
	kept := r.keep(own.minted())
	signed("a funding", kept.Envelope.XDR)
	for _, rung := range kept.Minted[0].Ladder {
		signed("a rung", rung.XDR)
		r.view.advice.Use = rung.Hash
		raw, err := r.s.Bump(ctx, rung.Hash, nil, relay.One)
		if err != nil {
			t.Fatal(err)
		}
		if rung.State == relay.Signed {
			signed("a rung", raw)
			continue
		}
		var env xdr.TransactionEnvelope
		if err := xdr.SafeUnmarshal(raw, &env); err != nil {
			t.Fatal(err)
		}
		for i, op := range env.V1.Tx.Operations {
			source := op.SourceAccount.ToAccountId()
			if (source.Address() == r.sponsor) != (op.Body.Type == xdr.OperationTypeBeginSponsoringFutureReserves) {
				t.Errorf("operation %d of a co-signed rung, %v, is the sponsor's", i, op.Body.Type)
			}
		}
	}
	// A trustline moves nothing, and the sponsor pays for it.
	outer, _, err := r.s.Trust(ctx, r.app, r.credit(), 3, r.view.head)
	if err != nil {
		t.Fatal(err)
	}
	var env xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshal(outer, &env); err != nil {
		t.Fatal(err)
	}
	for _, op := range env.FeeBump.Tx.InnerTx.V1.Tx.Operations {
		switch op.Body.Type {
		case xdr.OperationTypeBeginSponsoringFutureReserves, xdr.OperationTypeEndSponsoringFutureReserves, xdr.OperationTypeChangeTrust:
		default:
			t.Errorf("operation %v", op.Body.Type)
		}
	}
}
