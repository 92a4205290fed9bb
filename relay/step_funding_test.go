package relay

import (
	"slices"
	"testing"
)

// A wallet is asked once: a funding that cannot land is no reason to fund it again by ourselves.
func TestAWalletsFundingDiesOnce(t *testing.T) {
	for name, c := range map[string]struct {
		p      Payment
		state  State
		reason Reason
		fund   bool
	}{
		"wallet":          {Payment{Route: Route{From: "S"}}, Failed, FundingFailed, false},
		"wallet, asked":   {Payment{Route: Route{From: "S"}, ReturnAsked: ByCancel}, Created, "", false},
		"treasury":        {Payment{}, Created, "", true},
		"treasury, often": {Payment{Fundings: MostFundings}, Failed, FundingFailed, false},
		"direct":          {Payment{Route: Route{PayTo: "G"}}, Created, "", true},
	} {
		c.p.State, c.p.Funding, c.p.Bound = Funding, "f", 9
		next, effects, err := Step(c.p, FundingDead{Hash: "f", Fee: 3}, 1)
		fund := slices.ContainsFunc(effects, func(e Effect) bool { return e.Kind == DoFund })
		if err != nil || next.State != c.state || next.Reason != c.reason || fund != c.fund || next.Funding != "" || next.Bound != 0 || next.FeePaid != 3 {
			t.Errorf("%s: %+v %v %v", name, next, effects, err)
		}
		if c.p.ReturnAsked != "" {
			if next, _, err = Step(next, ReturnDue{}, 2); err != nil || next.State != Canceled {
				t.Errorf("%s: goes on to %s, %v", name, next.State, err)
			}
		}
	}
}

// A direct payment ends where its funding lands, in the account that was agreed and no other.
func TestPaidDirectly(t *testing.T) {
	p := Payment{State: Created, Amount: 5, Route: Route{PayTo: "GANA"}, ReturnTo: "T", Policy: Link}
	p, _, err := Step(p, FundingSigned{Hash: "f", Bound: 9}, 1)
	if err != nil || p.State != Funding || p.Holding != "" || p.NotBefore() != 0 || p.LockedUnits() != 0 || p.WalletUnits() != 0 {
		t.Fatal(p, err)
	}
	if _, _, err := Step(p, Readdressed{To: ana}, 2); CodeOf(err) != "not_guarded" {
		t.Error(err)
	}
	p.Policy = Guarded
	if _, _, err := Step(p, Readdressed{To: ana}, 2); CodeOf(err) != "paid_directly" {
		t.Error(err)
	}
	if same, effects, err := Step(p, FundingLanded{Hash: "f"}, 2); err != nil || same.State != Funding || effects != nil {
		t.Error("it ended on a transaction that was not seen", same.State, err)
	}
	p, _, _ = Step(p, CancelAsked{}, 3)
	p, effects, err := Step(p, FundingLanded{Hash: "f", Tx: "t", Ledger: 8, Fee: 4}, 4)
	if err != nil || p.State != Claimed || p.Destination != "GANA" || p.SettledTx != "t" || p.SettledAt != 8 || p.ReturnAsked != "" ||
		p.FeePaid != 4 || p.SpentUnits != 0 || p.Claim != "" || p.EndedAt != 4 {
		t.Fatalf("%+v %v", p, err)
	}
	var kinds []EffectKind
	for _, e := range effects {
		kinds = append(kinds, e.Kind)
	}
	if !slices.Equal(kinds, []EffectKind{DoPublish, DoNotify, DoExpunge}) {
		t.Error(kinds)
	}
	if _, _, err := Step(p, FundingLanded{Hash: "f", Tx: "t", Ledger: 8}, 5); err != nil {
		t.Error("seen again:", err)
	}
}

// What a wallet signs is never a contradiction: landed after its payment gave it up, the money goes home and is not claimed.
func TestAWalletsFundingComesBack(t *testing.T) {
	in := FundingLanded{Hash: "f", Tx: "t", Ledger: 8, Fee: 4, Holding: "H", Bound: 9}
	for name, c := range map[string]struct {
		p      Payment
		state  State
		reason Reason
	}{
		"canceled":       {Payment{State: Canceled, Reason: ByCancel, ReturnAsked: ByCancel}, Returning, ByCancel},
		"declined":       {Payment{State: Canceled, Reason: ByDecline, ReturnAsked: ByDecline}, Returning, ByDecline},
		"failed":         {Payment{State: Failed, Reason: NotFunded}, Returning, ByCancel},
		"expired":        {Payment{State: Failed, Reason: ByExpiry, ReturnAsked: ByExpiry}, Returning, ByExpiry},
		"refused":        {Payment{State: Created}, Returning, ByCancel},
		"another's turn": {Payment{State: Funding, Funding: "g", Holding: "I", Bound: 7}, Funding, ""},
		"waiting":        {Payment{State: Pending, Funding: "g", Holding: "I", Bound: 7}, Pending, ""},
		"claimed":        {Payment{State: Claimed, Funding: "g", Holding: "I", SettledTx: "x"}, Claimed, ""},
	} {
		c.p.From, c.p.Sponsor = "S", "S"
		if c.p.State.Ended() {
			c.p.EndedAt = 1
		}
		p, _, err := Step(c.p, in, 2)
		if err == nil && p.ReturnDue() {
			p, _, err = Step(p, ReturnDue{}, 2)
		}
		if err != nil || p.State != c.state || p.Reason != c.reason {
			t.Errorf("%s: %s %q %v", name, p.State, p.Reason, err)
		}
		if c.state == Returning && (p.Holding != "H" || p.Funding != "f" || p.Bound != 9 || p.EndedAt != 0 || p.FeePaid != 4 || p.Fundings != 1) {
			t.Errorf("%s: %+v", name, p)
		}
		if again, effects, err := Step(p, in, 3); err != nil || effects != nil || again.State != p.State {
			t.Errorf("%s: again %s %v %v", name, again.State, effects, err)
		}
		c.p.Sponsor, c.p.Replaces = "", "pay_2" // its funding needs our signature too, and is a client's all the same
		if moved, _, err := Step(c.p, in, 2); err != nil || (moved.State == Pending) != (c.state == Returning || c.state == Pending) {
			t.Errorf("%s, a move: %s %v", name, moved.State, err)
		}
		c.p.From, c.p.Replaces = "", ""
		if _, _, err := Step(c.p, in, 2); CodeOf(err) != "contradiction" {
			t.Errorf("%s, funded by the service: %v", name, err)
		}
	}
	if p, _, err := Step(Payment{State: Failed, Reason: NotFunded, Route: Route{From: "S", Sponsor: "S"}}, FundingLanded{Hash: "f", Tx: "t"}, 2); err != nil || p.State != Failed {
		t.Errorf("with nothing known of what it made: %s %v", p.State, err)
	}
}

// A plan that the signer does not keep is taken back, and the payment ends as it would have without it.
func TestUndoFunding(t *testing.T) {
	base := Payment{State: Funding, Route: Route{From: "S", Sponsor: "S"}, Funding: "f", Holding: "H", Bound: 9, BoxMAC: "m", Fundings: 1, FundUntil: 50, ExpiresAt: Seconds(90)}
	for name, c := range map[string]struct {
		change func(*Payment)
		hash   string
		state  State
	}{
		"planned":      {func(*Payment) {}, "f", Created},
		"canceled":     {func(p *Payment) { p.ReturnAsked = ByCancel }, "f", Canceled},
		"another":      {func(*Payment) {}, "g", Funding},
		"landed":       {func(p *Payment) { p.State = Pending }, "f", Pending},
		"the treasury": {func(p *Payment) { p.From = "" }, "f", Funding},
	} {
		p := base
		c.change(&p)
		p, effects, err := Step(p, FundingUndone{Hash: c.hash}, 2)
		if name == "planned" && (p.Funding != "" || p.Holding != "" || p.Bound != 0 || p.BoxMAC != "" || p.Fundings != 0 ||
			effects[0] != (Effect{Kind: DoExpire, Due: Seconds(50) + 1})) {
			t.Errorf("%s: %+v %v", name, p, effects)
		}
		if err == nil && p.ReturnDue() {
			p, _, err = Step(p, ReturnDue{}, 2)
		}
		if err != nil || p.State != c.state {
			t.Errorf("%s: %s %v", name, p.State, err)
		}
	}
}
