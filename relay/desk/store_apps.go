package desk

import "github.com/restante/restante/relay"

// Apps are the rows of tenants and their API keys, and what an app's payments add up to. To read an app for writing locks it, so
// that two payments of one app are judged one after the other.
type Apps interface {
	InsertApp(a relay.App) error
	App(id relay.AppID) (relay.App, error)
	SaveApp(a relay.App) error
	InsertKey(k relay.Key) error
	KeyByHash(hash string) (relay.Key, error) // a revoked one, too
	KeysOf(id relay.AppID) ([]relay.Key, error)
	SaveKey(k relay.Key) error

	Usage(id relay.AppID, asset string) (relay.Usage, error)                                  // Waiting and Committed of one asset, the units of all
	ReservesOut(app relay.AppID, after relay.PaymentID, limit int) ([]relay.PaymentID, error) // payments with SpentUnits, behind an id, in order
}

// OnFile are the accounts that recipients agreed to be paid into directly, one per app and handle.
type OnFile interface {
	PutAgreed(a relay.Agreed) error // replaces
	Agreed(app relay.AppID, to relay.Handle) (relay.Agreed, error)
	DropAgreed(app relay.AppID, to relay.Handle) error // again is not an error
}
