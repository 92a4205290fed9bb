package simulate

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/restante/restante/relay"
)

// Options are what a run is asked for. A run is histories in the order of their seeds, and its hash is over theirs: how many processes
// share the work makes no difference.
type Options struct {
	Seed      uint64 // of the first history
	Histories int    // 0: as many as it takes to meet so many faults
	Faults    int
	Only      string   // a kind of fault; "" all
	Without   []string // kinds that do not happen
	Payments  int      // of each history; 0: what its seed chooses
	Most      int      // faults of each history; 0: 400
	Jobs      int
	Child     []string // the command that plays histories for a run: seeds come in by lines, a [History] goes out for each
	Out       io.Writer
}

// Summary is what a run came to.
type Summary struct {
	Histories, Faults, Payments, Ledgers, Crossings, Restarts int
	Violations                                                int
	Hash                                                      string
	Took                                                      time.Duration
	Met                                                       coverage
}

// Line is the last line of a run.
func (s Summary) Line() string {
	return fmt.Sprintf("simulate: %d faults in %d histories, %d payments, %d violations, trace %s", s.Faults, s.Histories, s.Payments, s.Violations, s.Hash)
}

// coverage counts what was reached.
type coverage struct {
	Faults  map[kind]int
	Intents map[string]int
	Effects map[relay.EffectKind]int
	Steps   map[string]int // "created -> funding by funding_signed"
	Ends    map[string]int
}

func newCoverage() coverage {
	return coverage{map[kind]int{}, map[string]int{}, map[relay.EffectKind]int{}, map[string]int{}, map[string]int{}}
}

func (c coverage) add(more coverage) {
	sum(c.Faults, more.Faults)
	sum(c.Intents, more.Intents)
	sum(c.Effects, more.Effects)
	sum(c.Steps, more.Steps)
	sum(c.Ends, more.Ends)
}

func sum[K comparable](to, from map[K]int) {
	for k, n := range from {
		to[k] += n
	}
}

// intents are what a signer is asked for.
var intents = []string{"log", "fund", "fundings", "funding", "claim", "keep", "trust", "bump", "treasury", "reclaim", "collect", "allowance", "accounts"}

// write says what was reached how often, and what never.
func (c coverage) write(out io.Writer) {
	section(out, "faults", kinds, c.Faults)
	section(out, "signer intents", intents, c.Intents)
	section(out, "effects", relay.EffectKinds(), c.Effects)
	var ends []string
	for _, s := range relay.States {
		if s.State.Ended() {
			ends = append(ends, string(s.State))
		}
	}
	section(out, "ends", ends, c.Ends)
	edges, met := edgesOf(c.Steps)
	section(out, "edges", edges, met)
	inputs := map[string]int{}
	for s, n := range c.Steps {
		inputs[s[strings.LastIndex(s, " ")+1:]] += n
	}
	section(out, "inputs", slices.Sorted(maps.Keys(inputs)), inputs)
}

// edgesOf are the edges of the lifecycle, and how often steps went along each.
func edgesOf(steps map[string]int) (all []string, met map[string]int) {
	met = map[string]int{}
	for s, n := range steps {
		from, rest, _ := strings.Cut(s, " -> ")
		to, _, _ := strings.Cut(rest, " by ")
		met[from+" to "+to] += n
	}
	for _, s := range relay.States {
		for _, to := range relay.States {
			if _, ok := relay.Edges[s.State][to.State]; ok {
				all = append(all, string(s.State)+" to "+string(to.State))
			}
		}
	}
	return all, met
}

func section[K ~string](out io.Writer, what string, all []K, met map[K]int) {
	var reached, never []string
	for _, k := range all {
		if met[k] == 0 {
			never = append(never, string(k))
		} else {
			reached = append(reached, fmt.Sprintf("%s %d", k, met[k]))
		}
	}
	fmt.Fprintf(out, "%s, %d of %d reached: %s\n", what, len(reached), len(all), strings.Join(reached, ", "))
	if len(never) > 0 {
		fmt.Fprintf(out, "  never: %s\n", strings.Join(never, ", "))
	}
}

// Check refuses what no run can be.
func (o Options) Check() error {
	if o.Only != "" && !slices.Contains(kinds, kind(o.Only)) {
		return fmt.Errorf("there is no kind of fault %q; there are %v", o.Only, kinds)
	}
	for _, k := range o.Without {
		if !slices.Contains(kinds, kind(k)) {
			return fmt.Errorf("there is no kind of fault %q; there are %v", k, kinds)
		}
	}
	if o.Payments < 0 || o.Most < 0 {
		return errors.New("a history has no fewer than no payments and no faults")
	}
	if o.Histories < 0 || o.Faults < 0 || o.Histories == 0 && o.Faults == 0 {
		return errors.New("say how many histories, or how many faults")
	}
	return nil
}

// Run plays histories until there are as many of them, or of their faults, as asked for, or one violates what must hold.
func Run(ctx context.Context, o Options) (s Summary, found *History, err error) {
	if err := o.Check(); err != nil {
		return s, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	begun := time.Now()
	s.Met = newCoverage()
	hashes := sha256.New()
	next := o.Seed
	crew, err := hire(ctx, o)
	if err != nil {
		return s, nil, err
	}
	defer func() { cancel(); crew.leave() }()
	told := begun
	for s.Histories < o.Histories || o.Histories == 0 && s.Faults < o.Faults {
		h, err := crew.history(next)
		if err != nil {
			return s, nil, err
		}
		next++
		s.Histories++
		for _, n := range h.Met.Faults {
			s.Faults += n
		}
		s.Payments, s.Ledgers, s.Crossings, s.Restarts = s.Payments+h.Payments, s.Ledgers+h.Ledgers, s.Crossings+h.Crossings, s.Restarts+h.Restarts
		s.Met.add(h.Met)
		fmt.Fprintln(hashes, h.Hash)
		s.Hash, s.Took = hex.EncodeToString(hashes.Sum(nil)[:8]), time.Since(begun)
		if len(h.Trouble) > 0 {
			s.Violations++
			return s, &h, nil
		}
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			fmt.Fprintf(o.Out, "%6.0f s: %d histories, %d faults, %d ledgers, %d payments (%.1f a second), %d port calls (%.0f a second)\n", s.Took.Seconds(),
				s.Histories, s.Faults, s.Ledgers, s.Payments, float64(s.Payments)/s.Took.Seconds(), s.Crossings, float64(s.Crossings)/s.Took.Seconds())
		}
	}
	return s, nil, nil
}

// crew are the processes that play histories, one at a time each, because the source of randomness is a process's.
type crew struct {
	hands []*hand
	ahead uint64
}

type hand struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out chan History
	err chan error
}

func hire(ctx context.Context, o Options) (*crew, error) {
	c := &crew{ahead: o.Seed}
	for range max(o.Jobs, 1) {
		h := &hand{cmd: exec.CommandContext(ctx, o.Child[0], o.Child[1:]...), out: make(chan History, 1), err: make(chan error, 1)}
		h.cmd.Stderr = os.Stderr
		h.cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "GOGC=400") // one actor runs at a time: another processor only makes it wait
		in, err := h.cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		out, err := h.cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		if err := h.cmd.Start(); err != nil {
			return nil, err
		}
		h.in = in
		go func() {
			d := json.NewDecoder(bufio.NewReader(out))
			for {
				var got History
				if err := d.Decode(&got); err != nil {
					h.err <- fmt.Errorf("a process that plays histories ended: %w", errors.Join(err, h.cmd.Wait()))
					return
				}
				h.out <- got
			}
		}()
		c.hands = append(c.hands, h)
		if err := c.ask(h); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *crew) ask(h *hand) error {
	_, err := fmt.Fprintln(h.in, c.ahead)
	c.ahead++
	return err
}

// history is the one of a seed; seeds are asked for one after the other, and hands take them in turns.
func (c *crew) history(seed uint64) (History, error) {
	h := c.hands[0]
	c.hands = append(c.hands[1:], h)
	select {
	case got := <-h.out:
		if got.Seed != seed {
			return got, fmt.Errorf("the history of seed %d came in place of that of %d", got.Seed, seed)
		}
		return got, c.ask(h)
	case err := <-h.err:
		return History{}, err
	}
}

func (c *crew) leave() {
	for _, h := range c.hands {
		h.in.Close()
	}
}

// plan is how o has a history made, with a template of its own, which remove deletes.
func (o Options) plan(ctx context.Context) (p Plan, remove func(), err error) {
	if p.Template, remove, err = TemplateIn(ctx); o.Only != "" {
		p.Only = []kind{kind(o.Only)}
	}
	for _, k := range o.Without {
		p.Without = append(p.Without, kind(k))
	}
	p.Payments, p.Faults = o.Payments, o.Most
	return p, remove, err
}

// Flags are those of the command that has histories made by the plan.
func (p Plan) flags() (text string) {
	if len(p.Only) > 0 {
		text += " --only " + string(p.Only[0])
	}
	if len(p.Without) > 0 {
		var names []string
		for _, k := range p.Without {
			names = append(names, string(k))
		}
		text += " --without " + strings.Join(names, ",")
	}
	if p.Payments > 0 {
		text += fmt.Sprintf(" --payments %d", p.Payments)
	}
	if p.Faults > 0 {
		text += fmt.Sprintf(" --most %d", p.Faults)
	}
	return text
}

// Serve plays the history of each seed that comes in.
func (o Options) Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	plan, remove, err := o.plan(ctx)
	if err != nil {
		return err
	}
	defer remove()
	enc := json.NewEncoder(out)
	for {
		var seed uint64
		if _, err := fmt.Fscanln(in, &seed); err != nil {
			return nil
		}
		h, err := Play(ctx, seed, plan)
		if err == nil {
			err = enc.Encode(h)
		}
		if err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
	}
}

var numbers = regexp.MustCompile(`[0-9]+`)

// class is what a violation is about, whichever payment it is.
func class(trouble []string) string {
	if len(trouble) == 0 {
		return ""
	}
	return numbers.ReplaceAllString(strings.SplitN(trouble[0], "\n", 2)[0], "#")
}

// Shrink looks for a smaller history with the same violation: fewer kinds of faults, fewer faults, fewer payments.
func Shrink(ctx context.Context, h History, plan Plan) (History, Plan, error) {
	want := class(h.Trouble)
	try := func(smaller Plan) bool {
		got, err := Play(ctx, h.Seed, smaller)
		if err != nil || class(got.Trouble) != want {
			return false
		}
		h, plan = got, smaller
		return true
	}
	for _, k := range kinds {
		if h.Met.Faults[k] > 0 && ctx.Err() == nil {
			smaller := plan
			smaller.Without = append(slices.Clone(plan.Without), k)
			try(smaller)
		}
	}
	total := 0
	for _, n := range h.Met.Faults {
		total += n
	}
	for step := total / 2; step > 0 && ctx.Err() == nil; step /= 2 {
		smaller := plan
		if smaller.Faults = total - step; try(smaller) {
			total = smaller.Faults
		}
	}
	for n := 1; n < h.Payments && ctx.Err() == nil; n++ { // of people who send; a move, and the last payment, come besides
		smaller := plan
		if smaller.Payments = n; try(smaller) {
			break
		}
	}
	return h, plan, ctx.Err()
}

// Report says what a run reached.
func (s Summary) Report(out io.Writer) {
	if s.Histories == 0 {
		return
	}
	s.Met.write(out)
	fmt.Fprintf(out, "%d ledgers, %d port calls, %d restarts in %.0f s: %.0f faults and %.1f payments a second\n", s.Ledgers, s.Crossings, s.Restarts,
		s.Took.Seconds(), float64(s.Faults)/s.Took.Seconds(), float64(s.Payments)/s.Took.Seconds())
}

// One plays one history and writes its trace.
func (o Options) One(ctx context.Context, trace io.Writer) (History, error) {
	plan, remove, err := o.plan(ctx)
	if err != nil {
		return History{}, err
	}
	defer remove()
	plan.Trace = trace
	return Play(ctx, o.Seed, plan)
}

// Explain shrinks a history with a violation and tells it.
func (o Options) Explain(ctx context.Context, out io.Writer, h History) error {
	fmt.Fprintf(out, "seed %d: %s\n", h.Seed, strings.Join(h.Trouble, "\nand "))
	plan, remove, err := o.plan(ctx)
	if err != nil {
		return err
	}
	defer remove()
	small, plan, err := Shrink(ctx, h, plan)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThe shortest that was found: %d payments, faults %v\n", small.Payments, small.Met.Faults)
	story := small.Story
	if len(story) > 200 {
		fmt.Fprintf(out, "… %d lines before\n", len(story)-200)
		story = story[len(story)-200:]
	}
	for _, line := range story {
		fmt.Fprintln(out, "  "+line)
	}
	fmt.Fprintf(out, "\nIt is repeated by:\n\n  restante simulate --seed %d --histories 1%s\n\n", h.Seed, plan.flags())
	return nil
}
