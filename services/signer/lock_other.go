//go:build !unix

package signer

import "os"

// lockDir has no lock to take here: the operator must keep to one for a directory.
func lockDir(path string) (*os.File, error) { return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) }
