package devnet

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"flag"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

var million = flag.Bool("million", false, "start with a million accounts instead of 50,000, and ask for it within 5 seconds")

// TestMillion starts a network from a file that holds very many accounts, and says what that takes:
//
//	go test ./services/devnet -run Million -million -v
func TestMillion(t *testing.T) {
	accounts := 50_000
	if *million {
		accounts = 1_000_000
	}
	path := filepath.Join(t.TempDir(), "devnet.db")
	last := populate(t, path, accounts)
	before := heap()
	begin := time.Now()
	n, err := Open(Config{Passphrase: "million", Path: path})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(begin)
	defer n.Close()
	t.Logf("%d accounts: started in %v, %d bytes an account", accounts, took, (heap()-before)/uint64(accounts))
	if *million && took > 5*time.Second {
		t.Error("that is too slow")
	}
	if a := n.state.Account(last); a == nil || a.Balance != 7_000_000_000 {
		t.Errorf("the last account: %+v", a)
	}
	if _, err := n.CloseLedger(); err != nil {
		t.Fatal(err)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// populate writes accounts as they look after use: with the extensions that hold reserves and times.
func populate(t *testing.T, path string, accounts int) (last engine.ID) {
	n, err := Open(Config{Passphrase: "million", Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	err = n.store.write(func(tx *sql.Tx) error {
		for i := range accounts {
			last = sha256.Sum256(binary.BigEndian.AppendUint32(nil, uint32(i)))
			e := &xdr.LedgerEntry{LastModifiedLedgerSeq: 2, Data: xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeAccount,
				Account: &xdr.AccountEntry{AccountId: last.AccountID(), Balance: 7_000_000_000, SeqNum: 1 << 33, Thresholds: xdr.Thresholds{1},
					Ext: xdr.AccountEntryExt{V: 1, V1: &xdr.AccountEntryExtensionV1{Ext: xdr.AccountEntryExtensionV1Ext{V: 2,
						V2: &xdr.AccountEntryExtensionV2{Ext: xdr.AccountEntryExtensionV2Ext{V: 3, V3: &xdr.AccountEntryExtensionV3{
							SeqLedger: 2, SeqTime: 1_800_000_000}}}}}}}}}
			if err := putEntry(tx, engine.Changed{Key: engine.AccountKey(last), Entry: e}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return last
}
