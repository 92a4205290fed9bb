package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// defaultLimit is the size of a page whose size nobody gave.
const defaultLimit = 100

// List implements relay.Store: payments of f.App, newest first. An app is always needed. f.After is a payment of the app,
// else relay.ErrNotFound.
func (s *Store) List(ctx context.Context, f desk.Filter) (page []relay.Payment, more bool, err error) {
	limit := f.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	args := []any{f.App}
	where := []string{"app = $1"}
	and := func(condition string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if f.State != "" {
		and("state = $%d", f.State)
	}
	if f.Reference != "" {
		and("reference = $%d AND reference <> ''", f.Reference) // the second half lets the partial index serve
	}
	if f.To != "" {
		and("to_index = $%d", handleIndex(s.keys, f.App, f.To))
	}
	err = s.read(ctx, func(tx *session) error {
		if f.After != "" {
			after, err := one(tx, plain[int64], "SELECT created_at FROM payments WHERE id = $1 AND app = $2", f.After, f.App)
			if err != nil {
				return err
			}
			args = append(args, after, f.After)
			where = append(where, fmt.Sprintf("(created_at, id) < ($%d, $%d)", len(args)-1, len(args)))
		}
		text := "SELECT " + paymentColumns + " FROM payments WHERE " + strings.Join(where, " AND ") +
			fmt.Sprintf(" ORDER BY created_at DESC, id DESC LIMIT $%d", len(args)+1)
		page, err = all(tx, scanPayment, text, append(args, limit+1)...)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	if len(page) > limit {
		return page[:limit], true, nil
	}
	return page, false, nil
}

// Holding implements relay.Store, in the order of ids. Without states it lists those that may have money in an account.
func (s *Store) Holding(ctx context.Context, after relay.PaymentID, limit int, states ...relay.State) (ps []relay.Payment, err error) {
	if len(states) == 0 {
		for _, x := range relay.States {
			if x.State.Holds() {
				states = append(states, x.State)
			}
		}
	}
	if limit <= 0 {
		limit = defaultLimit
	}
	args := []any{after, limit}
	for _, x := range states {
		args = append(args, x)
	}
	alive := ""
	if !slices.ContainsFunc(states, relay.State.Ended) {
		alive = " AND ended_at = 0" // true of all of them; the index of those alive may serve
	}
	text := "SELECT " + paymentColumns + " FROM payments WHERE id > $1 AND state IN (" + slots(3, len(states)) + ")" +
		alive + " ORDER BY id LIMIT $2"
	err = s.read(ctx, func(tx *session) error {
		ps, err = all(tx, scanPayment, text, args...)
		return err
	})
	return ps, err
}

// History implements relay.Store, oldest first.
func (s *Store) History(ctx context.Context, id relay.PaymentID) (es []relay.Entry, err error) {
	err = s.read(ctx, func(tx *session) error {
		es, err = all(tx, scanEntry,
			"SELECT payment, at, from_state, to_state, input, detail FROM history WHERE payment = $1 ORDER BY id", id)
		return err
	})
	return es, err
}

func scanEntry(_ *session, r row) (e relay.Entry, err error) {
	err = r.Scan(&e.Payment, &e.At, &e.From, &e.To, &e.Input, &e.Detail)
	return e, err
}
