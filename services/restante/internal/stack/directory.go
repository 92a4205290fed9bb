package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"time"

	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/stellar/access"
	"github.com/restante/restante/relay/stellar/horizon"
	"github.com/restante/restante/relay/stellar/rpc"
	"github.com/restante/restante/services/signer"
)

// ReadDirectory is what a data directory says of its accounts and of its ledger. Nothing is opened.
func ReadDirectory(data string) (signer.Roster, LedgerSettings, error) {
	roster, err := ReadRoster(data)
	if err != nil {
		return roster, LedgerSettings{}, err
	}
	env, err := ReadEnv(filepath.Join(data, "dev.env"))
	if err != nil {
		return roster, LedgerSettings{}, notMade(data, err)
	}
	l := LedgerSettings{URL: env["RESTANTE_RPC"], Horizon: env["RESTANTE_HORIZON"], Passphrase: env["RESTANTE_NETWORK"]}
	if l.URL != "" {
		l.Horizon = ""
	}
	return roster, l, nil
}

// ReadRoster is what the signer of a data directory says of its accounts.
func ReadRoster(data string) (signer.Roster, error) {
	roster, err := signer.ReadRoster(data)
	if err != nil {
		return roster, notMade(data, err)
	}
	return roster, nil
}

func notMade(data string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is no data directory in which \"restante up\" has made its accounts: %w. Name it with --data", data, err)
	}
	return err
}

var errIsHorizon = errors.New("this is a Horizon server, no Stellar RPC: give its address to --horizon")

// horizonAt says whether an address that speaks no Stellar RPC is that of a Horizon server, by what it says of itself.
func horizonAt(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	var root struct {
		Version string `json:"horizon_version"`
	}
	return json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&root) == nil && root.Version != ""
}

// Dial opens a view of a ledger, by the protocol that is configured.
func Dial(ctx context.Context, l LedgerSettings, sponsor string) (desk.Ledger, func(), error) {
	if l.Horizon != "" {
		client, err := horizon.Dial(ctx, access.Config{URL: l.Horizon, Passphrase: l.Passphrase})
		if err != nil {
			return nil, nil, err
		}
		return &access.Port{Source: client, Sponsor: sponsor}, client.Close, nil
	}
	client, err := rpc.Dial(ctx, access.Config{URL: l.URL, Passphrase: l.Passphrase})
	if err != nil {
		if horizonAt(ctx, l.URL) {
			err = errIsHorizon
		}
		return nil, nil, err
	}
	return &access.Port{Source: client, Sponsor: sponsor}, client.Close, nil
}
