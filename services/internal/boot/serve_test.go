package boot

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener in memory, whose connections keep deadlines of a bubble's clock.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// serve runs the server for one connection and returns the caller's end of it.
func serve(t *testing.T, h http.Handler) net.Conn {
	t.Helper()
	l := &pipes{make(chan net.Conn), make(chan struct{})}
	server := NewServer(h, slog.New(slog.DiscardHandler))
	go func() { _ = server.Serve(l) }()
	ours, theirs := net.Pipe()
	l.conns <- theirs
	t.Cleanup(func() { _ = server.Close(); _ = ours.Close() })
	return ours
}

func TestABodyThatNeverEndsIsCut(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"read":   func(_ http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body) },
		"unread": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn, begun := serve(t, h), time.Now()
				go func() { _, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{") }()
				if _, err := io.Copy(io.Discard, conn); err != nil {
					t.Error(err)
				}
				if took := time.Since(begun); took > bodyTime+answerTime {
					t.Errorf("it was open for %v", took)
				}
			})
		})
	}
}

func TestAHeaderThatNeverEndsIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, begun := serve(t, http.NotFoundHandler()), time.Now()
		go func() { _, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost:") }()
		_, _ = io.Copy(io.Discard, conn)
		if took := time.Since(begun); took != headerTime {
			t.Errorf("it was open for %v", took)
		}
	})
}

// A handler that has its body may wait for longer than a body may take: its context stays.
func TestALongPollOutlivesTheBody(t *testing.T) {
	for name, request := range map[string]string{
		"no body": "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"a body":  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.ReadAll(r.Body)
					select {
					case <-r.Context().Done():
						w.WriteHeader(http.StatusGone)
					case <-time.After(time.Minute):
						w.WriteHeader(http.StatusNoContent)
					}
				}))
				go func() { _, _ = io.WriteString(conn, request) }()
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil || resp.StatusCode != http.StatusNoContent {
					t.Errorf("%v, %v", resp, err)
				}
			})
		})
	}
}

// One address holds no more than its share, and gives back what it closes.
func TestLimit(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served atomic.Int64
	l := Limit(inner, ServeConfig{MaxPerAddress: 3})
	server := NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { served.Add(1) }), slog.New(slog.DiscardHandler))
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	call := func(c net.Conn) error {
		if _, err := io.WriteString(c, request); err != nil {
			return err
		}
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err == nil && resp.StatusCode != http.StatusOK {
			err = errors.New(resp.Status)
		}
		return err
	}
	var held []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := call(c); err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	c, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := call(c); err == nil {
		t.Error("a fourth connection of the address is served")
	}
	c.Close()
	if err := call(held[0]); err != nil {
		t.Errorf("one that is open is not served any more: %v", err)
	}
	// The server sees the end of a connection in its own time; until then the next is refused too.
	held[0].Close()
	for {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		err = call(c)
		c.Close()
		if err == nil {
			break
		}
	}
}

func TestAddressOf(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.7:1": "192.0.2.7/32", "[2001:db8::1]:1": "2001:db8::/64", "[2001:db8:0:0:ffff::2]:9": "2001:db8::/64",
		"[::ffff:192.0.2.7]:1": "192.0.2.7/32", "[fe80::1%eth0]:1": "fe80::/64", "pipe": "invalid Prefix",
	} {
		if got := addressOf(from(text)).String(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

type from string

func (from) Read([]byte) (int, error)         { return 0, io.EOF }
func (from) Write([]byte) (int, error)        { return 0, io.EOF }
func (from) Close() error                     { return nil }
func (from) LocalAddr() net.Addr              { return nil }
func (f from) RemoteAddr() net.Addr           { return address(f) }
func (from) SetDeadline(time.Time) error      { return nil }
func (from) SetReadDeadline(time.Time) error  { return nil }
func (from) SetWriteDeadline(time.Time) error { return nil }

type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return strings.TrimSpace(string(a)) }
