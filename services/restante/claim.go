package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stellar/go-stellar-sdk/strkey"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/sep7"
)

// claimFlags are the flags of claim.
type claimFlags struct {
	code, to, memo, memoType, keystore, passphraseFile, voucher string
	wallet, onFile                                              bool
	secrets                                                     secretTo
}

// claimRun is one run of claim.
type claimRun struct {
	*cli
	claimFlags
	link   client.Link
	client *client.Client
	saved  *savedClaim
	note   string
	state  string // that was shown last
	typed  string // the code that was given last
	mailed bool   // a code was mailed in this call

	trouble *string // why it is not on its way; nil before that was asked for
}

func (c *cli) newClaim() *cobra.Command {
	var f claimFlags
	cmd := &cobra.Command{
		Use: "claim LINK|-", Short: "Collect money that waits for you", GroupID: groupUse, Args: exactly(1, "a claim link, or \"-\""),
		Long: "Collect money. By default a new account is made; its key is in a keystore file (open it with \"age -d\") before\n" +
			"anything is signed. A code is mailed to you and asked for; where there is no terminal, the status is 3 then,\n" +
			"and a second call with --code finishes. \"-\" reads the link from standard input.",
		Example: "  restante claim 'https://relay.example.com/c/pay_…#…'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return c.claim(cmd.Context(), args[0], f)
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.code, "code", "", "the six digits that were mailed after an earlier call")
	fl.StringVar(&f.to, "to", "", "an account of yours that exists, G… or M…, instead of a new one")
	fl.StringVar(&f.memo, "memo", "", "memo that this account asks for")
	fl.StringVar(&f.memoType, "memo-type", "", "kind of the memo: text (default), id or hash")
	fl.BoolVar(&f.wallet, "wallet", false, "with --to: sign in your own wallet, by a link and a QR code (SEP-7), where your account has to sign")
	fl.BoolVar(&f.onFile, "on-file", false, "let this app pay you directly into the same account from now on")
	fl.StringVar(&f.keystore, "keystore", "", "file for the new account's key (default ./restante-ACCOUNT.age); never overwritten")
	fl.StringVar(&f.passphraseFile, "passphrase-file", "", "file whose first line is the keystore's passphrase")
	fl.StringVar(&f.voucher, "voucher", "", "the app's word for you, in place of a code")
	f.secrets.stdoutFlag(fl)
	return cmd
}

func (f claimFlags) check() error {
	switch {
	case f.code != "" && (len(f.code) != 6 || strings.Trim(f.code, "0123456789") != ""):
		return usage("--code: a code has six digits.")
	case f.code != "" && f.voucher != "":
		return usage("Give --code or --voucher, not both.")
	case f.to != "" && (f.keystore != "" || f.passphraseFile != ""):
		return usage("--to names an account that has its key already: --keystore and --passphrase-file are for a new one.")
	case f.memo != "" && f.to == "":
		return usage("--memo goes with --to.")
	case f.memoType != "" && f.memo == "":
		return usage("--memo-type goes with --memo.")
	case f.wallet && f.to == "":
		return usage("--wallet goes with --to: which account of your wallet?")
	case f.wallet && strings.HasPrefix(f.to, "M"), f.onFile && strings.HasPrefix(f.to, "M"):
		return usage("--wallet and --on-file take a plain account, G….")
	case strings.HasPrefix(f.to, "S"):
		return usage("--to takes the address of an account, G…. That looks like a secret key: keep it to yourself.")
	case f.to != "" && !strkey.IsValidEd25519PublicKey(f.to) && !strkey.IsValidMuxedAccountEd25519PublicKey(f.to):
		return usage("--to: that is not the address of an account. One has 56 characters and begins with G; a typo shows in its checksum.")
	}
	if _, err := relay.ParseMemo(f.memoType, f.memo); err != nil {
		return usage("--memo: %s.", err)
	}
	return nil
}

func (c *cli) claim(ctx context.Context, arg string, f claimFlags) error {
	r, err := c.newClaimRun(ctx, arg, f)
	if err != nil {
		return err
	}
	if err := r.ready(); err != nil {
		return err
	}
	var got client.Claimed
	err = r.withCode(func(q client.ClaimRequest) (err error) { got, err = r.try(ctx, q); return err })
	if view, mine := r.mine(err); mine {
		got, err = client.Claimed{View: view, Account: deref(view.Destination)}, nil
	}
	if err != nil {
		return r.stopped(err)
	}
	if err := r.print(got); err != nil {
		return err // what is kept stays: the passphrase may be in it
	}
	c.forget(r.saved)
	return nil
}

func (c *cli) newClaimRun(ctx context.Context, arg string, f claimFlags) (*claimRun, error) {
	cl, link, err := c.claimant(ctx, arg)
	if err != nil {
		return nil, err
	}
	r := &claimRun{cli: c, claimFlags: f, link: link, client: cl}
	r.saved, err = c.savedClaim(link.PaymentID)
	return r, err
}

// withCode makes an attempt with the code of an earlier call where one may still be good, and again with another code where it is not.
func (r *claimRun) withCode(attempt func(client.ClaimRequest) error) error {
	try := func(earlierCode bool) error {
		if err := r.keyed(r.voucher != ""); err != nil {
			return err
		}
		q := client.ClaimRequest{Link: r.link, ClaimantKey: r.saved.ClaimantKey, Code: r.askCode, Voucher: r.voucher, Tell: r.tell}
		if earlierCode {
			q.Session = client.CodeSession{Session: r.saved.Session, To: r.saved.SessionTo, ExpiresAt: r.saved.SessionEnds}
		}
		return attempt(q)
	}
	err := try(r.code != "" || r.saved.proven(time.Now()))
	if r.code == "" && client.IsCode(err, codeGone...) {
		r.saved.dropCode()
		err = try(false)
	}
	if client.IsCode(err, "code_too_soon") && r.saved.usable(time.Now()) {
		err = try(true) // the code that was mailed a moment ago is still good
	}
	return err
}

// codeGone are the refusals of a code that serves no more.
var codeGone = []string{"code_used", "code_spent", "code_expired", "session_invalid"}

// ready refuses what could not work before a code is asked for or used up.
func (r *claimRun) ready() error {
	if r.saved.Passphrase != "" { // made by an earlier call, and shown with the claim's end, which may have come
		if r.mayShowPassphrase(r.secrets, "") != nil {
			return usage("An earlier call made the passphrase of %s. It is shown when the claim is done, and there is no terminal to show it on. Run it on one, "+
				"or give --%s where a program of yours reads the answer.", r.saved.Keystore, secretsToStdout)
		}
	}
	makes := r.to == "" && (r.saved.Keystore == "" || r.keystore != "" && !samePath(r.keystore, r.saved.Keystore))
	return r.readyToWrite(makes, r.keystore, "--keystore", "The new account's key")
}

// readyToWrite refuses a code that was never asked for, a passphrase file that cannot be read, and, where a file is to be made, one
// that is there or a folder that takes none. path is "" where the file gets its name later.
func (r *claimRun) readyToWrite(makes bool, path, flag, what string) error {
	if r.code != "" && r.saved.Session == "" {
		return usage("No code was asked for here, or the payment has ended since. Run it without --code: that tells, and has one mailed where one is needed.")
	}
	if err := checkSecretFile("--passphrase-file", r.passphraseFile); err != nil || !makes {
		return err
	}
	if _, err := os.Lstat(path); path != "" && err == nil {
		return fileThere(path, flag)
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".restante-*")
	if err != nil {
		return failed("%s could not be written: %v. Name another place with %s.", what, err, flag)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func (r *claimRun) try(ctx context.Context, q client.ClaimRequest) (got client.Claimed, err error) {
	if q.Memo, err = relay.ParseMemo(r.memoType, r.memo); err != nil {
		return got, err
	}
	q.Account, q.OnFile, q.Earlier = r.account, r.onFile, r.saved.Account
	q.ClockOff = func(by time.Duration) {
		fmt.Fprintf(r.stderr, "The clocks differ: the ledger's is %s this machine's. The ledger's counts; the claim goes on.\n", client.Apart(by))
	}
	if r.wallet {
		q.Wallet = r.askWallet
	}
	return r.client.Claim(ctx, q)
}

// keyed makes the claimant key of this payment's claims; it is kept before it is used.
func (r *claimRun) keyed(save bool) error {
	if r.saved.ClaimantKey != "" {
		return nil
	}
	if r.saved.ClaimantKey = rand.Text(); save {
		return r.saved.save()
	}
	return nil
}

// proved keeps a code that was right: another call goes on with it when this one is refused.
func (r *claimRun) proved() error {
	if r.typed == "" || r.saved.Code == r.typed {
		return nil
	}
	r.saved.Code = r.typed
	return r.saved.save()
}

// askCode has the code from --code, from the terminal, or stops with status 3. The session outlives this call.
func (r *claimRun) askCode(ctx context.Context, s client.CodeSession, wrong error) (string, error) {
	if s.Session != r.saved.Session {
		r.mailed = true
		r.saved.Session, r.saved.SessionTo, r.saved.SessionEnds, r.saved.Code = s.Session, s.To, s.ExpiresAt, ""
		if err := r.saved.save(); err != nil {
			return "", err
		}
	}
	switch {
	case r.code != "":
		r.typed = r.code
		return r.code, wrong
	case wrong == nil && r.saved.Code != "":
		return r.saved.Code, nil
	case r.terminal() == nil:
		return "", r.needCode(s)
	}
	if wrong != nil {
		fmt.Fprintln(r.stderr, capital(wrong.Error()))
	} else {
		fmt.Fprintf(r.stderr, "%s; it is good until %s.%s\n", r.whichCode(s), s.ExpiresAt.Local().Format("15:04"), refusedBefore(s))
	}
	var err error
	r.typed, err = r.ask(ctx, "Code: ")
	return r.typed, err
}

// whichCode says of the code that is asked for whether this call had it mailed.
func (r *claimRun) whichCode(s client.CodeSession) string {
	if trouble := r.mailTrouble(); r.mailed && trouble != "" {
		return "A code is to be mailed to " + plain(bare(s.To)) + ". " + trouble + " It is tried again by itself, and the code may come too late to serve"
	}
	if r.mailed {
		return "A code is on its way to " + plain(bare(s.To))
	}
	return "The code that an earlier call had mailed to " + plain(bare(s.To)) + " still serves"
}

// mailTrouble is asked for once, after a code was asked for.
func (r *claimRun) mailTrouble() string {
	if r.mailed && r.trouble == nil {
		why := mailTrouble(r.client.Server())
		r.trouble = &why
	}
	return deref(r.trouble)
}

// refusedBefore warns that no mail reaches the address.
func refusedBefore(s client.CodeSession) string {
	if relay.Delivery(s.Delivery) != relay.MailRefused {
		return ""
	}
	return " But the mail server refused our last mail to this address: ask the sender whether it is right. The sender can correct it."
}

func (r *claimRun) needCode(s client.CodeSession) error {
	if r.json {
		out := map[string]any{"id": r.link.PaymentID, "state": r.state, "code_needed": true, "to": s.To, "expires_at": s.ExpiresAt}
		if err := r.printJSON(out); err != nil {
			return err
		}
	}
	return &failure{status: statusCode, text: fmt.Sprintf("%s. Run the same again with --code and its six digits, until %s.%s",
		r.whichCode(s), moment(s.ExpiresAt), refusedBefore(s))}
}

// tell says on stderr what is waited for.
func (r *claimRun) tell(v client.ClaimView) {
	before := r.state
	r.state = v.State
	if r.json || v.State == before {
		return
	}
	if before == "" {
		fmt.Fprintf(r.stderr, "%s from %s for %s, until %s.\n", money(v.Amount, v.Asset), plain(v.From), plain(bare(v.To)), moment(v.ExpiresAt))
	}
	switch relay.State(v.State) {
	case relay.Created, relay.Funding:
		if before != "" {
			return // said already
		}
		fmt.Fprintln(r.stderr, "The money is not in its holding account yet. Waiting for the ledger.")
	case relay.Claiming:
		fmt.Fprintln(r.stderr, "A claim is handed in. Waiting for the ledger.")
	}
}

// mine says that the money has gone to an account of the caller's, by an earlier call.
func (r *claimRun) mine(err error) (client.ClaimView, bool) {
	var lost *client.Lost
	if !errors.As(err, &lost) || lost.View.State != string(relay.Claimed) {
		return client.ClaimView{}, false
	}
	to := deref(lost.View.Destination)
	return lost.View, to != "" && (to == r.to || to == r.saved.Account)
}

// stopped keeps what another call needs, and drops what none does.
func (r *claimRun) stopped(err error) error {
	var lost *client.Lost
	switch {
	case errors.As(err, &lost) && relay.State(lost.View.State).Ended():
		if r.json {
			if err := r.printJSON(lost.View); err != nil {
				return err
			}
		}
		r.forget(r.saved)
	case client.IsCode(err, codeGone...):
		if r.saved.dropCode(); r.saved.Account == "" {
			r.forget(r.saved)
		} else if err := r.saved.save(); err != nil {
			return err
		}
	case r.saved.proven(time.Now()) && !r.json:
		fmt.Fprintf(r.stderr, "The code is not used up: the same again needs no new one until %s.\n", r.saved.SessionEnds.Local().Format("15:04"))
	}
	return err
}

// claimedJSON is the claim's view with what is ours alone.
type claimedJSON struct {
	client.ClaimView
	Tx         string `json:"tx"`
	Ledger     uint32 `json:"ledger"`
	Note       string `json:"note,omitempty"`
	Keystore   string `json:"keystore,omitempty"`
	Passphrase string `json:"passphrase,omitempty"` // when it was made here
}

func (r *claimRun) print(got client.Claimed) error {
	v := got.View
	out := claimedJSON{ClaimView: v, Note: r.note}
	if v.Settlement != nil {
		out.Tx, out.Ledger = v.Settlement.Tx, v.Settlement.Ledger
	}
	if got.Account == r.saved.Account {
		out.Keystore, out.Passphrase = r.saved.Keystore, r.saved.Passphrase
	}
	if r.json {
		return r.printJSON(out)
	}
	r.printf("Claimed %s.\n\n", money(v.Amount, v.Asset))
	r.table(
		row{"Payment", v.ID}, row{"Account", got.Account}, row{"Transaction", out.Tx}, row{"Ledger", fmt.Sprint(out.Ledger)},
		row{"Keystore", out.Keystore}, row{"Note", r.note},
	)
	if r.onFile {
		r.printf("\nThe account is on file now: what %s sends to you from here on goes straight into it, without a link, and cannot be taken back. "+
			"The app takes it off: ask for \"restante agreed forget\".\n", plain(v.From))
	}
	if out.Keystore != "" {
		r.printf("\nThe keystore is the account: keep the file and its passphrase. \"age -d\" opens it.\n")
	}
	return r.written()
}

// bare drops the kind of an e-mail handle.
func bare(handle string) string { return strings.TrimPrefix(handle, "email:") }

// askWallet shows what the claimant's own wallet has to sign: as a link for a wallet on this machine, and as a code for one on
// a phone. Both go to stderr.
func (r *claimRun) askWallet(_ context.Context, q sep7.Request) error {
	uri, err := q.URI()
	if err != nil {
		return err
	}
	fmt.Fprintf(r.stderr, "Your account %s has to sign: %s. Open this in its wallet, or scan it, within 5 minutes; the wallet hands it back by itself:\n\n%s\n\n", q.PublicKey, plain(q.Message), uri)
	if err := r.qr(uri); err != nil {
		fmt.Fprintln(r.stderr, capital(err.Error()))
	}
	return nil
}
