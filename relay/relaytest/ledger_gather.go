package relaytest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"reflect"

	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// options sets an account's signers and thresholds; a weight of -1 leaves the master key's.
func options(of string, master int, threshold uint8, signers ...txnbuild.Signer) (ops []txnbuild.Operation) {
	for i := range signers {
		ops = append(ops, &txnbuild.SetOptions{SourceAccount: LedgerAccount(of), Signer: &signers[i]})
	}
	last := &txnbuild.SetOptions{SourceAccount: LedgerAccount(of), LowThreshold: txnbuild.NewThreshold(txnbuild.Threshold(threshold)),
		MediumThreshold: txnbuild.NewThreshold(txnbuild.Threshold(threshold)), HighThreshold: txnbuild.NewThreshold(txnbuild.Threshold(threshold))}
	if master >= 0 {
		last.MasterWeight = txnbuild.NewThreshold(txnbuild.Threshold(master))
	}
	return append(ops, last)
}

// gathering wants the ledger's own check of signatures: what Gather calls whole lands, whatever else was handed in with it, and
// what it calls short is refused.
func gathering(b *ledgerFixture) {
	a := b.issue("issuer", "USDC")
	h := a.holding(0)
	for _, name := range []string{"plain", "recovered", "vault", "three", "hashed", "agreed"} {
		b.Fund(b.T, LedgerAccount(name))
	}
	by := func(name string, weight uint8) txnbuild.Signer {
		return txnbuild.Signer{Address: LedgerAccount(name), Weight: txnbuild.Threshold(weight)}
	}
	secret := []byte("the preimage of a signer")
	sum := sha256.Sum256(secret)
	x, err := strkey.Encode(strkey.VersionByteHashX, sum[:])
	b.ok(err)
	b.act(options("recovered", 0, 1, by("new phone", 1)), "recovered")
	b.act(options("vault", 10, 20, by("cosigner", 10)), "vault")
	b.act(options("three", 0, 20, by("first", 10), by("second", 10), by("third", 10)), "three")
	b.act(options("hashed", 0, 1, txnbuild.Signer{Address: x, Weight: 1}), "hashed")
	b.landed(b.fundingOf(false, a.many(7)...))

	planned := func(i int, to string) claimRow {
		c := b.claimOf(i, h, stellar.ClaimPlan{Destination: LedgerAccount(to), NewLine: true}, to)
		c.Envelope.XDR = raw(c.signed.Tx.XDR)
		return c
	}
	given := func(c claimRow, names ...string) []byte {
		text, err := stellar.Sign(c.signed.Tx.XDR, b.Passphrase(), ledgerKeys(names...)...)
		b.ok(err)
		return raw(text)
	}
	gather := func(envelope []byte, given ...[]byte) relay.Gathered {
		b.Helper()
		got, err := b.Gather(b.Context(), envelope, given...)
		b.ok(err)
		return got
	}
	whole := func(when string, got relay.Gathered, signatures int) {
		b.Helper()
		var env xdr.TransactionEnvelope
		b.ok(xdr.SafeUnmarshal(got.XDR, &env))
		if len(got.Missing) > 0 || len(env.V1.Signatures) != signatures {
			b.Errorf("%s: %d signatures, missing %+v", when, len(env.V1.Signatures), got.Missing)
			return
		}
		fb, err := stellar.BuildFeeBump(base64.StdEncoding.EncodeToString(got.XDR), b.Passphrase(), LedgerAccount("sponsor"), 200)
		b.ok(err)
		outer, err := stellar.Sign(fb.XDR, b.Passphrase(), ledgerKey("sponsor"))
		b.ok(err)
		b.CloseWith(b.T, outer)
		if s := b.sight(fb.Inner); s == nil || !s.Success {
			b.Errorf("%s: landed %+v", when, s)
		}
	}
	short := func(when string, got relay.Gathered, of string, have, need int, grew bool) {
		b.Helper()
		want := []relay.Shortfall{{Account: LedgerAccount(of), Have: have, Need: need}}
		if !reflect.DeepEqual(got.Missing, want) || got.Grew != grew {
			b.Errorf("%s: %+v, grew %v; want %+v, %v", when, got.Missing, got.Grew, want, grew)
		}
	}

	c := planned(0, "plain")
	short("nothing of the account", gather(c.Envelope.XDR, given(c, "h0", "thief")), "plain", 0, 1, true)
	short("nothing of the holding account", gather(c.Envelope.XDR, given(c, "plain")), "h0", 0, 1, true)
	whole("other signatures beside it", gather(c.Envelope.XDR, given(c, "thief", "h0", "sender", "plain")), 2)

	c = planned(1, "recovered")
	short("by a master key that weighs nothing", gather(c.Envelope.XDR, given(c, "h1", "recovered")), "recovered", 0, 1, true)
	whole("by the key that it was recovered to", gather(c.Envelope.XDR, given(c, "h1", "recovered", "new phone")), 2)

	c = planned(2, "vault")
	part := gather(c.Envelope.XDR, given(c, "h2", "cosigner"))
	short("one of two", part, "vault", 10, 20, true)
	short("the same again", gather(part.XDR, given(c, "h2", "cosigner")), "vault", 10, 20, false)
	whole("one after the other", gather(part.XDR, given(c, "vault")), 3)

	c = planned(3, "three")
	whole("one too many", gather(c.Envelope.XDR, given(c, "h3", "third", "first"), given(c, "second")), 3)

	c = planned(4, "hashed")
	env := xdr.TransactionEnvelope{}
	b.ok(xdr.SafeUnmarshal(given(c, "h4"), &env))
	env.V1.Signatures = append(env.V1.Signatures, xdr.DecoratedSignature{Hint: xdr.SignatureHint(sum[28:]), Signature: secret})
	text, err := xdr.MarshalBase64(env)
	b.ok(err)
	whole("by a preimage", gather(c.Envelope.XDR, raw(text)), 2)

	c = planned(5, "agreed")
	hash, err := hex.DecodeString(c.signed.Tx.Hash)
	b.ok(err)
	agreed, err := strkey.Encode(strkey.VersionByteHashTx, hash)
	b.ok(err)
	b.act(options("agreed", -1, 1, txnbuild.Signer{Address: agreed, Weight: 1}), "agreed")
	whole("agreed before", gather(c.Envelope.XDR, given(c, "h5", "agreed")), 1)

	c = planned(6, "plain")
	if got, err := b.Gather(b.Context(), c.Envelope.XDR, given(planned(6, "vault"), "vault")); relay.KindOf(err) != relay.Invalid {
		b.Errorf("of another transaction: %+v, %v", got, err)
	}
}
