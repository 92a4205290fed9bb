package relay

// The steps of a claim, and of what the recipient needs for it: the handle that is asked, and the share.

// readdress changes the handle, which decides whose inbox is asked, and only under guarded: while the share was never released,
// the box could not be opened, so the old address loses nothing but a promise. A share that was released may have been kept,
// and only moving the money would help.
func readdress(p Payment, in Readdressed) (Payment, []Effect, error) {
	if p.To == in.To {
		return p, nil, nil
	}
	switch p.State {
	case Created, Funding, Pending:
	default:
		return p, nil, p.ClaimRefusal()
	}
	can, err := p.Policy.Readdressable()
	switch {
	case p.ReturnAsked != "":
		return p, nil, ConflictFault("already_"+string(p.ReturnAsked), "This money is asked back already; it cannot be readdressed.")
	case err != nil:
		return p, nil, err
	case !can:
		return p, nil, ConflictFault("not_guarded", "Only a guarded payment can be readdressed: this link opens it for whoever has it.")
	case p.ShareReleasedAt != 0:
		return p, nil, ConflictFault("share_released", "The address was proven already, and the service's half of the key was handed out.")
	}
	if p.IsDirect() {
		return p, nil, ConflictFault("paid_directly", "This payment goes directly into an account; there is no other to give it to.")
	}
	p.To, p.Delivery = in.To, NotMailed
	effects := []Effect{{Kind: DoPublish}}
	if p.State == Pending { // before that, the landing of the funding writes to the handle of that time
		effects = append(effects, Effect{Kind: DoNotify})
	}
	return p, effects, nil
}

// releaseShare notes when the share was handed out first. Where it could not help, it is refused like a claim.
func releaseShare(p Payment, now Micros) (Payment, []Effect, error) {
	if err := p.Provable(); err != nil {
		return p, nil, err
	}
	if p.ShareReleasedAt == 0 {
		p.ShareReleasedAt = now
	}
	return p, nil, nil
}

// Provable says why the handle of a payment cannot be proven just now; nil when it can.
func (p Payment) Provable() error {
	if p.State != Pending && p.State != Claiming {
		return p.ClaimRefusal()
	}
	return nil
}

func submitClaim(p Payment, in ClaimSubmitted) (Payment, []Effect, error) {
	switch {
	case p.State == Claiming && p.Claim == in.Hash:
		return p, nil, nil
	case p.State != Pending:
		return p, nil, p.ClaimRefusal()
	case Seconds(in.At.CloseTime) >= p.ExpiresAt:
		return p, nil, ErrExpired
	}
	p.Claim, p.Destination = in.Hash, in.Destination
	return to(p, Claiming)
}

// ClaimRefusal says why a payment cannot be claimed in its state.
func (p Payment) ClaimRefusal() error {
	switch p.State {
	case Created, Funding:
		return ConflictFault("not_ready", "The money is not in its holding account yet; try again in a moment.")
	case Claiming:
		return ConflictFault("claim_in_flight", "Another claim of this payment is on its way.")
	case Claimed:
		return ConflictFault("already_claimed", "This money has already been claimed.")
	case Returning, Returned:
		return ConflictFault("already_"+string(p.Reason), "This money is on its way back to the sender, or there already.")
	case Parked:
		return ConflictFault("parked", "The money is safe, but cannot be moved just now.")
	}
	return ConflictFault("already_"+string(p.State), "This payment has ended.")
}

func loseClaim(p Payment, in ClaimDead) (Payment, []Effect, error) {
	if p.State.Holds() { // also of one that we did not hand in: the ledger charged for it
		p.charge(in.Fee, in.Payer)
	}
	if p.State != Claiming || p.Claim != in.Hash {
		return p, nil, nil
	}
	p.Claim, p.Destination = "", ""
	return to(p, Pending)
}
