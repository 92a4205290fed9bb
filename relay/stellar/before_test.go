package stellar

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/restante/restante/relay"
)

// A claim of lumens into an account that exists was one merge before. Nothing builds it any more, and no client signs it; one
// that was handed in before is dry-run for what it is.
func TestAClaimByMergeOfBefore(t *testing.T) {
	p := claim(false)
	p.Merged, p.Keeper = true, ""
	if _, err := BuildClaim(p); err == nil {
		t.Error("it was built anew")
	}
	d, f, err := claimDraft(p)
	if err != nil {
		t.Fatal(err)
	}
	before := must[Tx](t)(d.build(f))
	var differs *Mismatch
	if _, err := CheckClaim(before.XDR, expectation(claim(false))); !errors.As(err, &differs) {
		t.Errorf("a client takes it: %v", err)
	}
	raw, err := base64.StdEncoding.DecodeString(before.XDR)
	if err != nil {
		t.Fatal(err)
	}
	v := View{Passphrase: testnet, Sponsor: addr("sponsor")}
	e := relay.Envelope{Source: p.Holding, Destination: p.Destination, Asset: relay.Native, Sequence: p.Sequence, MaxTime: p.MaxTime, Bound: p.LastLedger, XDR: raw}
	for name, c := range map[string]struct {
		xdr  Tx
		want Reason
		ana  bool
	}{
		"before":                   {before, "", true},
		"before, no account there": {before, DestinationMissing, false},
		"now, too little":          {must[Tx](t)(BuildClaim(claim(false))), HoldingShort, true},
	} {
		s := snapshot(500)
		s.Accounts[addr("h0")].Balance = 12_3450000
		if c.want == HoldingShort {
			s.Accounts[addr("h0")].Balance--
		}
		if c.ana {
			s.Accounts[addr("ana")] = ordinary("ana", 1e7)
		}
		if e.XDR, err = base64.StdEncoding.DecodeString(c.xdr.XDR); err != nil {
			t.Fatal(err)
		}
		e.Amount = relay.Stroops(claim(false).Amount)
		why, err := v.Rehearsal(s, e)
		if err != nil || (why == "") != (c.want == "") || c.want != "" && !strings.Contains(why, string(c.want)) {
			t.Errorf("%s: %q, %v", name, why, err)
		}
	}
}
