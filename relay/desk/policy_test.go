package desk_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
)

var strange = []relay.Policy{"", "escrow", "quorum", "registered", "GUARDED", "guarded ", "link\n", "linked"}

// TestUnknownPolicy: whatever asks a policy refuses one that it does not know. Nothing is written, released, planned or promised.
func TestUnknownPolicy(t *testing.T) {
	for _, policy := range strange {
		if _, err := policy.KeepsShare(); relay.CodeOf(err) != "policy_unsupported" {
			t.Errorf("%q: a share: %v", policy, err)
		}
		if _, err := policy.AsksProof(); relay.CodeOf(err) != "policy_unsupported" {
			t.Errorf("%q: a proof: %v", policy, err)
		}
		for _, p := range []relay.Payment{{Policy: policy, To: relay.Handle{Kind: "email", Value: "a@example.com"}}, {Policy: policy, To: relay.Handle{Kind: "tel", Value: "+15550100"}}} {
			if p.Custody() != relay.NotKnown || p.ProvedBy() != relay.NotKnown || strings.Contains(p.CustodyText(), "Only") || strings.Contains(p.CustodyText(), "can take it back") {
				t.Errorf("%q: custody %s, %q, proved by %s", policy, p.Custody(), p.CustodyText(), p.ProvedBy())
			}
		}
	}

	r := newFixture(t)
	ctx, at := t.Context(), r.head()
	p := r.create(nil)
	r.funded(p)
	voucher, proof := "voucher", "proof"
	if _, err := r.Vouch(ctx, r.app, p.ID, voucher); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Prove(ctx, p.ID, desk.Credential{Voucher: voucher}, proof); err != nil {
		t.Fatal(err)
	}
	plan := relaytest.ClaimOf("plan", p.ID)
	plan.State, plan.Source = relay.Planned, r.is(p.ID, relay.Pending, "").Holding
	var now relay.Payment
	become := func(policy relay.Policy) {
		r.update(func(tx desk.Tx) (err error) {
			if now, err = tx.Payment(p.ID); err != nil {
				return err
			}
			now.Policy, now.ShareReleasedAt = policy, 0
			return tx.SavePayment(&now)
		})
	}
	for _, policy := range strange[1:] { // the store takes no empty one
		become(policy)
		for what, call := range map[string]func() error{
			"Create": func() error {
				o := desk.Opening{Payment: relaytest.Payment(r.app.ID, 50), App: r.app, Free: 1 << 60, Signs: r.signs, Share: []byte("share")}
				o.Payment.Policy = policy
				_, err := r.Desk.Create(ctx, o, nil)
				return err
			},
			"AskCode":    func() error { return r.AskCode(ctx, p.ID, relay.Code{Session: "s"}) },
			"Vouch":      func() error { _, err := r.Vouch(ctx, r.app, p.ID, "another"); return err },
			"Prove":      func() error { _, err := r.Prove(ctx, p.ID, desk.Credential{Voucher: voucher}, "more"); return err },
			"CheckProof": func() error { return r.CheckProof(ctx, now, proof) },
			"Plan":       func() error { return r.Plan(ctx, plan, at, proof) },
			"Agree":      func() error { return r.Agree(ctx, p.ID, proof, "GHERS") },
			"Readdressed": func() error {
				_, err := r.Apply(ctx, p.ID, relay.Readdressed{To: relay.Handle{Kind: "email", Value: "b@example.com"}})
				return err
			},
		} {
			r.code(string(policy)+": "+what, call(), "policy_unsupported")
		}
		if after := r.is(p.ID, relay.Pending, ""); after.Version != now.Version {
			t.Errorf("%q: something was written", policy)
		}
		if got, err := r.Apply(ctx, p.ID, relay.MailAnswered{}); err != nil || got.State != relay.Pending {
			t.Errorf("%q: what does not depend on it: %v", policy, err)
		}
	}
	become(relay.Guarded) // the control
	r.ok(r.CheckProof(ctx, now, proof))
	r.ok(r.Plan(ctx, plan, at, proof))
}

// TestPolicyIsComparedInOnePlace: no code but policy.go compares policies, so none can take one that it does not know for another.
func TestPolicyIsComparedInOnePlace(t *testing.T) {
	compares := regexp.MustCompile(`[pP]olicy\)?\s*[!=]=|[!=]=\s*(string\()?(relay\.)?(Guarded|Link)\b|case (relay\.)?(Guarded|Link)\b`)
	given := regexp.MustCompile(`\b(p|v|in)\.Policy != (r\.Policy|string\(policy\))|[pP]olicy\)?\s*[!=]=\s*""`) // whether an answer has what was asked for
	seen := 0
	err := filepath.WalkDir("..", func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() && entry.Name() == "testdata" {
			if err == nil {
				err = filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || filepath.Base(path) == "policy.go" {
			return nil
		}
		text, err := os.ReadFile(path)
		for i, line := range strings.Split(string(text), "\n") {
			code, _, _ := strings.Cut(line, "//")
			if compares.MatchString(given.ReplaceAllString(code, "")) {
				t.Errorf("%s:%d: %s", path, i+1, strings.TrimSpace(line))
			}
		}
		seen++
		return err
	})
	if err != nil || seen < 100 {
		t.Errorf("%d files: %v", seen, err)
	}
}

// TestCreateByTheLedgersClock: a payment that a ledger has ended between the look and the commit is not accepted, nor previewed; at
// the last second before, it is.
func TestCreateByTheLedgersClock(t *testing.T) {
	r := newFixture(t)
	end := relay.At(r.now) + relay.LeastExpiry + 60*1e6
	open := func(n int) desk.Opening {
		o := desk.Opening{Payment: relaytest.Payment(r.app.ID, n), App: r.app, Free: 1 << 60, Signs: r.signs, Share: []byte("share")}
		o.Payment.ExpiresAt = end
		return o
	}
	for i, c := range []struct {
		before relay.Micros
		code   string
	}{{1e6, ""}, {0, "expiry_out_of_range"}, {-5e6, "expiry_out_of_range"}} {
		head := relay.Head{Sequence: r.seq + uint32(i) + 1, Hash: "h", CloseTime: int64((end - c.before) / 1e6)}
		r.update(func(tx desk.Tx) error { return tx.RememberLedger(head) })
		if err := r.Preview(t.Context(), open(60+i)); relay.CodeOf(err) != c.code || (err == nil) != (c.code == "") {
			t.Errorf("preview %d µs before the end: %v", c.before, err)
		}
		_, err := r.Desk.Create(t.Context(), open(60+i), nil)
		if relay.CodeOf(err) != c.code || (err == nil) != (c.code == "") {
			t.Errorf("%d µs before the end: %v", c.before, err)
		}
	}
}
