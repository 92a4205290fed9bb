package signer

import (
	"encoding/base64"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// old funds a payment of the asset as a signer of before did: with the first ladder, which its line does not name.
func (r *fixture) old(asset string) relay.Minted {
	r.t.Helper()
	before, number, sum := r.readLog(), r.s.log.n, r.s.log.sum
	in := r.intent(payment())
	in.Mints[0].Asset = asset
	a := r.fund(in)
	m := a.Minted[0]
	way := stellar.ReturnPlan{Passphrase: passphrase, Version: relay.FirstLadder, Holding: m.Account, ReturnTo: r.home, LastLedger: in.Bound,
		Sponsor: r.sponsor, Asset: asset, Amount: m.Amount}
	rungs, err := stellar.BuildLadder(way)
	if err != nil {
		r.t.Fatal(err)
	}
	seed := r.seedOf(m, r.sender)
	var ladder []relay.Envelope
	for _, rung := range rungs {
		raw, err := base64.StdEncoding.DecodeString(rung.XDR)
		if err != nil {
			r.t.Fatal(err)
		}
		e := m.Ladder[0]
		e.Hash, e.Sequence, e.Rung, e.XDR, e.State = rung.Hash, rung.Sequence, rung.K, r.sign(raw, seed), relay.Signed
		if rung.K == stellar.LastResort {
			e.State = relay.Planned
		}
		ladder = append(ladder, e)
	}
	a.Minted[0].Ladder, a.Minted[0].LadderVersion = ladder, 0
	r.s.Close()
	line, _ := formatLine(number+1, sum, 1, fundingKind, []byte(text(r.t, fundingLineOf(dayOf(r.view.head), a))), r.logKey())
	r.writeLog(append(append(before, line...), '\n'))
	r.open()
	return a.Minted[0]
}

// What was minted before keeps its ladder: the bare rung is complete, no claim carries the number of the lowest rung or a higher
// one, and the last resort is completed when it is due.
func TestOldLadder(t *testing.T) {
	r := newFixture(t)
	asset := r.credit()
	m := r.old(asset)
	lowest := m.Ladder[0].Sequence
	for name, c := range map[string]struct {
		sequence int64
		code     string
	}{
		"below the lowest rung":     {lowest - 1, ""},
		"the lowest rung's":         {lowest, "sequence_of_ladder"},
		"behind a burnt bare rung":  {m.Ladder[2].Sequence + 1, "sequence_of_ladder"},
		"behind the last resort":    {m.Ladder[3].Sequence + 1, "sequence_of_ladder"},
		"behind it, and much later": {m.Ladder[3].Sequence + 70_000, "sequence_of_ladder"},
	} {
		in := r.claimIntent(m, keypair.MustRandom().Address())
		in.Sequence = c.sequence
		if _, err := r.s.Claim(t.Context(), in); relay.CodeOf(err) != c.code || (err == nil) != (c.code == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, rung := range m.Ladder {
		if rung.Rung == stellar.LastResort {
			r.notDue(rung.Hash, m.Ladder[0].Hash)
		}
		if _, err := r.s.Bump(t.Context(), rung.Hash, nil, 10_000); err != nil {
			t.Errorf("rung %d: %v", rung.Rung, err)
		}
	}
	// A new one has room.
	in := r.intent(payment())
	in.Mints[0].Asset = asset
	now := r.fund(in).Minted[0]
	for i, rung := range now.Ladder {
		claim := r.claimIntent(now, keypair.MustRandom().Address())
		for sequence, code := range map[int64]string{rung.Sequence: "sequence_of_ladder", rung.Sequence + 1: "", rung.Sequence - 1: ""} {
			claim.Sequence = sequence
			if _, err := r.s.Claim(t.Context(), claim); relay.CodeOf(err) != code || (err == nil) != (code == "") {
				t.Errorf("number %d of rung %d: %v", sequence-rung.Sequence, i, err)
			}
		}
	}
}
