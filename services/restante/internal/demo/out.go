package demo

import (
	"context"
	"errors"
	"fmt"
	"os"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/client"
)

// outWithoutUs brings money home with the receipt alone, submitted by any account, and to her with the kit
// alone, opened with age alone. The service is not asked; it only sees what happened.
func outWithoutUs(ctx context.Context, d *Instance) error {
	ben, err := d.newSender(ctx)
	if err != nil {
		return err
	}
	var kept client.OwnReceipt
	sent, err := d.sendOwn(ctx, d.fromWallet(ben, &kept))
	if err != nil {
		return err
	}
	rung := kept.Ladder[0].Envelope
	if word, err := d.Ledger.Submit(ctx, rung); err != nil || word != "ERROR" {
		return fmt.Errorf("control: a rung before its ledger: %s %v", word, err)
	}
	d.say("control: before ledger %d the ledger refuses the way back: the funding could still land", kept.NotBeforeLedger)
	err = d.Until(ctx, func() (bool, error) {
		now, err := d.Ledger.Latest(ctx)
		return now+1 >= kept.NotBeforeLedger, err
	})
	if err != nil {
		return err
	}
	before, err := d.Balance(ctx, ben.Address())
	if err != nil {
		return err
	}
	if word, err := d.Ledger.Submit(ctx, rung); err != nil || word != "PENDING" {
		return fmt.Errorf("the way back out of the receipt: %s %v", word, err)
	}
	p, err := d.Reach(ctx, sent.Payment.ID, relay.Returned)
	if err != nil {
		return err
	}
	after, err := d.Balance(ctx, ben.Address())
	if err != nil || after-before < Amount {
		return fmt.Errorf("home came %d stroops: %v", after-before, err)
	}
	d.say("the receipt's first rung, handed in without a key and without us: %d stroops are home, and the payment says %s", after-before, p.State)
	return d.byKit(ctx)
}

// byKit moves the money with the key that the recipient's kit opens, as any wallet would.
func (d *Instance) byKit(ctx context.Context) error {
	sent, err := d.Send(ctx, nil)
	if err != nil {
		return err
	}
	r := d.ClaimInto(sent.Link, keypair.MustRandom())
	kit, err := d.Recipient.Kit(ctx, r)
	if err != nil {
		return err
	}
	id, err := age.ParseX25519Identity(string(kit.Identity.Reveal()))
	if err != nil {
		return err
	}
	key, err := openBox(kit.Box, id)
	if err != nil {
		return err
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	if _, err := openBox(kit.Box, other); err == nil {
		return errors.New("control: another identity opens the kit's box")
	}
	ana, err := d.NewAccount(ctx)
	if err != nil {
		return err
	}
	before, err := d.Balance(ctx, ana.Address())
	if err != nil {
		return err
	}
	if err := d.Execute(ctx, Account{key}, &txnbuild.AccountMerge{Destination: ana.Address()}); err != nil {
		return err
	}
	d.say("the recipient's kit, opened with age alone, moved 25 XLM less the fee; control: another identity does not open it")
	return d.Expect(ctx, "her account", ana.Address(), before+Amount-100)
}

// noteAndPreview looks before it sends, and finds the note nowhere but in the box.
func noteAndPreview(ctx context.Context, d *Instance) error {
	r := client.SendRequest{To: "ana@example.com", Amount: "25", Reference: "looked at first"}
	v, err := d.App.Preview(ctx, r)
	if err != nil || !v.Accepted || v.Cost.ReserveLocked == "0" || v.Cost.Payer != "service" {
		return fmt.Errorf("preview: %+v %v", v, err)
	}
	found, err := d.App.List(ctx, client.Filter{Reference: r.Reference})
	if err != nil || len(found.Data) != 0 {
		return fmt.Errorf("a look made %d payments: %v", len(found.Data), err)
	}
	d.say("a look makes nothing, and says: at most %s XLM to fund, %s XLM locked by the %s", v.Cost.FeeFunding, v.Cost.ReserveLocked, v.Cost.Payer)
	r.Amount = "90000"
	if v, err = d.App.Preview(ctx, r); err != nil || v.Accepted || v.Refusal.Code != "treasury_empty" {
		return fmt.Errorf("control: a preview of too much: %+v %v", v, err)
	}
	d.say("control: more than the treasury has would be refused: %s", v.Refusal.Code)
	ben, err := d.newSender(ctx)
	if err != nil {
		return err
	}
	var kept client.OwnReceipt
	q := d.fromWallet(ben, &kept)
	q.Note = "between the two of us " + keypair.MustRandom().Address()
	sent, err := d.sendOwn(ctx, q)
	if err != nil {
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
	if found, where, err := Search(loot, map[string]string{"the note": q.Note}); err != nil || found != "" {
		return fmt.Errorf("%s is in %s: %v", found, where, err)
	}
	account := keypair.MustRandom()
	read := ""
	claim := d.ClaimInto(sent.Link, account)
	into := claim.Account
	claim.Account = func(ctx context.Context, h client.Holding) (client.Account, error) {
		read = h.Note
		return into(ctx, h)
	}
	if err := d.claims(ctx, claim); err != nil {
		return err
	}
	if read != q.Note {
		return fmt.Errorf("she reads %q", read)
	}
	d.say("the note is in none of the service's %d files, and she reads it when she opens the box", files)
	return nil
}
