package sqlstore_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/relaytest"
	"github.com/restante/restante/relay/sqlstore"
)

const childPath = "SQLSTORE_TEST_CHILD"

// TestAKilledProcessLosesNoCommit has a child commit payments and tell each one after its commit returned, kills it at some
// point, and looks for what it told.
func TestAKilledProcessLosesNoCommit(t *testing.T) {
	if path := os.Getenv(childPath); path != "" {
		commitForever(t, path)
	}
	path := filepath.Join(t.TempDir(), "r.db")
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), childPath+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	told, lines := 0, bufio.NewScanner(out)
	for told < 40 && lines.Scan() {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatalf("the child says %q", lines.Text())
		}
		told = n
	}
	child.Process.Kill()
	child.Wait()

	s := open(t, path, newKeys(t))
	for n := 1; n <= told; n++ {
		p := relaytest.Payment("app_one", n)
		history, err := relaytest.History(t.Context(), s, p.ID)
		if err != nil || len(history) != 1 {
			t.Errorf("payment %d was committed; its history is %v, %v", n, history, err)
		}
	}
	// Whatever it was about when it was killed, is there whole or not at all.
	db := raw(t, path)
	var payments, entries, rows int
	err = db.QueryRow("SELECT (SELECT count(*) FROM payments), (SELECT count(*) FROM history), (SELECT count(*) FROM work)").
		Scan(&payments, &entries, &rows)
	if err != nil || payments < told || entries != payments || rows != payments {
		t.Errorf("%d payments, %d lines of history, %d rows of work, %v", payments, entries, rows, err)
	}
}

func commitForever(t *testing.T, path string) {
	s := open(t, path, newKeys(t))
	update(t, s, func(tx desk.Tx) error { return tx.InsertApp(relaytest.App("one")) })
	for n := 1; ; n++ {
		p := relaytest.Payment("app_one", n)
		update(t, s, func(tx desk.Tx) error {
			if err := tx.InsertPayment(p); err != nil {
				return err
			}
			if err := tx.AppendHistory(relay.Entry{Payment: p.ID, At: 1, To: relay.Created, Input: "accepted"}); err != nil {
				return err
			}
			return tx.AddWork(desk.Work{Kind: relay.DoFund, Payment: p.ID})
		})
		fmt.Println(n)
	}
}

func TestManyOpenANewFileAtOnce(t *testing.T) {
	path, keys := filepath.Join(t.TempDir(), "r.db"), newKeys(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			s, err := sqlstore.Open(t.Context(), path, keys)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
