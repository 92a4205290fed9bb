package relay

// Policy says how the recipient's half of a box is kept until she has a key.
type Policy string

const (
	// Guarded: link and proof of the handle together open the box. Default when the app delivers the link.
	Guarded Policy = "guarded"
	// Link: whoever has the link can claim.
	Link Policy = "link"
)

// ParsePolicy reads a policy; "" is the default. The error is of kind [Invalid].
func ParsePolicy(s string) (Policy, error) {
	switch p := Policy(s); p {
	case "":
		return Guarded, nil
	case Guarded, Link:
		return p, nil
	}
	return "", InvalidFault("policy_unknown", "/policy", "a policy is \"guarded\" or \"link\"")
}

// errPolicy refuses what depends on a policy that this program does not know: a newer one may have written it.
var errPolicy = ConflictFault("policy_unsupported", "This program does not know the policy of this payment, so it does nothing that depends on it.")

// KeepsShare says whether the service keeps a half of the key, which opens the box together with the link. The fault of a policy
// that is not known is "policy_unsupported" (Conflict).
func (p Policy) KeepsShare() (bool, error) { return p == Guarded, p.known() }

// AsksProof says whether the owner of the handle has to prove it before anything is released, planned or put on file. Where none
// is asked for, the link says nothing about whose handle it is. The fault is that of KeepsShare.
func (p Policy) AsksProof() (bool, error) { return p == Guarded, p.known() }

func (p Policy) known() error {
	if p != Guarded && p != Link {
		return errPolicy
	}
	return nil
}

// NotKnown is what screens say of a payment whose policy this program does not know.
const NotKnown = "unknown"

// Custody is one honest word for who could move the money while it waits.
func (p Policy) Custody() string {
	switch p {
	case Guarded:
		return "sender_and_recipient"
	case Link:
		return "bearer"
	}
	return NotKnown
}

// Custody is the word of this payment: of its policy, unless it goes directly into an account.
func (p Payment) Custody() string {
	if p.PayTo != "" {
		return "recipient"
	}
	return p.Policy.Custody()
}

// CustodyText is the sentence of this payment, for screens; "" when it has ended: no one holds it any more.
func (p Payment) CustodyText() string {
	if p.State.Known() && p.State.Ended() { // a preview has no state yet
		return ""
	}
	text := p.holders()
	if p.PayTo != "" {
		text = "It goes directly into the account that the recipient has put on file, and cannot be taken back once it is there."
	}
	if p.Clawback {
		text += " The issuer of this asset can take it back at any time, from every holder."
	}
	return text
}

// holders says who could move the money while it waits.
func (p Payment) holders() string {
	const back = " Until it is claimed, the sender can take it back."
	switch proof := p.ProvedBy(); proof {
	case "none":
		return "Every holder of the link can take the money." + back
	case "code":
		return "Only the sender, or the recipient with both the link and her inbox, can move the money." + back
	case "voucher":
		return "Only the sender, or the recipient with both the link and the app's word that this is she, can move the money." + back
	}
	return "This program does not know who can move the money while it waits."
}

// ProvedBy is how the owner of the handle shows that it is hers: "code", mailed to it, or "voucher", the word of an app for
// a user who is signed in there. Under the policy link nothing is asked: "none". Under one that is not known: [NotKnown].
func (p Payment) ProvedBy() string {
	asks, err := p.Policy.AsksProof()
	switch {
	case err != nil:
		return NotKnown
	case !asks:
		return "none"
	case p.To.Mailed():
		return "code"
	}
	return "voucher"
}
