package stellar

import (
	"encoding/base64"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
)

// ladderOf is the way back as it is minted now: of lumens or the credit asset, home to the account, kept by the wallet or, where
// that is "", by the service.
func ladderOf(asset, returnTo, wallet string) ReturnPlan {
	p := home()
	if asset != relay.Native {
		p = homeUSD(0)
	}
	p.Version, p.ReturnTo, p.Wallet = relay.LadderVersion, returnTo, wallet
	if wallet != "" {
		p.Fee = 900
	}
	return p
}

func TestLadderShapes(t *testing.T) {
	noted := ladderOf(relay.Native, addr("bob"), addr("sender"))
	noted.Memo = relay.Memo{Kind: "id", Value: "7"}
	for name, c := range map[string]struct {
		plan ReturnPlan
		want []string // by k, the highest first
	}{
		"lumens of a treasury": {ladderOf(relay.Native, addr("treasury"), ""), []string{
			"h0 bids 0\nh0 merges into treasury",
			"h0 bids 0\nh0 merges into treasury",
			"h0 bids 0\nsponsor begins for h0\nh0 leaves 12.3450000 : for treasury\nh0 ends\nh0 merges into sponsor",
		}},
		"credit of a treasury": {ladderOf(usd(), addr("treasury"), ""), []string{
			"h0 bids 0\nh0 pays 7.0000000 USDC:issuer to treasury\nh0 trusts USDC:issuer to 0.0000000\nh0 merges into treasury",
			"h0 bids 0\nh0 pays 7.0000000 USDC:issuer to treasury\nh0 trusts USDC:issuer to 0.0000000\nh0 merges into treasury",
			"h0 bids 0\nsponsor begins for h0\nh0 trusts USDC:issuer to 0.0000000\nh0 ends\nh0 merges into sponsor",
			"h0 bids 0\nsponsor begins for h0\nh0 leaves 7.0000000 USDC:issuer for treasury\nh0 ends\nh0 trusts USDC:issuer to 0.0000000\nh0 merges into sponsor",
		}},
		"credit of a wallet": {ladderOf(usd(), addr("sender"), addr("sender")), []string{
			"h0 bids 900\nh0 pays 7.0000000 USDC:issuer to sender\nh0 trusts USDC:issuer to 0.0000000\nh0 merges into sender",
			"h0 bids 900\nh0 pays 7.0000000 USDC:issuer to sender\nh0 trusts USDC:issuer to 0.0000000\nh0 merges into sender",
			"h0 bids 900\nsponsor begins for h0\nh0 trusts USDC:issuer to 0.0000000\nh0 ends\nh0 merges into sender",
			"h0 bids 900\nh0 pays 0.5000000 : to sponsor\nsponsor begins for h0\nh0 leaves 7.0000000 USDC:issuer for sender\nh0 ends\nh0 trusts USDC:issuer to 0.0000000\nh0 merges into sender",
		}},
		"lumens to another account": {noted, []string{
			"h0 bids 900\nh0 pays 12.3450000 : to bob\nh0 merges into sender",
			"h0 bids 900\nh0 pays 12.3450000 : to bob\nh0 merges into sender",
			"h0 bids 900\nsponsor begins for h0\nh0 ends\nh0 merges into sender",
			"h0 bids 900\nh0 pays 0.5000000 : to sponsor\nsponsor begins for h0\nh0 leaves 12.3450000 : for sender\nh0 ends\nh0 merges into sender",
		}},
		"credit to a customer": {ladderOf(usd(), muxed("bob", 7), addr("sender")), []string{
			"h0 bids 900\nh0 pays 7.0000000 USDC:issuer to bob/7\nh0 trusts USDC:issuer to 0.0000000\nh0 merges into sender",
			"h0 bids 900\nh0 pays 7.0000000 USDC:issuer to bob/7\nh0 trusts USDC:issuer to 0.0000000\nh0 merges into sender",
			"h0 bids 900\nsponsor begins for h0\nh0 pays 7.0000000 USDC:issuer to sender\nh0 trusts USDC:issuer to 0.0000000\nh0 ends\nh0 merges into sender",
			"h0 bids 900\nsponsor begins for h0\nh0 trusts USDC:issuer to 0.0000000\nh0 ends\nh0 merges into sender",
			"h0 bids 900\nh0 pays 0.5000000 : to sponsor\nsponsor begins for h0\nh0 leaves 7.0000000 USDC:issuer for sender\nh0 ends\nh0 trusts USDC:issuer to 0.0000000\nh0 merges into sender",
		}},
	} {
		ladder := must[[]Rung](t)(BuildLadder(c.plan))
		var got []string
		for i, r := range ladder {
			got = append(got, strings.ReplaceAll(ops(t, r.Tx), addr("bob"), "bob"))
			cosigned := slices.Contains(r.Signers, addr("sponsor"))
			if r.Sequence != c.plan.Ladder().Sequence(r.K) || r.Bounds != (Bounds{MinLedger: 501}) || *r.MinSeqNum != 0 || i > 0 && r.Sequence <= ladder[i-1].Sequence {
				t.Errorf("%s, rung %d: %+v", name, r.K, r.Tx)
			}
			if plain := c.plan.Ladder().Role(r.K) == relay.PlainRung; plain == cosigned || len(r.Signers) > 2 {
				t.Errorf("%s, rung %d is signed by %v", name, r.K, r.Signers)
			}
			env, err := decode(r.XDR)
			memo, _ := memoOf(must[[]byte](t)(base64.StdEncoding.DecodeString(r.XDR)))
			if want := name == "lumens to another account" && r.K > 1; err != nil || (memo.ID == 7) != want {
				t.Errorf("%s, rung %d carries %+v, %v", name, r.K, env.Memo(), err)
			}
			if again, err := CheckReturn(r.XDR, c.plan, r.K); err != nil || again.Hash != r.Hash {
				t.Errorf("%s, rung %d: %v", name, r.K, err)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n\n"), strings.Join(c.want, "\n\n"))
		}
	}
}

func TestRefusedLadders(t *testing.T) {
	for name, change := range map[string]func(*ReturnPlan){
		"an unknown version":           func(p *ReturnPlan) { p.Version = relay.LadderVersion + 1 },
		"a wallet that is the service": func(p *ReturnPlan) { p.Wallet = p.Sponsor },
		"a wallet that is the account": func(p *ReturnPlan) { p.Wallet = p.Holding },
		"a customer of a treasury":     func(p *ReturnPlan) { p.Wallet, p.ReturnTo = "", muxed("bob", 7) },
		"a memo for a treasury":        func(p *ReturnPlan) { p.Wallet, p.Memo = "", relay.Memo{Kind: "id", Value: "7"} },
		"a memo for a customer":        func(p *ReturnPlan) { p.ReturnTo, p.Memo = muxed("bob", 7), relay.Memo{Kind: "id", Value: "7"} },
		"a memo that is none":          func(p *ReturnPlan) { p.Memo = relay.Memo{Kind: "id", Value: "x"} },
		"itself, as a customer":        func(p *ReturnPlan) { p.ReturnTo = muxed("h0", 7) },
		"no service":                   func(p *ReturnPlan) { p.Sponsor = "" },
		"no amount":                    func(p *ReturnPlan) { p.Amount = 0 },
	} {
		p := ladderOf(relay.Native, addr("bob"), addr("sender"))
		change(&p)
		if _, err := BuildLadder(p); err == nil {
			t.Errorf("a ladder with %s was built", name)
		}
	}
}

// Which rung is advised, and that the others are never advised while a plain one would succeed.
func TestAdviceByRole(t *testing.T) {
	credit, lumens := ladderOf(usd(), addr("bob"), addr("sender")), ladderOf(relay.Native, addr("bob"), addr("sender"))
	account := func(id string, balance relay.Stroops) *Account {
		return &Account{ID: id, Balance: balance, Thresholds: [4]byte{1}}
	}
	holding := func(plan ReturnPlan, balance relay.Stroops) *Account {
		h := account(plan.Holding, balance)
		h.Sequence, h.NumSponsored = 499<<32, 2
		if plan.Asset != relay.Native {
			h.SubEntries, h.NumSponsored = 1, 3
		}
		return h
	}
	line := func(account string, balance, limit relay.Stroops) *Trustline {
		return &Trustline{Account: account, Asset: usd(), Balance: balance, Limit: limit, Flags: lineAuthorized | lineClawback}
	}
	snapshot := func(plan ReturnPlan, lumens relay.Stroops) Snapshot {
		return Snapshot{Ledger: 600, Accounts: map[string]*Account{
			plan.Holding: holding(plan, lumens), addr("bob"): account(addr("bob"), 50_000_000), addr("sender"): account(addr("sender"), 50_000_000),
			addr("sponsor"): account(addr("sponsor"), 500_000_000),
		}, Lines: map[LineID]*Trustline{
			{addr("h0"), usd()}: line(addr("h0"), 7_0000000, 7_0000000), {addr("bob"), usd()}: line(addr("bob"), 0, math.MaxInt64),
			{addr("sender"), usd()}: line(addr("sender"), 0, math.MaxInt64),
		}}
	}
	for name, c := range map[string]struct {
		plan   ReturnPlan
		change func(Snapshot)
		want   relay.Role
		why    Reason
	}{
		"lumens, well":                {lumens, func(Snapshot) {}, relay.PlainRung, ""},
		"lumens, home is gone":        {lumens, func(s Snapshot) { s.Accounts[addr("bob")] = nil }, relay.WalletRung, ""},
		"lumens, home wants a memo":   {lumens, func(s Snapshot) { s.Accounts[addr("bob")].MemoRequired = true }, relay.WalletRung, ""},
		"lumens, both want one":       {lumens, func(s Snapshot) { s.Accounts[addr("bob")], s.Accounts[addr("sender")].MemoRequired = nil, true }, relay.LastResort, ""},
		"lumens, a part was paid out": {lumens, func(s Snapshot) { s.Accounts[addr("h0")].Balance = 5_0000000 }, relay.WalletRung, ""},
		"lumens, the plain are spent": {lumens, func(s Snapshot) { s.Accounts[addr("h0")].Sequence = lumens.Ladder().Sequence(2) }, relay.WalletRung, ""},
		"credit, well":                {credit, func(Snapshot) {}, relay.PlainRung, ""},
		"credit, home without a line": {credit, func(s Snapshot) { s.Lines[LineID{addr("bob"), usd()}] = nil }, relay.WalletRung, ""},
		"credit, both without one": {credit, func(s Snapshot) {
			s.Lines[LineID{addr("bob"), usd()}], s.Lines[LineID{addr("sender"), usd()}] = nil, nil
		}, relay.LastResort, ""},
		"credit, clawed back":           {credit, func(s Snapshot) { s.Lines[LineID{addr("h0"), usd()}].Balance = 0 }, relay.BareRung, ""},
		"credit, clawed back in part":   {credit, func(s Snapshot) { s.Lines[LineID{addr("h0"), usd()}].Balance = 1 }, "", ClawedBack},
		"credit, frozen":                {credit, func(s Snapshot) { s.Lines[LineID{addr("h0"), usd()}].Flags = lineClawback }, "", Deauthorised},
		"credit, the plain are spent":   {credit, func(s Snapshot) { s.Accounts[addr("h0")].Sequence = credit.Ladder().Sequence(3) }, relay.WalletRung, ""},
		"credit, the bare one is spent": {credit, func(s Snapshot) { s.Accounts[addr("h0")].Sequence = credit.Ladder().Sequence(1) }, relay.LastResort, ""},
		"credit, a purse too small": {credit, func(s Snapshot) {
			s.Accounts[addr("h0")].Balance, s.Accounts[addr("h0")].Sequence = 1000, credit.Ladder().Sequence(1)
		}, "", PurseEmpty},
	} {
		amount := relay.Stroops(20_000_000)
		if c.plan.Asset == relay.Native {
			amount += c.plan.Amount
		}
		s := snapshot(c.plan, amount)
		c.change(s)
		all := []int{4, 3, 2, 1, 0}
		k, err := Advise(s, c.plan, all[5-c.plan.Ladder().Rungs():])
		if got := c.plan.Ladder().Role(k); c.want != "" && (err != nil || got != c.want) || c.want == "" && IsRefusal(err) != c.why {
			t.Errorf("%s: rung %d (%s), %v", name, k, got, err)
		}
	}
	// The memo that an exchange asks for is in every plain rung.
	lumens.Memo = relay.Memo{Kind: "text", Value: "deposit 7"}
	s := snapshot(lumens, 20_000_000+lumens.Amount)
	s.Accounts[addr("bob")].MemoRequired = true
	if k, err := Advise(s, lumens, []int{3, 2, 1, 0}); err != nil || k != 3 {
		t.Errorf("with its memo: rung %d, %v", k, err)
	}
}
