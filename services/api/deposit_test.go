package api_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/mint"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// encrypted is an age file for the recipients.
func encrypted(t *testing.T, to ...age.Recipient) string {
	t.Helper()
	var file bytes.Buffer
	w, err := age.Encrypt(&file, to...)
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("a seed"))
	w.Close()
	return base64.StdEncoding.EncodeToString(file.Bytes())
}

// A deposit that is not exactly what was agreed is refused, whatever is wrong with it, and neither database nor signer keep it.
func TestDepositIsRefused(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	in, _ := s.request()
	p := s.open(in)
	thief := w.sender()
	passphrased, err := age.NewScryptRecipient("open sesame")
	if err != nil {
		t.Fatal(err)
	}
	passphrased.SetWorkFactor(10)
	minted := func(change func(*mint.Plan, *relay.Mint)) wire.DepositRequest {
		d, _ := s.mint(p, in.Link.ClaimRecipient, change)
		return d
	}
	theirs := minted(func(_ *mint.Plan, m *relay.Mint) { m.ReturnTo = thief.wallet.Address() })
	for name, c := range map[string]struct {
		spoil    func(*wire.DepositRequest)
		code     string
		pointers string
	}{
		"no box":                          {func(d *wire.DepositRequest) { d.Box = "" }, "required", "/box"},
		"a box that is no base64":         {func(d *wire.DepositRequest) { d.Box = "box!" }, "malformed", "/box"},
		"a box that is no age file":       {func(d *wire.DepositRequest) { d.Box = "AAAA" }, "box_malformed", "/box"},
		"a box with something behind it":  {func(d *wire.DepositRequest) { d.Box = strings.Repeat("A", 16004) }, "too_long", "/box"},
		"a box for the sender alone":      {func(d *wire.DepositRequest) { d.Box = encrypted(t, s.identity.Recipient()) }, "box_malformed", "/box"},
		"a box behind a passphrase":       {func(d *wire.DepositRequest) { d.Box = encrypted(t, passphrased) }, "box_malformed", "/box"},
		"no MAC":                          {func(d *wire.DepositRequest) { d.BoxMAC = "" }, "required", "/box_mac"},
		"a MAC that is none":              {func(d *wire.DepositRequest) { d.BoxMAC = strings.Repeat("x", 64) }, "malformed", "/box_mac"},
		"no account":                      {func(d *wire.DepositRequest) { d.HoldingAccount = "" }, "required", "/holding_account"},
		"another account":                 {func(d *wire.DepositRequest) { d.HoldingAccount = thief.wallet.Address() }, "funding_differs", ""},
		"a fee of nothing":                {func(d *wire.DepositRequest) { d.Fee = 0 }, "fee_differs", "/fee"},
		"a fee too small":                 {func(d *wire.DepositRequest) { d.Fee = 299 }, "fee_differs", "/fee"},
		"another fee than the envelope's": {func(d *wire.DepositRequest) { d.Fee++ }, "funding_differs", ""},
		"a fee below nothing":             {func(d *wire.DepositRequest) { d.Fee = -1 }, "too_small", "/fee"},
		"a fee beyond reason":             {func(d *wire.DepositRequest) { d.Fee = 100_000_001 }, "too_large", "/fee"},
		"no funding":                      {func(d *wire.DepositRequest) { d.Funding = "" }, "required", "/funding"},
		"a funding that is none":          {func(d *wire.DepositRequest) { d.Funding = "AAAA" }, "envelope_malformed", "/funding"},
		"a long funding":                  {func(d *wire.DepositRequest) { d.Funding = strings.Repeat("A", 8004) }, "too_long", "/funding"},
		"a rung for a funding":            {func(d *wire.DepositRequest) { d.Funding = d.Ladder[0].Envelope }, "funding_differs", ""},
		"no way back":                     {func(d *wire.DepositRequest) { d.Ladder = nil }, "required", "/ladder"},
		"two rungs":                       {func(d *wire.DepositRequest) { d.Ladder = d.Ladder[:2] }, "too_short", "/ladder"},
		"four rungs":                      {func(d *wire.DepositRequest) { d.Ladder = append(d.Ladder, d.Ladder[2]) }, "ladder_incomplete", ""},
		"six rungs":                       {func(d *wire.DepositRequest) { d.Ladder = slices.Repeat(d.Ladder, 2)[:6] }, "too_long", "/ladder"},
		"a rung twice":                    {func(d *wire.DepositRequest) { d.Ladder[1] = d.Ladder[0] }, "rung_differs", ""},
		"rungs in another order":          {func(d *wire.DepositRequest) { d.Ladder[1], d.Ladder[0] = d.Ladder[0], d.Ladder[1] }, "rung_differs", ""},
		"a rung under another number":     {func(d *wire.DepositRequest) { d.Ladder[0].Rung = 3 }, "rung_differs", ""},
		"a rung of no number":             {func(d *wire.DepositRequest) { d.Ladder[0].Rung = 5 }, "too_large", "/ladder/0/rung"},
		"a rung under another hash":       {func(d *wire.DepositRequest) { d.Ladder[1].Hash = hash("x") }, "rung_differs", "/ladder/1"},
		"five rungs":                      {func(d *wire.DepositRequest) { d.Ladder = slices.Repeat(d.Ladder, 2)[:5] }, "ladder_incomplete", ""},
		"a rung said to need no service":  {func(d *wire.DepositRequest) { d.Ladder[2].NeedsService = false }, "rung_differs", "/ladder/2"},
		"a rung that passes for the last": {func(d *wire.DepositRequest) { d.Ladder[0].LastResort = true }, "rung_differs", "/ladder/0"},
		"a rung that is none":             {func(d *wire.DepositRequest) { d.Ladder[2].Envelope = "AAAA" }, "envelope_malformed", "/ladder/2/envelope"},
		"a rung that is not signed":       {func(d *wire.DepositRequest) { d.Ladder[0].Envelope = spoiled(d.Ladder[0].Envelope) }, "rung_differs", ""},
		"a last resort that is not":       {func(d *wire.DepositRequest) { d.Ladder[2].Envelope = spoiled(d.Ladder[2].Envelope) }, "rung_differs", ""},
		"a way to another sender":         {func(d *wire.DepositRequest) { *d = theirs }, "rung_differs", ""},
		"one rung to another sender":      {func(d *wire.DepositRequest) { d.Ladder[1] = theirs.Ladder[1] }, "rung_differs", ""},
	} {
		d := minted(nil)
		d.Ladder = slices.Clone(d.Ladder)
		c.spoil(&d)
		w.refuses(name, func() answer { return s.by().do("POST", "/v1/payments/"+p.ID+"/deposit", d) }, 400, c.code, strings.Fields(c.pointers)...)
	}
	for name, c := range map[string]struct {
		change func(*mint.Plan, *relay.Mint)
		code   string
	}{
		"less money":                  {func(_ *mint.Plan, m *relay.Mint) { m.Amount-- }, "funding_differs"},
		"less in the purse":           {func(p *mint.Plan, _ *relay.Mint) { p.Route.Purse-- }, "funding_differs"},
		"rungs that bid less":         {func(p *mint.Plan, _ *relay.Mint) { p.Route.RungFee-- }, "rung_differs"},
		"another rescue":              {func(p *mint.Plan, _ *relay.Mint) { p.Rescue = thief.wallet.Address() }, "rung_differs"},
		"a ledger more":               {func(p *mint.Plan, _ *relay.Mint) { p.Bound++ }, "funding_differs"},
		"a second more":               {func(p *mint.Plan, _ *relay.Mint) { p.MaxTime++ }, "funding_differs"},
		"a reserve of another sender": {func(p *mint.Plan, _ *relay.Mint) { p.Sponsor = thief.wallet.Address() }, "funding_differs"},
		"another sender's wallet": {func(p *mint.Plan, _ *relay.Mint) {
			p.Channel, p.Treasury = thief.wallet.Address(), thief.wallet.Address()
		}, "funding_differs"},
	} {
		w.refuses(name, func() answer { return s.by().do("POST", "/v1/payments/"+p.ID+"/deposit", minted(c.change)) }, 400, c.code)
	}
	w.refuses("a number that was used", func() answer {
		return s.by().do("POST", "/v1/payments/"+p.ID+"/deposit", minted(func(p *mint.Plan, _ *relay.Mint) { p.Sequence-- }))
	}, 409, "sequence_used")
	good := minted(nil)
	w.ledger.fail(true)
	w.refuses("no ledger", func() answer { return s.by().do("POST", "/v1/payments/"+p.ID+"/deposit", good) }, 503, "ledger_unavailable")
	w.ledger.fail(false)
	w.refuses("a parameter", func() answer { return s.by().do("POST", "/v1/payments/"+p.ID+"/deposit?x=1", good) }, 400, "query_unknown")
	s.by().do("POST", "/v1/payments/"+p.ID+"/deposit", good).want(200) // after all that
}

// When a deposit comes, and for what.
func TestDepositAtItsTime(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	deposit := func(id string, d wire.DepositRequest) func() answer {
		return func() answer { return w.as(w.key).do("POST", "/v1/payments/"+id+"/deposit", d) }
	}
	fund := func(id, envelope string) func() answer {
		return func() answer {
			return w.as(w.key).do("POST", "/v1/payments/"+id+"/fund", wire.SubmitRequest{Envelope: envelope})
		}
	}
	in, _ := s.request()
	p := s.open(in)
	d, _ := s.mint(p, in.Link.ClaimRecipient, nil)
	another, _ := s.mint(p, in.Link.ClaimRecipient, nil)
	plain, _ := w.send(ana)
	w.refuses("of the treasury", deposit(plain.ID, d), 409, "funded_by_service")
	w.refuses("funding the treasury's", fund(plain.ID, d.Funding), 409, "funded_by_service")
	w.refuses("funding before the deposit", fund(p.ID, w.sign(d.Funding, s.wallet)), 400, "funding_unknown", "/envelope")

	deposit(p.ID, d)().want(200)
	w.refuses("another one", deposit(p.ID, another), 409, "funding_over")
	resealed := d
	resealed.Box = another.Box
	w.refuses("the same with another box", deposit(p.ID, resealed), 409, "kept_already")
	resealed = d
	resealed.BoxMAC = another.BoxMAC
	w.refuses("the same with another MAC", deposit(p.ID, resealed), 409, "kept_already")

	other := keypair.MustRandom()
	w.refuses("an unknown envelope", fund(p.ID, w.sign(another.Funding, s.wallet)), 400, "funding_unknown", "/envelope")
	w.refuses("no envelope", fund(p.ID, "AAAA"), 400, "envelope_malformed", "/envelope")
	w.refuses("without the wallet", fund(p.ID, d.Funding), 400, "signature_missing", "/envelope")
	w.refuses("without the holding account", fund(p.ID, w.sign(unsigned(t, d.Funding), s.wallet, other)), 400, "signature_missing", "/envelope")
	// An account may have any signers, so another key's may be enough; when it was not, the right one follows.
	fund(p.ID, w.sign(d.Funding, other))().want(202)
	fund(p.ID, w.sign(d.Funding, s.wallet))().want(202)
	e := w.funding(p.ID)
	if by, err := stellar.SignedBy(base64.StdEncoding.EncodeToString(e.XDR), passphrase, s.wallet.Address(), other.Address()); err != nil || len(by) != 1 || by[0] != s.wallet.Address() {
		t.Errorf("signed by %v, %v", by, err)
	}
	s.land(p, d)
	w.unchanged("again, after it landed", func() { fund(p.ID, w.sign(d.Funding, s.wallet))().want(202) })
	w.unchanged("a deposit again, after it landed", func() { deposit(p.ID, d)().want(200) })

	in, _ = s.request()
	late := s.open(in)
	d, _ = s.mint(late, in.Link.ClaimRecipient, nil)
	w.tick(61 * time.Second)
	w.refuses("after the time", deposit(late.ID, d), 409, "funding_over")
	in, _ = s.request()
	late = s.open(in)
	d, _ = s.mint(late, in.Link.ClaimRecipient, nil)
	for w.ledger.head().Sequence < late.Funding.LastLedger {
		w.ledger.close()
	}
	w.refuses("after the last ledger", deposit(late.ID, d), 409, "funding_over")
	in, _ = s.request()
	canceled := s.open(in)
	d, _ = s.mint(canceled, in.Link.ClaimRecipient, nil)
	w.as(w.key).do("POST", "/v1/payments/"+canceled.ID+"/cancel", nil).want(200)
	w.refuses("after a cancel", deposit(canceled.ID, d), 409, "funding_over")
}

// unsigned is an envelope without its signatures.
func unsigned(t *testing.T, text string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	raw = raw[:len(raw)-4-4-4-64] // one signature: count, hint, length, 64 bytes
	return base64.StdEncoding.EncodeToString(append(raw, 0, 0, 0, 0))
}

// A deposit that could not be committed is in no log: nothing of it is left.
func TestDepositAfterALostCommit(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	in, _ := s.request()
	p := s.open(in)
	d, _ := s.mint(p, in.Link.ClaimRecipient, nil)
	path := "/v1/payments/" + p.ID + "/deposit"
	lines := w.signed()
	w.desk.Store = broken{w.store}
	s.by().do("POST", path, d).refused(500, "internal")
	w.desk.Store = w.store
	if w.signed() != lines {
		t.Error("the signer kept what is not committed")
	}
	d, _ = s.mint(p, in.Link.ClaimRecipient, nil)
	s.by().do("POST", path, d).want(200).into(&p)
	if p.State != "funding" || w.signed() != lines+1 {
		t.Errorf("%+v", p)
	}
}

// The signer does not answer after the commit: the deposit is planned, a cancel is a return asked, and the same again is kept before it
// is answered, whatever the payment is by then.
func TestDepositThatIsKeptLater(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	for _, land := range []bool{false, true} {
		in, _ := s.request()
		p := s.open(in)
		d, _ := s.mint(p, in.Link.ClaimRecipient, nil)
		another, _ := s.mint(p, in.Link.ClaimRecipient, nil)
		path := "/v1/payments/" + p.ID
		lines := w.signed()
		w.signer.keeps = func(in relay.KeepIntent) error {
			if in.Judge {
				return nil
			}
			return errDown
		}
		s.by().do("POST", path+"/deposit", d).refused(503, "ledger_unavailable")
		var q wire.Payment
		s.by().do("POST", path+"/cancel", nil).want(202).into(&q)
		if q.State != "funding" || q.ReturnAsked != "canceled" {
			t.Errorf("%+v", q)
		}
		w.refuses("another one", func() answer { return s.by().do("POST", path+"/deposit", another) }, 409, "funding_over")
		s.by().do("POST", path+"/deposit", d).refused(503, "ledger_unavailable")
		want := "funding"
		if land {
			s.land(p, d)
			want = "returning"
		}
		w.signer.keeps = nil
		if w.signed() != lines {
			t.Error("it was kept")
		}
		s.by().do("POST", path+"/deposit", d).want(200).into(&q)
		if q.State != want || w.signed() != lines+1 {
			t.Errorf("%s, %d lines more", q.State, w.signed()-lines)
		}
	}
}

// What the signer refuses after the commit leaves the payment as it was, and the same may come again.
func TestDepositThatIsNotKept(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	in, _ := s.request()
	p := s.open(in)
	d, _ := s.mint(p, in.Link.ClaimRecipient, nil)
	path := "/v1/payments/" + p.ID
	lines := w.signed()
	w.signer.keeps = func(in relay.KeepIntent) error {
		if in.Judge {
			return nil
		}
		return relay.NewFault(relay.Forbidden, "wallet_ours", "", nil)
	}
	s.by().do("POST", path+"/deposit", d).refused(403, "wallet_ours")
	w.signer.keeps = nil
	s.by().do("GET", path, nil).want(200).into(&p)
	if p.State != "created" || w.signed() != lines {
		t.Errorf("%+v", p)
	}
	s.by().do("POST", path+"/fund", wire.SubmitRequest{Envelope: w.sign(d.Funding, s.wallet)}).refused(400, "funding_unknown", "/envelope")
	s.by().do("POST", path+"/deposit", d).want(200).into(&p)
	if p.State != "funding" || w.signed() != lines+1 {
		t.Errorf("%+v", p)
	}
}

// A cancel that comes in between, at any point: it is a return asked, or the deposit is refused and what its sender funds all the same
// is known, so that it goes home.
func TestCancelDuringADeposit(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	for _, judging := range []bool{true, false} {
		in, _ := s.request()
		p := s.open(in)
		d, _ := s.mint(p, in.Link.ClaimRecipient, nil)
		w.signer.keeps = func(k relay.KeepIntent) error {
			if k.Judge == judging {
				s.by().do("POST", "/v1/payments/"+p.ID+"/cancel", nil).want(map[bool]int{true: 200, false: 202}[judging])
			}
			return nil
		}
		a := s.by().do("POST", "/v1/payments/"+p.ID+"/deposit", d)
		w.signer.keeps = nil
		var q wire.Payment
		if judging {
			a.refused(409, "funding_over")
		} else if a.want(200).into(&q); q.State != "funding" || q.ReturnAsked != "canceled" {
			t.Errorf("%+v", q)
		}
		s.land(p, d)
		s.by().do("GET", "/v1/payments/"+p.ID, nil).want(200).into(&q)
		if q.State != "returning" || q.Reason != "canceled" {
			t.Errorf("canceled while judged %v: %s %s", judging, q.State, q.Reason)
		}
	}
}

// broken writes nothing.
type broken struct{ desk.Store }

func (broken) UpdateMany(context.Context, []relay.PaymentID, func(desk.Tx, []relay.Payment) error) error {
	return errors.New("disk full")
}

// A foreign wallet that is named without its proof is refused, and nothing is written, in database or log: its owner is not in the way.
func TestAForeignWalletIsNotLockedOut(t *testing.T) {
	w := newFixture(t)
	owner, attacker := w.sender(), w.sender()
	thief := attacker.wallet
	attacker.wallet = owner.wallet
	in, _ := attacker.request()
	in.FundWithin = "10h"
	p := attacker.open(in)
	d, _ := attacker.mint(p, in.Link.ClaimRecipient, nil)
	deposit := func() answer { return attacker.by().do("POST", "/v1/payments/"+p.ID+"/deposit", d) }
	d.Proof = nil
	w.refuses("without a proof", deposit, 403, "wallet_proof_missing", "/proof")
	d.Proof = attacker.proof(p, thief)
	w.refuses("by another key", deposit, 403, "wallet_proof_refused", "/proof")
	d.Proof.Signer = owner.wallet.Address()
	w.refuses("by another key in the wallet's name", deposit, 403, "wallet_proof_refused", "/proof")
	in, _ = owner.request()
	other := owner.open(in)
	in, _ = owner.request()
	d.Proof = owner.proof(other, owner.wallet)
	w.refuses("of another payment", deposit, 403, "wallet_proof_refused", "/proof")
	q, _ := owner.fund(in)
	if q.State != "pending" {
		t.Errorf("%+v", q)
	}
}

// Either form of proof, by any current signer, and what the wallet's signers are by then.
func TestDepositIsProven(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	second, removed, own := keypair.MustRandom(), keypair.MustRandom(), s.wallet
	w.ledger.change(own.Address(), func(a *stellar.Account) { // its own key signs no more
		a.Thresholds = [4]byte{0, 10, 20, 20}
		a.Signers = []stellar.Signer{{Key: second.Address(), Weight: 10}, {Key: removed.Address(), Weight: 0}}
	})
	for _, transaction := range []bool{false, true} {
		in, _ := s.request()
		p := s.open(in)
		d, _ := s.mint(p, in.Link.ClaimRecipient, nil)
		deposit := func() answer { return s.by().do("POST", "/v1/payments/"+p.ID+"/deposit", d) }
		prove := func(key *keypair.Full) {
			if d.Proof = s.proof(p, key); transaction {
				tx, err := stellar.BuildWalletProof(own.Address(), relay.PaymentID(p.ID), passphrase)
				if err != nil {
					t.Fatal(err)
				}
				d.Proof = &wire.WalletProof{Envelope: w.sign(tx.XDR, key)}
			}
		}
		for _, key := range []*keypair.Full{own, removed} {
			prove(key)
			w.refuses("by no current signer", deposit, 403, "wallet_proof_refused", "/proof")
		}
		prove(second)
		lines := w.signed()
		deposit().want(200).into(&p)
		row, err := w.desk.Payment(t.Context(), relay.PaymentID(p.ID))
		if err != nil || p.State != "funding" || w.signed() != lines+1 || row.Proof != relay.WalletProof(*d.Proof) {
			t.Errorf("%s, %d lines, %+v, %v", p.State, w.signed()-lines, row.Proof, err)
		}
		w.unchanged("the same again, without a proof", func() { d.Proof = nil; deposit().want(200) })
	}
}

// An account of the service is refused as a wallet.
func TestOurAccountsAreNoWallets(t *testing.T) {
	w := newFixture(t)
	s := w.sender()
	sponsor, channels, err := w.signer.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var other wire.App
	w.as(w.admin).do("POST", "/v1/apps", wire.AppRequest{Name: "Bmce", Recipient: w.identity.Recipient().String()}).want(201).into(&other)
	for _, account := range []string{sponsor, channels[0], other.Treasury} {
		w.ledger.pay(account, 100*relay.One)
		in, _ := s.request()
		in.From, in.ReturnTo = account, s.wallet.Address()
		p := s.open(in)
		d, _ := s.mint(p, in.Link.ClaimRecipient, func(plan *mint.Plan, _ *relay.Mint) {
			if account == sponsor { // no ladder is minted whose wallet is the service's sponsor
				plan.Rescue = keypair.MustRandom().Address()
			}
		})
		w.refuses("a deposit", func() answer { return s.by().do("POST", "/v1/payments/"+p.ID+"/deposit", d) }, 403, "wallet_proof_refused", "/proof") // ours agree to nothing
	}
}
