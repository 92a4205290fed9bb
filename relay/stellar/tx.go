package stellar

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// Limits of the network that its libraries do not enforce when they encode.
const (
	MaxSignatures = 20  // per envelope; a decoder refuses more
	MaxOperations = 100 // per transaction

	// maxEnvelope bounds the base64 text that is decoded at all, in bytes. A full batch is below 20 kB.
	maxEnvelope = 256 << 10
)

// Bounds say in which ledgers a transaction is valid. Times are unix seconds of the ledger's close time, both ends
// included; MinLedger is included, MaxLedger is not (CAP-21). A maximum of 0 is no bound.
type Bounds struct {
	MinTime, MaxTime     int64
	MinLedger, MaxLedger uint32
}

// Ends reports whether there is a ledger or a time after which the transaction cannot land.
func (b Bounds) Ends() bool { return b.MaxTime > 0 || b.MaxLedger > 0 }

// Past reports whether no ledger after the given one can hold the transaction. It waits for a ledger beyond the
// bound, not for the last one within: one ledger more than needed, and no reasoning about what closes next.
func (b Bounds) Past(ledger uint32, closeTime int64) bool {
	return b.MaxLedger > 0 && ledger >= b.MaxLedger || b.MaxTime > 0 && closeTime > b.MaxTime
}

// Tx is a transaction (never a fee bump around one) and what of it decides whether it can land.
type Tx struct {
	XDR       string // envelope, base64, with the signatures it has so far
	Hash      string // inner hash: the same under every fee bump, and with any signatures
	Source    string // account whose sequence number it uses
	Sequence  int64  // the number it carries: one more than the account's, unless MinSeqNum says otherwise
	MinSeqNum *int64 // if set, valid while MinSeqNum <= the account's number < Sequence (CAP-21)
	Bounds    Bounds
	Ops       int      // operations
	Signers   []string // accounts that must sign, by their master keys or otherwise, in order of appearance
}

// Decode reads an envelope as strictly as Check… does, whatever its shape. Fee bumps, V0 envelopes, text that is not
// the canonical encoding and more than 20 signatures are errors.
func Decode(envelopeXDR, passphrase string) (Tx, error) {
	env, err := decode(envelopeXDR)
	if err != nil {
		return Tx{}, err
	}
	if env.Type != xdr.EnvelopeTypeEnvelopeTypeTx {
		return Tx{}, fmt.Errorf("envelope is of type %d, not a transaction", env.Type)
	}
	return describe(env, envelopeXDR, passphrase)
}

func describe(env xdr.TransactionEnvelope, text, passphrase string) (Tx, error) {
	hash, err := network.HashTransactionInEnvelope(env, passphrase)
	if err != nil {
		return Tx{}, fmt.Errorf("hash transaction: %v", err)
	}
	tx := env.V1.Tx
	out := Tx{
		XDR: text, Hash: hex.EncodeToString(hash[:]), Source: muxedAddress(tx.SourceAccount),
		Sequence: int64(tx.SeqNum), MinSeqNum: env.MinSeqNum(), Ops: len(tx.Operations),
	}
	if t := env.TimeBounds(); t != nil {
		// The wire has 64 unsigned bits; beyond the signed ones no ledger will ever close.
		if t.MinTime > 1<<62 || t.MaxTime > 1<<62 {
			return Tx{}, errors.New("time bounds beyond any ledger")
		}
		out.Bounds.MinTime, out.Bounds.MaxTime = int64(t.MinTime), int64(t.MaxTime)
	}
	if l := env.LedgerBounds(); l != nil {
		out.Bounds.MinLedger, out.Bounds.MaxLedger = uint32(l.MinLedger), uint32(l.MaxLedger)
	}
	out.Signers = signers(tx)
	return out, nil
}

// signers lists the source of the transaction and of every operation, once each.
func signers(tx xdr.Transaction) []string {
	list := []string{muxedAddress(tx.SourceAccount)}
	seen := map[string]bool{list[0]: true}
	for _, op := range tx.Operations {
		if op.SourceAccount == nil {
			continue
		}
		if a := muxedAddress(*op.SourceAccount); !seen[a] {
			seen[a] = true
			list = append(list, a)
		}
	}
	return list
}

// decode reads an envelope of any kind and refuses what does not encode back to the same text, so that one
// transaction has one text and a comparison of texts is a comparison of transactions.
func decode(text string) (xdr.TransactionEnvelope, error) {
	var env xdr.TransactionEnvelope
	if len(text) > maxEnvelope {
		return env, fmt.Errorf("envelope of %d bytes is larger than any of ours", len(text))
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return env, errors.New("envelope is not base64")
	}
	if err := xdr.SafeUnmarshal(raw, &env); err != nil {
		return env, fmt.Errorf("envelope is not XDR: %v", err)
	}
	again, err := encode(env)
	if err != nil {
		return env, err
	}
	if again != text {
		return env, errors.New("envelope is not in its canonical encoding")
	}
	if n := len(env.Signatures()); n > MaxSignatures {
		return env, fmt.Errorf("envelope has %d signatures, the network takes %d", n, MaxSignatures)
	}
	return env, nil
}

func encode(env xdr.TransactionEnvelope) (string, error) {
	text, err := xdr.MarshalBase64(env)
	if err != nil {
		return "", fmt.Errorf("encode envelope: %v", err)
	}
	return text, nil
}

// Hashes returns the hash of the transaction, whatever fee bump carries it, and that of the envelope. They differ only for a fee bump.
func Hashes(envelopeXDR, passphrase string) (inner, outer string, err error) {
	env, err := decode(envelopeXDR)
	if err != nil {
		return "", "", err
	}
	return hashes(env, passphrase)
}

func hashes(env xdr.TransactionEnvelope, passphrase string) (inner, outer string, err error) {
	h, err := network.HashTransactionInEnvelope(env, passphrase)
	if err != nil {
		return "", "", fmt.Errorf("hash envelope: %v", err)
	}
	outer = hex.EncodeToString(h[:])
	if env.Type != xdr.EnvelopeTypeEnvelopeTypeTxFeeBump {
		return outer, outer, nil
	}
	h, err = network.HashTransaction(env.FeeBump.Tx.InnerTx.V1.Tx, passphrase)
	if err != nil {
		return "", "", fmt.Errorf("hash inner transaction: %v", err)
	}
	return hex.EncodeToString(h[:]), outer, nil
}

// muxedAddress is the account behind a possibly multiplexed address: the one that signs and that holds the money.
func muxedAddress(m xdr.MuxedAccount) string {
	id := m.ToAccountId()
	return id.Address()
}

// muxedOf reads an account's plain address or a multiplexed one.
func muxedOf(role, address string) (xdr.MuxedAccount, error) {
	var m xdr.MuxedAccount
	if !strkey.IsValidEd25519PublicKey(address) && !strkey.IsValidMuxedAccountEd25519PublicKey(address) {
		return m, fmt.Errorf("%s %q is not an account address", role, address)
	}
	if err := m.SetAddress(address); err != nil {
		return m, fmt.Errorf("%s %q is not an account address", role, address)
	}
	return m, nil
}

// BaseAccount is the account behind an address: of a multiplexed one (M…, SEP-23) the account that it belongs to, of a plain
// one itself.
func BaseAccount(address string) (string, error) {
	m, err := muxedOf("account", address)
	if err != nil {
		return "", err
	}
	return muxedAddress(m), nil
}

// base is BaseAccount of an address that was checked.
func base(address string) string {
	if b, err := BaseAccount(address); err == nil {
		return b
	}
	return address
}

func accountID(role, address string) (xdr.AccountId, error) {
	var id xdr.AccountId
	if !strkey.IsValidEd25519PublicKey(address) {
		return id, fmt.Errorf("%s %q is not an account address", role, address)
	}
	if err := id.SetAddress(address); err != nil {
		return id, fmt.Errorf("%s %q is not an account address", role, address)
	}
	return id, nil
}
