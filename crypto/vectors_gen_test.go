package crypto_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/crypto/internal/bech32"
	"github.com/restante/restante/crypto/internal/boxtest"
	"github.com/restante/restante/crypto/seal"
	"github.com/restante/restante/crypto/secret"
)

// count is n bytes from first on: 1 2 3 …
func count(first byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = first + byte(i)
	}
	return b
}

func generateClaim(t *testing.T) claimFile {
	const other = "pay_aaaaaaaaaaaaaaaaaaaaaaaaaa"
	one, two := count(1, 32), bytes.Repeat([]byte{0xff}, 32)
	f := claimFile{Links: []linkVector{
		linkOf(t, "a link", "https://pay.example.com", boxtest.Payment, boxtest.Testnet, one, count(101, 32)),
		linkOf(t, "the same secret on another network", "https://pay.example.com", boxtest.Payment, boxtest.Public, one, count(101, 32)),
		linkOf(t, "the same secret for another payment", "https://pay.example.com", boxtest.OtherPayment, boxtest.Testnet, one, count(101, 32)),
		linkOf(t, "secret and share swapped", "https://pay.example.com", boxtest.Payment, boxtest.Testnet, count(101, 32), one),
		linkOf(t, "another share, a base with port and path", "http://127.0.0.1:8080/a/c/b", boxtest.Payment, boxtest.Testnet, one, two),
		linkOf(t, "all bits set, all bits clear", "https://pay.example.com", other, boxtest.Testnet, two, make([]byte, 32)),
	}}
	f.Refused = refusedLinks(t, f.Links[0])
	f.Found = foundLinks(f.Links[0].Link)
	for _, at := range []int{0, 16, 31, 33, 64} {
		both := append(count(1, 32), count(101, 32)...)
		f.Lengths = append(f.Lengths, lengths{"boundary moved", hex.EncodeToString(both[:at]), hex.EncodeToString(both[at:])})
	}
	text := f.Links[0].Auth
	f.Auths = []refusedText{
		{"empty", ""}, {"a character less", text[:42]}, {"a character more", text + "A"}, {"padding", text + "="},
		{"bits behind the last byte", text[:42] + next(text[42])}, {"line break inside", text[:20] + "\n" + text[20:42]},
		{"other alphabet", strings.Repeat("+", 43)},
	}
	return f
}

func linkOf(t *testing.T, name, base, payment, network string, rawSecret, rawShare []byte) linkVector {
	t.Helper()
	s, err := claim.SecretFromBytes(rawSecret)
	if err != nil {
		t.Fatal(err)
	}
	share, err := claim.ShareFromBytes(rawShare)
	if err != nil {
		t.Fatal(err)
	}
	l, err := claim.NewLink(base, payment, s)
	if err != nil {
		t.Fatal(err)
	}
	link, err := l.Reveal()
	if err != nil {
		t.Fatal(err)
	}
	k, err := claim.Derive(s, payment, network)
	if err != nil {
		t.Fatal(err)
	}
	d := derived(t, k, share)
	return linkVector{
		Name: name, Base: base, Payment: payment, Network: network,
		Secret: hex.EncodeToString(rawSecret), Share: hex.EncodeToString(rawShare), ShareText: share.RevealText(),
		Fragment: link[strings.Index(link, "#")+1:], Link: link,
		Auth: d[0], AuthHash: d[1], BoxKey: d[2], LinkIdentity: d[3], LinkRecipient: d[4], GuardedIdentity: d[5], GuardedRecipient: d[6],
	}
}

// next is the character of base64url after c: it sets the lowest bit.
func next(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, c)+1])
}

func refusedLinks(t *testing.T, v linkVector) []refusedLink {
	good, fragment := v.Link, v.Fragment
	address := strings.TrimSuffix(good, fragment)
	raw, err := base64.RawURLEncoding.DecodeString(fragment)
	if err != nil {
		t.Fatal(err)
	}
	with := func(at int, b byte, tail ...byte) string {
		changed := append(bytes.Clone(raw), tail...)
		changed[at] = b
		return address + base64.RawURLEncoding.EncodeToString(changed)
	}
	shifted := append(append([]byte{1}, raw[2:33]...), raw[1]) // the secret moved by one byte
	shifted = append(shifted, raw[33:]...)
	last := len(good) - 1
	return []refusedLink{
		{"empty", "", "malformed"},
		{"another page", "https://pay.example.com/help", "malformed"},
		{"without fragment", strings.TrimSuffix(address, "#"), "truncated"},
		{"empty fragment", address, "truncated"},
		{"cut by a character", good[:last], "truncated"},
		{"cut in the middle", good[:len(good)-25], "truncated"},
		{"cut in the id", address[:len(address)-9], "truncated"},
		{"a character more", good + "A", "malformed"},
		{"version 0", with(0, 0), "version"},
		{"version 2", with(0, 2), "version"},
		{"version 2 of another length", with(0, 2, 9, 9), "version"},
		{"a bit of the secret", with(5, raw[5]^1), "checksum"},
		{"a bit of the checksum", with(36, raw[36]^0x80), "checksum"},
		{"secret shifted by a byte", address + base64.RawURLEncoding.EncodeToString(shifted), "checksum"},
		{"another payment", strings.Replace(good, boxtest.Payment, boxtest.OtherPayment, 1), "checksum"},
		{"bits behind the last byte", good[:last] + next(good[last]), "malformed"},
		{"padding", good + "==", "malformed"},
		{"standard alphabet", address + strings.Repeat("+", len(fragment)), "malformed"},
		{"space inside", good[:last-4] + " " + good[last-4:], "malformed"},
		{"line break inside", good[:last-4] + "\r\n" + good[last-4:], "malformed"},
		{"id in upper case", strings.Replace(good, boxtest.Payment[4:], strings.ToUpper(boxtest.Payment[4:]), 1), "malformed"},
		{"bits behind the id", strings.Replace(good, boxtest.Payment, boxtest.Payment[:29]+"j", 1), "malformed"},
		{"id of another alphabet", strings.Replace(good, boxtest.Payment, "pay_"+strings.Repeat("0", 26), 1), "malformed"},
		{"query", strings.Replace(good, "#", "?a=b#", 1), "malformed"},
		{"slash behind the id", strings.Replace(good, "#", "/#", 1), "malformed"},
		{"user in the address", strings.Replace(good, "https://", "https://a@", 1), "malformed"},
		{"not http", strings.Replace(good, "https://", "ftp://", 1), "malformed"},
	}
}

func identity(t *testing.T, fill byte) *age.X25519Identity {
	t.Helper()
	id, err := age.ParseX25519Identity(strings.ToUpper(bech32.Encode("age-secret-key-", bytes.Repeat([]byte{fill}, 32))))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func encoded(t *testing.T, c box.Content) string {
	t.Helper()
	b, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(b.Reveal())
}

func contents() map[string]box.Content {
	credit := boxtest.Content()
	credit.Payment, credit.Network = boxtest.OtherPayment, boxtest.Public
	credit.Asset = "USDC:" + boxtest.Key(4).Address()
	credit.Amount, credit.ExpiresAt, credit.Note = 1, 1, ""
	controls := boxtest.Content()
	controls.Note = string(count(0, 0x80)) + "\u0080\u2028\u2029\ufeff\uffff\U0010ffff"
	controls.Amount, controls.ExpiresAt = 1<<63-1, 1<<53-1
	return map[string]box.Content{"native": boxtest.Content(), "credit": credit, "extremes": controls}
}

func generateBox(t *testing.T) boxFile {
	var f boxFile
	for _, name := range []string{"native", "credit", "extremes"} {
		c := contents()[name]
		f.Contents = append(f.Contents, contentVector{name, fromContent(c), encoded(t, c)})
	}
	f.Refused = refusedContents(f.Contents[0].Plaintext)
	for _, v := range generateClaim(t).Links[:3] {
		key, err := secret.NewKey(unhex(t, v.BoxKey))
		if err != nil {
			t.Fatal(err)
		}
		f.MACs = append(f.MACs, macVector{v.Name, v.BoxKey, boxtest.Key(1).Address(), box.MAC(key, boxtest.Key(1).Address())})
	}
	f.Files = files(t)
	return f
}

func refusedContents(good string) []refusedContent {
	change := func(name, old, new, word string) refusedContent {
		return refusedContent{name, strings.Replace(good, old, new, 1), word}
	}
	return []refusedContent{
		{"empty", "", "malformed"},
		{"cut", good[:len(good)-1], "malformed"},
		{"line end", good + "\n", "malformed"},
		change("space", `"v":1`, `"v": 1`, "malformed"),
		change("unknown field", `{"v":1`, `{"v":1,"x":1`, "malformed"),
		change("doubled field", `{"v":1`, `{"v":1,"v":1`, "malformed"),
		change("field in upper case", `"note"`, `"NOTE"`, "malformed"),
		{"missing field", good[:strings.Index(good, `,"note"`)] + "}", "malformed"},
		{"another order", strings.Replace(good[:len(good)-1], `"v":1,`, "", 1) + `,"v":1}`, "malformed"},
		change("escape not needed", "Ana", `\u0041na`, "malformed"),
		change("escaped HTML", "<", `\u003c`, "malformed"),
		change("number with a point", `"v":1`, `"v":1.0`, "malformed"),
		change("amount as a number", `"12.5"`, `12.5`, "malformed"),
		change("version 2", `"v":1`, `"v":2`, "version"),
		change("zero at the end", `"12.5"`, `"12.50"`, "amount"),
		change("eight decimals", `"12.5"`, `"0.00000001"`, "amount"),
		change("no amount", `"12.5"`, `"0"`, "amount"),
		change("amount beyond 64 bits", `"12.5"`, `"922337203685.4775808"`, "amount"),
		change("payment", boxtest.Payment, "pay_1", "payment"),
		change("no network", boxtest.Testnet, "", "network"),
		change("account", boxtest.Key(1).Address(), "G", "account"),
		change("account of another seed", boxtest.Key(1).Address(), boxtest.Key(3).Address(), "seed"),
		change("seed of another account", boxtest.Key(1).Seed(), boxtest.Key(3).Seed(), "seed"),
		change("asset", `"native"`, `"XLM"`, "asset"),
		change("way back", boxtest.Key(2).Address(), "", "return_to"),
		change("expiry beyond 2^53", "1798761600000000", "9007199254740992", "expiry"),
	}
}

func files(t *testing.T) []fileVector {
	c := boxtest.Content()
	link := generateClaim(t).Links[0]
	sender, device := identity(t, 0x51), identity(t, 0x52)
	sealed := func(c box.Content, claim string, sender ...string) []byte {
		file, err := seal.Seal(c, seal.Recipients{Sender: sender, Claim: claim})
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	truth := expectJSON{c.Payment, c.Network, c.Account, c.Asset, c.Amount}
	toLink := sealed(c, link.LinkRecipient, sender.Recipient().String())
	toGuarded := sealed(c, link.GuardedRecipient, sender.Recipient().String(), device.Recipient().String())
	plain := encoded(t, c)
	all := []fileVector{
		{"link: by the claim identity", toLink, link.LinkIdentity, truth, plain, ""},
		{"link: by the sender", toLink, sender.String(), truth, plain, ""},
		{"guarded: by the claim identity", toGuarded, link.GuardedIdentity, truth, plain, ""},
		{"guarded: by the sender", toGuarded, sender.String(), truth, plain, ""},
		{"guarded: by the sender's other device", toGuarded, device.String(), truth, plain, ""},
		{"guarded: by the link alone", toGuarded, link.LinkIdentity, truth, "", "identity"},
		{"another network's identity", toLink, generateClaim(t).Links[1].LinkIdentity, truth, "", "identity"},
		{"another payment's identity", toLink, generateClaim(t).Links[2].LinkIdentity, truth, "", "identity"},
		{"secret and share swapped", toGuarded, generateClaim(t).Links[3].GuardedIdentity, truth, "", "identity"},
	}
	refused := func(name string, file []byte, change func(*expectJSON), word string) {
		want := truth
		if change != nil {
			change(&want)
		}
		all = append(all, fileVector{name, file, link.LinkIdentity, want, "", word})
	}
	swapped := c
	swapped.Payment = boxtest.OtherPayment
	elsewhere := c
	elsewhere.Network = boxtest.Public
	foreign := c
	foreign.Account, foreign.Secret = boxtest.Key(5).Address(), secret.NewString(boxtest.Key(5).Seed())
	body, cutEnd := bytes.Clone(toLink), toLink[:len(toLink)-1]
	body[len(body)-20] ^= 1
	b64 := func(n int) string { return base64.RawStdEncoding.EncodeToString(bytes.Repeat([]byte{7}, n)) }
	at := bytes.Index(toLink, []byte("\n--- ")) + 1
	insert := func(stanza string) []byte { return []byte(string(toLink[:at]) + stanza + string(toLink[at:])) }

	refused("box of another payment", sealed(swapped, link.LinkRecipient, sender.Recipient().String()), nil, "payment")
	refused("box of another network", sealed(elsewhere, link.LinkRecipient, sender.Recipient().String()), nil, "network")
	refused("box of another account", sealed(foreign, link.LinkRecipient, sender.Recipient().String()), nil, "account")
	refused("row of another account", toLink, func(e *expectJSON) { e.Account = boxtest.Key(5).Address() }, "account")
	refused("ledger shows another asset", toLink, func(e *expectJSON) { e.Asset = "USDC:" + boxtest.Key(4).Address() }, "asset")
	refused("ledger shows a stroop less", toLink, func(e *expectJSON) { e.Stroops-- }, "amount")
	refused("tampered body", body, nil, "tampered")
	refused("cut by a byte", cutEnd, nil, "tampered")
	refused("a byte more", append(bytes.Clone(toLink), 0), nil, "tampered")
	refused("cut in the header", toLink[:at], nil, "malformed")
	refused("extra recipient", insert("-> X25519 "+b64(32)+"\n"+b64(32)+"\n"), nil, "tampered")
	refused("passphrase smuggled in", insert("-> scrypt "+b64(16)+" 18\n"+b64(32)+"\n"), nil, "stanza")
	refused("post-quantum smuggled in", insert("-> mlkem768x25519 "+b64(1120)+"\n"+b64(32)+"\n"), nil, "mixed")
	surplus := truth
	surplus.Stroops++
	return append(all, fileVector{"ledger shows a stray stroop more", toLink, link.LinkIdentity, surplus, plain, ""})
}

// generateKeptBox has contents with a keeper.
func generateKeptBox(t *testing.T) boxFile {
	kept := func(c box.Content) box.Content {
		c.V, c.Keeper = box.KeeperVersion, boxtest.Key(6).Address()
		return c
	}
	foreign := kept(contents()["credit"])
	foreign.ReturnTo = "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK" // of SEP-23
	f := boxFile{MACs: []macVector{}}
	for _, v := range []struct {
		name string
		c    box.Content
	}{{"a wallet's", kept(boxtest.Content())}, {"a wallet's, home by M…", foreign}} {
		f.Contents = append(f.Contents, contentVector{v.name, fromContent(v.c), encoded(t, v.c)})
	}
	good, keeper := f.Contents[0].Plaintext, boxtest.Key(6).Address()
	field := `,"keeper":"` + keeper + `"`
	for _, v := range []struct{ name, old, new, word string }{
		{"version 1", `"v":2`, `"v":1`, "version"}, {"version 3", `"v":2`, `"v":3`, "version"},
		{"no keeper", field, "", "version"}, {"an empty keeper", keeper, "", "version"},
		{"no account", keeper, "G", "keeper"}, {"the holding account", keeper, boxtest.Key(1).Address(), "keeper"},
		{"a multiplexed keeper", keeper, foreign.ReturnTo, "keeper"}, {"in upper case", `"keeper"`, `"KEEPER"`, "malformed"},
		{"doubled", field, field + field, "malformed"}, {"unknown field", field, field + `,"purse":"1"`, "malformed"},
	} {
		f.Refused = append(f.Refused, refusedContent{v.name, strings.Replace(good, v.old, v.new, 1), v.word})
	}
	f.Refused = append(f.Refused, refusedContent{"at the end", strings.Replace(good[:len(good)-1], field, "", 1) + field + "}", "malformed"})
	link, sender := generateClaim(t).Links[0], identity(t, 0x51)
	c := kept(boxtest.Content())
	file, err := seal.Seal(c, seal.Recipients{Sender: []string{sender.Recipient().String()}, Claim: link.GuardedRecipient})
	if err != nil {
		t.Fatal(err)
	}
	truth := expectJSON{c.Payment, c.Network, c.Account, c.Asset, c.Amount}
	other := truth
	other.Account = boxtest.Key(5).Address()
	f.Files = []fileVector{
		{"by the claim identity", file, link.GuardedIdentity, truth, good, ""}, {"by the sender", file, sender.String(), truth, good, ""},
		{"by the link alone", file, link.LinkIdentity, truth, "", "identity"}, {"row of another account", file, link.GuardedIdentity, other, "", "account"},
	}
	return f
}

// foundLinks is a link as mail and chat programs hand it over.
func foundLinks(link string) []refusedText {
	address, fragment, _ := strings.Cut(link, "#")
	return []refusedText{
		{"as it is", link}, {"with a query", address + "?fbclid=x#" + fragment}, {"with a full stop", link + "."}, {"with a comma", link + ","},
		{"in brackets", "<" + link + ">"}, {"with a coded space", link + "%20"}, {"with a coded mark", address + "%23" + fragment},
		{"in two lines", link[:len(link)-20] + "\r\n" + link[len(link)-20:]}, {"quoted-printable", link[:60] + "=\r\n" + link[60:]},
		{"in a reply", "On Monday:\n> " + link[:50] + "\n> " + link[50:] + "\n> bye"}, {"with a soft hyphen", link[:80] + "\u00ad" + link[80:]},
		{"in another address", "https://safe.example/?url=" + url.QueryEscape(link) + "&data=1"},
		{"escaped twice", "https://safe.example/?url=" + url.QueryEscape(url.QueryEscape(link))},
		{"with a slash", address + "/#" + fragment}, {"with a word behind", link + "andthen"}, {"in a mail", "Hello,\n\n" + link + "\n\nRegards"},
	}
}
