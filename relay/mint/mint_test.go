package mint_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"slices"
	"testing"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/unseal"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/mint"
	"github.com/restante/restante/relay/stellar"
)

const passphrase = "Test SDF Network ; September 2015"

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func cosigner(k *keypair.Full) mint.Cosigner {
	return mint.Cosigner{Account: k.Address(), Sign: func(_ context.Context, hash [32]byte) ([]byte, error) { return k.Sign(hash[:]) }}
}

type wallet struct {
	channel, sponsor, treasury *keypair.Full
	sender, claim              *age.X25519Identity
}

func newWallet(t *testing.T) wallet {
	return wallet{keypair.MustRandom(), keypair.MustRandom(), keypair.MustRandom(), identity(t), identity(t)}
}

func (w wallet) plan() mint.Plan {
	return mint.Plan{
		Passphrase: passphrase, App: "app_a", Channel: w.channel.Address(), Sponsor: w.sponsor.Address(),
		Treasury: w.treasury.Address(), Sequence: 9, SignedAt: 99, Bound: 120, MaxTime: 1_800_000_300,
	}
}

func (w wallet) mints(n int) (all []relay.Mint) {
	for i := range n {
		all = append(all, relay.Mint{
			Payment: relay.NewPaymentID(1_800_000_000e6), Amount: relay.Stroops(i + 1), Asset: "native", Note: "für Ana",
			ReturnTo: w.treasury.Address(), ExpiresAt: 1_800_086_400e6,
			SenderRecipients: []string{w.sender.Recipient().String()}, ClaimRecipient: w.claim.Recipient().String(),
		})
	}
	return all
}

func (w wallet) cosigners() []mint.Cosigner {
	return []mint.Cosigner{cosigner(w.channel), cosigner(w.sponsor), cosigner(w.treasury)}
}

// The box says what was asked, to both of its readers, and its key is that of the account and of the whole ladder.
func TestFund(t *testing.T) {
	w := newWallet(t)
	mints := w.mints(3)
	seeds := bytes.Repeat([]byte{1}, 32)
	seeds = append(append(seeds, bytes.Repeat([]byte{2}, 32)...), bytes.Repeat([]byte{3}, 32)...)
	a, err := mint.Fund(t.Context(), bytes.NewReader(seeds), w.plan(), mints, w.cosigners()...)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range a.Minted {
		key, err := keypair.FromRawSeed([32]byte(seeds[32*i : 32*i+32]))
		if err != nil || m.Account != key.Address() || m.Payment != mints[i].Payment || a.Envelope.Payments[i] != m.Payment {
			t.Errorf("payment %d: %s, %v", i, m.Account, err)
		}
		for _, id := range []age.Identity{w.sender, w.claim} {
			c, err := unseal.Open(m.Box, id, box.Expect{
				Payment: string(m.Payment), Network: passphrase, Account: m.Account, Asset: "native", Amount: int64(i + 1),
			})
			if err != nil || c.V != box.Version || c.Keeper != "" || c.ReturnTo != w.treasury.Address() || c.Note != "für Ana" || c.ExpiresAt != 1_800_086_400e6 ||
				string(c.Secret.Reveal()) != key.Seed() {
				t.Errorf("box %d: %+v, %v", i, c, err)
			}
		}
		for j, k := range []int{2, 1, 0} {
			rung := m.Ladder[j]
			if rung.Rung != k || rung.Sequence != relay.LadderOf(relay.LadderVersion, relay.Native, 120, "", relay.Memo{}, "").Sequence(k) || rung.SignedAt != 99 || rung.Kind != relay.ReturnEnvelope ||
				rung.Network != mint.NetworkID(passphrase) || !slices.Equal(rung.Payments, []relay.PaymentID{m.Payment}) {
				t.Errorf("rung %+v", rung)
			}
			by, err := stellar.SignedBy(base64.StdEncoding.EncodeToString(rung.XDR), passphrase, m.Account)
			if err != nil || len(by) != 1 {
				t.Errorf("rung %d is not signed: %v", k, err)
			}
		}
	}
	if got := mint.NetworkID(passphrase); got != "cee0302d59844d32bdca915c8203dd44b33fbb7edc19051ea37abedf28ecd472" {
		t.Errorf("network id %s", got) // as every Stellar tool prints it
	}
}

// 17 payments with three keys beside them, 18 with two.
func TestCapacity(t *testing.T) {
	w := newWallet(t)
	for _, c := range []struct {
		n    int
		same bool
		ok   bool
	}{{17, false, true}, {18, false, false}, {18, true, true}, {19, true, false}, {0, true, false}} {
		plan := w.plan()
		if c.same {
			plan.Channel = plan.Sponsor
		}
		sign := w.cosigners()
		if c.same {
			sign[0] = sign[1]
		}
		a, err := mint.Fund(t.Context(), rand.Reader, plan, w.mints(c.n), sign...)
		if (err == nil) != c.ok || c.ok && len(a.Minted) != c.n || !c.ok && relay.CodeOf(err) != "funding_refused" {
			t.Errorf("%d payments, channel is sponsor %v: %v", c.n, c.same, err)
		}
	}
}

func TestFundRefuses(t *testing.T) {
	w := newWallet(t)
	errHSM := errors.New("the token is asleep")
	foreign := keypair.MustRandom()
	type call struct {
		plan  mint.Plan
		mints []relay.Mint
		sign  []mint.Cosigner
		seeds []byte
	}
	for name, c := range map[string]struct {
		change func(*call)
		code   string
		is     error
	}{
		"asset":             {func(c *call) { c.mints[1].Asset = "USD" }, "funding_refused", nil},
		"amount":            {func(c *call) { c.mints[1].Amount = 0 }, "funding_refused", nil},
		"same key drawn":    {func(c *call) { copy(c.seeds[32:], c.seeds[:32]) }, "funding_refused", nil},
		"randomness ends":   {func(c *call) { c.seeds = c.seeds[:40] }, "", nil},
		"no sender":         {func(c *call) { c.mints[1].SenderRecipients = nil }, "box_refused", nil},
		"no claimant":       {func(c *call) { c.mints[1].ClaimRecipient = "" }, "box_refused", nil},
		"return nowhere":    {func(c *call) { c.mints[1].ReturnTo = "" }, "box_refused", nil},
		"payment":           {func(c *call) { c.mints[1].Payment = "1" }, "box_refused", nil},
		"no bound":          {func(c *call) { c.plan.Bound = 0 }, "funding_refused", nil},
		"no end in time":    {func(c *call) { c.plan.MaxTime = 0 }, "funding_refused", nil},
		"no network":        {func(c *call) { c.plan.Passphrase = "" }, "funding_refused", nil},
		"cosigner missing":  {func(c *call) { c.sign = c.sign[:2] }, "", nil},
		"cosigner too many": {func(c *call) { c.sign = append(c.sign, c.sign[0], c.sign[1]) }, "none", nil},
		"cosigner fails": {func(c *call) {
			c.sign[1].Sign = func(context.Context, [32]byte) ([]byte, error) { return nil, errHSM }
		}, "", errHSM},
		"cosigner signs for another": {func(c *call) { c.sign[1].Sign = cosigner(foreign).Sign }, "", nil},
	} {
		in := call{w.plan(), w.mints(2), w.cosigners(), bytes.Repeat([]byte{7}, 64)}
		in.seeds[40] = 8
		c.change(&in)
		a, err := mint.Fund(t.Context(), bytes.NewReader(in.seeds), in.plan, in.mints, in.sign...)
		if c.code == "none" { // the same cosigner twice is one signature
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || relay.CodeOf(err) != c.code || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v", name, err)
		}
		var f *relay.Fault
		if c.code == "box_refused" && (!errors.As(err, &f) || f.Pointer != "/mints/1") {
			t.Errorf("%s: the payment at fault is not named: %v", name, err)
		}
		if len(a.Minted) > 0 || a.Envelope.XDR != nil {
			t.Errorf("%s: an error carries an answer", name)
		}
	}
}

// own is a wallet that pays for everything itself.
func (w wallet) own(asset string) (mint.Plan, relay.Mint) {
	plan, m := w.plan(), w.mints(1)[0]
	plan.Channel, plan.Sponsor, plan.Rescue, plan.Fee = w.treasury.Address(), w.treasury.Address(), w.sponsor.Address(), 700
	plan.Route = relay.Route{From: w.treasury.Address(), Sponsor: w.treasury.Address(), Purse: stellar.Prices.Purse(asset), RungFee: 900}
	m.Asset = asset
	return plan, m
}

// What a client mints waits for the wallet's signature, bids for itself, and leads home or, at the very last, to the service.
func TestOwn(t *testing.T) {
	w := newWallet(t)
	credit := "USDC:" + keypair.MustRandom().Address()
	ladders := map[string]int{relay.Native: 3, credit: 4}
	for _, asset := range []string{relay.Native, credit} {
		for _, move := range []bool{false, true} {
			plan, m := w.own(asset)
			if move {
				plan.Route.Replaces, plan.Sponsor, plan.Route.Sponsor = w.mints(1)[0].Payment, w.channel.Address(), w.channel.Address()
				m.ReturnTo = w.channel.Address()
			}
			seed := bytes.Repeat([]byte{5}, 32)
			a, err := mint.Own(bytes.NewReader(seed), plan, m)
			if err != nil {
				t.Fatal(err)
			}
			key, err := keypair.FromRawSeed([32]byte(seed))
			if err != nil {
				t.Fatal(err)
			}
			got := a.Minted[0]
			if len(a.Minted) != 1 || got.Account != key.Address() || got.Route != plan.Route || got.ReturnMemo != plan.ReturnMemo || got.Asset != asset || a.App != plan.App ||
				a.Envelope.State != relay.Planned || a.Envelope.OwnFee != 700 || !slices.Equal(a.Envelope.Payments, []relay.PaymentID{m.Payment}) {
				t.Errorf("%+v", a)
			}
			text := base64.StdEncoding.EncodeToString(a.Envelope.XDR)
			if _, err := stellar.CheckFunding(text, stellar.FundingPlan{
				Passphrase: passphrase, Channel: w.treasury.Address(), Sponsor: plan.Sponsor, Treasury: w.treasury.Address(), Sequence: 9,
				MaxTime: 1_800_000_300, LastLedger: 120, Fee: 700, Move: move,
				Payments: []stellar.Holding{{Account: key.Address(), Asset: asset, Amount: 1, Purse: stellar.Prices.Purse(asset)}},
			}); err != nil {
				t.Error(err)
			}
			by, err := stellar.SignedBy(text, passphrase, key.Address(), w.treasury.Address(), plan.Sponsor)
			if err != nil || !slices.Equal(by, []string{key.Address()}) {
				t.Errorf("signed by %v, %v", by, err)
			}
			if got.LadderVersion != relay.LadderVersion || len(got.Ladder) != ladders[asset] {
				t.Errorf("%d rungs", len(got.Ladder))
			}
			for i, rung := range got.Ladder {
				k := len(got.Ladder) - 1 - i
				way := stellar.ReturnPlan{
					Passphrase: passphrase, Version: relay.LadderVersion, Holding: key.Address(), ReturnTo: m.ReturnTo, LastLedger: 120, Asset: asset,
					Amount: 1, Fee: 900, Sponsor: w.sponsor.Address(), Wallet: plan.Route.Sponsor,
				}
				if _, err := stellar.CheckReturn(base64.StdEncoding.EncodeToString(rung.XDR), way, k); err != nil || rung.OwnFee != 900 || rung.Rung != k || (rung.State == relay.Planned) != way.Ladder().Cosigned(k) {
					t.Errorf("rung %d: %+v, %v", k, rung, err)
				}
			}
			c, err := unseal.Open(got.Box, w.sender, box.Expect{Payment: string(m.Payment), Network: passphrase, Account: got.Account, Asset: asset, Amount: 1})
			if err != nil || c.V != box.KeeperVersion || c.Keeper != plan.Route.Sponsor { // who keeps the reserve is sealed
				t.Errorf("keeper %q, %v", c.Keeper, err)
			}
		}
	}
	for name, change := range map[string]func(*mint.Plan, *relay.Mint){
		"no amount":      func(_ *mint.Plan, m *relay.Mint) { m.Amount = 0 },
		"no asset":       func(_ *mint.Plan, m *relay.Mint) { m.Asset = "" },
		"no bound":       func(p *mint.Plan, _ *relay.Mint) { p.Bound = 0 },
		"no reader":      func(_ *mint.Plan, m *relay.Mint) { m.SenderRecipients = nil },
		"into itself":    func(p *mint.Plan, _ *relay.Mint) { p.Route.Replaces, p.Channel = "pay_x", w.channel.Address() },
		"return nowhere": func(_ *mint.Plan, m *relay.Mint) { m.ReturnTo = "" },
		"no rescue":      func(p *mint.Plan, _ *relay.Mint) { p.Rescue, p.Sponsor = "", "" },
	} {
		plan, m := w.own(relay.Native)
		change(&plan, &m)
		if a, err := mint.Own(rand.Reader, plan, m); err == nil || len(a.Minted) > 0 || a.Envelope.XDR != nil {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

// A recipient who is paid directly has neither account nor box nor way back, and takes none of the room for signatures.
func TestFundDirectly(t *testing.T) {
	w := newWallet(t)
	mints := w.mints(3)
	ana := keypair.MustRandom().Address()
	mints[1].PayTo, mints[1].SenderRecipients, mints[1].ClaimRecipient = ana, nil, ""
	a, err := mint.Fund(t.Context(), bytes.NewReader(append(bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)...)), w.plan(), mints, w.cosigners()...)
	if err != nil {
		t.Fatal(err)
	}
	if m := a.Minted[1]; m.Account != "" || m.Box != nil || m.Ladder != nil || m.Route != (relay.Route{PayTo: ana}) || m.Amount != 2 {
		t.Errorf("%+v", m)
	}
	by, err := stellar.SignedBy(base64.StdEncoding.EncodeToString(a.Envelope.XDR), passphrase, a.Minted[0].Account, a.Minted[2].Account, ana)
	if err != nil || len(by) != 2 || a.Envelope.Destination != "" {
		t.Errorf("signed by %v, %v", by, err)
	}
}
