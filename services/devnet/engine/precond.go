package engine

import "github.com/stellar/go-stellar-sdk/xdr"

// conditions is what a transaction asks for before it may run (CAP-21), in one shape for all versions.
type conditions struct {
	minTime, maxTime     uint64 // seconds, 0 = none
	minLedger, maxLedger uint32 // maxLedger is exclusive, 0 = none
	minSeqNum            *xdr.SequenceNumber
	minSeqAge            uint64 // seconds
	minSeqGap            uint32 // ledgers
	extra                []xdr.SignerKey
}

func conditionsOf(tx *xdr.Transaction) conditions {
	var c conditions
	bounds := tx.Cond.TimeBounds
	if v2 := tx.Cond.V2; v2 != nil {
		bounds = v2.TimeBounds
		if v2.LedgerBounds != nil {
			c.minLedger, c.maxLedger = uint32(v2.LedgerBounds.MinLedger), uint32(v2.LedgerBounds.MaxLedger)
		}
		c.minSeqNum, c.minSeqAge, c.minSeqGap = v2.MinSeqNum, uint64(v2.MinSeqAge), uint32(v2.MinSeqLedgerGap)
		c.extra = v2.ExtraSigners
	}
	if bounds != nil {
		c.minTime, c.maxTime = uint64(bounds.MinTime), uint64(bounds.MaxTime)
	}
	return c
}

// moment is when a transaction is judged. At submission the upper time bound is held against a later time than the lower
// one, so that what is accepted can still land.
type moment struct {
	seq          uint32
	lower, upper uint64 // seconds
}

func (c *conditions) tooEarly(m moment) bool { return c.minTime > m.lower || c.minLedger > m.seq }

func (c *conditions) tooLate(m moment) bool {
	return c.maxTime != 0 && c.maxTime < m.upper || c.maxLedger != 0 && c.maxLedger <= m.seq
}

// tooEarlyFor asks whether the account's last use is too recent.
func (c *conditions) tooEarlyFor(m moment, a *xdr.AccountEntry) bool {
	if c.minSeqAge > m.lower || m.lower-c.minSeqAge < uint64(a.SeqTime()) {
		return true
	}
	return c.minSeqGap > m.seq || m.seq-c.minSeqGap < uint32(a.SeqLedger())
}

// malformedSigners asks whether the extra signers contradict the format.
func (c *conditions) malformedSigners() bool {
	if len(c.extra) == 2 && compareSigners(c.extra[0], c.extra[1]) == 0 {
		return true
	}
	for _, k := range c.extra {
		if k.Ed25519SignedPayload != nil && len(k.Ed25519SignedPayload.Payload) == 0 {
			return true
		}
	}
	return false
}

// startingSeq is the sequence number that an account created in this ledger begins with.
func startingSeq(seq uint32) xdr.SequenceNumber { return xdr.SequenceNumber(seq) << 32 }

// badSeq asks whether the account's number lets this transaction be the next.
func badSeq(tx *xdr.Transaction, c *conditions, m moment, current xdr.SequenceNumber) bool {
	if tx.SeqNum == startingSeq(m.seq) {
		return true
	}
	if c.minSeqNum != nil {
		return current < *c.minSeqNum || current >= tx.SeqNum
	}
	return current+1 != tx.SeqNum || current == 1<<63-1
}
