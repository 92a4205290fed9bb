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

// CustodyText is the sentence of this payment.
func (p Payment) CustodyText() string {
	text := p.Policy.CustodyText()
	if p.PayTo != "" {
		text = "It goes directly into the account that the recipient has put on file, and cannot be taken back once it is there."
	}
	if p.Clawback {
		text += " The issuer of this asset can take it back at any time, from anybody."
	}
	return text
}

// CustodyText is the sentence behind the word, for screens.
func (p Policy) CustodyText() string {
	if p == Link {
		return "Whoever has the link can take the money. Until then the sender can take it back."
	}
	return "Only the sender, or the recipient with both the link and her inbox, can move the money. " +
		"Until it is claimed, the sender can take it back."
}
