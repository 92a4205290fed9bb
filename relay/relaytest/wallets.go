package relaytest

import (
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// ownPayment is the n-th payment out of a wallet, in a state.
func (b *fixture) ownPayment(n int, s relay.State) relay.Payment {
	p := InState(Payment(b.app.ID, n), s)
	p.From, p.Sponsor, p.Purse, p.RungFee, p.FundBy, p.FundUntil = "GWALLET", "GWALLET", relay.One, 100, 120, int64(Start/1e6)+600
	return p
}

// comingBack: what a wallet signs may bring its payment back from canceled and failed, to go home, and nothing else does.
func comingBack(b *fixture) {
	n := 0
	for _, s := range []relay.State{relay.Canceled, relay.Failed} {
		try := func(p relay.Payment, change func(*relay.Payment)) error {
			p = b.insert(p)[0]
			p.State, p.EndedAt, p.Reason, p.ReturnAsked = relay.Pending, 0, "", relay.ByCancel
			p.Holding, p.Funding, p.Bound, p.Fundings = "GH"+string(p.ID), "f-"+string(p.ID), 120, 1
			change(&p)
			return b.try(func(tx desk.Tx) error { return tx.SavePayment(&p) })
		}
		next := func() int { n++; return n }
		b.ok(try(b.ownPayment(next(), s), func(*relay.Payment) {}))
		b.refused("a treasury's payment that comes back", try(InState(Payment(b.app.ID, next()), s), func(*relay.Payment) {}))
		b.refused("one that no return brings home", try(b.ownPayment(next(), s), func(p *relay.Payment) { p.ReturnAsked = "" }))
		b.refused("one that goes elsewhere", try(b.ownPayment(next(), s), func(p *relay.Payment) { p.State = relay.Parked; p.Reason = relay.NoWayBack }))
	}
	id := b.ids(1)[0]
	own, other := FundingOf("own", 7, id), FundingOf("other", 8, id)
	own.OwnFee = 600
	own.State, other.State = relay.Dead, relay.Dead
	b.put(own, other)
	for hash, yes := range map[string]bool{"own": true, "other": false} {
		e := b.envelope(hash)
		e.State, e.Tx, e.Ledger = relay.Landed, "t", 110
		if err := b.try(func(tx desk.Tx) error { return tx.SaveEnvelope(&e) }); (err == nil) != yes {
			b.Errorf("%s landed after all: %v", hash, err)
		}
	}
	ended := b.insert(b.ownPayment(n+1, relay.Failed))[0]
	live := FundingOf("live", 9, ended.ID)
	live.OwnFee = 600
	b.put(live)
	es, err := desk.Read(b.Context(), b, func(tx desk.Tx) ([]relay.Envelope, error) { return tx.LiveEnvelopes(relay.FundingEnvelope) })
	if err != nil || len(es) != 1 || es[0].Hash != "live" {
		b.Errorf("live: %v, %v", es, err)
	}
}

// ledgerWakes: what waits for a ledger is found by it, once.
func ledgerWakes(b *fixture) {
	own := b.insert(b.ownPayment(1, relay.Created))[0]
	home := b.insert(InState(Payment(b.app.ID, 2), relay.Returning))[0]
	b.insert(InState(Payment(b.app.ID, 3), relay.Pending))
	planned, signed := FundingOf("planned", 7, own.ID), FundingOf("signed", 8, own.ID)
	planned.State = relay.Planned
	b.put(planned, signed)
	woken := func(seq uint32, closed int64) (out []desk.Work) {
		b.view(func(tx desk.Tx) (err error) {
			out, err = tx.Awaiting(relay.Head{Sequence: seq, CloseTime: closed})
			return err
		})
		return out
	}
	submit, bring := desk.Work{Kind: relay.DoSubmit, Envelope: "planned"}, desk.Work{Kind: relay.DoReturn, Payment: home.ID}
	end := planned.MaxTime
	for _, c := range []struct {
		seq    uint32
		closed int64
		want   []desk.Work
	}{
		{119, end, nil}, {119, end + 1, []desk.Work{submit}}, {120, end, []desk.Work{submit, bring}}, {121, end, []desk.Work{submit}},
	} {
		same(b, "work", woken(c.seq, c.closed), c.want, slices.Equal)
	}
	b.update(func(tx desk.Tx) error { return tx.AddWork(submit) })
	same(b, "work that is open", woken(121, end), nil, slices.Equal)
	e := b.envelope("planned")
	e.State = relay.Dead
	b.update(func(tx desk.Tx) error { return tx.SaveEnvelope(&e) })
	same(b, "work on what is decided", woken(121, end), nil, slices.Equal)
}
