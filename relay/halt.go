package relay

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// HaltScope says what a halt stops. One that is not known stops everything.
type HaltScope string

const (
	// HaltPayment stops one payment: what the ledger shows of it and what we wrote down cannot both be right.
	HaltPayment HaltScope = "payment"
	// HaltApp stops one app: its own treasury is in doubt.
	HaltApp HaltScope = "app"
	// HaltAll stops everything that moves money: the history of the ledger, or the signer's log as a whole, is in doubt.
	HaltAll HaltScope = "all"
)

// Halt says what is stopped until the operator has looked, and why. The operator acknowledges it by its hash, and nothing else.
type Halt struct {
	Scope   HaltScope
	App     AppID     // "" of HaltAll, and of a payment that the database does not know
	Payment PaymentID // of HaltPayment
	Hash    string    // what it is about: the hash of an envelope, a transaction or a ledger, or an account
	Why     string    // for the operator: the log's text
	At      Micros    // 0 = written down before there were moments
}

// Stops says whether the halt stops what belongs to an app and a payment.
func (h Halt) Stops(app AppID, id PaymentID) bool {
	switch h.Scope {
	case HaltPayment:
		return h.Payment == id
	case HaltApp:
		return h.App == app
	}
	return true
}

// Public is what callers may read of it.
func (h Halt) Public() string {
	what := "Everything that moves money"
	switch h.Scope {
	case HaltPayment:
		what = "This payment"
	case HaltApp:
		what = "All that moves money of this app"
	}
	return what + " is stopped until the operator has looked; it is about " + h.Hash + ". Money that waits stays where it is."
}

// WhileHalted follows the sentence on who can move a payment's money, while a halt stops it.
const WhileHalted = " Just now it is stopped: until the operator has looked, the service moves it for neither side."

// Refusal is the fault of an action that a halt stops.
func (h Halt) Refusal() error {
	return &Fault{Kind: Conflict, Code: ErrHalted.Code, Public: h.Public(), Cause: errors.New(h.Why)}
}

// Contradiction is [ErrContradiction] with what it is about, and so what it stops. A bare [ErrContradiction] stops everything.
type Contradiction struct {
	Scope    HaltScope
	Hash     string      // as in Halt
	App      AppID       // of HaltApp
	Payments []PaymentID // of HaltPayment: at least one
	Cause    error       // wraps ErrContradiction
}

func (c *Contradiction) Error() string { return c.Cause.Error() }
func (c *Contradiction) Unwrap() error { return c.Cause }

// About scopes a bare contradiction to the history of the ledger or the signer's log as a whole, with its hash. One that has a scope
// stays as it is, and so does any other error.
func About(hash string, err error) error {
	return narrowed(err, &Contradiction{Scope: HaltAll, Hash: hash})
}

// AboutPayments scopes a bare contradiction to these payments. Without any it is about everything.
func AboutPayments(hash string, err error, ids ...PaymentID) error {
	if len(ids) == 0 {
		return About(hash, err)
	}
	return narrowed(err, &Contradiction{Scope: HaltPayment, Hash: hash, Payments: ids})
}

// AboutApp scopes a bare contradiction to an app, by the account of its treasury.
func AboutApp(account string, err error, app AppID) error {
	return narrowed(err, &Contradiction{Scope: HaltApp, Hash: account, App: app})
}

func narrowed(err error, c *Contradiction) error {
	var said *Contradiction
	if !errors.Is(err, ErrContradiction) || errors.As(err, &said) {
		return err
	}
	c.Cause = err
	return c
}

// Contradictions are all those in err, joined ones too, each with its scope. The cause of a bare one is err itself.
func Contradictions(err error) []*Contradiction {
	var found []*Contradiction
	bare := false
	var look func(error)
	look = func(e error) {
		if c, ok := e.(*Contradiction); ok {
			found = append(found, c)
			return
		}
		if f, ok := e.(*Fault); ok && f.Is(ErrContradiction) {
			bare = true
			return
		}
		switch e := e.(type) {
		case interface{ Unwrap() []error }:
			for _, part := range e.Unwrap() {
				look(part)
			}
		case interface{ Unwrap() error }:
			look(e.Unwrap())
		}
	}
	look(err)
	if bare {
		found = append(found, &Contradiction{Scope: HaltAll, Cause: err})
	}
	return found
}

// Halts are what a contradiction stops. One of an unknown scope, or about no payment, stops everything.
func (c *Contradiction) Halts(now Micros) []Halt {
	h := Halt{Scope: c.Scope, App: c.App, Hash: c.Hash, Why: c.Error(), At: now}
	if h.Hash == "" { // it is about what its text says
		sum := sha256.Sum256([]byte(h.Why))
		h.Hash = hex.EncodeToString(sum[:])
	}
	switch {
	case c.Scope == HaltApp && c.App != "":
		return []Halt{h}
	case c.Scope == HaltPayment && len(c.Payments) > 0:
		var all []Halt
		for _, id := range c.Payments {
			h.Payment = id
			all = append(all, h)
		}
		return all
	}
	h.Scope, h.App = HaltAll, ""
	return []Halt{h}
}
