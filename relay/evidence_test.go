package relay

import (
	"errors"
	"math"
	"slices"
	"testing"
)

// The bound itself counts, and as many ledgers after it as the servers of a source may be apart.
func TestCouldLand(t *testing.T) {
	for name, c := range map[string]struct {
		bound, head, apart uint32
		want               bool
	}{
		"before its bound": {10, 9, 0, true},
		"at its bound":     {10, 10, 0, true},
		"after its bound":  {10, 11, 0, false},
		"at its bound, and another server is behind":     {10, 10, SourcesApart, true},
		"where the last server shows its bound":          {10, 10 + SourcesApart, SourcesApart, true},
		"where the last server is beyond its bound":      {10, 11 + SourcesApart, SourcesApart, false},
		"a bound near the last ledger that has a number": {math.MaxUint32 - 1, math.MaxUint32 - 9, SourcesApart, true},
	} {
		if got := CouldLand(c.bound, Head{Sequence: c.head}, c.apart); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestPast(t *testing.T) {
	bounded, endless := Envelope{Bound: 10, MaxTime: 1000}, Envelope{}
	for name, c := range map[string]struct {
		e    Envelope
		head Head
		past bool
	}{
		"before both":                        {bounded, Head{Sequence: 9, CloseTime: 1000}, false},
		"its last ledger has closed":         {bounded, Head{Sequence: 10, CloseTime: 1000}, true},
		"its last close time has passed":     {bounded, Head{Sequence: 9, CloseTime: 1001}, true},
		"it has no last ledger":              {Envelope{MaxTime: 1000}, Head{Sequence: 99, CloseTime: 1000}, false},
		"a return has no end":                {endless, Head{Sequence: 1 << 30, CloseTime: 1 << 40}, false},
		"it has no close time, and a ledger": {Envelope{Bound: 10}, Head{Sequence: 9, CloseTime: 1 << 40}, false},
	} {
		if got := c.e.Past(c.head); got != c.past {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Only a proof is a proof; what failed for want of lumens or of a worker is no try; and only a client's number may be used by
// something else.
func TestJudge(t *testing.T) {
	funding := Envelope{Hash: "e", Kind: FundingEnvelope, Payments: []PaymentID{"p"}}
	claim := Envelope{Hash: "e", Kind: ClaimEnvelope, Payments: []PaymentID{"p"}}
	ours, clients, tried := Payment{}, Payment{Route: Route{From: "G"}}, Tries{HandedIn: 2}
	for name, c := range map[string]struct {
		e       Envelope
		p       Payment
		verdict Verdict
		tries   Tries
		want    Finding
		code    string
	}{
		"a funding that cannot land":                     {funding, ours, CannotLand, tried, ProvenDead, ""},
		"a claim that cannot land":                       {claim, ours, CannotLand, tried, ProvenDead, ""},
		"it cannot land, the sponsor had no lumens":      {funding, ours, CannotLand, Tries{HandedIn: 3, Refusal: RefusedShort}, DeadNoTry, ""},
		"it cannot land, and was not handed in":          {funding, ours, CannotLand, Tries{}, DeadNoTry, ""},
		"it cannot land, and was handed in too late":     {funding, ours, CannotLand, Tries{HandedIn: 1, Refusal: RefusedLate}, DeadNoTry, ""},
		"it cannot land, and was late at the second try": {funding, ours, CannotLand, Tries{HandedIn: 2, Refusal: RefusedLate}, ProvenDead, ""},
		"it cannot land, and was handed in once":         {funding, ours, CannotLand, Tries{HandedIn: 1}, ProvenDead, ""},
		"nothing is known of a claim":                    {claim, ours, Inconclusive, tried, Unproven, ""},
		"nothing is known of a funding":                  {funding, ours, Inconclusive, tried, AskAccounts, ""},
		"nothing is known, and it was not handed in":     {claim, ours, Inconclusive, Tries{}, Unproven, ""},
		"a channel's number is used up":                  {funding, ours, Contradicted, tried, Unproven, "contradiction"},
		"a wallet's number is used up":                   {funding, clients, Contradicted, tried, NumberUsed, ""},
		"a claim's number is used up":                    {claim, ours, Contradicted, tried, NumberUsed, ""},
		"a claim's number is used up, and all is over":   {claim, Payment{State: Claimed}, Contradicted, tried, Moot, ""},
		"a wallet's is, and all is over":                 {funding, Payment{Route: clients.Route, State: Canceled}, Contradicted, tried, Moot, ""},
		"a channel's is, and all is over":                {funding, Payment{State: Failed}, Contradicted, tried, Unproven, "contradiction"},
		"a claim cannot land, and all is over":           {claim, Payment{State: Claimed}, CannotLand, tried, ProvenDead, ""},
		"a verdict that is not known":                    {claim, ours, Verdict(99), Tries{}, Unproven, ""},
	} {
		got, err := Judge(c.e, c.p, c.verdict, c.tries)
		if got != c.want || CodeOf(err) != c.code {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if about := Contradictions(err); c.code != "" && (len(about) != 1 || about[0].Scope != HaltPayment) {
			t.Errorf("%s: it stops %v", name, about)
		}
	}
}

// What our own ledger shows outranks the signer's proof, which counts where that ledger agrees or has forgotten.
func TestRecovery(t *testing.T) {
	success, failure := &Sighting{Success: true}, &Sighting{}
	at, past := Head{Sequence: 10}, Head{Sequence: 11}
	for name, c := range map[string]struct {
		f    LoggedFunding
		want Recovery
	}{
		"proven dead, and it landed":               {LoggedFunding{ProvenDead: true, Seen: success}, RecoverLanded},
		"proven dead, and it failed":               {LoggedFunding{ProvenDead: true, Seen: failure}, RecoverDead},
		"proven dead, here too":                    {LoggedFunding{ProvenDead: true, Verdict: CannotLand}, RecoverDead},
		"proven dead, its number is another's":     {LoggedFunding{ProvenDead: true, Verdict: Contradicted}, RecoverDead},
		"proven dead, our history is gone":         {LoggedFunding{ProvenDead: true, HistoryGone: true}, RecoverDead},
		"proven dead, our ledger is behind":        {LoggedFunding{ProvenDead: true, Bound: 10, Head: past}, RecoverLater},
		"proven dead, a verdict that is not known": {LoggedFunding{ProvenDead: true, Verdict: 99}, RecoverLater},
		"it landed":                                       {LoggedFunding{Seen: success, Bound: 10, Head: past}, RecoverLanded},
		"it failed":                                       {LoggedFunding{Seen: failure, Bound: 10, Head: at}, RecoverDead},
		"it cannot land":                                  {LoggedFunding{Verdict: CannotLand, Bound: 10, Head: at}, RecoverDead},
		"nothing shows it, in its last ledger":            {LoggedFunding{Bound: 10, Head: at}, RecoverOpen},
		"nothing shows it, past its bound":                {LoggedFunding{Bound: 10, Head: past}, RecoverDead},
		"a holding account shows it, past its bound":      {LoggedFunding{Made: true, Bound: 10, Head: past}, RecoverLanded},
		"its number is another's, before its bound":       {LoggedFunding{Verdict: Contradicted, Bound: 10, Head: at}, RecoverOpen},
		"its history is gone, and the signer proved none": {LoggedFunding{HistoryGone: true, Bound: 10, Head: at}, RecoverOpen},
	} {
		if got := c.f.Judge(); got != c.want {
			t.Errorf("%s: %v, not %v", name, got, c.want)
		}
	}
}

// A claim whose number is used up is dead once an envelope of ours with at least its number, of the same account, was seen in a
// ledger. Nothing less will do.
func TestNumberUser(t *testing.T) {
	e := Envelope{Hash: "e", Source: "H", Sequence: 7, State: Signed}
	of := func(source string, number int64, state EnvelopeState) Envelope {
		return Envelope{Hash: "o", Source: source, Sequence: number, State: state}
	}
	itself := e
	itself.State = Landed
	for name, c := range map[string]struct {
		others []Envelope
		dead   bool
	}{
		"no other":                           {nil, false},
		"itself":                             {[]Envelope{itself}, false},
		"a lower number failed":              {[]Envelope{of("H", 6, Spent)}, false},
		"its own number failed":              {[]Envelope{of("H", 7, Spent)}, true},
		"a higher number failed":             {[]Envelope{of("H", 8, Spent)}, true},
		"a lower number landed":              {[]Envelope{of("H", 6, Landed)}, false},
		"its own number landed":              {[]Envelope{of("H", 7, Landed)}, true},
		"a higher number landed":             {[]Envelope{of("H", 14, Landed)}, true},
		"its own number may land":            {[]Envelope{of("H", 7, Signed)}, false},
		"its own number is planned":          {[]Envelope{of("H", 7, Planned)}, false},
		"its own number is dead":             {[]Envelope{of("H", 7, Dead)}, false},
		"another account's number landed":    {[]Envelope{of("K", 7, Landed)}, false},
		"a lower one landed, a higher may":   {[]Envelope{of("H", 6, Spent), of("H", 8, Signed)}, false},
		"a lower and a higher one were seen": {[]Envelope{of("H", 6, Spent), of("H", 8, Spent)}, true},
	} {
		if got := numberUser(e, c.others); got != c.dead {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Every ledger in which a claim could have landed has to be watched: from the one in which it was signed to its bound, both included.
func TestWatched(t *testing.T) {
	const none = 99
	for missed, want := range map[uint32]bool{none: true, 4: true, 5: false, 6: false, 8: false, 9: false, 10: false, 11: true} {
		got, err := Envelope{SignedAt: 5, Bound: 10}.watched(func(seq uint32) (string, error) {
			if seq == missed {
				return "", nil
			}
			return "hash", nil
		})
		if got != want || err != nil {
			t.Errorf("ledger %d missed: %v, %v", missed, got, err)
		}
	}
	away := errors.New("away")
	if got, err := (Envelope{SignedAt: 5, Bound: 10}).watched(func(uint32) (string, error) { return "hash", away }); got || !errors.Is(err, away) {
		t.Errorf("unread: %v, %v", got, err)
	}
	if got, _ := (Envelope{}).watched(func(uint32) (string, error) { return "hash", nil }); got {
		t.Error("what has no bound was watched to its end")
	}
}

// What took a number is looked for among our own envelopes first, of the payment and of the one that it replaces; then every ledger
// has to have been watched.
func TestNumberDead(t *testing.T) {
	e := Envelope{Hash: "e", Source: "H", Sequence: 7, SignedAt: 5, Bound: 6}
	user := Envelope{Hash: "o", Source: "H", Sequence: 7, State: Landed}
	away := errors.New("away")
	for name, c := range map[string]struct {
		others []Envelope
		hash   string
		err    error
		dead   bool
	}{
		"one of ours took it":                      {[]Envelope{user}, "", nil, true},
		"one of ours took it, the rest is unread":  {[]Envelope{user}, "", away, true},
		"none of ours took it, all was watched":    {nil, "hash", nil, true},
		"none of ours took it, not all is watched": {nil, "", nil, false},
		"none of ours took it, the rest is unread": {nil, "hash", away, false},
	} {
		dead, err := e.NumberDead(c.others, func(uint32) (string, error) { return c.hash, c.err })
		if dead != c.dead || !dead && !errors.Is(err, c.err) {
			t.Errorf("%s: %v, %v", name, dead, err)
		}
	}
	wallet := Payment{ID: "p", Route: Route{From: "G", Sponsor: "G"}}
	move := Payment{ID: "p", Route: wallet.Move("old", "H")}
	if got := wallet.NumbersOf(); !slices.Equal(got, []PaymentID{"p"}) {
		t.Errorf("a wallet's number is looked for with %v", got)
	}
	if got := move.NumbersOf(); !slices.Equal(got, []PaymentID{"p", "old"}) {
		t.Errorf("a move's number is looked for with %v", got)
	}
}

// Only where the history of a funding is gone, its holding accounts are asked, and only one that is as we made it proves something.
func TestWitnesses(t *testing.T) {
	e := Envelope{Hash: "e", Kind: FundingEnvelope}
	its := Payment{State: Funding, Funding: "e", Holding: "H"}
	change := func(f func(*Payment)) Payment { p := its; f(&p); return p }
	for name, c := range map[string]struct {
		p     Payment
		gone  bool
		asked int
	}{
		"the history is gone":        {its, true, 1},
		"the history is there":       {its, false, 0},
		"a payment that goes on":     {change(func(p *Payment) { p.State = Pending }), true, 0},
		"a payment funded otherwise": {change(func(p *Payment) { p.Funding = "f" }), true, 0},
		"a payment without account":  {change(func(p *Payment) { p.PayTo = "G" }), true, 0},
	} {
		if got := e.Witnesses([]Payment{c.p}, c.gone); len(got) != c.asked {
			t.Errorf("%s: %v", name, got)
		}
	}
	answer := FundAnswer{Minted: []Minted{{Account: "H", Asset: Native, Amount: 7, Route: Route{Sponsor: "G"}}, {Route: Route{PayTo: "GFILE"}}}}
	if got, want := answer.Witnesses(), (HoldingQuery{Account: "H", Asset: Native, Amount: 7, Sponsor: "G"}); !slices.Equal(got, []HoldingQuery{want}) {
		t.Errorf("asked of a funding of the log: %v", got)
	}
	for name, c := range map[string]struct {
		f    HoldingFacts
		made bool
	}{
		"no account":              {HoldingFacts{}, false},
		"one as we made it":       {HoldingFacts{Exists: true}, true},
		"one that was taken over": {HoldingFacts{Exists: true, Trouble: KeyTakenOver}, false},
	} {
		if got := MadeByFunding(map[string]HoldingFacts{"H": c.f}); got != c.made {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestLost(t *testing.T) {
	for name, c := range map[string]struct {
		f      HoldingFacts
		cursor uint32
		lost   bool
	}{
		"it is there":                         {HoldingFacts{Exists: true}, 9, false},
		"gone, and the watcher is behind":     {HoldingFacts{}, 8, false},
		"gone, and the source is behind":      {HoldingFacts{}, 10, false},
		"gone, and all ledgers were taken in": {HoldingFacts{}, 9, true},
	} {
		if got := Lost(c.f, Head{Sequence: 9}, c.cursor); got != c.lost {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What an audit asks for, by the state of the payment, whether a return is asked, and what its account looks like.
func TestAudited(t *testing.T) {
	whole, short := HoldingFacts{Exists: true, Held: 5}, HoldingFacts{Exists: true, Held: 4}
	taken := HoldingFacts{Exists: true, Held: 5, Trouble: KeyTakenOver}
	nothing, well := Input(nil), Input(HoldingWell{})
	for name, c := range map[string]struct {
		state State
		asked Reason
		f     HoldingFacts
		want  Input
	}{
		"it waits, and all is well":        {Pending, "", whole, nothing},
		"it waits, and holds less":         {Pending, "", short, HoldingTroubled{Cause: HoldingShort}},
		"it waits, and was taken over":     {Pending, "", taken, HoldingTroubled{Cause: KeyTakenOver}},
		"it waits, and is gone":            {Pending, "", HoldingFacts{}, HoldingTroubled{Cause: HoldingAbsent}},
		"it is claimed, and was taken":     {Claiming, ByCancel, taken, HoldingTroubled{Cause: KeyTakenOver}},
		"it goes home, and holds less":     {Returning, ByCancel, short, nothing},
		"it goes home, and was taken":      {Returning, ByCancel, taken, nothing},
		"parked, and well again":           {Parked, "", whole, well},
		"parked, and holds less":           {Parked, "", short, HoldingTroubled{Cause: HoldingShort}},
		"parked, taken, and wanted home":   {Parked, ByExpiry, taken, well},
		"parked, short, and wanted home":   {Parked, ByExpiry, short, well},
		"parked, and gone":                 {Parked, "", HoldingFacts{}, nothing},
		"parked, gone, and wanted home":    {Parked, ByCancel, HoldingFacts{}, nothing},
		"it goes home, and is gone":        {Returning, ByCancel, HoldingFacts{}, HoldingTroubled{Cause: HoldingAbsent}},
		"it waits, taken, no return asked": {Pending, "", taken, HoldingTroubled{Cause: KeyTakenOver}},
		"a claim is on its way, and short": {Claiming, "", short, HoldingTroubled{Cause: HoldingShort}},
	} {
		p := Payment{State: c.state, ReturnAsked: c.asked, Amount: 5}
		if got, _ := p.Audited(c.f); got != c.want {
			t.Errorf("%s: %#v", name, got)
		}
	}
	for audits, want := range []bool{true, true, true, false, false} {
		if got := (Payment{State: Parked, Reason: Frozen}).AuditRests(audits); got != want {
			t.Errorf("frozen, after %d audits: rests %v", audits, got)
		}
	}
	if (Payment{State: Parked, Reason: KeyTakenOver}).AuditRests(0) || (Payment{State: Pending, Reason: Frozen}).AuditRests(0) {
		t.Error("only of a payment that is parked as frozen the audit rests")
	}
}

func TestUnparks(t *testing.T) {
	for name, c := range map[string]struct {
		asked  Reason
		advice RungAdvice
		want   bool
	}{
		"no return asked":                          {"", RungAdvice{}, true},
		"a return asked, and no rung goes through": {ByCancel, RungAdvice{Reason: NoWayBack}, false},
		"a return asked, and a rung":               {ByCancel, RungAdvice{Use: "r"}, true},
		"a return asked, and a rung later":         {ByCancel, RungAdvice{Wait: true}, true},
	} {
		if got := (Payment{State: Parked, ReturnAsked: c.asked}).Unparks(c.advice); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
