package boot

import (
	"cmp"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// How long one request may take on the wire.
const (
	headerTime = 10 * time.Second // until its header is read
	bodyTime   = 20 * time.Second // from then on until its body is read, 64 KiB at most
	answerTime = 2 * time.Minute  // until its answer is written; a long poll waits for up to one of them
	idleTime   = 2 * time.Minute  // between two requests of a connection
)

// ServeConfig bounds what callers may hold open.
type ServeConfig struct {
	MaxConnections int `yaml:"max_connections" validate:"gte=0"` // of all callers at a time; default 4,000
	MaxPerAddress  int `yaml:"max_per_address" validate:"gte=0"` // of one address at a time (of one /64 under IPv6); default 250. A proxy in front is one address: give it more
}

func (c *ServeConfig) fill() {
	c.MaxConnections = cmp.Or(c.MaxConnections, 4000)
	c.MaxPerAddress = cmp.Or(c.MaxPerAddress, 250)
}

// NewServer makes the server of a listener of ours: nothing that a caller sends, leaves out or does not read holds a
// connection for ever. A handler that has read its body may wait for answerTime.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           bodyInTime(h),
		ReadHeaderTimeout: headerTime, WriteTimeout: answerTime, IdleTimeout: idleTime, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// bodyInTime bounds the time for a body. [http.Server.ReadTimeout] does not do: it goes on while the handler works, and would
// end the context of one that waits for the ledger.
func bodyInTime(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		until := time.Now().Add(bodyTime)
		if r.Body == nil || r.Body == http.NoBody {
			until = time.Time{}
		}
		if err := control.SetReadDeadline(until); err == nil && !until.IsZero() {
			r.Body = &timedBody{r.Body, func() { _ = control.SetReadDeadline(time.Time{}) }}
		}
		h.ServeHTTP(w, r)
	})
}

// timedBody calls read when the body was read to its end.
type timedBody struct {
	io.ReadCloser
	read func()
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.read()
	}
	return n, err
}

// Limit bounds how many connections of a listener are open at a time: of all callers, and of one address. One too many is
// closed at once, so that the others are served.
func Limit(l net.Listener, c ServeConfig) net.Listener {
	c.fill()
	return &limited{Listener: l, cfg: c, of: map[netip.Prefix]int{}}
}

type limited struct {
	net.Listener
	cfg ServeConfig

	mu  sync.Mutex
	all int
	of  map[netip.Prefix]int
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := addressOf(c)
		if !l.enter(from) {
			_ = c.Close()
			continue
		}
		return &limitedConn{Conn: c, leave: sync.OnceFunc(func() { l.leave(from) })}, nil
	}
}

func (l *limited) enter(from netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= l.cfg.MaxConnections || l.of[from] >= l.cfg.MaxPerAddress {
		return false
	}
	l.all++
	l.of[from]++
	return true
}

func (l *limited) leave(from netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.of[from]--; l.of[from] == 0 {
		delete(l.of, from)
	}
}

// addressOf is the part of an address that one caller has to itself. The zero prefix stands for what is no IP address.
func addressOf(c net.Conn) netip.Prefix {
	at, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Prefix{}
	}
	a, bits := at.Addr().Unmap().WithZone(""), 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // the bits fit the address
	return p
}

type limitedConn struct {
	net.Conn
	leave func()
}

func (c *limitedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}
