package relay

// Head is the newest ledger that a source knows.
type Head struct {
	Sequence  uint32
	CloseTime int64  // Unix seconds
	Hash      string // hex
}

// Answer is what a network said when an envelope was handed in. It proves nothing: it is for back-off and for the log,
// and for what [Tries] and [Refusal.Trouble] say.
type Answer struct {
	Word  string // accepted, duplicate, try_later, refused, unknown
	Code  string // e.g. tx_bad_seq
	Why   Refusal
	Later bool // the network is busy: pause, or bid more
}

// Verdict is what can be said about an envelope that was not seen.
type Verdict int

const (
	Inconclusive Verdict = iota // it may still land, or the answers do not prove otherwise
	CannotLand                  // proven: past its bound, unbroken history, hash not in it, source's sequence in agreement
	Contradicted                // its sequence number was used by something we did not see
)

// HoldingQuery says how one holding account left our hands.
type HoldingQuery struct {
	Account string
	Asset   string
	Amount  Stroops // of a credit asset: the limit of its trustline
	Sponsor string  // who keeps its reserve; "" = the service's sponsor
	Lowest  int64   // sequence number of its lowest rung; 0 = all are spent
}

// HoldingFacts is what the ledger says about one holding account.
type HoldingFacts struct {
	Exists  bool
	Balance Stroops // lumens
	Held    Stroops // of the payment's asset; in lumens the same as Balance
	Trouble Reason  // "" = as we made it
	Detail  string  // what exactly, for the operator
}

// AccountFacts is what the ledger says about an account that may pay or receive, and about one asset in it.
type AccountFacts struct {
	Exists       bool
	Sequence     int64
	Balance      Stroops // lumens
	Free         Stroops // lumens it could pay out now, above its reserve
	MemoRequired bool    // SEP-29
	Line         bool    // it can hold the asset: has a trustline, is the issuer, or the asset is native
	Authorized   bool    // and may: the issuer has not forbidden it
	Spendable    Stroops // of the asset, what it could pay out now
	Room         Stroops // of the asset, what it could take in now
	Sponsor      string  // who keeps the account's own reserve; "" itself, or the source does not say
	LineSponsor  string  // who keeps that of its trustline for the asset

	// Signers are the keys that can sign for it now: its own, and others of every kind (G…, T…, X…, P…), each with a weight above 0.
	Signers []string
}

// AsFunded says that a holding account still has the reserve that sponsor funded it with, and that next is its next number.
func (home AccountFacts) AsFunded(sponsor string, next int64) bool {
	return home.Exists && home.Sponsor == sponsor && home.Sequence == next-1
}

// AssetFacts is what the ledger says about the issuer of an asset. For lumens all is as good as it can be.
type AssetFacts struct {
	IssuerExists bool
	AuthRequired bool // a new trustline needs the issuer's signature
	Revocable    bool // the issuer can freeze what is held
	Clawback     bool // the issuer can take back what is held
}

// Gathered is an envelope with the signatures that were found for it.
type Gathered struct {
	XDR     []byte      // whole: exactly those that the ledger's check consumes; else those that would count
	Missing []Shortfall // accounts whose signers have not signed with enough weight; empty: it is whole
	Grew    bool        // signatures that count were among those given, and not in the envelope yet
}

// Shortfall is the weight that an account's signers have signed with, and the one that its threshold asks for.
type Shortfall struct {
	Account    string
	Have, Need int
}

// RungAdvice is the outcome of a dry run of a return ladder against the ledger's entries.
type RungAdvice struct {
	Use    string // hash of the rung to hand in; "" = none can go through now
	Wait   bool   // none yet: too early
	Reason Reason // none ever, as things stand
	Detail string
}

// LedgerPage is one closed ledger as the watcher sees it.
type LedgerPage struct {
	Head         Head
	Previous     string // hash of the ledger before it
	Transactions []PageTransaction
}

// PageTransaction is one transaction of a closed ledger.
type PageTransaction struct {
	Sighting
	Touched []string          // every account it names
	Merges  map[string]string // accounts merged away → destination; empty when it failed
}

// Paid is what one operation moved from one account to another, by its result where the envelope does not say it.
type Paid struct {
	From, To, Asset string
	Amount          Stroops
	Customer        string // To as the operation writes it when that is an address of one of its customers (M…, SEP-23)
	Claimable       bool   // To has not got it: it waits for To in a claimable balance
	Balance         string // its id, in hexadecimal XDR
}

// BalanceEnd is what became of a claimable balance: its claimant claimed it, or the issuer clawed it back.
type BalanceEnd struct {
	ID     string // in hexadecimal XDR
	Clawed bool
}

// ErrGap: the source's history does not reach back far enough; what happened in between must be found out otherwise.
var ErrGap = NewFault(Unavailable, "history_gap", "The ledger's history does not reach back far enough.", nil)
