// Package boxtest has the one box content that the tests of the packages around
// boxes share. Its seeds are public: never fund them.
package boxtest

import (
	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/secret"
)

// Payment, OtherPayment and the networks are those of the shared vectors.
const (
	Payment      = "pay_agpzy3u6xjz4bbzuq5kzuxrkfi"
	OtherPayment = "pay_agpzy3u6xjz4bbzuq5kzuxrkfq"
	Testnet      = "Test SDF Network ; September 2015"
	Public       = "Public Global Stellar Network ; September 2015"
)

// Key returns the key pair whose raw seed is 32 times b.
func Key(b byte) *keypair.Full {
	var raw [32]byte
	for i := range raw {
		raw[i] = b
	}
	kp, err := keypair.FromRawSeed(raw)
	if err != nil {
		panic(err)
	}
	return kp
}

// Content returns a well formed content: 12.5 native units on the test network.
func Content() box.Content {
	return box.Content{
		V:         box.Version,
		Payment:   Payment,
		Network:   Testnet,
		Account:   Key(1).Address(),
		Secret:    secret.NewString(Key(1).Seed()),
		Asset:     "native",
		Amount:    125_000_000,
		ReturnTo:  Key(2).Address(),
		ExpiresAt: 1_798_761_600_000_000,
		Note:      "Für Ana <3 & \"co\"\n\u2028\U0001f4ee",
	}
}

// Expect returns what row and ledger say when c is the truth.
func Expect(c box.Content) box.Expect {
	return box.Expect{Payment: c.Payment, Network: c.Network, Account: c.Account, Asset: c.Asset, Amount: c.Amount}
}
