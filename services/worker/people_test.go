package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"golang.org/x/crypto/chacha20poly1305"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/field"
	"github.com/restante/restante/crypto/unseal"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar"
)

// seed is the key of the payment's holding account, out of its box.
func (w *fixture) seed(p relay.Payment) *keypair.Full {
	w.Helper()
	var file []byte
	err := w.store.View(w.Context(), func(tx desk.Tx) (err error) { file, err = tx.Box(p.ID); return err })
	if err != nil {
		w.Fatal(err)
	}
	c, err := unseal.Open(file, w.reader, box.Expect{Payment: string(p.ID), Network: passphrase, Account: p.Holding, Asset: p.Asset, Amount: int64(p.Amount)})
	if err != nil {
		w.Fatal(err)
	}
	return keypair.MustParseFull(string(c.Secret.Reveal()))
}

// planned is a claim into a new account, written down, with the claimant's signatures beside it.
func (w *fixture) planned(p relay.Payment, ana *keypair.Full, ledgers uint32) (relay.Envelope, []byte) {
	w.Helper()
	sequence, err := w.port.Sequence(w.Context(), p.Holding)
	if err != nil {
		w.Fatal(err)
	}
	return w.plannedAt(p, ana, ledgers, sequence+1)
}

func (w *fixture) plannedAt(p relay.Payment, ana *keypair.Full, ledgers uint32, sequence int64) (relay.Envelope, []byte) {
	w.Helper()
	head := w.head()
	_, err := w.port.Sequence(w.Context(), ana.Address())
	in := relay.ClaimIntent{Payment: p.ID, Holding: p.Holding, Destination: ana.Address(),
		NewAccount: errors.Is(err, relay.ErrNotFound), Sequence: sequence, SignedAt: head.Sequence,
		Bound: head.Sequence + ledgers, MaxTime: head.CloseTime + 600}
	plan := w.signer.Claim
	if p.FromWallet() {
		plan = w.ownClaim(p)
	}
	e, err := plan(w.Context(), in)
	if err != nil {
		w.Fatal(err)
	}
	proof := relay.Pass{Hash: "proof for " + e.Hash, Payment: p.ID, Kind: relay.ProofPass, ExpiresAt: relay.At(w.desk.Now()) + relay.PassLife}
	err = w.desk.Store.UpdateMany(w.Context(), nil, func(tx desk.Tx, _ []relay.Payment) error { return tx.InsertPass(proof) })
	if err != nil {
		w.Fatal(err)
	}
	if err := w.desk.Plan(w.Context(), e, head, proof.Hash); err != nil {
		w.Fatal(err)
	}
	keys := []*keypair.Full{w.seed(p)}
	if e.NewAccount && (!p.FromWallet() || !p.IsNative()) {
		keys = append(keys, ana)
	}
	return e, raw(w.T, sign(w.T, text(e.XDR), keys...))
}

// ownClaim plans a claim that the purse pays for, as the interface does.
func (w *fixture) ownClaim(p relay.Payment) func(context.Context, relay.ClaimIntent) (relay.Envelope, error) {
	return func(_ context.Context, in relay.ClaimIntent) (relay.Envelope, error) {
		keeper := p.Sponsor
		if in.NewAccount {
			keeper = ""
		}
		tx, err := stellar.BuildClaim(stellar.ClaimPlan{
			Keeper: keeper, Passphrase: passphrase, Holding: p.Holding, Destination: in.Destination, Asset: p.Asset, Amount: p.Amount,
			NewAccount: in.NewAccount, Sequence: in.Sequence, MaxTime: in.MaxTime, LastLedger: in.Bound, Fee: 2000,
		})
		if err != nil {
			return relay.Envelope{}, err
		}
		return relay.Envelope{
			Hash: tx.Hash, Kind: relay.ClaimEnvelope, State: relay.Planned, Network: w.desk.Network, Source: p.Holding, Sequence: in.Sequence,
			SignedAt: in.SignedAt, Bound: in.Bound, MaxTime: in.MaxTime, XDR: raw(w.T, tx.XDR), Payments: []relay.PaymentID{p.ID},
			Destination: in.Destination, NewAccount: in.NewAccount, Asset: p.Asset, Amount: p.Amount, OwnFee: 2000,
		}, nil
	}
}

// claim plans, signs and submits a claim that may land within so many ledgers.
func (w *fixture) claim(p relay.Payment, ana *keypair.Full, ledgers uint32) relay.Envelope {
	w.Helper()
	e, complete := w.planned(p, ana, ledgers)
	return w.submit(p, e, complete)
}

// claimAt is a claim with a number of its own.
func (w *fixture) claimAt(p relay.Payment, ana *keypair.Full, ledgers uint32, sequence int64) relay.Envelope {
	w.Helper()
	e, complete := w.plannedAt(p, ana, ledgers, sequence)
	return w.submit(p, e, complete)
}

func (w *fixture) submit(p relay.Payment, e relay.Envelope, complete []byte) relay.Envelope {
	w.Helper()
	if _, err := w.desk.SubmitClaim(w.Context(), p.ID, e.Hash, complete, w.head()); err != nil {
		w.Fatal(err)
	}
	return e
}

// bumped is an envelope of ours in a fee bump that another account pays: it needs no service to hand it in.
func (w *fixture) bumped(envelope []byte) string {
	w.Helper()
	b, err := stellar.BuildFeeBump(text(envelope), passphrase, w.payer.Address(), 1000)
	if err != nil {
		w.Fatal(err)
	}
	return sign(w.T, b.XDR, w.payer)
}

// own is a transaction that the holder of a key makes without us. Another account pays its fee, so that amounts stay round.
func (w *fixture) own(source *keypair.Full, also []*keypair.Full, ops ...txnbuild.Operation) string {
	w.Helper()
	sequence, err := w.port.Sequence(w.Context(), source.Address())
	if err != nil {
		w.Fatal(err)
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: source.Address(), Sequence: sequence}, IncrementSequenceNum: true,
		Operations: ops, BaseFee: 100, Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	})
	if err != nil {
		w.Fatal(err)
	}
	if tx, err = tx.Sign(passphrase, append([]*keypair.Full{source}, also...)...); err != nil {
		w.Fatal(err)
	}
	bump, err := txnbuild.NewFeeBumpTransaction(txnbuild.FeeBumpTransactionParams{Inner: tx, FeeAccount: w.payer.Address(), BaseFee: 200})
	if err != nil {
		w.Fatal(err)
	}
	if bump, err = bump.Sign(passphrase, w.payer); err != nil {
		w.Fatal(err)
	}
	text, err := bump.Base64()
	if err != nil {
		w.Fatal(err)
	}
	return text
}

// does closes a ledger with exactly this transaction in it, and wants it to have gone through.
func (w *fixture) does(envelope string) {
	w.Helper()
	w.includes(envelope, "SUCCESS")
}

func (w *fixture) includes(envelope, want string) {
	w.Helper()
	_, outer, err := stellar.Hashes(envelope, passphrase)
	if err != nil {
		w.Fatal(err)
	}
	if _, err := w.net.CloseWith(envelope); err != nil {
		w.Fatal(err)
	}
	if status, _, err := w.bare.Lookup(w.Context(), outer); err != nil || status != want {
		w.Fatalf("the transaction is %s, not %s: %v", status, want, err)
	}
}

// treasuryKey opens the sealed key of an app's treasury, as its operator can who has the key-encryption key.
func (w *fixture) treasuryKey(app relay.App) *keypair.Full {
	w.Helper()
	kek, err := field.LoadRoot(filepath.Join(w.dir, "signer", "kek"))
	if err != nil {
		w.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(w.dir, "signer", "keys", app.Treasury+".json"))
	if err != nil {
		w.Fatal(err)
	}
	var f struct {
		V             int
		Role, Account string
		DEK, Seed     []byte
	}
	if err := json.Unmarshal(file, &f); err != nil {
		w.Fatal(err)
	}
	open := func(what string, key, sealed []byte) []byte {
		aead, err := chacha20poly1305.NewX(key)
		if err != nil {
			w.Fatal(err)
		}
		plain, err := aead.Open(nil, sealed[:24], sealed[24:], fmt.Appendf(nil, "restante/v%d/signer/%s\x00%s\x00%s", f.V, what, f.Role, f.Account))
		if err != nil {
			w.Fatal(err)
		}
		return plain
	}
	seed := open("seed", open("dek", kek.Reveal(), f.DEK), f.Seed)
	key, err := keypair.FromRawSeed([32]byte(seed))
	if err != nil {
		w.Fatal(err)
	}
	return key
}
