package desk

import (
	"context"

	"github.com/restante/restante/relay"
)

// Tx is one transaction of the store. Everything in it is committed together or not at all, and durable when the
// function that got it has returned without error and UpdateMany returns nil.
type Tx interface {
	// Try runs fn, and takes back what it wrote when it fails, without ending the transaction. What a rule of the database about
	// a row refuses is the fault "row_refused" (Internal); any other failure of the database ends the transaction all the same.
	Try(fn func() error) error

	// Payments. Save writes where id and p.Version are still so, else ErrStale, and counts the version up.
	Payment(id relay.PaymentID) (relay.Payment, error)
	InsertPayment(p relay.Payment) error // a fault "reference_taken" or "id_taken" (Conflict) when it is
	SavePayment(p *relay.Payment) error
	PaymentsOfHoldings(accounts []string) ([]relay.PaymentID, error)
	PaymentsOfBalances(ids []string) ([]relay.PaymentID, error) // in whose last resorts these claimable balances were left
	MintedFor(account string) ([]relay.PaymentID, error)        // those for which a way back out of the account was ever written down
	AppendHistory(e relay.Entry) error

	// Work. It is its payment's app's, or that of the first payment of its envelope. A row that is the same (kind, payment, envelope, subject) and not done is moved to the earlier due.
	AddWork(w Work) error
	CloseWork(id relay.PaymentID, kinds ...relay.EffectKind) error
	WorkOpen(id relay.PaymentID, kind relay.EffectKind) (bool, error)

	// Envelopes. Insert fails with ErrSequenceTaken when a live funding holds (network, source, sequence). Rungs of a ladder
	// and claims of one holding account do not exclude one another here: they all merge the same account away, and the
	// ledger takes one.
	InsertEnvelope(e relay.Envelope) error
	SaveEnvelope(e *relay.Envelope) error
	Envelope(hash string) (relay.Envelope, error)
	EnvelopesOf(id relay.PaymentID) ([]relay.Envelope, error)
	KnownEnvelopes(hashes []string) ([]string, error)

	// Secrets of a payment: box and share, encrypted at rest where they are not sealed already.
	PutBox(id relay.PaymentID, box []byte) error
	PutShare(id relay.PaymentID, share []byte) error
	Box(id relay.PaymentID) ([]byte, error)
	Share(id relay.PaymentID) ([]byte, error)
	Expunge(id relay.PaymentID) error      // box, share, codes, passes; the code book stays
	DropEvidence(id relay.PaymentID) error // codes and passes only; the code book stays
	DropBox(id relay.PaymentID) error      // the box only

	// Proof.
	CodeBook(id relay.PaymentID) (relay.CodeBook, error) // the zero book when there is none
	SaveCodeBook(b relay.CodeBook) error
	InsertCode(c relay.Code) error
	Code(session string) (relay.Code, error)
	SaveCode(c relay.Code) error
	InsertPass(p relay.Pass) error
	Pass(hash string) (relay.Pass, error)
	SavePass(p relay.Pass) error

	// Apps.
	InsertApp(a relay.App) error
	App(id relay.AppID) (relay.App, error)
	SaveApp(a relay.App) error
	ReservesOut(app relay.AppID, after relay.PaymentID, limit int) ([]relay.PaymentID, error) // payments with SpentUnits, behind an id, in order
	InsertKey(k relay.Key) error
	KeyByHash(hash string) (relay.Key, error)
	KeysOf(id relay.AppID) ([]relay.Key, error)
	SaveKey(k relay.Key) error
	Usage(id relay.AppID, asset string) (relay.Usage, error) // Waiting and Committed of one asset, the units of all

	// Accounts on file. PutAgreed replaces; Agreed answers ErrNotFound when there is none.
	PutAgreed(a relay.Agreed) error
	Agreed(app relay.AppID, to relay.Handle) (relay.Agreed, error)
	DropAgreed(app relay.AppID, to relay.Handle) error

	// Carried is what all payments in flight will still ask of the sponsor.
	Carried() (relay.Load, error)

	// Pauses. PutPause begins one, or goes on with one of the same cause, whose Since stays; EndPauses ends those of the apps.
	PutPause(p relay.Pause) error
	EndPauses(apps ...relay.AppID) error
	Pauses(apps ...relay.AppID) ([]relay.Pause, error) // of these apps; of all when none is named

	// Idempotency. Recall answers ErrNotFound when the key is new.
	Recall(app relay.AppID, key string) (Answered, error)
	Remember(a Answered) error
	// FreeAnswers gives back every key in flight that belongs to another process than the one named.
	FreeAnswers(process string) (rows int64, err error)

	// What was seen of the ledger. LedgerHash answers "" when not remembered.
	Cursor() (seq uint32, err error)
	LedgerHash(seq uint32) (string, error)
	Passed() (relay.Head, error)                // the ledger at the cursor; the zero Head when none is remembered
	LedgerAfter(seq uint32) (relay.Head, error) // the first that is remembered with a higher number; the zero Head when none is
	RememberLedger(h relay.Head) error          // moves the cursor; keeps the newest [RememberedLedgers]
	// Awaiting is work that ledger h wakes and nothing else does: of planned fundings that cannot land after h, to be judged,
	// unless their row is open; of returns whose first ledger is the next one.
	Awaiting(h relay.Head) ([]Work, error)
	ForgetLedgers() error // all hashes that are remembered; the cursor stays

	// Halts. Halt takes none whose hash a person has looked at; of everything it keeps the first that stands, of an app or a
	// payment one for each hash, as it was first. Lift ends all of a hash and remembers it: Lifted says so from then on.
	Halts() ([]relay.Halt, error)                                          // all that stand: that of everything, then the oldest
	HaltsOf(app relay.AppID, ids ...relay.PaymentID) ([]relay.Halt, error) // those that stop one of these payments of an app, in the same order
	Halt(h relay.Halt) error
	Lift(hash string) error
	Lifted(hash string) (bool, error)

	// What the database was made with. Fingerprints are never changed or deleted; SaveLogMark keeps the longest. Used says
	// whether there is an app, or a ledger was seen.
	Fingerprints() ([]Fingerprint, error)
	AddFingerprint(f Fingerprint, at relay.Micros) error
	LogMark() (relay.LogMark, error)
	SaveLogMark(m relay.LogMark) error
	Used() (bool, error)
}

// Filter chooses payments for a list, newest first.
type Filter struct {
	App       relay.AppID
	State     relay.State
	Reference string
	To        string // canonical handle
	After     relay.PaymentID
	Limit     int
}

// Store keeps intent. Reads see committed data. One conformance suite runs on every implementation.
type Store interface {
	// UpdateMany loads the payments named (each once, locked against other writers, in the order of ids), runs fn, and
	// commits what it wrote through tx. A failing fn rolls everything back and its error is returned as it is. fn may run
	// again when the database asks for it, so it touches nothing but tx.
	UpdateMany(ctx context.Context, ids []relay.PaymentID, fn func(tx Tx, payments []relay.Payment) error) error

	// View runs fn on one committed snapshot; fn only reads.
	View(ctx context.Context, fn func(tx Tx) error) error

	// List pages through payments; more says whether there are further ones.
	List(ctx context.Context, f Filter) (page []relay.Payment, more bool, err error)
	History(ctx context.Context, id relay.PaymentID) ([]relay.Entry, error)
	// WorkOf is every row of work for a payment, done ones included, and for the envelopes that carry it.
	WorkOf(ctx context.Context, id relay.PaymentID) ([]Work, error)

	// Holding lists payments in the states given, after an id, for audits and recovery.
	Holding(ctx context.Context, after relay.PaymentID, limit int, states ...relay.State) ([]relay.Payment, error)

	// LiveEnvelopes lists fundings and claims that could still land (planned or signed, of payments that have not ended, or of
	// which a funding by the sender's client could still bring one back).
	LiveEnvelopes(ctx context.Context, kinds ...relay.EnvelopeKind) ([]relay.Envelope, error)
	// TakenNumbers is, of each account given that lends its number to a funding which could still land, the highest such number.
	TakenNumbers(ctx context.Context, network string, sources []string) (map[string]int64, error)

	// Lease takes due rows of the kinds given (all kinds when none): those not done, due, not leased. Apps take turns: each that
	// has such rows gives one, then each another one, until there are limit; where there are more apps than that, the next
	// call goes on behind the last one that had its turn. So however much waits for one app, a row of another one waits for
	// at most one turn of the apps that have work. Of one app, the oldest due first; the answer is in the order of due. Rows of
	// DoFund are not due while a pause of their app, or of everybody, lasts; LeaseOne and Waiting keep to that, too.
	Lease(ctx context.Context, now, until relay.Micros, limit int, kinds ...relay.EffectKind) ([]Work, error)
	// LeaseOf takes due rows of a kind of one app, oldest due first.
	LeaseOf(ctx context.Context, app relay.AppID, now, until relay.Micros, limit int, kind relay.EffectKind) ([]Work, error)
	// LeaseOne takes one row if it is free and due; ErrNotFound otherwise.
	LeaseOne(ctx context.Context, id int64, now, until relay.Micros) (Work, error)
	// Waiting lists apps that have due rows of a kind, leased ones too; at most limit.
	Waiting(ctx context.Context, kind relay.EffectKind, now relay.Micros, limit int) ([]relay.AppID, error)
	// Done closes a row. Retry gives it back: due then, one more attempt, with what its attempts have come to and a note.
	Done(ctx context.Context, id int64, now relay.Micros) error
	Retry(ctx context.Context, id int64, due relay.Micros, tries relay.Tries, note string) error
	// Release gives a leased row back untried, no attempt counted: due then, with a note. 0 leaves it due as it was.
	Release(ctx context.Context, id int64, due relay.Micros, note string) error
	// Straighten pulls open rows that are due, or leased, beyond latest back to now: they were written while the clock was
	// wrong. Rows of DoExpire stay: theirs is the ledger's clock.
	Straighten(ctx context.Context, now, latest relay.Micros) (rows int64, err error)
	// Prune deletes work that was done, and answers that were remembered, before a moment; at most limit of each. What a
	// payment went through is in its history and its envelopes, which are never deleted.
	Prune(ctx context.Context, before relay.Micros, limit int) (rows int64, err error)
	// Unannounced lists ids of rows that are due and were never announced on the bus, and Announced marks them.
	Unannounced(ctx context.Context, now relay.Micros, limit int) ([]Work, error)
	Announced(ctx context.Context, ids []int64) error
}
