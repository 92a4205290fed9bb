package horizon

import (
	"context"
	"encoding/hex"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay/stellar"
)

// Lookup is a transaction that Horizon has.
type Lookup struct {
	Success     bool
	Inner       string // inner hash
	Outer       string // outer hash, as it landed
	Ledger      uint32
	CloseTime   int64 // unix seconds
	Fee         int64 // charged, stroops
	EnvelopeXDR string
	ResultXDR   string

	token string // place in the list
	pair  xdr.TransactionResultPair
}

type txBody struct {
	Hash        string    `json:"hash"`
	Token       string    `json:"paging_token"`
	Ledger      uint32    `json:"ledger"`
	CreatedAt   time.Time `json:"created_at"`
	Successful  bool      `json:"successful"`
	EnvelopeXDR string    `json:"envelope_xdr"`
	ResultXDR   string    `json:"result_xdr"`
}

// read takes envelope and result from their XDR, and wants hash and outcome beside them to agree. Looked up by the hash of
// the transaction inside a fee bump, Horizon shows that hash as the transaction's.
func (b *txBody) read(passphrase string) (out Lookup, err error) {
	out = Lookup{Ledger: b.Ledger, CloseTime: b.CreatedAt.Unix(), EnvelopeXDR: b.EnvelopeXDR, ResultXDR: b.ResultXDR, token: b.Token}
	if out.Inner, out.Outer, err = stellar.Hashes(b.EnvelopeXDR, passphrase); err != nil {
		return Lookup{}, nonsense("transaction %q: %v", b.Hash, err)
	}
	result, err := stellar.DecodeResult(b.ResultXDR)
	if err != nil {
		return Lookup{}, nonsense("transaction %s: %v", out.Outer, err)
	}
	raw, err := hex.DecodeString(out.Outer)
	if err != nil {
		return Lookup{}, nonsense("hash %q", out.Outer)
	}
	copy(out.pair.TransactionHash[:], raw)
	if err := xdr.SafeUnmarshalBase64(b.ResultXDR, &out.pair.Result); err != nil {
		return Lookup{}, nonsense("result of transaction %s: %v", out.Outer, err)
	}
	out.Success, out.Fee = result.Success, result.FeePaid
	switch {
	case b.Hash != out.Inner && b.Hash != out.Outer:
		return Lookup{}, nonsense("transaction %q is %s", b.Hash, out.Outer)
	case b.Ledger == 0 || out.CloseTime <= 0:
		return Lookup{}, nonsense("transaction %s in ledger %d, closed at %d", out.Outer, b.Ledger, out.CloseTime)
	case b.Successful != result.Success:
		return Lookup{}, nonsense("transaction %s: successful is %v, its result %s", out.Outer, b.Successful, result.Code)
	case result.InnerHash != "" && result.InnerHash != out.Inner:
		return Lookup{}, nonsense("transaction %s: its result is another's", out.Outer)
	}
	return out, nil
}

// Transaction looks up a hash, inner or outer. nil: the server does not have it, as far as ledger (0: it does not say); which
// proves nothing by itself.
func (c *Client) Transaction(ctx context.Context, hash string) (found *Lookup, ledger uint32, err error) {
	if !isHash(hash) {
		return nil, 0, badInput(errors.New("not a transaction hash"))
	}
	var body txBody
	ledger, err = c.get(ctx, "transaction", "/transactions/"+hash, nil, &body, smallBody)
	if errors.Is(err, errAbsent) {
		return nil, ledger, nil
	}
	if err != nil {
		return nil, 0, err
	}
	l, err := body.read(c.passphrase)
	if err != nil {
		return nil, 0, err
	}
	if hash != l.Inner && hash != l.Outer {
		return nil, 0, nonsense("asked for %s, got %s", hash, l.Inner)
	}
	return &l, ledger, nil
}

// transactions reads one page of a list of transactions, failed ones too.
func (c *Client) transactions(ctx context.Context, path, cursor, order string, limit int) ([]Lookup, error) {
	query := url.Values{"include_failed": {"true"}, "order": {order}, "limit": {strconv.Itoa(limit)}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	var body struct {
		Embedded struct {
			Records []txBody `json:"records"`
		} `json:"_embedded"`
	}
	if _, err := c.get(ctx, "transactions", path, query, &body, pageBody); err != nil {
		return nil, err
	}
	if len(body.Embedded.Records) > limit {
		return nil, nonsense("%d transactions for %d asked", len(body.Embedded.Records), limit)
	}
	last, err := place(cursor)
	if err != nil {
		return nil, err
	}
	out := make([]Lookup, 0, len(body.Embedded.Records))
	for _, b := range body.Embedded.Records {
		l, err := b.read(c.passphrase)
		if err != nil {
			return nil, err
		}
		at, err := place(b.Token)
		if err != nil || b.Token == "" || last != 0 && (at > last) != (order == "asc") || at == last {
			return nil, nonsense("transaction %s at %q after %d", l.Outer, b.Token, last)
		}
		last = at
		out = append(out, l)
	}
	return out, nil
}

// place is the number in a paging token; 0 for none.
func place(token string) (int64, error) {
	if token == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(token, 10, 64)
	if err != nil || n <= 0 {
		return 0, nonsense("paging token %q", token)
	}
	return n, nil
}
