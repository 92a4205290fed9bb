package engine

import (
	"crypto/ed25519"
	"crypto/sha256"
	"sync"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// signatures keeps which of an envelope's signatures some check has used: those that none used make it txBAD_AUTH_EXTRA.
type signatures struct {
	hash [32]byte
	list []xdr.DecoratedSignature
	used []bool
	seen *verifications
}

// verifications remembers the outcome of each costly verification of one transaction. The same key is asked again for every
// operation, and again when what was judged at submission is applied. Hash and signatures of a transaction never change, so an
// outcome is good for ever.
type verifications struct {
	mu   sync.Mutex
	list []verification
}

type verification struct {
	at  int
	key [32]byte
	ok  bool
}

// ask verifies signature number at, unless that was done before.
func (v *verifications) ask(at int, key [32]byte, message, sig []byte) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range v.list {
		if known := &v.list[i]; known.at == at && known.key == key {
			return known.ok
		}
	}
	ok := verify(key, message, sig)
	v.list = append(v.list, verification{at, key, ok})
	return ok
}

// signatures begins a new round of checks over what t carries.
func (t *Tx) signatures() *signatures {
	return &signatures{hash: t.hash, list: t.signed, used: make([]bool, len(t.signed)), seen: &t.verified}
}

func (s *signatures) allUsed() bool {
	for _, u := range s.used {
		if !u {
			return false
		}
	}
	return true
}

// satisfy asks whether the signatures reach needed weight among the signers: pre-authorised hashes first, then
// preimages, keys, payloads, and it stops as soon as the weight is reached, which leaves later signatures unused.
// A needed weight of 0 still asks for one good signature.
func (s *signatures) satisfy(signers []xdr.Signer, needed int) bool {
	total := 0
	for _, sg := range signers {
		if sg.Key.PreAuthTx != nil && *sg.Key.PreAuthTx == s.hash {
			if total += weight(sg); total >= needed {
				return true
			}
		}
	}
	for _, kind := range [...]xdr.SignerKeyType{xdr.SignerKeyTypeSignerKeyTypeHashX, xdr.SignerKeyTypeSignerKeyTypeEd25519,
		xdr.SignerKeyTypeSignerKeyTypeEd25519SignedPayload} {
		if s.satisfyKind(signers, kind, needed, &total) {
			return true
		}
	}
	return false
}

func (s *signatures) satisfyKind(signers []xdr.Signer, kind xdr.SignerKeyType, needed int, total *int) bool {
	var left []xdr.Signer
	for _, sg := range signers {
		if sg.Key.Type == kind {
			left = append(left, sg)
		}
	}
	for i := range s.list {
		for j, sg := range left {
			if !s.matches(i, sg.Key) {
				continue
			}
			s.used[i] = true
			if *total += weight(sg); *total >= needed {
				return true
			}
			left = append(left[:j:j], left[j+1:]...)
			break
		}
	}
	return false
}

func weight(s xdr.Signer) int { return int(min(s.Weight, 255)) }

func (s *signatures) matches(at int, key xdr.SignerKey) bool {
	sig := s.list[at]
	switch key.Type {
	case xdr.SignerKeyTypeSignerKeyTypeHashX:
		return hintOf(key.HashX[:]) == sig.Hint && sha256.Sum256(sig.Signature) == *key.HashX
	case xdr.SignerKeyTypeSignerKeyTypeEd25519:
		return hintOf(key.Ed25519[:]) == sig.Hint && s.seen.ask(at, *key.Ed25519, s.hash[:], sig.Signature)
	case xdr.SignerKeyTypeSignerKeyTypeEd25519SignedPayload:
		p := key.Ed25519SignedPayload
		hint, mask := hintOf(p.Ed25519[:]), hintOf(p.Payload)
		for i := range hint {
			hint[i] ^= mask[i]
		}
		return hint == sig.Hint && verify(p.Ed25519, p.Payload, sig.Signature)
	}
	return false
}

func verify(key [32]byte, message, sig []byte) bool {
	return len(sig) == ed25519.SignatureSize && ed25519.Verify(key[:], message, sig)
}

// hintOf is the last four bytes, or all of them from the left when there are fewer.
func hintOf(b []byte) (h xdr.SignatureHint) {
	copy(h[:], b[max(0, len(b)-4):])
	return h
}

func keySigner(id ID, weight uint32) xdr.Signer {
	key := xdr.Uint256(id)
	return xdr.Signer{Key: xdr.SignerKey{Type: xdr.SignerKeyTypeSignerKeyTypeEd25519, Ed25519: &key}, Weight: xdr.Uint32(weight)}
}

// level is which of an account's thresholds an operation asks for.
type level int

const (
	low level = iota + 1 // the place in AccountEntry.Thresholds
	medium
	high
)

// satisfyAccount asks for an account's threshold; a master key of weight 0 does not count.
func (s *signatures) satisfyAccount(a *xdr.AccountEntry, at level) bool {
	signers := make([]xdr.Signer, 0, len(a.Signers)+1)
	if w := a.Thresholds[0]; w != 0 {
		signers = append(signers, keySigner(IDOf(a.AccountId), uint32(w)))
	}
	return s.satisfy(append(signers, a.Signers...), int(a.Thresholds[at]))
}

// satisfyMissing asks for the key of an account that does not exist (yet).
func (s *signatures) satisfyMissing(id ID) bool { return s.satisfy([]xdr.Signer{keySigner(id, 1)}, 0) }

func (s *signatures) satisfyExtra(keys []xdr.SignerKey) bool {
	if len(keys) == 0 {
		return true
	}
	signers := make([]xdr.Signer, len(keys))
	for i, k := range keys {
		signers[i] = xdr.Signer{Key: k, Weight: 1}
	}
	return s.satisfy(signers, len(signers))
}
