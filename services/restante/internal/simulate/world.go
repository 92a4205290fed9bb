package simulate

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/field"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/mint"
	"github.com/restante/restante/relay/sqlstore"
	"github.com/restante/restante/relay/stellar/access"
	"github.com/restante/restante/relay/stellar/horizon"
	"github.com/restante/restante/relay/stellar/rpc"
	"github.com/restante/restante/services/api"
	"github.com/restante/restante/services/devnet"
	horizonserver "github.com/restante/restante/services/devnet/horizon"
	"github.com/restante/restante/services/signer"
	"github.com/restante/restante/services/worker"
)

// network is the passphrase of the simulated ledger.
const network = "restante-simulation"

// publicURL is where people reach the simulated relay.
const publicURL = "https://relay.example.com"

// began is when every history begins.
var began = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// world is one history: a ledger, a database, the processes on them, and the people.
type world struct {
	sched  *scheduler
	faults *faults
	chance *rand.Rand // of everything that is no fault: how long things take, what people do
	trace  *trace
	log    *slog.Logger

	dir    string
	base   *sqlstore.Store
	keys   *field.Keys
	kek    string // fingerprint of the signer's key-encryption key
	net    *devnet.Network
	jumped time.Duration // how far every clock was moved ahead

	nature   *process // the ledger, the network, what is not a process of ours
	people   *process
	signer   signerProcess
	handler  http.Handler // of the API; nil while it is down
	api      *process
	mailbox  mailbox
	events   *announced
	books    *books
	apps     []*app
	wallets  []*wallet
	stranger *keypair.Full // has lumens, and no part in any payment
	exchange *keypair.Full // asks for a memo
	issuer   *keypair.Full // of the asset; nil: this history has none
	horizon  http.Handler  // of the ledger, in some histories; nil: RPC alone
	asset    string
	poor     *app // whose treasury has next to nothing; nil: none

	saved    string // copy of the database; "": there is none yet
	restored bool   // the database was put back to it
	cutLog   []byte // the true log, while an older one is in its place
	forked   bool
	out      bool   // the operator cannot start anything
	excused  string // a disaster after which halts are no false alarms; "": none

	crossings int
	intents   map[string]int
	effects   map[relay.EffectKind]int
	restarts  int
	trouble   []string // violations, the first first
}

type signerProcess struct {
	*signer.Signer
	process *process
}

// violate notes what must not be.
func (w *world) violate(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.trace.tell("%v VIOLATION %s", w.sched.now, text)
	w.trouble = append(w.trouble, text)
}

// clock is the wall clock of a process.
func (w *world) clock(p *process) func() time.Time {
	return func() time.Time { return began.Add(w.sched.now + w.jumped + p.skew) }
}

func (w *world) newProcess(name string) *process {
	return &process{name: name, actors: map[*actor]struct{}{}}
}

// newWorld makes everything that was there before the first person comes: a ledger with a sponsor, channels and treasuries. Nothing
// goes wrong so far.
func newWorld(ctx context.Context, seed uint64, f *faults, tr *trace, log *slog.Logger, template string) (w *world, err error) {
	w = &world{sched: &scheduler{}, faults: f, chance: rand.New(rand.NewPCG(seed, 2)), trace: tr, log: log, intents: map[string]int{}, effects: map[relay.EffectKind]int{}, events: &announced{}}
	w.sched.panics = func(actor, why string) { w.violate("panic in %s: %s", actor, why) }
	var entropy [32]byte
	copy(entropy[:], fmt.Sprintf("restante simulate %d", seed))
	crand.Reader = rand.NewChaCha8(entropy) // of every key, box and id; one history runs at a time in a process
	if w.dir, err = os.MkdirTemp(memory(), "restante-simulate-"); err != nil {
		return nil, err
	}
	tr.dir = w.dir
	w.nature, w.people = w.newProcess("nature"), w.newProcess("people")
	f.off = true
	if w.net, err = devnet.Open(devnet.Config{Passphrase: network, Now: w.clock(w.nature), Logger: log.With("part", "ledger")}); err != nil {
		return w, err
	}
	if w.chance.IntN(3) == 0 {
		w.horizon = horizonserver.New(w.net, horizonserver.Config{})
	}
	if err := w.openBase(ctx, template); err != nil {
		return w, err
	}
	w.books = newBooks(w)
	return w, nil
}

// memory is a directory whose files are kept in memory, where there is one.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// openBase opens the database, as a copy of one that was migrated before.
func (w *world) openBase(ctx context.Context, template string) (err error) {
	raw, err := os.ReadFile(template)
	if err != nil {
		return err
	}
	path := filepath.Join(w.dir, "restante.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return err
	}
	root, err := field.CreateRoot(filepath.Join(w.dir, "field"))
	if err != nil {
		return err
	}
	if w.keys, err = field.Derive(root); err != nil {
		return err
	}
	w.base, err = sqlstore.Open(ctx, path, w.keys, sqlstore.WithClock(w.clock(w.nature)))
	return err
}

// Template makes a migrated, empty database in dir, which every history copies.
func Template(ctx context.Context, dir string) (path string, err error) {
	root, err := field.CreateRoot(filepath.Join(dir, "field"))
	if err != nil {
		return "", err
	}
	keys, err := field.Derive(root)
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "template.db")
	s, err := sqlstore.Open(ctx, path, keys)
	if err != nil {
		return "", err
	}
	return path, s.Close()
}

// close ends every actor and lets go of everything.
func (w *world) close() error {
	for _, p := range []*process{w.api, w.signer.process, w.people, w.nature} {
		if p != nil {
			w.sched.kill(p)
		}
	}
	for _, p := range w.books.workers {
		w.sched.kill(p)
	}
	var all error
	if w.signer.Signer != nil {
		all = w.signer.Close()
	}
	if w.base != nil {
		all = errors.Join(all, w.base.Close())
	}
	if w.net != nil {
		all = errors.Join(all, w.net.Close())
	}
	return errors.Join(all, os.RemoveAll(w.dir))
}

// ledger is a view of the ledger for a process, by a connection of its own. second is the endpoint of the signer.
func (w *world) ledger(p *process, sponsor string, second bool) *access.Port {
	handler, url := w.net.Handler(), "http://ledger.example.com/"
	if w.horizon != nil {
		mux := http.NewServeMux()
		mux.Handle("/horizon/", http.StripPrefix("/horizon", w.horizon))
		mux.Handle("/", handler)
		handler = mux
	}
	if second {
		url += "second"
	}
	serve := func(a http.ResponseWriter, r *http.Request) bool { handler.ServeHTTP(a, r); return true }
	transport := &road{calm: true, w: w, from: p, name: "ledger", refused: ledgerRefused, lost: ledgerLost, late: ledgerLate, twice: ledgerTwice, busy: ledgerBusy, serve: serve}
	cfg := access.Config{URL: url, Passphrase: network, HTTP: &http.Client{Transport: transport}}
	var source access.Source
	var err error
	if w.horizon != nil && p.name == "worker2" { // this one looks by another adapter
		cfg.URL += "horizon"
		source, err = horizon.Dial(context.Background(), cfg)
	} else {
		source, err = rpc.Dial(context.Background(), cfg)
	}
	if err != nil {
		w.violate("the ledger cannot be dialled: %v", err) // it was calm
	}
	transport.calm = false
	return &access.Port{Source: source, Sponsor: sponsor}
}

// startSigner opens the signer on its directory.
func (w *world) startSigner(ctx context.Context) error {
	p := w.newProcess("signer")
	known := signer.Known{KEK: w.kek, Exists: w.kek != ""}
	if mark, err := desk.Read(ctx, w.base, desk.Tx.LogMark); err == nil {
		known.Log = mark
	}
	s, err := signer.Open(ctx, signer.Config{Dir: w.dir, Passphrase: network, Channels: 2, Ledger: w.ledger(p, "", true), Known: known,
		Log: w.log.With("part", "signer"), Now: w.clock(p), OpenLog: w.openLog})
	if err != nil {
		return err
	}
	w.signer = signerProcess{s, p}
	return nil
}

func (w *world) desk(p *process, s desk.Store) *desk.Desk {
	return &desk.Desk{Store: s, Network: mint.NetworkID(network), Now: w.clock(p), Process: fmt.Sprintf("%s %d", p.name, w.restarts)}
}

// startAPI makes the API on the database.
func (w *world) startAPI(sponsor string) error {
	p := w.newProcess("api")
	s := store{w.base, w, p}
	handler, err := api.New(api.Config{PublicURL: publicURL, Network: network}, api.Deps{
		Desk: w.desk(p, s), Store: s, Signer: &desk.Anchored{Signer: signerPort{w, p}, Store: s}, Ledger: w.ledger(p, sponsor, false), Codes: w.keys,
		Log: w.log.With("part", "api"), Now: w.clock(p), Pace: pacer{w.sched, p},
	})
	if err != nil {
		return err
	}
	w.api, w.handler = p, handler
	return nil
}

// startWorker makes a worker and has it sweep and watch.
func (w *world) startWorker(ctx context.Context, name, sponsor string) {
	p := w.newProcess(name)
	s := store{w.base, w, p}
	x := worker.New(worker.Config{SweepEvery: 3 * time.Second, WatchEvery: 2 * time.Second, Parallel: 1}, worker.Deps{
		Desk: w.desk(p, s), Queue: s, Signer: &desk.Anchored{Signer: signerPort{w, p}, Store: s}, Ledger: w.ledger(p, sponsor, false),
		Announce: announcer{w, p}, Post: w.office(p), Log: w.log.With("part", name), Pace: pacer{w.sched, p},
	})
	w.books.workers[name] = p
	w.sched.spawn(p, name+" watch", func() { _ = x.Watch(ctx) }, nil)
	for i := range 2 {
		w.sched.spawn(p, fmt.Sprintf("%s sweep%d", name, i), func() { _ = x.Sweep(ctx) }, nil)
	}
}

// crash kills a process here and has it come again after a while.
func (w *world) crash(p *process, where string) {
	w.trace.tell("%v %s dies at %s", w.sched.now, p.name, where)
	w.sched.kill(p)
}

// watchdog starts again what has died, after a while. It is the operator's supervisor.
func (w *world) watchdog(ctx context.Context, sponsor string) {
	for {
		w.sched.sleep(time.Second)
		for _, name := range []string{"signer", "api", "worker1", "worker2"} {
			p := w.processOf(name)
			if p == nil || !p.dead || w.out && name != "signer" {
				continue
			}
			if w.chance.IntN(4) > 0 && !w.faults.off {
				continue
			}
			w.restarts++
			w.trace.tell("%v %s starts again", w.sched.now, name)
			switch name {
			case "signer":
				if w.signer.Signer != nil {
					_ = w.signer.Close()
				}
				err := w.startSigner(ctx)
				if err != nil && w.cutLog != nil {
					w.trace.tell("%v the signer refuses its log: %v", w.sched.now, err)
					w.sched.sleep(w.between(10*time.Second, 2*time.Minute))
					w.putBack()
					err = w.startSigner(ctx)
				}
				if errors.Is(err, syscall.EIO) || errors.Is(err, syscall.ENOSPC) {
					continue // the disk fails again: the next start may do
				}
				if err != nil {
					w.violate("the signer does not start again: %v", err)
					return
				}
			case "api":
				if err := w.startAPI(sponsor); err != nil {
					w.violate("the API does not start again: %v", err)
					return
				}
			default:
				w.startWorker(ctx, name, sponsor)
			}
		}
	}
}

func (w *world) processOf(name string) *process {
	switch name {
	case "signer":
		return w.signer.process
	case "api":
		return w.api
	}
	return w.books.workers[name]
}

// closing closes ledgers, one every few seconds, and has the books look at each.
func (w *world) closing(ctx context.Context) {
	for {
		w.sched.sleep(4500*time.Millisecond + time.Duration(w.chance.Int64N(int64(time.Second))))
		if w.faults.hits(timeJump) {
			w.jumped += time.Duration(20+w.chance.IntN(60)) * time.Minute
			w.trace.tell("%v time jumps to %v", w.sched.now, w.jumped)
		}
		if w.faults.hits(clockJump) {
			p := w.processOf([]string{"signer", "api", "worker1", "worker2"}[w.chance.IntN(4)])
			p.skew = time.Duration(w.chance.IntN(240)-120) * time.Second
			w.trace.tell("%v the clock of %s is off by %v", w.sched.now, p.name, p.skew)
		}
		faults := w.faults.ledger(w.chance.Uint64())
		faults.SecondFork = w.forked
		if err := w.net.SetFaults(faults); err != nil {
			w.violate("faults of the ledger: %v", err)
		}
		seq, err := w.net.CloseLedger()
		if err != nil {
			w.violate("the ledger does not close: %v", err)
			return
		}
		w.trace.add("%v ledger %d %x", w.sched.now, seq, w.books.hash())
		w.books.ledger(seq)
		w.disaster(ctx)
	}
}

// ledger draws what the network does to submissions and readers until the next ledger.
func (f *faults) ledger(seed uint64) devnet.Faults {
	d := devnet.Faults{Seed: seed | 1}
	one := func(k kind, set func()) {
		if f.hits(k) {
			set()
		}
	}
	one(ledgerDrop, func() { d.Drop = 0.7 })
	one(ledgerWait, func() { d.LateInclusion = 5 })
	one(ledgerTry, func() { d.TryAgain = 0.8 })
	one(setDropped, func() { d.DropSet = 1 })
	one(surge, func() { d.Surge = 5000 })
	one(ledgerLag, func() { d.Lag, d.SecondLag = uint32(f.dice[ledgerLag].IntN(6)), uint32(f.dice[ledgerLag].IntN(6)) })
	return d
}
