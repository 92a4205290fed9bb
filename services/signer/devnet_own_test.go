package signer_test

import (
	"crypto/rand"
	"encoding/base64"
	"testing"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/unseal"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/mint"
	"github.com/restante/restante/relay/stellar"
)

// made is an account of the fixture's own, with lumens in it.
func (w *ledgerFixture) made() *keypair.Full {
	w.Helper()
	k := keypair.MustRandom()
	if _, err := w.net.Fund(w.Context(), k.Address()); err != nil {
		w.Fatal(err)
	}
	return k
}

func (w *ledgerFixture) next(account string) int64 {
	w.Helper()
	n, err := w.port.Sequence(w.Context(), account)
	if err != nil {
		w.Fatal(err)
	}
	return n + 1
}

// holds is what an account has of an asset.
func (w *ledgerFixture) holds(account, asset string) relay.Stroops {
	w.Helper()
	facts, _, err := w.port.Look(w.Context(), asset, account)
	if err != nil {
		w.Fatal(err)
	}
	return facts[account].Spendable
}

// land hands an envelope in as it is and wants it in a ledger, successful, under its own hash.
func (w *ledgerFixture) land(raw []byte) relay.Sighting {
	w.Helper()
	tx, err := stellar.Decode(base64.StdEncoding.EncodeToString(raw), passphrase)
	if err != nil {
		w.Fatal(err)
	}
	answer, err := w.port.Submit(w.Context(), raw)
	if err != nil {
		w.Fatal(err)
	}
	w.close(1)
	seen, err := w.port.Sight(w.Context(), tx.Hash)
	if err != nil || seen == nil || !seen.Success || seen.Tx != tx.Hash {
		w.Fatalf("%s %s: seen %+v, %v", answer.Word, answer.Code, seen, err)
	}
	return *seen
}

func (w *ledgerFixture) signed(text string, keys ...*keypair.Full) []byte {
	w.Helper()
	text, err := stellar.Sign(text, passphrase, keys...)
	if err != nil {
		w.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		w.Fatal(err)
	}
	return raw
}

// issue makes an asset, gives the treasury its trustline by the signer, and fills it; a wallet named gets both as well.
func (w *ledgerFixture) issue(wallets ...*keypair.Full) string {
	w.Helper()
	issuer := w.made()
	asset := "USDC:" + issuer.Address()
	outer, hash, err := w.s.Trust(w.Context(), app, asset, w.next(w.treasury), w.head())
	if err != nil {
		w.Fatal(err)
	}
	if _, err := w.port.Submit(w.Context(), outer); err != nil {
		w.Fatal(err)
	}
	w.close(1)
	if seen, err := w.port.Sight(w.Context(), hash); err != nil || seen == nil || !seen.Success {
		w.Fatalf("the treasury has no trustline: %+v, %v", seen, err)
	}
	filled := []string{w.treasury}
	for _, k := range wallets {
		head := w.head()
		tx, err := stellar.BuildTrust(stellar.TrustPlan{Passphrase: passphrase, Account: k.Address(), Asset: asset, Sponsor: issuer.Address(),
			Sequence: w.next(k.Address()), MaxTime: head.CloseTime + 60, LastLedger: head.Sequence + 9})
		if err != nil {
			w.Fatal(err)
		}
		bump, err := stellar.BuildFeeBump(base64.StdEncoding.EncodeToString(w.signed(tx.XDR, k, issuer)), passphrase, issuer.Address(), 200)
		if err != nil {
			w.Fatal(err)
		}
		if _, err := w.port.Submit(w.Context(), w.signed(bump.XDR, issuer)); err != nil {
			w.Fatal(err)
		}
		w.close(1)
		filled = append(filled, k.Address())
	}
	plan := stellar.FundingPlan{Passphrase: passphrase, Channel: issuer.Address(), Sponsor: issuer.Address(), Treasury: issuer.Address(),
		Sequence: w.next(issuer.Address()), MaxTime: w.head().CloseTime + 60, LastLedger: w.head().Sequence + 9, Fee: 1000}
	for _, a := range filled {
		plan.Payments = append(plan.Payments, stellar.Holding{Asset: asset, Amount: 1000 * relay.One, PayTo: a})
	}
	tx, err := stellar.BuildFunding(plan)
	if err != nil {
		w.Fatal(err)
	}
	w.land(w.signed(tx.XDR, issuer))
	return asset
}

// asksForMemos has an account ask for a memo on what it receives (SEP-29).
func (w *ledgerFixture) asksForMemos(k *keypair.Full) {
	w.Helper()
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: k.Address(), Sequence: w.next(k.Address()) - 1}, IncrementSequenceNum: true, BaseFee: 100,
		Operations:    []txnbuild.Operation{&txnbuild.ManageData{Name: stellar.MemoRequiredKey, Value: []byte("1")}},
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	})
	if err != nil {
		w.Fatal(err)
	}
	text, err := tx.Base64()
	if err != nil {
		w.Fatal(err)
	}
	w.land(w.signed(text, k))
}

// intent is a funding of payments of three of an asset.
func (w *ledgerFixture) intent(asset string, ids ...relay.PaymentID) relay.FundIntent {
	w.Helper()
	head := w.head()
	in := relay.FundIntent{App: app, Channel: w.channel, Sequence: w.next(w.channel), SignedAt: head.Sequence, Bound: head.Sequence + 3, MaxTime: head.CloseTime + 600}
	for _, id := range ids {
		in.Mints = append(in.Mints, w.mint(id, asset, w.treasury))
	}
	return in
}

func (w *ledgerFixture) mint(id relay.PaymentID, asset, home string) relay.Mint {
	w.Helper()
	other, err := age.GenerateX25519Identity()
	if err != nil {
		w.Fatal(err)
	}
	return relay.Mint{Payment: id, Amount: 3 * relay.One, Asset: asset, ReturnTo: home, ExpiresAt: relay.Seconds(w.head().CloseTime + 7200),
		SenderRecipients: []string{other.Recipient().String()}, ClaimRecipient: w.reader.Recipient().String()}
}

func (w *ledgerFixture) keyOf(m relay.Minted) *keypair.Full {
	w.Helper()
	c, err := unseal.Open(m.Box, w.reader, box.Expect{Payment: string(m.Payment), Network: passphrase, Account: m.Account, Asset: m.Asset, Amount: int64(m.Amount)})
	if err != nil {
		w.Fatal(err)
	}
	return keypair.MustParseFull(string(c.Secret.Reveal()))
}

func (w *ledgerFixture) claim(m relay.Minted, change func(*relay.ClaimIntent), keys ...*keypair.Full) {
	w.Helper()
	head := w.head()
	in := relay.ClaimIntent{Payment: m.Payment, Holding: m.Account, Sequence: w.next(m.Account), SignedAt: head.Sequence, Bound: head.Sequence + 5, MaxTime: head.CloseTime + 600}
	change(&in)
	e, err := w.s.Claim(w.Context(), in)
	if err != nil {
		w.Fatal(err)
	}
	if e.Destination != in.Destination || e.NewLine != in.NewLine || e.NewAccount != in.NewAccount || m.Asset != e.Asset || m.Asset != relay.Native && e.Amount != m.Amount {
		w.Errorf("%+v", e)
	}
	w.send(e.Hash, w.signed(base64.StdEncoding.EncodeToString(e.XDR), append(keys, w.keyOf(m))...), true)
}

// A full batch of a credit asset lands, and every way out of its holding accounts brings all of it where it belongs.
func TestCreditOnALedger(t *testing.T) {
	w := newLedgerFixture(t)
	issued := w.made() // to be an account without a line, later
	asset := w.issue()
	const three = 3 * relay.One
	a, err := w.s.Fund(t.Context(), w.intent(asset, payments(17)...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.Fund(t.Context(), w.intent(asset, payments(18)...)); relay.CodeOf(err) != "batch_size" {
		t.Error("18:", err)
	}
	lumens := w.balance(w.treasury)
	w.send(a.Envelope.Hash, nil, true)
	if w.balance(w.treasury) != lumens || w.holds(w.treasury, asset) != 1000*relay.One-17*three {
		t.Errorf("the treasury has %s", w.holds(w.treasury, asset))
	}
	w.close(3)
	home := w.holds(w.treasury, asset)
	w.send(a.Minted[0].Ladder[0].Hash, nil, true)
	w.send(a.Minted[1].Ladder[1].Hash, nil, true)
	if got := w.holds(w.treasury, asset); got != home+2*three {
		t.Errorf("the treasury has %s", got)
	}
	for _, hash := range []string{a.Minted[2].Ladder[2].Hash, a.Minted[3].Ladder[3].Hash} { // the bare one, and the last resort
		if _, err := w.s.Bump(t.Context(), hash, nil, relay.One); relay.CodeOf(err) != "rung_not_due" {
			t.Errorf("a rung that would fail, or is not needed: %v", err)
		}
	}
	if got := w.holds(w.treasury, asset); got != home+2*three {
		t.Errorf("the treasury has %s", got)
	}

	ana := keypair.MustRandom()
	w.claim(a.Minted[4], func(in *relay.ClaimIntent) { in.Destination, in.NewAccount = ana.Address(), true }, ana)
	if got := w.holds(ana.Address(), asset); got != three {
		t.Errorf("she has %s", got)
	}
	w.claim(a.Minted[5], func(in *relay.ClaimIntent) { in.Destination, in.NewLine = issued.Address(), true }, issued)
	if got := w.holds(issued.Address(), asset); got != three {
		t.Errorf("the account without a line has %s", got)
	}
	raw, err := strkey.Decode(strkey.VersionByteAccountID, issued.Address())
	if err != nil {
		t.Fatal(err)
	}
	muxed, err := strkey.Encode(strkey.VersionByteMuxedAccount, append(raw, 0, 0, 0, 0, 0, 0, 0, 7))
	if err != nil {
		t.Fatal(err)
	}
	w.claim(a.Minted[6], func(in *relay.ClaimIntent) { in.Destination = muxed })
	w.claim(a.Minted[7], func(in *relay.ClaimIntent) {
		in.Destination, in.Memo = issued.Address(), relay.Memo{Kind: "id", Value: "18446744073709551615"}
	})
	if got := w.holds(issued.Address(), asset); got != 3*three {
		t.Errorf("the account has %s", got)
	}
}

// One envelope makes holding accounts and pays people directly, in lumens and in credit.
func TestDirectOnALedger(t *testing.T) {
	w := newLedgerFixture(t)
	ana := w.made()
	asset := w.issue(ana)
	in := w.intent(relay.Native, payments(4)...)
	in.Mints[1].PayTo, in.Mints[2].PayTo = ana.Address(), ana.Address()
	in.Mints[2].Asset, in.Mints[3].Asset = asset, asset
	a, err := w.s.Fund(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range a.Minted {
		direct := i == 1 || i == 2
		if direct != (m.Account == "" && m.Box == nil && m.Ladder == nil && m.PayTo == ana.Address()) {
			t.Errorf("payment %d: %+v", i, m)
		}
	}
	lumens := w.balance(ana.Address())
	w.send(a.Envelope.Hash, nil, true)
	if w.balance(ana.Address()) != lumens+3*relay.One || w.holds(ana.Address(), asset) != 1003*relay.One {
		t.Error("she did not get it")
	}
	if w.balance(a.Minted[0].Account) != 3*relay.One || w.holds(a.Minted[3].Account, asset) != 3*relay.One {
		t.Error("the holding accounts did not get it")
	}
	in = w.intent(asset, payments(2)...) // no reserve to keep: the sponsor signs nothing inside
	in.Mints[0].PayTo, in.Mints[1].PayTo = ana.Address(), ana.Address()
	if b, err := w.s.Fund(t.Context(), in); err != nil {
		t.Error(err)
	} else if w.send(b.Envelope.Hash, nil, true); w.holds(ana.Address(), asset) != 1009*relay.One {
		t.Errorf("she has %s", w.holds(ana.Address(), asset))
	}
	if _, err := w.s.Claim(t.Context(), relay.ClaimIntent{Payment: a.Minted[1].Payment, Destination: ana.Address()}); relay.CodeOf(err) != "holding_unknown" {
		t.Error(err)
	}
}

// own keeps a payment out of a wallet, or out of the holding account that it replaces, and gives its funding completed.
func (w *ledgerFixture) own(asset string, wallet *keypair.Full, old *relay.Minted) (relay.FundAnswer, []byte) {
	w.Helper()
	head := w.head()
	sponsor, _, err := w.s.Accounts(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	from, keys := wallet, []*keypair.Full{wallet}
	terms := relay.Route{From: wallet.Address(), Sponsor: wallet.Address(), Purse: stellar.Prices.Purse(asset), RungFee: relay.OwnRungFee}
	plan := mint.Plan{Passphrase: passphrase, App: app, Sponsor: wallet.Address(), Rescue: sponsor, SignedAt: head.Sequence, Bound: head.Sequence + 3,
		MaxTime: head.CloseTime + 600, Fee: 2000}
	m := w.mint(payments(1)[0], asset, wallet.Address())
	if old != nil {
		from = w.keyOf(*old)
		keys = append(keys, from)
		terms = old.Route
		terms.From, terms.Replaces, m.ReturnTo = old.Account, old.Payment, old.ReturnTo
		if !terms.FromWallet() {
			plan.Sponsor, plan.Fee, keys = sponsor, 0, []*keypair.Full{from}
		}
	}
	plan.Channel, plan.Treasury, plan.Sequence, plan.Route = from.Address(), from.Address(), w.next(from.Address()), terms
	minted, err := mint.Own(rand.Reader, plan, m)
	if err != nil {
		w.Fatal(err)
	}
	if old == nil {
		if minted.Minted[0].Proof, err = stellar.SignMessage(stellar.WalletMessage(wallet.Address(), m.Payment, passphrase), wallet); err != nil {
			w.Fatal(err)
		}
	}
	kept, err := w.s.Keep(w.Context(), relay.KeepIntent{App: app, Funded: minted})
	if err != nil {
		w.Fatal(err)
	}
	return kept, w.signed(base64.StdEncoding.EncodeToString(kept.Envelope.XDR), keys...)
}

// A wallet funds a payment, moves it on, and has it back: the sponsor pays for none of it, not even for the last resort, whose
// purse pays what the balance locks, and nothing more: what is left is the wallet's.
func TestOwnWalletOnALedger(t *testing.T) {
	w := newLedgerFixture(t)
	wallet := w.made()
	asset := w.issue(wallet)
	sponsor, _, err := w.s.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []string{relay.Native, asset} {
		held := func(m relay.Minted) relay.Stroops { return w.holds(m.Account, of) }
		before, ours := w.holds(wallet.Address(), of), w.balance(sponsor)
		kept, whole := w.own(of, wallet, nil)
		outer, err := w.s.Bump(t.Context(), kept.Envelope.Hash, whole, 1)
		if err != nil {
			t.Fatal(err)
		}
		w.land(outer)
		first := kept.Minted[0]
		if held(first) < 3*relay.One {
			t.Errorf("it holds %s", held(first))
		}
		moved, whole := w.own(of, wallet, &first)
		outer, err = w.s.Bump(t.Context(), moved.Envelope.Hash, whole, 1)
		if err != nil {
			t.Fatal(err)
		}
		w.land(outer)
		second := moved.Minted[0]
		if w.balance(first.Account) != 0 || held(second) < 3*relay.One {
			t.Errorf("%s stayed, %s moved", w.balance(first.Account), held(second))
		}
		w.close(3)
		raw, err := w.s.Bump(t.Context(), second.Ladder[0].Hash, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		w.land(raw)
		if got := w.holds(wallet.Address(), of); of != relay.Native && got != before || before-got > relay.One {
			t.Errorf("%s of %s came home", got, before)
		}
		if w.balance(sponsor) != ours {
			t.Errorf("the sponsor paid %s", ours-w.balance(sponsor))
		}

		kept, whole = w.own(of, wallet, nil)
		w.land(whole) // the client may hand it in by itself
		w.close(4)
		last := kept.Minted[0].Ladder[len(kept.Minted[0].Ladder)-1]
		if _, err = w.s.Bump(t.Context(), last.Hash, nil, 1); of == relay.Native && relay.CodeOf(err) != "rung_not_due" {
			t.Errorf("the last resort, while home can take the money: %v", err)
		}
		w.asksForMemos(wallet) // so the last resort is due
		purse, has := w.balance(kept.Minted[0].Account), w.balance(wallet.Address())
		if of == relay.Native {
			purse -= kept.Minted[0].Amount
		}
		if raw, err = w.s.Bump(t.Context(), last.Hash, nil, 1); err != nil {
			t.Fatal(err)
		}
		fee := w.land(raw).Fee
		if gain := w.balance(sponsor) - ours; gain != stellar.BaseReserve {
			t.Errorf("the last resort brought the sponsor %s, and locked %d", gain, stellar.BaseReserve)
		}
		if got := w.balance(wallet.Address()) - has; got != purse-stellar.BaseReserve-fee {
			t.Errorf("%s of a purse of %s came back", got, purse)
		}
	}
}

// What the treasury funded moves on at the service's cost, its whole amount; the old way back finds nothing.
func TestMoveOnALedger(t *testing.T) {
	w := newLedgerFixture(t)
	asset := w.issue()
	a, err := w.s.Fund(t.Context(), w.intent(asset, payments(2)...))
	if err != nil {
		t.Fatal(err)
	}
	w.send(a.Envelope.Hash, nil, true)
	b, err := w.s.Fund(t.Context(), w.intent(relay.Native, payments(1)...))
	if err != nil {
		t.Fatal(err)
	}
	w.send(b.Envelope.Hash, nil, true)
	for _, old := range []relay.Minted{a.Minted[0], b.Minted[0]} {
		kept, whole := w.own(old.Asset, keypair.MustRandom(), &old)
		w.send(kept.Envelope.Hash, whole, true)
		if w.balance(old.Account) != 0 || w.holds(kept.Minted[0].Account, old.Asset) != 3*relay.One {
			t.Errorf("%s: %s moved", old.Asset, w.holds(kept.Minted[0].Account, old.Asset))
		}
		w.close(4)
		w.send(old.Ladder[0].Hash, nil, false)
		ana := keypair.MustRandom()
		w.claim(kept.Minted[0], func(in *relay.ClaimIntent) { in.Destination, in.NewAccount = ana.Address(), true }, ana)
		if w.holds(ana.Address(), old.Asset) < 3*relay.One {
			// lumens that lock her reserve are the sponsor's: all of it is hers to spend
			t.Errorf("%s: she has %s", old.Asset, w.holds(ana.Address(), old.Asset))
		}
	}
	// A claim that lands first wins: the sponsor does not sign the move any more.
	old := a.Minted[1]
	kept, whole := w.own(asset, keypair.MustRandom(), &old)
	ana := keypair.MustRandom()
	w.claim(old, func(in *relay.ClaimIntent) { in.Destination, in.NewAccount = ana.Address(), true }, ana)
	if outer, err := w.s.Bump(t.Context(), kept.Envelope.Hash, whole, 20_000); relay.CodeOf(err) != "holding_absent" || outer != nil {
		t.Errorf("%v", err)
	}
	w.close(5)
	if seen, err := w.port.Sight(t.Context(), kept.Envelope.Hash); err != nil || seen != nil || w.holds(ana.Address(), asset) != 3*relay.One {
		t.Errorf("seen %+v, %v; she has %s", seen, err, w.holds(ana.Address(), asset))
	}
}
