package stellar

import (
	"reflect"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
)

const wellFlags = lineAuthorized

// holdingUSD is H as the funding of a credit asset made it, and its trustline.
func holdingUSD() (*Account, *Trustline) {
	h := holding()
	h.Balance, h.SubEntries, h.NumSponsored = 0, 1, 3
	return h, &Trustline{Account: h.ID, Asset: usd(), Balance: 7_0000000, Limit: 7_0000000, Flags: wellFlags, Sponsor: addr("sponsor")}
}

// snapshotUSD has the trustlines of both ends; the claimant, ana, is not there.
func snapshotUSD() Snapshot {
	s := snapshot(550)
	h, l := holdingUSD()
	s.Accounts[h.ID] = h
	s.Accounts[addr("issuer")] = ordinary("issuer", 1e9)
	s.Lines = map[LineID]*Trustline{{h.ID, usd()}: l, {addr("ana"), usd()}: nil,
		{addr("sender"), usd()}: {Account: addr("sender"), Asset: usd(), Limit: 10_0000000, Flags: wellFlags}}
	return s
}

func (s Snapshot) of(name string) *Trustline { return s.Lines[LineID{addr(name), usd()}] }

func TestDryRunsOfCredit(t *testing.T) {
	for name, tc := range map[string]struct {
		k      int // a rung; -1: a claim into a new account, -2: into an existing one, -3: which makes a trustline
		change func(*Snapshot)
		want   Reason
	}{
		"home":                   {3, nil, ""},
		"bare, but not empty":    {BareRung, nil, ClawedBack},
		"bare":                   {BareRung, func(s *Snapshot) { s.of("h0").Balance = 0 }, ""},
		"bare, frozen":           {BareRung, func(s *Snapshot) { s.of("h0").Balance, s.of("h0").Flags = 0, 0 }, ""},
		"resort":                 {LastResort, func(s *Snapshot) { s.Lines[LineID{addr("sender"), usd()}] = nil }, ""},
		"resort, frozen":         {LastResort, func(s *Snapshot) { s.of("h0").Flags = 0 }, Deauthorised},
		"home is nearly full":    {3, func(s *Snapshot) { s.of("sender").Balance = 3_0000000 }, ""},
		"home is full":           {3, func(s *Snapshot) { s.of("sender").Balance = 3_0000001 }, LineFull},
		"home buys":              {3, func(s *Snapshot) { s.of("sender").Buying = 3_0000001 }, LineFull},
		"home keeps offers only": {3, func(s *Snapshot) { s.of("sender").Flags = 2 }, LineForbidden},
		"home is gone": {3, func(s *Snapshot) {
			s.Accounts[addr("sender")], s.Lines[LineID{addr("sender"), usd()}] = nil, nil
		}, DestinationMissing},
		"clawed back":           {2, func(s *Snapshot) { s.of("h0").Balance--; s.of("h0").Flags |= lineClawback }, ClawedBack},
		"paid out":              {2, func(s *Snapshot) { s.of("h0").Balance-- }, HoldingShort},
		"more than was put in":  {2, func(s *Snapshot) { s.of("h0").Balance++ }, LineChanged},
		"trustline is gone":     {2, func(s *Snapshot) { s.Accounts[addr("h0")].SubEntries = 0 }, HasSubEntries},
		"trustline swapped":     {2, func(s *Snapshot) { s.Lines[LineID{addr("h0"), usd()}] = nil }, LineChanged},
		"new":                   {-1, nil, ""},
		"new, sponsor just can": {-1, func(s *Snapshot) { s.Accounts[addr("sponsor")].Balance = 1e7 + 3*BaseReserve + relay.FirstFees }, ""},
		"new, sponsor cannot":   {-1, func(s *Snapshot) { s.Accounts[addr("sponsor")].Balance = 1e7 + 3*BaseReserve + relay.FirstFees - 1 }, SponsorShort},
		"new, no issuer":        {-1, func(s *Snapshot) { s.Accounts[addr("issuer")] = nil }, IssuerMissing},
		"new, issuer asks":      {-1, func(s *Snapshot) { s.Accounts[addr("issuer")].Flags = authRequired }, LineForbidden},
		"old, no trustline":     {-2, func(s *Snapshot) { s.Accounts[addr("ana")] = ordinary("ana", 1e7) }, LineMissing},
		"line":                  {-3, func(s *Snapshot) { s.Accounts[addr("ana")] = ordinary("ana", 3*BaseReserve) }, ""},
		"line, cannot carry it": {-3, func(s *Snapshot) { s.Accounts[addr("ana")] = ordinary("ana", 3*BaseReserve-1) }, DestinationShort},
		"line, not there":       {-3, nil, DestinationMissing},
	} {
		s := snapshotUSD()
		if tc.change != nil {
			tc.change(&s)
		}
		var err error
		switch p := inUSD(claim(tc.k == -1)); {
		case tc.k >= 0:
			err = DryRunReturn(s, homeUSD(0), tc.k)
		default:
			p.NewLine = tc.k == -3
			err = DryRunClaim(s, p)
		}
		if got := IsRefusal(err); got != tc.want || (err == nil) != (tc.want == "") {
			t.Errorf("%s: want %q, got %v", name, tc.want, err)
		}
	}
}

func TestDryRunsOfAPurse(t *testing.T) {
	native, credit := claims()["purse, lumens, new account"], claims()["purse, credit, new account"]
	for name, tc := range map[string]struct {
		plan    ClaimPlan
		balance relay.Stroops
		reserve relay.Stroops
		want    Reason
	}{
		"lumens, just":     {native, 500 + 2*BaseReserve, 0, ""},
		"lumens, short":    {native, 500 + 2*BaseReserve - 1, 0, PurseEmpty},
		"credit, just":     {credit, 500 + 3*BaseReserve + relay.FirstFees, 0, ""},
		"credit, short":    {credit, 500 + 3*BaseReserve + relay.FirstFees - 1, 0, PurseEmpty},
		"no fee even":      {credit, 499, 0, PurseEmpty},
		"dearer reserves":  {native, 1 << 40, BaseReserve + 1, PurseEmpty},
		"cheaper reserves": {native, 1 << 40, BaseReserve - 1, ""},
	} {
		s := snapshotUSD()
		s.BaseReserve = tc.reserve
		if tc.plan.Asset == relay.Native {
			s.Accounts[addr("h0")] = holding()
		}
		s.Accounts[addr("h0")].Balance = tc.balance
		err := DryRunClaim(s, tc.plan)
		if got := IsRefusal(err); got != tc.want || (err == nil) != (tc.want == "") {
			t.Errorf("%s: want %q, got %v", name, tc.want, err)
		}
	}
}

func TestWhatWasNotReadIsNoAnswer(t *testing.T) {
	line := inUSD(claim(false))
	line.NewLine = true
	for name, tc := range map[string]struct {
		forget func(Snapshot)
		ask    func(Snapshot) error
	}{
		"trustline of the holding account": {func(s Snapshot) { delete(s.Lines, LineID{addr("h0"), usd()}) }, func(s Snapshot) error { return DryRunReturn(s, homeUSD(0), 3) }},
		"the same, bare":                   {func(s Snapshot) { delete(s.Lines, LineID{addr("h0"), usd()}) }, func(s Snapshot) error { return DryRunReturn(s, homeUSD(0), BareRung) }},
		"trustline of home":                {func(s Snapshot) { delete(s.Lines, LineID{addr("sender"), usd()}) }, func(s Snapshot) error { return DryRunReturn(s, homeUSD(0), 3) }},
		"issuer":                           {func(s Snapshot) { delete(s.Accounts, addr("issuer")) }, func(s Snapshot) error { return DryRunClaim(s, inUSD(claim(true))) }},
		"trustline of the claimant":        {func(s Snapshot) { delete(s.Lines, LineID{addr("ana"), usd()}) }, func(s Snapshot) error { return DryRunClaim(s, line) }},
	} {
		s := snapshotUSD()
		tc.forget(s)
		if err := tc.ask(s); err == nil || IsRefusal(err) != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAdviseOnCredit(t *testing.T) {
	all := []int{0, 1, 2, 3}
	clawed := func(s Snapshot) { s.of("h0").Balance, s.of("h0").Flags = 0, lineClawback }
	lineless := func(s Snapshot) { s.Lines[LineID{addr("sender"), usd()}] = nil }
	for name, tc := range map[string]struct {
		left   []int
		change func(Snapshot)
		k      int
		want   Reason
	}{
		"highest first":                    {all, nil, 3, ""},
		"then the next":                    {[]int{2, 1, 0}, nil, 2, ""},
		"never bare while it holds":        {[]int{1, 0}, nil, LastResort, ""},
		"nor bare alone":                   {[]int{1}, nil, 0, SequenceSpent},
		"home cannot take it":              {all, lineless, LastResort, ""},
		"and no last resort":               {[]int{3, 2, 1}, lineless, 0, LineMissing},
		"all clawed back":                  {all, clawed, BareRung, ""},
		"all clawed back, plain are spent": {[]int{1, 0}, clawed, BareRung, ""},
		"all clawed back, bare is spent":   {[]int{3, 2, 0}, clawed, 0, ClawedBack},
		"all clawed back, bare alone":      {[]int{1}, clawed, BareRung, ""},
		"partly clawed back":               {all, func(s Snapshot) { s.of("h0").Balance--; s.of("h0").Flags |= lineClawback }, 0, ClawedBack},
		"frozen":                           {all, func(s Snapshot) { s.of("h0").Flags = 0 }, 0, Deauthorised},
	} {
		s := snapshotUSD()
		if tc.change != nil {
			tc.change(s)
		}
		k, err := Advise(s, homeUSD(0), tc.left)
		if k != tc.k || IsRefusal(err) != tc.want || (err == nil) != (tc.want == "") {
			t.Errorf("%s: got %d, %v", name, k, err)
		}
	}
}

func TestTakeoverOfCredit(t *testing.T) {
	made := Made{Sponsor: addr("sponsor"), Asset: usd(), Amount: 7_0000000, Lowest: homeUSD(0).Ladder().Sequence(3)}
	for name, tc := range map[string]struct {
		change func(*Account, *Trustline)
		want   []Reason
	}{
		"as made":             {func(*Account, *Trustline) {}, nil},
		"frozen":              {func(_ *Account, l *Trustline) { l.Flags = 0 }, nil},
		"clawed back":         {func(_ *Account, l *Trustline) { l.Balance = 0 }, nil},
		"another entry":       {func(a *Account, _ *Trustline) { a.SubEntries = 2 }, []Reason{HasSubEntries}},
		"limit":               {func(_ *Account, l *Trustline) { l.Limit++ }, []Reason{LineChanged}},
		"on offer":            {func(_ *Account, l *Trustline) { l.Selling = 1 }, []Reason{LineChanged}},
		"asked for":           {func(_ *Account, l *Trustline) { l.Buying = 1 }, []Reason{LineChanged}},
		"line is its own":     {func(a *Account, l *Trustline) { a.NumSponsored, l.Sponsor = 2, "" }, []Reason{SponsorChanged}},
		"line of another":     {func(_ *Account, l *Trustline) { l.Sponsor = addr("x") }, []Reason{SponsorChanged}},
		"line of who knows":   {func(_ *Account, l *Trustline) { l.Sponsor = "" }, nil},
		"account and line of": {func(a *Account, l *Trustline) { a.Sponsor, l.Sponsor = addr("x"), addr("x") }, []Reason{SponsorChanged}},
	} {
		h, l := holdingUSD()
		tc.change(h, l)
		if got := Takeover(h, l, made); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	h, _ := holdingUSD()
	if got := Takeover(h, nil, made); !reflect.DeepEqual(got, []Reason{LineChanged}) {
		t.Errorf("without its trustline: %v", got)
	}
}

func TestFactsOfCredit(t *testing.T) {
	v := View{Passphrase: testnet, Sponsor: addr("sponsor")}
	q := relay.HoldingQuery{Account: addr("h0"), Asset: usd(), Amount: 7_0000000, Lowest: homeUSD(0).Ladder().Sequence(3)}
	for name, tc := range map[string]struct {
		change func(*Trustline)
		want   relay.Reason
	}{
		"well":                   {func(*Trustline) {}, ""},
		"frozen":                 {func(l *Trustline) { l.Flags = 2 }, relay.Deauthorised},
		"clawed back":            {func(l *Trustline) { l.Balance--; l.Flags |= lineClawback }, relay.ClawedBack},
		"frozen and clawed back": {func(l *Trustline) { l.Balance, l.Flags = 0, lineClawback }, relay.ClawedBack},
		"paid out":               {func(l *Trustline) { l.Balance-- }, relay.KeyTakenOver},
	} {
		h, l := holdingUSD()
		tc.change(l)
		f := v.Facts(q, h, l)
		if !f.Exists || f.Trouble != tc.want || f.Held != relay.Stroops(l.Balance) || f.Balance != 0 || (f.Detail == "") != (tc.want == "") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestLineFromEntry(t *testing.T) {
	sponsor := xdr.MustAddress(addr("sponsor"))
	for _, code := range []string{"X", "USDC", "LONGER", "TWELVELETTER"} {
		asset := xdr.MustNewCreditAsset(code, addr("issuer"))
		entry := xdr.LedgerEntry{
			Data: xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.TrustLineEntry{
				AccountId: xdr.MustAddress(addr("h0")), Asset: asset.ToTrustLineAsset(), Balance: 7, Limit: 9, Flags: 5,
				Ext: xdr.TrustLineEntryExt{V: 1, V1: &xdr.TrustLineEntryV1{Liabilities: xdr.Liabilities{Buying: 1, Selling: 2}}},
			}},
			Ext: xdr.LedgerEntryExt{V: 1, V1: &xdr.LedgerEntryExtensionV1{SponsoringId: &sponsor}},
		}
		want := Trustline{Account: addr("h0"), Asset: code + ":" + addr("issuer"), Balance: 7, Limit: 9, Buying: 1, Selling: 2, Flags: 5, Sponsor: addr("sponsor")}
		data, ext := must[string](t)(xdr.MarshalBase64(entry.Data)), must[string](t)(xdr.MarshalBase64(entry.Ext))
		got := must[Trustline](t)(DecodeLine(data, ext))
		if got != want || got.Spendable() != 5 || got.Room() != 1 || !got.Authorized() || !got.Clawback() {
			t.Errorf("\n%+v\n%+v", got, want)
		}
		if got := must[Trustline](t)(DecodeLine(data, "")); got.Sponsor != "" {
			t.Error("sponsor out of nowhere")
		}
		key := must[string](t)(LineKey(LineID{addr("h0"), want.Asset}))
		want2 := must[xdr.LedgerKey](t)(entry.LedgerKey())
		if key != must[string](t)(xdr.MarshalBase64(want2)) {
			t.Errorf("key of %s", want.Asset)
		}
	}
	pool := xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.TrustLineEntry{AccountId: xdr.MustAddress(addr("h0")),
		Asset: xdr.TrustLineAsset{Type: xdr.AssetTypeAssetTypePoolShare, LiquidityPoolId: &xdr.PoolId{}}}}
	for name, text := range map[string]string{"share of a pool": must[string](t)(xdr.MarshalBase64(pool)), "no XDR": "AAAA", "account": must[string](t)(xdr.MarshalBase64(
		xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.AccountEntry{AccountId: xdr.MustAddress(addr("h0"))}}))} {
		if _, err := DecodeLine(text, ""); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

// What an operation moved is told by the result: of a merge, how much; of one that failed, nothing.
func TestSightingSaysWhatMoved(t *testing.T) {
	plan := claims()["customer"]
	tx := must[Tx](t)(BuildClaim(plan))
	got := must[Touches](t)(Touched(tx.XDR))
	if !reflect.DeepEqual(got.Merges, []Merge{{addr("h0"), addr("sponsor")}}) {
		t.Errorf("%+v", got)
	}
	seven := xdr.Int64(7)
	inner := func(tr xdr.OperationResultTr) xdr.OperationResult {
		return xdr.OperationResult{Code: xdr.OperationResultCodeOpInner, Tr: &tr}
	}
	ops := []xdr.OperationResult{
		inner(xdr.OperationResultTr{Type: xdr.OperationTypePayment, PaymentResult: &xdr.PaymentResult{}}),
		inner(xdr.OperationResultTr{Type: xdr.OperationTypeChangeTrust, ChangeTrustResult: &xdr.ChangeTrustResult{}}),
		inner(xdr.OperationResultTr{Type: xdr.OperationTypeAccountMerge, AccountMergeResult: &xdr.AccountMergeResult{SourceAccountBalance: &seven}}),
	}
	result := func(code xdr.TransactionResultCode, ops []xdr.OperationResult) string {
		return must[string](t)(xdr.MarshalBase64(xdr.TransactionResult{FeeCharged: 300, Result: xdr.TransactionResultResult{Code: code, Results: &ops}}))
	}
	v := View{Passphrase: testnet, Sponsor: addr("h0")}
	s, err := v.Sighting(tx.XDR, result(xdr.TransactionResultCodeTxSuccess, ops), 5)
	want := relay.Sighting{Hash: tx.Hash, Tx: tx.Hash, Ledger: 5, Success: true, Fee: 300, Payer: addr("h0"), Service: true, Paid: []relay.Paid{
		{From: addr("h0"), To: addr("bob"), Customer: muxed("bob", 7), Asset: usd(), Amount: 7_0000000},
		{From: addr("h0"), To: addr("sponsor"), Asset: relay.Native, Amount: 7},
	}}
	if err != nil || !reflect.DeepEqual(s, want) {
		t.Errorf("%+v, %v", s, err)
	}
	if p := v.Seen(s, got); p.Merges[addr("h0")] != addr("sponsor") || len(p.Paid) != 2 {
		t.Errorf("%+v", p)
	}
	s, err = v.Sighting(tx.XDR, result(xdr.TransactionResultCodeTxFailed, ops), 5)
	if err != nil || s.Success || len(s.Paid) > 0 {
		t.Errorf("of one that failed: %+v, %v", s, err)
	}
	if p := v.Seen(s, got); len(p.Paid) > 0 || len(p.Merges) > 0 || len(p.Touched) == 0 {
		t.Errorf("of one that failed: %+v", p)
	}
	if _, err := v.Sighting(tx.XDR, result(xdr.TransactionResultCodeTxSuccess, ops[:2]), 5); err == nil {
		t.Error("a result that is another's was read")
	}
}
