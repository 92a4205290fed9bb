package api_test

import (
	"bytes"
	"sync"

	"github.com/restante/restante/relay"
)

// bell is a bus whose rings the test makes.
type bell struct {
	mu       sync.Mutex
	watchers []chan struct{}
	watched  chan struct{} // closed when a request begins to watch
}

func (b *bell) Watch(relay.PaymentID) (<-chan struct{}, func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := make(chan struct{}, 1)
	b.watchers = append(b.watchers, c)
	if b.watched != nil {
		close(b.watched)
		b.watched = nil
	}
	return c, func() {}
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.watchers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
