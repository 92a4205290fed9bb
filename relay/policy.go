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

// CustodyText is the sentence behind the word, for screens.
func (p Policy) CustodyText() string {
	if p == Link {
		return "Whoever has the link can take the money. Until then the sender can take it back."
	}
	return "Only the sender, or the recipient with both the link and her inbox, can move the money. " +
		"Until it is claimed, the sender can take it back."
}
