package post

import (
	"fmt"
	"strings"
	"text/template"
	"time"
)

// Texts carry no link of any kind: a mail with a code and a link in it would make the inbox alone enough, and teaches
// people to follow links about money.
var texts = template.Must(template.New("").Parse(`
{{- define "code" -}}
{{.App}} holds money for you to claim. Your code is

    {{.Code}}

It is good for {{.Life}}, once, and only where you asked for it. Type it there.

If you did not ask for a code, somebody else has the link that was meant for you. Tell nobody this code.
{{end}}
{{- define "arrival" -}}
{{.App}} has sent you {{.Amount}}.

{{with .Issuer}}It is issued by the account
    {{.}}
and worth what that issuer is good for.

{{end -}}
The money waits for you until {{.Until}}. To claim it, open the link that {{.App}} gave you.
Until you claim it, the sender can take it back.

This mail has no link in it, on purpose. We will never ask you for money, a password or a secret key.
{{end}}
{{- define "returned" -}}
The {{.Amount}} that {{.App}} sent you went back to the sender{{if .Expired}}: the time to claim it ran out{{end}}.

The link that you were given opens nothing any more. If you think that this is a mistake, write to {{.App}}.
{{end}}
{{- define "claimed" -}}
The {{.Amount}} that {{.App}} sent you have been claimed.

They went to the account
    {{.Account}}
in the transaction
    {{.Tx}}

If this was not you, write to {{.App}}.
{{end}}
{{- define "paid" -}}
{{.App}} has paid {{.Amount}} into the account that you have put on file there:
    {{.Account}}
{{with .Issuer}}
It is issued by the account
    {{.}}
and worth what that issuer is good for.
{{end}}
It is there already, in the transaction
    {{.Tx}}
There is nothing to claim. If this is not your account, write to {{.App}}.
{{end}}`))

func write(name, to, subject string, data any) (Message, error) {
	var b strings.Builder
	if err := texts.ExecuteTemplate(&b, name, data); err != nil {
		return Message{}, permanent("text " + name + " cannot be written")
	}
	m := Message{To: to, Subject: subject, Text: b.String()}
	return m, m.check()
}

// CodeMail carries a six-digit code that is good for life from now on. The caller sets the ID.
func CodeMail(to, app, code string, life time.Duration) (Message, error) {
	if err := CheckName(app); err != nil {
		return Message{}, err
	}
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return Message{}, permanent("a code has six digits")
	}
	if life < time.Minute {
		return Message{}, permanent("a code is good for a minute at least")
	}
	minutes := "1 minute"
	if n := int(life / time.Minute); n > 1 {
		minutes = fmt.Sprintf("%d minutes", n)
	}
	return write("code", to, "Your code for the money from "+app, map[string]string{"App": app, "Code": code, "Life": minutes})
}

// ArrivalMail says that money waits. amount is with its unit: "25 XLM"; issuer is the account behind another asset than
// lumens, else "". The caller sets the ID.
func ArrivalMail(to, app, amount, issuer string, until time.Time) (Message, error) {
	if err := CheckName(app); err != nil {
		return Message{}, err
	}
	if amount == "" || !oneLine(amount) || !oneLine(issuer) {
		return Message{}, permanent("amount and issuer are one line each")
	}
	return write("arrival", to, app+" has sent you "+amount, map[string]string{
		"App": app, "Amount": amount, "Issuer": issuer, "Until": until.UTC().Format("2 January 2006, 15:04 UTC"),
	})
}

// ClaimedMail says that the money was claimed, where it went (G…), and in which transaction (hash). The caller sets the ID.
func ClaimedMail(to, app, amount, account, tx string) (Message, error) {
	if err := CheckName(app); err != nil {
		return Message{}, err
	}
	for _, s := range []string{amount, account, tx} {
		if s == "" || !oneLine(s) {
			return Message{}, permanent("amount, account and transaction are one line each")
		}
	}
	return write("claimed", to, "You claimed "+amount+" from "+app, map[string]string{
		"App": app, "Amount": amount, "Account": account, "Tx": tx,
	})
}

// PaidMail says that the money went directly into the account on file. The arguments are those of the other mails.
func PaidMail(to, app, amount, issuer, account, tx string) (Message, error) {
	if err := CheckName(app); err != nil {
		return Message{}, err
	}
	for _, s := range []string{amount, account, tx} {
		if s == "" || !oneLine(s) || !oneLine(issuer) {
			return Message{}, permanent("amount, issuer, account and transaction are one line each")
		}
	}
	return write("paid", to, app+" has paid you "+amount, map[string]string{
		"App": app, "Amount": amount, "Issuer": issuer, "Account": account, "Tx": tx,
	})
}

// ReturnedMail says that the money went back; expired: because nothing was claimed in time, else because the sender took it.
func ReturnedMail(to, app, amount string, expired bool) (Message, error) {
	if err := CheckName(app); err != nil {
		return Message{}, err
	}
	if amount == "" || !oneLine(amount) {
		return Message{}, permanent("an amount is one line")
	}
	return write("returned", to, amount+" from "+app+" went back", map[string]any{"App": app, "Amount": amount, "Expired": expired})
}
