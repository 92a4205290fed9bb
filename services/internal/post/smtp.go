package post

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/restante/restante/relay"
)

// Config says how mail leaves. The zero Config sends none: see [Config.Set].
type Config struct {
	Host         string        `yaml:"host"`          // of the mail server
	Port         int           `yaml:"port"`          // default 465 for tls "implicit", else 587
	From         string        `yaml:"from"`          // "Restante <post@example.com>" or a bare address
	TLS          string        `yaml:"tls"`           // "starttls" (required), "implicit" or "none" (only to this machine); default "implicit" on port 465, else "starttls"
	Username     string        `yaml:"username"`      // default: no authentication
	PasswordFile string        `yaml:"password_file"` // holds the password, one line
	Timeout      time.Duration `yaml:"timeout"`       // of one attempt; default 30 s, at most 5 min
}

// Set says whether mail is configured at all.
func (c Config) Set() bool { return c != Config{} }

// Check fills the defaults in and says what is wrong.
func (c *Config) Check() error {
	switch {
	case c.TLS == "" && c.Port == 465:
		c.TLS = "implicit" // RFC 8314, section 3.3: the port of submission over TLS from the first byte
	case c.TLS == "":
		c.TLS = "starttls"
	}
	if c.Port == 0 {
		c.Port = 587
		if c.TLS == "implicit" {
			c.Port = 465
		}
	}
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	from, err := mail.ParseAddress(c.From)
	switch {
	case c.Host == "" || strings.ContainsAny(c.Host, " /\r\n"):
		return errors.New("mail.host, the mail server, is missing or malformed")
	case c.Port < 1 || c.Port > 65535:
		return fmt.Errorf("mail.port %d of the mail server is out of range", c.Port)
	case err != nil || !oneLine(from.Name) || !oneLine(from.Address):
		return errors.New("mail.from is not an address")
	case c.TLS != "starttls" && c.TLS != "implicit" && c.TLS != "none":
		return errors.New(`mail.tls is "starttls", "implicit" or "none"`)
	case c.TLS == "starttls" && c.Port == 465, c.TLS == "none" && c.Port == 465:
		return fmt.Errorf(`mail.port 465 speaks TLS from the first byte (RFC 8314): tls is "implicit" there, not %q`, c.TLS)
	case c.TLS == "implicit" && (c.Port == 25 || c.Port == 587):
		return fmt.Errorf(`mail.port %d begins in plain text (RFC 6409): tls is "starttls" there, or the port is 465`, c.Port)
	case c.TLS == "none" && !loopback(c.Host):
		return errors.New(`mail.tls "none" is for a mail server on this machine`)
	case (c.Username == "") != (c.PasswordFile == ""):
		return errors.New("mail.username and mail.password_file go together")
	case c.Timeout < 0 || c.Timeout > 5*time.Minute:
		return errors.New("mail.timeout is at most 5 minutes")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// SMTP hands messages to a mail server (RFC 5321), each in a connection of its own.
type SMTP struct {
	config  Config
	from    mail.Address
	options []gomail.Option
	shut    atomic.Bool // the last attempt did not come as far as the message
}

// NewSMTP checks the config and reads the password file. It does not connect.
func NewSMTP(c Config) (*SMTP, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return nil, errors.New("mail.from is not an address")
	}
	s := &SMTP{config: c, from: *from}
	s.options = []gomail.Option{gomail.WithPort(c.Port), gomail.WithTimeout(c.Timeout), gomail.WithoutNoop()}
	switch c.TLS {
	case "implicit":
		s.options = append(s.options, gomail.WithSSL())
	case "starttls":
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	default:
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if c.Username == "" {
		return s, nil
	}
	password, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("post: password file: %w", err)
	}
	auth := gomail.SMTPAuthAutoDiscover
	if c.TLS == "none" {
		auth = gomail.SMTPAuthPlain // only to this machine, see Check
	}
	s.options = append(s.options, gomail.WithSMTPAuth(auth), gomail.WithUsername(c.Username),
		gomail.WithPassword(strings.TrimRight(string(password), "\r\n")))
	return s, nil
}

// Send implements [Mailer].
func (s *SMTP) Send(ctx context.Context, m Message) error {
	if err := m.check(); err != nil {
		return err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&s.from)
	msg.ToMailAddress(&mail.Address{Address: m.To})
	msg.Subject(m.Subject)
	msg.SetDate()
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: so that no robot answers
	if m.ID != "" {
		_, domain, _ := strings.Cut(s.from.Address, "@")
		msg.SetMessageIDWithValue(m.ID + "@" + domain)
	} else {
		msg.SetMessageID()
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	client, err := gomail.NewClient(s.config.Host, s.options...)
	if err != nil {
		return transient("mail is misconfigured")
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	err = s.judge(client.DialAndSendWithContext(ctx, msg))
	s.shut.Store(errors.Is(err, errShut))
	return err
}

// Ready says whether the mail server can be reached, and whether it let us in when mail was sent last. The fault
// "mail_unavailable" names the server.
func (s *SMTP) Ready(ctx context.Context) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.place())
	if err == nil {
		err = conn.Close()
	}
	if err != nil {
		return relay.NewFault(relay.Unavailable, "mail_unavailable", "The mail server "+s.place()+" cannot be reached.", err)
	}
	if s.shut.Load() {
		return relay.NewFault(relay.Unavailable, "mail_unavailable", "The mail server "+s.place()+" refuses our login.", nil)
	}
	return nil
}

func (s *SMTP) place() string { return net.JoinHostPort(s.config.Host, strconv.Itoa(s.config.Port)) }

// errShut is the failure of an attempt that did not come as far as the message.
var errShut = errors.New("not let in")

// judge sorts what the mail server said. Only an answer about this message can be final: a refused login or sender is
// our own configuration, which the operator will mend. The server's words are left out, for they may quote the address.
func (s *SMTP) judge(err error) error {
	if err == nil {
		return nil
	}
	var refused *gomail.SendError
	if !errors.As(err, &refused) {
		return &failure{text: "the mail server " + s.place() + " cannot be reached or does not let us in", cause: errShut}
	}
	text := fmt.Sprintf("the mail server "+s.place()+" refused the message: %d %s", refused.ErrorCode(), refused.EnhancedStatusCode())
	switch refused.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		if code := refused.ErrorCode(); code >= 500 && code < 600 {
			return permanent(strings.TrimSpace(text))
		}
	case gomail.ErrNoUnencoded, gomail.ErrGetSender, gomail.ErrGetRcpts:
		return permanent("the message cannot be written for this mail server")
	}
	return transient(strings.TrimSpace(text))
}
