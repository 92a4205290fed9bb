package simulate

import (
	"math/rand/v2"
	"slices"
	"time"
)

// kind names a kind of fault. What each does is said where it is drawn.
type kind string

const (
	storeBefore kind = "store-before" // the database does nothing and says so
	storeLost   kind = "store-lost"   // it commits, and says that it failed
	queueBefore kind = "queue-before" // the same of leases and of rows that are closed
	queueLost   kind = "queue-lost"

	ledgerRefused kind = "ledger-refused" // no connection
	ledgerLost    kind = "ledger-lost"    // done, and the answer is lost
	ledgerLate    kind = "ledger-late"    // the caller gives up, and it is done after that
	ledgerBusy    kind = "ledger-busy"    // 429 or 503
	ledgerTwice   kind = "ledger-twice"   // done twice
	ledgerLag     kind = "ledger-lag"     // an endpoint shows the ledger as it was some ledgers ago
	ledgerDrop    kind = "ledger-drop"    // a transaction that was accepted is forgotten
	ledgerWait    kind = "ledger-wait"    // it waits some ledgers
	ledgerTry     kind = "ledger-try"     // TRY_AGAIN_LATER, and nothing is done
	setDropped    kind = "set-dropped"    // a ledger closes with its set dropped
	surge         kind = "surge"          // others fill every ledger and bid more

	signerBefore kind = "signer-before" // no answer, nothing done
	signerLost   kind = "signer-lost"   // signed, and the answer is lost
	signerLate   kind = "signer-late"   // the caller gives up, and it signs after that
	signerTwice  kind = "signer-twice"  // asked twice
	logSync      kind = "log-sync"      // a sync of the log fails, the signer ends, and only a new start knows what the disk has
	logFull      kind = "log-full"      // no room for a line

	apiBefore kind = "api-before" // a person's request does not arrive
	apiLost   kind = "api-lost"   // the answer does not
	apiLate   kind = "api-late"   // the person gives up, and it arrives after that
	apiTwice  kind = "api-twice"  // it arrives twice

	mailBefore kind = "mail-before" // the mail server does not answer
	mailLost   kind = "mail-lost"   // it has the mail, and its answer is lost
	eventLost  kind = "event-lost"  // an event is published, and the answer is lost
	eventFails kind = "event-fails" // it is not published

	crashAPI    kind = "crash-api" // between two steps
	crashWorker kind = "crash-worker"
	crashSigner kind = "crash-signer"
	stall       kind = "stall"     // an actor stands still for longer than a lease lasts
	clockJump   kind = "clock"     // a process's clock jumps
	timeJump    kind = "time-jump" // an hour passes at once

	dbRestored kind = "db-restored" // the database is restored from a backup; the signer's log is not older
	logCut     kind = "log-cut"     // the signer's log is restored from a backup, and the database is not older
	outage     kind = "outage"      // everything but the signer is down for minutes
	fork       kind = "fork"        // the signer's endpoint shows another chain for minutes
)

// kinds are all that a history may draw. The order is part of what a seed means.
var kinds = []kind{storeBefore, storeLost, queueBefore, queueLost, ledgerRefused, ledgerLost, ledgerLate, ledgerBusy, ledgerTwice, ledgerLag,
	ledgerDrop, ledgerWait, ledgerTry, setDropped, surge, signerBefore, signerLost, signerLate, signerTwice, logSync, logFull,
	apiBefore, apiLost, apiLate, apiTwice, mailBefore, mailLost, eventLost, eventFails, crashAPI, crashWorker, crashSigner, stall, clockJump, timeJump,
	dbRestored, logCut, outage, fork}

// faults decides what goes wrong in one history. Each kind has a sequence of its own, so that to switch one off leaves the others as
// they were until the history has gone another way.
type faults struct {
	odds  map[kind]float64
	dice  map[kind]*rand.Rand
	left  int // faults that may still come
	off   bool
	count map[kind]int
}

// swarm chooses for one history which kinds it has, and with what odds.
func swarm(seed uint64, only, without []kind, most int) *faults {
	f := &faults{odds: map[kind]float64{}, dice: map[kind]*rand.Rand{}, count: map[kind]int{}, left: most}
	r := rand.New(rand.NewPCG(seed, 1))
	for i, k := range kinds {
		on, odds := r.IntN(2) == 0, []float64{0.003, 0.01, 0.04, 0.12}[r.IntN(4)]
		if rare[k] > 0 {
			odds *= rare[k]
		}
		if len(only) > 0 {
			on = slices.Contains(only, k)
		}
		if on && !slices.Contains(without, k) {
			f.odds[k] = odds
		}
		f.dice[k] = rand.New(rand.NewPCG(seed, uint64(i)+1000))
	}
	return f
}

// rare are kinds after which much has to begin anew: they come less often, so that a history gets anywhere.
var rare = map[kind]float64{crashAPI: 0.1, crashWorker: 0.1, crashSigner: 0.1, logSync: 0.2, stall: 0.05, clockJump: 0.05, timeJump: 0.02, ledgerLate: 0.3, signerLate: 0.3, apiLate: 0.5,
	dbRestored: 0.4, logCut: 0.3, outage: 0.2, fork: 0.2}

// hits draws once whether a fault of kind k happens now.
func (f *faults) hits(k kind) bool {
	odds := f.odds[k]
	if odds == 0 || f.off || f.left <= 0 || f.dice[k].Float64() >= odds {
		return false
	}
	f.left--
	f.count[k]++
	return true
}

// upTo draws a time of up to d for a fault of kind k.
func (f *faults) upTo(k kind, d time.Duration) time.Duration {
	return time.Duration(f.dice[k].Int64N(int64(d)))
}
