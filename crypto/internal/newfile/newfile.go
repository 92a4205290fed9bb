// Package newfile creates a file that only its owner may read, whole or not at
// all, and never in place of another.
package newfile

import (
	"fmt"
	"os"
	"path/filepath"
)

// Create writes data to a new file at path with mode 0600. The error matches
// fs.ErrExist when the path is taken, by a file or by anything else. When
// Create returns nil the file and its name are on disk.
//
// The order matters: the content is synced under another name first, then linked
// to its own. A link never replaces, and a crash leaves no half a file there. The
// file system must know hard links.
func Create(path string, data []byte) error {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, ".new-*") // O_EXCL, mode 0600
	if err != nil {
		return fmt.Errorf("create %s: %w", path, err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync()
	}
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Link(tmp.Name(), path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("create %s: %w", path, err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
