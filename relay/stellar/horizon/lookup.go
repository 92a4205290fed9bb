package horizon

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay/stellar/access"
)

// listed is a transaction in one of Horizon's lists.
type listed struct {
	access.Transaction
	result xdr.TransactionResult
	token  string // place in the list
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

// read takes envelope and result from their XDR. Looked up by the hash of the transaction inside a fee bump, Horizon shows that
// hash as the transaction's.
func (b *txBody) read(passphrase string) (out listed, err error) {
	out.token = b.Token
	out.Transaction, out.result, err = access.ReadTransaction(access.Transaction{Ledger: b.Ledger, CloseTime: b.CreatedAt.Unix(), Success: b.Successful,
		EnvelopeXDR: b.EnvelopeXDR, ResultXDR: b.ResultXDR}, b.Hash, passphrase)
	return out, err
}

// Transaction looks up a hash, inner or outer.
func (c *Client) Transaction(ctx context.Context, hash string) (*access.Transaction, error) {
	found, _, err := c.look(ctx, hash)
	return found, err
}

// look looks up a hash, inner or outer. nil: the server does not have it, as far as ledger (0: it does not say); which
// proves nothing by itself.
func (c *Client) look(ctx context.Context, hash string) (found *access.Transaction, ledger uint32, err error) {
	if !access.IsHash(hash) {
		return nil, 0, access.BadInput(errors.New("not a transaction hash"))
	}
	var body txBody
	ledger, err = c.get(ctx, "transaction", "/transactions/"+hash, nil, &body, access.SmallBody)
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
		return nil, 0, access.Nonsense("asked for %s, got %s", hash, l.Inner)
	}
	return &l.Transaction, ledger, nil
}

// transactions reads one page of a list of transactions, failed ones too.
func (c *Client) transactions(ctx context.Context, path, cursor, order string, limit int) ([]listed, error) {
	query := url.Values{"include_failed": {"true"}, "order": {order}, "limit": {strconv.Itoa(limit)}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	var body struct {
		Embedded struct {
			Records []txBody `json:"records"`
		} `json:"_embedded"`
	}
	if _, err := c.get(ctx, "transactions", path, query, &body, access.PageBody); err != nil {
		return nil, err
	}
	if len(body.Embedded.Records) > limit {
		return nil, access.Nonsense("%d transactions for %d asked", len(body.Embedded.Records), limit)
	}
	last, err := place(cursor)
	if err != nil {
		return nil, err
	}
	out := make([]listed, 0, len(body.Embedded.Records))
	for _, b := range body.Embedded.Records {
		l, err := b.read(c.passphrase)
		if err != nil {
			return nil, err
		}
		at, err := place(b.Token)
		if err != nil || b.Token == "" || last != 0 && (at > last) != (order == "asc") || at == last {
			return nil, access.Nonsense("transaction %s at %q after %d", l.Outer, b.Token, last)
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
		return 0, access.Nonsense("paging token %q", token)
	}
	return n, nil
}
