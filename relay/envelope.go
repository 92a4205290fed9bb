package relay

// EnvelopeKind is what an envelope is for.
type EnvelopeKind string

const (
	FundingEnvelope EnvelopeKind = "funding" // creates the holding accounts of its payments
	ReturnEnvelope  EnvelopeKind = "return"  // one rung of a return ladder
	ClaimEnvelope   EnvelopeKind = "claim"   // pays a claimant's account that exists, or merges into one that it makes
)

// EnvelopeState is where an envelope is in its life.
type EnvelopeState string

const (
	// Planned: built and written down, not all have signed it. It may land all the same: the last signer can hand it in
	// without us.
	Planned EnvelopeState = "planned"
	// Signed: complete, and may be handed in at any moment.
	Signed EnvelopeState = "signed"
	// Landed: seen in a ledger, successful. An end.
	Landed EnvelopeState = "landed"
	// Spent: seen in a ledger, failed: sequence and fee are gone, nothing else happened. An end.
	Spent EnvelopeState = "spent"
	// Dead: proven unable to land ([Verdict]). An end, but for a wallet's own funding that is seen in a ledger all the same.
	Dead EnvelopeState = "dead"
)

// Envelope is a transaction that we signed, or had signed, and wrote down before it was sent. It is the second aggregate:
// one envelope carries one or many payments. Its hash is the inner one, which signatures and fee bumps do not change.
// Every envelope ever signed stays findable by its hash.
type Envelope struct {
	Hash     string
	Kind     EnvelopeKind
	State    EnvelopeState
	Version  int64
	Network  string // network id, hex
	Source   string // account whose sequence number it takes
	Sequence int64
	SignedAt uint32 // newest ledger known when it was signed: history is needed from here on
	Bound    uint32 // last ledger in which it may land; 0 = no end (returns)
	MaxTime  int64  // last close time at which it may land, Unix seconds; 0 = no end
	Rung     int    // of a return: its k
	XDR      []byte // the envelope, without fee bump
	Payments []PaymentID
	Log      LogMark // of the signer's line that holds it; zero = written down before there were marks

	PlannedAt   int64   // of a claim: close time of the newest ledger when it was planned, Unix seconds; 0 = not known, long ago
	Destination string  // of a claim; may be multiplexed (M…, SEP-23)
	NewAccount  bool    // of a claim: creates the destination
	NewLine     bool    // of a claim: gives the destination, which exists, its trustline
	Asset       string  // of a claim: what it moves
	Amount      Stroops // of a claim of a credit asset: how much of it
	OwnFee      Stroops // what its own source bids for it, and it is handed in as it is; 0 = inside a fee bump of the sponsor
	Tx          string  // outer hash as it landed
	Ledger      uint32
	Fee         Stroops // charged in all
}

// Sighting is what a ledger says of an envelope: it is in that ledger, successful or failed.
type Sighting struct {
	Hash    string // inner
	Tx      string // outer, the same when there is no fee bump
	Ledger  uint32
	Success bool
	Fee     Stroops
	Payer   string       // account that paid the fee; "" when the source does not tell
	Service bool         // which is the service's sponsor
	Paid    []Paid       // what its operations moved, in their order; empty when it failed
	Ended   []BalanceEnd // claimable balances that are gone by it
	Short   bool         // it failed because an account that pays had too little: the sponsor, or a treasury
}

// Live says whether the envelope could still land as far as we know.
func (e Envelope) Live() bool { return e.State == Planned || e.State == Signed }

// FromWallet says that this is a funding out of a wallet, which bids for itself and needs no signature of ours.
func (e Envelope) FromWallet() bool { return e.Kind == FundingEnvelope && e.OwnFee > 0 }

// StepSighting is what becomes of an envelope that was seen in a ledger, and the input to its payments ([WithAmounts] adds
// for each of them what it cost and moved). rungsLeft is how many other returns of the same holding account are live. Pure;
// repeats are no-ops; a sighting of an envelope that was proven dead is [ErrContradiction], but for one that a wallet alone
// signs. That stops its payments, and a person looks; the signer, once its own ledger shows that such a funding landed, takes it as
// landed and serves its way home and its claim. A kind that is not known is the fault "unknown_kind" (Internal).
func StepSighting(e Envelope, s Sighting, rungsLeft int) (Envelope, Input, error) {
	switch e.State {
	case Dead:
		if !e.FromWallet() {
			return e, nil, ErrContradiction
		}
	case Landed, Spent:
		if s.Tx != e.Tx || s.Success != (e.State == Landed) {
			return e, nil, ErrContradiction
		}
		return e, nil, nil
	}
	e.State, e.Tx, e.Ledger, e.Fee = Spent, s.Tx, s.Ledger, s.Fee
	if s.Success {
		e.State = Landed
	}
	switch {
	case e.Kind == FundingEnvelope && s.Success:
		return e, FundingLanded{Hash: e.Hash, Tx: s.Tx, Ledger: s.Ledger}, nil
	case e.Kind == ClaimEnvelope && s.Success:
		return e, ClaimLanded{Hash: e.Hash, Tx: s.Tx, Ledger: s.Ledger, Destination: e.Destination, NewAccount: e.NewAccount}, nil
	case e.Kind == ReturnEnvelope && s.Success:
		return e, ReturnLanded{Tx: s.Tx, Ledger: s.Ledger, Rung: e.Rung}, nil
	case e.Kind == FundingEnvelope:
		return e, FundingDead{Hash: e.Hash, NoTry: s.Short}, nil
	case e.Kind == ClaimEnvelope:
		return e, ClaimDead{Hash: e.Hash}, nil
	case e.Kind == ReturnEnvelope:
		return e, RungSpent{Left: rungsLeft}, nil
	}
	return e, nil, errKind
}

var errKind = NewFault(Internal, "unknown_kind", "", nil)

// StepDead is what becomes of an envelope that was proven unable to land, and the input to its payments. Only the
// holder of a [Verdict] of CannotLand may call it. A return has no end and dies only with its holding account's sequence.
func StepDead(e Envelope, rungsLeft int) (Envelope, Input, error) {
	switch e.State {
	case Landed:
		return e, nil, ErrContradiction
	case Spent, Dead:
		return e, nil, nil
	}
	e.State = Dead
	switch e.Kind {
	case FundingEnvelope:
		return e, FundingDead{Hash: e.Hash}, nil
	case ClaimEnvelope:
		return e, ClaimDead{Hash: e.Hash}, nil
	case ReturnEnvelope:
		return e, RungSpent{Left: rungsLeft}, nil
	}
	return e, nil, errKind
}
