package engine

import "github.com/stellar/go-stellar-sdk/xdr"

// applied is what one transaction did.
type applied struct {
	result xdr.TransactionResult
	before []xdr.LedgerEntryChanges // sequence number, one-time signers, the fee source of a bump
	ops    []xdr.LedgerEntryChanges // empty when it failed
}

// apply runs a transaction whose fee is already taken. base is the fee per operation of this ledger, in stroops.
func (t *Tx) apply(l *layer, base int64) applied {
	if t.inner == nil {
		j, out := t.applyPlain(l, base, true)
		out.result = j.result()
		return out
	}
	// The outer part is not judged again: its payer may have merged away or lost its keys by now.
	own := l.child()
	if payer := own.account(t.feeSource); payer != nil {
		if at, found := findSigner(payer, preAuth(t.hash)); found {
			own.removeSigner(payer, at)
		}
	}
	outer := own.changes()
	own.commit()
	j, out := t.inner.applyPlain(l, base, false)
	out.before = append([]xdr.LedgerEntryChanges{outer}, out.before...)
	out.result = j.bumped(t.inner.hash, t.charged(base))
	return out
}

func (t *Tx) applyPlain(l *layer, base int64, payFee bool) (*judged, applied) {
	j := t.unjudged(t.charged(base))
	s := t.signatures()
	before := l.child()
	ok := t.prepare(before, s, j, payFee)
	out := applied{before: []xdr.LedgerEntryChanges{before.changes()}}
	before.commit()
	if ok {
		out.ops = t.run(l, j)
	}
	return j, out
}

// prepare uses up the sequence number and checks all signatures, before any operation runs. What it changes is
// kept even when the transaction then fails.
func (t *Tx) prepare(l *layer, s *signatures, j *judged, payFee bool) bool {
	closing := uint64(l.header.ScpValue.CloseTime)
	m := moment{seq: uint32(l.header.LedgerSeq), lower: closing, upper: closing}
	var at reach
	// The bid was held against the base fee at submission; a surge does not raise what a valid transaction owes.
	j.code, at = t.common(l, s, m, 0, payFee, true)
	if at >= sequenced {
		a := l.account(t.source)
		a.SeqNum = t.tx.SeqNum
		touchSequence(l.header, a)
	}
	ok := at == maybeValid
	if ok {
		for i := range t.ops {
			if code := t.authorise(l, s, i); code != xdr.OperationResultCodeOpInner {
				j.ops[i] = refuse(code).result(t.tx.Operations[i].Body.Type)
				j.code, ok = xdr.TransactionResultCodeTxFailed, false
			}
		}
	}
	t.dropOneTimeSigner(l)
	if ok && !s.allUsed() {
		j.code, ok = xdr.TransactionResultCodeTxBadAuthExtra, false
	}
	return ok
}

func preAuth(hash [32]byte) xdr.SignerKey {
	h := xdr.Uint256(hash)
	return xdr.SignerKey{Type: xdr.SignerKeyTypeSignerKeyTypePreAuthTx, PreAuthTx: &h}
}

// dropOneTimeSigner takes this transaction's pre-authorised hash off every account that it names as a source.
func (t *Tx) dropOneTimeSigner(l *layer) {
	key := preAuth(t.hash)
	seen := map[ID]bool{}
	for _, id := range append([]ID{t.source}, t.auth...) {
		if seen[id] {
			continue
		}
		seen[id] = true
		a := l.peekAccount(id)
		if a == nil {
			continue
		}
		if at, found := findSigner(a, key); found {
			l.removeSigner(l.account(id), at)
		}
	}
}

// run applies the operations one after the other. After a failure the later ones are still judged, on what the earlier
// successes left, and reported; nothing is kept.
func (t *Tx) run(l *layer, j *judged) []xdr.LedgerEntryChanges {
	all := l.child()
	var changes []xdr.LedgerEntryChanges
	for i, op := range t.ops {
		one := all.child()
		out := t.runOne(one, i, op)
		j.ops[i] = out.result(t.tx.Operations[i].Body.Type)
		if !out.ok() {
			j.code = xdr.TransactionResultCodeTxFailed
			continue
		}
		changes = append(changes, one.changes())
		one.commit()
	}
	switch {
	case j.code != xdr.TransactionResultCodeTxSuccess:
	case len(all.sponsors) != 0:
		j.code = xdr.TransactionResultCodeTxBadSponsorship
	default:
		all.commit()
		return changes
	}
	return nil
}

func (t *Tx) runOne(l *layer, at int, op operation) outcome {
	if !op.supported() {
		return refuse(xdr.OperationResultCodeOpNotSupported)
	}
	source := t.auth[at]
	if l.peekAccount(source) == nil {
		return refuse(xdr.OperationResultCodeOpNoAccount)
	}
	if out := op.check(source); !out.ok() {
		return out
	}
	return op.apply(&running{layer: l, source: source, tx: t, at: at})
}
