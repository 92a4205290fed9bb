package desk_test

import (
	"testing"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
)

// usage is one payment, a code that its session compares or a voucher, and what callers do with it.
type usage struct {
	*fixture
	p    relay.Payment
	cred desk.Credential
}

// proves presents the credential as the caller with a claimant key does, and names the proof.
func (u *usage) proves(proof, claimant string) error {
	cred := u.cred
	cred.Claimant = claimant
	if cred.Session != "" {
		if _, err := u.TryCode(u.Context(), u.p.ID, cred.Session); err != nil {
			return err
		}
	}
	_, err := u.Prove(u.Context(), u.p.ID, cred, proof)
	return err
}

// plan is one into the claimant's account that can land; plans commits it.
func (u *usage) plan() relay.Envelope {
	e := relaytest.ClaimOf("plan at "+u.now.String(), u.p.ID)
	e.State, e.Source, e.Destination, e.SignedAt, e.Bound, e.MaxTime = relay.Planned, u.p.Holding, "GHERS", u.seq, u.seq+10, u.now.Unix()+60
	return e
}

func (u *usage) plans(proof string) error { return u.Plan(u.Context(), u.plan(), u.head(), proof) }

// used wants a plan to have used the credential, or none.
func (u *usage) used(want bool) {
	u.Helper()
	u.update(func(tx desk.Tx) error {
		var at relay.Micros
		if u.cred.Session != "" {
			c, err := tx.Code(u.cred.Session)
			u.ok(err)
			at = c.UsedAt
		} else {
			v, err := tx.Pass(u.cred.Voucher)
			u.ok(err)
			at = v.UsedAt
		}
		if (at != 0) != want {
			u.Errorf("used at %d, want used: %v", at, want)
		}
		return nil
	})
}

// claims plans, hands the claim in, and lets it land.
func (u *usage) claims(landing bool) {
	u.Helper()
	e := u.plan()
	u.ok(u.Plan(u.Context(), e, u.head(), "first"))
	_, err := u.SubmitClaim(u.Context(), u.p.ID, e.Hash, []byte("signed"), u.head())
	u.ok(err)
	if !landing {
		return
	}
	seen := landed(e.Hash, map[string]string{u.p.Holding: "GHERS"})
	seen.Paid = []relay.Paid{{From: u.p.Holding, To: "GHERS", Asset: relay.Native, Amount: u.p.Amount}}
	u.ledger(seen)
	u.is(u.p.ID, relay.Claimed, "")
}

// elsewhere is what a thief of the six digits has: another session than the one that asked for them.
func (u *usage) elsewhere() {
	if u.cred.Session != "" {
		u.cred.Session = "another"
	}
}

// uses are what is done after a first proof with a claimant key, and how it ends for a code and for a voucher.
var uses = map[string]struct {
	do            func(u *usage) error
	code, voucher string // of the fault; "" = none
}{
	"proved again": {func(u *usage) error { u.used(false); return u.proves("second", "hers") }, "", ""},
	"a plan that is refused, and again": {func(u *usage) error {
		at := u.head()
		at.CloseTime = int64(u.p.ExpiresAt / 1e6) // its time has run out
		u.fixture.code("a plan", u.Plan(u.Context(), u.plan(), at, "first"), "expired")
		u.used(false)
		u.ok(u.proves("second", "hers"))
		u.ok(u.plans("first"))
		return u.plans("second")
	}, "", ""},
	"a plan that cannot be written, and again": {func(u *usage) error {
		e := u.plan()
		e.State = "no state" // the schema refuses it, as a full disk would
		if err := u.Plan(u.Context(), e, u.head(), "first"); err == nil {
			u.Error("control: it was written")
		}
		u.used(false)
		return u.plans("first")
	}, "", ""},
	"planned, and again": {func(u *usage) error {
		u.ok(u.plans("first"))
		u.used(true)
		u.now = u.now.Add(time.Second)
		u.ok(u.proves("second", "hers"))
		return u.plans("second")
	}, "", ""},
	"planned, then by another claimant": {func(u *usage) error {
		u.ok(u.plans("first"))
		return u.proves("second", "a thief's")
	}, "code_used", "proof_invalid"},
	"planned, then by a claimant without a key": {func(u *usage) error {
		u.ok(u.plans("first"))
		return u.proves("second", "")
	}, "code_used", "proof_invalid"},
	"proved, then by another claimant": {func(u *usage) error { return u.proves("second", "a thief's") }, "code_used", "proof_invalid"},
	"proved, then without a key":       {func(u *usage) error { return u.proves("second", "") }, "code_used", "proof_invalid"},
	"from another session":             {func(u *usage) error { u.elsewhere(); return u.proves("second", "a thief's") }, "session_invalid", "proof_invalid"},
	"too old":                          {func(u *usage) error { u.now = u.now.Add(10 * time.Minute); return u.proves("second", "hers") }, "code_expired", "proof_invalid"},
	"a sixth proof": {func(u *usage) error {
		for _, n := range []string{"2", "3", "4", "5"} {
			u.ok(u.proves(n, "hers"))
		}
		return u.proves("6", "hers")
	}, "code_spent", "voucher_spent"},
	"of another payment":                  {func(u *usage) error { u.p = u.guarded(); return u.proves("second", "hers") }, "session_invalid", "proof_invalid"},
	"a plan without a proof":              {func(u *usage) error { return u.plans("") }, "proof_invalid", "proof_invalid"},
	"a plan with an old proof":            {func(u *usage) error { u.now = u.now.Add(30 * time.Minute); return u.plans("first") }, "proof_invalid", "proof_invalid"},
	"a plan with another payment's proof": {func(u *usage) error { u.p = u.guarded(); return u.plans("first") }, "proof_invalid", "proof_invalid"},
	"after its claim was handed in":       {func(u *usage) error { u.claims(false); return u.proves("second", "hers") }, "", ""},
	"after its claim has landed":          {func(u *usage) error { u.claims(true); return u.proves("second", "hers") }, "already_claimed", "already_claimed"},
	"a plan after its claim has landed":   {func(u *usage) error { u.claims(true); return u.plans("first") }, "already_claimed", "already_claimed"},
	"after the end was expunged": {func(u *usage) error {
		u.claims(true)
		u.ok(u.Expunge(u.Context(), u.p.ID))
		return u.proves("second", "hers")
	}, "session_invalid", "already_claimed"},
	"a plan after the handle was replaced": {func(u *usage) error {
		u.update(func(tx desk.Tx) error { return tx.DropCredentials(u.p.ID) })
		return u.plans("first")
	}, "proof_invalid", "proof_invalid"},
}

// TestCredentialIsUsedByAPlan: the first proof binds a credential to a claimant, and the plan that is committed with it uses it.
func TestCredentialIsUsedByAPlan(t *testing.T) {
	for name, c := range uses {
		for want, cred := range map[string]desk.Credential{"code " + c.code: {Session: "s"}, "voucher " + c.voucher: {Voucher: "v"}} {
			t.Run(name+", "+want, func(t *testing.T) {
				u := &usage{newFixture(t), relay.Payment{}, cred}
				u.p = u.guarded()
				u.ok(u.AskCode(t.Context(), u.p.ID, relay.Code{Session: "s", MAC: []byte("mac")}))
				_, err := u.Vouch(t.Context(), u.app, u.p.ID, "v")
				u.ok(err)
				u.ok(u.proves("first", "hers"))
				code := c.code
				if cred.Voucher != "" {
					code = c.voucher
				}
				if err := c.do(u); relay.CodeOf(err) != code || (err == nil) != (code == "") {
					t.Errorf("%v, want %q", err, code)
				}
			})
		}
	}
}

// TestCredentialWithoutAClaimantKey: a code stays with its session until a plan uses it, a voucher is used up by its proof.
func TestCredentialWithoutAClaimantKey(t *testing.T) {
	u := &usage{newFixture(t), relay.Payment{}, desk.Credential{Session: "s"}}
	u.p = u.guarded()
	u.ok(u.AskCode(t.Context(), u.p.ID, relay.Code{Session: "s", MAC: []byte("mac")}))
	u.ok(u.proves("first", ""))
	at := u.head()
	at.CloseTime = int64(u.p.ExpiresAt / 1e6)
	u.code("a plan", u.Plan(t.Context(), u.plan(), at, "first"), "expired")
	u.ok(u.proves("second", ""))
	u.ok(u.plans("second"))
	u.code("a code that a plan has used", u.proves("third", ""), "code_used")
	u.code("with a key, too late", u.proves("third", "hers"), "code_used")
	u.now = u.now.Add(time.Second)
	u.ok(u.plans("first")) // the proofs that were given go on

	_, err := u.Vouch(t.Context(), u.app, u.p.ID, "v")
	u.ok(err)
	u.cred = desk.Credential{Voucher: "v"}
	u.ok(u.proves("by voucher", ""))
	for _, claimant := range []string{"", "hers"} {
		u.code("a voucher, again", u.proves("again", claimant), "proof_invalid")
	}
	u.now = u.now.Add(time.Second)
	u.ok(u.plans("by voucher"))
}

// TestUsedBefore: what proofs had used up before there were claimant keys stays used up, and the proofs go on.
func TestUsedBefore(t *testing.T) {
	u := &usage{newFixture(t), relay.Payment{}, desk.Credential{}}
	u.p = u.guarded()
	until := relay.At(u.now) + relay.VoucherLife
	u.update(func(tx desk.Tx) error {
		u.ok(tx.InsertCode(relay.Code{Session: "old", Payment: u.p.ID, MAC: []byte("mac"), IssuedAt: relay.At(u.now), Tries: 1, UsedAt: 1}))
		u.ok(tx.InsertPass(relay.Pass{Hash: "old voucher", Payment: u.p.ID, Kind: relay.VoucherPass, ExpiresAt: until, UsedAt: 1}))
		u.ok(tx.InsertPass(relay.Pass{Hash: "old proof", Payment: u.p.ID, Kind: relay.ProofPass, ExpiresAt: until}))
		return nil
	})
	for _, claimant := range []string{"", "hers"} {
		u.cred = desk.Credential{Session: "old"}
		u.code("an old code", u.proves("x", claimant), "code_used")
		u.cred.Claimant = claimant
		_, err := u.Prove(t.Context(), u.p.ID, u.cred, "x") // compared before, by another call
		u.code("an old code that was compared", err, "code_used")
		u.cred = desk.Credential{Voucher: "old voucher"}
		u.code("an old voucher", u.proves("x", claimant), "proof_invalid")
	}
	u.ok(u.plans("old proof"))
}
