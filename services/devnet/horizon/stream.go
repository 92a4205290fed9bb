package horizon

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

func wantsStream(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}

// stream writes server-sent events. The first one says how soon a reader that lost its connection may come back.
type stream struct {
	w    http.ResponseWriter
	flow *http.ResponseController
}

func openStream(w http.ResponseWriter) (*stream, error) {
	s := &stream{w: w, flow: http.NewResponseController(w)}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	return s, s.write("retry: 1000\nevent: open\ndata: \"hello\"\n\n")
}

func (s *stream) write(text string) error {
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.flow.Flush()
}

func (s *stream) send(token string, raw []byte) error {
	if token != "" {
		token = "id: " + token + "\n"
	}
	return s.write(fmt.Sprintf("%sdata: %s\n\n", token, raw))
}

// goodbye asks the reader to come back at once.
func (s *stream) goodbye() { _ = s.write("retry: 10\nevent: close\ndata: \"byebye\"\n\n") }

// event is one message, made on the network at rest.
type event struct {
	token string
	raw   []byte
}

// serveStream sends what next finds now, and then after every ledger, until next says that it is done, the reader leaves or time is up.
// What next refuses at first is an ordinary problem; later it ends the stream.
func (s *Server) serveStream(w http.ResponseWriter, r *http.Request, next func(*call) (events []event, done bool, err error)) {
	ctx, stop := context.WithTimeout(r.Context(), s.cfg.StreamTimeout)
	defer stop()
	var out *stream
	for {
		var events []event
		var seen [32]byte
		done := false
		err := s.view(r, func(c *call) (err error) {
			seen = c.State().Hash()
			if out == nil {
				latestLedger(w, c)
			}
			events, done, err = next(c)
			return err
		})
		if err != nil && out == nil {
			s.writeError(w, r, err)
			return
		}
		if err == nil && out == nil {
			out, err = openStream(w)
		}
		if err == nil {
			err = s.sendAll(ctx, out, events)
		}
		if err != nil || done || !s.rest(ctx, out, seen) {
			if out != nil {
				out.goodbye()
			}
			return
		}
	}
}

// sendAll sends events as slowly and in as wrong an order as the faults ask for.
func (s *Server) sendAll(ctx context.Context, out *stream, events []event) error {
	wait, order := s.network.Streaming(len(events))
	for _, at := range order {
		if wait > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(wait):
			}
		}
		if err := out.send(events[at].token, events[at].raw); err != nil {
			return err
		}
	}
	return nil
}

// rest waits for another ledger, with a comment now and then so that a silent stream is not taken for a dead one. It returns false when
// the stream is to end.
func (s *Server) rest(ctx context.Context, out *stream, seen [32]byte) bool {
	for {
		quiet, stop := context.WithTimeout(ctx, s.cfg.Heartbeat)
		hash, err := s.network.Await(quiet, seen)
		silent := quiet.Err() != nil && ctx.Err() == nil
		stop()
		switch {
		case err == nil && hash != seen:
			return true
		case !silent:
			return false
		}
		if out.write(": heartbeat\n\n") != nil {
			return false
		}
	}
}

// streamList sends a list from the cursor on; like a page it ends after limit records.
func (s *Server) streamList(w http.ResponseWriter, r *http.Request, list collection) {
	var p *paging
	s.serveStream(w, r, func(c *call) ([]event, bool, error) {
		if p == nil {
			first, err := pagingOf(r, c.span.Latest)
			if err != nil {
				return nil, false, err
			}
			p = &first
		}
		records, err := list(c, *p)
		if err != nil {
			return nil, false, err
		}
		var out []event
		for _, rec := range records {
			raw, err := encode(rec.body)
			if err != nil {
				return nil, false, err
			}
			out = append(out, event{rec.token, raw})
			p.cursor = rec.token
		}
		p.limit -= len(records)
		return out, p.limit <= 0, nil
	})
}

// serveAccount answers with an account, or streams it whenever it changes.
func (s *Server) serveAccount(w http.ResponseWriter, r *http.Request) {
	if !wantsStream(r) {
		s.serveOne(oneAccount)(w, r)
		return
	}
	var last []byte
	s.serveStream(w, r, func(c *call) ([]event, bool, error) {
		body, err := oneAccount(c)
		if err != nil {
			return nil, false, err
		}
		raw, err := encode(body)
		if err != nil || bytes.Equal(raw, last) {
			return nil, false, err
		}
		last = raw
		return []event{{raw: raw}}, false, nil
	})
}
