package signer

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
)

// What is in this file is for the operator, on the machine that has the signer's directory and holds its lock. None of it is
// part of [desk.Signer], which is all that the API and the worker get.

// Treasuries are the accounts of apps, also of those that no database knows any more.
func (s *Signer) Treasuries(ctx context.Context) (map[relay.AppID]string, error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return maps.Clone(s.book.treasuries), nil
}

// Lock keeps every signer away from a data directory until it is closed: for what an operator does there while no service runs.
// [ErrLocked] says that one does.
func Lock(dir string) (io.Closer, error) {
	return lockDir(filepath.Join(Config{Dir: dir}.home(), "lock"))
}

// Roster are the accounts in a signer's log.
type Roster struct {
	Sponsor    string
	Channels   []string // in the order in which they were made
	Treasuries map[relay.AppID]string
}

// ReadRoster reads the accounts out of the log in a data directory, without its lock and without a key: a signer may be at
// work there. A log that is not there is an error.
func ReadRoster(dir string) (Roster, error) {
	f, err := os.Open(Config{Dir: dir}.logPath())
	if err != nil {
		return Roster{}, err
	}
	defer f.Close()
	b := newBook()
	if _, err := scan(f, secret.Key{}, b.apply); err != nil {
		return Roster{}, err
	}
	return Roster{Sponsor: b.sponsor, Channels: b.channels, Treasuries: b.treasuries}, nil
}

// MakeChannels signs what makes channel accounts on the ledger, out of the sponsor, which keeps their reserves and pays bid
// stroops for each operation. sequence is the sponsor's next number, so that two of these never both land; head is what the
// caller knows. It moves no money.
func (s *Signer) MakeChannels(ctx context.Context, channels []string, sequence int64, bid relay.Stroops, head relay.Head) (envelope []byte, bound uint32, err error) {
	err = s.decide(ctx, func(t *told) (err error) {
		envelope, bound, err = s.makeChannels(t, channels, sequence, bid, head)
		return err
	})
	return envelope, bound, err
}

func (s *Signer) makeChannels(t *told, channels []string, sequence int64, bid relay.Stroops, head relay.Head) (envelope []byte, bound uint32, err error) {
	for _, c := range channels {
		if !slices.Contains(s.book.channels, c) {
			return nil, 0, forbidden("channel_unknown", "This account is none of the channels.")
		}
	}
	if err := relay.CheckBid(bid, 3*stellar.MostChannels, s.cfg.Policy.MaxFee); err != nil {
		return nil, 0, err
	}
	own, err := s.head(t)
	if err != nil {
		return nil, 0, err
	}
	plan := stellar.ChannelsPlan{
		Passphrase: s.cfg.Passphrase, Sponsor: s.book.sponsor, Channels: channels, Sequence: sequence, Fee: bid,
		MaxTime: head.CloseTime + relay.OperatorSeconds, LastLedger: head.Sequence + relay.OperatorLedgers,
	}
	if err := relay.CheckBounds(head.Sequence, plan.LastLedger, plan.MaxTime, own); err != nil {
		return nil, 0, err
	}
	tx, err := stellar.BuildChannels(plan)
	if err != nil {
		return nil, 0, relay.NewFault(relay.Invalid, "channels_refused", "These channels cannot be made.", err)
	}
	if err := s.write(channelsKind, channelsLine{Channels: channels, Hash: tx.Hash}); err != nil {
		return nil, 0, err
	}
	envelope, err = s.attachRaw(tx.XDR, tx.Hash, append([]string{s.book.sponsor}, channels...)...)
	return envelope, plan.LastLedger, err
}

// Withdraw signs a withdrawal, fee-bumped by the sponsor for at most bid stroops for each of two operations. sequence is the
// treasury's next number; head is what the caller knows. One that could still land stands in the way of the next: the fault
// "withdrawal_open" (Conflict), so that a repeat after a crash does not pay twice. The other faults of kind Conflict are those of
// [relay.CheckWithdrawal].
func (s *Signer) Withdraw(ctx context.Context, w relay.Withdrawal, sequence int64, bid relay.Stroops, head relay.Head) (outer []byte, e relay.Envelope, err error) {
	err = s.decide(ctx, func(t *told) (err error) { outer, e, err = s.withdraw(t, w, sequence, bid, head); return err })
	return outer, e, err
}

func (s *Signer) withdraw(t *told, w relay.Withdrawal, sequence int64, bid relay.Stroops, head relay.Head) (outer []byte, e relay.Envelope, err error) {
	if err := relay.CheckBid(bid, 2, s.cfg.Policy.MaxFee); err != nil {
		return nil, e, err
	}
	own, err := s.head(t)
	if err != nil {
		return nil, e, err
	}
	if err := s.noOpenWithdrawal(t, w.From); err != nil {
		return nil, e, err
	}
	tx, e, err := s.buildWithdrawal(w, sequence, head, own)
	if err != nil {
		return nil, e, err
	}
	if err := s.mayWithdraw(t, w); err != nil {
		return nil, e, err
	}
	text, err := s.attach(tx.XDR, tx.Hash, w.From)
	if err != nil {
		return nil, e, err
	}
	bump, err := stellar.BuildFeeBump(text, s.cfg.Passphrase, s.book.sponsor, bid)
	if err != nil {
		return nil, e, fmt.Errorf("bump %s: %w", tx.Hash, err)
	}
	line := withdrawLine{From: w.From, To: w.To, Asset: w.Asset, Amount: w.Amount, Envelope: lineOf(e)}
	if err := s.write(withdrawKind, line); err != nil {
		return nil, e, err
	}
	outer, err = s.attachRaw(bump.XDR, bump.Hash, s.book.sponsor)
	return outer, e, err
}

// mayWithdraw judges a withdrawal by the signer's own ledger. What payments are promised is in the database, and the caller judges that.
func (s *Signer) mayWithdraw(t *told, w relay.Withdrawal) error {
	to, err := stellar.BaseAccount(w.To)
	if err != nil {
		return err
	}
	facts, err := s.facts(t, w.Asset+" of "+w.From+" and "+to, w.Asset, w.From, to)
	if err != nil {
		return err
	}
	return relay.CheckWithdrawal(w, facts[w.From], facts[to], relay.Usage{})
}

// noOpenWithdrawal asks the signer's own ledger about the last withdrawal out of an account.
func (s *Signer) noOpenWithdrawal(t *told, from string) error {
	at, ok := s.book.withdrawals[from]
	if !ok {
		return nil
	}
	var last withdrawLine
	if _, err := s.log.body(at, &last); err != nil {
		return err
	}
	over, err := ask(t, last.Envelope.Hash, func(ctx context.Context) (bool, error) {
		verdict, seen, err := s.cfg.Ledger.Verdict(ctx, last.Envelope.envelope())
		return seen != nil || verdict == relay.CannotLand, err
	})
	if err != nil || over {
		return err
	}
	return relay.NewFault(relay.Conflict, "withdrawal_open", fmt.Sprintf(
		"An earlier withdrawal of %s to %s could still land, until ledger %d at the latest. Look at %s, then try again.",
		last.Amount, last.To, last.Envelope.Bound, last.Envelope.Hash), nil)
}

func (s *Signer) buildWithdrawal(w relay.Withdrawal, sequence int64, head, own relay.Head) (tx stellar.Tx, e relay.Envelope, err error) {
	if !slices.Contains(slices.Collect(maps.Values(s.book.treasuries)), w.From) {
		return tx, e, forbidden("treasury_unknown", "This account is no treasury of this signer.")
	}
	memo, err := stellar.MemoOf(w.Memo)
	if err != nil {
		return tx, e, invalid("memo_malformed", "This is no memo.")
	}
	plan := stellar.PayoutPlan{
		Passphrase: s.cfg.Passphrase, From: w.From, To: w.To, Asset: w.Asset, Amount: w.Amount, Memo: memo,
		Sequence: sequence, MaxTime: head.CloseTime + relay.OperatorSeconds, LastLedger: head.Sequence + relay.OperatorLedgers,
	}
	if err := relay.CheckBounds(head.Sequence, plan.LastLedger, plan.MaxTime, own); err != nil {
		return tx, e, err
	}
	if tx, err = stellar.BuildPayout(plan); err != nil {
		return tx, e, relay.NewFault(relay.Invalid, "withdrawal_refused", "This withdrawal cannot be built.", err)
	}
	raw, err := base64.StdEncoding.DecodeString(tx.XDR)
	return tx, relay.Envelope{
		Hash: tx.Hash, State: relay.Signed, Network: s.network, Source: w.From, Sequence: sequence, SignedAt: min(head.Sequence, own.Sequence),
		Bound: plan.LastLedger, MaxTime: plan.MaxTime, XDR: raw, Payments: []relay.PaymentID{}, Destination: w.To, Asset: w.Asset, Amount: w.Amount,
	}, err
}
