package stellar

import (
	"encoding/base64"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay"
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
	for k := range home().Ladder().Rungs() {
		r, err := BuildReturn(home(), k)
		add(r.Tx, err)
	}
	for k := range homeUSD(900).Ladder().Rungs() {
		r, err := BuildReturn(homeUSD(900), k)
		add(r.Tx, err)
	}
	add(BuildFunding(moving(usd())))
	plans := []ClaimPlan{claim(true), claim(false)}
	for _, p := range claims() {
		plans = append(plans, p)
		add(BuildClaim(p))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		text := base64.StdEncoding.EncodeToString(raw)
		for _, p := range plans {
			want := expectation(p)
			tx, err := CheckClaim(text, want)
			if err != nil {
				continue
			}
			p.MaxTime, p.LastLedger, p.Sequence = tx.Bounds.MaxTime, tx.Bounds.MaxLedger-1, tx.Sequence
			env, _ := decode(text)
			p.Fee = uint32(env.V1.Tx.Fee) // may be less than what it was allowed to bid
			built, err := BuildClaim(p)
			if err != nil || built.Hash != tx.Hash {
				t.Errorf("accepted what BuildClaim does not make: %s", text)
			}
		}
		_, _ = CheckFunding(text, funding(2))
		_, _ = CheckReturn(text, home(), LastResort)
		_, _ = CheckReturn(text, home(), 1)
		_, _ = CheckFunding(text, moving(usd()))
		_, _ = CheckReturn(text, homeUSD(900), BareRung)
		_, _ = Decode(text, testnet)
		_, _ = BuildFeeBump(text, testnet, addr("sponsor"), 100)
		_, _ = Sign(text, testnet, key("h0"))
		_, _ = SignedBy(text, testnet, addr("h0"))
		if _, err := Touched(text); err == nil {
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
	asset := xdr.MustNewCreditAsset("X", addr("issuer"))
	line, _ := xdr.MarshalBase64(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.TrustLineEntry{
		AccountId: xdr.MustAddress(addr("h0")), Asset: asset.ToTrustLineAsset()}})
	f.Add(line, "", "")
	f.Add(data, "AAAAAA==", "AAAAAAAAAGT/////AAAAAQAAAAAAAAAI/////wAAAAA=")
	f.Fuzz(func(t *testing.T, data, ext, result string) {
		_, _ = DecodeAccount(data, ext)
		if l, err := DecodeLine(data, ext); err == nil {
			_, _ = l.Spendable(), l.Room()
		}
		_, _ = DecodeResult(result)
	})
}

// FuzzAsset: an asset that is read is written the same, comes off the wire the same, and the domain spells it the same.
func FuzzAsset(f *testing.F) {
	for _, text := range []string{"native", "XLM", "", "USDC:" + addr("issuer"), "X:" + addr("issuer"), "TWELVELETTER:" + addr("issuer"),
		"usdc:" + muxed("issuer", 1), ":", "A-B:" + addr("issuer"), "A:B:" + addr("issuer"), "A\x00:" + addr("issuer")} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, text := range []string{text, text + ":" + addr("issuer")} {
			a, err := assetOf(text)
			if err != nil {
				continue
			}
			if again := assetText(a); again != text {
				t.Errorf("%q was read, and is written %q", text, again)
			}
			raw, err := a.MarshalBinary()
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			var wire xdr.Asset
			if err := xdr.SafeUnmarshal(raw, &wire); err != nil || assetText(wire) != text {
				t.Errorf("%q came off the wire as %q, %v", text, assetText(wire), err)
			}
			// What is called as lumens are is an asset to the ledger, and none that the domain takes in.
			if spelled, err := relay.ParseAsset(text); relay.CodeOf(err) != "asset_impostor" && (err != nil || spelled != text) {
				t.Errorf("%q is spelled %q by the domain, %v", text, spelled, err)
			}
			if text != relay.Native {
				if _, err := LineKey(LineID{addr("h0"), text}); err != nil {
					t.Errorf("%q: %v", text, err)
				}
			}
		}
	})
}
