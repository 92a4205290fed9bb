package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay/client"
)

// An app sends money and delivers the link itself.
func ExampleClient_Send() {
	ctx := context.Background()
	c, err := client.New("https://relay.example.com", client.Options{Key: secret.NewString("rst_test_…")})
	if err != nil {
		log.Fatal(err)
	}
	sent, err := c.Send(ctx, client.SendRequest{To: "ana@example.com", Amount: "25", Reference: "invoice 7"})
	if err != nil {
		log.Fatal(err) // *client.Unclear: keep sent.Link, and look with Get before sending again
	}
	link, err := sent.Link.Reveal() // the one place where the link becomes text
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("mail this to Ana, and to nobody else:", link)
}

// A claimant needs the link and her mail, and no key of the relay.
func ExampleClient_Claim() {
	ctx := context.Background()
	link, err := client.ParseLink("https://relay.example.com/c/pay_…#…")
	if err != nil {
		log.Fatal(err)
	}
	c, err := client.New(link.Base, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	claimed, err := c.Claim(ctx, client.ClaimRequest{
		Link: link,
		Code: func(_ context.Context, s client.CodeSession, wrong error) (code string, err error) {
			fmt.Printf("The code that was mailed to %s: ", s.To)
			_, err = fmt.Scanln(&code)
			return code, err
		},
		Account: func(_ context.Context, h client.Holding) (client.Account, error) {
			key, err := keypair.Random()
			if err != nil {
				return client.Account{}, err
			}
			// Here the seed goes to disk and is synced; package crypto/keystore does that. Only then:
			return client.Account{Address: key.Address(), Seed: secret.NewString(key.Seed())}, nil
		},
	})
	if err != nil {
		log.Fatal(err) // *client.Lost: the money went another way
	}
	fmt.Println(claimed.View.Amount, "lumens in", claimed.Account)
}
