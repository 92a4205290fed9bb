package redeem

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/seal"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

const (
	testnet = "Test SDF Network ; September 2015"
	public  = "Public Global Stellar Network ; September 2015"
)

var (
	now     = time.Unix(1_790_000_000, 0)
	born    = int64(500) << 32 // the holding account's first number
	expires = relay.At(now.Add(30 * 24 * time.Hour))
)

func key(name string) *keypair.Full {
	k, err := keypair.FromRawSeed(sha256.Sum256([]byte(name)))
	if err != nil {
		panic(err)
	}
	return k
}

func addr(name string) string { return key(name).Address() }

// honest is a payment as an honest service hands it out.
type honest struct {
	link    claim.Secret
	want    Expect
	content box.Content
	share   claim.Share
	proven  wire.Proven
}

func fixture(t *testing.T, policy relay.Policy) honest {
	t.Helper()
	h := honest{link: claim.NewSecret(), share: claim.NewShare()}
	h.want = Expect{Payment: string(relay.NewPaymentID(relay.At(now))), Network: testnet, Policy: policy, Asset: "native", Amount: 25 * relay.One}
	h.content = box.Content{
		V: 1, Payment: h.want.Payment, Network: testnet, Account: addr("holding"), Secret: secret.NewString(key("holding").Seed()),
		Asset: "native", Amount: int64(h.want.Amount), ReturnTo: addr("sender"), ExpiresAt: int64(expires), Note: "for the concert",
	}
	h.proven = wire.Proven{
		Asset: "native",
		Box:   h.seal(t, h.content), HoldingAccount: h.content.Account, Amount: "25", Network: testnet, Payment: h.want.Payment,
	}
	if policy == relay.Guarded {
		h.proven.Share = base64.StdEncoding.EncodeToString(h.share.Reveal())
	}
	return h
}

// seal makes a box to the claim recipient, as any program that knows the recipient can.
func (h honest) seal(t *testing.T, c box.Content) string {
	t.Helper()
	keys, err := claim.Derive(h.link, h.want.Payment, h.want.Network)
	if err != nil {
		t.Fatal(err)
	}
	id := keys.LinkIdentity()
	if h.want.Policy == relay.Guarded {
		if id, err = keys.GuardedIdentity(h.share); err != nil {
			t.Fatal(err)
		}
	}
	sender, err := claim.Derive(claim.NewSecret(), h.want.Payment, h.want.Network)
	if err != nil {
		t.Fatal(err)
	}
	file, err := seal.Seal(c, seal.Recipients{Sender: []string{sender.LinkIdentity().Recipient()}, Claim: id.Recipient()})
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(file)
}

func (h honest) open(t *testing.T) Holding {
	t.Helper()
	got, err := Open(h.link, h.proven, h.want)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestOpen(t *testing.T) {
	for _, policy := range []relay.Policy{relay.Guarded, relay.Link} {
		h := fixture(t, policy)
		got := h.open(t)
		if got.Account != addr("holding") || got.Amount != 25*relay.One || got.Note != "for the concert" || got.ReturnTo != addr("sender") || got.ExpiresAt != expires {
			t.Errorf("%s: %+v", policy, got)
		}
		if text := fmt.Sprintf("%v %+v %#v", got, got, got); bytes.Contains([]byte(text), []byte(key("holding").Seed()[:12])) {
			t.Errorf("%s: the holding prints its seed", policy)
		}
	}
}

// A service that lies, a box that was swapped, a link of something else: refused, each by name, and none by accident.
func TestOpenRefuses(t *testing.T) {
	other := fixture(t, relay.Guarded)
	cases := map[string]func(t *testing.T, h *honest){
		"amount said is less":    func(_ *testing.T, h *honest) { h.proven.Amount = "24" },
		"amount said is more":    func(_ *testing.T, h *honest) { h.proven.Amount = "26" },
		"amount is no number":    func(_ *testing.T, h *honest) { h.proven.Amount = "25 XLM" },
		"amount shown was more":  func(_ *testing.T, h *honest) { h.want.Amount = 26 * relay.One; h.proven.Amount = "26" },
		"amount in box is less":  reseal(func(c *box.Content) { c.Amount-- }),
		"amount in box is more":  reseal(func(c *box.Content) { c.Amount++ }),
		"another payment said":   func(_ *testing.T, h *honest) { h.proven.Payment = other.want.Payment },
		"another payment in box": reseal(func(c *box.Content) { c.Payment = other.want.Payment }),
		"another network said":   func(_ *testing.T, h *honest) { h.proven.Network = public },
		"another network in box": reseal(func(c *box.Content) { c.Network = public }),
		"another account said":   func(_ *testing.T, h *honest) { h.proven.HoldingAccount = addr("thief") },
		"another account in box": reseal(func(c *box.Content) {
			c.Account, c.Secret = addr("thief"), secret.NewString(key("thief").Seed())
		}),
		"another asset in box": reseal(func(c *box.Content) { c.Asset = "USD:" + addr("issuer") }),
		"box of another":       func(_ *testing.T, h *honest) { h.proven.Box = other.proven.Box },
		"box and all of another": func(_ *testing.T, h *honest) {
			h.proven = other.proven
			h.proven.Payment = h.want.Payment
		},
		"box altered": func(t *testing.T, h *honest) {
			raw, _ := base64.StdEncoding.DecodeString(h.proven.Box)
			raw[len(raw)-1] ^= 1
			h.proven.Box = base64.StdEncoding.EncodeToString(raw)
		},
		"box cut":             func(_ *testing.T, h *honest) { h.proven.Box = h.proven.Box[:len(h.proven.Box)/4*2] },
		"box missing":         func(_ *testing.T, h *honest) { h.proven.Box = "" },
		"box no base64":       func(_ *testing.T, h *honest) { h.proven.Box = "age!" },
		"share of another":    func(_ *testing.T, h *honest) { h.proven.Share = other.proven.Share },
		"share missing":       func(_ *testing.T, h *honest) { h.proven.Share = "" },
		"share too short":     func(_ *testing.T, h *honest) { h.proven.Share = "AAAA" },
		"share no base64":     func(_ *testing.T, h *honest) { h.proven.Share = "share" },
		"policy said is link": func(_ *testing.T, h *honest) { h.want.Policy = relay.Link },
		"link downgrade":      func(_ *testing.T, h *honest) { h.want.Policy, h.proven.Share = relay.Link, "" },
		"policy unknown":      func(_ *testing.T, h *honest) { h.want.Policy = "escrow" },
		"another link":        func(_ *testing.T, h *honest) { h.link = other.link },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			h := fixture(t, relay.Guarded)
			change(t, &h)
			got, err := Open(h.link, h.proven, h.want)
			if err == nil {
				t.Fatal("accepted")
			}
			if got.seed.Len() != 0 {
				t.Error("a seed came with the error")
			}
			if !Refused(err) {
				t.Errorf("not told as a refusal: %v", err)
			}
		})
	}
}

func reseal(change func(*box.Content)) func(*testing.T, *honest) {
	return func(t *testing.T, h *honest) {
		c := h.content
		change(&c)
		h.proven.Box = h.seal(t, c)
	}
}

// plan is what an honest service plans, told by its parts.
func plan(t *testing.T, change func(*stellar.ClaimPlan)) wire.Plan {
	t.Helper()
	p := stellar.ClaimPlan{
		Asset:      "native",
		Passphrase: testnet, Holding: addr("holding"), Destination: addr("ana"), NewAccount: true, Sponsor: addr("sponsor"),
		Sequence: born + 1, MaxTime: now.Unix() + 300, LastLedger: 600,
	}
	if change != nil {
		change(&p)
	}
	tx, err := stellar.BuildClaim(p)
	if err != nil {
		t.Fatal(err)
	}
	return planOf(tx, p.NewAccount)
}

func planOf(tx stellar.Tx, newAccount bool) wire.Plan {
	return wire.Plan{Envelope: tx.XDR, Hash: tx.Hash, NewAccount: newAccount, Sequence: tx.Sequence, MaxLedger: tx.Bounds.MaxLedger}
}

func demand(newAccount bool) PlanExpect {
	return PlanExpect{Destination: addr("ana"), NewAccount: newAccount, Now: now, Longest: time.Hour}
}

func existing(p *stellar.ClaimPlan) {
	p.NewAccount, p.Sponsor, p.Keeper, p.Amount = false, "", addr("sponsor"), 25_0000000
}

func TestSign(t *testing.T) {
	h := fixture(t, relay.Guarded).open(t)
	ana := secret.NewString(key("ana").Seed())
	for _, fresh := range []bool{true, false} {
		got := plan(t, func(p *stellar.ClaimPlan) {
			if !fresh {
				existing(p)
			}
		})
		checked, err := CheckPlan(got, h, demand(fresh))
		if err != nil {
			t.Fatal(err)
		}
		signed, err := checked.Sign(ana)
		if err != nil {
			t.Fatal(err)
		}
		tx, err := stellar.Decode(signed, testnet)
		if err != nil || tx.Hash != got.Hash {
			t.Fatalf("%v, hash %s", err, tx.Hash)
		}
		by, err := stellar.SignedBy(signed, testnet, addr("holding"), addr("ana"), addr("sponsor"))
		want := fmt.Sprint([]string{addr("holding"), addr("ana")})
		if !fresh {
			want = fmt.Sprint([]string{addr("holding")})
		}
		if err != nil || fmt.Sprint(by) != want {
			t.Errorf("signed by %v, %v; want %v", by, err, want)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	h := fixture(t, relay.Guarded).open(t)
	checked, err := CheckPlan(plan(t, nil), h, demand(true))
	if err != nil {
		t.Fatal(err)
	}
	for name, seed := range map[string]secret.Bytes{"missing": {}, "another's": secret.NewString(key("thief").Seed()), "no seed": secret.NewString("S")} {
		if out, err := checked.Sign(seed); err == nil || out != "" {
			t.Errorf("%s key: signed", name)
		}
	}
	if out, err := (Plan{}).Sign(secret.Bytes{}); err == nil || out != "" {
		t.Error("a plan that was never checked was signed")
	}
	h.Wipe()
	if out, err := checked.Sign(secret.NewString(key("ana").Seed())); err == nil || out != "" {
		t.Error("signed with a wiped key")
	}
}

func TestMemo(t *testing.T) {
	h := fixture(t, relay.Guarded).open(t)
	with := func(memo stellar.Memo) wire.Plan {
		return plan(t, func(p *stellar.ClaimPlan) { existing(p); p.Memo = memo })
	}
	want := demand(false)
	want.Memo = relay.Memo{Kind: "text", Value: "7"}
	if _, err := CheckPlan(with(stellar.Memo{Kind: stellar.MemoText, Text: "7"}), h, want); err != nil {
		t.Error(err)
	}
	for name, memo := range map[string]stellar.Memo{"another": {Kind: stellar.MemoText, Text: "8"}, "a number": {Kind: stellar.MemoID, ID: 7}, "none": {}} {
		if _, err := CheckPlan(with(memo), h, want); !Refused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	want.Memo = relay.Memo{Kind: "text", Value: "12345678901234567890123456789"}
	if _, err := CheckPlan(with(stellar.Memo{}), h, want); !errors.Is(err, ErrMemo) {
		t.Errorf("29 bytes: %v", err)
	}
}

// Every plan that is not exactly the one wanted is refused before anything is signed.
func TestCheckPlanRefuses(t *testing.T) {
	h := fixture(t, relay.Guarded).open(t)
	thief := func(p *stellar.ClaimPlan) { p.Destination = addr("thief") }
	cases := map[string]func(t *testing.T) wire.Plan{
		"another destination": func(t *testing.T) wire.Plan { return plan(t, thief) },
		"another source":      func(t *testing.T) wire.Plan { return plan(t, func(p *stellar.ClaimPlan) { p.Holding = addr("other") }) },
		"another network":     func(t *testing.T) wire.Plan { return plan(t, func(p *stellar.ClaimPlan) { p.Passphrase = public }) },
		"existing account":    func(t *testing.T) wire.Plan { return plan(t, existing) },
		"said to be existing": func(t *testing.T) wire.Plan { p := plan(t, nil); p.NewAccount = false; return p },
		"another hash":        func(t *testing.T) wire.Plan { p := plan(t, nil); p.Hash = plan(t, thief).Hash; return p },
		"another number said": func(t *testing.T) wire.Plan { p := plan(t, nil); p.Sequence++; return p },
		"no number said":      func(t *testing.T) wire.Plan { p := plan(t, nil); p.Sequence = 0; return p },
		"another bound said":  func(t *testing.T) wire.Plan { p := plan(t, nil); p.MaxLedger++; return p },
		"number far off": func(t *testing.T) wire.Plan {
			return plan(t, func(p *stellar.ClaimPlan) { p.Sequence += relay.MostClaims })
		},
		"number of the ladder": func(t *testing.T) wire.Plan { return plan(t, func(p *stellar.ClaimPlan) { p.Sequence = 520<<32 - 1 }) },
		"number before birth":  func(t *testing.T) wire.Plan { return plan(t, func(p *stellar.ClaimPlan) { p.Sequence = born }) },
		"number of no account": func(t *testing.T) wire.Plan { return plan(t, func(p *stellar.ClaimPlan) { p.Sequence = 1 }) },
		"number of the future": func(t *testing.T) wire.Plan { return plan(t, func(p *stellar.ClaimPlan) { p.Sequence = 601<<32 + 1 }) },
		"end too far off": func(t *testing.T) wire.Plan {
			return plan(t, func(p *stellar.ClaimPlan) { p.MaxTime = now.Unix() + 3601 })
		},
		"a memo": func(t *testing.T) wire.Plan {
			return handmade(t, func(p *txnbuild.TransactionParams) { p.Memo = txnbuild.MemoText("mine") })
		},
		"a fee": func(t *testing.T) wire.Plan {
			return handmade(t, func(p *txnbuild.TransactionParams) { p.BaseFee = 100 })
		},
		"no end in time": func(t *testing.T) wire.Plan {
			return handmade(t, func(p *txnbuild.TransactionParams) { p.Preconditions.TimeBounds = txnbuild.NewInfiniteTimeout() })
		},
		"no end in ledgers": func(t *testing.T) wire.Plan {
			return handmade(t, func(p *txnbuild.TransactionParams) { p.Preconditions.LedgerBounds = nil })
		},
		"any number will do": func(t *testing.T) wire.Plan {
			return handmade(t, func(p *txnbuild.TransactionParams) { least := int64(0); p.Preconditions.MinSequenceNumber = &least })
		},
		"a payment besides": func(t *testing.T) wire.Plan {
			return handmade(t, func(p *txnbuild.TransactionParams) {
				p.Operations = append([]txnbuild.Operation{&txnbuild.Payment{Destination: addr("thief"), Amount: "1", Asset: txnbuild.NativeAsset{}}}, p.Operations...)
			})
		},
		"a signer besides": func(t *testing.T) wire.Plan {
			return handmade(t, func(p *txnbuild.TransactionParams) {
				p.Operations = append(p.Operations, &txnbuild.SetOptions{
					SourceAccount: addr("ana"), Signer: &txnbuild.Signer{Address: addr("thief"), Weight: 255},
				})
			})
		},
		"nothing in it": func(t *testing.T) wire.Plan { p := plan(t, nil); p.Envelope = ""; return p },
		"too long": func(t *testing.T) wire.Plan {
			p := plan(t, nil)
			p.Envelope += string(make([]byte, MostEnvelope))
			return p
		},
	}
	for name, made := range cases {
		t.Run(name, func(t *testing.T) {
			p, err := CheckPlan(made(t), h, demand(true))
			if err == nil {
				t.Fatal("accepted")
			}
			if !Refused(err) {
				t.Errorf("not told as a refusal: %v", err)
			}
			if signed, err := p.Sign(secret.NewString(key("ana").Seed())); err == nil || signed != "" {
				t.Error("signed all the same")
			}
		})
	}
	if _, err := CheckPlan(handmade(t, func(*txnbuild.TransactionParams) {}), h, demand(true)); err != nil {
		t.Errorf("the control, handmade without a change: %v", err)
	}
}

// A claim must not be able to land once the money is on its way home.
func TestPlanEndsBeforeThePayment(t *testing.T) {
	h := fixture(t, relay.Guarded).open(t)
	h.ExpiresAt = relay.At(now.Add(4 * time.Minute))
	if _, err := CheckPlan(plan(t, nil), h, demand(true)); err == nil {
		t.Error("a claim may land after the payment's end")
	}
	h.ExpiresAt = relay.At(now.Add(5 * time.Minute))
	if _, err := CheckPlan(plan(t, nil), h, demand(true)); err != nil {
		t.Error(err)
	}
}

// handmade builds the honest claim with the SDK and lets change spoil it.
func handmade(t *testing.T, change func(*txnbuild.TransactionParams)) wire.Plan {
	t.Helper()
	source := txnbuild.NewSimpleAccount(addr("holding"), born)
	p := txnbuild.TransactionParams{
		SourceAccount: &source, IncrementSequenceNum: true, BaseFee: 0,
		Preconditions: txnbuild.Preconditions{
			TimeBounds: txnbuild.NewTimebounds(0, now.Unix()+300), LedgerBounds: &txnbuild.LedgerBounds{MaxLedger: 601},
		},
		Operations: []txnbuild.Operation{
			&txnbuild.BeginSponsoringFutureReserves{SponsoredID: addr("ana"), SourceAccount: addr("sponsor")},
			&txnbuild.CreateAccount{Destination: addr("ana"), Amount: "0", SourceAccount: addr("sponsor")},
			&txnbuild.EndSponsoringFutureReserves{SourceAccount: addr("ana")},
			&txnbuild.AccountMerge{Destination: addr("ana"), SourceAccount: addr("holding")},
		},
	}
	change(&p)
	tx, err := txnbuild.NewTransaction(p)
	if err != nil {
		t.Fatal(err)
	}
	text, err := tx.Base64()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := tx.HashHex(testnet)
	if err != nil {
		t.Fatal(err)
	}
	out := wire.Plan{Envelope: text, Hash: hash, NewAccount: true, Sequence: tx.SequenceNumber()}
	if p.Preconditions.LedgerBounds != nil {
		out.MaxLedger = p.Preconditions.LedgerBounds.MaxLedger
	}
	return out
}

// A service hands in plans of any bytes.
func FuzzCheckPlan(f *testing.F) {
	h := Holding{Account: addr("holding"), Network: testnet, ExpiresAt: expires}
	f.Add("AAAA", int64(1), uint32(1), true)
	f.Add("", int64(0), uint32(0), false)
	tx, err := stellar.BuildClaim(stellar.ClaimPlan{
		Asset:      "native",
		Passphrase: testnet, Holding: addr("holding"), Destination: addr("ana"), Amount: 1, Keeper: addr("sponsor"), Sequence: born + 1,
		MaxTime: now.Unix() + 300, LastLedger: 600,
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(tx.XDR, tx.Sequence, tx.Bounds.MaxLedger, false)
	f.Fuzz(func(t *testing.T, envelope string, sequence int64, maxLedger uint32, fresh bool) {
		got := wire.Plan{Envelope: envelope, Hash: tx.Hash, Sequence: sequence, MaxLedger: maxLedger, NewAccount: fresh}
		p, err := CheckPlan(got, h, demand(fresh))
		if err == nil && p.Tx.XDR != envelope {
			t.Error("another envelope was checked than was handed in")
		}
	})
}

// walleted is a payment out of a wallet: its box names the wallet, and is bound to the link.
func walleted(t *testing.T) honest {
	t.Helper()
	h := fixture(t, relay.Guarded)
	h.content.V, h.content.Keeper, h.content.ReturnTo = box.KeeperVersion, addr("wallet"), addr("sender")
	h.proven.Box = h.seal(t, h.content)
	keys, err := claim.Derive(h.link, h.want.Payment, h.want.Network)
	if err != nil {
		t.Fatal(err)
	}
	h.proven.BoxMAC, h.want.Bound = box.MAC(keys.BoxKey(), h.content.Account), true
	return h
}

// What a claim leaves of a purse goes to the wallet that the box names, whatever the service says and plans.
func TestWhatIsLeftOfAPurse(t *testing.T) {
	named, before := walleted(t).open(t), fixture(t, relay.Guarded).open(t)
	if named.Keeper != addr("wallet") || before.Keeper != "" {
		t.Fatalf("%+v %+v", named, before)
	}
	for name, c := range map[string]struct {
		h      Holding
		said   bool // that there is a purse
		keeper string
		fee    uint32
		want   error // nil: signed
	}{
		"to the wallet":       {named, true, "wallet", 4000, nil},
		"to a thief":          {named, true, "thief", 4000, new(stellar.Mismatch)},
		"to where it returns": {named, true, "sender", 4000, new(stellar.Mismatch)},
		"to a thief, who says that there is none": {named, false, "thief", 0, new(stellar.Mismatch)},
		"to the wallet, said that there is none":  {named, false, "wallet", 4000, nil},
		"a fee that is too high":                  {named, true, "wallet", relay.FeePurse + 1, new(stellar.Mismatch)},
		"made before, to where it returns":        {before, true, "sender", 4000, nil},
		"made before, to a thief":                 {before, true, "thief", 4000, ErrKeeper},
		"the service's, to its sponsor":           {before, false, "sponsor", 0, nil},
		"the service's, out of the amount":        {before, false, "sponsor", 100, new(stellar.Mismatch)},
	} {
		want := demand(false)
		want.Purse = c.said
		checked, err := CheckPlan(plan(t, func(p *stellar.ClaimPlan) { existing(p); p.Keeper, p.Fee = addr(c.keeper), c.fee }), c.h, want)
		var differs *stellar.Mismatch
		switch {
		case c.want == nil && err == nil:
			if _, err := checked.Sign(secret.Bytes{}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case c.want == ErrKeeper && errors.Is(err, ErrKeeper) && !Refused(err):
		case c.want != nil && c.want != ErrKeeper && errors.As(err, &differs) && Refused(err):
		default:
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	fresh := demand(true)
	for who, sponsor := range map[string]string{"out of the purse": "", "by a sponsor": addr("sponsor")} {
		_, err := CheckPlan(plan(t, func(p *stellar.ClaimPlan) { p.Sponsor = sponsor }), named, fresh)
		if (err == nil) != (sponsor == "") {
			t.Errorf("a new account %s: %v", who, err)
		}
	}
}

// A wallet's box is bound to the link, whatever the service says of it.
func TestAWalletsBoxIsBound(t *testing.T) {
	h := walleted(t)
	h.proven.BoxMAC, h.want.Bound = "", false
	if _, err := Open(h.link, h.proven, h.want); !errors.Is(err, ErrBox) {
		t.Error(err)
	}
}

// A receipt says of the keeper what the box says.
func TestAReceiptNamesTheKeeper(t *testing.T) {
	h := fixture(t, relay.Guarded)
	h.content.V, h.content.Keeper = box.KeeperVersion, addr("wallet")
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	file, err := seal.Seal(h.content, seal.Recipients{Sender: []string{id.Recipient().String()}, Claim: h.recipient(t)})
	if err != nil {
		t.Fatal(err)
	}
	for wallet, good := range map[string]bool{addr("wallet"): true, addr("thief"): false, "": false} {
		r := wire.Receipt{Payment: h.want.Payment, Network: testnet, HoldingAccount: h.content.Account, Amount: "25", Asset: "native", ReturnTo: addr("sender"),
			Wallet: wallet, Box: base64.StdEncoding.EncodeToString(file)}
		if _, err := OpenSent(r, secret.NewString(id.String())); (err == nil) != good || err != nil && !errors.Is(err, ErrBox) {
			t.Errorf("%s: %v", wallet, err)
		}
	}
}

// recipient is another one than the sender's.
func (h honest) recipient(t *testing.T) string {
	t.Helper()
	keys, err := claim.Derive(h.link, h.want.Payment, h.want.Network)
	if err != nil {
		t.Fatal(err)
	}
	return keys.LinkIdentity().Recipient()
}
