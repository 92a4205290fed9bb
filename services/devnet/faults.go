package devnet

import (
	"errors"
	"math/rand/v2"
)

// Faults makes the network unfriendly. The zero value is a friendly one. Chances are drawn from Seed, so a run with the same
// submissions in the same order meets the same faults.
type Faults struct {
	LoseAnswer    float64 `json:"lose_answer"`    // chance that the answer to an accepted sendTransaction is lost
	LoseNext      int     `json:"lose_next"`      // so many answers to accepted sendTransactions are lost, from now on
	LateInclusion int     `json:"late_inclusion"` // ledgers that an accepted transaction waits at most, drawn for each
	TryAgain      float64 `json:"try_again"`      // chance that sendTransaction answers TRY_AGAIN_LATER and does nothing
	Seed          uint64  `json:"seed"`           // 0 = drawn, and logged
}

func (f Faults) check() error {
	if !(f.LoseAnswer >= 0 && f.LoseAnswer <= 1 && f.TryAgain >= 0 && f.TryAgain <= 1) {
		return errors.New("a chance lies between 0 and 1")
	}
	if f.LoseNext < 0 || f.LateInclusion < 0 || f.LateInclusion > 1000 {
		return errors.New("lose_next and late_inclusion are not negative, and late_inclusion is at most 1000")
	}
	return nil
}

func newDice(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }

// SetFaults replaces the faults. Chances out of range count as none.
func (n *Network) SetFaults(f Faults) {
	if err := f.check(); err != nil {
		n.log.Warn("faults refused", "error", err)
		f = Faults{}
	}
	if f.Seed == 0 {
		f.Seed = rand.Uint64()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults, n.lose, n.dice = f, f.LoseNext, newDice(f.Seed)
	n.log.Info("faults set", "seed", f.Seed, "lose_answer", f.LoseAnswer, "lose_next", f.LoseNext,
		"late_inclusion", f.LateInclusion, "try_again", f.TryAgain)
}

// loses decides whether the answer to an accepted submission is lost.
func (n *Network) loses() bool {
	if n.lose > 0 {
		n.lose--
		return true
	}
	return n.faults.LoseAnswer > 0 && n.dice.Float64() < n.faults.LoseAnswer
}
