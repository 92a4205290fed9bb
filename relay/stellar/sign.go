package stellar

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// Signature is one made elsewhere over the hash of an envelope.
type Signature struct {
	Account string // G… address of the key that signed
	Bytes   []byte // 64 bytes, Ed25519
}

// opened is an envelope and the hash that its top signatures are over.
func opened(envelopeXDR, passphrase string) (env xdr.TransactionEnvelope, hash [32]byte, err error) {
	if env, err = decode(envelopeXDR); err == nil {
		hash, err = hashOf(env, passphrase)
	}
	return env, hash, err
}

// Sign adds signatures to an envelope, a transaction's over its inner hash, a fee bump's over its outer one, and
// returns the new text. The keys are used and not kept. More than 20 signatures, or the same one twice, is an error.
func Sign(envelopeXDR, passphrase string, keys ...*keypair.Full) (string, error) {
	env, hash, err := opened(envelopeXDR, passphrase)
	if err != nil {
		return "", err
	}
	sigs := make([]xdr.DecoratedSignature, 0, len(keys))
	for _, k := range keys {
		s, err := k.SignDecorated(hash[:])
		if err != nil {
			return "", fmt.Errorf("sign as %s: %v", k.Address(), err)
		}
		sigs = append(sigs, s)
	}
	return attach(env, sigs)
}

// AttachSignatures adds signatures that were made elsewhere. Each is verified first: one bad signature would spoil
// the envelope for good, since the network refuses any that it did not need.
func AttachSignatures(envelopeXDR, passphrase string, sigs ...Signature) (string, error) {
	env, hash, err := opened(envelopeXDR, passphrase)
	if err != nil {
		return "", err
	}
	out := make([]xdr.DecoratedSignature, 0, len(sigs))
	for _, s := range sigs {
		key, err := keypair.ParseAddress(s.Account)
		if err != nil {
			return "", fmt.Errorf("signature of %q: not an account address", s.Account)
		}
		if key.Verify(hash[:], s.Bytes) != nil {
			return "", fmt.Errorf("signature of %s does not fit transaction %s", s.Account, hex.EncodeToString(hash[:]))
		}
		out = append(out, xdr.DecoratedSignature{Hint: key.Hint(), Signature: s.Bytes})
	}
	return attach(env, out)
}

// SignedBy lists those of the given accounts whose own key has signed the envelope.
func SignedBy(envelopeXDR, passphrase string, accounts ...string) ([]string, error) {
	env, hash, err := opened(envelopeXDR, passphrase)
	if err != nil {
		return nil, err
	}
	var signed []string
	for _, a := range accounts {
		key, err := keypair.ParseAddress(a)
		if err != nil {
			return nil, fmt.Errorf("%q is not an account address", a)
		}
		for _, s := range topSignatures(env) {
			if s.Hint == xdr.SignatureHint(key.Hint()) && key.Verify(hash[:], s.Signature) == nil {
				signed = append(signed, a)
				break
			}
		}
	}
	return signed, nil
}

// topSignatures are those over hashOf: for a fee bump the outer ones.
func topSignatures(env xdr.TransactionEnvelope) []xdr.DecoratedSignature {
	if env.IsFeeBump() {
		return env.FeeBumpSignatures()
	}
	return env.Signatures()
}

func attach(env xdr.TransactionEnvelope, sigs []xdr.DecoratedSignature) (string, error) {
	all := topSignatures(env)
	for _, s := range sigs {
		for _, old := range all {
			if old.Hint == s.Hint && bytes.Equal(old.Signature, s.Signature) {
				return "", errors.New("the same signature twice in one envelope")
			}
		}
		all = append(all, s)
	}
	if len(all) > MaxSignatures {
		return "", fmt.Errorf("%d signatures in one envelope, the network takes %d", len(all), MaxSignatures)
	}
	switch env.Type {
	case xdr.EnvelopeTypeEnvelopeTypeTx:
		env.V1.Signatures = all
	case xdr.EnvelopeTypeEnvelopeTypeTxFeeBump:
		env.FeeBump.Signatures = all
	default:
		return "", fmt.Errorf("envelope of type %d is never signed", env.Type)
	}
	return encode(env)
}
