package stellar

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
)

// walletProofName names the data entry of a proof's one operation; its value is the payment's id.
const walletProofName = "restante deposit"

// WalletMessage is the one line that a wallet's signer signs by SEP-53 to agree to a payment out of it.
func WalletMessage(wallet string, payment relay.PaymentID, passphrase string) string {
	return fmt.Sprintf("restante deposit %s from %s on %s", payment, wallet, passphrase)
}

// messageHash is what SEP-53 signs.
func messageHash(message string) []byte {
	sum := sha256.Sum256([]byte("Stellar Signed Message:\n" + message))
	return sum[:]
}

// SignMessage makes a proof out of a [WalletMessage] with the key of one signer.
func SignMessage(message string, key *keypair.Full) (relay.WalletProof, error) {
	sig, err := key.Sign(messageHash(message))
	if err != nil {
		return relay.WalletProof{}, fmt.Errorf("sign as %s: %v", key.Address(), err)
	}
	return relay.WalletProof{Signer: key.Address(), Signature: base64.StdEncoding.EncodeToString(sig)}, nil
}

// BuildWalletProof is the transaction that a wallet's signer signs instead, where a wallet signs no messages. Its number is 0, as
// in SEP-10: no ledger takes it.
func BuildWalletProof(wallet string, payment relay.PaymentID, passphrase string) (Tx, error) {
	d, f := walletProofDraft(wallet, payment, passphrase)
	return d.build(f)
}

func walletProofDraft(wallet string, payment relay.PaymentID, passphrase string) (*draft, frame) {
	d := &draft{}
	value := xdr.DataValue(payment)
	d.add(wallet, xdr.OperationBody{Type: xdr.OperationTypeManageData, ManageDataOp: &xdr.ManageDataOp{DataName: walletProofName, DataValue: &value}})
	return d, frame{passphrase: passphrase, source: wallet, numberZero: true, fee: MinBaseFee}
}

// IsWalletProof tells the transaction of a proof, signed or not, from any that a ledger might take.
func IsWalletProof(envelopeXDR string) bool {
	env, err := decode(envelopeXDR)
	return err == nil && env.Type == xdr.EnvelopeTypeEnvelopeTypeTx && env.V1.Tx.SeqNum == 0
}

// CheckWalletProof accepts a proof of either form, for this payment out of this wallet on this network, by one of the keys that can
// sign for the wallet now (relay.AccountFacts.Signers). Keys of other kinds (T…, X…, P…) prove nothing: what they sign or show can be
// of any wallet. The error is [relay.ErrNoWalletProof] or [relay.ErrWalletProof], with what is wrong as its cause.
func CheckWalletProof(proof relay.WalletProof, wallet string, payment relay.PaymentID, passphrase string, signers []string) error {
	if proof == (relay.WalletProof{}) {
		return relay.ErrNoWalletProof
	}
	if err := provesWallet(proof, wallet, payment, passphrase, signers); err != nil {
		refused := *relay.ErrWalletProof
		refused.Cause = err
		return &refused
	}
	return nil
}

func provesWallet(proof relay.WalletProof, wallet string, payment relay.PaymentID, passphrase string, signers []string) error {
	keys := slices.DeleteFunc(slices.Clone(signers), func(s string) bool { return !strkey.IsValidEd25519PublicKey(s) })
	switch {
	case len(keys) == 0:
		return errors.New("the wallet has no key that signs")
	case proof.Envelope != "" && (proof.Signer != "" || proof.Signature != ""):
		return errors.New("a message and a transaction at once")
	case proof.Envelope != "":
		return signedWalletProof(proof.Envelope, wallet, payment, passphrase, keys)
	case !slices.Contains(keys, proof.Signer):
		return fmt.Errorf("%q is no signer of the wallet", proof.Signer)
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(proof.Signature)
	if err != nil {
		return errors.New("the signature is not base64")
	}
	key, err := keypair.ParseAddress(proof.Signer)
	if err != nil {
		return err
	}
	return key.Verify(messageHash(WalletMessage(wallet, payment, passphrase)), sig)
}

// signedWalletProof wants the whole transaction as it is built here, and a signature of one of the keys among its signatures.
func signedWalletProof(envelope, wallet string, payment relay.PaymentID, passphrase string, keys []string) error {
	_, body, err := plain(envelope, passphrase)
	if err != nil {
		return err
	}
	d, f := walletProofDraft(wallet, payment, passphrase)
	if err := compare(d, f, body); err != nil {
		return err
	}
	by, err := SignedBy(envelope, passphrase, keys...)
	if err == nil && len(by) == 0 {
		err = errors.New("no signer of the wallet has signed it")
	}
	return err
}
