package desk

import "github.com/restante/restante/relay"

// Pauses are what fundings wait for, by app, and what the sponsor has to carry. [Queue] does not lease the fundings of an app while
// a pause of it, or of all apps (""), lasts.
type Pauses interface {
	PutPause(p relay.Pause) error // begins one, or goes on with one of the same cause, whose Since stays
	EndPauses(apps ...relay.AppID) error
	Pauses(apps ...relay.AppID) ([]relay.Pause, error) // of these apps; of all when none is named
	Carried() (relay.Load, error)                      // what all payments in flight will still ask of the sponsor
}
