package boot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/internal/boot"
)

// diary notes in which order things happen.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// waits makes a part that runs until it is stopped, and tells when it runs.
func (d *diary) waits(name string, runs *sync.WaitGroup) boot.Part {
	runs.Add(1)
	return boot.PartOf(name, func(ctx context.Context) error {
		runs.Done()
		<-ctx.Done()
		d.note(name)
		return ctx.Err()
	})
}

func TestStopsInReverseOrder(t *testing.T) {
	for name, end := range map[string]func(cancel func()){
		"ctx":    func(cancel func()) { cancel() },
		"signal": func(func()) { _ = syscall.Kill(syscall.Getpid(), syscall.SIGTERM) },
	} {
		t.Run(name, func(t *testing.T) {
			var d diary
			var runs sync.WaitGroup
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			parts := []boot.Part{d.waits("store", &runs), d.waits("bus", &runs), d.waits("api", &runs)}
			go func() {
				runs.Wait()
				end(cancel)
			}()
			if err := boot.Run(ctx, quiet(), time.Minute, parts...); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(d.lines, []string{"api", "bus", "store"}) {
				t.Errorf("stopped %v", d.lines)
			}
		})
	}
}

func TestFirstFailureStopsAll(t *testing.T) {
	cause := errors.New("no more")
	for name, fail := range map[string]func() error{"error": func() error { return cause }, "panic": func() error { panic("bug") }} {
		t.Run(name, func(t *testing.T) {
			var d diary
			var runs sync.WaitGroup
			var log bytes.Buffer
			failing := boot.PartOf("worker", func(context.Context) error {
				runs.Wait()
				return fail()
			})
			err := boot.Run(t.Context(), slog.New(slog.NewTextHandler(&log, nil)), time.Minute, d.waits("store", &runs), failing, d.waits("api", &runs))
			if err == nil || !strings.HasPrefix(err.Error(), "worker: ") || (name == "error" && !errors.Is(err, cause)) {
				t.Errorf("error %v", err)
			}
			if !slices.Equal(d.lines, []string{"api", "store"}) {
				t.Errorf("stopped %v", d.lines)
			}
			if n := strings.Count(log.String(), "part failed"); n != 1 {
				t.Errorf("told %d times", n)
			}
		})
	}
}

func TestEndsWhenAllPartsHaveEnded(t *testing.T) {
	once := boot.PartOf("once", func(context.Context) error { return nil })
	if err := boot.Run(t.Context(), quiet(), time.Minute, once, once); err != nil {
		t.Fatal(err)
	}
	if err := boot.Run(t.Context(), quiet(), time.Minute); err != nil {
		t.Fatal(err)
	}
}

func TestStuckPartIsNamedAndOthersStillStop(t *testing.T) {
	var d diary
	var runs sync.WaitGroup
	release := make(chan struct{})
	defer close(release)
	runs.Add(1)
	stuck := boot.PartOf("stuck", func(context.Context) error {
		runs.Done()
		<-release
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	parts := []boot.Part{d.waits("store", &runs), stuck, d.waits("api", &runs)}
	go func() {
		runs.Wait()
		cancel()
	}()
	err := boot.Run(ctx, quiet(), 20*time.Millisecond, parts...)
	if !errors.Is(err, boot.ErrStuck) || err.Error() != "stuck: did not stop in time" {
		t.Errorf("error %v", err)
	}
	if !slices.Equal(d.lines, []string{"api", "store"}) {
		t.Errorf("stopped %v", d.lines)
	}
}

func TestErrorWhileStoppingIsReturned(t *testing.T) {
	cause := errors.New("could not flush")
	ctx, cancel := context.WithCancel(t.Context())
	err := boot.Run(ctx, quiet(), time.Minute, boot.PartOf("log", func(ctx context.Context) error {
		cancel()
		<-ctx.Done()
		return cause
	}))
	if !errors.Is(err, cause) {
		t.Errorf("error %v", err)
	}
}

func TestLogger(t *testing.T) {
	var out bytes.Buffer
	log, err := boot.Logger(&out, "warn", "json")
	if err != nil {
		t.Fatal(err)
	}
	log.Info("quiet")
	log.Warn("loud", "n", 1)
	var line struct{ Msg string }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Msg != "loud" {
		t.Errorf("%s, %v", out.String(), err)
	}
	for _, bad := range [][2]string{{"loud", "text"}, {"", "text"}, {"info", "xml"}, {"info", ""}} {
		if _, err := boot.Logger(&out, bad[0], bad[1]); err == nil {
			t.Errorf("took %q", bad)
		}
	}
}

func TestHealth(t *testing.T) {
	var log bytes.Buffer
	var bus, mail error
	h := boot.NewHealth(slog.New(slog.NewTextHandler(&log, nil)))
	h.Add(boot.Check{Name: "database", Look: func(context.Context) error { return nil }})
	h.Add(boot.Check{Name: "bus", Look: func(context.Context) error { return bus }},
		boot.Check{Name: "mail", Look: func(context.Context) error { return mail }, Warns: true})
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	const well = `{"ready":true,"checks":{"bus":"ok","database":"ok","mail":"ok"}}`
	silent := errors.New("private cause")
	told := relay.NewFault(relay.Unavailable, "x", "The bus is away.", errors.New("another private cause"))
	steps := []struct {
		bus, mail error
		status    int
		body      string
	}{
		{nil, nil, 200, well},
		{silent, nil, 503, `{"ready":false,"checks":{"bus":"failing","database":"ok","mail":"ok"}}`},
		{silent, nil, 503, `{"ready":false,"checks":{"bus":"failing","database":"ok","mail":"ok"}}`},
		{nil, nil, 200, well},
		{told, nil, 503, `{"ready":false,"checks":{"bus":"failing","database":"ok","mail":"ok"},"causes":{"bus":"The bus is away."}}`},
		{nil, told, 200, `{"ready":true,"checks":{"bus":"ok","database":"ok","mail":"failing"},"causes":{"mail":"The bus is away."}}`},
		{nil, nil, 200, well},
	}
	for _, s := range steps {
		bus, mail = s.bus, s.mail
		if code, body := get("/readyz"); code != s.status || body != s.body {
			t.Errorf("%d %s", code, body)
		}
		if code, body := get("/livez"); code != 200 || body != `{"live":true}` {
			t.Errorf("%d %s", code, body)
		}
	}
	if n := strings.Count(log.String(), "private cause"); n != 3 || strings.Count(log.String(), "\n") != 6 ||
		strings.Count(log.String(), `level=WARN msg="not ready"`) != 3 || strings.Count(log.String(), `level=WARN msg="ready again"`) != 3 {
		t.Errorf("log:\n%s", log.String())
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/readyz", nil))
	if w.Code != 405 {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestHealthOfACheckThatHangs(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	h := boot.NewHealth(quiet())
	h.Add(boot.Check{Name: "deaf", Look: func(context.Context) error { <-release; return nil }})
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // as its own time limit would
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil).WithContext(ctx))
	if w.Code != 503 || !strings.Contains(w.Body.String(), `"deaf":"It does not answer in time."`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
