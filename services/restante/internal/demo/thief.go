package demo

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/redeem"
	"github.com/restante/restante/relay/wire"
)

// stolenDirectory copies everything the service keeps, while it runs, and looks for the link. The link was made by the
// API itself, for a plain HTTP request, so the service once had it in its hands.
func stolenDirectory(ctx context.Context, d *Instance) error {
	link, err := d.plainRequest(ctx)
	if err != nil {
		return err
	}
	if _, err := d.Reach(ctx, link.PaymentID, relay.Pending); err != nil {
		return err
	}
	loot, err := os.MkdirTemp("", "restante-loot-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(loot)
	files, err := CopyTree(d.Stack.Config.Data, loot)
	if err != nil {
		return err
	}
	keys, err := claim.Derive(link.Secret, link.PaymentID, d.Stack.Config.Ledger.Passphrase)
	if err != nil {
		return err
	}
	needles := spellings(link.Secret.Reveal(), keys.LinkIdentity())
	found, where, err := Search(loot, needles)
	if err != nil {
		return err
	}
	if found != "" {
		return fmt.Errorf("the link secret is in %s as %s", where, found)
	}
	d.say("%d files copied: the link secret is in none, raw, hex, base64 or bech32", files)
	planted := filepath.Join(loot, "planted")
	if err := os.WriteFile(planted, []byte("x"+needles["base64"]+"x"), 0o600); err != nil {
		return err
	}
	if found, _, err = Search(loot, needles); err != nil || found == "" {
		return fmt.Errorf("control: a planted secret is not found: %v", err)
	}
	d.say("control: the same search finds a secret that was planted")
	return d.boxStaysShut(ctx, link, keys)
}

// boxStaysShut gives the thief the box and the share, as the service's own keys open them, and every identity that can be
// made of them. The control is that link and share do open it.
func (d *Instance) boxStaysShut(ctx context.Context, link client.Link, keys claim.Keys) error {
	var box, rawShare []byte
	err := d.Stack.Store.View(ctx, func(tx desk.Tx) (err error) {
		if box, err = tx.Box(relay.PaymentID(link.PaymentID)); err == nil {
			rawShare, err = tx.Share(relay.PaymentID(link.PaymentID))
		}
		return err
	})
	if err != nil {
		return err
	}
	p, err := d.App.Get(ctx, link.PaymentID, 0)
	if err != nil {
		return err
	}
	proven := wire.Proven{Box: base64.StdEncoding.EncodeToString(box), Share: base64.StdEncoding.EncodeToString(rawShare), HoldingAccount: *p.HoldingAccount,
		Asset: p.Asset, Amount: p.Amount, Network: d.Stack.Config.Ledger.Passphrase, Payment: p.ID}
	want := redeem.Expect{Payment: p.ID, Network: proven.Network, Policy: relay.Guarded, Asset: relay.Native, Amount: Amount}
	if _, err := redeem.Open(claim.NewSecret(), proven, want); err == nil {
		return fmt.Errorf("the box opens with a link that the thief made up")
	}
	if guess, err := claim.SecretFromBytes(rawShare); err == nil {
		if _, err := redeem.Open(guess, proven, want); err == nil {
			return fmt.Errorf("the box opens with the share in the place of the link")
		}
	}
	noShare := want
	noShare.Policy = relay.Link
	withoutShare := proven
	withoutShare.Share = ""
	if _, err := redeem.Open(link.Secret, withoutShare, noShare); err == nil {
		return fmt.Errorf("the box opens with the link alone")
	}
	d.say("box and share, decrypted with the service's own keys, open nothing; nor does the link without the share")
	if _, err := redeem.Open(link.Secret, proven, want); err != nil {
		return fmt.Errorf("control: link and share do not open the box: %w", err)
	}
	d.say("control: link and share together open it")
	return nil
}

// plainRequest sends without a link of our own: the API makes it and returns it once.
func (d *Instance) plainRequest(ctx context.Context) (client.Link, error) {
	body := `{"to":"ana@example.com","amount":"25"}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Stack.URL+"/v1/payments", strings.NewReader(body))
	if err != nil {
		return client.Link{}, err
	}
	req.Header.Set("Authorization", "Bearer "+d.Dev.Key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", "stolen-directory")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return client.Link{}, err
	}
	defer resp.Body.Close()
	var p wire.Payment
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&p); err != nil {
		return client.Link{}, err
	}
	return client.ParseLink(p.ClaimLink)
}

// spellings is the secret in every form that a careless program leaves behind.
func spellings(raw []byte, identity claim.Identity) map[string]string {
	text := identity.Reveal().String()
	unpadded := base64.RawStdEncoding.EncodeToString(raw)
	return map[string]string{
		"raw bytes": string(raw), "hex": hex.EncodeToString(raw), "HEX": strings.ToUpper(hex.EncodeToString(raw)),
		"base64": unpadded[:len(unpadded)-1], "base64url": strings.NewReplacer("+", "-", "/", "_").Replace(unpadded[:len(unpadded)-1]),
		"bech32": text, "bech32, lower case": strings.ToLower(text),
		// The fragment has a version byte in front, so its base64 runs out of step; look for the other alignments too.
		"base64, shifted by one": shifted(raw, 1), "base64, shifted by two": shifted(raw, 2),
		"base64url, shifted by one": urlAlphabet(shifted(raw, 1)), "base64url, shifted by two": urlAlphabet(shifted(raw, 2)),
	}
}

// shifted is the part of raw's base64 that does not depend on the n bytes before it or on what follows.
func shifted(raw []byte, n int) string {
	text := base64.RawStdEncoding.EncodeToString(append(make([]byte, n), raw...))
	return text[4 : len(text)-4]
}

func urlAlphabet(s string) string { return strings.NewReplacer("+", "-", "/", "_").Replace(s) }

// Search looks for the needles in every file.
func Search(dir string, needles map[string]string) (found, where string, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || found != "" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for name, needle := range needles {
			if bytes.Contains(text, []byte(needle)) {
				found, where = name, e.Name()
			}
		}
		return nil
	})
	return found, where, err
}

// CopyTree copies a directory as it is, open files and all.
func CopyTree(from, to string) (files int, err error) {
	err = filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			if os.IsNotExist(err) {
				return nil // a file that went while we looked
			}
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		if !e.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			if os.IsNotExist(err) {
				return nil
			}
			return err
		}
		files++
		return os.WriteFile(filepath.Join(to, rel), text, 0o600)
	})
	return files, err
}

// stolenLink gives a thief the link, and not the inbox.
func stolenLink(ctx context.Context, d *Instance) error {
	sent, err := d.Send(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := d.Recipient.Prove(ctx, sent.Link, client.Credential{}); err == nil {
		return fmt.Errorf("the link alone released box and share")
	} else if err := mustFail("a proof without anything", err, "proof_needed"); err != nil {
		return err
	}
	session, err := d.Recipient.AskCode(ctx, sent.Link)
	if err != nil {
		return err
	}
	for try := range relay.TriesPerCode {
		_, err := d.Recipient.Prove(ctx, sent.Link, client.Credential{Session: session.Session, Code: d.wrongCode(try)})
		if err := mustFail("a guess", err, "code_wrong", "code_spent"); err != nil {
			return err
		}
	}
	_, err = d.Recipient.Prove(ctx, sent.Link, client.Credential{Session: session.Session, Code: "000000"})
	if err := mustFail("a sixth guess", err, "code_spent"); err != nil {
		return err
	}
	if _, err = d.Recipient.AskCode(ctx, sent.Link); err == nil {
		return fmt.Errorf("a second code is mailed at once")
	}
	if _, err := d.Recipient.PlanClaim(ctx, sent.Link, "made-up", wire.PlanRequest{Destination: keypair.MustRandom().Address()}); err == nil {
		return fmt.Errorf("a claim is planned without a proof")
	}
	if err := d.Expect(ctx, "the holding account", *sent.Payment.HoldingAccount, Amount); err != nil {
		return err
	}
	d.say("with the link, without the inbox: five guesses, then shut; no box, no share, no plan; the money has not moved")
	voucher, err := d.App.Vouch(ctx, sent.Payment.ID) // the control: the same link, and a proof
	if err != nil {
		return err
	}
	account := keypair.MustRandom()
	r := d.ClaimInto(sent.Link, account)
	r.Voucher = voucher.Voucher
	if err := d.claims(ctx, r); err != nil {
		return fmt.Errorf("control: the same link with a proof does not open: %w", err)
	}
	d.say("control: the same link, with the app's word for its signed-in user, claims")
	return d.Expect(ctx, "the recipient", account.Address(), Amount)
}

// wrongCode is never the code that was mailed: the demonstration may read the inbox, the thief may not.
func (d *Instance) wrongCode(try int) string {
	mailed := map[string]bool{}
	for _, m := range d.Stack.Mailbox.List("ana@example.com") {
		mailed[sixDigits(m.Text)] = true
	}
	for n := 100_000 + try*7; ; n += 1000 {
		if code := fmt.Sprintf("%06d", n); !mailed[code] {
			return code
		}
	}
}
