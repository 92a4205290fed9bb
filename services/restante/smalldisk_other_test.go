//go:build !linux

package main

import "testing"

func smallDisk(t *testing.T, _ int) string {
	t.Skip("a disk that can be filled is mounted on Linux only")
	return ""
}
