package relay

// App is a tenant.
type App struct {
	ID        AppID
	Name      string // shown to recipients
	Recipient string // age recipient of the sender: every box of the app is sealed to it
	Treasury  string // the app's account
	MayVouch  bool   // may prove handles of its own signed-in users
	Notify    bool   // we write to recipients on arrival and on claim
	Reclaim   bool   // they are taken back by themselves, once an account can carry them
	CreatedAt Micros
}

// Key opens the API for an app. Only the hash of its text is kept.
type Key struct {
	ID        string // "key_…", for rotating and revoking
	App       AppID
	Hash      string
	Scopes    Scopes // never empty, never changed
	CreatedAt Micros
	RevokedAt Micros // 0 = good
}

// Usage is what an app's payments add up to.
type Usage struct {
	Waiting     Stroops // in holding accounts, as the ledger showed it last, but for what senders keep there themselves ([Payment.Waits])
	Committed   Stroops // accepted, not yet out of the treasury
	LockedUnits int     // base reserves that the service keeps in holding accounts, those to be made included
	SpentUnits  int     // base reserves that the sponsor carries in accounts that claims made
	Unsigned    Unsigned
}

// Available is what the app can still promise out of a treasury that can spend so much, in stroops of the asset that was asked about:
// less what is committed. It is never less than nothing: where more is committed than is there, fundings wait until it is paid in.
func (u Usage) Available(spendable Stroops) Stroops { return max(spendable-u.Committed, 0) }

// Pays refuses a payment that the treasury does not hold besides what is committed: "treasury_empty" (Exhausted). before is what was
// committed before spendable was read, which that may have paid since.
func (u Usage) Pays(p Payment, before, spendable Stroops) error {
	if u.Committed = max(u.Committed, before); p.ByTreasury() && p.Amount > u.Available(spendable) {
		return NewFault(Exhausted, "treasury_empty", "The app's treasury does not hold this amount.", nil)
	}
	return nil
}

// Unsigned is what an app's accepted payments out of its treasury add up to that the signer has not signed yet, so that it
// does not count them.
type Unsigned struct {
	Amount   Stroops // of the asset asked about
	Payments int
	Credit   int // of them, those of a credit asset that get a holding account
	Direct   int // of them, those that get none
}

// Agreed is the account into which the owner of a handle agreed to be paid directly by an app.
type Agreed struct {
	App     AppID
	To      Handle
	Account string
	Payment PaymentID // whose proof came with the agreement
	At      Micros
}

// Entry is one line of a payment's history: append-only.
type Entry struct {
	Payment PaymentID
	At      Micros
	From    State
	To      State
	Input   string // name of the input
	Detail  string // hash, account or ledger; never a secret
}

// Pause says that fundings wait for something that no retry brings about.
type Pause struct {
	App    AppID  // "" = of all apps
	Cause  string // a code: "sponsor_short", "treasury_short" …
	Detail string // one sentence
	Since  Micros
	Until  Micros // then one funding is tried again; it begins another pause, or ends this one
}
