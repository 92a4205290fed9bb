package relay

import "strings"

// Withdrawal takes money out of a treasury, for the operator.
type Withdrawal struct {
	From   string // a treasury
	To     string // G… or M… (SEP-23), an account that exists
	Asset  string
	Amount Stroops
	Memo   Memo
}

// CheckWithdrawal refuses a withdrawal that could not land, that its destination would lose, or that takes what payments have been
// promised: from and to are what the ledger says of the two accounts and of the asset, promised is what is committed out of the
// treasury, of the same asset. An M… address needs no memo: it says already whose it is. The faults are of kind [Conflict].
func CheckWithdrawal(w Withdrawal, from, to AccountFacts, promised Usage) error {
	free := promised.Available(from.Spendable)
	switch {
	case !to.Exists:
		return ConflictFault("destination_missing", w.To+" does not exist on the ledger.")
	case !to.Line || !to.Authorized:
		return ConflictFault("destination_no_trustline", w.To+" cannot hold the asset: it has no trustline, or the issuer forbids it.")
	case to.MemoRequired && w.Memo == Memo{} && !strings.HasPrefix(w.To, "M"):
		return ConflictFault("memo_required", w.To+" asks for a memo: without one the money may be lost. Give --memo.")
	case w.Amount <= 0:
		return ConflictFault("nothing_to_withdraw", "There is nothing to take out of "+w.From+".")
	case w.Amount > free:
		return ConflictFault("treasury_promised", "At most "+free.String()+" can be taken out of "+w.From+": it can pay "+from.Spendable.String()+
			", and "+promised.Committed.String()+" is promised to payments.")
	case w.Amount > to.Room:
		return ConflictFault("destination_full", w.To+" has room for "+to.Room.String()+" of the asset only.")
	}
	return nil
}
