package stellar

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// holding is H as the funding in ledger 499 made it.
func holding() *Account {
	return &Account{
		ID: addr("h0"), Balance: 12_3450000, Sequence: 499 << 32, NumSponsored: 2, Sponsor: addr("sponsor"), Thresholds: [4]byte{1, 0, 0, 0},
	}
}

func ordinary(name string, balance relay.Stroops) *Account {
	return &Account{ID: addr(name), Balance: balance, Sequence: 1, Thresholds: [4]byte{1, 0, 0, 0}}
}

func snapshot(ledger uint32) Snapshot {
	return Snapshot{Ledger: ledger, CloseTime: 1_700_000_000, Accounts: map[string]*Account{
		addr("h0"): holding(), addr("sender"): ordinary("sender", 5e7), addr("sponsor"): ordinary("sponsor", 1e9), addr("ana"): nil,
	}}
}

func TestDryRunReturn(t *testing.T) {
	for name, tc := range map[string]struct {
		k      int
		ledger uint32
		change func(Snapshot)
		want   Reason
	}{
		"in time":            {2, 500, nil, ""},
		"much later":         {1, 4_000_000, nil, ""},
		"last resort":        {0, 500, nil, ""},
		"a ledger early":     {2, 499, nil, TooEarly},
		"not there":          {2, 500, func(s Snapshot) { s.Accounts[addr("h0")] = nil }, HoldingMissing},
		"spent":              {2, 500, func(s Snapshot) { s.Accounts[addr("h0")].Sequence = 501<<32 - 3 }, SequenceSpent},
		"next one is left":   {1, 500, func(s Snapshot) { s.Accounts[addr("h0")].Sequence = 501<<32 - 3 }, ""},
		"failed claim":       {2, 500, func(s Snapshot) { s.Accounts[addr("h0")].Sequence += 9 }, ""},
		"own key too weak":   {2, 500, func(s Snapshot) { s.Accounts[addr("h0")].Thresholds = [4]byte{1, 0, 0, 2} }, SignersChanged},
		"own key disabled":   {2, 500, func(s Snapshot) { s.Accounts[addr("h0")].Thresholds = [4]byte{} }, SignersChanged},
		"trustline":          {2, 500, func(s Snapshot) { s.Accounts[addr("h0")].SubEntries = 1 }, HasSubEntries},
		"signer only":        {2, 500, func(s Snapshot) { h := s.Accounts[addr("h0")]; h.SubEntries, h.Signers = 1, []Signer{{"G", 1}} }, ""},
		"sponsors others":    {2, 500, func(s Snapshot) { s.Accounts[addr("h0")].NumSponsoring = 1 }, IsSponsor},
		"immutable":          {2, 500, func(s Snapshot) { s.Accounts[addr("h0")].Flags = 4 }, Immutable},
		"sender is gone":     {2, 500, func(s Snapshot) { s.Accounts[addr("sender")] = nil }, DestinationMissing},
		"sender asks memo":   {2, 500, func(s Snapshot) { s.Accounts[addr("sender")].MemoRequired = true }, MemoRequired},
		"sender is full":     {2, 500, func(s Snapshot) { s.Accounts[addr("sender")].Balance = math.MaxInt64 - 12_3449999 }, DestinationFull},
		"just not full":      {2, 500, func(s Snapshot) { s.Accounts[addr("sender")].Balance = math.MaxInt64 - 12_3450000 }, ""},
		"resort, no sender":  {0, 500, func(s Snapshot) { s.Accounts[addr("sender")] = nil }, ""},
		"no sponsor":         {0, 500, func(s Snapshot) { s.Accounts[addr("sponsor")] = nil }, SponsorMissing},
		"sponsor just can":   {0, 500, func(s Snapshot) { s.Accounts[addr("sponsor")].Balance = 15_000_000 }, ""},
		"sponsor cannot":     {0, 500, func(s Snapshot) { s.Accounts[addr("sponsor")].Balance = 14_999_999 }, SponsorShort},
		"amount is not free": {0, 500, func(s Snapshot) { s.Accounts[addr("h0")].NumSponsored = 0 }, HoldingShort},
	} {
		t.Run(name, func(t *testing.T) {
			s := snapshot(tc.ledger)
			if tc.change != nil {
				tc.change(s)
			}
			err := DryRunReturn(s, home(), tc.k)
			if got := IsRefusal(err); got != tc.want || (err == nil) != (tc.want == "") {
				t.Errorf("want %q, got %v", tc.want, err)
			}
		})
	}
	s := snapshot(500)
	delete(s.Accounts, addr("sender"))
	if err := DryRunReturn(s, home(), 2); err == nil || IsRefusal(err) != "" {
		t.Errorf("an account that was not read is no answer: %v", err)
	}
}

func TestDryRunClaim(t *testing.T) {
	for name, tc := range map[string]struct {
		fresh  bool
		change func(*Snapshot, *ClaimPlan)
		want   Reason
	}{
		"new":             {true, nil, ""},
		"existing":        {false, func(s *Snapshot, p *ClaimPlan) { s.Accounts[addr("ana")] = ordinary("ana", 0) }, ""},
		"no such account": {false, nil, DestinationMissing},
		"exists already":  {true, func(s *Snapshot, p *ClaimPlan) { s.Accounts[addr("ana")] = ordinary("ana", 0) }, DestinationExists},
		"exchange":        {false, func(s *Snapshot, p *ClaimPlan) { a := ordinary("ana", 0); a.MemoRequired = true; s.Accounts[a.ID] = a }, MemoRequired},
		"exchange, memo": {false, func(s *Snapshot, p *ClaimPlan) {
			a := ordinary("ana", 0)
			a.MemoRequired = true
			s.Accounts[a.ID] = a
			p.Memo = Memo{Kind: MemoID}
		}, ""},
		"returned before": {true, func(s *Snapshot, p *ClaimPlan) { s.Accounts[addr("h0")] = nil }, HoldingMissing},
		"number used":     {true, func(s *Snapshot, p *ClaimPlan) { s.Accounts[addr("h0")].Sequence++ }, SequenceSpent},
		"number ahead":    {true, func(s *Snapshot, p *ClaimPlan) { p.Sequence++ }, SequenceAhead},
		"too far": {true, func(s *Snapshot, p *ClaimPlan) {
			h := s.Accounts[addr("h0")]
			h.Sequence = 551 << 32
			p.Sequence = h.Sequence + 1
		}, SequenceTooFar},
		"its last ledger":  {true, func(s *Snapshot, p *ClaimPlan) { s.Ledger = 599 }, ""},
		"a ledger late":    {true, func(s *Snapshot, p *ClaimPlan) { s.Ledger = 600 }, TooLate},
		"its last second":  {true, func(s *Snapshot, p *ClaimPlan) { s.CloseTime = p.MaxTime - 1 }, ""},
		"a second late":    {true, func(s *Snapshot, p *ClaimPlan) { s.CloseTime = p.MaxTime }, TooLate},
		"taken over":       {true, func(s *Snapshot, p *ClaimPlan) { s.Accounts[addr("h0")].Thresholds[0] = 0 }, SignersChanged},
		"sponsor is gone":  {true, func(s *Snapshot, p *ClaimPlan) { s.Accounts[addr("sponsor")] = nil }, SponsorMissing},
		"sponsor just can": {true, func(s *Snapshot, p *ClaimPlan) { s.Accounts[addr("sponsor")].Balance = 20_000_000 }, ""},
		"sponsor cannot":   {true, func(s *Snapshot, p *ClaimPlan) { s.Accounts[addr("sponsor")].Balance = 19_999_999 }, SponsorShort},
		"dearer reserve": {true, func(s *Snapshot, p *ClaimPlan) {
			s.Accounts[addr("sponsor")].Balance = 20_000_000
			s.BaseReserve = 5_000_001
		}, SponsorShort},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := snapshot(550), claim(tc.fresh)
			if tc.change != nil {
				tc.change(&s, &p)
			}
			err := DryRunClaim(s, p)
			if got := IsRefusal(err); got != tc.want || (err == nil) != (tc.want == "") {
				t.Errorf("want %q, got %v", tc.want, err)
			}
		})
	}
}

func TestAdvise(t *testing.T) {
	all := []int{0, 1, 2}
	gone := func(s Snapshot) { s.Accounts[addr("sender")] = nil }
	for name, tc := range map[string]struct {
		left   []int
		change func(Snapshot)
		k      int
		want   Reason
	}{
		"highest first":       {all, nil, 2, ""},
		"then the next":       {[]int{1, 0}, nil, 1, ""},
		"number passed":       {all, func(s Snapshot) { s.Accounts[addr("h0")].Sequence = 501<<32 - 3 }, 1, ""},
		"sender is gone":      {all, gone, LastResort, ""},
		"plain ones spent":    {[]int{0}, nil, LastResort, ""},
		"no resort left":      {[]int{2}, gone, 0, DestinationMissing},
		"nothing left":        {nil, nil, 0, SequenceSpent},
		"holding is the case": {all, func(s Snapshot) { s.Accounts[addr("h0")].SubEntries = 1; gone(s) }, 0, HasSubEntries},
	} {
		t.Run(name, func(t *testing.T) {
			s := snapshot(500)
			if tc.change != nil {
				tc.change(s)
			}
			k, err := Advise(s, home(), tc.left)
			if k != tc.k || IsRefusal(err) != tc.want || (err == nil) != (tc.want == "") {
				t.Errorf("got %d, %v", k, err)
			}
		})
	}
}

func TestTakeover(t *testing.T) {
	made := Made{Sponsor: addr("sponsor"), Asset: relay.Native, Amount: 12_3450000, Lowest: home().Ladder().Sequence(2)}
	for name, tc := range map[string]struct {
		change func(*Account)
		want   []Reason
	}{
		"as made":         {func(a *Account) {}, nil},
		"gift":            {func(a *Account) { a.Balance += 5 }, nil},
		"used a little":   {func(a *Account) { a.Sequence += 1000 }, nil},
		"signer":          {func(a *Account) { a.Signers, a.SubEntries = []Signer{{"G", 1}}, 1 }, []Reason{SignersChanged}},
		"threshold":       {func(a *Account) { a.Thresholds[3] = 1 }, []Reason{SignersChanged}},
		"sequence":        {func(a *Account) { a.Sequence = home().Ladder().Sequence(2) }, []Reason{LadderUnreachable}},
		"sponsors":        {func(a *Account) { a.NumSponsoring = 1 }, []Reason{IsSponsor}},
		"trustline":       {func(a *Account) { a.SubEntries = 1 }, []Reason{HasSubEntries}},
		"other sponsor":   {func(a *Account) { a.Sponsor = addr("x") }, []Reason{SponsorChanged}},
		"unknown sponsor": {func(a *Account) { a.Sponsor = "" }, nil},
		"no sponsor":      {func(a *Account) { a.Sponsor, a.NumSponsored = "", 0 }, []Reason{SponsorChanged}},
		"flags":           {func(a *Account) { a.Flags = 4 }, []Reason{Immutable}},
	} {
		h := holding()
		tc.change(h)
		if got := Takeover(h, nil, made); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if Takeover(nil, nil, made) != nil {
		t.Error("an absent account is no takeover")
	}
}

func TestCannotLand(t *testing.T) {
	tx := must[Tx](t)(BuildFunding(funding(2)))
	// Everything that the proof wants: signed after 480, bound below 501, answers from 502.
	full := func() Evidence {
		return Evidence{
			Hash: tx.Hash, SignedAt: 480, Latest: 502, LatestCloseTime: 1_700_000_010, Oldest: 480,
			Account: &Account{ID: addr("channel"), Sequence: 76}, AccountLedger: 501, AccountCloseTime: 1_700_000_005,
		}
	}
	for name, tc := range map[string]struct {
		change func(*Evidence)
		want   error
	}{
		"proven":              {func(e *Evidence) {}, nil},
		"proven at the bound": {func(e *Evidence) { e.Latest = 501 }, nil},
		"proven by time": {func(e *Evidence) {
			e.Latest, e.AccountLedger = 490, 490
			e.LatestCloseTime, e.AccountCloseTime = 1_800_000_001, 1_800_000_001
		}, nil},
		"not yet by time": {func(e *Evidence) {
			e.Latest, e.AccountLedger = 490, 490
			e.LatestCloseTime, e.AccountCloseTime = 1_800_000_000, 1_800_000_001
		}, ErrInconclusive},
		"bare not found":        {func(e *Evidence) { *e = Evidence{Hash: tx.Hash} }, ErrInconclusive},
		"in its last ledger":    {func(e *Evidence) { e.Latest = 500 }, ErrInconclusive},
		"history is cut":        {func(e *Evidence) { e.Oldest = 481 }, ErrInconclusive},
		"history unknown":       {func(e *Evidence) { e.Oldest = 0 }, ErrInconclusive},
		"signed at unknown":     {func(e *Evidence) { e.SignedAt = 0 }, ErrInconclusive},
		"another hash":          {func(e *Evidence) { e.Hash = "00" }, ErrInconclusive},
		"account not read":      {func(e *Evidence) { e.Account, e.AccountLedger = nil, 0 }, ErrInconclusive},
		"account read early":    {func(e *Evidence) { e.AccountLedger = 500 }, ErrInconclusive},
		"another account":       {func(e *Evidence) { e.Account.ID = addr("x") }, ErrInconclusive},
		"found":                 {func(e *Evidence) { e.Found = true }, ErrLanded},
		"number used":           {func(e *Evidence) { e.Account.Sequence = 77 }, ErrContradiction},
		"number passed":         {func(e *Evidence) { e.Account.Sequence = 78 }, ErrContradiction},
		"number used, known":    {func(e *Evidence) { e.Account.Sequence = 77; e.UsedBy = "ff" }, nil},
		"known is the envelope": {func(e *Evidence) { e.Account.Sequence = 77; e.UsedBy = tx.Hash }, ErrContradiction},
		"account gone":          {func(e *Evidence) { e.Account = nil }, ErrContradiction},
		"account gone, known":   {func(e *Evidence) { e.Account = nil; e.UsedBy = "ff" }, nil},
		"known but too early":   {func(e *Evidence) { e.UsedBy = "ff"; e.Latest = 499 }, ErrInconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			ev := full()
			tc.change(&ev)
			ok, err := CannotLand(tx, ev)
			if ok != (tc.want == nil) || !errors.Is(err, tc.want) {
				t.Errorf("%v %v", ok, err)
			}
		})
	}
}

func TestReturnDiesOnlyWithItsNumber(t *testing.T) {
	ladder := must[[]Rung](t)(BuildLadder(home()))
	tx := ladder[0].Tx
	ev := Evidence{
		Hash: tx.Hash, SignedAt: 480, Oldest: 2, Latest: 90_000, LatestCloseTime: 1 << 40,
		Account: holding(), AccountLedger: 90_000, AccountCloseTime: 1 << 40, UsedBy: "ff",
	}
	wants := func(name string, want error) {
		t.Helper()
		if ok, err := CannotLand(tx, ev); ok != (want == nil) || !errors.Is(err, want) {
			t.Errorf("%s: %v %v", name, ok, err)
		}
	}
	wants("years later it is still good", ErrInconclusive)
	ev.Account.Sequence = ladder[1].Sequence
	wants("a higher rung was spent", nil)
	ev.Latest = 89_999
	wants("hash looked up before the account", ErrInconclusive)
	ev.Latest, ev.UsedBy = 90_000, ""
	wants("no known envelope spent it", ErrContradiction)
	ev.Account = nil
	wants("gone, by no known envelope", ErrContradiction)
	ev.UsedBy = "ff"
	wants("gone, claimed", nil)
	ev.AccountLedger = 500
	wants("gone, but could be made again below", ErrInconclusive)
}

func TestAccountFromEntry(t *testing.T) {
	sponsor := xdr.MustAddress(addr("sponsor"))
	entry := xdr.LedgerEntry{
		Data: xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.AccountEntry{
			AccountId: xdr.MustAddress(addr("h0")), Balance: 12_3450000, SeqNum: 499 << 32, NumSubEntries: 1, Flags: 4,
			Thresholds: xdr.Thresholds{1, 2, 3, 4}, Signers: []xdr.Signer{{Key: xdr.MustSigner(addr("x")), Weight: 9}},
			Ext: xdr.AccountEntryExt{V: 1, V1: &xdr.AccountEntryExtensionV1{
				Liabilities: xdr.Liabilities{Buying: 5, Selling: 6},
				Ext: xdr.AccountEntryExtensionV1Ext{V: 2, V2: &xdr.AccountEntryExtensionV2{
					NumSponsored: 2, NumSponsoring: 3, SignerSponsoringIDs: []xdr.SponsorshipDescriptor{nil},
					Ext: xdr.AccountEntryExtensionV2Ext{V: 3, V3: &xdr.AccountEntryExtensionV3{SeqLedger: 498, SeqTime: 1_700_000_000}},
				}},
			}},
		}},
		Ext: xdr.LedgerEntryExt{V: 1, V1: &xdr.LedgerEntryExtensionV1{SponsoringId: &sponsor}},
	}
	want := Account{
		ID: addr("h0"), Balance: 12_3450000, Sequence: 499 << 32, SeqLedger: 498, SeqTime: 1_700_000_000, SubEntries: 1,
		NumSponsoring: 3, NumSponsored: 2, Sponsor: addr("sponsor"), Flags: 4, Thresholds: [4]byte{1, 2, 3, 4},
		Signers: []Signer{{addr("x"), 9}}, Selling: 6, Buying: 5,
	}
	data, ext := must[string](t)(xdr.MarshalBase64(entry.Data)), must[string](t)(xdr.MarshalBase64(entry.Ext))
	if got := must[Account](t)(DecodeAccount(data, ext)); !reflect.DeepEqual(got, want) {
		t.Errorf("\n%+v\n%+v", got, want)
	}
	if got := must[Account](t)(DecodeAccount(data, "")); got.Sponsor != "" {
		t.Error("sponsor out of nowhere")
	}
	// Reserve units: 2 + 1 + 3 - 2 = 4, and 6 stroops are on offer.
	for balance, free := range map[relay.Stroops]relay.Stroops{20_000_007: 1, 20_000_006: 0, 0: 0} {
		want.Balance = balance
		for _, reserve := range []relay.Stroops{BaseReserve, 0} {
			if got := want.Free(reserve); got != free {
				t.Errorf("%d free of %d, want %d", got, balance, free)
			}
		}
	}
}

func TestTouched(t *testing.T) {
	tx := must[Tx](t)(BuildClaim(claim(true)))
	inner := must[string](t)(Sign(tx.XDR, testnet, key("h0")))
	bump := must[FeeBump](t)(BuildFeeBump(inner, testnet, addr("payer"), 100))
	got := must[Touches](t)(Touched(bump.XDR))
	want := Touches{
		Accounts: []string{addr("payer"), addr("h0"), addr("sponsor"), addr("ana")},
		Merges:   []Merge{{addr("h0"), addr("ana")}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n%+v\n%+v", got, want)
	}
	resort := must[Rung](t)(BuildReturn(home(), LastResort))
	got = must[Touches](t)(Touched(resort.XDR))
	if !slices.Contains(got.Accounts, addr("sender")) || got.Merges[0].Destination != addr("sponsor") {
		t.Errorf("%+v", got)
	}
}

// What a signature has to weigh, and whose weighs anything: Gather completes an envelope by it, and a dry run refuses by it a holding
// account whose own key alone is too weak.
func TestWeights(t *testing.T) {
	for name, c := range map[string]struct {
		thresholds [4]byte // of the own key, low, medium, high
		wants      [4]int  // by level
		signers    []Signer
		alone      bool
	}{
		"as it was made":      {[4]byte{1, 0, 0, 0}, [4]int{1: 1, 1, 1}, []Signer{{"h", 1}, {"x", 2}}, true},
		"weighs just enough":  {[4]byte{9, 3, 7, 9}, [4]int{1: 3, 7, 9}, []Signer{{"h", 9}, {"x", 2}}, true},
		"too weak at a merge": {[4]byte{9, 3, 7, 10}, [4]int{1: 3, 7, 10}, []Signer{{"h", 9}, {"x", 2}}, false},
		"too weak at a fee":   {[4]byte{9, 10, 7, 9}, [4]int{1: 10, 7, 9}, []Signer{{"h", 9}, {"x", 2}}, false},
		"too weak at a claim": {[4]byte{9, 3, 10, 9}, [4]int{1: 3, 10, 9}, []Signer{{"h", 9}, {"x", 2}}, false},
		"no own key":          {[4]byte{0, 0, 0, 0}, [4]int{1: 1, 1, 1}, []Signer{{"x", 2}}, false},
	} {
		a := &Account{ID: "h", Thresholds: c.thresholds, Signers: []Signer{{"x", 2}, {"of no weight", 0}}, SubEntries: 2}
		for level := 1; level <= 3; level++ {
			if got := a.wants(level); got != c.wants[level] {
				t.Errorf("%s: level %d wants %d", name, level, got)
			}
		}
		if got := a.signers(); !slices.Equal(got, c.signers) {
			t.Errorf("%s: signers %v", name, got)
		}
		if err := mergeable(a, 0, 1, 2); (err == nil) != c.alone || err != nil && IsRefusal(err) != SignersChanged {
			t.Errorf("%s: %v", name, err)
		}
	}
}
