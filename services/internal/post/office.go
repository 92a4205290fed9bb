package post

import (
	"context"
	"time"

	"github.com/restante/restante/relay"
)

// Office writes to the recipients of payments: codes, arrivals, claims, direct payments. Its faults of kind Invalid say that a message can
// never be delivered; every other error that a later attempt may succeed. Repeats carry the same message id.
type Office struct {
	Mailer Mailer
	Codes  Sealer // opens what waits to be mailed
	Now    func() time.Time
}

// Code mails a code that was sealed by [SealCode] under its session's hash.
func (o *Office) Code(ctx context.Context, app relay.App, p relay.Payment, c relay.Code) error {
	code, err := OpenCode(o.Codes, c.Session, c.Sealed)
	if err != nil {
		return undeliverable(err) // sealed under another key: it will never open
	}
	left := (c.IssuedAt + relay.CodeLife).Time().Sub(o.Now()).Round(time.Minute)
	m, err := CodeMail(p.To.Value, app.Name, code, max(left, time.Minute))
	return o.send(ctx, m, err, "code-"+c.Session[:min(len(c.Session), 40)])
}

// Arrived says that money waits.
func (o *Office) Arrived(ctx context.Context, app relay.App, p relay.Payment) error {
	m, err := ArrivalMail(p.To.Value, app.Name, p.Money(), p.ExpiresAt.Time())
	return o.send(ctx, m, err, "arrived-"+string(p.ID))
}

// Claimed says where the money went: by a claim, or directly.
func (o *Office) Claimed(ctx context.Context, app relay.App, p relay.Payment) error {
	if p.IsDirect() {
		m, err := PaidMail(p.To.Value, app.Name, p.Money(), p.Destination, p.SettledTx)
		return o.send(ctx, m, err, "paid-"+string(p.ID))
	}
	m, err := ClaimedMail(p.To.Value, app.Name, p.Money(), p.Destination, p.SettledTx)
	return o.send(ctx, m, err, "claimed-"+string(p.ID))
}

// Returned says that the money that waited is with the sender again.
func (o *Office) Returned(ctx context.Context, app relay.App, p relay.Payment) error {
	m, err := ReturnedMail(p.To.Value, app.Name, p.Money(), p.Reason == relay.ByExpiry)
	return o.send(ctx, m, err, "returned-"+string(p.ID))
}

func (o *Office) send(ctx context.Context, m Message, err error, id string) error {
	if err == nil {
		m.ID = id
		err = o.Mailer.Send(ctx, m)
	}
	if IsPermanent(err) {
		return undeliverable(err)
	}
	return err
}

func undeliverable(cause error) error {
	return relay.NewFault(relay.Invalid, "mail_undeliverable", "This mail cannot be delivered.", cause)
}
