package relay

// Refusal is why the network refused an envelope, as far as a rule of ours depends on it; "" is any other reason, or none.
type Refusal string

const (
	RefusedFrozen Refusal = "frozen"   // the envelope names an entry that is frozen (CAP-77)
	RefusedShort  Refusal = "short"    // the account that pays the fee has not enough lumens
	RefusedLate   Refusal = "too_late" // its bound has passed
)

// Trouble is the input for each payment of an envelope that was refused so, nil for none. It is no evidence about the envelope: an
// audit takes a payment out of parked again. No other number and no higher fee helps where an entry is frozen.
func (why Refusal) Trouble() Input {
	if why == RefusedFrozen {
		return HoldingTroubled{Cause: Frozen}
	}
	return nil
}

// Tries is what the attempts at a row of work have come to. Attempts that only waited for something leave it as it is.
type Tries struct {
	HandedIn int     // how often its envelopes were handed in
	Refusal  Refusal // of the last of these
	Gone     int     // how often, one after the other, the balance that it is about was looked for and not found
}

// goneLooks is how often the envelope of a balance that is gone is looked for: a source may show the one before the other.
const goneLooks = 20

// Missed counts one more look that found a balance gone and no envelope of ours that claims it. elsewhere says that there were enough
// of them: the balance was collected as [CollectedElsewhere].
func (t Tries) Missed() (next Tries, elsewhere bool) {
	if t.Gone >= goneLooks {
		return t, true
	}
	t.Gone++
	return t, false
}

// NoTry says of a funding that is proven unable to land that it was no try of its payments: it was never handed in, or only
// when its bound had passed, or the account that pays for it had run short.
func (t Tries) NoTry() bool {
	return t.HandedIn == 0 || t.HandedIn == 1 && t.Refusal == RefusedLate || t.Refusal == RefusedShort
}
