package sqlstore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
)

// defaultLimit is the size of a page when no size was given.
const defaultLimit = 100

// List implements desk.Tx: payments of f.App, newest first. An app is always needed. f.After is a payment of the app,
// else relay.ErrNotFound.
func (s *session) List(f desk.Filter) (page []relay.Payment, more bool, err error) {
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
	if f.After != "" {
		after, err := one(s, plain[int64], "SELECT created_at FROM payments WHERE id = $1 AND app = $2", f.After, f.App)
		if err != nil {
			return nil, false, err
		}
		args = append(args, after, f.After)
		where = append(where, fmt.Sprintf("(created_at, id) < ($%d, $%d)", len(args)-1, len(args)))
	}
	text := "SELECT " + paymentColumns + " FROM payments WHERE " + strings.Join(where, " AND ") +
		fmt.Sprintf(" ORDER BY created_at DESC, id DESC LIMIT $%d", len(args)+1)
	page, err = all(s, scanPayment, text, append(args, limit+1)...)
	if err != nil {
		return nil, false, err
	}
	if len(page) > limit {
		return page[:limit], true, nil
	}
	return page, false, nil
}

// Holding implements desk.Tx, in the order of ids. Without states it lists those that may have money in an account.
func (s *session) Holding(after relay.PaymentID, limit int, states ...relay.State) ([]relay.Payment, error) {
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
	alive := ""
	if !slices.ContainsFunc(states, relay.State.Ended) {
		alive = " AND ended_at = 0" // true of all of them; the index of those alive may serve
	}
	text := "SELECT " + paymentColumns + " FROM payments WHERE id > $1 AND state IN (" + slots(3, len(states)) + ")" +
		alive + " ORDER BY id LIMIT $2"
	return all(s, scanPayment, text, anys(states, after, limit)...)
}

// History implements desk.Tx, oldest first.
func (s *session) History(id relay.PaymentID) ([]relay.Entry, error) {
	return all(s, scanEntry, "SELECT payment, at, from_state, to_state, input, detail FROM history WHERE payment = $1 ORDER BY id", id)
}

var scanEntry = into(func(e *relay.Entry) []any { return []any{&e.Payment, &e.At, &e.From, &e.To, &e.Input, &e.Detail} })
