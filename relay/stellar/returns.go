package stellar

import (
	"errors"
	"fmt"
	"math"

	"github.com/restante/restante/relay"
)

// The return ladder, numbered by k. How many rungs there are, what each does and which number it carries is said in
// [relay.Ladder]; here they are built. In every ladder, rung 0 is the last resort, which must still be valid when all others
// are spent, and of a credit asset rung 1 is the bare one.
const (
	BareRung   = 1 // of a credit asset only
	LastResort = 0
)

// ReturnPlan is the way home for one holding account. Returns have no end, so that no delay of ours can outlive them.
type ReturnPlan struct {
	Passphrase string
	Version    int // of the ladder; 0 is the first
	Holding    string
	ReturnTo   string        // G…; of an account that is not the sender's also M… (SEP-23)
	Memo       relay.Memo    // that every plain rung carries; only for an account that is not the sender's
	LastLedger uint32        // L: the last ledger in which the funding can land
	Asset      string        // "native" or CODE:ISSUER
	Amount     relay.Stroops // stroops of it: what the funding put into the holding account
	Fee        uint32        // stroops that the holding account bids for the whole, out of its purse; 0 when a fee bump pays
	Sponsor    string        // the service's account, whose signature the co-signed rungs need
	Wallet     string        // the sender's account that keeps the holding account's reserve; "" the service's does
}

// Ladder is its shape.
func (p ReturnPlan) Ladder() relay.Ladder {
	return relay.LadderOf(p.Version, p.Asset, p.LastLedger, p.ReturnTo, p.Memo, p.Wallet)
}

// keeper is the account that keeps the holding account's reserve, and gets what is left besides the amount.
func (p ReturnPlan) keeper() string {
	if p.Wallet != "" && p.Ladder().Version != relay.FirstLadder {
		return p.Wallet
	}
	return p.Sponsor
}

// own is the account of the sender's that can be relied on: the paying wallet where the money returns to an account of another.
func (p ReturnPlan) own() string {
	if p.Ladder().Foreign {
		return p.Wallet
	}
	return p.ReturnTo
}

// Rung is one envelope of the ladder.
type Rung struct {
	Tx
	K int
}

// BuildLadder returns all rungs in the order in which they are to be used, the highest k first.
func BuildLadder(p ReturnPlan) ([]Rung, error) {
	n := p.Ladder().Rungs()
	if n == 0 {
		return nil, fmt.Errorf("ladder of version %d is not known", p.Version)
	}
	ladder := make([]Rung, 0, n)
	for k := n - 1; k >= 0; k-- {
		r, err := BuildReturn(p, k)
		if err != nil {
			return nil, err
		}
		ladder = append(ladder, r)
	}
	return ladder, nil
}

// BuildReturn returns rung k, unsigned. Of lumens there is no ChangeTrust, and into an account of the sender's own no Payment.
//
//	plain        Payment to ReturnTo, ChangeTrust 0, AccountMerge
//	wallet       Begin, Payment to the wallet, ChangeTrust 0, End, AccountMerge
//	bare         Begin, ChangeTrust 0, End, AccountMerge
//	last resort  (Payment of one base reserve to the sponsor), Begin, CreateClaimableBalance, End, ChangeTrust 0, AccountMerge
//
// Begin is of the service's sponsor for the holding account: without its signature the rung cannot reach a ledger, so it is not possible to
// spend the plain rungs' numbers with it. A wallet's purse first pays the sponsor what the balance locks. The merge carries
// along the purse and what other accounts paid in: to ReturnTo where that is the sender's own account, else, and in the bare
// rung and the last resort, to the account that keeps the reserve. The claimant of the balance is the sender's own account.
func BuildReturn(p ReturnPlan, k int) (Rung, error) {
	d, f, err := returnDraft(p, k)
	if err != nil {
		return Rung{}, err
	}
	tx, err := d.build(f)
	return Rung{Tx: tx, K: k}, err
}

func returnDraft(p ReturnPlan, k int) (*draft, frame, error) {
	if err := p.validate(k); err != nil {
		return nil, frame{}, err
	}
	l := p.Ladder()
	memo, err := p.memo(k)
	if err != nil {
		return nil, frame{}, err
	}
	d := &draft{}
	if l.Version == relay.FirstLadder {
		p.firstOperations(d, k)
	} else {
		p.operations(d, l, k)
	}
	any := int64(0)
	return d, frame{
		passphrase: p.Passphrase, source: p.Holding, sequence: l.Sequence(k), minSeqNum: &any, fee: p.Fee, memo: memo,
		bounds: Bounds{MinLedger: p.LastLedger + 1},
	}, nil
}

func (p ReturnPlan) operations(d *draft, l relay.Ladder, k int) {
	credit, cosigned := p.Asset != relay.Native, l.Cosigned(k)
	if l.Role(k) == relay.LastResort && p.Wallet != "" {
		d.pay(p.Holding, p.Sponsor, relay.Native, BaseReserve)
	}
	if cosigned {
		d.begin(p.Sponsor, p.Holding)
	}
	rest := p.keeper()
	switch l.Role(k) {
	case relay.PlainRung:
		if credit || l.Foreign {
			d.pay(p.Holding, p.ReturnTo, p.Asset, p.Amount)
		}
		if !l.Foreign {
			rest = p.ReturnTo
		}
	case relay.WalletRung:
		if credit {
			d.pay(p.Holding, p.Wallet, p.Asset, p.Amount)
		}
	case relay.LastResort:
		d.claimable(p.Holding, p.Asset, p.Amount, p.own())
		d.end(p.Holding)
		cosigned = false
	}
	if credit {
		d.trust(p.Holding, p.Asset, 0)
	}
	if cosigned {
		d.end(p.Holding)
	}
	d.merge(p.Holding, rest)
}

// firstOperations are those of the first version: the bare rung merges to ReturnTo and needs no other signature, and the last
// resort leaves the purse with the sponsor.
func (p ReturnPlan) firstOperations(d *draft, k int) {
	credit, home := p.Asset != relay.Native, p.ReturnTo
	switch {
	case k == LastResort:
		d.begin(p.Sponsor, p.Holding)
		d.claimable(p.Holding, p.Asset, p.Amount, p.ReturnTo)
		d.end(p.Holding)
		home = p.Sponsor
	case credit && k != BareRung:
		d.pay(p.Holding, p.ReturnTo, p.Asset, p.Amount)
	}
	if credit {
		d.trust(p.Holding, p.Asset, 0)
	}
	d.merge(p.Holding, home)
}

// memo is that of the rung: of the plain ones only, for no other pays to ReturnTo.
func (p ReturnPlan) memo(k int) (Memo, error) {
	if p.Ladder().Role(k) != relay.PlainRung {
		return Memo{}, nil
	}
	return MemoOf(p.Memo)
}

func (p ReturnPlan) validate(k int) error {
	l := p.Ladder()
	switch {
	case !l.Known():
		return fmt.Errorf("ladder of version %d is not known", l.Version)
	case l.Role(k) == "":
		return fmt.Errorf("no rung %d, the ladder has %d", k, l.Rungs())
	case p.LastLedger == 0 || p.LastLedger >= math.MaxInt32:
		// Above, the sequence numbers of that ledger no longer fit in 63 bits.
		return fmt.Errorf("last ledger %d of the funding is out of range", p.LastLedger)
	case p.Holding == base(p.ReturnTo):
		return errors.New("holding account returns to itself")
	case base(p.ReturnTo) != p.ReturnTo && !l.Foreign:
		return errors.New("a multiplexed address is of another account")
	case p.Memo != relay.Memo{} && (!l.Foreign || base(p.ReturnTo) != p.ReturnTo):
		return errors.New("a memo is for another account, and a multiplexed address says already whose it is")
	case p.Wallet != "" && (p.Wallet == p.Holding || p.Wallet == p.Sponsor):
		return errors.New("the wallet is an account of its own")
	case l.Cosigned(k) && (p.Sponsor == "" || p.Sponsor == p.Holding):
		return fmt.Errorf("rung %d needs a sponsor that is not the holding account", k)
	case p.Amount <= 0 && (k == LastResort || p.Asset != relay.Native || l.Foreign):
		return fmt.Errorf("amount %d of rung %d is not positive", p.Amount, k)
	}
	return nil
}
