package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// ProofWanted is what a signer of a wallet signs to agree to a payment out of it: the message (SEP-53), or the transaction, whose
// number is 0 and which no ledger takes. One of the two, by one key that can sign for the wallet, is enough.
type ProofWanted struct {
	Wallet   string
	Message  string // one line
	Envelope string // base64 XDR, unsigned
}

func proofWanted(wallet, payment, network string) (*ProofWanted, error) {
	tx, err := stellar.BuildWalletProof(wallet, relay.PaymentID(payment), network)
	if err != nil {
		return nil, err
	}
	return &ProofWanted{Wallet: wallet, Message: stellar.WalletMessage(wallet, relay.PaymentID(payment), network), Envelope: tx.XDR}, nil
}

// prove is Prove, or what Sign does instead.
func (r OwnRequest) prove() func(context.Context, ProofWanted) (WalletProof, error) {
	if r.Prove != nil || r.Sign == nil {
		return r.Prove
	}
	return func(ctx context.Context, wanted ProofWanted) (WalletProof, error) {
		envelope, err := r.Sign(ctx, wanted.Envelope)
		return WalletProof{Envelope: envelope}, err
	}
}

// ProveWith is an OwnRequest.Prove by a key at hand (S…): the wallet's own, or another of its signers.
func ProveWith(seed secret.Bytes) func(context.Context, ProofWanted) (WalletProof, error) {
	return func(_ context.Context, wanted ProofWanted) (WalletProof, error) {
		key, err := keypair.ParseFull(string(seed.Reveal()))
		if err != nil {
			return WalletProof{}, errors.New("that is not a Stellar secret key: one begins with S")
		}
		made, err := stellar.SignMessage(wanted.Message, key)
		return WalletProof(made), err
	}
}

// WalletProof is a proof as it is handed in.
type WalletProof = wire.WalletProof

// IsProof tells the signed transaction of a proof from a funding.
func IsProof(envelope string) bool { return stellar.IsWalletProof(envelope) }

// Deposit hands in what SendOwn minted and kept in a receipt, when the wallet's proof was made elsewhere. The answer's Funding is
// then to be signed and handed in by [Client.Fund]. The same again is safe.
func (c *Client) Deposit(ctx context.Context, r OwnReceipt, proof WalletProof) (Sent, error) {
	p, err := c.deposit(ctx, r, &proof)
	if err != nil {
		return Sent{Payment: Payment{ID: r.Payment}}, err
	}
	return Sent{Payment: p, Token: secret.NewString(r.Token), Funding: r.Deposit.Funding}, nil
}

func (c *Client) deposit(ctx context.Context, r OwnReceipt, proof *WalletProof) (p Payment, err error) {
	if r.Deposit == nil {
		return p, errors.New("this receipt holds no deposit: it is of another payment, or of an older client")
	}
	path, err := paymentPath(r.Payment, "/deposit")
	if err != nil {
		return p, err
	}
	q := c.post(path, wire.DepositRequest{HoldingAccount: r.HoldingAccount, Box: r.Box, BoxMAC: r.Deposit.BoxMAC, Ladder: r.Ladder,
		Fee: r.Deposit.Fee, Funding: r.Deposit.Funding, Proof: proof})
	q.safe = true // the same again is the first answer
	if p, err = change[Payment](ctx, c, r.Payment, q, nil); err != nil {
		return p, err
	}
	if p.State != string(relay.Funding) || p.ReturnAsked != "" {
		return p, fmt.Errorf("the payment was canceled, or has ended, before it was funded: nothing was signed, and nothing was sent")
	}
	return p, fits(p.ID, r.Payment)
}
