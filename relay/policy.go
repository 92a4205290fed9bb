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
	return "", invalid("policy_unknown", "/policy", "a policy is \"guarded\" or \"link\"")
}

// Custody is one honest word for who could move the money while it waits.
func (p Policy) Custody() string {
	if p == Link {
		return "bearer"
	}
	return "sender_and_recipient"
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
	text := p.holders() + " Until it is claimed, the sender can take it back."
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
	switch {
	case p.Policy == Link:
		return "Every holder of the link can take the money."
	case p.To.Kind == "email":
		return "Only the sender, or the recipient with both the link and her inbox, can move the money."
	}
	return "Only the sender, or the recipient with both the link and the app's word that this is she, can move the money."
}

// ProvedBy is how the owner of the handle shows that it is hers: "code", mailed to it, or "voucher", the word of an app for
// a user who is signed in there. Under the policy link nothing is asked: "none".
func (p Payment) ProvedBy() string {
	switch {
	case p.Policy == Link:
		return "none"
	case p.To.Kind == "email":
		return "code"
	}
	return "voucher"
}
