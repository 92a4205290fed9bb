package simulate

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	netxdr "github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/devnet/engine"
)

// lumens is how an amount of lumens is keyed; a credit asset is CODE:ISSUER.
const lumens = "native"

// money is stroops by asset.
type money map[string]int64

// view reads the ledger, past every fault.
func (b *books) view(read func(devnet.View) error) {
	if err := b.w.net.View(read); err != nil {
		b.w.violate("the ledger cannot be read: %v", err)
	}
}

// hash is that of the newest ledger: with it everything that was ever signed and landed is in the trace.
func (b *books) hash() (hash [32]byte) {
	b.view(func(v devnet.View) error { hash = v.State().Hash(); return nil })
	return hash
}

// all is what there is of each asset.
func (b *books) all() money {
	total := money{}
	b.view(func(v devnet.View) error {
		total[lumens] = int64(v.State().Header().FeePool)
		v.State().Entries(func(_ engine.Key, e *xdr.LedgerEntry) bool {
			switch e.Data.Type {
			case xdr.LedgerEntryTypeAccount:
				total[lumens] += int64(e.Data.MustAccount().Balance)
			case xdr.LedgerEntryTypeTrustline:
				line := e.Data.MustTrustLine()
				total[assetOf(line.Asset.ToAsset())] += int64(line.Balance)
			case xdr.LedgerEntryTypeClaimableBalance:
				c := e.Data.MustClaimableBalance()
				total[assetOf(c.Asset)] += int64(c.Amount)
			}
			return true
		})
		return nil
	})
	return total
}

func assetOf(a xdr.Asset) string {
	if a.IsNative() {
		return lumens
	}
	return strings.TrimRight(a.GetCode(), "\x00") + ":" + a.GetIssuer()
}

// account is what the ledger says of one; nil: it is not there.
func (b *books) account(address string) (a *xdr.AccountEntry) {
	b.view(func(v devnet.View) error { a = v.State().Account(engine.IDOf(xdr.MustAddress(address))); return nil })
	return a
}

// line is an account's trustline for the issuer's asset; nil: there is none.
func (b *books) line(address string) (line *xdr.TrustLineEntry) {
	if b.w.issuer == nil {
		return nil
	}
	key, err := engine.KeyOf(xdr.LedgerKey{Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.LedgerKeyTrustLine{
		AccountId: xdr.MustAddress(address), Asset: xdr.MustNewCreditAsset(b.w.credit().Code, b.w.credit().Issuer).ToTrustLineAsset()}})
	if err != nil {
		b.w.violate("a trustline of %s has no key: %v", address, err)
		return nil
	}
	b.view(func(v devnet.View) error {
		if e := v.State().Entry(key); e != nil {
			t := e.Data.MustTrustLine()
			line = &t
		}
		return nil
	})
	return line
}

// has is what an account has of an asset.
func (b *books) has(address, asset string) int64 {
	if asset != lumens {
		if line := b.line(address); line != nil {
			return int64(line.Balance)
		}
		return 0
	}
	if a := b.account(address); a != nil {
		return int64(a.Balance)
	}
	return 0
}

// both is what an account has of lumens and of the issuer's asset.
func (b *books) both(address string) money {
	m := money{}
	for _, asset := range b.w.assets() {
		m[asset] = b.has(address, asset)
	}
	return m
}

// ledger looks at the ledgers that have closed since the last look, up to seq.
func (b *books) ledger(seq uint32) {
	var txs []devnet.TransactionRecord
	b.view(func(v devnet.View) (err error) { txs, err = v.Transactions(b.seen+1, 0, seq, 10_000); return err })
	b.seen = seq
	for _, t := range txs {
		if t.Successful {
			b.transaction(t)
		}
	}
	now := b.all()
	if b.total[lumens] == 0 {
		b.total[lumens] = now[lumens] // all that there will ever be; of a credit asset, each issue is counted
	}
	for _, asset := range b.w.assets() {
		if now[asset] != b.total[asset] {
			b.w.violate("ledger %d: there were %d stroops of %s, and are %d", seq, b.total[asset], asset, now[asset])
		}
	}
}

// step is one operation of a transaction, with what the ledger says of it.
type step struct {
	ledger uint32
	from   string
	memo   string
	op     xdr.OperationBody
	result xdr.OperationResultTr
	made   map[string]bool // accounts that the transaction has made so far
}

// transaction follows the money through the operations of one.
func (b *books) transaction(t devnet.TransactionRecord) {
	var env xdr.TransactionEnvelope
	var result xdr.TransactionResult
	if err := errors.Join(xdr.SafeUnmarshal(t.Envelope, &env), xdr.SafeUnmarshal(t.Result, &result)); err != nil {
		b.w.violate("a transaction of ledger %d cannot be read: %v", t.Ledger, err)
		return
	}
	b.logged(t, env)
	results, _ := result.OperationResults()
	made := map[string]bool{}
	for i, op := range env.Operations() {
		from := env.SourceAccount()
		if op.SourceAccount != nil {
			from = *op.SourceAccount
		}
		id := from.ToAccountId()
		s := step{ledger: t.Ledger, from: id.Address(), memo: memoOf(env.Memo()), op: op.Body, made: made}
		if results[i].Tr != nil {
			s.result = *results[i].Tr
		}
		b.step(s)
	}
}

func memoOf(m xdr.Memo) string {
	if text, ok := m.GetText(); ok {
		return "text " + text
	}
	if id, ok := m.GetId(); ok {
		return "id " + strconv.FormatUint(uint64(id), 10)
	}
	return ""
}

// markOf is what tells one customer of an account from another: a memo, or the number in an M… address.
func markOf(to xdr.MuxedAccount, memo string) string {
	if m, ok := to.GetMed25519(); ok {
		return "id " + strconv.FormatUint(uint64(m.Id), 10)
	}
	return memo
}

func (b *books) step(s step) {
	switch s.op.Type {
	case xdr.OperationTypeCreateAccount:
		c := s.op.MustCreateAccountOp()
		b.created(s, c.Destination.Address(), int64(c.StartingBalance))
	case xdr.OperationTypePayment:
		c := s.op.MustPaymentOp()
		to := c.Destination.ToAccountId()
		b.paid(s, to.Address(), markOf(c.Destination, s.memo), assetOf(c.Asset), int64(c.Amount))
	case xdr.OperationTypeAccountMerge:
		dest := s.op.MustDestination()
		to := dest.ToAccountId()
		amount := int64(s.result.AccountMergeResult.MustSourceAccountBalance())
		if p := b.fundedBy(s.from, to.Address(), lumens, amount); p != nil && p.moves != nil {
			b.funds(s, p, to.Address())
		}
		b.moved(s, to.Address(), markOf(dest, s.memo), lumens, amount)
		b.gone[s.from] = true // an account of the same name, made anew, is of no payment
	case xdr.OperationTypeClawback:
		c := s.op.MustClawbackOp()
		from := c.From.ToAccountId()
		b.total[assetOf(c.Asset)] -= int64(c.Amount)
		if p := b.holding[from.Address()]; p != nil {
			p.taken += int64(c.Amount)
			b.w.trace.tell("%v ledger %d: the issuer takes %d stroops of payment %d back", b.w.sched.now, s.ledger, int64(c.Amount), p.number)
		}
	case xdr.OperationTypeCreateClaimableBalance:
		c := s.op.MustCreateClaimableBalanceOp()
		claimant := c.Claimants[0].MustV0().Destination
		if p := b.holding[s.from]; p != nil && assetOf(c.Asset) == p.asset {
			id, _ := s.result.MustCreateClaimableBalanceResult().GetBalanceId()
			p.balance = true
			b.left[id.MustV0()] = leftover{p, claimant.Address(), int64(c.Amount)}
			b.moved(s, claimant.Address(), s.memo, p.asset, int64(c.Amount))
		}
	case xdr.OperationTypeClaimClaimableBalance:
		id := s.op.MustClaimClaimableBalanceOp().BalanceId.MustV0()
		if x, ok := b.left[id]; ok {
			b.w.trace.tell("%v ledger %d: the balance of payment %d is taken", b.w.sched.now, s.ledger, x.p.number)
			delete(b.left, id)
		}
	}
}

// created notes an account that was made: a holding account, when a treasury or a wallet made it with what a payment sends.
func (b *books) created(s step, account string, balance int64) {
	s.made[account] = true
	p := b.fundedBy(s.from, account, lumens, balance)
	own := b.clientMade(account)
	if b.made[account]++; b.made[account] > 1 && s.from != b.w.stranger.Address() && (p != nil || own != nil || b.holding[account] != nil) {
		b.w.violate("ledger %d: holding account %s is made a second time", s.ledger, account)
	}
	if own != nil && p == nil { // of a credit asset, which comes by a payment; or a stranger made it first
		b.holding[account] = own
	}
	if p != nil {
		b.funds(s, p, account)
	}
	b.moved(s, account, "", lumens, balance)
}

func (b *books) funds(s step, p *payment, account string) {
	b.holding[account] = p
	if p.funded++; p.funded > 1 {
		b.w.violate("ledger %d: payment %d is funded a second time", s.ledger, p.number)
	}
	p.home = account
	b.w.trace.tell("%v ledger %d: payment %d is funded", b.w.sched.now, s.ledger, p.number)
}

// clientMade is the payment whose holding account its sender's client made the key of.
func (b *books) clientMade(account string) *payment {
	i := slices.IndexFunc(b.payments, func(p *payment) bool { return p.holding == account })
	if i < 0 {
		return nil
	}
	return b.payments[i]
}

// fundedBy is the payment that is funded by money that goes into an account: by its amount out of a treasury, by the account where the
// sender's client made it.
func (b *books) fundedBy(by, account, asset string, amount int64) *payment {
	for _, p := range b.payments {
		switch {
		case p.asset != asset:
		case p.holding == account && p.wallet != nil && p.moves == nil && by == p.wallet.Address() && amount >= p.amount,
			p.holding == account && p.moves != nil && by == p.moves.home && amount > 0,
			p.holding == "" && p.wallet == nil && by == p.app.Treasury && amount == p.amount:
			return p
		}
	}
	return nil
}

// paid notes a payment: one that funds, one that pays a recipient directly, or one out of a holding account.
func (b *books) paid(s step, to, mark, asset string, amount int64) {
	if b.w.issuer != nil && asset == b.w.asset && s.from == b.w.issuer.Address() {
		b.total[asset] += amount
	}
	if b.w.issuer != nil && asset == b.w.asset && to == b.w.issuer.Address() {
		b.total[asset] -= amount
	}
	p := b.fundedBy(s.from, to, asset, amount)
	switch {
	case p != nil && p.holding == "" && !s.made[to]: // no holding account: directly
		b.funds(s, p, "")
		p.flow(to, amount)
		b.w.trace.tell("%v ledger %d: payment %d is paid to %s", b.w.sched.now, s.ledger, p.number, b.whose(p, to))
	case p != nil:
		b.funds(s, p, to)
	}
	b.moved(s, to, mark, asset, amount)
}

// moved notes money that went out of a holding account.
func (b *books) moved(s step, to, mark, asset string, amount int64) {
	p := b.holding[s.from]
	if p == nil || b.gone[s.from] {
		for _, a := range b.w.apps { // a treasury is filled up
			if a.Treasury == to && a.before != nil {
				a.before[asset] += amount
			}
		}
		return
	}
	if p.asset != lumens && asset == lumens {
		p.lumens[to] += amount // dust that a stranger paid in, or what is left of a purse
	}
	if amount == 0 || asset != p.asset {
		return
	}
	p.flow(to, amount)
	if want := p.marks[to]; want != mark && amount >= p.amount && p.tampered == "" {
		b.w.violate("ledger %d: payment %d comes to %s with the mark %q, not %q", s.ledger, p.number, to, mark, want)
	}
	b.w.trace.tell("%v ledger %d: %d stroops of payment %d go out of its holding account to %s", b.w.sched.now, s.ledger, amount, p.number, b.whose(p, to))
}

// flow notes money of a payment that went to an account.
func (p *payment) flow(to string, amount int64) {
	if p.flows[to] += amount; p.went == "" || p.flows[to] > p.flows[p.went] {
		p.went = to
	}
}

// logged wants every transaction that the service signed to be in the signer's log: what is signed and not written down may be signed again.
func (b *books) logged(t devnet.TransactionRecord, env xdr.TransactionEnvelope) {
	source, inner := env.SourceAccount().ToAccountId(), env
	if env.IsFeeBump() {
		payer := env.FeeBumpAccount()
		source, inner = payer.ToAccountId(), xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: env.FeeBump.Tx.InnerTx.V1}
	}
	if !slices.Contains(b.services, source.Address()) {
		return
	}
	signed := []xdr.TransactionEnvelope{inner}
	if by := inner.SourceAccount().ToAccountId(); env.IsFeeBump() && !slices.Contains(b.services[:3], by.Address()) {
		signed = append(signed, env) // out of a channel or a holding account: each bid for it is a line
	}
	log, err := os.ReadFile(filepath.Join(b.w.dir, "signer", "log.jsonl"))
	if err != nil {
		b.w.violate("the signer's log cannot be read: %v", err)
	}
	for _, tx := range signed {
		hash, err := netxdr.HashTransactionInEnvelope(tx, network)
		text := []byte(hex.EncodeToString(hash[:]))
		if err == nil && (bytes.Contains(log, text) || bytes.Contains(b.w.cutLog, text)) {
			continue
		}
		b.w.violate("ledger %d: a transaction of %s, %x, is not in the signer's log: %v", t.Ledger, source.Address(), hash, err)
	}
}
