// Package durable writes files that only their owner may read (mode 0600), whole or not at all: keys, logs, receipts, and what a
// command has to find again.
//
// When a function of it returns nil, the content and the name are on disk. A crash at any moment leaves the path as it was, or
// with the whole new content; a file named .new-* may stay beside it and means nothing.
//
// Start with [Create], which never replaces, and [Replace]. [Reserve] is Create in two steps.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Create writes a new file at path. The error matches fs.ErrExist when the path is taken, by a file or by anything else.
// The file system must know hard links.
func Create(path string, data []byte) error {
	f, err := Reserve(path)
	if err != nil {
		return err
	}
	return f.Commit(data)
}

// Replace writes a file at path in place of the one that is there, or a new one.
func Replace(path string, data []byte) error {
	f, err := draft(path)
	if err != nil {
		return err
	}
	return f.finish(data, os.Rename)
}

// A File is one to come, in a directory that takes it. The zero value is none, which only Drop takes.
type File struct {
	path string
	tmp  *os.File // in the same directory, under another name
}

// Reserve prepares a new file at path, which has nothing there until Commit. Its errors are those of Create.
func Reserve(path string) (File, error) {
	if _, err := os.Lstat(path); err == nil {
		return File{}, failed(path, fs.ErrExist)
	}
	return draft(path)
}

// Commit writes the file, as Create does. It may be called once.
func (f File) Commit(data []byte) error {
	return f.finish(data, os.Link) // a link never replaces
}

// Drop gives the file up. It may be called after Commit, and does nothing then.
func (f File) Drop() {
	if f.tmp != nil {
		_ = f.tmp.Close()
		_ = os.Remove(f.tmp.Name())
	}
}

func draft(path string) (File, error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // O_EXCL, mode 0600
	if err != nil {
		return File{}, failed(path, err)
	}
	return File{path, tmp}, nil
}

// finish syncs the content under the other name before it gives the file its own.
func (f File) finish(data []byte, name func(from, to string) error) error {
	defer f.Drop()
	_, err := f.tmp.Write(data)
	if err == nil {
		err = f.tmp.Sync()
	}
	if err = errors.Join(err, f.tmp.Close()); err == nil {
		err = name(f.tmp.Name(), f.path)
	}
	if err == nil {
		err = SyncDir(filepath.Dir(f.path))
	}
	if err != nil {
		return failed(f.path, err)
	}
	return nil
}

// SyncDir makes the names of the files in a directory durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// failed names the file that was asked for, and not the draft beside it.
func failed(path string, err error) error {
	var of *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &of):
		err = of.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return &fs.PathError{Op: "create", Path: path, Err: err}
}
