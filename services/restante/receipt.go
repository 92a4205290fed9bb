package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/restante/restante/crypto/durable"
)

func (c *cli) newReceipt() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "receipt ID", Short: "Save what brings the money home without us", GroupID: groupUse, Args: exactly(1, "a payment's id"),
		Long: "Save a payment's receipt: the box, which your age identity opens, and the return envelopes, which need no key at all.\n" +
			"As long as nobody has claimed, it takes the money back with the relay gone; OUT-WITHOUT-US.md says how.",
		RunE: func(cmd *cobra.Command, args []string) error { return c.receipt(cmd.Context(), args[0], out) },
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write (default ./restante-ID.receipt.json); never overwritten")
	return cmd
}

func (c *cli) receipt(ctx context.Context, id, out string) error {
	cl, err := c.app()
	if err != nil {
		return err
	}
	r, err := cl.Receipt(ctx, id)
	if err != nil {
		return err
	}
	out, err = createReceipt(r, r.Payment, out)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fileThere(out, "--out")
	case err != nil:
		return failed("The receipt cannot be written: %v.", err)
	}
	if c.json {
		return c.printJSON(map[string]string{"payment": r.Payment, "file": out})
	}
	if len(r.Ladder) > 0 && !r.Ladder[0].LastResort && !r.Ladder[0].NeedsService {
		c.printf("%s\n\nAs long as nobody has claimed, this file brings %s home to %s without us: anybody can hand in its first rung, which needs no key.\n",
			out, money(r.Amount, r.Asset), r.ReturnTo)
	} else {
		c.printf("%s\n\nThe ways home that need no key are used up: without us, %s is reached by your age identity only.\n", out, money(r.Amount, r.Asset))
	}
	c.printf("Its box, opened with your age identity, is the key of the money, so keep the two apart, and neither with us alone.\n")
	return c.written()
}

// createReceipt writes a payment's receipt to a file that must not be there yet, synced, and returns its whole path. "" names it
// by the payment.
func createReceipt(receipt any, payment, file string) (string, error) {
	text, err := json.MarshalIndent(receipt, "", "  ")
	if err != nil {
		return "", err
	}
	if file, err = filepath.Abs(cmp.Or(file, receiptName(payment))); err != nil {
		return "", err
	}
	return file, durable.Create(file, append(text, '\n'))
}

func receiptName(payment string) string { return "restante-" + payment + ".receipt.json" }
