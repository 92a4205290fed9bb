package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/restante/restante/crypto/keystore"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

// ownFlags are the flags of a send out of the sender's own wallet.
type ownFlags struct {
	from, passphraseFile, returnTo, returnMemo, returnMemoType, receipt, fundWithin string
	unsigned                                                                        bool
}

func (f *ownFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", "profile whose wallet pays, in place of the app's treasury; \"restante init\" makes one")
	flags.StringVar(&f.passphraseFile, "passphrase-file", "", "file whose first line is the profile's passphrase")
	flags.StringVar(&f.returnTo, "return-to", "", "with --from: account that the money comes home to, also M… (default the wallet)")
	flags.StringVar(&f.returnMemo, "return-memo", "", "with --return-to: memo that this account asks for")
	flags.StringVar(&f.returnMemoType, "return-memo-type", "", "kind of that memo: text (default), id or hash")
	flags.StringVar(&f.receipt, "receipt", "", "with --from: file for the receipt (default ./restante-ID.receipt.json); never overwritten")
	flags.StringVar(&f.fundWithin, "fund-within", "", "with --from: how long signing may take, at least 1m, at most what 7,500 ledgers take, some 10h (default 1m)")
	flags.BoolVar(&f.unsigned, "unsigned", false, "with --from: print the funding for the wallet's other signers, and do not hand it in")
}

func (f ownFlags) check() error {
	if f.from == "" && (f.passphraseFile != "" || f.returnTo != "" || f.receipt != "" || f.fundWithin != "" || f.unsigned) {
		return usage("--passphrase-file, --return-to, --receipt, --fund-within and --unsigned go with --from.")
	}
	switch {
	case f.returnMemo != "" && f.returnTo == "":
		return usage("--return-memo goes with --return-to.")
	case f.returnMemoType != "" && f.returnMemo == "":
		return usage("--return-memo-type goes with --return-memo.")
	}
	if _, err := relay.ParseMemo(f.returnMemoType, f.returnMemo); err != nil {
		return usage("--return-memo: %s.", err)
	}
	return nil
}

// request is what the flags ask for.
func (f ownFlags) request(r client.SendRequest, profile keystore.Profile) client.OwnRequest {
	memo, _ := relay.ParseMemo(f.returnMemoType, f.returnMemo) // checked with the flags
	return client.OwnRequest{SendRequest: r, From: profile.Account, ReturnTo: f.returnTo, ReturnMemo: memo,
		Recipients: []string{profile.Recipient}, FundWithin: f.fundWithin}
}

// ownSentJSON is a payment out of an own wallet, with what only its sender has.
type ownSentJSON struct {
	client.Payment
	ClaimLink string `json:"claim_link"`
	Receipt   string `json:"receipt"`                    // file
	Unsigned  string `json:"funding_envelope,omitempty"` // base64 XDR, with --unsigned
	Proof     string `json:"proof_envelope,omitempty"`   // base64 XDR, instead, when a signer of the wallet has to agree first
}

// sendOwn sends out of the wallet of a profile. Passphrase first: the time to sign begins with the relay's answer.
func (c *cli) sendOwn(ctx context.Context, r client.SendRequest, f ownFlags, wait bool) error {
	cl, err := c.app()
	if err != nil {
		return err
	}
	profile, err := c.openProfile(ctx, f.from, f.passphraseFile)
	if err != nil {
		return err
	}
	defer profile.Wipe()
	network, err := cl.Network(ctx)
	if err != nil {
		return err
	}
	if network != profile.Network {
		return &failure{status: statusFailed, cause: client.ErrNetwork,
			text: fmt.Sprintf("The profile %q is of the network %q; the relay is on %q. Nothing was sent.", f.from, profile.Network, network)}
	}
	file := ""
	q := f.request(r, profile)
	q.Keep = func(kept client.OwnReceipt) (err error) { file, err = c.keepReceipt(kept, f.receipt); return err }
	q.Prove, q.Sign = client.ProveWith(profile.Seed), client.SignWith(network, profile.Seed)
	if f.unsigned {
		q.Sign = nil
	}
	sent, err := cl.SendOwn(ctx, q)
	if f.unsigned && client.IsCode(err, "wallet_proof_refused") && sent.Proof != nil { // another signer has to
		return c.printProofWanted(sent, file)
	}
	if client.IsCode(err, "wallet_proof_refused") {
		return failed("The profile's key cannot sign for the wallet, so nothing was sent. Send with --unsigned: it prints a proof for one of the wallet's signers first.")
	}
	if client.IsCode(err, "wallet_missing") {
		return c.walletMissing(profile.Account, err)
	}
	var refused *client.Problem
	if errors.As(err, &refused) && refused.Status < 500 && sent.Funding == "" {
		return err // nothing was signed, so nothing was sent; the receipt is of nothing
	}
	if err != nil && file != "" {
		return c.ownInterrupted(sent, file, err)
	}
	if err != nil {
		return c.unsigned(sent, err)
	}
	if wait && !f.unsigned {
		sent.Payment, err = waitFunded(ctx, cl, sent.Payment.ID)
		if err != nil {
			return c.ownInterrupted(sent, file, err)
		}
	}
	if err := c.printOwnSent(sent, file, f.unsigned); err != nil {
		return err
	}
	if err := endedUnfunded(sent.Payment); err != nil || !wait {
		return err
	}
	return stopped(sent.Payment, "")
}

// walletMissing names the account to pay into, and the friendbot where there is one.
func (c *cli) walletMissing(account string, cause error) error {
	text := fmt.Sprintf("The wallet's account %s does not exist on the ledger, so nothing was sent. Pay lumens into it first.", account)
	if rpc := c.env("RESTANTE_RPC"); rpc != "" && embeddedRPC(rpc) {
		text += fmt.Sprintf(" On this development network: curl -s \"%s/friendbot?addr=%s\"", rpc, account)
	}
	return &failure{status: statusFailed, text: text, cause: cause}
}

// embeddedRPC says that an RPC address is that of the embedded ledger, which has a friendbot below it.
func embeddedRPC(rpc string) bool {
	u, err := url.Parse(rpc)
	return err == nil && u.Path == "/rpc"
}

// keepReceipt has the receipt on disk, synced, before anything is signed.
func (c *cli) keepReceipt(r client.OwnReceipt, file string) (string, error) {
	file, err := createReceipt(r, r.Payment, file)
	if errors.Is(err, fs.ErrExist) {
		return "", failed("%s is there already and is never overwritten. Name another file with --receipt; nothing was sent.", file)
	}
	return file, err
}

func (c *cli) printOwnSent(s client.Sent, file string, unsigned bool) error {
	link, err := s.Link.Reveal()
	if err != nil {
		return err
	}
	out := ownSentJSON{Payment: s.Payment, ClaimLink: link, Receipt: file}
	if unsigned {
		out.Unsigned = s.Funding
	}
	if c.json {
		return c.printJSON(out)
	}
	if err := c.printSent(s); err != nil {
		return err
	}
	c.printf("The receipt brings the money home without us, and manages the payment: %s\n", file)
	if unsigned {
		c.printf("\nNothing was handed in. Have this funding signed and hand it to the network, or to \"restante submit %s\", by ledger %s:\n\n%s\n",
			s.Payment.ID, notAfter(s.Payment), s.Funding)
	}
	return c.written()
}

// printProofWanted says what a signer of the wallet signs first, when the profile's key cannot sign for it.
func (c *cli) printProofWanted(s client.Sent, file string) error {
	link, err := s.Link.Reveal()
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(ownSentJSON{Payment: s.Payment, ClaimLink: link, Receipt: file, Proof: s.Proof.Envelope})
	}
	if err := c.printSent(s); err != nil {
		return err
	}
	c.printf("The receipt brings the money home without us, and manages the payment: %s\n", file)
	c.printf("\nThe profile's key cannot sign for the wallet. Have one of its signers sign this first; it moves nothing (its sequence number is 0).\n"+
		"Hand it to \"restante submit %s FILE --receipt %s\" by ledger %s, which gives the funding to sign:\n\n%s\n",
		s.Payment.ID, file, notAfter(s.Payment), s.Proof.Envelope)
	return c.written()
}

func notAfter(p client.Payment) string {
	if p.Funding == nil {
		return "its bound"
	}
	return fmt.Sprint(p.Funding.LastLedger)
}

// ownInterrupted says what is known after an error behind the point where the receipt was kept. The link goes with it: it is
// nowhere else. Without a signed funding no money can have moved; with one, the ledger decides until its bound.
func (c *cli) ownInterrupted(s client.Sent, file string, cause error) error {
	if err := c.printUnknown(s, file); err != nil {
		return err
	}
	id := s.Link.PaymentID
	f := &failure{status: statusTryAgain, cause: cause, id: id, next: "restante show " + id}
	if why := cutOff(cause); s.Funding == "" {
		f.text = fmt.Sprintf("It was cut off before anything was signed (%s): no money was sent, and sending again is safe. \"restante show %s\" tells how the payment stands.", why, id)
	} else {
		f.text = fmt.Sprintf("It was cut off (%s) after the funding was signed: the money may be on its way. \"restante show %s\" tells; sending again before would be "+
			"a second payment. The receipt brings the money home.", why, id)
	}
	return f
}

// unsigned says of an error before anything was kept or signed that no money can have moved, though a payment without money may
// stand in the relay's list.
func (c *cli) unsigned(s client.Sent, err error) error {
	var refused *client.Problem
	var lost *client.Unreached
	if !errors.As(err, &lost) && !errors.Is(err, context.Canceled) && (!errors.As(err, &refused) || refused.Status < 500) {
		return err
	}
	f := &failure{status: statusTryAgain, cause: err, id: s.Payment.ID, next: c.again()}
	f.text = fmt.Sprintf("It was cut off (%s). Nothing was signed, so no money was sent: run the same again.", cutOff(err))
	if s.Payment.ID != "" {
		f.text += fmt.Sprintf(" The relay may list %s, which ends by itself without money.", s.Payment.ID)
	}
	return f
}

// cutOff is the cause in words, as part of a sentence.
func cutOff(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	return strings.TrimSuffix(plain(err.Error()), ".")
}
