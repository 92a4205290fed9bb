package devnet

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Faults makes the network unfriendly. The zero value is a friendly one. A chance lies between 0 and 1 and is drawn from Seed, for each
// fault from a sequence of its own, so a run with the same requests in the same order meets the same faults, whichever others are
// switched on besides.
type Faults struct {
	Seed uint64 `json:"seed"` // 0 = drawn, and logged

	// Submissions.
	LoseAnswer    float64 `json:"lose_answer"`    // chance that the answer to an accepted submission is lost: the connection breaks
	LoseNext      int     `json:"lose_next"`      // so many answers to accepted submissions are lost, from now on
	TryAgain      float64 `json:"try_again"`      // chance that a submission is told TRY_AGAIN_LATER and nothing is done
	LateInclusion int     `json:"late_inclusion"` // ledgers that an accepted transaction waits at most, drawn for each
	Drop          float64 `json:"drop"`           // chance that an accepted transaction is forgotten when the next ledger closes

	// Any request on the protocol port but the friendbot's.
	TooMany     float64 `json:"http_429"` // chance of 429; nothing is done
	Unavailable float64 `json:"http_503"` // chance of 503; nothing is done
	TimedOut    float64 `json:"http_504"` // chance of 504; what was asked for is done all the same

	// Ledgers.
	DropSet float64 `json:"drop_set"` // chance that a ledger closes with its set dropped (CAP-83); what was in it keeps waiting
	Surge   int64   `json:"surge"`    // stroops for each operation bid by background load that fills every ledger; 0 = no load

	// Streams of events (Horizon's).
	StreamDelay   int64   `json:"stream_delay_ms"` // milliseconds before each event
	StreamReorder float64 `json:"stream_reorder"`  // chance that an event changes places with the next one

	// Endpoints: the protocol port, and the second one at /second on it.
	Lag        uint32 `json:"lag"`         // ledgers that the first endpoint is behind
	SecondLag  uint32 `json:"second_lag"`  // ledgers that the second endpoint is behind
	SecondFork bool   `json:"second_fork"` // the second endpoint sees another chain from now on
}

const (
	maxLate        = 1000
	maxSurge       = 1_000_000
	maxStreamDelay = 60_000
)

func (f Faults) check(protocol uint32) error {
	for name, p := range map[string]float64{"lose_answer": f.LoseAnswer, "try_again": f.TryAgain, "drop": f.Drop, "http_429": f.TooMany,
		"http_503": f.Unavailable, "http_504": f.TimedOut, "drop_set": f.DropSet, "stream_reorder": f.StreamReorder} {
		if !(p >= 0 && p <= 1) {
			return fmt.Errorf("%s is a chance and lies between 0 and 1", name)
		}
	}
	switch {
	case f.TooMany+f.Unavailable+f.TimedOut > 1:
		return errors.New("the chances of http_429, http_503 and http_504 are more than 1 together")
	case f.LoseNext < 0 || f.LateInclusion < 0 || f.LateInclusion > maxLate:
		return fmt.Errorf("lose_next and late_inclusion are not negative, and late_inclusion is at most %d", maxLate)
	case f.Surge < 0 || f.Surge > maxSurge:
		return fmt.Errorf("surge lies between 0 and %d stroops", maxSurge)
	case f.StreamDelay < 0 || f.StreamDelay > maxStreamDelay:
		return fmt.Errorf("stream_delay_ms lies between 0 and %d", maxStreamDelay)
	case f.Lag > maxLag || f.SecondLag > maxLag:
		return fmt.Errorf("an endpoint lags at most %d ledgers", maxLag)
	case f.DropSet > 0 && protocol < 28:
		return errors.New("drop_set needs protocol 28")
	}
	return nil
}

// The sequences that faults are drawn from.
const (
	dieLoseAnswer = iota + 1
	dieTryAgain
	dieLate
	dieDrop
	dieHTTP
	dieDropSet
	dieReorder
	dice
)

func newDice(seed uint64) (out [dice]*rand.Rand) {
	for i := range out {
		out[i] = rand.New(rand.NewPCG(seed, uint64(i)))
	}
	return out
}

// hits draws once; a chance of 0 draws nothing.
func (n *Network) hits(die int, chance float64) bool {
	return chance > 0 && n.dice[die].Float64() < chance
}

// SetFaults replaces the faults, and begins the sequences anew. What is out of range is refused, and nothing changes then.
func (n *Network) SetFaults(f Faults) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := f.check(uint32(n.state.Header().LedgerVersion)); err != nil {
		return fmt.Errorf("devnet: %w", err)
	}
	if f == (Faults{}) {
		f.Seed = rand.Uint64()
	} else if f.Seed == 0 {
		f.Seed = rand.Uint64()
		n.log.Warn("faults: this seed repeats them", "seed", f.Seed)
	}
	if err := n.setFork(f.SecondFork); err != nil {
		return err
	}
	n.faults, n.lose, n.dice = f, f.LoseNext, newDice(f.Seed)
	n.log.Info("faults set", "faults", f)
	return nil
}

// Faults is what is switched on; LoseNext counts down.
func (n *Network) Faults() Faults {
	n.mu.RLock()
	defer n.mu.RUnlock()
	f := n.faults
	f.LoseNext = n.lose
	return f
}

// loses decides whether the answer to an accepted submission is lost.
func (n *Network) loses() bool {
	if n.lose > 0 {
		n.lose--
		return true
	}
	return n.hits(dieLoseAnswer, n.faults.LoseAnswer)
}

// Streaming is what a stream of events must do with the next count of them: wait that long before each, and send them in this order
// (indices from 0).
func (n *Network) Streaming(count int) (wait time.Duration, order []int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	order = make([]int, count)
	for i := range order {
		order[i] = i
	}
	for i := 0; i+1 < count; i++ {
		if n.hits(dieReorder, n.faults.StreamReorder) {
			order[i], order[i+1] = order[i+1], order[i]
		}
	}
	return time.Duration(n.faults.StreamDelay) * time.Millisecond, order
}
