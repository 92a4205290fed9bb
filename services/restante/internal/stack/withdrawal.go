package stack

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
)

// openVault opens what a withdrawal needs of a house: the signer under its lock, the database, and the embedded ledger where
// there is one. Nothing is served but that ledger, on this machine.
func OpenForWithdrawal(ctx context.Context, data string, ledger ledgerConfig) (h *Stack, err error) {
	cfg := Config{Settings: DefaultSettings(), Log: slog.New(slog.DiscardHandler)}
	cfg.Data, cfg.Addr, cfg.Channels = data, "127.0.0.1:0", 1 // none are made
	if _, err := os.Stat(filepath.Join(data, "ledger.db")); err == nil {
		cfg.Ledger.Passphrase = ledger.Passphrase
	} else {
		cfg.Ledger = ledger
	}
	h = newHouse(cfg)
	for _, step := range []func(context.Context) error{h.listen, h.lookAround, h.openLedger, h.openSigner, h.openStore} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, h.Close())
		}
	}
	end := h.hurry(ctx)
	h.later(func() error { end(); return nil })
	return h, nil
}
