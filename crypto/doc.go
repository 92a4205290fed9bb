// Package crypto holds nothing itself; the packages below it do. None of them knows
// a payment's life, a database or a network, and none imports package relay.
//
//	secret     bytes that no printer shows: Key, Bytes
//	claim      the claim link, and what is derived from its secret
//	box        the plaintext of a box: its one text, and what it must match
//	seal       makes boxes and judges uploaded ones; cannot open any
//	unseal     opens boxes; for the signer and the client's side only
//	typed      secret text as a person can type it again
//	keystore   a seed, a profile or a claim kit in a file under a passphrase, for stock age
//	mnemonic   the words of a wallet, to a Stellar key
//	field      database columns, blind indexes, short codes
//
// A reader starts at claim, then box. testdata/vectors has the formats as data, and
// in words, for implementations in other languages.
package crypto
