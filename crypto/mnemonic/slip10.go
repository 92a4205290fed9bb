package mnemonic

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"

	"github.com/restante/restante/crypto/secret"
)

const hardened = 1 << 31 // ed25519 has no other children (SLIP-10, "Private parent key → private child key")

// node is an extended private key of SLIP-10 for ed25519.
type node struct {
	secret, chain [32]byte
}

func master(seed secret.Bytes) node { return split([]byte("ed25519 seed"), seed.Reveal()) }

// child is the hardened child of that number, below 2^31. It wipes its parent.
func (n *node) child(index uint32) node {
	data := append(make([]byte, 0, 37), 0)
	data = append(data, n.secret[:]...)
	data = binary.BigEndian.AppendUint32(data, hardened|index)
	defer clear(data)
	defer n.wipe()
	return split(n.chain[:], data)
}

func split(key, data []byte) node {
	h := hmac.New(sha512.New, key)
	h.Write(data)
	sum := h.Sum(nil)
	defer clear(sum)
	return node{secret: [32]byte(sum[:32]), chain: [32]byte(sum[32:])}
}

func (n *node) wipe() { *n = node{} }
