package relay

import (
	"maps"
	"slices"
)

// Effect is work that a step asks for. It becomes a row in the same commit as the payment and its history.
type Effect struct {
	Kind    EffectKind
	Due     Micros // not before; 0 = at once
	Subject string // of DoPublish and DoNotify; "" = the state
}

// EffectKind names a kind of work. The handler of each is idempotent: it may run again after a crash. A kind is added here, in
// the table below and among the worker's handlers; tests hold the three together. Each place says what the others cannot (what steps call
// it, its rules, and what does it), so to make the table the list of names would only move the naming.
type EffectKind string

const (
	DoFund     EffectKind = "fund"      // mint, sign and submit the funding (batched with others of the app)
	DoSubmit   EffectKind = "submit"    // hand an envelope in until it landed or is proven dead
	DoKeep     EffectKind = "keep"      // have the signer keep what a client minted, when the answer to its deposit was lost
	DoReturn   EffectKind = "return"    // hand in the way back until the money is home
	DoExpire   EffectKind = "expire"    // tell the payment that its time may be up
	DoAudit    EffectKind = "audit"     // look at the holding account
	DoPublish  EffectKind = "publish"   // announce the new state on the bus
	DoNotify   EffectKind = "notify"    // write to the recipient
	DoMailCode EffectKind = "mail_code" // mail a code to the recipient
	DoExpunge  EffectKind = "expunge"   // delete box, share and codes
	DoReclaim  EffectKind = "reclaim"   // take the sponsor's reserves back from the account that the claim made
	DoCollect  EffectKind = "collect"   // claim, for the treasury, the balance that a last resort left to it
)

// Clock says by whose time work is due.
type Clock string

const (
	ServiceClock Clock = "service" // that of the process that looks for work
	LedgerClock  Clock = "ledger"  // the close time of the ledger that was taken in last
)

type effectRules struct {
	clock Clock
	money bool // it may move money, or lead to that: it rests while its payment is halted
	live  bool // it is over once its payment has ended
}

var effects = map[EffectKind]effectRules{
	DoFund:     {clock: ServiceClock, money: true, live: true},
	DoSubmit:   {clock: ServiceClock, money: true},
	DoKeep:     {clock: ServiceClock, live: true},
	DoReturn:   {clock: ServiceClock, money: true, live: true},
	DoExpire:   {clock: LedgerClock, money: true, live: true},
	DoAudit:    {clock: ServiceClock, money: true, live: true},
	DoPublish:  {clock: ServiceClock},
	DoNotify:   {clock: ServiceClock},
	DoMailCode: {clock: ServiceClock},
	DoExpunge:  {clock: ServiceClock},
	DoReclaim:  {clock: ServiceClock, money: true},
	DoCollect:  {clock: ServiceClock, money: true},
}

// Clock is the clock by which work of this kind is due; "" for an unknown kind, which is due by none.
func (k EffectKind) Clock() Clock { return effects[k].clock }

// MovesMoney says whether work of this kind rests while what it is about is halted. That of an unknown kind does.
func (k EffectKind) MovesMoney() bool {
	rules, known := effects[k]
	return rules.money || !known
}

// EffectKinds are all kinds.
func EffectKinds() []EffectKind { return slices.Sorted(maps.Keys(effects)) }

// KindsDueBy are the kinds that are due by a clock.
func KindsDueBy(c Clock) []EffectKind {
	return slices.DeleteFunc(EffectKinds(), func(k EffectKind) bool { return effects[k].clock != c })
}

// KindsOfLive are the kinds that are over once their payment has ended.
func KindsOfLive() []EffectKind {
	return slices.DeleteFunc(EffectKinds(), func(k EffectKind) bool { return !effects[k].live })
}
