package worker

import (
	"context"
	"slices"
	"sync"

	"github.com/restante/restante/relay"
)

// funders is what goroutines that fund at the same time share.
type funders struct {
	mu       sync.Mutex
	atWork   map[relay.AppID]bool
	channels map[string]bool        // chosen, and not written down yet
	turns    map[relay.AppID]uint64 // when an app got a channel last, counted up
	turn     uint64
	rest     relay.Micros // until then there was no free channel
}

// enter says whether the caller may fund for the app; it leaves when it is done.
func (f *funders) enter(app relay.AppID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.atWork[app] {
		return false
	}
	if f.atWork == nil {
		f.atWork, f.channels, f.turns = map[relay.AppID]bool{}, map[string]bool{}, map[relay.AppID]uint64{}
	}
	f.atWork[app] = true
	return true
}

func (f *funders) leave(app relay.AppID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.atWork, app)
}

// idle says that fundings may be looked at: there may be a free channel, and no worker is at it. A worker that is rung for one while
// others are at work leaves it to the sweep, which goes from app to app.
func (f *funders) idle(now relay.Micros) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.atWork) == 0 && now >= f.rest
}

func (f *funders) resting(now relay.Micros) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return now < f.rest
}

// take chooses the first free channel for the app, unless it is the turn of others that wait.
func (f *funders) take(app relay.AppID, free []string, waiting []relay.AppID) (channel string, yield bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	free = slices.DeleteFunc(slices.Clone(free), func(c string) bool { return f.channels[c] })
	if len(free) == 0 {
		return "", false
	}
	var others []uint64
	for _, other := range waiting {
		if other != app {
			others = append(others, f.turns[other])
		}
	}
	if relay.Yields(len(free), f.turns[app], others) {
		return "", true
	}
	f.turn++
	f.turns[app], f.channels[free[0]] = f.turn, true
	return free[0], false
}

func (f *funders) free(channel string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.channels, channel)
}

func (f *funders) restUntil(at relay.Micros) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rest = at
}

// mostWaiting is how many apps are looked at when it is decided whose turn it is.
const mostWaiting = 256

// channel picks a channel whose next number no live funding holds and that is not among taken, and that number. The commit
// decides, not this; leave is called when the number is written down, or not used. Without one, all fundings rest for a while
// and keep their places.
func (w *Worker) channel(ctx context.Context, app relay.AppID, taken []string) (channel string, sequence int64, leave func(), err error) {
	free, next, err := w.freeChannels(ctx, taken)
	if err != nil {
		return "", 0, nil, err
	}
	waiting, err := w.Queue.Waiting(ctx, relay.DoFund, w.now(), mostWaiting)
	if err != nil {
		return "", 0, nil, err
	}
	channel, yield := w.funders.take(app, free, waiting)
	switch {
	case yield:
		return "", 0, nil, again{untried: true, why: "other apps are first"}
	case channel == "":
		w.funders.restUntil(w.now() + relay.Micros(w.cfg.Retry.Microseconds()))
		return "", 0, nil, again{untried: true, why: "every channel is busy"}
	}
	return channel, next[channel], func() { w.funders.free(channel) }, nil
}

// freeChannels are the channels that no live funding holds, with their next numbers. One whose funding is in the ledger, and not
// yet in the database, is free.
func (w *Worker) freeChannels(ctx context.Context, taken []string) (free []string, next map[string]int64, err error) {
	_, channels, err := w.Signer.Accounts(ctx)
	if err != nil {
		return nil, nil, err
	}
	held, err := w.Desk.TakenNumbers(ctx, channels)
	if err != nil {
		return nil, nil, err
	}
	facts, _, err := w.Ledger.Look(ctx, relay.Native, channels...)
	next = map[string]int64{}
	for _, c := range channels {
		if used := facts[c].Sequence; facts[c].Exists && held[c] <= used && !slices.Contains(taken, c) {
			free, next[c] = append(free, c), used+1
		}
	}
	return free, next, err
}
