package stellar

import (
	"encoding/base64"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// FuzzEnvelope: no text makes a reader panic, and whatever CheckClaim accepts is what BuildClaim makes.
func FuzzEnvelope(f *testing.F) {
	add := func(tx Tx, err error) {
		if err != nil {
			f.Fatal(err)
		}
		raw, _ := base64.StdEncoding.DecodeString(tx.XDR)
		f.Add(raw)
	}
	add(BuildClaim(claim(true)))
	add(BuildClaim(claim(false)))
	add(BuildFunding(funding(2)))
	for k := range Rungs {
		r, err := BuildReturn(home(), k)
		add(r.Tx, err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		text := base64.StdEncoding.EncodeToString(raw)
		for _, p := range []ClaimPlan{claim(true), claim(false)} {
			want := expectation(p)
			tx, err := CheckClaim(text, want)
			if err != nil {
				continue
			}
			p.MaxTime, p.LastLedger, p.Sequence = tx.Bounds.MaxTime, tx.Bounds.MaxLedger-1, tx.Sequence
			built, err := BuildClaim(p)
			if err != nil || built.Hash != tx.Hash {
				t.Errorf("accepted what BuildClaim does not make: %s", text)
			}
		}
		_, _ = CheckFunding(text, funding(2))
		_, _ = CheckReturn(text, home(), LastResort)
		_, _ = CheckReturn(text, home(), 1)
		_, _ = Decode(text, testnet)
		_, _ = BuildFeeBump(text, testnet, addr("sponsor"), 100)
		_, _ = Sign(text, testnet, key("h0"))
		_, _ = SignedBy(text, testnet, addr("h0"))
		if _, err := Touched(text, testnet); err == nil {
			env, _ := decode(text)
			if again, err := xdr.MarshalBase64(env); err != nil || again != text {
				t.Errorf("read what does not encode back: %s", text)
			}
		}
	})
}

// FuzzEntry: no entry and no result makes a reader panic.
func FuzzEntry(f *testing.F) {
	data, _ := xdr.MarshalBase64(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.AccountEntry{AccountId: xdr.MustAddress(addr("h0"))}})
	f.Add(data, "", "")
	f.Add(data, "AAAAAA==", "AAAAAAAAAGT/////AAAAAQAAAAAAAAAI/////wAAAAA=")
	f.Fuzz(func(t *testing.T, data, ext, result string) {
		_, _ = DecodeAccount(data, ext, 1)
		_, _ = DecodeResult(result)
	})
}
