package worker

import (
	"context"
	"errors"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// publish announces a state that a payment reached.
func (w *Worker) publish(ctx context.Context, row desk.Work) error {
	if w.Announce == nil {
		return nil
	}
	p, err := w.Desk.Payment(ctx, row.Payment)
	if err != nil {
		return err
	}
	return w.Announce.Announce(ctx, row, p)
}

// notify writes to the recipient that money waits, where it went, or that the sender took it back: only to mail addresses, only for
// apps that want it, and never a link.
func (w *Worker) notify(ctx context.Context, row desk.Work) error {
	p, app, err := w.Desk.PaymentAndApp(ctx, row.Payment)
	if err != nil || w.Post == nil || !app.Notify || !p.To.Mailed() {
		return err
	}
	switch relay.State(row.Subject) {
	case relay.Pending:
		if p.State != relay.Pending {
			return nil // do not write about what is over
		}
		err = w.Post.Arrived(ctx, app, p)
	case relay.Claimed:
		err = w.Post.Claimed(ctx, app, p)
	case relay.Returned:
		err = w.Post.Returned(ctx, app, p)
	default:
		return nil
	}
	return w.answered(ctx, row, p, err)
}

// mailCode mails a code that was asked for, then forgets it; one that will not be mailed any more it only forgets.
func (w *Worker) mailCode(ctx context.Context, row desk.Work) error {
	c, p, err := w.Desk.TakeCode(ctx, row.Subject)
	if errors.Is(err, relay.ErrNotFound) {
		return nil // expunged with its payment
	}
	if err != nil {
		return err
	}
	if len(c.Sealed) == 0 || w.Post == nil {
		return w.Desk.CodeMailed(ctx, row.Subject)
	}
	_, app, err := w.Desk.PaymentAndApp(ctx, p.ID)
	if err != nil {
		return err
	}
	if err := w.answered(ctx, row, p, w.Post.Code(ctx, app, p, c)); err != nil {
		return err
	}
	return w.Desk.CodeMailed(ctx, row.Subject)
}

// answered notes what the mail server said of the recipient's address, and ends the row of a mail that no further try would
// deliver. Any other error stands.
func (w *Worker) answered(ctx context.Context, row desk.Work, p relay.Payment, err error) error {
	refused := relay.KindOf(err) == relay.Invalid
	if err != nil && !refused {
		return err
	}
	if refused {
		w.Log.Warn("mail cannot be delivered", "payment", row.Payment, "kind", row.Kind, "err", err)
	}
	_, err = w.Desk.Apply(ctx, p.ID, relay.MailAnswered{To: p.To, Refused: refused})
	return err
}
