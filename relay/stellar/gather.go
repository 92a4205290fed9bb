package stellar

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
)

// ErrOtherEnvelope says that signatures were handed in on another transaction.
var ErrOtherEnvelope = errors.New("it is another transaction")

// Gather completes an envelope of ours with signatures out of others of the same transaction. What counts is what counts on
// the ledger (SignatureChecker of stellar-core): the accounts' own signers of every kind and their thresholds. If they are met,
// exactly those signatures stay that the ledger's check consumes, in its order, for it refuses any other (txBAD_AUTH_EXTRA);
// else those that it would, and Missing says whose weight is short. The snapshot holds the accounts of Tx.Signers; one that is
// not there signs by its own key.
func (v View) Gather(s Snapshot, envelope []byte, given ...[]byte) (relay.Gathered, error) {
	text := base64.StdEncoding.EncodeToString(envelope)
	tx, body, err := plain(text, v.Passphrase)
	if err != nil {
		return relay.Gathered{}, err
	}
	env, err := decode(text)
	if err != nil {
		return relay.Gathered{}, err
	}
	have := env.V1.Signatures
	all := have
	for _, raw := range given {
		theirs := base64.StdEncoding.EncodeToString(raw)
		other, err := Decode(theirs, v.Passphrase)
		if err != nil || other.Hash != tx.Hash {
			return relay.Gathered{}, fmt.Errorf("%w: %v", ErrOtherEnvelope, err)
		}
		signed, err := decode(theirs)
		if err != nil {
			return relay.Gathered{}, err
		}
		for _, sig := range signed.V1.Signatures {
			if !holdsSignature(all, sig) {
				all = append(all[:len(all):len(all)], sig)
			}
		}
	}
	hash, err := hashOf(env, v.Passphrase)
	if err != nil {
		return relay.Gathered{}, err
	}
	c := checker{hash: hash, signatures: all, used: make([]bool, len(all))}
	out := relay.Gathered{}
	short := map[string]bool{}
	for _, need := range needs(tx.Source, body) {
		a, err := s.get(need.account)
		if err != nil {
			return relay.Gathered{}, err
		}
		got, want := c.check(need, a)
		if got < want && !short[need.account] {
			short[need.account] = true
			out.Missing = append(out.Missing, relay.Shortfall{Account: need.account, Have: got, Need: want})
		}
	}
	env.V1.Signatures = []xdr.DecoratedSignature{}
	for i, sig := range all {
		if c.used[i] {
			env.V1.Signatures = append(env.V1.Signatures, sig)
			out.Grew = out.Grew || !holdsSignature(have, sig)
		}
	}
	if text, err = encode(env); err != nil {
		return relay.Gathered{}, err
	}
	out.XDR, err = base64.StdEncoding.DecodeString(text)
	return out, err
}

func holdsSignature(list []xdr.DecoratedSignature, sig xdr.DecoratedSignature) bool {
	for _, s := range list {
		if s.Hint == sig.Hint && bytes.Equal(s.Signature, sig.Signature) {
			return true
		}
	}
	return false
}

// need is one check of the ledger's: which threshold of which account.
type need struct {
	account string
	level   int // index of Account.Thresholds: 1 low, 2 medium, 3 high
}

// needs are the ledger's checks in its order: the source of the transaction at its low threshold, then each operation's.
func needs(source string, tx xdr.Transaction) []need {
	list := []need{{source, 1}}
	for _, op := range tx.Operations {
		n := need{source, level(op.Body)}
		if op.SourceAccount != nil {
			n.account = muxedAddress(*op.SourceAccount)
		}
		list = append(list, n)
	}
	return list
}

// level is an operation's threshold. None of ours sets options.
func level(b xdr.OperationBody) int {
	switch b.Type {
	case xdr.OperationTypeAccountMerge:
		return 3
	case xdr.OperationTypeAllowTrust, xdr.OperationTypeSetTrustLineFlags, xdr.OperationTypeBumpSequence, xdr.OperationTypeInflation,
		xdr.OperationTypeClaimClaimableBalance:
		return 1
	}
	return 2
}

// checker is the ledger's check of one transaction's signatures; used are those that some check consumed.
type checker struct {
	hash       [32]byte
	signatures []xdr.DecoratedSignature
	used       []bool
}

// check returns the weight that was found and the one that is wanted.
func (c *checker) check(n need, a *Account) (got, want int) {
	if a == nil {
		a = &Account{ID: n.account, Thresholds: [4]byte{1}}
	}
	signers, want := a.signers(), a.wants(n.level)
	for _, kind := range "TXGP" { // pre-authorised, hash of x, key, key with a payload
		var of []Signer
		for _, s := range signers {
			if s.Key != "" && rune(s.Key[0]) == kind {
				of = append(of, s)
			}
		}
		if got += c.consume(kind, of, want-got); got >= want {
			return got, want
		}
	}
	return got, want
}

// consume goes through the signatures in the envelope's order, each for one signer, until the weight is there.
func (c *checker) consume(kind rune, signers []Signer, want int) (got int) {
	if kind == 'T' {
		for _, s := range signers {
			if c.preauthorised(s.Key) {
				if got += weight(s); got >= want {
					return got
				}
			}
		}
		return got
	}
	for i, sig := range c.signatures {
		for j, s := range signers {
			if !c.fits(kind, s.Key, sig) {
				continue
			}
			c.used[i] = true
			if got += weight(s); got >= want {
				return got
			}
			signers = append(signers[:j:j], signers[j+1:]...)
			break
		}
	}
	return got
}

func weight(s Signer) int { return int(min(s.Weight, 255)) }

func (c *checker) preauthorised(address string) bool {
	var key xdr.SignerKey
	return key.SetAddress(address) == nil && key.PreAuthTx != nil && *key.PreAuthTx == xdr.Uint256(c.hash)
}

// fits says whether a signature is one of the signer's.
func (c *checker) fits(kind rune, address string, sig xdr.DecoratedSignature) bool {
	var key xdr.SignerKey
	if key.SetAddress(address) != nil {
		return false
	}
	switch kind {
	case 'X':
		x := *key.HashX
		return sig.Hint == hintOf(x[:]) && sha256.Sum256(sig.Signature) == [32]byte(x)
	case 'G':
		return sig.Hint == hintOf(key.Ed25519[:]) && verifies(address, c.hash[:], sig.Signature)
	case 'P':
		p := key.Ed25519SignedPayload
		hint := hintOf(p.Ed25519[:])
		tail := [4]byte{}
		copy(tail[:], p.Payload[max(0, len(p.Payload)-4):])
		for i := range hint {
			hint[i] ^= tail[i]
		}
		var own xdr.AccountId
		id := xdr.Uint256(p.Ed25519)
		own = xdr.AccountId{Type: xdr.PublicKeyTypePublicKeyTypeEd25519, Ed25519: &id}
		return sig.Hint == hint && verifies(own.Address(), p.Payload, sig.Signature)
	}
	return false
}

func hintOf(key []byte) (h xdr.SignatureHint) {
	copy(h[:], key[len(key)-4:])
	return h
}

func verifies(address string, message, sig []byte) bool {
	key, err := keypair.ParseAddress(address)
	return err == nil && key.Verify(message, sig) == nil
}

// WithoutSignatures is an envelope as it was before it was signed.
func WithoutSignatures(envelope []byte) ([]byte, error) {
	env, err := decode(base64.StdEncoding.EncodeToString(envelope))
	if err != nil || env.Type != xdr.EnvelopeTypeEnvelopeTypeTx {
		return nil, fmt.Errorf("not a transaction: %v", err)
	}
	env.V1.Signatures = []xdr.DecoratedSignature{}
	return env.MarshalBinary()
}

// CarriesMemo says whether an envelope carries exactly this memo.
func CarriesMemo(envelope []byte, want relay.Memo) bool {
	wanted, err := MemoOf(want)
	if err != nil {
		return false
	}
	got, err := memoOf(envelope)
	return err == nil && got == wanted
}
