package relay

import (
	"slices"
	"strings"
)

// Policy says how the recipient's half of a box is kept until the recipient has a key.
type Policy string

const (
	// Guarded: link and proof of the handle together open the box. Default when the app delivers the link.
	Guarded Policy = "guarded"
	// Link: any holder of the link can claim.
	Link Policy = "link"
)

// Proving is how the recipient shows that the handle is theirs.
type Proving string

const (
	Unasked   Proving = "none"    // the policy asks for no proof
	ByCode    Proving = "code"    // a code that is mailed to the handle
	ByVoucher Proving = "voucher" // the word of an app for a user who is signed in there

	// NotKnown is what screens say of a payment whose policy or handle this program does not know.
	NotKnown = "unknown"
)

// policyRules is all that the program knows of one policy: a policy is added here and nowhere else.
type policyRules struct {
	policy     Policy
	keepsShare bool
	asksProof  bool
	readdress  bool
	custody    string
	holders    map[Proving]string // who could move the money while it waits, by how the handle is proven
}

// policies is the table, in the order in which a refusal names them; the first is the default.
var policies = []policyRules{
	{policy: Guarded, keepsShare: true, asksProof: true, readdress: true, custody: "sender_and_recipient", holders: map[Proving]string{
		ByCode:    "Only the sender, or the recipient with both the link and her inbox, can move the money.",
		ByVoucher: "Only the sender, or the recipient with both the link and the app's word that this is she, can move the money.",
	}},
	{policy: Link, custody: "bearer", holders: map[Proving]string{Unasked: "Every holder of the link can take the money."}},
}

// errPolicy refuses what depends on a policy that this program does not know: a newer one may have written it.
var errPolicy = ConflictFault("policy_unsupported", "This program does not know the policy of this payment, so it does nothing that depends on it.")

// rules is the row of p; that of an unknown policy allows nothing.
func (p Policy) rules() (policyRules, error) {
	i := slices.IndexFunc(policies, func(r policyRules) bool { return r.policy == p })
	if i < 0 {
		return policyRules{custody: NotKnown}, errPolicy
	}
	return policies[i], nil
}

// Policies are the policies that this program knows; the first is the default.
func Policies() (all []Policy) {
	for _, r := range policies {
		all = append(all, r.policy)
	}
	return all
}

// ParsePolicy reads a policy; "" is the default. The error is of kind [Invalid].
func ParsePolicy(s string) (Policy, error) {
	var names []string
	for _, p := range Policies() {
		if s == "" || s == string(p) {
			return p, nil
		}
		names = append(names, `"`+string(p)+`"`)
	}
	return "", InvalidFault("policy_unknown", "/policy", "a policy is "+strings.Join(names, " or "))
}

// KeepsShare says whether the service keeps a half of the key, which opens the box together with the link. The fault of a policy
// that is not known is "policy_unsupported" (Conflict).
func (p Policy) KeepsShare() (bool, error) { r, err := p.rules(); return r.keepsShare, err }

// AsksProof says whether the owner of the handle has to prove it before anything is released, planned or put on file. Where none
// is asked for, the link says nothing about whose handle it is. The fault is that of KeepsShare.
func (p Policy) AsksProof() (bool, error) { r, err := p.rules(); return r.asksProof, err }

// Readdressable says whether the handle may change while the link stays: only where nothing opens the box without a proof of the
// handle. The fault is that of KeepsShare.
func (p Policy) Readdressable() (bool, error) { r, err := p.rules(); return r.readdress, err }

// Custody is one honest word for who could move the money while it waits.
func (p Policy) Custody() string { r, _ := p.rules(); return r.custody }

// Custody is the word of this payment: of its policy, unless it goes directly into an account.
func (p Payment) Custody() string {
	if p.IsDirect() {
		return "recipient"
	}
	return p.Policy.Custody()
}

// CustodyText is the sentence of this payment, for screens; "" when it has ended.
func (p Payment) CustodyText() string {
	if p.State.Known() && p.State.Ended() { // a preview has no state yet
		return ""
	}
	text := p.holders()
	if p.IsDirect() {
		text = "It goes directly into the account that the recipient has put on file, and cannot be taken back once it is there."
	}
	if p.Clawback {
		text += " The issuer of this asset can take it back at any time, from every holder."
	}
	return text
}

// holders says who could move the money while it waits.
func (p Payment) holders() string {
	rules, _ := p.Policy.rules()
	text := rules.holders[p.ProvedBy()]
	if text == "" {
		return "This program does not know who can move the money while it waits."
	}
	return text + " Until it is claimed, the sender can take it back."
}

// ProvedBy is how the recipient shows that the handle is theirs; [NotKnown] where policy or handle are not known.
func (p Payment) ProvedBy() Proving {
	asks, err := p.Policy.AsksProof()
	switch {
	case err != nil:
		return NotKnown
	case !asks:
		return Unasked
	}
	return p.To.rules().proof
}
