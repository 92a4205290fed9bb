package relay

// A claim into a new account leaves the sponsor's reserves in it. Its owner can carry them once the account has the lumens:
// then the sponsor takes them back (CAP-33, RevokeSponsorship), and what they were counted with in the app's budget falls.

// ReclaimSpare is what an account has free besides the reserves that it is to carry: for fees, and for one more asset.
const ReclaimSpare = One

// MostReclaims is how many accounts are asked for in one envelope: two entries each, of the 100 that fit.
const MostReclaims = 40

// Reclaim is what of an account's reserves can be taken back.
type Reclaim struct {
	Account bool // its own two
	Line    bool // that of its trustline for the payment's asset
	Poor    bool // it cannot carry them just now
}

// Units is how many reserves come back.
func (r Reclaim) Units() (n int) {
	if r.Account {
		n += AccountUnits
	}
	if r.Line {
		n++
	}
	return n
}

// ReclaimOf looks at an account that a claim made. An account that is gone, or that carries itself, gives nothing back: it
// did already.
func ReclaimOf(a AccountFacts, sponsor string, price Prices) Reclaim {
	r := Reclaim{Account: a.Exists && a.Sponsor == sponsor, Line: a.Exists && a.LineSponsor == sponsor}
	r.Poor = r.Units() > 0 && a.Free < Stroops(r.Units())*price.Reserve+ReclaimSpare
	return r
}

// ReclaimIntent asks the signer to take reserves back from the accounts that claims of these payments made. The source is the
// sponsor itself: nothing else of ours takes its numbers.
type ReclaimIntent struct {
	App      AppID
	Payments []PaymentID // at most MostReclaims
	Sequence int64       // the sponsor's next number
	SignedAt uint32      // newest ledger the caller knows
	Bound    uint32      // last ledger in which it may land
	MaxTime  int64       // last close time at which it may land, Unix seconds
}

// ReclaimAnswer is a signed envelope that takes reserves back. It pays its own fee and is handed in as it is.
type ReclaimAnswer struct {
	Hash     string
	XDR      []byte
	Payments []PaymentID // of the intent, those whose accounts can carry them
}
