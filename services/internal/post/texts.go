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

{{if .Issued}}An asset is worth what its issuer is good for.

{{end -}}
The money waits for you until {{.Until}}. To claim it, open the link that {{.App}} gave you.
Until you claim it, the sender can take it back.

This mail has no link in it, on purpose. We will never ask you for money, a password or a secret key.
{{end}}
{{- define "returned" -}}
{{.Amount}}, which {{.App}} sent you, went back to the sender{{if .Expired}}: the time to claim it ran out{{end}}.

{{if .Issued}}An asset is worth what its issuer is good for.
{{end -}}
The link that you were given opens nothing any more. If you think that this is a mistake, write to {{.App}}.
{{end}}
{{- define "claimed" -}}
{{.Amount}}, which {{.App}} sent you, has been claimed.

The money went to the account
    {{.Account}}
in the transaction
    {{.Tx}}

{{if .Issued}}An asset is worth what its issuer is good for.
{{end -}}
If this was not you, write to {{.App}}.
{{end}}
{{- define "paid" -}}
{{.App}} has paid {{.Amount}} into the account that you have put on file there:
    {{.Account}}
{{if .Issued}}
An asset is worth what its issuer is good for.
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

// aboutMoney writes a mail about an amount as [relay.Money] names it. A subject is cut off on small screens, and a code without its
// issuer names nothing: of an issued asset the subject has no amount.
func aboutMoney(name, to, app, amount string, subject func(money string) string, data map[string]any, lines ...string) (Message, error) {
	if err := CheckName(app); err != nil {
		return Message{}, err
	}
	for _, s := range append(lines, amount) {
		if s == "" || !oneLine(s) {
			return Message{}, permanent("amount, account and transaction are one line each")
		}
	}
	said, issued := amount, !strings.HasSuffix(amount, " XLM")
	if issued {
		said = "money"
	}
	data["App"], data["Amount"], data["Issued"] = app, amount, issued
	return write(name, to, subject(said), data)
}

// ArrivalMail says that money waits. amount is as [relay.Money] names it, with the issuer. The caller sets the ID.
func ArrivalMail(to, app, amount string, until time.Time) (Message, error) {
	return aboutMoney("arrival", to, app, amount, func(money string) string { return app + " has sent you " + money },
		map[string]any{"Until": until.UTC().Format("2 January 2006, 15:04 UTC")})
}

// ClaimedMail says that the money was claimed, where it went (G…), and in which transaction (hash). The caller sets the ID.
func ClaimedMail(to, app, amount, account, tx string) (Message, error) {
	return aboutMoney("claimed", to, app, amount, func(money string) string { return "You claimed " + money + " from " + app },
		map[string]any{"Account": account, "Tx": tx}, account, tx)
}

// PaidMail says that the money went directly into the account on file. The arguments are those of the other mails.
func PaidMail(to, app, amount, account, tx string) (Message, error) {
	return aboutMoney("paid", to, app, amount, func(money string) string { return app + " has paid you " + money },
		map[string]any{"Account": account, "Tx": tx}, account, tx)
}

// ReturnedMail says that the money went back; expired: because nothing was claimed in time, else because the sender took it.
func ReturnedMail(to, app, amount string, expired bool) (Message, error) {
	return aboutMoney("returned", to, app, amount, func(money string) string { return capital(money) + " from " + app + " went back" },
		map[string]any{"Expired": expired})
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
