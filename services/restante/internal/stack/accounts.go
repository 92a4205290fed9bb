package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/services/internal/boot"
)

// need is an account that has to be on the ledger before anything can be sent.
type need struct {
	Role    string // sponsor or treasury
	Account string
	AtLeast relay.Stroops // lumens
	Has     relay.Stroops
	Exists  bool
}

// ledgerAccounts gets the accounts of the service and of the development app onto the ledger. What it has seen there it does not ask
// for again; it asks each question until the ledger answers.
type ledgerAccounts struct {
	*Stack
	treasury string
	there    map[string]bool
}

// exists asks for one account.
func (m ledgerAccounts) exists(ctx context.Context, account string) (bool, error) {
	if m.there[account] {
		return true, nil
	}
	_, err := untilAnswered(ctx, m.Stack, func(ctx context.Context) (int64, error) { return m.Ledger.Sequence(ctx, account) })
	if errors.Is(err, relay.ErrNotFound) {
		return false, nil
	}
	m.there[account] = err == nil
	return err == nil, err
}

// channels lists those that are not on the ledger yet.
func (m ledgerAccounts) channels(ctx context.Context) (missing []string, err error) {
	_, all, err := m.anchored.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		there, err := m.exists(ctx, c)
		if err != nil {
			return nil, err
		}
		if !there {
			missing = append(missing, c)
		}
	}
	return missing, nil
}

// needs lists the accounts that are missing or too empty to begin with. A sponsor that has made its channels is judged where
// money moves, not here.
func (m ledgerAccounts) needs(ctx context.Context) (missing []need, err error) {
	sponsor, all, err := m.anchored.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	first := need{Role: "sponsor", Account: sponsor, AtLeast: stellar.Prices.SponsorNeeds(len(all))}
	if first.Exists, err = m.exists(ctx, sponsor); err != nil {
		return nil, err
	}
	none, err := m.channels(ctx)
	if err != nil {
		return nil, err
	}
	if first.Exists && len(none) > 0 {
		facts, err := untilAnswered(ctx, m.Stack, func(ctx context.Context) (relay.AccountFacts, error) {
			facts, _, err := m.Ledger.Look(ctx, relay.Native, sponsor)
			return facts[sponsor], err
		})
		if err != nil {
			return nil, err
		}
		first.Has = facts.Balance
	}
	if !first.Exists || len(none) > 0 && first.Has < first.AtLeast {
		missing = append(missing, first)
	}
	there, err := m.exists(ctx, m.treasury)
	if err == nil && !there {
		missing = append(missing, need{Role: "treasury", Account: m.treasury, AtLeast: stellar.Prices.TreasuryNeeds()})
	}
	return missing, err
}

// readyAccounts returns when the accounts are there: made by the friendbot where there is one, else by the operator, to whom
// all of them are named at once. The sponsor makes the channels.
func (s *Stack) readyAccounts(ctx context.Context, treasury string) error {
	m, named := ledgerAccounts{s, treasury, map[string]bool{}}, false
	err := s.await(ctx, "accounts on the ledger", func(ctx context.Context) error {
		missing, err := m.needs(ctx)
		if err != nil || len(missing) == 0 {
			return err
		}
		if s.Config.Ledger.Friendbot != "" {
			if err := s.fundAccounts(ctx, missing); err != nil {
				return err
			}
			if missing, err = m.needs(ctx); err != nil || len(missing) == 0 {
				return err
			}
		}
		if !named {
			named = true
			s.tell(payIn(missing) + "\"restante accounts --data " + s.Config.Data + "\" shows them again. Waiting.")
		}
		return relay.NewFault(errAccountsMissing.Kind, errAccountsMissing.Code, "It waits for lumens:"+shortfalls(missing)+".", nil)
	})
	if err != nil {
		return err
	}
	return s.await(ctx, "the channels, which the sponsor makes", m.makeChannels)
}

var errAccountsMissing = relay.NewFault(relay.Unavailable, "accounts_missing", "It waits for lumens.", nil)

// payIn is what the operator has to do, one account a line.
func payIn(missing []need) string {
	var b strings.Builder
	b.WriteString("These accounts need lumens on the ledger:\n\n")
	for _, m := range missing {
		fmt.Fprintf(&b, "  %-9s %s   at least %s XLM%s\n", m.Role, m.Account, m.AtLeast, m.rest())
	}
	b.WriteString("\nPay them in from any wallet (the first payment makes the account). The service makes all others itself.\n")
	return b.String()
}

func (n need) rest() string {
	if n.Role == "treasury" {
		return ", and what you will send"
	}
	if n.Exists {
		return ", it holds " + n.Has.String()
	}
	return ""
}

func shortfalls(missing []need) string {
	var b strings.Builder
	for i, m := range missing {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, " %s %s must hold %s XLM and holds %s", m.Role, m.Account, m.AtLeast, m.Has)
	}
	return b.String()
}

// makeChannels has the sponsor make those channels that the ledger does not show yet. An envelope is handed in again until its
// end is past. The next one has the sponsor's next number as the ledger shows it, so two for the same channels never both land.
func (m ledgerAccounts) makeChannels(ctx context.Context) error {
	var envelope []byte
	var bound uint32
	batch := 0 // channels that were missing when it was signed
	for {
		missing, err := m.channels(ctx)
		if err != nil || len(missing) == 0 {
			return err
		}
		head, err := untilAnswered(ctx, m.Stack, m.Ledger.Head)
		if err != nil {
			return err
		}
		if envelope == nil || len(missing) < batch || !relay.CouldLand(bound, head, 0) {
			batch = len(missing)
			if envelope, bound, err = m.signChannels(ctx, missing[:min(batch, stellar.MostChannels)]); err != nil {
				return err
			}
		}
		// What it answers proves nothing; the next look does.
		if _, err := m.Ledger.Submit(ctx, envelope); err != nil && ctx.Err() != nil {
			return err
		}
		if err := boot.Pause(ctx, m.PollEvery()); err != nil {
			return err
		}
	}
}

// PollEvery is the pause before the ledger is looked at again.
func (s *Stack) PollEvery() time.Duration {
	if s.Devnet != nil {
		return 20 * time.Millisecond
	}
	return cmp.Or(s.Config.Worker.WatchEvery, 300*time.Millisecond)
}

func (m ledgerAccounts) signChannels(ctx context.Context, missing []string) (envelope []byte, bound uint32, err error) {
	sponsor, _, err := m.anchored.Accounts(ctx)
	if err != nil {
		return nil, 0, err
	}
	sequence, err := untilAnswered(ctx, m.Stack, func(ctx context.Context) (int64, error) { return m.Ledger.Sequence(ctx, sponsor) })
	if err != nil {
		return nil, 0, err
	}
	bid, err := untilAnswered(ctx, m.Stack, m.Ledger.FeeBid)
	if err != nil {
		return nil, 0, err
	}
	_, err = untilAnswered(ctx, m.Stack, func(ctx context.Context) (struct{}, error) {
		// The head is read last, at every attempt: while the ledger does not answer, the end that was reckoned from an older one passes.
		head, err := m.Ledger.Head(ctx)
		if err == nil {
			envelope, bound, err = m.Stack.Signer.MakeChannels(ctx, missing, sequence+1, bid, head)
		}
		return struct{}{}, err
	})
	return envelope, bound, err
}
