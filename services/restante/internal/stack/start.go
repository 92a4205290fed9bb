package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar/access"
	"github.com/restante/restante/services/devnet"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/internal/problem"
	"github.com/restante/restante/services/signer"
)

// progress is what a start waits for, for readiness and for callers who come too early. The zero value waits for the parts
// to be opened.
type progress struct {
	mu   sync.Mutex
	done bool
	awaited
}

type awaited struct {
	what string // a noun, e.g. "the ledger at 127.0.0.1:8000"
	err  error  // why it is not there yet; nil before the first attempt has failed
}

// waitFor says what is waited for from now on, and returns what was before.
func (p *progress) waitFor(what string, err error) (before awaited) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, p.awaited = p.awaited, awaited{what, err}
	return before
}

func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = true
}

// look is nil once the start is over.
func (p *progress) look(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return nil
	}
	public := "The service is starting; try again in a moment."
	if p.what != "" {
		public = "The service is starting and waits for " + p.what + "."
	}
	var fault *relay.Fault
	if errors.As(p.err, &fault) {
		public += " " + fault.Public
	} else if p.err != nil { // of the ledger's adapters, which keep addresses out of their errors
		public += " (" + p.err.Error() + ")"
	}
	return relay.NewFault(relay.Unavailable, "starting", public, p.err)
}

// serveStarting answers what no open endpoint takes: while the service starts, with what it waits for.
func (s *Stack) serveStarting(w http.ResponseWriter, r *http.Request) {
	err := s.starting.look(r.Context())
	if err == nil {
		if r.URL.Path == "/" {
			s.serveRoot(w)
			return
		}
		http.NotFound(w, r)
		return
	}
	problem.Write(w, r, err)
}

// serveRoot says at the root what this is, to a person who typed the address without a path.
func (s *Stack) serveRoot(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "Restante: poste restante for money.\n\nTo claim, open your whole link, which begins with %s/c/.\n"+
		"For programs: the API is below /v1, described at %s/v1/openapi.yaml. Readiness: /readyz.\n"+
		"The README: https://github.com/restante/restante\n", s.publicURL(), s.URL)
}

// LedgerHost is where the ledger is.
func (s *Stack) LedgerHost() string {
	return HostOf(LedgerSettings{URL: s.RPC, Horizon: s.Config.Ledger.Horizon})
}

// HostOf is the host of a ledger, without what could be a credential.
func HostOf(l LedgerSettings) string {
	u, err := url.Parse(cmp.Or(l.URL, l.Horizon))
	if err != nil {
		return "an address that cannot be read"
	}
	return u.Host
}

// quietFor is how long a start waits before the operator gets a line about it.
const quietFor = 2 * time.Second

// await does what the start cannot go on without, again and with a growing pause for as long as only the other side fails.
// Readiness names what it waits for; the operator gets a line when it takes longer than a moment.
func (s *Stack) await(ctx context.Context, what string, do func(context.Context) error) error {
	before := s.starting.waitFor(what, nil)
	defer func() { s.starting.waitFor(before.what, before.err) }()
	slow := time.AfterFunc(quietFor, func() {
		if why := s.starting.why(); why != "" {
			s.tell("Waiting for " + what + "." + why)
		}
	})
	defer slow.Stop()
	first := cmp.Or(s.Config.Worker.Retry, 500*time.Millisecond)
	for attempt := 0; ; attempt++ {
		err := do(ctx)
		if err == nil || ctx.Err() != nil || !transient(err) {
			return err
		}
		s.starting.waitFor(what, err)
		s.log.Info("the start waits", "for", what, "cause", err)
		if err := boot.Pause(ctx, first<<min(attempt, 4)); err != nil {
			return err
		}
	}
}

// untilAnswered asks one question of a ledger that sometimes does not answer, until it does: several in a row would seldom all be
// answered.
func untilAnswered[T any](ctx context.Context, s *Stack, ask func(context.Context) (T, error)) (answer T, err error) {
	err = s.await(ctx, "the ledger at "+s.LedgerHost(), func(ctx context.Context) error {
		answer, err = ask(ctx)
		return err
	})
	return answer, err
}

// transient says that another attempt may succeed: the other side did not answer, or not as it should. Another network never
// becomes the right one.
func transient(err error) bool {
	if errors.Is(err, access.ErrWrongNetwork) {
		return false
	}
	for _, kind := range []error{access.ErrTransient, access.ErrNonsense, access.ErrRefused} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return relay.KindOf(err) == relay.Unavailable
}

// why is the cause of the last attempt, for the operator; "" when the operator has read it in more words.
func (p *progress) why() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		return " It does not answer."
	}
	if errors.Is(p.err, errAccountsMissing) {
		return ""
	}
	var fault *relay.Fault
	if errors.As(p.err, &fault) && fault.Cause != nil {
		return fmt.Sprintf(" (%v)", fault.Cause)
	}
	return fmt.Sprintf(" (%v)", p.err)
}

func (s *Stack) tell(line string) {
	if s.Config.Say != nil {
		s.Config.Say(line)
	}
}

// writable makes the data directory where it is missing, and says in one place that it cannot be written.
func writable(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(dir, ".restante-*"); err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("the data directory %s cannot be written: %w", dir, err)
	}
	return nil
}

// notOpened says why a part in the data directory cannot be opened. Another process is named only where its lock was met.
func (s *Stack) notOpened(part string, err error) error {
	if errors.Is(err, signer.ErrLocked) || errors.Is(err, devnet.ErrLocked) {
		return fmt.Errorf("another restante runs on %s: %w", s.Config.Data, err)
	}
	err = fmt.Errorf("the %s in %s cannot be opened: %w", part, s.Config.Data, err)
	if broken := (*signer.LogError)(nil); errors.As(err, &broken) {
		return fmt.Errorf("%w. To go on, %s", err, signer.LogRemedy(s.made.Log.Lines))
	}
	return err
}
