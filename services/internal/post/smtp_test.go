package post_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/restante/restante/services/internal/post"
)

// office is a mail server in this process that answers as the test says.
type office struct {
	mu       sync.Mutex
	from, to []string
	data     []string
	mailErr  error
	rcptErr  error
	dataErr  error
	lose     bool // take the message over, but lose the answer
	login    string
}

func (o *office) NewSession(c *smtp.Conn) (smtp.Session, error) { return &session{o, c}, nil }

type session struct {
	o *office
	c *smtp.Conn
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user+":"+password != s.o.login {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	s.o.from = append(s.o.from, from)
	return s.o.mailErr
}
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	s.o.to = append(s.o.to, to)
	return s.o.rcptErr
}
func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	s.o.data = append(s.o.data, string(b))
	if s.o.lose {
		s.c.Close()
	}
	return s.o.dataErr
}
func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func open(t *testing.T, o *office) post.Config {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := smtp.NewServer(o)
	srv.Domain, srv.AllowInsecureAuth = "localhost", true
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	n, _ := strconv.Atoi(port)
	return post.Config{Host: "127.0.0.1", Port: n, From: "Restante <post@example.org>", TLS: "none", Timeout: 10 * time.Second}
}

var hello = post.Message{To: "ana@example.com", Subject: "Grüße: 25 XLM", Text: "Line one\n.\nLine three, ü\n", ID: "work-7"}

func TestSMTPDelivers(t *testing.T) {
	o := &office{login: "user:pass word"}
	c := open(t, o)
	c.Username, c.PasswordFile = "user", filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(c.PasswordFile, []byte("pass word\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := post.NewSMTP(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	if len(o.data) != 1 || o.from[0] != "post@example.org" || o.to[0] != "ana@example.com" {
		t.Fatalf("from %q to %q: %d messages", o.from, o.to, len(o.data))
	}
	for _, want := range []string{
		"Message-ID: <work-7@example.org>\r\n", "To: <ana@example.com>\r\n", "Auto-Submitted: auto-generated\r\n", "\r\n.\r\nLine three",
	} {
		if !strings.Contains(o.data[0], want) {
			t.Errorf("%q is missing in\n%s", want, o.data[0])
		}
	}
	o.login = "user:other"
	if err := m.Send(t.Context(), hello); err == nil || post.IsPermanent(err) {
		t.Errorf("a refused login is ours to mend, not the end of a message: %v", err)
	}
}

func TestSMTPSaysWhetherToTryAgain(t *testing.T) {
	gone := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no ana@example.com here"}
	later := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}
	for name, c := range map[string]struct {
		office    *office
		permanent bool
	}{
		"unknown recipient":   {&office{rcptErr: gone}, true},
		"refused content":     {&office{dataErr: gone}, true},
		"refused sender":      {&office{mailErr: gone}, false},
		"recipient later":     {&office{rcptErr: later}, false},
		"content later":       {&office{dataErr: later}, false},
		"answer to DATA lost": {&office{lose: true}, false},
	} {
		m, err := post.NewSMTP(open(t, c.office))
		if err != nil {
			t.Fatal(err)
		}
		err = m.Send(t.Context(), hello)
		if err == nil || post.IsPermanent(err) != c.permanent {
			t.Errorf("%s: permanent %v, %v", name, post.IsPermanent(err), err)
		}
		if err != nil && strings.Contains(err.Error(), "ana") {
			t.Errorf("%s: the error shows the address: %v", name, err)
		}
	}
	c := open(t, &office{})
	c.TLS = "starttls" // the server has none
	m, err := post.NewSMTP(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(t.Context(), hello); err == nil || post.IsPermanent(err) {
		t.Errorf("sent without the protection that was asked for: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Send(ctx, hello); err == nil || post.IsPermanent(err) {
		t.Errorf("canceled: %v", err)
	}
}

func TestConfig(t *testing.T) {
	good := post.Config{Host: "mail.example.org", From: "post@example.org"}
	if err := good.Check(); err != nil || good.Port != 587 || good.TLS != "starttls" || good.Timeout != 30*time.Second {
		t.Errorf("%v, %+v", err, good)
	}
	if (post.Config{}).Set() || !good.Set() {
		t.Error("Set is wrong")
	}
	for name, spoil := range map[string]func(*post.Config){
		"no host":          func(c *post.Config) { c.Host = "" },
		"port":             func(c *post.Config) { c.Port = 70000 },
		"from":             func(c *post.Config) { c.From = "nobody" },
		"from with a line": func(c *post.Config) { c.From = "\"a\r\nb\" <post@example.org>" },
		"tls word":         func(c *post.Config) { c.TLS = "sometimes" },
		"tls none abroad":  func(c *post.Config) { c.TLS = "none" },
		"no password":      func(c *post.Config) { c.Username = "user" },
		"timeout":          func(c *post.Config) { c.Timeout = time.Hour },
		"465 in the clear": func(c *post.Config) { c.Port, c.TLS = 465, "starttls" },
		"587 in TLS":       func(c *post.Config) { c.Port, c.TLS = 587, "implicit" },
		"25 in TLS":        func(c *post.Config) { c.Port, c.TLS = 25, "implicit" },
	} {
		c := good
		spoil(&c)
		if err := c.Check(); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	implied := post.Config{Host: "mail.example.org", From: "post@example.org", Port: 465}
	if err := implied.Check(); err != nil || implied.TLS != "implicit" {
		t.Errorf("port 465: %v, %+v", err, implied)
	}
	c := good
	c.Username, c.PasswordFile = "user", filepath.Join(t.TempDir(), "missing")
	if _, err := post.NewSMTP(c); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing password file: %v", err)
	}
}
