package relay

import "testing"

// BenchmarkStep is what a payment's life costs without the store: signed, landed, claimed.
func BenchmarkStep(b *testing.B) {
	p := Payment{ID: "pay_1", State: Created, Amount: 25 * One, ExpiresAt: expiry, ReturnTo: "home", To: ana, Policy: Guarded}
	life := []Input{
		FundingSigned{Hash: "f", Holding: "H", Bound: 9},
		FundingLanded{Hash: "f", Tx: "t", Ledger: 8, Fee: 100},
		LedgerClosed{At: Head{Sequence: 9, CloseTime: 10}},
		ClaimSubmitted{Hash: "c", Destination: "G", At: Head{Sequence: 10, CloseTime: 11}},
		ClaimLanded{Hash: "c", Tx: "u", Ledger: 11, Destination: "G", Arrived: 25 * One},
	}
	for b.Loop() {
		now := p
		for _, in := range life {
			next, _, err := Step(now, in, 1)
			if err != nil {
				b.Fatal(err)
			}
			now = next
		}
		if now.State != Claimed {
			b.Fatal(now.State)
		}
	}
}
