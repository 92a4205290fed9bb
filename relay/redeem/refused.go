package redeem

import (
	"errors"

	"github.com/restante/restante/relay/stellar"
)

// Refused reports whether err says that a box or a plan is not what it should be: altered on the way, or the work of a
// service that lies. Nothing was signed then.
func Refused(err error) bool {
	var differs *stellar.Mismatch
	if errors.As(err, &differs) {
		return true
	}
	for _, e := range []error{ErrBox, ErrAnswer, ErrShare, ErrPlan, ErrSequence} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
