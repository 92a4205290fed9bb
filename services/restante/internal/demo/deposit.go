package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay/client"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// rungElsewhere hands a deposit in whose second rung, signed with the right key, leads to another account. It is refused, the
// wallet is asked for nothing, and nothing of it is on the ledger.
func (d *Instance) rungElsewhere(ctx context.Context, ben sender) error {
	before, err := d.Balance(ctx, ben.Address())
	if err != nil {
		return err
	}
	var kept client.OwnReceipt
	spoil := func(in *wire.DepositRequest) error {
		key, err := SeedOf(kept.Receipt, ben.id)
		if err != nil {
			return err
		}
		rung, err := stellar.BuildReturn(stellar.ReturnPlan{Passphrase: kept.Network, Version: kept.LadderVersion, Holding: kept.HoldingAccount,
			ReturnTo: keypair.MustRandom().Address(), LastLedger: kept.NotBeforeLedger - 1, Asset: kept.Asset, Amount: Amount, Fee: uint32(kept.RungFee)}, in.Ladder[1].Rung)
		if err != nil {
			return err
		}
		in.Ladder[1].Hash = rung.Hash
		in.Ladder[1].Envelope, err = stellar.Sign(rung.XDR, kept.Network, key)
		return err
	}
	crooked, err := client.New(d.Stack.URL, client.Options{Key: secret.NewString(d.Dev.Key), HTTPClient: &http.Client{Transport: onTheWay(spoil)}})
	if err != nil {
		return err
	}
	asked := false
	r := d.fromWallet(ben, &kept)
	r.Sign = func(_ context.Context, envelope string) (string, error) { asked = true; return envelope, nil }
	_, err = crooked.SendOwn(ctx, r)
	if err := mustFail("a deposit whose second rung leads elsewhere", err, "rung_differs"); err != nil {
		return err
	}
	if asked {
		return errors.New("control: the wallet was asked to sign behind a refused deposit")
	}
	d.say("control: a deposit with one rung that leads elsewhere, well signed, is refused: rung_differs")
	if err := d.CloseLedger(ctx); err != nil {
		return err
	}
	if err := d.Expect(ctx, "its holding account", kept.HoldingAccount, -1); err != nil {
		return err
	}
	return d.Expect(ctx, "the wallet", ben.Address(), before)
}

// onTheWay changes deposits between a client and the relay.
type onTheWay func(*wire.DepositRequest) error

func (change onTheWay) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/deposit") {
		return http.DefaultTransport.RoundTrip(r)
	}
	defer r.Body.Close()
	var in wire.DepositRequest
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	if err := change(&in); err != nil {
		return nil, err
	}
	text, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	out := r.Clone(r.Context())
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	return http.DefaultTransport.RoundTrip(out)
}
