package relay

// Limits on codes. A code has six digits, so these are what stands between a guesser and the money.
const (
	CodeLife     = Micros(10 * 60 * 1e6)   // a code is good for 10 minutes
	TriesPerCode = 5                       // wrong or right, a code is compared 5 times at most
	TriesPerLife = 50                      // a payment's codes are compared 50 times at most, ever
	FirstPause   = Micros(30 * 1e6)        // between the first code and the second; it doubles
	LongestPause = Micros(24 * 3600 * 1e6) // up to a day
	PassLife     = Micros(30 * 60 * 1e6)   // what a proof opens stays open for 30 minutes
	VoucherLife  = Micros(10 * 60 * 1e6)   // an app's word for its user is good for 10 minutes
)

// CodeBook counts, per payment, what was mailed and what was tried. It lives as long as the payment.
type CodeBook struct {
	Payment PaymentID
	Sent    int
	NextAt  Micros // no code is mailed before
	Tries   int
}

// Code is one mailed code, bound to the session that asked for it. Neither code nor session is in it in the clear.
type Code struct {
	Session  string // hash of the session token
	Payment  PaymentID
	MAC      []byte // HMAC of session and code under the pepper
	Sealed   []byte // the code, encrypted, until it is mailed; then nil
	IssuedAt Micros
	Tries    int
	UsedAt   Micros // 0 = never
}

// PassKind is what a pass stands for.
type PassKind string

const (
	ProofPass   PassKind = "proof"   // this bearer proved the handle; lets plan and submit a claim
	VoucherPass PassKind = "voucher" // the app vouches for this bearer; exchanged once for a proof
)

// Pass is a bearer token bound to one payment; only its hash is kept.
type Pass struct {
	Hash      string
	Payment   PaymentID
	Kind      PassKind
	ExpiresAt Micros
	UsedAt    Micros // a voucher is used once
}

// Ask counts one more code to be mailed. The fault is Exhausted, with RetryAt, while a pause lasts, and without once the
// payment's tries are used up.
func (b CodeBook) Ask(now Micros) (CodeBook, error) {
	if b.Tries >= TriesPerLife {
		return b, NewFault(Exhausted, "code_locked", "Too many codes were tried for this payment. Ask the sender.", nil)
	}
	if now < b.NextAt {
		f := NewFault(Exhausted, "code_too_soon", "A code was mailed a moment ago. Wait before you ask for another.", nil)
		f.RetryAt = b.NextAt
		return b, f
	}
	pause := LongestPause
	if b.Sent < 12 {
		pause = min(FirstPause<<b.Sent, LongestPause)
	}
	b.Sent, b.NextAt = b.Sent+1, now+pause
	return b, nil
}

// Try counts one comparison, before it is made. The store commits both before anybody compares.
func (b CodeBook) Try(c Code, now Micros) (CodeBook, Code, error) {
	switch {
	case b.Tries >= TriesPerLife:
		return b, c, NewFault(Exhausted, "code_locked", "Too many codes were tried for this payment. Ask the sender.", nil)
	case c.UsedAt != 0:
		return b, c, NewFault(Denied, "code_used", "This code was used already; ask for a new one.", nil)
	case now-c.IssuedAt >= CodeLife:
		return b, c, NewFault(Denied, "code_expired", "This code is too old; ask for a new one.", nil)
	case c.Tries >= TriesPerCode:
		return b, c, NewFault(Exhausted, "code_spent", "This code was tried too often; ask for a new one.", nil)
	}
	b.Tries, c.Tries = b.Tries+1, c.Tries+1
	return b, c, nil
}
