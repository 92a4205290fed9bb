package relay

// Input is something that happened to a payment. Inputs come through three doors and no other: HTTP, the ledger watcher
// (which also speaks for what the signer signed, because a signature is only as good as the ledger makes it), the clock.
type Input interface {
	input() string // its name in history, which is stored: the type may be renamed, the name may not
}

// Through HTTP.
type (
	// CancelAsked: the sender wants the money back.
	CancelAsked struct{}
	// DeclineAsked: the recipient does not want it.
	DeclineAsked struct{}
	// Readdressed: the sender corrects the handle; no money moves and the link stays. What was proven or vouched for the old
	// handle dies in the same commit (the Desk sees to it), and the count of codes goes on.
	Readdressed struct{ To Handle }
	// ClaimSubmitted: the recipient signed a planned claim. Hash is its inner hash, At the newest ledger known.
	ClaimSubmitted struct {
		Hash, Destination string
		At                Head
	}
	// ShareReleased: the handle was proven, and the service's half of the key is handed out after this.
	ShareReleased struct{}
)

// From the mail server.
type (
	// MailAnswered: it took a mail to the handle, or refused the handle for good.
	MailAnswered struct {
		To      Handle
		Refused bool
	}
)

// From the signer and the ledger.
type (
	// FundingSigned: the signer minted a holding account and signed its funding; both are being committed now.
	FundingSigned struct {
		Hash, Holding string
		Bound         uint32
		LadderVersion int
		BoxMAC        string      // of a client's: of the box that it minted
		Proof         WalletProof // and of its wallet
	}
	// FundingKept: the signer keeps a client's funding, with the box that BoxMAC is of.
	FundingKept struct{ Hash, BoxMAC string }
	// WayBackKept: the way back of a client's funding is written down although its payment was given up.
	WayBackKept struct{ LadderVersion int }
	// FundingRefused: it cannot be funded at all, because the signer's policy says no.
	FundingRefused struct {
		Cause Reason
		Why   string // the signer's code and public sentence, for the history
	}
	// FundingLanded: the funding was seen in a ledger by its hash.
	FundingLanded struct {
		Hash   string
		Tx     string // "" when only the accounts that it made show it, and then the ledger is not known either
		Ledger uint32
		Fee    Stroops // this payment's part of it
		Payer  Payer
		Came   Stroops // of a payment that takes over another's money: what came of it
		Spent  Stroops // and the fees that the other's holding account has paid

		// Of a client's funding: what it made. A payment that had given the funding up takes it from here.
		Holding string
		Bound   uint32
	}
	// FundingUndone: the signer does not keep what a client minted, so its plan is taken back. Nothing says that it cannot land.
	FundingUndone struct{ Hash string }
	// FundingDead: the funding is proven unable to land, or was seen to fail.
	FundingDead struct {
		Hash  string
		Fee   Stroops // of a funding that was seen to fail
		Payer Payer
		NoTry bool // an account that pays had run short, or it was not handed in in time ([Tries.NoTry]): it counts as no try of the payment
	}
	// ClaimLanded: a claim we planned was seen in a ledger.
	ClaimLanded struct {
		Hash, Tx    string
		Ledger      uint32
		Destination string
		NewAccount  bool    // the sponsor carries the destination's reserve
		Arrived     Stroops // of the payment's asset, at the destination
		Rest        Stroops // lumens that left the holding account besides
		Fee         Stroops
		Payer       Payer
	}
	// ClaimDead: the claim is proven unable to land, or was seen to fail.
	ClaimDead struct {
		Hash  string
		Fee   Stroops // of a claim that was seen to fail
		Payer Payer
	}
	// ReturnLanded: rung number Rung was seen in a ledger. What that means, the payment's ladder says.
	ReturnLanded struct {
		Tx      string
		Ledger  uint32
		Rung    int
		Balance string  // that a last resort left, by its id
		Arrived Stroops // of the payment's asset
		Rest    Stroops // lumens that left the holding account besides
		Fee     Stroops
		Payer   Payer
	}
	// RungSpent: a rung was seen to fail; Left others remain.
	RungSpent struct {
		Left  int
		Fee   Stroops
		Payer Payer
	}
	// EmptiedElsewhere: a transaction that is none of ours merged the holding account, and brought the money to Destination.
	EmptiedElsewhere struct {
		Tx          string
		Ledger      uint32
		Destination string
		Arrived     Stroops // there, of the payment's asset; -1 when the transaction does not tell
		Rest        Stroops // there too, lumens besides a credit amount
		Kept        Stroops // lumens that went to the wallet which keeps the reserve, when Destination is another account
		Fee         Stroops // what it cost
		Holding     bool    // and the holding account paid that
	}
	// Moved: the funding of the payment that replaces this one took the money into its own holding account.
	Moved struct {
		Tx      string
		Ledger  uint32
		Holding string
		Arrived Stroops // of the payment's asset
		Rest    Stroops // lumens besides
	}
	// FeeTaken: the holding account paid the fee of a transaction that ends nothing: a move's that failed, or a key holder's own.
	FeeTaken struct {
		Tx  string
		Fee Stroops
	}
	// HoldingTroubled: the holding account is not as we made it, or is gone by a transaction that was not seen.
	HoldingTroubled struct{ Cause Reason }
	// HoldingSeen: the ledger shows that the holding account holds so much of the payment's asset; 0 when it is gone.
	HoldingSeen struct{ Held Stroops }
	// HoldingWell: the holding account was looked at and is as we made it.
	HoldingWell struct{}
	// BalanceCollected: the balance that a last resort left is claimed, by transaction Tx; or it is gone from the ledger, and Tx is
	// [CollectedElsewhere].
	BalanceCollected struct{ Tx string }
	// BalanceClawed: the issuer of the asset took it back.
	BalanceClawed struct{ Tx string }
	// ReservesBack: the sponsor keeps no reserve of the account any more that the claim made.
	ReservesBack struct{}
)

// From the clock, which is the ledger's.
type (
	// LedgerClosed: a ledger closed. Expiry is judged by it.
	LedgerClosed struct{ At Head }
	// ReturnDue: start the return that was asked for, or end a payment whose money has not moved. See [Payment.ReturnDue].
	ReturnDue struct{}
)

func (CancelAsked) input() string      { return "cancel_asked" }
func (DeclineAsked) input() string     { return "decline_asked" }
func (Readdressed) input() string      { return "readdressed" }
func (MailAnswered) input() string     { return "mail_answered" }
func (ClaimSubmitted) input() string   { return "claim_submitted" }
func (FundingSigned) input() string    { return "funding_signed" }
func (ShareReleased) input() string    { return "share_released" }
func (FundingKept) input() string      { return "funding_kept" }
func (WayBackKept) input() string      { return "way_back_kept" }
func (FundingRefused) input() string   { return "funding_refused" }
func (FundingLanded) input() string    { return "funding_landed" }
func (FundingUndone) input() string    { return "funding_undone" }
func (FundingDead) input() string      { return "funding_dead" }
func (ClaimLanded) input() string      { return "claim_landed" }
func (ClaimDead) input() string        { return "claim_dead" }
func (ReturnLanded) input() string     { return "return_landed" }
func (RungSpent) input() string        { return "rung_spent" }
func (EmptiedElsewhere) input() string { return "emptied_elsewhere" }
func (Moved) input() string            { return "moved" }
func (FeeTaken) input() string         { return "fee_taken" }
func (HoldingTroubled) input() string  { return "holding_troubled" }
func (HoldingSeen) input() string      { return "holding_seen" }
func (HoldingWell) input() string      { return "holding_well" }
func (BalanceCollected) input() string { return "balance_collected" }
func (BalanceClawed) input() string    { return "balance_clawed" }
func (ReservesBack) input() string     { return "reserves_back" }
func (LedgerClosed) input() string     { return "ledger_closed" }
func (ReturnDue) input() string        { return "onward" }

// InputName is the input's name as history spells it: "claim_landed".
func InputName(in Input) string { return in.input() }

// Recorded says whether history has a line for an input that changed a payment. It has one for each, but for those that only note what
// is kept for a funding: nothing has happened to the money, or to what its sender and recipient may do.
func Recorded(in Input) bool {
	switch in.(type) {
	case FundingKept, WayBackKept:
		return false
	}
	return true
}

// InputDetail is what history keeps of an input besides its name: hashes and accounts, never a secret.
func InputDetail(in Input) string {
	switch in := in.(type) {
	case MailAnswered:
		if in.Refused {
			return "refuses the address"
		}
		return "took it"
	case FundingSigned:
		return in.Hash
	case FundingRefused:
		if in.Why != "" {
			return in.Why
		}
		return string(in.Cause)
	case FundingLanded:
		return in.Hash
	case FundingDead:
		if in.NoTry {
			return in.Hash + " (an account that pays had run short)"
		}
		return in.Hash
	case FundingUndone:
		return in.Hash
	case ClaimSubmitted:
		return in.Hash
	case ClaimDead:
		return in.Hash
	case ClaimLanded:
		return in.Tx
	case ReturnLanded:
		return in.Tx
	case EmptiedElsewhere:
		return in.Tx
	case Moved:
		return in.Tx
	case FeeTaken:
		return in.Tx
	case BalanceCollected:
		return in.Tx
	case BalanceClawed:
		return in.Tx
	case HoldingTroubled:
		return string(in.Cause)
	case HoldingSeen:
		return in.Held.String()
	}
	return ""
}
