package relay

import "fmt"

// Terms is what is agreed of the money of one payment, and stays as it is for as long as it waits.
type Terms struct {
	Route
	Asset      string
	Amount     Stroops
	ReturnTo   string
	ReturnMemo Memo
}

// Terms are those of the payment.
func (p Payment) Terms() Terms { return Terms{p.Route, p.Asset, p.Amount, p.ReturnTo, p.ReturnMemo} }

// Terms are those of what was minted.
func (m Minted) Terms() Terms { return Terms{m.Route, m.Asset, m.Amount, m.ReturnTo, m.ReturnMemo} }

// MovedBy says whether a payment takes the money of another one, which waits in an account, as it is: the same asset and amount, way
// home, and keeper of the reserve. t are the terms of the money that waits.
func (t Terms) MovedBy(by Terms, of PaymentID, holding string) bool {
	t.Route = t.Move(of, holding)
	return t == by
}

// Replaceable says why another payment cannot take this one's money over just now; nil when it can.
func (p Payment) Replaceable() error {
	switch {
	case p.State != Pending:
		return p.ClaimRefusal()
	case p.ReturnAsked != "":
		return ConflictFault("already_"+string(p.ReturnAsked), "This money is asked back already; it cannot be readdressed.")
	}
	return nil
}

// CheckOpening refuses a payment that no app may open: now is this machine's clock. The faults are of kind [Invalid] with the field,
// [ErrExpired] of a move of money that is over, and of kind [Internal] for terms that a caller of ours has put together wrongly.
func CheckOpening(p Payment, app App, now Micros) error {
	if err := checkTerms(p, app); err != nil {
		return err
	}
	waits := !p.IsDirect()
	asks, err := p.Policy.AsksProof()
	switch {
	case err != nil:
		return err
	case p.Amount <= 0:
		return InvalidFault("amount_zero", "/amount", "an amount is more than zero")
	case waits && (p.AuthHash == "" || p.ClaimRecipient == ""):
		return InvalidFault("link_missing", "/link", "a payment has a link: its auth hash and its claim recipient")
	case len(p.Note) > NoteBytes:
		return InvalidFault("note_too_long", "/note", fmt.Sprintf("a note has at most %d bytes", NoteBytes))
	case waits && asks && !p.To.Mailed() && !app.MayVouch:
		return InvalidFault("handle_unprovable", "/to", "nobody could prove this handle: codes go to e-mail addresses, and this app may not vouch")
	case p.IsMove() && now >= p.ExpiresAt:
		return ErrExpired
	case p.IsMove():
		return nil // it keeps the end of the payment whose money it takes over, however near that is
	}
	return CheckExpiry(now, p.ExpiresAt)
}

// checkTerms refuses terms that no request can ask for: the caller has put them together wrongly.
func checkTerms(p Payment, app App) error {
	switch own := p.ByClient(); {
	case p.IsDirect() && p.PayTo == app.Treasury:
		return NewFault(Internal, "direct_misused", "", nil)
	case own != (p.FundBy != 0) || own != (p.FundUntil != 0):
		return errTerms
	}
	return p.Route.Check()
}
