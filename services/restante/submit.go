package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/restante/restante/relay/client"
)

func (c *cli) newSubmit() *cobra.Command {
	receipt := ""
	cmd := &cobra.Command{
		Use: "submit ID FILE|-", Short: "Hand in a funding, or a proof, that a wallet's signers have signed", GroupID: groupUse, Args: exactly(2, "a payment's id and a file, or \"-\""),
		Long: "Hand in the funding that \"restante send --from PROFILE --unsigned\" printed, once everybody has signed it. Its signers may\n" +
			"as well hand it to the network themselves: it is seen there. When \"send\" asked for a proof first, hand that in, signed by one\n" +
			"of the wallet's signers: it gives the funding to sign.",
		RunE: c.asApp(func(cmd *cobra.Command, cl *client.Client, args []string) error {
			var text []byte
			var err error
			if args[1] == "-" {
				text, err = io.ReadAll(io.LimitReader(c.stdin, 64<<10))
			} else {
				text, err = os.ReadFile(args[1])
			}
			if err != nil {
				return failed("The funding cannot be read: %v.", err)
			}
			funding := strings.TrimSpace(string(text))
			if raw, err := base64.StdEncoding.DecodeString(funding); err != nil || len(raw) == 0 {
				return failed("What %s holds is no signed funding: one is a line of base64, as the signers' wallet gives it back.", args[1])
			}
			if client.IsProof(funding) {
				return c.submitProof(cmd.Context(), cl, args[0], funding, receipt)
			}
			p, err := cl.Fund(cmd.Context(), args[0], funding)
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(p)
			}
			c.printf("Handed in: %s is %s.\n", p.ID, p.State)
			return nil
		}),
	}
	cmd.Flags().StringVar(&receipt, "receipt", "", "with a signed proof: the receipt that send wrote (default restante-ID.receipt.json)")
	return cmd
}

// submitProof hands box and way back in with a proof that was signed elsewhere, and prints the funding to sign.
func (c *cli) submitProof(ctx context.Context, cl *client.Client, id, envelope, file string) error {
	file = cmp.Or(file, receiptName(id))
	r, err := readOwnReceipt(file)
	switch {
	case err != nil:
		return failed("A signed proof is handed in with the receipt that \"restante send\" wrote; name it with --receipt: %v.", err)
	case r.Payment != id:
		return failed("%s is the receipt of another payment.", file)
	}
	sent, err := cl.Deposit(ctx, r, client.WalletProof{Envelope: envelope})
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(ownSentJSON{Payment: sent.Payment, Receipt: file, Unsigned: sent.Funding})
	}
	c.printf("The wallet agreed: box and way back of %s are kept. Nothing was sent yet. Have this funding signed, and hand it to the network, or to "+
		"\"restante submit %s FILE\":\n\n%s\n", id, id, sent.Funding)
	return c.written()
}

func readOwnReceipt(file string) (r client.OwnReceipt, err error) {
	f, err := os.Open(file)
	if err != nil {
		return r, err
	}
	defer f.Close()
	return r, json.NewDecoder(io.LimitReader(f, 1<<20)).Decode(&r)
}
