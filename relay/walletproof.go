package relay

// WalletProof shows that a signer of a wallet agrees to a payment out of it, before the wallet signs anything that moves money. It
// has one of two forms: Signer and Signature, a message signed by SEP-53, or Envelope, a transaction with the number 0 that no
// ledger takes. relay/stellar says what exactly is signed, and checks it. The zero value is none: moves have none, and neither
// have payments that were deposited before proofs were asked for.
type WalletProof struct {
	Signer    string // G…, the key that signed
	Signature string // base64, 64 bytes
	Envelope  string // base64 XDR
}

// ErrNoWalletProof and ErrWalletProof refuse a deposit: any request may name a wallet, and only its signers may bind it.
var (
	ErrNoWalletProof = walletProof("wallet_proof_missing", "The wallet has not agreed: a deposit needs a proof by one of its signers. Update the client.")
	ErrWalletProof   = walletProof("wallet_proof_refused", "This is no proof of the wallet for this payment: one is signed by a key that can sign for the wallet now.")
)

func walletProof(code, public string) *Fault {
	f := NewFault(Forbidden, code, public, nil)
	f.Pointer = "/proof"
	return f
}
