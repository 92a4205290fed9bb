package desk

import "github.com/restante/restante/relay"

// Payments are the rows of payments, and the history of each.
//
// A payment is saved over the version that was read: Save writes where id and p.Version are still so, else ErrStale, and counts
// the version up. What a payment was created with never changes but for its handle; no row is ever deleted. The database refuses
// a row whose state and columns contradict each other.
type Payments interface {
	Payment(id relay.PaymentID) (relay.Payment, error)
	InsertPayment(p relay.Payment) error // a fault "reference_taken" or "id_taken" (Conflict) when it is
	SavePayment(p *relay.Payment) error
	PaymentsOfHoldings(accounts []string) ([]relay.PaymentID, error)
	PaymentsOfBalances(ids []string) ([]relay.PaymentID, error) // in whose last resorts these claimable balances were left
	MintedFor(account string) ([]relay.PaymentID, error)        // those for which a way back out of the account was ever written down

	// List pages through payments; more says whether there are further ones.
	List(f Filter) (page []relay.Payment, more bool, err error)
	// Holding lists payments in the states given, after an id and in the order of ids, for audits and recovery; without states,
	// those that may have money in a holding account.
	Holding(after relay.PaymentID, limit int, states ...relay.State) ([]relay.Payment, error)

	AppendHistory(e relay.Entry) error
	History(id relay.PaymentID) ([]relay.Entry, error) // oldest first
}

// Filter chooses payments of an app for a list, newest first.
type Filter struct {
	App       relay.AppID // always needed
	State     relay.State
	Reference string
	To        string // canonical handle
	After     relay.PaymentID
	Limit     int
}
