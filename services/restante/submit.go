package main

import (
	"encoding/base64"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

func (c *cli) newSubmit() *cobra.Command {
	return &cobra.Command{
		Use: "submit ID FILE|-", Short: "Hand in a funding that a wallet's signers have signed", GroupID: groupUse, Args: exactly(2, "a payment's id and a file, or \"-\""),
		Long: "Hand in the funding that \"restante send --from PROFILE --unsigned\" printed, once everybody has signed it. Its signers may\n" +
			"as well hand it to the network themselves: it is seen there.",
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.app()
			if err != nil {
				return err
			}
			var text []byte
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
			p, err := cl.Fund(cmd.Context(), args[0], funding)
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(p)
			}
			c.printf("Handed in: %s is %s.\n", p.ID, p.State)
			return nil
		},
	}
}
