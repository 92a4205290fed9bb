package stellar

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
)

// CollectPlan claims a balance for an account of ours.
type CollectPlan struct {
	Passphrase string
	Account    string // the claimant, and the source
	Balance    string // its id, hexadecimal XDR
	Asset      string
	Line       bool   // a trustline with the highest limit first; the sponsor keeps its reserve
	Sponsor    string // with Line
	Sequence   int64  // the account's current one plus 1
	MaxTime    int64  // unix seconds, included
	LastLedger uint32
}

// BuildCollect returns the unsigned envelope: (Begin(sponsor), ChangeTrust, End,) ClaimClaimableBalance.
func BuildCollect(p CollectPlan) (Tx, error) {
	if p.Line && p.Asset == relay.Native || p.MaxTime <= 0 || p.LastLedger == 0 {
		return Tx{}, errors.New("a trustline is for a credit asset, and the envelope has an end")
	}
	id, err := balanceID(p.Balance)
	if err != nil {
		return Tx{}, err
	}
	d := &draft{}
	if p.Line {
		d.begin(p.Sponsor, p.Account)
		d.trust(p.Account, p.Asset, MostLimit)
		d.end(p.Account)
	}
	d.add(p.Account, xdr.OperationBody{
		Type:                    xdr.OperationTypeClaimClaimableBalance,
		ClaimClaimableBalanceOp: &xdr.ClaimClaimableBalanceOp{BalanceId: id},
	})
	return d.build(frame{
		passphrase: p.Passphrase, source: p.Account, sequence: p.Sequence,
		bounds: Bounds{MaxTime: p.MaxTime, MaxLedger: p.LastLedger + 1},
	})
}

// BalanceID is the id of the claimable balance that an operation makes, in hexadecimal XDR: the hash of its transaction's source
// and number and of its index in it (CAP-23, operation id). It is the inner transaction's, whatever fee bump it lands in.
func BalanceID(source string, sequence int64, index uint32) (string, error) {
	id, err := accountID("source", source)
	if err != nil {
		return "", err
	}
	raw, err := xdr.HashIdPreimage{Type: xdr.EnvelopeTypeEnvelopeTypeOpId, OperationId: &xdr.HashIdPreimageOperationId{
		SourceAccount: id, SeqNum: xdr.SequenceNumber(sequence), OpNum: xdr.Uint32(index)}}.MarshalBinary()
	if err != nil {
		return "", fmt.Errorf("operation id: %v", err)
	}
	sum := xdr.Hash(sha256.Sum256(raw))
	return xdr.MarshalHex(xdr.ClaimableBalanceId{Type: xdr.ClaimableBalanceIdTypeClaimableBalanceIdTypeV0, V0: &sum})
}

// BalanceLeft is the balance that a last resort makes: its id, and how it looks on the ledger.
func BalanceLeft(envelope []byte) (id string, b relay.BalanceFacts, err error) {
	env, err := decode(base64.StdEncoding.EncodeToString(envelope))
	if err != nil {
		return "", b, err
	}
	if env.Type != xdr.EnvelopeTypeEnvelopeTypeTx {
		return "", b, errors.New("a last resort is a transaction")
	}
	for i, op := range env.V1.Tx.Operations {
		if made, ok := op.Body.GetCreateClaimableBalanceOp(); ok {
			id, err = BalanceID(muxedAddress(env.V1.Tx.SourceAccount), int64(env.V1.Tx.SeqNum), uint32(i))
			return id, balanceFacts(made.Asset, made.Amount, made.Claimants), err
		}
	}
	return "", b, errors.New("the envelope leaves no claimable balance")
}

func balanceFacts(asset xdr.Asset, amount xdr.Int64, claimants []xdr.Claimant) relay.BalanceFacts {
	b := relay.BalanceFacts{Exists: true, Asset: assetText(asset), Amount: relay.Stroops(amount)}
	if len(claimants) == 1 {
		if c, ok := claimants[0].GetV0(); ok && c.Predicate.Type == xdr.ClaimPredicateTypeClaimPredicateUnconditional {
			b.Claimant = c.Destination.Address()
		}
	}
	return b
}

// BalanceKey is the ledger key of a claimable balance, base64 XDR. id is hexadecimal XDR.
func BalanceKey(id string) (string, error) {
	parsed, err := balanceID(id)
	if err != nil {
		return "", err
	}
	return xdr.MarshalBase64(xdr.LedgerKey{Type: xdr.LedgerEntryTypeClaimableBalance,
		ClaimableBalance: &xdr.LedgerKeyClaimableBalance{BalanceId: parsed}})
}

// DecodeBalance reads the entry of a claimable balance, base64 XDR, and its id.
func DecodeBalance(dataXDR string) (id string, b relay.BalanceFacts, err error) {
	var data xdr.LedgerEntryData
	if err := xdr.SafeUnmarshalBase64(dataXDR, &data); err != nil {
		return "", b, fmt.Errorf("entry is not XDR: %v", err)
	}
	e, ok := data.GetClaimableBalance()
	if !ok {
		return "", b, errors.New("entry is not a claimable balance")
	}
	id, err = xdr.MarshalHex(e.BalanceId)
	return id, balanceFacts(e.Asset, e.Amount, e.Claimants), err
}

func balanceID(text string) (id xdr.ClaimableBalanceId, err error) {
	raw, err := hex.DecodeString(text)
	if err == nil {
		err = xdr.SafeUnmarshal(raw, &id)
	}
	if err != nil {
		return id, fmt.Errorf("claimable balance %q: %v", text, err)
	}
	return id, nil
}
