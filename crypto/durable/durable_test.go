package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Every way to write a file keeps the same promises; they differ in what they do with one that is there.
func TestEveryWay(t *testing.T) {
	reserve := func(path string, data []byte) error {
		f, err := Reserve(path)
		if err != nil {
			return err
		}
		defer f.Drop()
		return f.Commit(data)
	}
	for _, c := range []struct {
		name     string
		write    func(string, []byte) error
		replaces bool
	}{{"create", Create, false}, {"replace", Replace, true}, {"reserve", reserve, false}} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a")
			if err := c.write(path, []byte("first")); err != nil {
				t.Fatal(err)
			}
			want := "first"
			err := c.write(path, []byte("second"))
			if c.replaces {
				want = "second"
			} else if !errors.Is(err, fs.ErrExist) || err.Error() != "create "+path+": file already exists" {
				t.Errorf("a second: %v", err)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != want {
				t.Errorf("%q, %v", got, err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
				t.Errorf("%v, %v", info, err)
			}

			link := filepath.Join(dir, "dangling")
			if err := os.Symlink(filepath.Join(dir, "nowhere"), link); err != nil {
				t.Fatal(err)
			}
			if err := c.write(link, []byte("third")); !c.replaces && !errors.Is(err, fs.ErrExist) || c.replaces && err != nil {
				t.Errorf("over a dangling link: %v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, "nowhere")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("written through a link: %v", err)
			}
			err = c.write(filepath.Join(dir, "no", "a"), nil)
			if !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), ".new-") {
				t.Errorf("no directory: %v", err)
			}
			if entries, _ := os.ReadDir(dir); len(entries) != 2 {
				t.Errorf("left over: %v", entries)
			}
		})
	}
}

func TestReplaceMendsTheMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("open"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Replace(path, []byte("closed")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// What is reserved may be taken by another before it is committed.
func TestReserve(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	f, err := Reserve(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there before it is committed: %v", err)
	}
	if err := Create(path, []byte("another")); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit([]byte("mine")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v", err)
	}
	dropped, err := Reserve(filepath.Join(dir, "b"))
	if err != nil {
		t.Fatal(err)
	}
	dropped.Drop()
	File{}.Drop()
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left over: %v", entries)
	}
}

func TestOneCreatorWins(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	var wg sync.WaitGroup
	won := make(chan string, 16)
	for i := range 16 {
		wg.Go(func() {
			content := string(rune('a' + i))
			if err := Create(path, []byte(content)); err == nil {
				won <- content
			} else if !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, _ := os.ReadFile(path)
	if len(won) != 1 || <-won != string(got) {
		t.Errorf("%d winners", len(won))
	}
}
