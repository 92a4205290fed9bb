package horizon

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/restante/restante/services/devnet"
)

// Config is what a server is made with. Zero values mean the defaults.
type Config struct {
	SubmitTimeout time.Duration // how long POST /transactions waits for a ledger before it answers 504; default 30 s
	Heartbeat     time.Duration // between signs of life on a silent stream; default 10 s
	StreamTimeout time.Duration // after which a stream says goodbye and the client comes back; default 55 s
	Logger        *slog.Logger  // nil = none
}

func (c *Config) fill() {
	for _, d := range []struct {
		value     *time.Duration
		otherwise time.Duration
	}{{&c.SubmitTimeout, 30 * time.Second}, {&c.Heartbeat, 10 * time.Second}, {&c.StreamTimeout, 55 * time.Second}} {
		if *d.value <= 0 {
			*d.value = d.otherwise
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

// Server is the Horizon of one network.
type Server struct {
	network *devnet.Network
	cfg     Config
	log     *slog.Logger
	index   *index
	mux     *http.ServeMux
}

// New reads the history that the network holds, and returns its Horizon: a handler to be mounted at the root, or under a prefix with
// http.StripPrefix. Streams end when the network is closed.
func New(network *devnet.Network, cfg Config) *Server {
	cfg.fill()
	s := &Server{network: network, cfg: cfg, log: cfg.Logger, index: newIndex(), mux: http.NewServeMux()}
	s.routes()
	if err := s.network.View(s.index.follow); err != nil {
		s.log.Error("history not read", "error", err) // the next request tries again
	}
	return s
}

func (s *Server) routes() {
	for path, get := range map[string]resource{
		"/{$}": root, "/fee_stats": feeStats, "/accounts/{account_id}/data/{key}": accountData, "/ledgers/{ledger_id}": oneLedger,
		"/transactions/{tx_id}": oneTransaction, "/operations/{id}": oneOperation, "/claimable_balances/{id}": oneBalance,
	} {
		s.mux.HandleFunc("GET "+path, s.serveOne(get))
	}
	s.mux.HandleFunc("GET /accounts/{account_id}", s.serveAccount)
	for path, list := range map[string]collection{
		"/accounts": accounts, "/ledgers": ledgers, "/claimable_balances": balances,
		"/transactions": transactions, "/operations": operationsIn, "/payments": payments,
	} {
		s.mux.HandleFunc("GET "+path, s.serveMany(list))
	}
	for _, of := range []string{"/accounts/{account_id}", "/ledgers/{ledger_id}", "/claimable_balances/{claimable_balance_id}"} {
		s.mux.HandleFunc("GET "+of+"/transactions", s.serveMany(transactions))
	}
	for _, of := range []string{"/accounts/{account_id}", "/ledgers/{ledger_id}", "/transactions/{tx_id}",
		"/claimable_balances/{claimable_balance_id}"} {
		s.mux.HandleFunc("GET "+of+"/operations", s.serveMany(operationsIn))
		s.mux.HandleFunc("GET "+of+"/payments", s.serveMany(payments))
	}
	s.mux.HandleFunc("POST /transactions", s.submit)
	s.mux.HandleFunc("POST /transactions_async", s.submitAsync)
	s.mux.HandleFunc("/friendbot", s.friendbot)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.writeError(w, r, notFound()) })
}

// ServeHTTP answers whatever is asked; nothing that a client sends may end the process.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Latest-Ledger")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST")
		h.Set("Access-Control-Allow-Headers", "*")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			panic(p) // a lost answer: how net/http lets a handler drop its connection
		} else if p != nil {
			s.writeError(w, r, fmt.Errorf("devnet: panic: %v", p))
		}
	}()
	prefix := baseOf(r)
	r = r.WithContext(context.WithValue(r.Context(), baseKey{}, prefix))
	u := *r.URL
	u.Path, u.RawPath = "/"+strings.Trim(u.Path, "/"), ""
	if r.URL.RawPath != "" {
		u.RawPath = "/" + strings.Trim(r.URL.RawPath, "/")
	}
	r.URL = &u
	s.mux.ServeHTTP(w, r)
}

type baseKey struct{}

// baseOf is the address that this server is reached at, with the prefix that http.StripPrefix took away.
func baseOf(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	mount, _, _ := strings.Cut(r.RequestURI, "?")
	mount, found := strings.CutSuffix(strings.TrimRight(mount, "/"), strings.TrimRight(r.URL.EscapedPath(), "/"))
	if !found || !strings.HasPrefix(mount, "/") {
		mount = ""
	}
	return scheme + "://" + r.Host + strings.TrimRight(mount, "/")
}

// call is one request on the network at rest.
type call struct {
	devnet.View
	index *index
	r     *http.Request
	base  string
	span  devnet.Span
}

type resource func(*call) (any, error)

// collection returns the records of one page.
type collection func(*call, paging) ([]record, error)

// view runs ask on the network at rest, with the index brought up to it.
func (s *Server) view(r *http.Request, ask func(*call) error) error {
	return s.network.View(func(v devnet.View) error {
		if err := s.index.follow(v); err != nil {
			return err
		}
		span, err := v.Span()
		if err != nil {
			return err
		}
		base, _ := r.Context().Value(baseKey{}).(string)
		return ask(&call{View: v, index: s.index, r: r, base: base, span: span})
	})
}

func (s *Server) serveOne(get resource) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body any
		err := s.view(r, func(c *call) (err error) {
			latestLedger(w, c)
			body, err = get(c)
			return err
		})
		switch value, isRaw := body.(rawValue); {
		case err != nil:
			s.writeError(w, r, err)
		case isRaw:
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = w.Write(value)
		default:
			writeHAL(w, body)
		}
	}
}

func (s *Server) serveMany(list collection) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if wantsStream(r) {
			s.streamList(w, r, list)
			return
		}
		var body listPage
		err := s.view(r, func(c *call) error {
			latestLedger(w, c)
			p, err := pagingOf(r, c.span.Latest)
			if err != nil {
				return err
			}
			records, err := list(c, p)
			body = c.page(p, records)
			return err
		})
		if err != nil {
			s.writeError(w, r, err)
			return
		}
		writeHAL(w, body)
	}
}

// rawValue is a body that is not JSON.
type rawValue []byte

func latestLedger(w http.ResponseWriter, c *call) {
	w.Header().Set("Latest-Ledger", strconv.FormatUint(uint64(c.span.Latest), 10))
}

func writeHAL(w http.ResponseWriter, body any) {
	write(w, http.StatusOK, "application/hal+json; charset=utf-8", body)
}

func write(w http.ResponseWriter, status int, kind string, body any) {
	raw, err := encode(body)
	if err != nil {
		status, kind = http.StatusInternalServerError, "application/problem+json; charset=utf-8"
		raw = []byte(`{"title":"Internal Server Error","status":500}`)
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

// encode is JSON on one line, with the ampersands of links left alone.
func encode(body any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(body)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
