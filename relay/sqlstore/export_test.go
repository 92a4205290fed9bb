package sqlstore

import (
	"strconv"
	"testing"
)

// Pragma reads a setting of the writer's connection.
func (s *Store) Pragma(t *testing.T, name string) (value string) {
	t.Helper()
	if err := s.writer.QueryRow("PRAGMA " + name).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// MostPages bounds the size of the database; as much as is used already is always allowed.
func (s *Store) MostPages(t *testing.T, n int) {
	t.Helper()
	if _, err := s.writer.Exec("PRAGMA max_page_count = " + strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
}

// Impatient has the writer give up at once when another process holds the database.
func (s *Store) Impatient(t *testing.T) {
	t.Helper()
	if _, err := s.writer.Exec("PRAGMA busy_timeout = 0"); err != nil {
		t.Fatal(err)
	}
}

// The statements that lease in turns, for a look at how they are answered.
var (
	Candidates  = candidates
	OfApp       = ofApp
	WaitingApps = waitingApps
	Taken       = takenNumbers(2)
)
