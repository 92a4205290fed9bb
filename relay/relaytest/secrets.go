package relaytest

import (
	"bytes"
	"errors"
	"reflect"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

func (b *fixture) hasSecrets(id relay.PaymentID, box, share string) {
	b.Helper()
	b.view(func(tx desk.Tx) error {
		for what, c := range map[string]struct {
			read func(relay.PaymentID) ([]byte, error)
			want string
		}{"box": {tx.Box, box}, "share": {tx.Share, share}} {
			got, err := c.read(id)
			if c.want == "" {
				b.is(err, relay.ErrNotFound)
				continue
			}
			b.ok(err)
			same(b, what, got, []byte(c.want), bytes.Equal)
		}
		return nil
	})
}

func secretsKept(b *fixture) {
	b.insert(Payment(b.app.ID, 1), Payment(b.app.ID, 2))
	id, other := b.ids(1)[0], b.ids(2)[0]
	b.hasSecrets(id, "", "")
	put := func(id relay.PaymentID, box, share string) {
		b.update(func(tx desk.Tx) error {
			if err := tx.PutBox(id, []byte(box)); err != nil {
				return err
			}
			return tx.PutShare(id, []byte(share))
		})
	}
	put(id, "box\x00", "share\xff")
	put(other, "other box", "other share")
	b.hasSecrets(id, "box\x00", "share\xff")
	put(id, "new box", "new share")
	b.hasSecrets(id, "new box", "new share")
	b.refused("an empty share", b.try(func(tx desk.Tx) error { return tx.PutShare(id, nil) }))
	b.refused("an empty box", b.try(func(tx desk.Tx) error { return tx.PutBox(id, nil) }))
	b.update(func(tx desk.Tx) error { return tx.DropBox(other) })
	b.update(func(tx desk.Tx) error { return tx.DropBox(other) }) // again is not an error
	b.hasSecrets(other, "", "other share")
	put(other, "other box", "other share")
	b.refused("a box of no payment", b.try(func(tx desk.Tx) error { return tx.PutBox("pay_none", []byte("x")) }))

	book := relay.CodeBook{Payment: id, Sent: 2, NextAt: Start, Tries: 3}
	b.update(func(tx desk.Tx) error {
		for _, owner := range []relay.PaymentID{id, other} {
			if err := tx.InsertCode(relay.Code{Session: "s" + string(owner), Payment: owner, MAC: []byte("m")}); err != nil {
				return err
			}
			if err := tx.InsertPass(relay.Pass{Hash: "p" + string(owner), Payment: owner, Kind: relay.ProofPass}); err != nil {
				return err
			}
		}
		return tx.SaveCodeBook(book)
	})
	for range 2 { // again is not an error
		b.update(func(tx desk.Tx) error { return tx.Expunge(id) })
		b.hasSecrets(id, "", "")
		b.hasSecrets(other, "other box", "other share")
		b.view(func(tx desk.Tx) error {
			_, err := tx.Code("s" + string(id))
			b.is(err, relay.ErrNotFound)
			_, err = tx.Pass("p" + string(id))
			b.is(err, relay.ErrNotFound)
			_, err = tx.Code("s" + string(other))
			b.ok(err)
			_, err = tx.Pass("p" + string(other))
			b.ok(err)
			kept, err := tx.CodeBook(id)
			same(b, "code book", kept, book, func(x, y relay.CodeBook) bool { return x == y })
			return err
		})
	}
}

func codesAndPasses(b *fixture) {
	id := b.insert(Payment(b.app.ID, 1))[0].ID
	code := relay.Code{Session: "s1", Payment: id, MAC: []byte{0, 1, 255}, Sealed: []byte("123456"), IssuedAt: Start}
	pass := relay.Pass{Hash: "p1", Payment: id, Kind: relay.VoucherPass, ExpiresAt: Start + relay.PassLife}
	kept := func() {
		b.Helper()
		b.view(func(tx desk.Tx) error {
			c, err := tx.Code("s1")
			b.ok(err)
			same(b, "code", c, code, func(x, y relay.Code) bool { return reflect.DeepEqual(x, y) })
			p, err := tx.Pass("p1")
			same(b, "pass", p, pass, func(x, y relay.Pass) bool { return x == y })
			return err
		})
	}
	b.view(func(tx desk.Tx) error {
		_, err := tx.Code("s1")
		b.is(err, relay.ErrNotFound)
		_, err = tx.Pass("p1")
		b.is(err, relay.ErrNotFound)
		book, err := tx.CodeBook(id)
		same(b, "code book of none", book, relay.CodeBook{}, func(x, y relay.CodeBook) bool { return x == y })
		return err
	})
	b.update(func(tx desk.Tx) error {
		if err := tx.InsertCode(code); err != nil {
			return err
		}
		return tx.InsertPass(pass)
	})
	kept()
	b.code(b.try(func(tx desk.Tx) error { return tx.InsertCode(code) }), relay.Conflict, "id_taken")
	b.code(b.try(func(tx desk.Tx) error { return tx.InsertPass(pass) }), relay.Conflict, "id_taken")

	code.Sealed, code.Tries, code.UsedAt, code.Claimant = nil, 3, Start+1, "hers"
	pass.UsedAt, pass.Claimant, pass.Tries = Start+2, "hers", 2
	b.update(func(tx desk.Tx) error {
		if err := tx.SaveCode(code); err != nil {
			return err
		}
		return tx.SavePass(pass)
	})
	kept()

	fewer, anew, unused, twice := code, code, pass, pass
	fewer.Tries, anew.UsedAt, unused.UsedAt, twice.UsedAt = 2, 0, 0, Start+3
	b.refused("a try forgotten", b.try(func(tx desk.Tx) error { return tx.SaveCode(fewer) }))
	b.refused("a used code as new", b.try(func(tx desk.Tx) error { return tx.SaveCode(anew) }))
	b.refused("a used voucher as new", b.try(func(tx desk.Tx) error { return tx.SavePass(unused) }))
	b.refused("a voucher used twice", b.try(func(tx desk.Tx) error { return tx.SavePass(twice) }))
	for what, change := range map[string]func(c *relay.Code, p *relay.Pass){
		"a code of another claimant":  func(c *relay.Code, _ *relay.Pass) { c.Claimant = "a thief's" },
		"a code of no claimant":       func(c *relay.Code, _ *relay.Pass) { c.Claimant = "" },
		"a voucher's proof forgotten": func(_ *relay.Code, p *relay.Pass) { p.Tries = 1 },
		"a voucher of another one":    func(_ *relay.Code, p *relay.Pass) { p.Claimant = "a thief's" },
		"a voucher of no claimant":    func(_ *relay.Code, p *relay.Pass) { p.Claimant = "" },
	} {
		c, p := code, pass
		change(&c, &p)
		b.refused(what, b.try(func(tx desk.Tx) error { return errors.Join(tx.SaveCode(c), tx.SavePass(p)) }))
	}
	pass.Tries = 3
	b.update(func(tx desk.Tx) error { return tx.SavePass(pass) })
	kept()
	proof := relay.Pass{Hash: "of s1", Payment: id, Kind: relay.ProofPass, ExpiresAt: Start, Credential: "s1"}
	b.update(func(tx desk.Tx) error { return tx.InsertPass(proof) })
	b.view(func(tx desk.Tx) error {
		p, err := tx.Pass("of s1")
		same(b, "a proof", p, proof, func(x, y relay.Pass) bool { return x == y })
		return err
	})

	b.update(func(tx desk.Tx) error { return tx.SaveCodeBook(relay.CodeBook{Payment: id, Sent: 1, Tries: 4}) })
	b.refused("tries forgotten", b.try(func(tx desk.Tx) error {
		return tx.SaveCodeBook(relay.CodeBook{Payment: id, Sent: 2, Tries: 3})
	}))
	b.update(func(tx desk.Tx) error {
		return tx.SaveCodeBook(relay.CodeBook{Payment: id, Sent: 2, NextAt: 9, Tries: 5})
	})

	code.Session, pass.Hash = "none", "none"
	b.is(b.try(func(tx desk.Tx) error { return tx.SaveCode(code) }), relay.ErrNotFound)
	b.is(b.try(func(tx desk.Tx) error { return tx.SavePass(pass) }), relay.ErrNotFound)
}

func credentialsDropped(b *fixture) {
	b.insert(Payment(b.app.ID, 1), Payment(b.app.ID, 2))
	id, other := b.ids(1)[0], b.ids(2)[0]
	book := relay.CodeBook{Payment: id, Sent: 2, NextAt: Start, Tries: 3}
	b.update(func(tx desk.Tx) error {
		for _, owner := range []relay.PaymentID{id, other} {
			err := errors.Join(
				tx.PutBox(owner, []byte("box")), tx.PutShare(owner, []byte("share")),
				tx.InsertCode(relay.Code{Session: "s" + string(owner), Payment: owner, MAC: []byte("m"), Sealed: []byte("x")}),
				tx.InsertPass(relay.Pass{Hash: "v" + string(owner), Payment: owner, Kind: relay.VoucherPass}),
				tx.InsertPass(relay.Pass{Hash: "p" + string(owner), Payment: owner, Kind: relay.ProofPass}),
			)
			if err != nil {
				return err
			}
		}
		return tx.SaveCodeBook(book)
	})
	for range 2 { // again is not an error
		b.update(func(tx desk.Tx) error { return tx.DropCredentials(id) })
		b.hasSecrets(id, "box", "share")
		b.hasSecrets(other, "box", "share")
		b.view(func(tx desk.Tx) error {
			_, err := tx.Code("s" + string(id))
			b.is(err, relay.ErrNotFound)
			for _, hash := range []string{"v", "p"} {
				_, err = tx.Pass(hash + string(id))
				b.is(err, relay.ErrNotFound)
				_, err = tx.Pass(hash + string(other))
				b.ok(err)
			}
			_, err = tx.Code("s" + string(other))
			b.ok(err)
			kept, err := tx.CodeBook(id)
			same(b, "code book", kept, book, func(x, y relay.CodeBook) bool { return x == y })
			return err
		})
	}
}
