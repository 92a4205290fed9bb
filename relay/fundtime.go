package relay

import (
	"fmt"
	"math"
	"time"
)

// Limits of the time in which a sender's client may fund.
const (
	leastFundLedgers = 12
	leastFundTime    = time.Minute
	mostFundTime     = 24 * time.Hour // whatever the ledgers take; what MostFundLedgers allow is less
)

// ParseFundTime reads "10m" or "6h"; "" is the least. The error is of kind [Invalid].
func ParseFundTime(within string) (time.Duration, error) {
	if within == "" {
		return leastFundTime, nil
	}
	limit, err := time.ParseDuration(within)
	if err != nil || limit < leastFundTime || limit > mostFundTime {
		return 0, InvalidFault("fund_within_malformed", "/fund_within", `the time to fund is like "10m" or "6h": from 1m to 24h, and no more than 7,500 ledgers take`)
	}
	return limit, nil
}

// PaceLedgers is how many ledgers back the pace of the network is measured.
const PaceLedgers = 50

// pace is how many seconds a ledger takes, since an earlier one. Close times are voted on, so it is measured, and never below a tenth
// of a second; without an earlier one it counts as 5.
func pace(earlier, head Head) float64 {
	if earlier == (Head{}) {
		return 5
	}
	return max(float64(head.CloseTime-earlier.CloseTime)/float64(head.Sequence-earlier.Sequence), 0.1)
}

// FundWithin sets until when the payment's client may fund it: as [ParseFundTime] reads it, and as many ledgers as that takes by the
// pace since an earlier ledger, which is the zero Head where the history does not reach back. It ends before the payment does. The faults are
// of kind [Invalid].
func (p *Payment) FundWithin(within string, head, earlier Head) error {
	limit, err := ParseFundTime(within)
	if err != nil {
		return err
	}
	each := pace(earlier, head)
	ledgers := max(math.Ceil(limit.Seconds()/each), leastFundLedgers)
	if ledgers > MostFundLedgers { // the least never takes so many
		most := time.Duration(MostFundLedgers*each) * time.Second
		return InvalidFault("fund_within_too_long", "/fund_within", fmt.Sprintf("the time to fund is at most %s just now: %d ledgers of %.1f seconds. What a "+
			"wallet could still sign after that, nothing could prove dead", most.Truncate(time.Minute), MostFundLedgers, each))
	}
	p.FundBy = head.Sequence + uint32(ledgers)
	p.FundUntil = min(head.CloseTime+int64(limit/time.Second), int64(p.ExpiresAt/1_000_000)-1)
	return nil
}

// fundTimeOver says that the time to fund is over for the client.
func (p Payment) fundTimeOver(at Head) bool {
	return at.Sequence >= p.FundBy || at.CloseTime > p.FundUntil
}

// Fundable refuses a client's funding after its time, and of a payment that was funded or has ended: "funding_over" (Conflict).
func (p Payment) Fundable(at Head) error {
	if p.State != Created || p.fundTimeOver(at) {
		return ConflictFault("funding_over", "The time to fund this payment is over, or it was funded. Nothing was sent.")
	}
	return nil
}
