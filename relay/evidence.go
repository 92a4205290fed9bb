package relay

import "fmt"

// What is proven about an envelope that was not seen in a ledger, and about a holding account that is not as we made it. Each
// function takes facts that were read before, and says what follows from them; the worker reads and applies.

// CouldLand says whether an envelope could be in a ledger that has not been asked about: bound is the last one in which it may land, and
// head the newest. That one itself counts, because it may have been read before it was asked. apart is how many ledgers what is asked may
// be behind head: 0, or [SourcesApart].
func CouldLand(bound uint32, head Head, apart uint32) bool {
	return uint64(head.Sequence) <= uint64(bound)+uint64(apart)
}

// Past says whether e can land no more by a ledger that has closed: the next one is beyond its bound. A return has no end.
func (e Envelope) Past(head Head) bool {
	next := Head{Sequence: head.Sequence + 1}
	return e.Bound != 0 && !CouldLand(e.Bound, next, 0) || e.MaxTime != 0 && head.CloseTime > e.MaxTime
}

// Finding is what follows from a [Verdict] on an envelope past its bound.
type Finding int

const (
	Unproven    Finding = iota // nothing: ask again
	ProvenDead                 // it cannot land
	DeadNoTry                  // it cannot land, and that counts as no try of its payments
	Moot                       // its number was used by something else, and its payment has ended
	NumberUsed                 // its number was used by something else: see [Envelope.NumberDead]
	AskAccounts                // the holding accounts that it makes may prove that it landed: see [Envelope.Witnesses]
)

// Judge says what follows from the verdict on e, which is past its bound and was not seen; p is the first of its payments. Only a
// funding of a client's making may have its number used by something else: that number is a wallet's, or a holding account's
// whose key the client has. Of a funding by the signer it is [ErrContradiction]: something else signs with a channel's key.
func Judge(e Envelope, p Payment, verdict Verdict, tries Tries) (Finding, error) {
	switch {
	case verdict == CannotLand && tries.NoTry():
		return DeadNoTry, nil
	case verdict == CannotLand:
		return ProvenDead, nil
	case verdict == Contradicted && e.Kind == FundingEnvelope && p.ByTreasury():
		return Unproven, AboutPayments(e.Hash, fmt.Errorf("envelope %s: its number is used up, and not by it: %w", e.Hash, ErrContradiction), e.Payments...)
	case verdict == Contradicted && p.State.Ended():
		return Moot, nil
	case verdict == Contradicted:
		return NumberUsed, nil
	case e.Kind == FundingEnvelope:
		return AskAccounts, nil
	}
	return Unproven, nil
}

// NumbersOf are the payments whose envelopes may have taken the number of one of p's: a move's number is of the account that the
// other payment waited in.
func (p Payment) NumbersOf() []PaymentID {
	if p.IsMove() {
		return []PaymentID{p.ID, p.Replaces}
	}
	return []PaymentID{p.ID}
}

// NumberDead says whether e is dead, a claim or a client's funding past its bound that was not seen although its number is used up or
// its account gone: once one of our own envelopes, those of [Payment.NumbersOf], is known to have taken the number, or else once we have
// watched every ledger in which it could have landed. What else the holder of the key did to the account, an audit sees. hash is the
// remembered hash of a ledger, "" when there is none.
func (e Envelope) NumberDead(others []Envelope, hash func(seq uint32) (string, error)) (bool, error) {
	if numberUser(e, others) {
		return true, nil
	}
	return e.watched(hash)
}

// numberUser says whether one of our other envelopes is known to have taken e's number, or a higher one of the same account: then
// e is dead, because all the other evidence holds.
func numberUser(e Envelope, others []Envelope) bool {
	for _, o := range others {
		if o.Source == e.Source && o.Hash != e.Hash && o.Sequence >= e.Sequence && (o.State == Landed || o.State == Spent) {
			return true
		}
	}
	return false
}

// watched says whether the watcher took in every ledger in which e could have landed: from the one after it was written
// down to its bound, without a gap. Then a holder of the key used its number, and e is dead. The ledger at which the watcher goes
// on behind a gap is remembered, but the one before it is not; so the one in which e was signed has to be remembered too.
func (e Envelope) watched(hash func(seq uint32) (string, error)) (bool, error) {
	for seq := e.SignedAt; seq <= e.Bound; seq++ {
		if h, err := hash(seq); err != nil || h == "" {
			return false, err
		}
	}
	return e.Bound != 0, nil
}

// Witnesses are the holding accounts that may prove that e, a funding past its bound, landed: only where the history of it is
// gone, so that nothing else can be proven about it. ps are its payments.
func (e Envelope) Witnesses(ps []Payment, historyGone bool) (asked []HoldingQuery) {
	for _, p := range ps {
		if historyGone && p.State == Funding && p.Funding == e.Hash && !p.IsDirect() {
			asked = append(asked, p.Query(0))
		}
	}
	return asked
}

// Witnesses are the holding accounts that may prove that a funding of the signer's log landed, which the database does not know.
func (a FundAnswer) Witnesses() (asked []HoldingQuery) {
	for _, m := range a.Minted {
		if m.Account != "" {
			asked = append(asked, HoldingQuery{Account: m.Account, Asset: m.Asset, Amount: m.Amount, Sponsor: m.Sponsor})
		}
	}
	return asked
}

// MadeByFunding says whether one of the accounts that were asked for is as we made it, its reserve kept by the sponsor. Only its
// funding can have made it, because no other envelope has signatures of its key. So all of that funding landed; what became of
// the accounts since, an audit sees. The envelope itself stays signed, for it was not seen. False is the answer, too, about a funding
// whose money has left since.
func MadeByFunding(facts map[string]HoldingFacts) bool {
	for _, f := range facts {
		if f.Exists && f.Trouble == "" {
			return true
		}
	}
	return false
}

// LoggedFunding is what is known of a funding of the signer's log that the database believes alive, or does not know.
type LoggedFunding struct {
	ProvenDead bool // by the signer, whose endpoint may be on another chain
	Bound      uint32
	Verdict    Verdict // of our own ledger
	Seen       *Sighting

	// Read when it [LoggedFunding.Asks] for more.
	HistoryGone bool // of one that is proven dead: our history does not reach back to it
	Made        bool // of any other: [MadeByFunding]
	Head        Head
}

// Recovery is what follows for a [LoggedFunding].
type Recovery int

const (
	RecoverLater  Recovery = iota // our ledger does not show yet what the signer's has shown: ask again
	RecoverDead                   // it failed, cannot land, or its history is gone and so is what it made
	RecoverOpen                   // it could still land
	RecoverLanded                 // it landed, whatever the signer has proven
)

// Asks says that the verdict alone decides nothing.
func (f LoggedFunding) Asks() bool { return f.Seen == nil && f.Verdict != CannotLand }

// Judge says what follows. The signer's proof counts where our own ledger agrees, or has forgotten; that the number was used by something
// else agrees, because the signer gives the number of a dead funding to another one.
func (f LoggedFunding) Judge() Recovery {
	switch {
	case f.Seen != nil && f.Seen.Success:
		return RecoverLanded
	case !f.Asks(), f.ProvenDead && (f.Verdict == Contradicted || f.HistoryGone):
		return RecoverDead
	case f.ProvenDead:
		return RecoverLater
	case f.Made:
		return RecoverLanded
	case CouldLand(f.Bound, f.Head, 0):
		return RecoverOpen
	}
	return RecoverDead
}

// Lost says whether a holding account is gone and no transaction that we know took it. The watcher may not have come as far as
// the ledger that took it yet, so the facts have to be read in this order: first the account, then the head, then the cursor. Only
// when the watcher has taken in every ledger up to the one that showed the account gone, it is lost. A source that is behind the
// watcher may not have come as far as the funding.
func Lost(f HoldingFacts, head Head, cursor uint32) bool { return !f.Exists && cursor == head.Sequence }

// AuditRests says that an audit would show nothing new yet: accounts do not show that the network refuses to
// touch them, so a payment that is parked for that is tried again after a few audits. audits is how many there were.
func (p Payment) AuditRests(audits int) bool {
	return p.State == Parked && p.Reason == Frozen && audits < 3
}

// Audited is the input that the facts about p's holding account lead to: nil, [HoldingTroubled], or [HoldingWell]. An account that is gone is
// troubled as [HoldingAbsent], to be applied when it is [Lost]; a parked payment goes on when it also [Payment.Unparks]. detail is
// for the operator.
func (p Payment) Audited(f HoldingFacts) (in Input, detail string) {
	if f.Trouble == "" && f.Held < p.Amount && p.ReturnAsked == "" { // when a return is asked, what is left goes home
		f.Trouble, f.Detail = HoldingShort, "it holds "+f.Held.String()+" of "+p.Amount.String()
	}
	switch {
	case !f.Exists && p.State != Parked:
		return HoldingTroubled{Cause: HoldingAbsent}, ""
	case !f.Exists:
		return nil, ""
	case f.Trouble != "" && !p.judgedByRungs():
		return HoldingTroubled{Cause: f.Trouble}, f.Detail
	case p.State == Parked:
		return HoldingWell{}, ""
	}
	return nil, ""
}

// judgedByRungs says that a dry run of the way back decides, and not the look of the holding account: a rung may go through
// although a key holder raised the number past another one, added a signer or changed the trustline, and the bare one does
// when a credit amount was clawed back.
func (p Payment) judgedByRungs() bool {
	return p.ReturnAsked != "" && (p.State == Parked || p.State == Returning)
}

// Unparks says whether a parked payment goes on, because its holding account is well or a rung can go through all the same. With a
// return asked it goes on only when a rung can go through, now or later: otherwise it would be parked again at once, for ever. Without
// one, advice does not matter.
func (p Payment) Unparks(advice RungAdvice) bool {
	return p.ReturnAsked == "" || advice.Use != "" || advice.Wait
}
