package stack

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
)

// OpenForWithdrawal opens what a withdrawal needs: the signer under its lock, the database, and the embedded ledger where
// there is one. Nothing is served but that ledger, on this machine.
func OpenForWithdrawal(ctx context.Context, data string, ledger LedgerSettings) (s *Stack, err error) {
	cfg := Config{Settings: DefaultSettings(), Log: slog.New(slog.DiscardHandler)}
	cfg.Data, cfg.Addr, cfg.Channels = data, "127.0.0.1:0", 1 // none are made
	if _, err := os.Stat(filepath.Join(data, "ledger.db")); err == nil {
		cfg.Ledger.Passphrase = ledger.Passphrase
	} else {
		cfg.Ledger = ledger
	}
	s = newStack(cfg)
	for _, step := range []func(context.Context) error{s.listen, s.inspect, s.openLedger, s.openSigner, s.openStore} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	end := s.closeLedgers(ctx)
	s.onClose(func() error { end(); return nil })
	return s, nil
}
