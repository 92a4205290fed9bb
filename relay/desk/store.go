package desk

import (
	"context"

	"github.com/restante/restante/relay"
)

// Views shows committed data. It is all of the store that a service which only reads is given.
type Views interface {
	// View runs fn on one committed snapshot, which no writer delays or changes. A write in fn is an error. It may be called
	// concurrently, but not in the fn of UpdateMany, which may hold what it needs.
	View(ctx context.Context, fn func(tx Tx) error) error
}

// Read is what get reads of one committed snapshot.
func Read[T any](ctx context.Context, store Views, get func(Tx) (T, error)) (out T, err error) {
	err = store.View(ctx, func(tx Tx) (err error) { out, err = get(tx); return err })
	return out, err
}

// Store keeps intent. The Desk alone writes through it; the one exception is [Queue], which keeps no intent. One conformance suite
// (relaytest) runs on every implementation.
type Store interface {
	Views

	// UpdateMany loads the payments named (each once, locked against other writers, in the order of ids), runs fn, and
	// commits what it wrote through tx. It is durable when nil is returned. A failing fn rolls everything back and its error is
	// returned as it is. fn may run again when the database asks for it, so it touches nothing but tx. It may be called
	// concurrently: writers come one after the other. A fault of kind [relay.Unavailable] says that nothing was written.
	UpdateMany(ctx context.Context, ids []relay.PaymentID, fn func(tx Tx, payments []relay.Payment) error) error
}

// Tx is one transaction of the store, or one snapshot of it. Everything in it is committed together or not at all, and durable
// when the function that got it has returned without error and UpdateMany returns nil. It is used by one goroutine, and not after
// that function has returned. Of the methods that read one row, those that say nothing else answer ErrNotFound when there is none.
//
// Its parts are named for the rows that they are about, and follow in the same order; [WorkRows] are in work.go.
type Tx interface {
	// Try runs fn, and takes back what it wrote when it fails, without ending the transaction. What a rule of the database about
	// a row refuses is the fault "row_refused" (Internal); any other failure of the database ends the transaction all the same.
	Try(fn func() error) error

	Payments
	Envelopes
	WorkRows
	Secrets
	Proofs
	Apps
	OnFile
	Pauses
	Answers
	Ledgers
	Halts
	Origin
}

// Payments are the rows of payments, and the history of each.
//
// A payment is saved over the version that was read: Save writes where id and p.Version are still so, else ErrStale, and counts
// the version up. What a payment was created with never changes but for its handle; no row is ever deleted. The database refuses
// a row whose state and columns contradict each other.
type Payments interface {
	Payment(id relay.PaymentID) (relay.Payment, error)
	InsertPayment(p relay.Payment) error // a fault "reference_taken" or "id_taken" (Conflict) when it is
	SavePayment(p *relay.Payment) error
	PaymentsOfHoldings(accounts []string) ([]relay.PaymentID, error)
	PaymentsOfBalances(ids []string) ([]relay.PaymentID, error) // in whose last resorts these claimable balances were left
	MintedFor(account string) ([]relay.PaymentID, error)        // those for which a way back out of the account was ever written down

	// List pages through payments; more says whether there are further ones.
	List(f Filter) (page []relay.Payment, more bool, err error)
	// Holding lists payments in the states given, after an id and in the order of ids, for audits and recovery; without states,
	// those that may have money in a holding account.
	Holding(after relay.PaymentID, limit int, states ...relay.State) ([]relay.Payment, error)

	AppendHistory(e relay.Entry) error
	History(id relay.PaymentID) ([]relay.Entry, error) // oldest first
}

// Filter chooses payments of an app for a list, newest first.
type Filter struct {
	App       relay.AppID // always needed
	State     relay.State
	Reference string
	To        string // canonical handle
	After     relay.PaymentID
	Limit     int
}

// Envelopes are the rows of signed and planned transactions. None is ever deleted: every envelope that was ever signed is found by
// its hash.
//
// Insert fails with ErrSequenceTaken when a live funding holds (network, source, sequence): that fences a sequence number between
// all writers. Rungs of a ladder and claims of one holding account do not exclude one another here: they all merge the same account
// away, and the ledger takes one. Save writes over the version that was read, else ErrStale.
type Envelopes interface {
	InsertEnvelope(e relay.Envelope) error // a fault "envelope_taken" (Conflict) when its hash is written down already
	SaveEnvelope(e *relay.Envelope) error
	Envelope(hash string) (relay.Envelope, error)
	EnvelopesOf(id relay.PaymentID) ([]relay.Envelope, error) // in the order in which they were written down
	KnownEnvelopes(hashes []string) ([]string, error)

	// LiveEnvelopes lists fundings and claims that could still land (planned or signed, of payments that have not ended, or of
	// which a funding by the sender's client could still bring one back). Returns are listed when they are asked for.
	LiveEnvelopes(kinds ...relay.EnvelopeKind) ([]relay.Envelope, error)
	// TakenNumbers is, of each account given that lends its number to a funding which could still land, the highest such number.
	TakenNumbers(network string, sources []string) (map[string]int64, error)
}

// Secrets are the box and the share of a payment, encrypted at rest where they are not sealed already. What is expunged is
// overwritten in the file. To delete again is not an error.
type Secrets interface {
	PutBox(id relay.PaymentID, box []byte) error // replaces that of a funding that could not land
	PutShare(id relay.PaymentID, share []byte) error
	Box(id relay.PaymentID) ([]byte, error)
	Share(id relay.PaymentID) ([]byte, error)
	Expunge(id relay.PaymentID) error // box, share, codes, passes; the code book stays
	DropBox(id relay.PaymentID) error // the box only
}

// Proofs are the rows by which a person proves that a handle is theirs: codes that were mailed, passes (vouchers and proofs), and
// the code book, which counts per payment and outlives both. Counts never go down. A row is read for writing: two that try the same
// code at once are counted twice.
type Proofs interface {
	CodeBook(id relay.PaymentID) (relay.CodeBook, error) // the zero book when there is none
	SaveCodeBook(b relay.CodeBook) error
	InsertCode(c relay.Code) error
	Code(session string) (relay.Code, error)
	SaveCode(c relay.Code) error
	InsertPass(p relay.Pass) error
	Pass(hash string) (relay.Pass, error)
	SavePass(p relay.Pass) error
	DropCredentials(id relay.PaymentID) error // codes and passes only; the code book stays
}

// Apps are the rows of tenants and their API keys, and what an app's payments add up to. To read an app for writing locks it, so
// that two payments of one app are judged one after the other.
type Apps interface {
	InsertApp(a relay.App) error
	App(id relay.AppID) (relay.App, error)
	SaveApp(a relay.App) error
	InsertKey(k relay.Key) error
	KeyByHash(hash string) (relay.Key, error) // a revoked one, too
	KeysOf(id relay.AppID) ([]relay.Key, error)
	SaveKey(k relay.Key) error

	Usage(id relay.AppID, asset string) (relay.Usage, error)                                  // Waiting and Committed of one asset, the units of all
	ReservesOut(app relay.AppID, after relay.PaymentID, limit int) ([]relay.PaymentID, error) // payments with SpentUnits, behind an id, in order
}

// OnFile are the accounts that recipients agreed to be paid into directly, one per app and handle.
type OnFile interface {
	PutAgreed(a relay.Agreed) error // replaces
	Agreed(app relay.AppID, to relay.Handle) (relay.Agreed, error)
	DropAgreed(app relay.AppID, to relay.Handle) error // again is not an error
}

// Pauses are what fundings wait for, by app, and what the sponsor has to carry. [Queue] does not lease the fundings of an app while
// a pause of it, or of all apps (""), lasts.
type Pauses interface {
	PutPause(p relay.Pause) error // begins one, or goes on with one of the same cause, whose Since stays
	EndPauses(apps ...relay.AppID) error
	Pauses(apps ...relay.AppID) ([]relay.Pause, error) // of these apps; of all when none is named
	Carried() (relay.Load, error)                      // what all payments in flight will still ask of the sponsor
}

// Answers are what requests with an Idempotency-Key were answered, encrypted at rest. A key is read for writing: of two requests
// with the same one, the second sees what the first wrote.
type Answers interface {
	Recall(app relay.AppID, key string) (Answered, error)
	Remember(a Answered) error // replaces
	// FreeAnswers gives back every key in flight that belongs to another process than the one named.
	FreeAnswers(process string) (rows int64, err error)
}

// Answered is a remembered answer to a request with an Idempotency-Key.
type Answered struct {
	App       relay.AppID
	Key       string
	Body      string       // hash of the request
	Until     relay.Micros // in flight until then, unless it is renewed; 0 = answered, 1 = given back
	Owner     string       // of one in flight: "<process>/<mark of the request>"
	Status    int
	Answer    []byte
	CreatedAt relay.Micros
}

// Ledgers are what was seen of the ledger: the cursor, which is the ledger taken in last, and the newest
// [relay.RememberedLedgers]. They are written in the commit that takes in what a ledger says, so that none is skipped or taken in
// twice.
type Ledgers interface {
	Cursor() (seq uint32, err error)            // 0 when none
	LedgerHash(seq uint32) (string, error)      // "" when it is not remembered
	Passed() (relay.Head, error)                // the ledger at the cursor; the zero Head when none is remembered
	LedgerAfter(seq uint32) (relay.Head, error) // the first that is remembered with a higher number; the zero Head when none is
	RememberLedger(h relay.Head) error          // moves the cursor; ErrContradiction when it is remembered with another hash
	ForgetLedgers() error                       // all hashes that are remembered; the cursor stays
	// Awaiting is work that ledger h wakes and nothing else does: of planned fundings that cannot land after h, to be judged,
	// unless their row is open; of returns whose first ledger is the next one.
	Awaiting(h relay.Head) ([]Work, error)
}

// Halts are what stops because ledger and records contradict each other, until a person has looked.
//
// Halt takes none whose hash a person has looked at; of everything it keeps the first that stands, of an app or a payment one for
// each hash, as it was first. A scope that is not known is one of everything. Lift ends all of a hash and remembers it: Lifted says
// so from then on.
type Halts interface {
	Halts() ([]relay.Halt, error)                                          // all that stand: that of everything, then the oldest
	HaltsOf(app relay.AppID, ids ...relay.PaymentID) ([]relay.Halt, error) // those that stop one of these payments of an app, in the same order
	Halt(h relay.Halt) error
	Lift(hash string) error
	Lifted(hash string) (bool, error)
}

// Origin is what the database was made with, and how far it knows the signer's log. Fingerprints are never changed or deleted.
type Origin interface {
	Fingerprints() ([]Fingerprint, error)
	AddFingerprint(f Fingerprint, at relay.Micros) error
	LogMark() (relay.LogMark, error)
	SaveLogMark(m relay.LogMark) error // keeps the longest
	Used() (bool, error)               // whether there is an app, or a ledger was seen
}
