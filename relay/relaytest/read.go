package relaytest

import (
	"context"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// History is what a payment went through.
func History(ctx context.Context, store desk.Views, id relay.PaymentID) ([]relay.Entry, error) {
	return desk.Read(ctx, store, func(tx desk.Tx) ([]relay.Entry, error) { return tx.History(id) })
}

// WorkOf is every row of work for a payment, done ones too.
func WorkOf(ctx context.Context, store desk.Views, id relay.PaymentID) ([]desk.Work, error) {
	return desk.Read(ctx, store, func(tx desk.Tx) ([]desk.Work, error) { return tx.WorkOf(id) })
}

// list is one page of a list.
func (b *fixture) list(f desk.Filter) (page []relay.Payment, more bool, err error) {
	err = b.View(b.Context(), func(tx desk.Tx) error { page, more, err = tx.List(f); return err })
	return page, more, err
}
