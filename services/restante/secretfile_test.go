package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// A key that a program saved with a mark, or in UTF-16, is the same key.
func TestKeyFile(t *testing.T) {
	const key = "rst_test_abcdefghijklmnop"
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(key + "\r\n")) {
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	for name, file := range map[string]string{"plain": key, "a mark": "\ufeff" + key + "\r\n", "space": "\n  " + key + " \n# note\n", "UTF-16": string(wide)} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := readKeyFile("--key-file", path); err != nil || string(got.Reveal()) != key {
			t.Errorf("%s: %q, %v", name, got.Reveal(), err)
		}
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("rst_\u200btest"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readKeyFile("--key-file", path); err == nil || !strings.Contains(err.Error(), "line 1, character 5") {
		t.Error(err)
	}
}
