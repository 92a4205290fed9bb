package stellar

import (
	"errors"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
)

// The first vector of SEP-53.
func TestSignMessage(t *testing.T) {
	key := keypair.MustParseFull("SAKICEVQLYWGSOJS4WW7HZJWAHZVEEBS527LHK5V4MLJALYKICQCJXMW")
	p, err := SignMessage("Hello, World!", key)
	if want := "fO5dbYhXUhBMhe6kId/cuVq/AfEnHRHEvsP8vXh03M1uLpi5e46yO2Q8rEBzu3feXQewcQE5GArp88u6ePK6BA=="; err != nil || p.Signature != want {
		t.Errorf("%s, want %s: %v", p.Signature, want, err)
	}
}

// TestCheckWalletProof has both forms judged by what the account looks like on the ledger.
func TestCheckWalletProof(t *testing.T) {
	const network, payment = "Test SDF Network ; September 2015", relay.PaymentID("pay_agq7t5z6fv3cpfmxvpuq6s5pbi")
	own, second, stranger := keypair.MustRandom(), keypair.MustRandom(), keypair.MustRandom()
	wallet := own.Address()
	line := func(a string, id relay.PaymentID, on string, key *keypair.Full) relay.WalletProof {
		p, err := SignMessage(WalletMessage(a, id, on), key)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	sign := func(tx xdr.Transaction, on string, keys ...*keypair.Full) relay.WalletProof {
		text, err := encode(xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: &xdr.TransactionV1Envelope{Tx: tx, Signatures: []xdr.DecoratedSignature{}}})
		if err == nil {
			text, err = Sign(text, on, keys...)
		}
		if err != nil {
			t.Fatal(err)
		}
		return relay.WalletProof{Envelope: text}
	}
	built := func(a string, id relay.PaymentID) xdr.Transaction {
		d, f := walletProofDraft(a, id, network)
		tx, err := d.transaction(f)
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	spoiled := func(change func(*xdr.Transaction)) relay.WalletProof {
		tx := built(wallet, payment)
		change(&tx)
		return sign(tx, network, own)
	}
	data := func(tx *xdr.Transaction) *xdr.ManageDataOp { return tx.Operations[0].Body.ManageDataOp }
	hashX, err := strkey.Encode(strkey.VersionByteHashX, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	preauth, err := strkey.Encode(strkey.VersionByteHashTx, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	signedPayload, err := strkey.NewSignedPayload(stranger.Address(), []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	payloadKey, err := signedPayload.Encode()
	if err != nil {
		t.Fatal(err)
	}
	account := func(master byte, signers ...Signer) *Account {
		return &Account{ID: wallet, Thresholds: [4]byte{master, 10, 10, 10}, Signers: signers}
	}
	plain, shared := account(1), account(0, Signer{second.Address(), 1}, Signer{stranger.Address(), 0})
	odd := account(0, Signer{hashX, 10}, Signer{preauth, 10}, Signer{payloadKey, 10})
	both := line(wallet, payment, network, own)
	both.Envelope = sign(built(wallet, payment), network, own).Envelope
	short := line(wallet, payment, network, own)
	short.Signature = short.Signature[:84]
	for name, c := range map[string]struct {
		account *Account
		proof   relay.WalletProof
		want    error
	}{
		"message":                             {plain, line(wallet, payment, network, own), nil},
		"transaction":                         {plain, sign(built(wallet, payment), network, own), nil},
		"transaction with one signature more": {plain, sign(built(wallet, payment), network, stranger, own), nil},
		"message, own key of weight 0":        {shared, line(wallet, payment, network, own), relay.ErrWalletProof},
		"transaction, own key of weight 0":    {shared, sign(built(wallet, payment), network, own), relay.ErrWalletProof},
		"message by the other signer":         {shared, line(wallet, payment, network, second), nil},
		"transaction by the other signer":     {shared, sign(built(wallet, payment), network, second), nil},
		"message by one of weight 0":          {shared, line(wallet, payment, network, stranger), relay.ErrWalletProof},
		"transaction by one of weight 0":      {shared, sign(built(wallet, payment), network, stranger), relay.ErrWalletProof},
		"message by a removed signer":         {plain, line(wallet, payment, network, second), relay.ErrWalletProof},
		"transaction by a removed signer":     {plain, sign(built(wallet, payment), network, second), relay.ErrWalletProof},
		"other kinds of signers":              {odd, line(wallet, payment, network, own), relay.ErrWalletProof},
		"the key of a signed payload":         {odd, line(wallet, payment, network, stranger), relay.ErrWalletProof},
		"a transaction, other kinds":          {odd, sign(built(wallet, payment), network, own, stranger), relay.ErrWalletProof},
		"named by hash(x)":                    {odd, relay.WalletProof{Signer: hashX, Signature: both.Signature}, relay.ErrWalletProof},
		"no such account":                     {nil, line(wallet, payment, network, own), relay.ErrWalletProof},
		"none":                                {plain, relay.WalletProof{}, relay.ErrNoWalletProof},
		"both":                                {plain, both, relay.ErrWalletProof},
		"a signature without a signer":        {plain, relay.WalletProof{Signature: both.Signature}, relay.ErrWalletProof},
		"a signer without a signature":        {plain, relay.WalletProof{Signer: wallet}, relay.ErrWalletProof},
		"a short signature":                   {plain, short, relay.ErrWalletProof},
		"message of another payment":          {plain, line(wallet, payment[:len(payment)-1]+"a", network, own), relay.ErrWalletProof},
		"transaction of another payment":      {plain, sign(built(wallet, payment[:len(payment)-1]+"a"), network, own), relay.ErrWalletProof},
		"message on another network":          {plain, line(wallet, payment, "Public", own), relay.ErrWalletProof},
		"transaction on another network":      {plain, sign(built(wallet, payment), "Public", own), relay.ErrWalletProof},
		"message of another wallet":           {plain, line(second.Address(), payment, network, own), relay.ErrWalletProof},
		"transaction of another wallet":       {plain, sign(built(second.Address(), payment), network, own), relay.ErrWalletProof},
		"no signature":                        {plain, sign(built(wallet, payment), network), relay.ErrWalletProof},
		"the number 1":                        {plain, spoiled(func(tx *xdr.Transaction) { tx.SeqNum = 1 }), relay.ErrWalletProof},
		"a fee":                               {plain, spoiled(func(tx *xdr.Transaction) { tx.Fee++ }), relay.ErrWalletProof},
		"two operations":                      {plain, spoiled(func(tx *xdr.Transaction) { tx.Operations = append(tx.Operations, tx.Operations[0]) }), relay.ErrWalletProof},
		"no operation":                        {plain, spoiled(func(tx *xdr.Transaction) { tx.Operations = nil }), relay.ErrWalletProof},
		"another name":                        {plain, spoiled(func(tx *xdr.Transaction) { data(tx).DataName = "restante" }), relay.ErrWalletProof},
		"no value":                            {plain, spoiled(func(tx *xdr.Transaction) { data(tx).DataValue = nil }), relay.ErrWalletProof},
		"no envelope":                         {plain, relay.WalletProof{Envelope: "AAAA"}, relay.ErrWalletProof},
	} {
		signers := View{}.Account(c.account, nil, relay.Native, 0).Signers
		if err := CheckWalletProof(c.proof, wallet, payment, network, signers); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if !IsWalletProof(sign(built(wallet, payment), network, own).Envelope) || IsWalletProof(spoiled(func(tx *xdr.Transaction) { tx.SeqNum = 1 }).Envelope) || IsWalletProof("AAAA") {
		t.Error("a proof is not told from a funding")
	}
}
