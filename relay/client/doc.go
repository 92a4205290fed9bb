// Package client is the Go SDK of Restante: send money to an e-mail address or another handle, follow it, take it back,
// and claim it.
//
// It promises that a claim link is made here and never sent (the relay gets a hash, a public recipient and its own half);
// that nothing is signed for a claim before box and plan were checked against what the claimant knows, and before her
// new key is durable; that a repeat of [Client.Send] after a lost answer neither pays twice nor loses the link; and that
// no error text holds a link, a seed or an API key.
//
// It refuses http:// beyond loopback (unless told otherwise), redirects to another host, and answers that do not fit the
// request. What may be repeated safely is repeated, with growing pauses, when the network or the relay fails; the rest
// is left to the caller.
//
// An app starts at [New] with its API key and [Client.Send]. A claimant starts at [ParseLink] and [Client.Claim], which
// need no key. Bodies are those of package wire, under names of this package. Amounts are decimal strings of lumens with
// up to 7 decimals. Every method takes a context and ends with it.
package client
