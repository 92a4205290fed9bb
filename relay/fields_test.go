package relay

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// mayChange names, for each input, the fields of a payment that it may change. Besides these, Step writes UpdatedAt with every
// change, and EndedAt and Missing when the state changes.
//
// name is how history spells the input. It is stored: a line may be added, and none may change.
var mayChange = []struct {
	name   string
	in     Input
	fields string
}{
	{"cancel_asked", CancelAsked{}, "State Reason ReturnAsked"},
	{"decline_asked", DeclineAsked{}, "State Reason ReturnAsked"},
	{"readdressed", Readdressed{}, "To Delivery"},
	{"claim_submitted", ClaimSubmitted{}, "State Claim Destination"},
	{"share_released", ShareReleased{}, "ShareReleasedAt"},
	{"mail_answered", MailAnswered{}, "Delivery"},
	{"funding_signed", FundingSigned{}, "State Funding Holding Bound Fundings LadderVersion BoxMAC Proof"},
	{"funding_kept", FundingKept{}, "BoxMAC"},
	{"way_back_kept", WayBackKept{}, "LadderVersion"},
	{"funding_refused", FundingRefused{}, "State Reason"},
	{"funding_landed", FundingLanded{}, "State Reason Note FeePaid FeeHolding FeeOther Funding Holding Bound Fundings ReturnAsked Destination SettledTx SettledAt Arrived"},
	{"funding_undone", FundingUndone{}, "State Funding Holding Bound Fundings BoxMAC Proof"},
	{"funding_dead", FundingDead{}, "State Reason Funding Holding Bound Fundings FeePaid FeeHolding FeeOther"},
	{"claim_landed", ClaimLanded{}, "State Reason ReturnAsked Claim Destination SettledTx SettledAt Arrived ArrivedRest FeePaid FeeHolding FeeEnd FeeOther SpentUnits"},
	{"claim_dead", ClaimDead{}, "State Claim Destination FeePaid FeeHolding FeeOther"},
	{"return_landed", ReturnLanded{}, "State Reason ReturnAsked Claim Destination SettledTx SettledAt Arrived ArrivedRest FeePaid FeeHolding FeeEnd FeeOther Balance"},
	{"rung_spent", RungSpent{}, "State Reason FeePaid FeeHolding FeeOther"},
	{"emptied_elsewhere", EmptiedElsewhere{}, "State Reason ReturnAsked Claim Destination SettledTx SettledAt Arrived ArrivedRest FeePaid FeeHolding FeeEnd FeeOther"},
	{"moved", Moved{}, "State Reason ReturnAsked Claim Destination SettledTx SettledAt Arrived ArrivedRest FeePaid FeeHolding FeeEnd"},
	{"fee_taken", FeeTaken{}, "FeeHolding"},
	{"holding_troubled", HoldingTroubled{}, "State Reason Claim Destination Missing"},
	{"holding_seen", HoldingSeen{}, "Missing"},
	{"holding_well", HoldingWell{}, "State Reason"},
	{"balance_collected", BalanceCollected{}, "Collected Arrived"},
	{"balance_clawed", BalanceClawed{}, "Reason Arrived"},
	{"reserves_back", ReservesBack{}, "SpentUnits"},
	{"ledger_closed", LedgerClosed{}, "State Reason ReturnAsked"},
	{"onward", ReturnDue{}, "State Reason"},
}

// Every input on every state changes what its line names, and leads where the comment of the state says, or is refused and changes
// nothing. A field that no draw changes is
// named in vain; an input that has no line, or a field that no line names, fails here.
func TestEveryInputEveryStateEveryField(t *testing.T) {
	r, left := rand.New(rand.NewPCG(1, 2)), map[State]map[string]bool{}
	for _, s := range States {
		left[s.State] = map[string]bool{}
	}
	for _, line := range mayChange {
		if InputName(line.in) != line.name {
			t.Errorf("%T is called %s", line.in, InputName(line.in))
		}
		named := strings.Fields(line.fields)
		seen := map[string]bool{}
		for _, s := range States {
			for range 400 {
				p := drawPayment(r, s.State)
				in := reflect.New(reflect.TypeOf(line.in)).Elem()
				draw(r, in)
				if _, due := line.in.(ReturnDue); p.ReturnDue() && !due { // ReturnDue follows in the same commit
					p.ReturnAsked = ""
				}
				step(t, p, in.Interface().(Input), named, seen, left[s.State])
			}
		}
		for _, f := range named {
			if !seen[f] {
				t.Errorf("%T never changes %s", line.in, f)
			}
		}
	}
	for _, s := range States {
		if got, want := slices.Sorted(maps.Keys(left[s.State])), commented(t, s.State); !slices.Equal(got, want) {
			t.Errorf("%s is left by\n%v\nits comment says\n%v", s.State, got, want)
		}
	}
}

// commented is what the comment of a state says of the way out, as "Input → state".
func commented(t *testing.T, s State) (out []string) {
	for _, line := range strings.Split(comments(t)[s], "\n") {
		line, ok := strings.CutPrefix(strings.TrimSpace(line), "- ")
		line, _, _ = strings.Cut(line, ":")
		by, states, _ := strings.Cut(line, " → ")
		switch {
		case !ok:
		case by == "the ledger":
			for _, end := range []string{"ClaimLanded → claimed", "ClaimLanded → settled", "ReturnLanded → returned", "ReturnLanded → settled",
				"EmptiedElsewhere → claimed", "EmptiedElsewhere → returned", "EmptiedElsewhere → settled", "Moved → settled"} {
				if !strings.HasSuffix(end, " "+string(s)) {
					out = append(out, end)
				}
			}
		default:
			for _, in := range strings.Split(by, ", ") {
				for _, to := range strings.Split(states, ", ") {
					out = append(out, in+" → "+strings.ToLower(to))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// comments are those of the state constants.
func comments(t *testing.T) map[State]string {
	file, err := parser.ParseFile(token.NewFileSet(), "state.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	out := map[State]string{}
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		for i := 0; ok && g.Tok == token.CONST && i < len(g.Specs); i++ {
			v := g.Specs[i].(*ast.ValueSpec)
			if of, ok := v.Type.(*ast.Ident); ok && of.Name == "State" {
				out[State(strings.ToLower(v.Names[0].Name))] = v.Doc.Text()
			}
		}
	}
	return out
}

var fields = reflect.VisibleFields(reflect.TypeFor[Payment]())

// step checks one draw and notes in seen which fields it changed.
func step(t *testing.T, p Payment, in Input, named []string, seen, left map[string]bool) {
	next, effects, err := Step(p, in, 99)
	if err != nil {
		unknown := CodeOf(err) == "unknown_rung" || CodeOf(err) == "policy_unsupported"
		if KindOf(err) != Conflict && !errors.Is(err, ErrContradiction) && !unknown {
			t.Errorf("%T on %s: %v", in, p.State, err)
		}
		if next != p || effects != nil {
			t.Errorf("%T on %s is refused (%v), and changes something", in, p.State, err)
		}
		return
	}
	moved := next.State != p.State
	if _, edge := Edges[p.State][next.State]; moved && !edge {
		t.Errorf("%T moves %s to %s, which is no edge", in, p.State, next.State)
	}
	if moved {
		left[reflect.TypeOf(in).Name()+" → "+string(next.State)] = true
	}
	if next == p {
		return
	}
	for _, f := range fields {
		if f.Anonymous || reflect.ValueOf(p).FieldByIndex(f.Index).Equal(reflect.ValueOf(next).FieldByIndex(f.Index)) {
			continue
		}
		seen[f.Name] = true
		byStep := f.Name == "UpdatedAt" || f.Name == "EndedAt" && moved || f.Name == "Missing" && moved && next.State.Ended()
		if !byStep && !slices.Contains(named, f.Name) {
			t.Errorf("%T on %s changes %s", in, p.State, f.Name)
			return
		}
	}
}

// Payments and inputs are plain values, with nothing in them that a copy shares: so Step cannot change what it is given.
func TestPaymentsAndInputsAreValues(t *testing.T) {
	var plain func(string, reflect.Type)
	plain = func(where string, of reflect.Type) {
		switch of.Kind() {
		case reflect.Struct:
			for i := range of.NumField() {
				plain(where+"."+of.Field(i).Name, of.Field(i).Type)
			}
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface, reflect.Chan, reflect.Func, reflect.UnsafePointer:
			t.Errorf("%s is a %s", where, of.Kind())
		}
	}
	plain("Payment", reflect.TypeFor[Payment]())
	for _, line := range mayChange {
		plain(reflect.TypeOf(line.in).Name(), reflect.TypeOf(line.in))
	}
}

func TestEveryInputHasALine(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "input.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared, lines []string
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "input" {
			declared = append(declared, f.Recv.List[0].Type.(*ast.Ident).Name)
		}
	}
	for _, line := range mayChange {
		lines = append(lines, reflect.TypeOf(line.in).Name())
	}
	slices.Sort(declared)
	slices.Sort(lines)
	if !slices.Equal(declared, lines) {
		t.Errorf("declared: %v\nnamed:    %v", declared, lines)
	}
}

// drawPayment is a payment in a state, of any legal route.
func drawPayment(r *rand.Rand, s State) (p Payment) {
	draw(r, reflect.ValueOf(&p).Elem())
	routes := []Route{{}, {PayTo: "a"}, {From: "a", Sponsor: "a", Purse: 3, RungFee: 1}, {From: "a", Replaces: "pay_a"},
		{From: "a", Sponsor: "b", Purse: 3, RungFee: 1, Replaces: "pay_a"}}
	p.State, p.Route = s, pick(r, routes...)
	if s != Claimed && s != Returned && s != Settled { // only what moved money is settled by a transaction
		p.SettledTx, p.SettledAt = "", 0
	}
	p.Asset = pick(r, Native, "USD:a")
	p.Policy = pick(r, Guarded, Guarded, Link, "quorum")
	return p
}

// draw fills v with values of few kinds, so that those that have to meet often do.
func draw(r *rand.Rand, v reflect.Value) {
	switch v.Type() {
	case reflect.TypeFor[Reason]():
		v.SetString(string(pick(r, "", ByCancel, ByExpiry, NoWayBack, HoldingAbsent, LeftClaimable)))
		return
	case reflect.TypeFor[Payer]():
		v.SetString(string(pick(r, PayerUsual, PayerHolding, PayerOther)))
		return
	case reflect.TypeFor[Delivery]():
		v.SetString(string(pick(r, NotMailed, MailSent, MailRefused)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			draw(r, v.Field(i))
		}
	case reflect.String:
		v.SetString(pick(r, "", "a", "b", "", "a", "b", CollectedElsewhere))
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(r.IntN(6)))
	case reflect.Uint32:
		v.SetUint(uint64(r.IntN(4)))
	default:
		panic("no draw for a " + v.Kind().String())
	}
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }
