package signer

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/restante/restante/crypto/durable"
)

// noRoom says that a write failed because the disk, the quota or the limit on a file's size is used up: the operator
// mends it by making room.
func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// makeDirs makes a directory and those above it that are missing, and syncs their names.
func makeDirs(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(dir))
}
