package stellar

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// usd is the credit asset of these tests.
func usd() string { return "USDC:" + addr("issuer") }

// muxed is an address of one customer of the account (SEP-23).
func muxed(name string, id uint64) string {
	var m strkey.MuxedAccount
	if err := m.SetAccountID(addr(name)); err != nil {
		panic(err)
	}
	m.SetID(id)
	text, err := m.Address()
	if err != nil {
		panic(err)
	}
	return text
}

func inUSD(p ClaimPlan) ClaimPlan {
	p.Asset, p.Amount = usd(), 7_0000000
	return p
}

func homeUSD(fee uint32) ReturnPlan {
	p := home()
	p.Asset, p.Amount, p.Fee = usd(), 7_0000000, fee
	return p
}

func moving(asset string) FundingPlan {
	return FundingPlan{
		Passphrase: testnet, Channel: addr("h0"), Sponsor: addr("sender"), Treasury: addr("h0"), Sequence: 77, MaxTime: 1_800_000_000,
		LastLedger: 500, Fee: 700, Move: true, Payments: []Holding{{Account: addr("h1"), Asset: asset, Amount: 7_0000000, Purse: 3}},
	}
}

// claims are the shapes of claim beside those of lumens that the service pays for.
func claims() map[string]ClaimPlan {
	purse := func(p ClaimPlan) ClaimPlan {
		p.NewAccount, p.Sponsor, p.Fee = p.Destination == addr("ana"), "", 500
		if p.NewAccount {
			p.Keeper = ""
		}
		return p
	}
	line, customer, noted := inUSD(claim(false)), inUSD(claim(false)), inUSD(claim(false))
	line.NewLine = true
	customer.Destination = muxed("bob", 7)
	noted.Memo = Memo{Kind: MemoHash, Text: strings.Repeat("0f", 32)}
	customerLine := customer
	customerLine.NewLine = true
	toBob := inUSD(claim(false))
	toBob.Destination = addr("bob")
	lumens, lumensCustomer, lumensNoted := claim(false), claim(false), claim(false)
	lumens.Fee = 500
	lumensCustomer.Destination = muxed("bob", 7)
	lumensNoted.Memo = Memo{Kind: MemoID, ID: 4411223}
	return map[string]ClaimPlan{
		"credit, new account": inUSD(claim(true)), "credit, existing": inUSD(claim(false)), "new line": line, "customer": customer,
		"customer, new line": customerLine, "memo": noted, "purse, lumens, new account": purse(claim(false)),
		"lumens, existing": claim(false), "lumens, customer": lumensCustomer, "lumens, memo": lumensNoted, "purse, lumens, existing": lumens,
		"purse, credit, new account": purse(inUSD(claim(false))), "purse, credit, existing": purse(toBob),
	}
}

// ops reads an envelope with the other library, and writes its operations down with our names for accounts.
func ops(t *testing.T, tx Tx) string {
	t.Helper()
	parsed := must[*txnbuild.GenericTransaction](t)(txnbuild.TransactionFromXDR(tx.XDR))
	read, ok := parsed.Transaction()
	if !ok {
		t.Fatal("not a transaction")
	}
	lines := []string{fmt.Sprintf("%s bids %d", read.SourceAccount().AccountID, read.MaxFee())}
	for _, op := range read.Operations() {
		text := fmt.Sprintf("%T", op)
		switch op := op.(type) {
		case *txnbuild.BeginSponsoringFutureReserves:
			text = fmt.Sprintf("begins for %s", op.SponsoredID)
		case *txnbuild.EndSponsoringFutureReserves:
			text = "ends"
		case *txnbuild.CreateAccount:
			text = fmt.Sprintf("creates %s with %s", op.Destination, op.Amount)
		case *txnbuild.ChangeTrust:
			a := op.Line.(txnbuild.ChangeTrustAssetWrapper).Asset
			text = fmt.Sprintf("trusts %s:%s to %s", a.GetCode(), a.GetIssuer(), op.Limit)
		case *txnbuild.Payment:
			a := op.Asset
			text = fmt.Sprintf("pays %s %s:%s to %s", op.Amount, a.GetCode(), a.GetIssuer(), op.Destination)
		case *txnbuild.AccountMerge:
			text = fmt.Sprintf("merges into %s", op.Destination)
		case *txnbuild.CreateClaimableBalance:
			text = fmt.Sprintf("leaves %s %s:%s for %s", op.Amount, op.Asset.GetCode(), op.Asset.GetIssuer(), op.Destinations[0].Destination)
			if len(op.Destinations) != 1 || op.Destinations[0].Predicate.Type != xdr.ClaimPredicateTypeClaimPredicateUnconditional {
				text += " and others, or not always"
			}
		}
		lines = append(lines, op.GetSourceAccount()+" "+text)
	}
	out := strings.Join(lines, "\n")
	for _, name := range []string{"h0", "h1", "ana", "sponsor", "sender", "treasury", "issuer", "channel"} {
		out = strings.ReplaceAll(out, addr(name), name)
	}
	return strings.ReplaceAll(out, muxed("bob", 7), "bob/7")
}

func TestShapes(t *testing.T) {
	funding := funding(1)
	funding.Payments[0] = Holding{Account: addr("h0"), Asset: usd(), Amount: 7_0000000, Purse: 3}
	own := funding
	own.Channel, own.Sponsor, own.Treasury, own.Fee = addr("sender"), addr("sender"), addr("sender"), 500
	own.Payments = []Holding{{Account: addr("h0"), Asset: relay.Native, Amount: 7, Purse: 3}}
	rung := func(p ReturnPlan, k int) Tx { return must[Rung](t)(BuildReturn(p, k)).Tx }
	ownHome := home()
	ownHome.Fee = 200
	shapes := map[string]struct {
		tx   Tx
		want string
	}{
		"funding of a credit asset": {must[Tx](t)(BuildFunding(funding)), `channel bids 0
			sponsor begins for h0
			treasury creates h0 with 0.0000003
			h0 trusts USDC:issuer to 7.0000000
			h0 ends
			treasury pays 7.0000000 USDC:issuer to h0`},
		"funding by her own wallet": {must[Tx](t)(BuildFunding(own)), `sender bids 500
			sender begins for h0
			sender creates h0 with 0.0000010
			h0 ends`},
		"move of lumens": {must[Tx](t)(BuildFunding(moving(relay.Native))), `h0 bids 700
			sender begins for h1
			sender creates h1 with 0.0000000
			h1 ends
			h0 merges into h1`},
		"move of a credit asset": {must[Tx](t)(BuildFunding(moving(usd()))), `h0 bids 700
			sender begins for h1
			sender creates h1 with 0.0000000
			h1 trusts USDC:issuer to 7.0000000
			h1 ends
			h0 pays 7.0000000 USDC:issuer to h1
			h0 trusts USDC:issuer to 0.0000000
			h0 merges into h1`},
		"rung 3": {rung(homeUSD(0), 3), `h0 bids 0
			h0 pays 7.0000000 USDC:issuer to sender
			h0 trusts USDC:issuer to 0.0000000
			h0 merges into sender`},
		"rung 2": {rung(homeUSD(900), 2), `h0 bids 900
			h0 pays 7.0000000 USDC:issuer to sender
			h0 trusts USDC:issuer to 0.0000000
			h0 merges into sender`},
		"bare rung": {rung(homeUSD(0), BareRung), `h0 bids 0
			h0 trusts USDC:issuer to 0.0000000
			h0 merges into sender`},
		"last resort of a credit asset": {rung(homeUSD(0), LastResort), `h0 bids 0
			sponsor begins for h0
			h0 leaves 7.0000000 USDC:issuer for sender
			h0 ends
			h0 trusts USDC:issuer to 0.0000000
			h0 merges into sponsor`},
		"rung 1 of lumens, own wallet": {rung(ownHome, 1), `h0 bids 200
			h0 merges into sender`},
	}
	for name, want := range map[string]string{
		"credit, new account": `h0 bids 0
			sponsor begins for ana
			sponsor creates ana with 0.0500000
			ana trusts USDC:issuer to 922337203685.4775807
			ana ends
			h0 pays 7.0000000 USDC:issuer to ana
			h0 trusts USDC:issuer to 0.0000000
			h0 merges into ana`,
		"credit, existing": `h0 bids 0
			h0 pays 7.0000000 USDC:issuer to ana
			h0 trusts USDC:issuer to 0.0000000
			h0 merges into sponsor`,
		"lumens, existing": `h0 bids 0
			h0 pays 12.3450000 : to ana
			h0 merges into sponsor`,
		"lumens, customer": `h0 bids 0
			h0 pays 12.3450000 : to bob/7
			h0 merges into sponsor`,
		"purse, lumens, existing": `h0 bids 500
			h0 pays 12.3450000 : to ana
			h0 merges into sponsor`,
		"new line": `h0 bids 0
			ana trusts USDC:issuer to 922337203685.4775807
			h0 pays 7.0000000 USDC:issuer to ana
			h0 trusts USDC:issuer to 0.0000000
			h0 merges into sponsor`,
		"customer": `h0 bids 0
			h0 pays 7.0000000 USDC:issuer to bob/7
			h0 trusts USDC:issuer to 0.0000000
			h0 merges into sponsor`,
		"purse, lumens, new account": `h0 bids 500
			h0 creates ana with 1.0000000
			h0 merges into ana`,
		"purse, credit, new account": `h0 bids 500
			h0 creates ana with 1.5500000
			ana trusts USDC:issuer to 922337203685.4775807
			h0 pays 7.0000000 USDC:issuer to ana
			h0 trusts USDC:issuer to 0.0000000
			h0 merges into ana`,
	} {
		shapes["claim: "+name] = struct {
			tx   Tx
			want string
		}{must[Tx](t)(BuildClaim(claims()[name])), want}
	}
	for name, s := range shapes {
		if got := ops(t, s.tx); got != strings.ReplaceAll(s.want, "\n\t\t\t", "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, s.want)
		}
	}
}

func TestCreditLadder(t *testing.T) {
	ladder := must[[]Rung](t)(BuildLadder(homeUSD(0)))
	if len(ladder) != 4 {
		t.Fatalf("%d rungs", len(ladder))
	}
	for i, r := range ladder {
		if r.K != 3-i || r.Sequence != homeUSD(0).Ladder().Sequence(r.K) || r.Bounds != (Bounds{MinLedger: 501}) || *r.MinSeqNum != 0 {
			t.Errorf("rung %d: %+v", i, r)
		}
	}
}

func TestRefusedCreditPlans(t *testing.T) {
	for name, p := range map[string]FundingPlan{
		"no asset":           {Payments: []Holding{{Asset: ""}}},
		"XLM":                {Payments: []Holding{{Asset: "XLM"}}},
		"issuer's checksum":  {Payments: []Holding{{Asset: "USDC:" + strings.Repeat("A", 56)}}},
		"long code":          {Payments: []Holding{{Asset: "THIRTEENBYTES:" + addr("issuer")}}},
		"empty code":         {Payments: []Holding{{Asset: ":" + addr("issuer")}}},
		"code with a space":  {Payments: []Holding{{Asset: "U D:" + addr("issuer")}}},
		"issuer":             {Payments: []Holding{{Asset: "USDC:" + addr("h0")}}},
		"purse below zero":   {Payments: []Holding{{Asset: usd(), Purse: -1}}},
		"purse beyond lumen": {Payments: []Holding{{Asset: relay.Native, Purse: 1<<63 - 1}}},
	} {
		whole := funding(1)
		h := &whole.Payments[0]
		h.Asset, h.Purse = p.Payments[0].Asset, p.Payments[0].Purse
		if _, err := BuildFunding(whole); err == nil {
			t.Errorf("funding with %s was built", name)
		}
	}
	for name, change := range map[string]func(*FundingPlan){
		"two payments": func(p *FundingPlan) {
			p.Payments = append(p.Payments, Holding{Account: addr("h2"), Asset: usd(), Amount: 1})
		},
		"another channel":  func(p *FundingPlan) { p.Channel = addr("channel") },
		"own sponsor":      func(p *FundingPlan) { p.Sponsor = p.Treasury },
		"issuer's account": func(p *FundingPlan) { p.Payments[0].Asset = "USDC:" + addr("h0") },
		"itself":           func(p *FundingPlan) { p.Payments[0].Account = p.Treasury },
	} {
		p := moving(usd())
		change(&p)
		if _, err := BuildFunding(p); err == nil {
			t.Errorf("move with %s was built", name)
		}
	}
	for name, change := range map[string]func(*ClaimPlan){
		"no amount":              func(p *ClaimPlan) { p.Amount = 0 },
		"no asset":               func(p *ClaimPlan) { p.Asset = "" },
		"line for lumens":        func(p *ClaimPlan) { p.Asset, p.NewAccount, p.Sponsor, p.NewLine = relay.Native, false, "", true },
		"line for a new account": func(p *ClaimPlan) { p.NewLine = true },
		"line for the issuer": func(p *ClaimPlan) {
			p.Asset, p.NewAccount, p.Sponsor, p.NewLine = "USDC:"+p.Destination, false, "", true
		},
		"issuer as new account":       func(p *ClaimPlan) { p.Asset = "USDC:" + p.Destination },
		"new account of a customer":   func(p *ClaimPlan) { p.Destination = muxed("ana", 1) },
		"sponsor of an existing one":  func(p *ClaimPlan) { p.NewAccount = false },
		"itself, as one of customers": func(p *ClaimPlan) { p.NewAccount, p.Sponsor, p.Destination = false, "", muxed("h0", 1) },
		"memo for one of its customers": func(p *ClaimPlan) {
			p.NewAccount, p.Sponsor, p.Destination, p.Memo = false, "", muxed("bob", 1), Memo{Kind: MemoID}
		},
		"cut address": func(p *ClaimPlan) {
			p.NewAccount, p.Sponsor, p.Destination = false, "", muxed("bob", 1)[:60]
		},
	} {
		p := inUSD(claim(true))
		change(&p)
		if _, err := BuildClaim(p); err == nil {
			t.Errorf("claim with %s was built", name)
		}
	}
	nothing := homeUSD(0)
	nothing.Amount = 0
	for k := range 4 {
		if _, err := BuildReturn(nothing, k); err == nil {
			t.Errorf("rung %d of nothing was built", k)
		}
	}
	if _, err := BuildReturn(homeUSD(0), 4); err == nil {
		t.Error("a fifth rung was built")
	}
	if _, err := BuildReturn(home(), 3); err == nil {
		t.Error("a fourth rung of lumens was built")
	}
}

// Whatever one thing a service plans otherwise, the claimant's check must see it.
func TestCheckClaimSeesEveryDifference(t *testing.T) {
	for name, plan := range claims() {
		tx := must[Tx](t)(BuildClaim(plan))
		if got := must[Tx](t)(CheckClaim(tx.XDR, expectation(plan))); !reflect.DeepEqual(got, tx) {
			t.Errorf("%s: read %+v, built %+v", name, got, tx)
		}
		seen := 0
		for what, change := range map[string]func(*ClaimPlan){
			"holding":           func(p *ClaimPlan) { p.Holding = addr("h1") },
			"destination":       func(p *ClaimPlan) { p.Destination = addr("thief") },
			"customer":          func(p *ClaimPlan) { p.Destination = muxed("bob", 8) },
			"whole account":     func(p *ClaimPlan) { p.Destination = base(p.Destination) },
			"code":              func(p *ClaimPlan) { p.Asset = "USDT:" + addr("issuer") },
			"longer code":       func(p *ClaimPlan) { p.Asset = "USDCX:" + addr("issuer") },
			"issuer":            func(p *ClaimPlan) { p.Asset = "USDC:" + addr("thief") },
			"lumens":            func(p *ClaimPlan) { p.Asset, p.NewLine = relay.Native, false },
			"not lumens":        func(p *ClaimPlan) { p.Asset, p.Amount = usd(), 7_0000000 },
			"a stroop less":     func(p *ClaimPlan) { p.Amount-- },
			"a stroop more":     func(p *ClaimPlan) { p.Amount++ },
			"new account":       func(p *ClaimPlan) { p.NewAccount, p.Sponsor, p.Keeper = true, addr("sponsor"), "" },
			"no new account":    func(p *ClaimPlan) { p.NewAccount, p.Sponsor, p.Keeper = false, "", addr("sponsor") },
			"out of the purse":  func(p *ClaimPlan) { p.NewAccount, p.Sponsor, p.Keeper = true, "", "" },
			"another keeper":    func(p *ClaimPlan) { p.Keeper = addr("thief") },
			"new line":          func(p *ClaimPlan) { p.NewLine = true },
			"no new line":       func(p *ClaimPlan) { p.NewLine = false },
			"another's sponsor": func(p *ClaimPlan) { p.Sponsor = addr("thief") },
			"number":            func(p *ClaimPlan) { p.Sequence++ },
			"later":             func(p *ClaimPlan) { p.MaxTime++ },
			"later ledger":      func(p *ClaimPlan) { p.LastLedger++ },
			"dearer":            func(p *ClaimPlan) { p.Fee++ },
			"no memo":           func(p *ClaimPlan) { p.Memo = Memo{} },
			"memo":              func(p *ClaimPlan) { p.Memo = Memo{Kind: MemoText, Text: "x"} },
			"memo, id":          func(p *ClaimPlan) { p.Memo = Memo{Kind: MemoID, ID: 1} },
		} {
			other := plan
			change(&other)
			built, err := BuildClaim(other)
			if err != nil || built.XDR == tx.XDR {
				continue // no such claim, or no difference
			}
			seen++
			var m *Mismatch
			if _, err := CheckClaim(built.XDR, expectation(plan)); !errors.As(err, &m) {
				t.Errorf("%s with %s was taken: %v", name, what, err)
			}
		}
		if seen < 10 {
			t.Errorf("%s: only %d differences were tried", name, seen)
		}
		looser := expectation(plan)
		looser.Sponsor, looser.Keeper, looser.Sequence, looser.LastLedger, looser.MaxFee = "", "", 0, 0, looser.MaxFee+1
		must[Tx](t)(CheckClaim(tx.XDR, looser))
	}
}

// Nor can anything be slipped into an operation of one.
func TestCheckClaimSeesEveryOperation(t *testing.T) {
	thief := xdr.MustMuxedAddress(addr("thief"))
	for name, plan := range claims() {
		env, err := decode(must[Tx](t)(BuildClaim(plan)).XDR)
		if err != nil {
			t.Fatal(err)
		}
		honest := env.V1.Tx.Operations
		wants := func(what string, changed []xdr.Operation) {
			t.Helper()
			env.V1.Tx.Operations = changed
			var m *Mismatch
			if _, err := CheckClaim(must[string](t)(encode(env)), expectation(plan)); !errors.As(err, &m) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		for i, op := range honest {
			with := func(op xdr.Operation) []xdr.Operation {
				out := append([]xdr.Operation{}, honest...)
				out[i] = op
				return out
			}
			other := op
			other.SourceAccount = &thief
			wants(fmt.Sprintf("source of operation %d", i), with(other))
			other.SourceAccount = nil
			wants(fmt.Sprintf("no source of operation %d", i), with(other))
			wants(fmt.Sprintf("without operation %d", i), append(append([]xdr.Operation{}, honest[:i]...), honest[i+1:]...))
			wants(fmt.Sprintf("operation %d twice", i), append(append([]xdr.Operation{}, honest[:i+1]...), honest[i:]...))
			if trust := op.Body.ChangeTrustOp; trust != nil {
				limited := *trust
				limited.Limit = 1
				other = op
				other.Body.ChangeTrustOp = &limited
				wants(fmt.Sprintf("limit of operation %d", i), with(other))
			}
			if create := op.Body.CreateAccountOp; create != nil {
				poor := *create
				poor.StartingBalance--
				other = op
				other.Body.CreateAccountOp = &poor
				wants(fmt.Sprintf("start of operation %d", i), with(other))
			}
		}
	}
}

func TestCheckReturnSeesEveryDifference(t *testing.T) {
	for _, plan := range []ReturnPlan{homeUSD(0), homeUSD(900)} {
		for k := range 4 {
			rung := must[Rung](t)(BuildReturn(plan, k))
			must[Rung](t)(CheckReturn(rung.XDR, plan, k))
			for what, change := range map[string]func(*ReturnPlan){
				"holding":     func(p *ReturnPlan) { p.Holding = addr("h1") },
				"home":        func(p *ReturnPlan) { p.ReturnTo = addr("thief") },
				"last ledger": func(p *ReturnPlan) { p.LastLedger++ },
				"asset":       func(p *ReturnPlan) { p.Asset = "USDC:" + addr("thief") },
				"amount":      func(p *ReturnPlan) { p.Amount-- },
				"fee":         func(p *ReturnPlan) { p.Fee++ },
				"sponsor":     func(p *ReturnPlan) { p.Sponsor = addr("thief") },
			} {
				other := plan
				change(&other)
				// The bare rung pays nothing, and only the last resort has a sponsor and no merge home.
				if what == "amount" && k == BareRung || what == "sponsor" && k != LastResort {
					continue
				}
				var m *Mismatch
				if _, err := CheckReturn(must[Rung](t)(BuildReturn(other, k)).XDR, plan, k); !errors.As(err, &m) {
					t.Errorf("rung %d with another %s was taken: %v", k, what, err)
				}
			}
		}
	}
	move := must[Tx](t)(BuildFunding(moving(usd())))
	must[Tx](t)(CheckFunding(move.XDR, moving(usd())))
	for field, change := range map[string]func(*FundingPlan){
		"fee":         func(p *FundingPlan) { p.Fee++ },
		"operations":  func(p *FundingPlan) { p.Payments[0].Asset = relay.Native },
		"operation 2": func(p *FundingPlan) { p.Payments[0].Amount++ },
		"operation 0": func(p *FundingPlan) { p.Payments[0].Account = addr("thief") },
	} {
		want := moving(usd())
		change(&want)
		_, err := CheckFunding(move.XDR, want)
		wantMismatch(t, err, field)
	}
}
