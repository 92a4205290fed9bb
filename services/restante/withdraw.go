package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/services/internal/boot"
	"github.com/restante/restante/services/restante/internal/stack"
	"github.com/restante/restante/services/signer"
)

type withdrawFlags struct {
	data, from, to, amount, asset, memo, memoType string
	yes                                           bool
}

func (c *cli) newWithdraw() *cobra.Command {
	var f withdrawFlags
	cmd := &cobra.Command{
		Use: "withdraw --to ADDRESS --amount AMOUNT|all", Short: "Take money out of a treasury, on the service's own machine", Args: exactly(0, ""),
		Long: "Pays out of a treasury what no payment has been promised, to an account that exists. It is done with the signer's own\n" +
			"files, so \"restante up\" must not be running on the data directory; the API and the workers have no such request.",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.withdraw(cmd.Context(), f) },
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.data, "data", stack.DefaultSettings().Data, "data directory")
	fl.StringVar(&f.from, "from", "", "the treasury (default: that of the development app); \"restante accounts\" lists them")
	fl.StringVar(&f.to, "to", "", "account that gets the money, G… or M…")
	fl.StringVar(&f.amount, "amount", "", "how much, or \"all\" that can be taken out")
	fl.StringVar(&f.asset, "asset", relay.Native, "of which asset: CODE:ISSUER (default lumens)")
	fl.StringVar(&f.memo, "memo", "", "memo that the destination asks for")
	fl.StringVar(&f.memoType, "memo-type", "", "text, id or hash")
	fl.BoolVar(&f.yes, "yes", false, "with --amount all: do not ask before, on a terminal")
	return cmd
}

func (c *cli) withdraw(ctx context.Context, f withdrawFlags) error {
	if f.to == "" || f.amount == "" {
		return usage("Where to, and how much? Give --to and --amount.")
	}
	memo, err := relay.ParseMemo(f.memoType, f.memo)
	if err != nil {
		return usage("--memo: %v.", err)
	}
	roster, ledger, err := stack.ReadDirectory(f.data)
	if err != nil {
		return failed("%v.", err)
	}
	s, err := stack.OpenForWithdrawal(ctx, f.data, ledger)
	if err != nil {
		return failed("%s.", capital(err.Error()))
	}
	defer s.Close()
	w := relay.Withdrawal{From: f.from, To: f.to, Asset: f.asset, Memo: memo}
	if w.From == "" {
		env, err := stack.ReadEnv(s.Path("dev.env"))
		if err != nil {
			return failed("%v.", err)
		}
		if w.From = roster.Treasuries[relay.AppID(env["RESTANTE_APP"])]; w.From == "" {
			return usage("Which treasury? Give --from; \"restante accounts\" lists them.")
		}
	}
	if w.Amount, err = takeOut(ctx, s, w, roster, f.amount); err != nil {
		return err
	}
	if f.amount == "all" {
		if err := c.confirm(ctx, f.yes, "Take all "+money(w.Amount.String(), w.Asset)+" out of "+w.From+", to "+w.To+"?"); err != nil {
			return err
		}
	}
	tx, err := payOut(ctx, s, w)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(map[string]string{"from": w.From, "to": w.To, "asset": w.Asset, "amount": w.Amount.String(), "tx": tx})
	}
	c.printf("Withdrawn %s.\n\n", money(w.Amount.String(), w.Asset))
	c.table(row{"From", w.From}, row{"To", w.To}, row{"Transaction", tx})
	return c.written()
}

// takeOut is how much is meant, after a look at both accounts and at what the app's payments have been promised.
func takeOut(ctx context.Context, s *stack.Stack, w relay.Withdrawal, roster signer.Roster, amount string) (relay.Stroops, error) {
	base, err := stellar.BaseAccount(w.To)
	if err != nil {
		return 0, usage("--to: %s is not an account, G… or M….", w.To)
	}
	if amount != "all" {
		if w.Amount, err = relay.ParseAmount(amount); err != nil {
			return 0, usage("--amount: a number with up to 7 decimals, or \"all\".")
		}
	}
	facts, _, err := s.Ledger.Look(ctx, w.Asset, w.From, base)
	if err != nil {
		return 0, failed("The ledger does not answer: %v.", err)
	}
	var promised relay.Usage
	for app, treasury := range roster.Treasuries {
		if treasury != w.From {
			continue
		}
		if promised, err = desk.Read(ctx, s.Store, func(tx desk.Tx) (relay.Usage, error) { return tx.Usage(app, w.Asset) }); err != nil {
			return 0, failed("%v.", err)
		}
	}
	if amount == "all" {
		w.Amount = promised.Available(facts[w.From].Spendable)
	}
	return w.Amount, refused(relay.CheckWithdrawal(w, facts[w.From], facts[base], promised))
}

// refused says what a rule or the signer refuses as the operator reads it; nil stays nil.
func refused(err error) error {
	var fault *relay.Fault
	switch {
	case err == nil:
		return nil
	case errors.As(err, &fault):
		return failed("%s", fault.Public)
	}
	return failed("%v.", err)
}

// payOut has the signer sign, hands in, and returns what the ledger shows.
func payOut(ctx context.Context, s *stack.Stack, w relay.Withdrawal) (tx string, err error) {
	head, err := s.Ledger.Head(ctx)
	if err != nil {
		return "", failed("The ledger does not answer: %v. Nothing was signed.", err)
	}
	sequence, err := s.Ledger.Sequence(ctx, w.From)
	if err != nil {
		return "", failed("The ledger does not answer: %v. Nothing was signed.", err)
	}
	bid, err := s.Ledger.FeeBid(ctx)
	if err != nil {
		return "", failed("The ledger does not answer: %v. Nothing was signed.", err)
	}
	outer, e, err := s.Signer.Withdraw(ctx, w, sequence+1, bid, head)
	if err != nil {
		return "", refused(err)
	}
	for {
		seen, err := s.Ledger.Sight(ctx, e.Hash)
		if err == nil && seen != nil {
			if !seen.Success {
				return "", failed("The ledger refused the withdrawal (%s); no money moved.", seen.Tx)
			}
			return seen.Tx, nil
		}
		if verdict, _, err := s.Ledger.Verdict(ctx, e); err == nil && verdict == relay.CannotLand {
			return "", failed("The withdrawal did not land in time and cannot land any more; no money moved. Try again.")
		}
		_, _ = s.Ledger.Submit(ctx, outer) // what it answers proves nothing; the next look does
		if err := boot.Pause(ctx, s.PollEvery()); err != nil {
			return "", failed("It was handed in, and may land until ledger %d: look at %s.", e.Bound, e.Hash)
		}
	}
}
