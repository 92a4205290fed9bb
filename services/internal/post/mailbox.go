package post

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/restante/restante/relay/wire"
)

// MailboxSize is how many messages a Mailbox keeps; older ones are forgotten.
const MailboxSize = 1000

// Mailbox is the post of a development instance: it keeps messages in memory and shows them to every caller. It has no place
// where mail is of real people.
type Mailbox struct {
	Now func() time.Time // nil = time.Now

	mu   sync.Mutex
	mail []wire.Mail // oldest first
	ids  []string    // of mail, in the same order
}

// Send implements [Mailer]. A message whose ID is there already is the same message and is kept once.
func (b *Mailbox) Send(ctx context.Context, m Message) error {
	if err := m.check(); err != nil {
		return err
	}
	now := time.Now
	if b.Now != nil {
		now = b.Now
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.ID != "" && slices.Contains(b.ids, m.ID) {
		return nil
	}
	b.mail = append(b.mail, wire.Mail{To: m.To, Subject: m.Subject, Text: m.Text, At: now().UTC().Truncate(time.Microsecond)})
	b.ids = append(b.ids, m.ID)
	if over := len(b.mail) - MailboxSize; over > 0 {
		b.mail, b.ids = slices.Delete(b.mail, 0, over), slices.Delete(b.ids, 0, over)
	}
	return nil
}

// List returns the messages to an address, newest first; all of them when to is "". Case does not matter, and a handle
// ("email:ana@example.com") is taken for its address.
func (b *Mailbox) List(to string) []wire.Mail {
	to = strings.TrimPrefix(strings.ToLower(to), "email:")
	b.mu.Lock()
	defer b.mu.Unlock()
	list := []wire.Mail{} // JSON "[]" when there is none
	for _, m := range slices.Backward(b.mail) {
		if to == "" || strings.ToLower(m.To) == to {
			list = append(list, m)
		}
	}
	return list
}

// Handler serves GET /dev/mail, a page, and GET /dev/mail.json?to=ADDRESS, an array of [wire.Mail] with the newest first.
func (b *Mailbox) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /dev/mail", func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+styleHash+"'")
		guard(h)
		_ = mailboxPage.Execute(w, b.List(r.URL.Query().Get("to"))) // an error here is the reader's connection
	})
	mux.HandleFunc("GET /dev/mail.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		guard(w.Header())
		_ = json.NewEncoder(w).Encode(b.List(r.URL.Query().Get("to")))
	})
	return mux
}

func guard(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}

const mailboxStyle = `:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}` +
	`article{border-top:1px solid;padding:1rem 0}h2{font-size:1.1rem;margin:0;overflow-wrap:anywhere}p{margin:.25rem 0;overflow-wrap:anywhere}pre{white-space:pre-wrap;overflow-wrap:anywhere}`

var styleHash = func() string {
	sum := sha256.Sum256([]byte(mailboxStyle))
	return base64.StdEncoding.EncodeToString(sum[:])
}()

var mailboxPage = template.Must(template.New("mailbox").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Development mailbox</title><style>` + mailboxStyle + `</style>
<h1>Development mailbox</h1>
<p>Mail that this instance would have sent, newest first. It left this machine for nobody. The same as JSON:
<a href="/dev/mail.json">/dev/mail.json</a></p>
{{range .}}<article><h2>{{.Subject}}</h2><p>To {{.To}}, {{.At.Format "2006-01-02 15:04:05"}} UTC</p><pre>{{.Text}}</pre></article>
{{else}}<p>Nothing yet.</p>
{{end}}</html>
`))
