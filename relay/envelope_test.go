package relay

import (
	"errors"
	"testing"
)

// What was seen of an envelope, or proven about it, either moves it on, or repeats what is known, or contradicts that. One that only a
// wallet signs may land after it was called dead.
func TestEnvelopeSteps(t *testing.T) {
	funding := Envelope{Kind: FundingEnvelope, Hash: "e"}
	wallets := funding
	wallets.OwnFee = 1
	claim, rung := Envelope{Kind: ClaimEnvelope, Hash: "e"}, Envelope{Kind: ReturnEnvelope, Hash: "e"}
	in := func(e Envelope, s EnvelopeState) Envelope {
		if e.State = s; s == Landed || s == Spent {
			e.Tx, e.Ledger = "tx", 5
		}
		return e
	}
	landed, failed, other := Sighting{Hash: "e", Tx: "tx", Ledger: 5, Success: true}, Sighting{Hash: "e", Tx: "tx", Ledger: 5}, Sighting{Hash: "e", Tx: "another", Ledger: 6, Success: true}
	for name, c := range map[string]struct {
		e     Envelope
		seen  *Sighting // nil: proven dead
		state EnvelopeState
		given string // "" nothing
		code  string
	}{
		"signed, lands":                   {in(funding, Signed), &landed, Landed, "funding_landed", ""},
		"planned, lands":                  {in(wallets, Planned), &landed, Landed, "funding_landed", ""},
		"signed, fails":                   {in(funding, Signed), &failed, Spent, "funding_dead", ""},
		"a claim lands":                   {in(claim, Signed), &landed, Landed, "claim_landed", ""},
		"a claim fails":                   {in(claim, Signed), &failed, Spent, "claim_dead", ""},
		"a rung lands":                    {in(rung, Signed), &landed, Landed, "return_landed", ""},
		"a rung fails":                    {in(rung, Signed), &failed, Spent, "rung_spent", ""},
		"landed, seen again":              {in(funding, Landed), &landed, Landed, "", ""},
		"spent, seen again":               {in(funding, Spent), &failed, Spent, "", ""},
		"landed, seen to fail":            {in(funding, Landed), &failed, Landed, "", "contradiction"},
		"spent, seen to land":             {in(funding, Spent), &landed, Spent, "", "contradiction"},
		"landed, seen in another":         {in(funding, Landed), &other, Landed, "", "contradiction"},
		"dead, lands":                     {in(funding, Dead), &landed, Dead, "", "contradiction"},
		"a dead claim lands":              {in(claim, Dead), &landed, Dead, "", "contradiction"},
		"a dead rung lands":               {in(rung, Dead), &landed, Dead, "", "contradiction"},
		"a wallet's dead one lands":       {in(wallets, Dead), &landed, Landed, "funding_landed", ""},
		"of an unknown kind, lands":       {in(Envelope{Kind: "gift"}, Signed), &landed, Landed, "", "unknown_kind"},
		"signed, proven dead":             {in(funding, Signed), nil, Dead, "funding_dead", ""},
		"a claim proven dead":             {in(claim, Signed), nil, Dead, "claim_dead", ""},
		"a rung proven dead":              {in(rung, Signed), nil, Dead, "rung_spent", ""},
		"landed, proven dead":             {in(funding, Landed), nil, Landed, "", "contradiction"},
		"spent, proven dead":              {in(funding, Spent), nil, Spent, "", ""},
		"dead, proven dead again":         {in(funding, Dead), nil, Dead, "", ""},
		"of an unknown kind, proven dead": {in(Envelope{Kind: "gift"}, Signed), nil, Dead, "", "unknown_kind"},
	} {
		var next Envelope
		var given Input
		var err error
		if c.seen != nil {
			next, given, err = StepSighting(c.e, *c.seen, 0)
		} else {
			next, given, err = StepDead(c.e, 0)
		}
		news := ""
		if given != nil {
			news = InputName(given)
		}
		if next.State != c.state || news != c.given || CodeOf(err) != c.code || (err == nil) != (c.code == "") || (c.code == "contradiction") != errors.Is(err, ErrContradiction) {
			t.Errorf("%s: %s, given %q, %v; want %s, %q, %q", name, next.State, news, err, c.state, c.given, c.code)
		}
	}
}
