package relaytest

import (
	"slices"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

func fingerprintsStay(b *fixture) {
	first := []desk.Fingerprint{{What: "signer_log", Value: "aa"}, {What: "channel:GA", Value: "GA"}}
	known := func() (known []desk.Fingerprint) {
		b.view(func(tx desk.Tx) (err error) { known, err = tx.Fingerprints(); return err })
		return known
	}
	if len(known()) != 0 {
		b.Error("a new database knows of parts")
	}
	add := func(fs ...desk.Fingerprint) error {
		return b.try(func(tx desk.Tx) error {
			for _, f := range fs {
				if err := tx.AddFingerprint(f, Start); err != nil {
					return err
				}
			}
			return nil
		})
	}
	b.ok(add(first...))
	b.code(add(desk.Fingerprint{What: "channel:GB", Value: "GB"}, desk.Fingerprint{What: "signer_log", Value: "bb"}), relay.Conflict, "fingerprint_taken")
	b.refused("a fingerprint of nothing", add(desk.Fingerprint{Value: "x"}))
	b.refused("a fingerprint without a value", add(desk.Fingerprint{What: "x"}))
	same(b, "fingerprints", known(), first, slices.Equal)
}

func markGrows(b *fixture) {
	mark := func() (m relay.LogMark) {
		b.view(func(tx desk.Tx) (err error) { m, err = tx.LogMark(); return err })
		return m
	}
	save := func(m relay.LogMark) error { return b.try(func(tx desk.Tx) error { return tx.SaveLogMark(m) }) }
	if mark() != (relay.LogMark{}) {
		b.Error("a new database knows of a log")
	}
	ten := relay.LogMark{Lines: 10, Head: "aa"}
	b.ok(save(ten))
	for _, m := range []relay.LogMark{{Lines: 9, Head: "bb"}, {Lines: 10, Head: "bb"}, {}} {
		b.ok(save(m))
		if mark() != ten {
			b.Errorf("%v takes the place of %v", m, ten)
		}
	}
	b.refused("a mark without a head", save(relay.LogMark{Lines: 11}))
	b.ok(save(relay.LogMark{Lines: 11, Head: "cc"}))
	if mark().Lines != 11 {
		b.Error("a longer mark is not kept")
	}
	// An envelope that was written down without a mark is accepted, and keeps what it says.
	b.insert(Payment(b.app.ID, 1))
	old := ClaimOf("c", b.ids(1)[0])
	b.put(old)
	if got := b.envelope("c").Log; got != (relay.LogMark{}) {
		b.Errorf("it has a mark: %v", got)
	}
	b.view(func(tx desk.Tx) error {
		used, err := tx.Used()
		if !used {
			b.Error("a database with an app is not used")
		}
		return err
	})
}
