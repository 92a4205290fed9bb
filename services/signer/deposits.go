package signer

import (
	"fmt"
	"slices"

	"github.com/restante/restante/relay"
)

// depositRest is for how many ledgers a deposit still counts after its bound, unless its number was used: about an hour. So a
// client that never funds cannot fill the log faster than that. It bounds the log, as the caps of [Policy] do, and no money.
const depositRest = 720

// allowOpen caps the deposits that are kept and not funded, of a wallet and of an app, counted in the book. Only when a cap is
// reached, the ledger is asked which wallets have used their numbers: what those did is not open any more.
//
// Moves of money that waits, and deposits out of wallets, are counted apart: an app's key, or a token that manages a payment, moves
// what it likes of the app's own, and would take the room of senders who fund with their wallets.
func (s *Signer) allowOpen(t *told, app relay.AppID, wallet string, moves bool, head relay.Head) error {
	ofWallet, ofApp := s.book.openDeposits(app, wallet, moves, head)
	if ofWallet < s.cfg.Policy.WalletDeposits && ofApp < s.cfg.Policy.AppDeposits {
		return nil
	}
	if err := s.lookForUsed(t, app); err != nil {
		return err
	}
	switch ofWallet, ofApp = s.book.openDeposits(app, wallet, moves, head); {
	case ofWallet >= s.cfg.Policy.WalletDeposits:
		return tooManyDeposits("This wallet", ofWallet)
	case ofApp >= s.cfg.Policy.AppDeposits:
		return tooManyDeposits("This app", ofApp)
	}
	return nil
}

func tooManyDeposits(who string, n int) error {
	return relay.NewFault(relay.Exhausted, "deposits_open", fmt.Sprintf(
		"%s has %d deposits that are not funded. Fund them, or wait: each counts until an hour after its time to fund.", who, n), nil)
}

// openDeposits counts the deposits of an app that are not funded, of moves or of the others, and those of one wallet among them, and
// forgets what is long over.
func (b *book) openDeposits(app relay.AppID, wallet string, moves bool, head relay.Head) (ofWallet, ofApp int) {
	b.deposits[app] = slices.DeleteFunc(b.deposits[app], func(f *funding) bool {
		return f.used || f.fate == landed || f.fate == failed || uint64(f.bound)+depositRest < uint64(head.Sequence)
	})
	for _, f := range b.deposits[app] {
		if f.number.channel == wallet {
			ofWallet++
		}
		if f.moves == moves {
			ofApp++
		}
	}
	return ofWallet, ofApp
}

// lookForUsed marks the deposits whose numbers their wallets have used.
func (s *Signer) lookForUsed(t *told, app relay.AppID) error {
	var wallets []string
	for _, f := range s.book.deposits[app] {
		wallets = append(wallets, f.number.channel)
	}
	slices.Sort(wallets)
	facts, err := s.facts(t, "wallets of "+string(app), relay.Native, slices.Compact(wallets)...)
	if err != nil {
		return err
	}
	for _, f := range s.book.deposits[app] {
		if a := facts[f.number.channel]; a.Exists && a.Sequence >= f.number.sequence {
			f.used = true
		}
	}
	return nil
}
