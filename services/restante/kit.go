package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/restante/restante/crypto/keystore"
	"github.com/restante/restante/relay/client"
)

func (c *cli) newKit() *cobra.Command {
	var f claimFlags
	var out string
	cmd := &cobra.Command{
		Use: "kit LINK|-", Short: "Save what gets your money out without us", GroupID: groupUse, Args: exactly(1, "a claim link, or \"-\""),
		Long: "Prove that the money is for you, as for a claim, and save what opens its box instead of claiming: a file under a\n" +
			"passphrase, which \"age -d\" opens. With it the money is yours to take with the relay gone, for as long as it waits;\n" +
			"OUT-WITHOUT-US.md says how. Where there is no terminal, the status is 3 when a code is needed: run it again with --code.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return c.kit(cmd.Context(), args[0], f, out)
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.code, "code", "", "the six digits that were mailed after an earlier call")
	fl.StringVar(&f.voucher, "voucher", "", "the app's word for you, in place of a code")
	fl.StringVar(&out, "out", "", "file to write (default ./restante-ID.kit.age); never overwritten")
	fl.StringVar(&f.passphraseFile, "passphrase-file", "", "file whose first line is the kit's passphrase")
	f.secrets.stdoutFlag(fl)
	return cmd
}

func (c *cli) kit(ctx context.Context, arg string, f claimFlags, out string) error {
	r, err := c.newClaimRun(ctx, arg, f)
	if err != nil {
		return err
	}
	out = cmp.Or(out, "restante-"+r.link.PaymentID+".kit.age")
	if out, err = filepath.Abs(out); err != nil {
		return err
	}
	if err := r.readyToWrite(true, out, "--out", "The kit"); err != nil {
		return err
	}
	var k client.Kit
	if err := r.withCode(func(q client.ClaimRequest) (err error) { k, err = r.client.Kit(ctx, q); return err }); err != nil {
		return r.stopped(err)
	}
	defer k.Identity.Wipe()
	if err := r.proved(); err != nil { // a claim goes on with the code, and so does this when the kit cannot be written
		return err
	}
	return r.saveKit(ctx, k, out)
}

// kitJSON says where the kit is.
type kitJSON struct {
	Payment        string `json:"payment"`
	HoldingAccount string `json:"holding_account"`
	Amount         string `json:"amount"`
	File           string `json:"file"`
	Passphrase     string `json:"passphrase,omitempty"` // when it was made here
}

func (r *claimRun) saveKit(ctx context.Context, k client.Kit, out string) error {
	pass, generated, err := r.newPassphrase(ctx, r.secrets, "--passphrase-file", r.passphraseFile, "the kit")
	if err != nil {
		return err
	}
	defer pass.Wipe()
	err = keystore.WriteKit(out, k, pass)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fileThere(out, "--out")
	case err != nil:
		return failed("The kit cannot be written: %v.", err)
	}
	told := kitJSON{Payment: k.Payment, HoldingAccount: k.Account, Amount: k.Amount, File: out}
	if generated {
		told.Passphrase = string(pass.Reveal())
	}
	if r.json {
		return r.printJSON(told)
	}
	r.tellPassphrase(pass, generated, "which is kept nowhere")
	r.printf("%s\n\nThis file, which \"age -d\" opens, gets %s out without us for as long as the money waits: nothing was claimed yet.\n", out, money(k.Amount, k.Asset))
	r.printf("Until it is claimed, the sender can still take the money back; whoever has the file and its passphrase can take it too.\n")
	return r.written()
}
