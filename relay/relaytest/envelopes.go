package relaytest

import (
	"errors"
	"reflect"
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

func sameEnvelope(x, y relay.Envelope) bool { return reflect.DeepEqual(x, y) }

func (b *fixture) put(es ...relay.Envelope) {
	b.Helper()
	b.update(func(tx desk.Tx) error {
		for _, e := range es {
			if err := tx.InsertEnvelope(e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *fixture) envelope(hash string) (e relay.Envelope) {
	b.Helper()
	b.view(func(tx desk.Tx) (err error) { e, err = tx.Envelope(hash); return err })
	return e
}

func envelopeKept(b *fixture) {
	b.insert(Payment(b.app.ID, 1), Payment(b.app.ID, 2), Payment(b.app.ID, 3))
	ids := b.ids(3, 1, 2) // not the order of ids: places in an envelope matter
	funding, claim := FundingOf("f", 1<<62, ids...), ClaimOf("c", ids[0])
	b.put(funding, claim)
	for _, want := range []relay.Envelope{funding, claim} {
		want.Version = 1
		same(b, "envelope", b.envelope(want.Hash), want, sameEnvelope)
	}
	b.code(b.try(func(tx desk.Tx) error { return tx.InsertEnvelope(funding) }), relay.Conflict, "envelope_taken")
	b.is(b.View(b.Context(), func(tx desk.Tx) error { _, err := tx.Envelope("none"); return err }), relay.ErrNotFound)
	b.refused("an envelope of a payment that is not there", b.try(func(tx desk.Tx) error {
		return tx.InsertEnvelope(FundingOf("g", 7, "pay_none"))
	}))
	many := []string{"none", "c"}
	for range 1200 {
		many = append(many, "other")
	}
	b.view(func(tx desk.Tx) error {
		known, err := tx.KnownEnvelopes(append(many, "f", "g"))
		slices.Sort(known)
		same(b, "known envelopes", known, []string{"c", "f"}, slices.Equal)
		return err
	})
}

func envelopeSwap(b *fixture) {
	b.insert(Payment(b.app.ID, 1))
	b.put(ClaimOf("c", b.ids(1)[0]))
	e := b.envelope("c")
	stale := e
	e.State, e.XDR = relay.Signed, []byte("with her signature")
	b.update(func(tx desk.Tx) error { return tx.SaveEnvelope(&e) })
	if e.Version != 2 {
		b.Errorf("version is %d, want 2", e.Version)
	}
	same(b, "envelope", b.envelope("c"), e, sameEnvelope)
	stale.State = relay.Dead
	b.is(b.try(func(tx desk.Tx) error { return tx.SaveEnvelope(&stale) }), relay.ErrStale)

	e.State, e.Tx, e.Ledger, e.Fee = relay.Landed, "outer", 131, 300
	b.update(func(tx desk.Tx) error { return tx.SaveEnvelope(&e) })
	same(b, "envelope", b.envelope("c"), e, sameEnvelope)
	for _, s := range []relay.EnvelopeState{relay.Signed, relay.Dead, relay.Spent} {
		after := e
		after.State = s
		b.refused("a life after the end", b.try(func(tx desk.Tx) error { return tx.SaveEnvelope(&after) }))
	}
}

func envelopeFence(b *fixture) {
	b.insert(Payment(b.app.ID, 1), Payment(b.app.ID, 2))
	id := b.ids(1)[0]
	insert := func(e relay.Envelope) error {
		return b.try(func(tx desk.Tx) error { return tx.InsertEnvelope(e) })
	}
	end := func(hash string, s relay.EnvelopeState) {
		e := b.envelope(hash)
		e.State = s
		if s != relay.Dead {
			e.Tx, e.Ledger = "t", 9
		}
		b.update(func(tx desk.Tx) error { return tx.SaveEnvelope(&e) })
	}
	b.ok(insert(FundingOf("f1", 7, id)))
	b.is(insert(FundingOf("f2", 7, id)), relay.ErrSequenceTaken)
	planned := FundingOf("f3", 7, id)
	planned.State = relay.Planned
	b.is(insert(planned), relay.ErrSequenceTaken)

	// Another number, source or network is another seat.
	b.ok(insert(FundingOf("f4", 8, id)))
	source, network := FundingOf("f5", 7, id), FundingOf("f6", 7, id)
	source.Source, network.Network = "GCHANNEL2", "00"
	b.ok(insert(source))
	b.ok(insert(network))

	// The transaction lives on after such an answer.
	b.update(func(tx desk.Tx) error {
		b.is(tx.InsertEnvelope(FundingOf("f2", 8, id)), relay.ErrSequenceTaken)
		return tx.InsertEnvelope(FundingOf("f7", 9, id))
	})

	// An end frees the seat.
	end("f1", relay.Dead)
	b.ok(insert(FundingOf("f8", 7, id)))
	end("f8", relay.Spent)
	b.ok(insert(FundingOf("f9", 7, id)))

	// Rungs and planned claims share numbers: they exclude one another on the ledger.
	b.ok(insert(RungOf("r0", 0, id)))
	b.ok(insert(RungOf("r0 again", 0, id)))
	b.ok(insert(ClaimOf("c0", id)))
	b.ok(insert(ClaimOf("c1", id)))
}

func envelopeLists(b *fixture) {
	b.insert(InState(Payment(b.app.ID, 1), relay.Pending), InState(Payment(b.app.ID, 2), relay.Claimed),
		InState(Payment(b.app.ID, 3), relay.Returned))
	ids := b.ids(1, 2, 3)
	dead := FundingOf("dead", 6, ids...)
	dead.State = relay.Dead
	b.put(FundingOf("z both", 7, ids[1], ids[0]), RungOf("r1", 1, ids[0]), RungOf("r0", 0, ids[0]), ClaimOf("a claim", ids[0]),
		ClaimOf("ended", ids[1]), FundingOf("both ended", 9, ids[1], ids[2]), dead)
	hashes := func(es []relay.Envelope) (out []string) {
		for _, e := range es {
			same(b, "envelope in a list", e, b.envelope(e.Hash), sameEnvelope)
			out = append(out, e.Hash)
		}
		return out
	}
	b.view(func(tx desk.Tx) error {
		es, err := tx.EnvelopesOf(ids[0])
		same(b, "envelopes of a payment", hashes(es), []string{"z both", "r1", "r0", "a claim", "dead"}, slices.Equal)
		none, err2 := tx.EnvelopesOf("pay_none")
		if len(none) != 0 {
			b.Errorf("no payment has envelopes %v", none)
		}
		return errors.Join(err, err2)
	})
	for _, c := range []struct {
		kinds []relay.EnvelopeKind
		want  []string
	}{
		{nil, []string{"z both", "a claim"}},
		{[]relay.EnvelopeKind{relay.ClaimEnvelope, relay.FundingEnvelope}, []string{"z both", "a claim"}},
		{[]relay.EnvelopeKind{relay.ClaimEnvelope}, []string{"a claim"}},
		{[]relay.EnvelopeKind{relay.FundingEnvelope}, []string{"z both"}},
	} {
		es, err := desk.Read(b.Context(), b, func(tx desk.Tx) ([]relay.Envelope, error) { return tx.LiveEnvelopes(c.kinds...) })
		b.ok(err)
		same(b, "live envelopes", hashes(es), c.want, slices.Equal)
	}
}

func envelopeStates(b *fixture) {
	b.insert(Payment(b.app.ID, 1))
	id := b.ids(1)[0]
	for what, e := range map[string]relay.Envelope{
		"unknown kind":                     func() relay.Envelope { e := FundingOf("x", 1, id); e.Kind = "gift"; return e }(),
		"unknown state":                    func() relay.Envelope { e := FundingOf("x", 1, id); e.State = "lost"; return e }(),
		"funding without a bound":          func() relay.Envelope { e := FundingOf("x", 1, id); e.Bound = 0; return e }(),
		"claim without a bound":            func() relay.Envelope { e := ClaimOf("x", id); e.Bound = 0; return e }(),
		"claim to nowhere":                 func() relay.Envelope { e := ClaimOf("x", id); e.Destination = ""; return e }(),
		"empty envelope":                   func() relay.Envelope { e := FundingOf("x", 1, id); e.XDR = nil; return e }(),
		"landed unseen":                    func() relay.Envelope { e := FundingOf("x", 1, id); e.State = relay.Landed; return e }(),
		"signed and in a ledger":           func() relay.Envelope { e := FundingOf("x", 1, id); e.Tx, e.Ledger = "t", 3; return e }(),
		"sequence number without a source": FundingOf("x", 0, id),
	} {
		b.refused(what, b.try(func(tx desk.Tx) error { return tx.InsertEnvelope(e) }))
	}
}
