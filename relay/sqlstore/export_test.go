package sqlstore

import "testing"

// Pragma reads a setting of the writer's connection.
func (s *Store) Pragma(t *testing.T, name string) (value string) {
	t.Helper()
	if err := s.writer.QueryRow("PRAGMA " + name).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
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
