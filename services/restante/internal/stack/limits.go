package stack

import (
	"errors"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/services/signer"
)

// Policy is what the operator allows every app, and some apps otherwise. It is the signer's: nothing that the API or a
// worker may say changes it.
type Policy struct {
	Limits      `yaml:",inline"`
	Apps        map[string]Limits `yaml:"apps"`                                             // by the app's id; each replaces the others whole
	AppsPerDay  int               `yaml:"apps_per_day" validate:"omitempty,min=1"`          // most apps that are made on a day; default 100
	SharesInAll int               `yaml:"shares_in_all" validate:"omitempty,min=1,max=100"` // percent of the sponsor's lumens that all apps without a budget of their own may have out together; default 50
}

// Limits is the limits of one app. What is absent is the default.
type Limits struct {
	MaxPayment  Lumens `yaml:"max_payment"`                               // most of one payment, in whole units of its asset; default 100000
	MaxDay      Lumens `yaml:"max_day"`                                   // most of an asset out of the treasury a day; default 1000000
	Budget      Lumens `yaml:"budget"`                                    // lumens of the sponsor's that the app may have out; default the share
	BudgetShare int    `yaml:"budget_share" validate:"omitempty,max=100"` // percent of what the sponsor has free; default 25
}

// Lumens is an amount in a file: a decimal with up to 7 places.
type Lumens relay.Stroops

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Lumens) UnmarshalText(text []byte) error {
	n, err := relay.ParseAmount(string(text))
	if err != nil {
		return errors.New(`an amount is a decimal number like "25" or "0.5", more than zero`)
	}
	*l = Lumens(n)
	return nil
}

func (l Limits) limits() signer.Limits {
	return signer.Limits{MaxPayment: relay.Stroops(l.MaxPayment), MaxDay: relay.Stroops(l.MaxDay),
		Budget: relay.Stroops(l.Budget), Share: l.BudgetShare}
}

func (c Policy) policy() signer.Policy {
	p := signer.Policy{Limits: c.limits(), Apps: map[relay.AppID]signer.Limits{}, Treasuries: c.AppsPerDay, Together: c.SharesInAll}
	for id, l := range c.Apps {
		p.Apps[relay.AppID(id)] = l.limits()
	}
	return p
}
