package relay

// Limits on codes. A code has six digits, so only these keep a guesser from the money.
const (
	CodeLife     = Micros(10 * 60 * 1e6)   // a code is good for 10 minutes
	TriesPerCode = 5                       // wrong or right, a code is compared 5 times at most
	TriesPerLife = 50                      // a payment's codes are compared 50 times at most, ever
	FirstPause   = Micros(30 * 1e6)        // between the first code and the second; it doubles
	LongestPause = Micros(24 * 3600 * 1e6) // up to a day
	PassLife     = Micros(30 * 60 * 1e6)   // what a proof opens stays open for 30 minutes
	VoucherLife  = Micros(10 * 60 * 1e6)   // an app's word for its user is good for 10 minutes

	ProofsPerVoucher = 5 // the bearer of a voucher proves with it 5 times at most
)

// How codes and vouchers are used up. A code and a voucher prove a handle, within their lives and for one payment. The first proof binds
// them to the claimant key that came with it, random text that only that caller has:
//
//   - For the same key they prove again: a refused plan and a lost answer cost nothing, and a claim that was cut off goes on.
//   - For another key, or none, they prove nothing: a thief of one that was brought already gets nothing by it.
//   - A code that came without a key stays with the session that asked for it, and is used up by the first plan that is committed
//     with a proof of it, in that commit. A voucher that came without a key is used up by its proof: it has no session.
//
// How often they prove is limited: [TriesPerCode], [ProofsPerVoucher]. That a payment has one claim at a time is not
// judged here: the payment's state says so, and in the end the ledger. What was used up before there were claimant keys stays so.

// Serves says whether a code or voucher that is bound to a claimant key ("" none), and was used up or not, serves a caller with a key.
func Serves(bound string, usedAt Micros, key string) bool {
	if bound != "" {
		return bound == key
	}
	return usedAt == 0
}

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
	UsedAt   Micros // when a plan was first committed with it; 0 = never
	Claimant string // hash of the claimant key that it is bound to; "" = none
}

// PassKind is what a pass stands for.
type PassKind string

const (
	ProofPass   PassKind = "proof"   // this bearer proved the handle; lets plan and submit a claim
	VoucherPass PassKind = "voucher" // the app vouches for this bearer; exchanged for a proof
)

// Pass is a bearer token bound to one payment; only its hash is kept.
type Pass struct {
	Hash      string
	Payment   PaymentID
	Kind      PassKind
	ExpiresAt Micros
	UsedAt    Micros // of a voucher: when it proved without a claimant key, or when a plan was first committed with it

	Claimant   string // of a voucher: as Code.Claimant
	Tries      int    // of a voucher: how often it has proved
	Credential string // of a proof: hash of the code's session, or of the voucher; "" = none that a plan could use up
}

// Prove counts one proof with a voucher by the bearer of a claimant key ("" none), and binds it to that key.
func (v Pass) Prove(claimant string, now Micros) (Pass, error) {
	switch {
	case v.Kind != VoucherPass || now >= v.ExpiresAt || !Serves(v.Claimant, v.UsedAt, claimant):
		return v, ErrProofInvalid
	case v.Tries >= ProofsPerVoucher:
		return v, NewFault(Exhausted, "voucher_spent", "This voucher was used too often; ask the app for a new one.", nil)
	}
	if v.Tries++; claimant == "" {
		v.UsedAt = now
	}
	v.Claimant = claimant
	return v, nil
}

var ErrCodeUsed = NewFault(Denied, "code_used", "This code was used already; ask for a new one.", nil)

var ErrProofInvalid = NewFault(Denied, "proof_invalid", "This proof is unknown, used, too old, or of another payment.", nil)

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

// Try counts one comparison, before it is made. The store commits both before the comparison.
func (b CodeBook) Try(c Code, now Micros) (CodeBook, Code, error) {
	switch {
	case b.Tries >= TriesPerLife:
		return b, c, NewFault(Exhausted, "code_locked", "Too many codes were tried for this payment. Ask the sender.", nil)
	case c.UsedAt != 0 && c.Claimant == "":
		return b, c, ErrCodeUsed
	case now-c.IssuedAt >= CodeLife:
		return b, c, NewFault(Denied, "code_expired", "This code is too old; ask for a new one.", nil)
	case c.Tries >= TriesPerCode:
		return b, c, NewFault(Exhausted, "code_spent", "This code was tried too often; ask for a new one.", nil)
	}
	b.Tries, c.Tries = b.Tries+1, c.Tries+1
	return b, c, nil
}
