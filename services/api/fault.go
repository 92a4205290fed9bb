package api

import (
	"errors"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/internal/problem"
)

func invalid(code, pointer, public string) *relay.Fault {
	return &relay.Fault{Kind: relay.Invalid, Code: code, Pointer: pointer, Public: public}
}

func conflict(code, public string) *relay.Fault {
	return &relay.Fault{Kind: relay.Conflict, Code: code, Public: public}
}

// faults collects what is wrong with one request, so that it is all said at once.
type faults []error

func (f *faults) add(err error) { *f = append(*f, err) }

// err is nil, the one fault there is, or all of them as fields. An error that is no fault of the request comes first.
func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	if len(f) == 1 {
		return f[0]
	}
	var all problem.Fields
	for _, err := range f {
		var one *relay.Fault
		var some problem.Fields
		switch {
		case errors.As(err, &some):
			all = append(all, some...)
		case errors.As(err, &one) && one.Kind == relay.Invalid:
			all = append(all, problem.Field{Pointer: one.Pointer, Detail: one.Public, Code: one.Code})
		default:
			return err
		}
	}
	return all
}
