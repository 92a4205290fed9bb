package problem

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
)

// MostBody is the longest body of a request that is read, in bytes.
const MostBody = 1 << 20

// HeaderRequestID carries the id of each request, on every answer.
const HeaderRequestID = "Request-Id"

type contextKey int

const (
	keyID contextKey = iota
	keyLog
)

// RequestID is the id of the request that ctx belongs to, "req_" and 26 characters; "" outside of a [Guard].
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(keyID).(string)
	return id
}

func logger(ctx context.Context) *slog.Logger {
	if log, ok := ctx.Value(keyLog).(*slog.Logger); ok {
		return log
	}
	return slog.Default()
}

// Guard wraps a service's whole handler: it gives each request an id (an id from outside is not believed), limits its
// body to [MostBody], and makes a panic a 500. A panic after the answer began cuts the connection, so that no half answer
// passes for a whole one.
func Guard(log *slog.Logger, next http.Handler) http.Handler {
	if log == nil {
		log = slog.Default()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := "req_" + rand.Text()
		w.Header().Set(HeaderRequestID, id)
		r = r.WithContext(context.WithValue(context.WithValue(r.Context(), keyID, id), keyLog, log))
		r.Body = http.MaxBytesReader(w, r.Body, MostBody)
		seen := &seenWriter{ResponseWriter: w}
		defer func() {
			p := recover()
			switch {
			case p == nil:
				return
			case p == http.ErrAbortHandler:
				panic(p) // meant
			}
			log.Error("handler panicked", "panic", fmt.Sprint(p), "request_id", id, "stack", string(debug.Stack()))
			if seen.began {
				panic(http.ErrAbortHandler)
			}
			clear(w.Header())
			w.Header().Set(HeaderRequestID, id)
			Write(seen, r, errPanic)
		}()
		next.ServeHTTP(seen, r)
	})
}

var errPanic = errors.New("handler panicked")

// seenWriter remembers whether the answer has begun.
type seenWriter struct {
	http.ResponseWriter
	began bool
}

// WriteHeader begins the answer, unless it is an informational one.
func (w *seenWriter) WriteHeader(status int) {
	w.began = w.began || status >= 200
	w.ResponseWriter.WriteHeader(status)
}

func (w *seenWriter) Write(b []byte) (int, error) {
	w.began = true
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController find what the server's own writer can do.
func (w *seenWriter) Unwrap() http.ResponseWriter {
	return w.ResponseWriter
}

// Flush begins the answer too; streams need it.
func (w *seenWriter) Flush() {
	w.began = true
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Routes serves mux, with problems where mux would say 404 or 405 in plain text.
func Routes(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		answer := &discard{header: http.Header{}}
		own.ServeHTTP(answer, r) // only mux itself knows which of the two it is
		switch {
		case answer.status == http.StatusMethodNotAllowed:
			w.Header()["Allow"] = answer.header["Allow"]
			Write(w, r, errMethod)
		case answer.status >= 400:
			Write(w, r, errNoRoute)
		default:
			own.ServeHTTP(w, r) // a redirect to the clean path
		}
	})
}

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }
