package api_test

import (
	"context"
	"encoding/base64"
	"errors"
	"sync"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/services/signer"
)

// ledger is a handful of accounts and trustlines, judged as the real adapters judge theirs. What the API has no business
// with is not there: calling it panics.
type ledger struct {
	desk.Ledger // nil
	now         func() time.Time

	mu       sync.Mutex
	sequence uint32
	pace     time.Duration // between ledgers; 0 = the history does not reach back
	accounts map[string]*stellar.Account
	lines    map[stellar.LineID]*stellar.Trustline
	lowest   map[string]int64 // of holding accounts, when it is not that of fund's
	down     bool
	noBid    bool // fees are not known
	bid      relay.Stroops
	inbox    [][]byte // what was handed in
	deaf     int      // so many envelopes are lost before one is taken
}

func newLedger(now func() time.Time) *ledger {
	return &ledger{now: now, sequence: 1000, accounts: map[string]*stellar.Account{}, lines: map[stellar.LineID]*stellar.Trustline{},
		lowest: map[string]int64{}, bid: 100}
}

var errDown = relay.NewFault(relay.Unavailable, "ledger_unavailable", "The network does not answer; try again.", errors.New("refused"))

// change finds an account, or makes it, and changes it.
func (l *ledger) change(id string, fn func(*stellar.Account)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.accounts[id] == nil {
		l.accounts[id] = &stellar.Account{ID: id, Sequence: 990 << 32, Thresholds: [4]byte{1, 0, 0, 0}}
	}
	fn(l.accounts[id])
}

func (l *ledger) pay(account string, amount relay.Stroops) {
	l.change(account, func(a *stellar.Account) { a.Balance += amount })
}

// hold makes a holding account, whose reserve another account keeps. purse is in it besides the amount.
func (l *ledger) hold(account, asset string, amount, purse relay.Stroops) {
	l.change(account, func(a *stellar.Account) {
		a.Balance, a.NumSponsored = amount+purse, uint32(relay.AssetUnits(asset))
		if asset != relay.Native {
			a.Balance, a.SubEntries = purse, 1
		}
	})
	if asset != relay.Native {
		l.trust(account, asset, amount, 0)
	}
}

func (l *ledger) wantsMemo(account string) {
	l.change(account, func(a *stellar.Account) { a.MemoRequired = true })
}

// issue makes an asset of an issuer with these flags.
func (l *ledger) issue(code string, flags xdr.AccountFlags) string {
	issuer := keypair.MustRandom().Address()
	l.pay(issuer, 10*relay.One)
	l.change(issuer, func(a *stellar.Account) { a.Flags = uint32(flags) })
	return code + ":" + issuer
}

// trust gives an account a trustline with a balance and room for more.
func (l *ledger) trust(account, asset string, balance, room relay.Stroops) *stellar.Trustline {
	l.mu.Lock()
	defer l.mu.Unlock()
	line := &stellar.Trustline{Account: account, Asset: asset, Balance: balance, Limit: balance + room, Flags: uint32(xdr.TrustLineFlagsAuthorizedFlag)}
	l.lines[stellar.LineID{Account: account, Asset: asset}] = line
	return line
}

func (l *ledger) remove(account string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.accounts, account)
}

func (l *ledger) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sequence++
}

func (l *ledger) fail(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
}

func (l *ledger) head() relay.Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return relay.Head{Sequence: l.sequence, CloseTime: l.now().Unix(), Hash: "00"}
}

func (l *ledger) Head(ctx context.Context) (relay.Head, error) {
	if l.failing() {
		return relay.Head{}, errDown
	}
	return l.head(), ctx.Err()
}

func (l *ledger) failing() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.down
}

func (l *ledger) Sight(ctx context.Context, _ string) (*relay.Sighting, error) {
	if l.failing() {
		return nil, errDown
	}
	return nil, ctx.Err()
}

func (l *ledger) Sequence(_ context.Context, account string) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch a := l.accounts[account]; {
	case l.down:
		return 0, errDown
	case a == nil:
		return 0, relay.ErrNotFound
	default:
		return a.Sequence, nil
	}
}

func (l *ledger) FeeBid(ctx context.Context) (relay.Stroops, error) {
	if l.failing() || l.noBid {
		return 0, errDown
	}
	return l.bid, ctx.Err()
}

// snapshot is of those entries alone that were asked for, as a real adapter's is.
func (l *ledger) snapshot(accounts []string, lines []stellar.LineID) stellar.Snapshot {
	s := stellar.Snapshot{Ledger: l.sequence, Accounts: map[string]*stellar.Account{}, Lines: map[stellar.LineID]*stellar.Trustline{}}
	for _, id := range accounts {
		s.Accounts[id] = l.accounts[id]
	}
	for _, id := range lines {
		s.Lines[id] = l.lines[id]
	}
	return s
}

func (l *ledger) Look(_ context.Context, asset string, accounts ...string) (map[string]relay.AccountFacts, relay.AssetFacts, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return nil, relay.AssetFacts{}, errDown
	}
	var v stellar.View
	return v.Look(l.snapshot(v.LookNeeds(asset, accounts...)), asset, accounts...)
}

func (l *ledger) Holdings(_ context.Context, asked ...relay.HoldingQuery) (map[string]relay.HoldingFacts, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return nil, errDown
	}
	for _, q := range asked {
		if lowest, minted := l.lowest[q.Account]; q.Lowest != lowest && (minted || q.Lowest != 1<<50) {
			return nil, errors.New("asked with another ladder than the one signed")
		}
	}
	var v stellar.View
	return v.Holdings(l.snapshot(v.HoldingsNeeds(asked...)), asked...)
}

// Page is there for the time that ledgers take.
func (l *ledger) Page(_ context.Context, seq uint32) (*relay.LedgerPage, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.down:
		return nil, errDown
	case l.pace == 0:
		return nil, relay.ErrGap
	}
	back := time.Duration(l.sequence-seq) * l.pace
	return &relay.LedgerPage{Head: relay.Head{Sequence: seq, CloseTime: l.now().Add(-back).Unix()}}, nil
}

// Verdict is the signer's question: nothing is proven here.
func (l *ledger) Verdict(context.Context, relay.Envelope) (relay.Verdict, *relay.Sighting, error) {
	return relay.Inconclusive, nil, nil
}

// Submit takes a fee-bumped trustline, as the network would, and nothing else.
func (l *ledger) Submit(_ context.Context, envelope []byte) (relay.Answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return relay.Answer{}, errDown
	}
	l.inbox = append(l.inbox, envelope)
	if l.deaf > 0 {
		l.deaf--
		return relay.Answer{Word: "try_later", Later: true}, nil
	}
	var env xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshal(envelope, &env); err != nil || env.Type != xdr.EnvelopeTypeEnvelopeTypeTxFeeBump {
		return relay.Answer{Word: "refused", Code: "tx_malformed"}, nil
	}
	tx := env.FeeBump.Tx.InnerTx.V1.Tx
	a := l.accounts[tx.SourceAccount.ToAccountId().Address()]
	if a == nil || int64(tx.SeqNum) != a.Sequence+1 || tx.TimeBounds() == nil || int64(tx.TimeBounds().MaxTime) < l.now().Unix() {
		return relay.Answer{Word: "refused", Code: "tx_bad_seq"}, nil
	}
	a.Sequence++
	for _, op := range tx.Operations {
		if op.Body.Type == xdr.OperationTypeChangeTrust {
			t := op.Body.ChangeTrustOp
			id := stellar.LineID{Account: op.SourceAccount.ToAccountId().Address(), Asset: t.Line.ToAsset().StringCanonical()}
			l.lines[id] = &stellar.Trustline{Account: id.Account, Asset: id.Asset, Limit: relay.Stroops(t.Limit), Flags: uint32(xdr.TrustLineFlagsAuthorizedFlag)}
		}
	}
	return relay.Answer{Word: "accepted"}, nil
}

// scribe is the real signer, with its log on disk, but for claims: those of holding accounts that no signer minted it plans
// itself, and refuses what no signer would sign.
type scribe struct {
	*signer.Signer
	ledger  *ledger
	sponsor *keypair.Full
	network string
	asked   []relay.ClaimIntent
	keeps   func(relay.KeepIntent) error // is asked first

	plans func(relay.ClaimIntent, relay.Head) error // too
}

func (s *scribe) Keep(ctx context.Context, in relay.KeepIntent) (relay.FundAnswer, error) {
	if s.keeps != nil {
		if err := s.keeps(in); err != nil {
			return relay.FundAnswer{}, err
		}
	}
	return s.Signer.Keep(ctx, in)
}

func (s *scribe) Claim(_ context.Context, in relay.ClaimIntent) (relay.Envelope, error) {
	s.asked = append(s.asked, in)
	head := s.ledger.head()
	if s.plans != nil {
		if err := s.plans(in, head); err != nil {
			return relay.Envelope{}, err
		}
	}
	if in.Bound <= head.Sequence || in.MaxTime <= head.CloseTime || in.SignedAt != head.Sequence {
		return relay.Envelope{}, relay.NewFault(relay.Internal, "bounds", "", nil)
	}
	p := stellar.ClaimPlan{
		Passphrase: passphrase, Holding: in.Holding, Destination: in.Destination, NewAccount: in.NewAccount, Sequence: in.Sequence,
		MaxTime: in.MaxTime, LastLedger: in.Bound, Asset: relay.Native, NewLine: in.NewLine,
	}
	var err error
	if p.Memo, err = stellar.MemoOf(in.Memo); err != nil {
		return relay.Envelope{}, err
	}
	s.ledger.mu.Lock()
	for id, line := range s.ledger.lines {
		if id.Account == in.Holding { // it holds this asset, and all of it goes
			p.Asset, p.Amount = id.Asset, line.Balance
		}
	}
	s.ledger.mu.Unlock()
	if in.NewAccount {
		p.Sponsor = s.sponsor.Address()
	} else {
		p.Keeper, p.Amount = s.sponsor.Address(), max(p.Amount, 25*relay.One)
	}
	tx, err := stellar.BuildClaim(p)
	if err != nil {
		return relay.Envelope{}, err
	}
	text := tx.XDR
	if in.NewAccount {
		if text, err = stellar.Sign(text, passphrase, s.sponsor); err != nil {
			return relay.Envelope{}, err
		}
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	return relay.Envelope{
		Hash: tx.Hash, Kind: relay.ClaimEnvelope, State: relay.Planned, Network: s.network, Source: in.Holding, Sequence: in.Sequence,
		SignedAt: in.SignedAt, Bound: in.Bound, MaxTime: in.MaxTime, XDR: raw, Payments: []relay.PaymentID{in.Payment},
		Destination: in.Destination, NewAccount: in.NewAccount, NewLine: in.NewLine, Asset: p.Asset, Amount: relay.Stroops(p.Amount),
	}, err
}

func (l *ledger) Gather(_ context.Context, envelope []byte, given ...[]byte) (relay.Gathered, error) {
	tx, err := stellar.Decode(base64.StdEncoding.EncodeToString(envelope), passphrase)
	if err != nil {
		return relay.Gathered{}, err
	}
	out, err := stellar.View{Passphrase: passphrase}.Gather(l.snapshot(tx.Signers, nil), envelope, given...)
	if errors.Is(err, stellar.ErrOtherEnvelope) {
		err = relay.NewFault(relay.Invalid, "envelope_differs", "", err)
	}
	return out, err
}
