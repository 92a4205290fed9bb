package stellar

import "github.com/stellar/go-stellar-sdk/network"

// IsPublic reports whether a passphrase is that of the public network, where money is real.
func IsPublic(passphrase string) bool { return passphrase == network.PublicNetworkPassphrase }
