package engine

import (
	"encoding/binary"

	"github.com/stellar/go-stellar-sdk/xdr"
)

type createAccount struct {
	plainOp
	xdr.CreateAccountOp
}

func (o createAccount) check(source ID) outcome {
	if o.StartingBalance < 0 || IDOf(o.Destination) == source {
		return fail(xdr.CreateAccountResultCodeCreateAccountMalformed)
	}
	return done()
}

func (o createAccount) apply(x *running) outcome {
	id := IDOf(o.Destination)
	if x.peekAccount(id) != nil {
		return fail(xdr.CreateAccountResultCodeCreateAccountAlreadyExist)
	}
	e := newAccount(id, int64(o.StartingBalance), startingSeq(uint32(x.header.LedgerSeq)))
	low := fail(xdr.CreateAccountResultCodeCreateAccountLowReserve)
	if out := x.reserveForAccount(e).outcome(low); !out.ok() {
		return out
	}
	source := x.account(x.source)
	if available(x.header, source) < int64(o.StartingBalance) {
		return fail(xdr.CreateAccountResultCodeCreateAccountUnderfunded)
	}
	source.Balance -= o.StartingBalance
	x.create(e)
	return done()
}

func newAccount(id ID, balance int64, seq xdr.SequenceNumber) *xdr.LedgerEntry {
	return &xdr.LedgerEntry{Data: xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.AccountEntry{
		AccountId: id.AccountID(), Balance: xdr.Int64(balance), SeqNum: seq, Thresholds: xdr.Thresholds{1, 0, 0, 0}}}}
}

type merge struct {
	plainOp
	into xdr.MuxedAccount
}

func (merge) level() level { return high }

func (o merge) check(source ID) outcome {
	if muxedID(o.into) == source {
		return fail(xdr.AccountMergeResultCodeAccountMergeMalformed)
	}
	return done()
}

func (o merge) apply(x *running) outcome {
	into := muxedID(o.into)
	if x.peekAccount(into) == nil {
		return fail(xdr.AccountMergeResultCodeAccountMergeNoAccount)
	}
	key := AccountKey(x.source)
	entry := x.load(key)
	a := entry.Data.Account
	switch {
	case a.Flags&xdr.Uint32(xdr.AccountFlagsAuthImmutableFlag) != 0:
		return fail(xdr.AccountMergeResultCodeAccountMergeImmutableSet)
	case int(a.NumSubEntries) != len(a.Signers):
		return fail(xdr.AccountMergeResultCodeAccountMergeHasSubEntries)
	case o.tooFar(x, a):
		return fail(xdr.AccountMergeResultCodeAccountMergeSeqnumTooFar)
	case a.NumSponsoring() != 0 || x.isSponsoring(x.source):
		return fail(xdr.AccountMergeResultCodeAccountMergeIsSponsor)
	}
	balance := int64(a.Balance)
	for len(a.Signers) > 0 {
		x.removeSigner(a, len(a.Signers)-1)
	}
	if !credit(x.account(into), balance) {
		return fail(xdr.AccountMergeResultCodeAccountMergeDestFull)
	}
	x.release(entry, a)
	x.erase(key)
	return outcome{body: binary.BigEndian.AppendUint64(nil, uint64(balance))}
}

// tooFar forbids a merge when the account, created anew, could use a number again.
func (o merge) tooFar(x *running, a *xdr.AccountEntry) bool {
	start := startingSeq(uint32(x.header.LedgerSeq))
	return a.SeqNum >= start || x.maxSeq[x.source] >= start
}

type bumpSequence struct {
	plainOp
	to xdr.SequenceNumber
}

func (bumpSequence) level() level { return low }

func (o bumpSequence) check(ID) outcome {
	if o.to < 0 {
		return fail(xdr.BumpSequenceResultCodeBumpSequenceBadSeq)
	}
	return done()
}

func (o bumpSequence) apply(x *running) outcome {
	a := x.account(x.source)
	touchSequence(x.header, a)
	a.SeqNum = max(a.SeqNum, o.to)
	return done()
}

type manageData struct {
	plainOp
	xdr.ManageDataOp
}

func (o manageData) check(ID) outcome {
	if o.DataName == "" || !printable(string(o.DataName)) {
		return fail(xdr.ManageDataResultCodeManageDataInvalidName)
	}
	return done()
}

// printable asks for ASCII without control characters.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func (o manageData) apply(x *running) outcome {
	key := dataKey(x.source, o.DataName)
	entry := x.load(key)
	if o.DataValue == nil {
		if entry == nil {
			return fail(xdr.ManageDataResultCodeManageDataNameNotFound)
		}
		x.release(entry, x.account(x.source))
		x.erase(key)
		return done()
	}
	if entry != nil {
		entry.Data.Data.DataValue = *o.DataValue
		return done()
	}
	entry = &xdr.LedgerEntry{Data: xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeData, Data: &xdr.DataEntry{
		AccountId: x.source.AccountID(), DataName: o.DataName, DataValue: *o.DataValue}}}
	_, _, v := x.reserveFor(entry, x.account(x.source))
	if out := v.outcome(fail(xdr.ManageDataResultCodeManageDataLowReserve)); !out.ok() {
		return out
	}
	x.create(entry)
	return done()
}
