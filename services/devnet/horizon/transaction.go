package horizon

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/stellar/go-stellar-sdk/protocols/horizon"
	"github.com/stellar/go-stellar-sdk/toid"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet"
)

// transaction fills in a transaction as a request for this hash sees it; of a fee bump it may be the inner one.
func (c *call) transaction(t *applied, hash string) horizon.Transaction {
	out := horizon.Transaction{ID: hash, Hash: hash, PT: txID(t.TransactionRecord).String(), Successful: t.Successful,
		Ledger: int32(t.Ledger), LedgerCloseTime: timeOf(t.CloseTime), AccountSequence: t.env.SeqNum(),
		FeeCharged: int64(t.result.FeeCharged), OperationCount: int32(len(t.ops)), EnvelopeXdr: encode64(t.Envelope),
		ResultXdr: encode64(t.Result), ResultMetaXdr: encode64(t.Meta), FeeMetaXdr: encode64(t.Fee)}
	source, payer := t.env.SourceAccount(), feeAccount(t.env)
	out.Account, out.AccountMuxed, out.AccountMuxedID = parts(source)
	out.FeeAccount, out.FeeAccountMuxed, out.FeeAccountMuxedID = parts(payer)
	out.MemoType, out.Memo, out.MemoBytes = memoOf(t.env.Memo())
	out.Signatures = signatures(t.env.Signatures())
	out.MaxFee = int64(t.env.Fee())
	out.Preconditions = preconditions(t.env)
	if t.env.IsFeeBump() {
		inner := horizon.InnerTransaction{MaxFee: int64(t.env.Fee()), Signatures: signatures(t.env.Signatures())}
		if pair := t.result.Result.InnerResultPair; pair != nil {
			inner.Hash = pair.TransactionHash.HexString()
		}
		out.MaxFee = t.env.FeeBumpFee()
		out.InnerTransaction = &inner
		out.FeeBumpTransaction = &horizon.FeeBumpTransaction{Hash: t.Hash.HexString(), Signatures: signatures(t.env.FeeBumpSignatures())}
		if hash == t.Hash.HexString() {
			out.Signatures = out.FeeBumpTransaction.Signatures
		}
	}
	self, l := "/transactions/"+hash, &out.Links
	l.Self, l.Transaction = c.link(self), c.link(self)
	l.Account, l.Ledger = c.link("/accounts/"+out.Account), c.link(fmt.Sprintf("/ledgers/%d", out.Ledger))
	l.Operations, l.Effects = c.pagedLink(self+"/operations"), c.pagedLink(self+"/effects")
	l.Succeeds, l.Precedes = c.link("/transactions?order=desc&cursor="+out.PT), c.link("/transactions?order=asc&cursor="+out.PT)
	return out
}

func txID(t *devnet.TransactionRecord) *toid.ID { return toid.New(int32(t.Ledger), t.Place, 0) }

func encode64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// parts are an account's address and, of a muxed one, the muxed address and its number.
func parts(m xdr.MuxedAccount) (address, whole string, number uint64) {
	id := m.ToAccountId()
	if m.Type == xdr.CryptoKeyTypeKeyTypeMuxedEd25519 {
		return id.Address(), m.Address(), uint64(m.Med25519.Id)
	}
	return id.Address(), "", 0
}

func signatures(list []xdr.DecoratedSignature) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = encode64(s.Signature)
	}
	return out
}

func memoOf(m xdr.Memo) (kind, text, raw string) {
	switch m.Type {
	case xdr.MemoTypeMemoText:
		return "text", strings.ReplaceAll(strings.ToValidUTF8(*m.Text, "\uFFFD"), "\x00", ""), encode64([]byte(*m.Text))
	case xdr.MemoTypeMemoId:
		return "id", strconv.FormatUint(uint64(*m.Id), 10), ""
	case xdr.MemoTypeMemoHash:
		return "hash", encode64(m.Hash[:]), ""
	case xdr.MemoTypeMemoReturn:
		return "return", encode64(m.RetHash[:]), ""
	}
	return "none", "", ""
}

// preconditions is nil when there are none.
func preconditions(env xdr.TransactionEnvelope) *horizon.TransactionPreconditions {
	var out horizon.TransactionPreconditions
	any := false
	if b := env.TimeBounds(); b != nil {
		any = true
		out.TimeBounds = &horizon.TransactionPreconditionsTimebounds{MinTime: strconv.FormatUint(uint64(b.MinTime), 10)}
		if b.MaxTime != 0 {
			out.TimeBounds.MaxTime = strconv.FormatUint(min(uint64(b.MaxTime), math.MaxInt64), 10)
		}
	}
	if b := env.LedgerBounds(); b != nil {
		any = true
		out.LedgerBounds = &horizon.TransactionPreconditionsLedgerbounds{MinLedger: uint32(b.MinLedger), MaxLedger: uint32(b.MaxLedger)}
	}
	if n := env.MinSeqNum(); n != nil {
		any = true
		out.MinAccountSequence = strconv.FormatInt(*n, 10)
	}
	if age := env.MinSeqAge(); age != nil && *age != 0 {
		any = true
		out.MinAccountSequenceAge = strconv.FormatUint(uint64(*age), 10)
	}
	if gap := env.MinSeqLedgerGap(); gap != nil && *gap != 0 {
		any = true
		out.MinAccountSequenceLedgerGap = uint32(*gap)
	}
	for _, k := range env.ExtraSigners() {
		any = true
		out.ExtraSigners = append(out.ExtraSigners, k.Address())
	}
	if !any {
		return nil
	}
	return &out
}

// hashParam reads a transaction's hash from the path: 64 lower-case hexadecimal digits.
func (c *call) hashParam() ([32]byte, error) {
	text := c.r.PathValue("tx_id")
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 32 || strings.ToLower(text) != text {
		return [32]byte{}, invalidField("tx_id", "Transaction hash must be a hex-encoded, lowercase SHA-256 hash")
	}
	return [32]byte(raw), nil
}

func (c *call) transactionParam() (*applied, error) {
	hash, err := c.hashParam()
	if err != nil {
		return nil, err
	}
	return c.byHash(hash)
}

func (c *call) byHash(hash [32]byte) (*applied, error) {
	row, found, err := c.Transaction(hash)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, notFound()
	}
	return decode(&row)
}

func oneTransaction(c *call) (any, error) {
	t, err := c.transactionParam()
	if err != nil {
		return nil, err
	}
	return c.transaction(t, c.r.PathValue("tx_id")), nil
}

// transactions lists those of all accounts, of an account, of a ledger or of a claimable balance.
func transactions(c *call, p paging) ([]record, error) {
	cursor, err := p.position(c.span.Oldest)
	if err != nil {
		return nil, err
	}
	failed, err := c.includeFailed()
	if err != nil {
		return nil, err
	}
	of, low, high, err := c.scope()
	if err != nil {
		return nil, err
	}
	var out []record
	for _, id := range pick(of.txs, low, high, cursor, p, func(i item) bool { return failed || !i.failed }) {
		t, err := c.at(id)
		if err != nil {
			return nil, err
		}
		body := c.transaction(t, t.Hash.HexString())
		out = append(out, record{token: body.PT, body: body})
	}
	return out, nil
}

func (c *call) includeFailed() (bool, error) {
	text := c.r.URL.Query().Get("include_failed")
	if text == "" {
		return false, nil
	}
	yes, err := strconv.ParseBool(text)
	if err != nil {
		return false, invalidField("include_failed", "Filter should be true or false")
	}
	return yes, nil
}

// at reads the transaction that an id belongs to, be it of the transaction or of one of its operations.
func (c *call) at(id int64) (*applied, error) {
	at := toid.Parse(id)
	rows, err := c.Transactions(uint32(at.LedgerSequence), at.TransactionOrder, uint32(at.LedgerSequence), 1)
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 || rows[0].Place != at.TransactionOrder {
		return nil, notFound()
	}
	return decode(&rows[0])
}

// scope is the list that the path asks for, and which ids of it count.
func (c *call) scope() (of *trail, low, high int64, err error) {
	of, low, high = &c.index.all, toid.New(int32(c.span.Oldest), 0, 0).ToInt64(), math.MaxInt64
	switch {
	case c.r.PathValue("account_id") != "":
		id, err := c.accountParam("account_id")
		if err != nil {
			return nil, 0, 0, err
		}
		if of = c.index.accounts[id]; of == nil {
			if c.State().Account(id) == nil {
				return nil, 0, 0, notFound()
			}
			of = &trail{}
		}
	case c.r.PathValue("claimable_balance_id") != "":
		id, err := balanceParam("claimable_balance_id", c.r.PathValue("claimable_balance_id"))
		if err != nil {
			return nil, 0, 0, err
		}
		if of = c.index.balances[balanceID(id)]; of == nil {
			return nil, 0, 0, notFound()
		}
	case c.r.PathValue("ledger_id") != "":
		seq, err := c.ledgerParam()
		if err != nil {
			return nil, 0, 0, err
		}
		low, high = toid.New(seq, 0, 0).ToInt64(), toid.AfterLedger(seq).ToInt64()
	case c.r.PathValue("tx_id") != "":
		t, err := c.transactionParam()
		if err != nil {
			return nil, 0, 0, err
		}
		low = txID(t.TransactionRecord).ToInt64()
		high = low + int64(toid.OperationMask) + 1
	}
	return of, low, high, nil
}
