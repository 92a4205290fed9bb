package desk_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
)

// foreign is what another app, or the bearer of something of another payment, could try with each method of the Desk that takes
// an app or that a bearer's word opens. A case returns the error, whose code must be the one given; "" is for reads, which check
// for themselves that nothing is shown.
var foreign = map[string]struct {
	code string
	try  func(n *twoApps) error
}{
	"Create of a payment that replaces theirs": {"not_found", func(n *twoApps) error {
		o := n.opening(moving(n.p))
		o.App, o.Payment.App = n.other, n.other.ID
		_, err := n.Create(n.Context(), o, nil)
		return err
	}},
	"Preview of a payment that replaces theirs": {"not_found", func(n *twoApps) error {
		o := n.opening(moving(n.p))
		o.App, o.Payment.App = n.other, n.other.ID
		return n.Preview(n.Context(), o)
	}},
	"Authorize with another payment's link": {"link_invalid", func(n *twoApps) error {
		_, err := n.Authorize(n.Context(), n.p.ID, n.theirs.AuthHash)
		return err
	}},
	"Manage with another payment's token": {"token_invalid", func(n *twoApps) error {
		_, err := n.Manage(n.Context(), n.p.ID, n.theirs.ManageHash)
		return err
	}},
	"Vouch": {"not_found", func(n *twoApps) error {
		_, err := n.Vouch(n.Context(), n.other, n.p.ID, "voucher of another app")
		return err
	}},
	"RevokeKey": {"not_found", func(n *twoApps) error {
		_, err := n.RevokeKey(n.Context(), n.otherKey(), "key_one", true)
		return err
	}},
	"RotateKey": {"not_found", func(n *twoApps) error {
		_, err := n.RotateKey(n.Context(), n.otherKey(), "key_one", relay.Key{ID: "key_next", Hash: "next"})
		return err
	}},
	"AddKey of another app": {"", func(n *twoApps) error {
		k, err := n.AddKey(n.Context(), n.otherKey(), relay.Key{ID: "key_new", App: n.app.ID, Hash: "new", Scopes: n.otherKey().Scopes})
		if k.App != n.other.ID {
			n.Errorf("a key of another app was made: %+v", k)
		}
		return err
	}},
	"Reclaim": {"", func(n *twoApps) error {
		yes := true
		asked, err := n.Reclaim(n.Context(), n.other.ID, &yes)
		n.update(func(tx desk.Tx) error {
			if a, err := tx.App(n.app.ID); err != nil || a.Reclaim || asked != 0 {
				n.Errorf("%d accounts of another app are asked, its choice is %v, %v", asked, a.Reclaim, err)
			}
			return nil
		})
		return err
	}},
	"Keys": {"", func(n *twoApps) error {
		ks, err := n.Keys(n.Context(), n.other.ID)
		if len(ks) != 1 || ks[0].ID != "key_two" {
			n.Errorf("it sees keys %v", ks)
		}
		return err
	}},
	"Usage": {"", func(n *twoApps) error {
		u, err := n.Usage(n.Context(), n.other.ID, n.p.Asset)
		if u != (relay.Usage{}) {
			n.Errorf("it sees the usage of another app: %+v", u)
		}
		return err
	}},
	"Agreed": {"", func(n *twoApps) error {
		account, err := n.Agreed(n.Context(), n.other.ID, n.p.To)
		if account != "" {
			n.Errorf("it knows of account %q", account)
		}
		return err
	}},
	"Forget": {"", func(n *twoApps) error {
		err := n.Forget(n.Context(), n.other.ID, n.p.To)
		if account, _ := n.Agreed(n.Context(), n.app.ID, n.p.To); account != "GHERS" {
			n.Error("an account went off another app's file")
		}
		return err
	}},
	"Agree with another payment's proof": {"proof_invalid", func(n *twoApps) error {
		return n.Agree(n.Context(), n.p.ID, "their proof", "GTHIEF")
	}},
	"TryCode of another payment's session": {"session_invalid", func(n *twoApps) error {
		_, err := n.TryCode(n.Context(), n.p.ID, "their session")
		return err
	}},
	"Prove with another payment's session": {"session_invalid", func(n *twoApps) error {
		_, err := n.Prove(n.Context(), n.p.ID, desk.Credential{Session: "their session"}, "x")
		return err
	}},
	"Prove with another payment's voucher": {"proof_invalid", func(n *twoApps) error {
		_, err := n.Prove(n.Context(), n.p.ID, desk.Credential{Voucher: "their voucher"}, "x")
		return err
	}},
	"Prove with a proof in place of a voucher": {"proof_invalid", func(n *twoApps) error {
		_, err := n.Prove(n.Context(), n.p.ID, desk.Credential{Voucher: "proof"}, "x")
		return err
	}},
	"Prove with nothing": {"proof_needed", func(n *twoApps) error {
		_, err := n.Prove(n.Context(), n.p.ID, desk.Credential{}, "x")
		return err
	}},
	"CheckProof of another payment": {"proof_invalid", func(n *twoApps) error {
		return n.CheckProof(n.Context(), n.p, "their proof")
	}},
	"CheckProof with a voucher": {"proof_invalid", func(n *twoApps) error {
		return n.CheckProof(n.Context(), n.p, "voucher")
	}},
	"Plan with another payment's proof": {"proof_invalid", func(n *twoApps) error {
		plan := relaytest.ClaimOf("thief's plan", n.p.ID)
		plan.State, plan.Source, plan.Bound, plan.MaxTime = relay.Planned, n.p.Holding, n.seq+10, n.now.Unix()+60
		return n.Plan(n.Context(), plan, n.head(), "their proof")
	}},
	"SubmitClaim of another payment's plan": {"", func(n *twoApps) error {
		got, err := n.SubmitClaim(n.Context(), n.p.ID, "their plan", []byte("signed"), n.head())
		if err == nil {
			n.Errorf("the payment is %s by another payment's claim", got.State)
		}
		return nil
	}},
	"CollectClaim of another payment's plan": {"", func(n *twoApps) error {
		if _, err := n.CollectClaim(n.Context(), n.p.ID, "their plan", []byte("signed by one"), n.head()); err == nil {
			n.Error("another payment's plan is kept as this one's")
		}
		return nil
	}},
	"Begin with the name of another app's key": {"", func(n *twoApps) error {
		_, done, err := n.Begin(n.Context(), desk.Answered{App: n.other.ID, Key: "order", Body: "another body"})
		if done {
			n.Error("another app's answer was given")
		}
		return err
	}},
	"Renew of another app's key": {"not_found", func(n *twoApps) error {
		n.idem.App, n.idem.Key = n.other.ID, "free"
		return n.Renew(n.Context(), n.idem)
	}},
	"Abandon of another app's key": {"not_found", func(n *twoApps) error {
		n.idem.App, n.idem.Key = n.other.ID, "free"
		return n.Abandon(n.Context(), n.idem)
	}},
}

// trusted are the methods that no caller from outside reaches with words of its own: the service calls them with what it has read
// itself, of the ledger, of the signer, or of a payment that it has authorised before.
var trusted = slices.Concat(
	[]string{"Apply", "AskCode", "Payment", "Envelope", "EnvelopesOf", "HaltOf", "Paused", "Holds"}, // of a payment that was authorised
	[]string{"Kept", "Planned", "Refused", "SignFunding", "UndoFunding"},                            // of a deposit that was authorised
	[]string{"Login"},                     // it is what authorises an app
	[]string{"OpenApp", "Reopen", "Lift"}, // of the operator, on the service's own machine
	[]string{"Adopt", "Alone", "CollectLeft", "Recheck", "RecheckMoving", "Recognize", "Rekeep"}, // at a start: of all apps, with no words of theirs
	[]string{"Cursor", "Died", "DiedNoTry", "Halt", "SameHistory", "Sighted", "Skip", "Witness"}, // with what a ledger shows
	[]string{"SameTreasury", "Unknown"}, // with what the signer says
	[]string{"CodeMailed", "CommitFunding", "Expunge", "MayHandIn", "Stopped", "TakeCode", "Unstopped"}, // of a row of work that was leased
	[]string{"Audit", "NumberDead"},                           // of the payments of an envelope that the worker has read
	[]string{"PaymentAndApp"},                                 // of a row of work: the app is the payment's own
	[]string{"LiveEnvelopes", "TakenNumbers"},                 // of all apps: the worker alone asks, and tells no app
	[]string{"Carried", "Halted", "Halts", "Pause", "Pauses"}, // of the service as a whole; no app is shown what is of another
)

// twoApps are two apps: one with a payment that waits, and another with one of its own.
type twoApps struct {
	*fixture
	other     relay.App
	p, theirs relay.Payment // of the first app, and of the other
	idem      desk.Answered
}

func newNeighbours(t *testing.T) *twoApps {
	n := &twoApps{fixture: newFixture(t), other: relaytest.App("two")}
	n.Process = "process"
	n.update(func(tx desk.Tx) error {
		if err := tx.InsertApp(n.other); err != nil {
			return err
		}
		for id, app := range map[string]relay.App{"key_one": n.app, "key_two": n.other} {
			if err := tx.InsertKey(relay.Key{ID: id, App: app.ID, Hash: "hash of " + id, Scopes: relay.AppScopes, CreatedAt: relay.At(n.now)}); err != nil {
				return err
			}
		}
		return nil
	})
	n.p = n.waiting(n.app, "link one", "token one")
	n.theirs = n.waiting(n.other, "link two", "token two")
	n.create(nil) // out of the first app's treasury
	in := relay.At(n.now) + 60*1e6
	n.update(func(tx desk.Tx) error {
		for hash, pass := range map[string]relay.Pass{
			"voucher": {Payment: n.p.ID, Kind: relay.VoucherPass}, "proof": {Payment: n.p.ID, Kind: relay.ProofPass},
			"their voucher": {Payment: n.theirs.ID, Kind: relay.VoucherPass}, "their proof": {Payment: n.theirs.ID, Kind: relay.ProofPass},
		} {
			pass.Hash, pass.ExpiresAt = hash, in
			if err := tx.InsertPass(pass); err != nil {
				return err
			}
		}
		if err := tx.PutAgreed(relay.Agreed{App: n.app.ID, To: n.p.To, Account: "GHERS", Payment: n.p.ID, At: 1}); err != nil {
			return err
		}
		return tx.InsertCode(relay.Code{Session: "their session", Payment: n.theirs.ID, MAC: []byte("mac"), IssuedAt: relay.At(n.now)})
	})
	plan := relaytest.ClaimOf("their plan", n.theirs.ID)
	plan.State, plan.Source, plan.SignedAt, plan.Bound, plan.MaxTime = relay.Planned, n.theirs.Holding, n.seq, n.seq+10, n.now.Unix()+60
	n.ok(n.Plan(t.Context(), plan, n.head(), "their proof"))
	var err error
	n.idem, _, err = n.Begin(t.Context(), desk.Answered{App: n.app.ID, Key: "order", Body: "body"})
	n.ok(err)
	return n
}

// otherKey is the key of the other app.
func (n *twoApps) otherKey() relay.Key {
	n.Helper()
	ks, err := n.Keys(n.Context(), n.other.ID)
	n.ok(err)
	return ks[0]
}

// waiting is a payment of an app, out of a wallet, whose money waits.
func (n *twoApps) waiting(app relay.App, link, token string) relay.Payment {
	n.Helper()
	first := n.app
	n.app = app
	defer func() { n.app = first }()
	p := n.create(func(p *relay.Payment) {
		own(p)
		p.AuthHash, p.ManageHash, p.Policy = link, token, relay.Guarded
	})
	n.funded(p)
	return n.is(p.ID, relay.Pending, "")
}

// TestTenants holds every method of the Desk to what another app, or a bearer of something of another payment, gets from it:
// the same as of what does not exist, and nothing is changed by it.
func TestTenants(t *testing.T) {
	var held []string
	for name, c := range foreign {
		method, _, _ := strings.Cut(name, " ")
		held = append(held, method)
		t.Run(name, func(t *testing.T) {
			n := newNeighbours(t)
			err := c.try(n)
			if relay.CodeOf(err) != c.code || (err == nil) != (c.code == "") {
				t.Errorf("%v, want %q", err, c.code)
			}
			after := n.is(n.p.ID, relay.Pending, "")
			if n.p.UpdatedAt = after.UpdatedAt; !reflect.DeepEqual(after, n.p) {
				t.Errorf("the payment was changed:\n%+v\n%+v", n.p, after)
			}
			n.ok(n.Renew(t.Context(), desk.Answered{App: n.p.App, Key: "order", Body: "body", Until: n.idem.Until, Owner: n.idem.Owner}))
			keys, err := n.Keys(t.Context(), n.p.App)
			if err != nil || len(keys) != 1 || keys[0].RevokedAt != 0 {
				t.Errorf("the keys are %+v %v", keys, err)
			}
		})
	}
	var methods []string
	for i := range reflect.TypeFor[*desk.Desk]().NumMethod() {
		name := reflect.TypeFor[*desk.Desk]().Method(i).Name
		methods = append(methods, name)
		if slices.Contains(held, name) == slices.Contains(trusted, name) {
			t.Errorf("Desk.%s: it is either held to what another app gets from it, or trusted", name)
		}
	}
	for _, name := range append(held, trusted...) {
		if !slices.Contains(methods, name) {
			t.Errorf("Desk.%s: there is no such method", name)
		}
	}
}
