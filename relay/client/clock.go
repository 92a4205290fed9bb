package client

import (
	"fmt"
	"time"
)

const (
	// clocksDiffer is from when on a claimant is told that her clock is not the ledger's.
	clocksDiffer = 5 * time.Minute
	// mostApart is how far apart they may be: a clock in local time taken for UTC is not further off. Beyond it, the relay's
	// word for the ledger's time is not enough to sign by.
	mostApart = 26 * time.Hour
)

// ClocksApart says that this machine's clock and the ledger's are too far apart to judge the end of an envelope by. Nothing
// was signed. When only the end is known, By is 0.
type ClocksApart struct {
	By  time.Duration // how far the ledger's clock, as the relay says, is ahead; negative: behind
	End time.Time     // of the envelope
	Now time.Time     // by this machine
}

func (c *ClocksApart) Error() string {
	const layout = "2006-01-02 15:04 MST"
	if c.By == 0 {
		return fmt.Sprintf("the transaction would end at %s, and this machine's clock says %s: one of the two clocks is wrong, or the relay is; set this machine's clock and try again",
			c.End.UTC().Format(layout), c.Now.UTC().Format(layout))
	}
	return fmt.Sprintf("the clocks differ: the ledger's is %s this machine's, which says %s; set this machine's clock and try again", Apart(c.By), c.Now.UTC().Format(layout))
}

// Apart is a difference between the ledger's clock and this machine's in words: "1 h 2 min ahead of".
func Apart(by time.Duration) string {
	word := "ahead of"
	if by < 0 {
		by, word = -by, "behind"
	}
	if by >= 48*time.Hour {
		return fmt.Sprintf("%d days %s", by/(24*time.Hour), word)
	}
	return fmt.Sprintf("%d h %d min %s", by/time.Hour, by%time.Hour/time.Minute, word)
}

// ledgerTime is the time by which the end of a plan is judged: the ledger's, as the relay tells it, where that is near enough
// this machine's clock to be true. What a relay gains by a false one is a claim that can land later, and no later than the
// payment's own end: into the destination that was signed, and nowhere else.
func (c *Client) ledgerTime(r ClaimRequest, got Plan) (time.Time, error) {
	now := c.now()
	if got.LedgerTime.IsZero() {
		return now, nil // a relay of before
	}
	by := got.LedgerTime.Sub(now)
	if by.Abs() > mostApart {
		return now, &ClocksApart{By: by, End: got.ExpiresAt, Now: now}
	}
	if by.Abs() > clocksDiffer && r.ClockOff != nil {
		r.ClockOff(by)
	}
	return got.LedgerTime, nil
}
