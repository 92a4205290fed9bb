package horizon

import (
	"slices"

	"github.com/stellar/go-stellar-sdk/protocols/horizon"

	"github.com/restante/restante/services/devnet"
)

// feeWindow is how many ledgers the statistics look back.
const feeWindow = 5

// feeStats is what transactions of the last ledgers paid and bid for an operation, in stroops; the base fee where there were none.
func feeStats(c *call) (any, error) {
	h := c.State().Header()
	latest := c.span.Latest
	rows, err := c.Transactions(max(c.span.Oldest, latest-min(latest, feeWindow-1)), 1, latest, -1)
	if err != nil {
		return nil, err
	}
	var charged, bid []int64
	last := 0
	for i := range rows {
		t, err := decode(&rows[i])
		if err != nil {
			return nil, err
		}
		ops, most := int64(len(t.ops)), int64(t.env.Fee())
		if t.env.IsFeeBump() {
			ops, most = ops+1, t.env.FeeBumpFee()
		}
		charged, bid = append(charged, int64(t.result.FeeCharged)/max(1, ops)), append(bid, most/max(1, ops))
		if t.Ledger == latest {
			last += len(t.ops)
		}
	}
	base := int64(h.BaseFee)
	out := horizon.FeeStats{LastLedger: latest, LastLedgerBaseFee: base, FeeCharged: distribution(charged, base),
		MaxFee: distribution(bid, base)}
	if h.MaxTxSetSize > 0 {
		out.LedgerCapacityUsage = float64(min(100, last*100/int(h.MaxTxSetSize))) / 100 // a share, not an amount
	}
	return out, nil
}

func distribution(fees []int64, none int64) horizon.FeeDistribution {
	if len(fees) == 0 {
		fees = []int64{none}
	}
	slices.Sort(fees)
	at := func(percent int) int64 { return fees[(len(fees)*percent+99)/100-1] } // nearest rank
	return horizon.FeeDistribution{Max: fees[len(fees)-1], Min: fees[0], Mode: devnet.Mode(fees), P10: at(10), P20: at(20), P30: at(30),
		P40: at(40), P50: at(50), P60: at(60), P70: at(70), P80: at(80), P90: at(90), P95: at(95), P99: at(99)}
}
