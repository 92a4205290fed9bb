package box_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/restante/restante/crypto/box"
	"github.com/restante/restante/crypto/internal/boxtest"
	"github.com/restante/restante/crypto/secret"
)

func encode(t testing.TB, c box.Content) string {
	t.Helper()
	b, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(b.Reveal())
}

func same(a, b box.Content) bool {
	seeds := a.Secret.Equal(b.Secret)
	a.Secret, b.Secret = secret.Bytes{}, secret.Bytes{}
	return seeds && fmt.Sprintf("%q", jsonOf(a)) == fmt.Sprintf("%q", jsonOf(b))
}

func jsonOf(c box.Content) string {
	out, _ := json.Marshal(c)
	return string(out)
}

func TestEncodeIsTheOneText(t *testing.T) {
	c := boxtest.Content()
	want := `{"v":1,"payment":"pay_agpzy3u6xjz4bbzuq5kzuxrkfi","network":"Test SDF Network ; September 2015",` +
		`"account":"` + boxtest.Key(1).Address() + `","secret":"` + boxtest.Key(1).Seed() + `","asset":"native","amount":"12.5",` +
		`"return_to":"` + boxtest.Key(2).Address() + `","expires_at":1798761600000000,"note":"Für Ana <3 & \"co\"\n` + "\u2028\U0001f4ee" + `"}`
	got := encode(t, c)
	if got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	back, err := box.Decode([]byte(got))
	if err != nil || !same(back, c) {
		t.Errorf("came back %+v, %v", back, err)
	}
}

// kept is a content with a keeper.
func kept() box.Content {
	c := boxtest.Content()
	c.V, c.Keeper = box.KeeperVersion, boxtest.Key(6).Address()
	return c
}

func TestEncodeWithAKeeper(t *testing.T) {
	want := strings.Replace(strings.Replace(encode(t, boxtest.Content()), `"v":1`, `"v":2`, 1), `,"expires_at"`, `,"keeper":"`+boxtest.Key(6).Address()+`","expires_at"`, 1)
	if got := encode(t, kept()); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	back, err := box.Decode([]byte(want))
	if err != nil || !same(back, kept()) || back.Check(boxtest.Expect(kept())) != nil {
		t.Errorf("came back %+v, %v", back, err)
	}
	for name, c := range map[string]struct {
		old, new string
		want     error
	}{
		"a keeper of version 1":    {`"v":2`, `"v":1`, box.ErrVersion},
		"of version 3":             {`"v":2`, `"v":3`, box.ErrVersion},
		"no keeper":                {`,"keeper":"` + boxtest.Key(6).Address() + `"`, "", box.ErrVersion},
		"an empty keeper":          {boxtest.Key(6).Address(), "", box.ErrVersion},
		"no account":               {boxtest.Key(6).Address(), "G", box.ErrKeeper},
		"the holding account":      {boxtest.Key(6).Address(), boxtest.Key(1).Address(), box.ErrKeeper},
		"at another place":         {`,"expires_at":1798761600000000`, "", box.ErrExpiry},
		"the keeper in upper case": {`"keeper"`, `"KEEPER"`, box.ErrMalformed},
	} {
		if _, err := box.Decode([]byte(strings.Replace(want, c.old, c.new, 1))); err != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	c := boxtest.Content()
	for name, change := range map[string]func(*box.Content){"keeper without its version": func(c *box.Content) { c.Keeper = boxtest.Key(6).Address() }, "version without a keeper": func(c *box.Content) { c.V = box.KeeperVersion }} {
		c := c
		change(&c)
		if _, err := c.Encode(); err != box.ErrVersion || c.Check(boxtest.Expect(c)) != box.ErrVersion {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A wallet's money may return to an account named by M…, when that is not the wallet's own; other money may not.
func TestAMultiplexedWayBack(t *testing.T) {
	const muxed = "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK" // SEP-23
	own, managed := kept(), boxtest.Content()
	own.ReturnTo, managed.ReturnTo = muxed, muxed
	if back, err := box.Decode([]byte(encode(t, own))); err != nil || back.ReturnTo != muxed {
		t.Error(back.ReturnTo, err)
	}
	if _, err := managed.Encode(); err != box.ErrReturnTo {
		t.Error(err)
	}
}

func TestEveryCharacterOfTheNoteComesBack(t *testing.T) {
	c := boxtest.Content()
	var all strings.Builder
	for r := rune(0); r < 0x3000; r++ {
		all.WriteRune(r)
	}
	c.Note = all.String()
	back, err := box.Decode([]byte(encode(t, c)))
	if err != nil || back.Note != c.Note {
		t.Error(err)
	}
}

func TestDecodeRefusesEveryOtherText(t *testing.T) {
	good := encode(t, boxtest.Content())
	for name, text := range map[string]string{
		"empty":             "",
		"not JSON":          "secret",
		"an array":          "[" + good + "]",
		"space before":      " " + good,
		"line end":          good + "\n",
		"space inside":      strings.Replace(good, `"v":1`, `"v": 1`, 1),
		"second value":      good + good,
		"unknown field":     strings.Replace(good, `{"v":1`, `{"v":1,"x":0`, 1),
		"unknown at end":    strings.TrimSuffix(good, "}") + `,"memo":""}`,
		"doubled field":     strings.Replace(good, `{"v":1`, `{"v":1,"v":1`, 1),
		"doubled account":   strings.TrimSuffix(good, "}") + `,"account":"` + boxtest.Key(1).Address() + `"}`,
		"other case":        strings.Replace(good, `"note"`, `"Note"`, 1),
		"missing note":      good[:strings.Index(good, `,"note"`)] + "}",
		"null note":         good[:strings.Index(good, `"note"`)] + `"note":null}`,
		"other order":       strings.Replace(strings.Replace(good, `"v":1,`, "", 1), `}`, `,"v":1}`, 1),
		"escaped letter":    strings.Replace(good, "Ana", `\u0041na`, 1),
		"escaped HTML":      strings.Replace(good, "<", `\u003c`, 1),
		"escaped slash":     strings.Replace(good, "Ana", `A\/na`, 1),
		"lone surrogate":    strings.Replace(good, "Ana", `\ud800`, 1),
		"invalid UTF-8":     strings.Replace(good, "Ana", "\xff", 1),
		"float version":     strings.Replace(good, `"v":1`, `"v":1.0`, 1),
		"exponent":          strings.Replace(good, "1798761600000000", "1.7987616e15", 1),
		"expiry as text":    strings.Replace(good, "1798761600000000", `"1798761600000000"`, 1),
		"cut":               good[:len(good)-1],
		"byte order mark":   "\ufeff" + good,
		"escaped separator": strings.Replace(good, "\u2028", `\u2028`, 1),
	} {
		if c, err := box.Decode([]byte(text)); err != box.ErrMalformed {
			t.Errorf("%s: %v, %+v", name, err, c)
		} else if c.Secret.Len() != 0 {
			t.Errorf("%s: content beside the error", name)
		}
	}
}

func TestFieldsAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*box.Content)
		want   error
	}{
		"version 0":      {func(c *box.Content) { c.V = 0 }, box.ErrVersion},
		"version 2":      {func(c *box.Content) { c.V = 2 }, box.ErrVersion},
		"payment":        {func(c *box.Content) { c.Payment = "pay_1" }, box.ErrPayment},
		"no network":     {func(c *box.Content) { c.Network = "" }, box.ErrNetwork},
		"network text":   {func(c *box.Content) { c.Network = "\xff" }, box.ErrNetwork},
		"account":        {func(c *box.Content) { c.Account = "G" }, box.ErrAccount},
		"other account":  {func(c *box.Content) { c.Account = boxtest.Key(3).Address() }, box.ErrSeed},
		"other seed":     {func(c *box.Content) { c.Secret = secret.NewString(boxtest.Key(3).Seed()) }, box.ErrSeed},
		"address a seed": {func(c *box.Content) { c.Secret = secret.NewString(c.Account) }, box.ErrSeed},
		"no seed":        {func(c *box.Content) { c.Secret = secret.Bytes{} }, box.ErrSeed},
		"no asset":       {func(c *box.Content) { c.Asset = "" }, box.ErrAsset},
		"asset case":     {func(c *box.Content) { c.Asset = "Native" }, box.ErrAsset},
		"issuer":         {func(c *box.Content) { c.Asset = "USD:GX" }, box.ErrAsset},
		"no code":        {func(c *box.Content) { c.Asset = ":" + boxtest.Key(3).Address() }, box.ErrAsset},
		"code":           {func(c *box.Content) { c.Asset = "U-D:" + boxtest.Key(3).Address() }, box.ErrAsset},
		"long code":      {func(c *box.Content) { c.Asset = "ABCDEFGHIJKLM:" + boxtest.Key(3).Address() }, box.ErrAsset},
		"no amount":      {func(c *box.Content) { c.Amount = 0 }, box.ErrAmount},
		"negative":       {func(c *box.Content) { c.Amount = math.MinInt64 }, box.ErrAmount},
		"way back":       {func(c *box.Content) { c.ReturnTo = boxtest.Key(2).Seed() }, box.ErrReturnTo},
		"no expiry":      {func(c *box.Content) { c.ExpiresAt = 0 }, box.ErrExpiry},
		"inexact expiry": {func(c *box.Content) { c.ExpiresAt = 1 << 53 }, box.ErrExpiry},
		"note":           {func(c *box.Content) { c.Note = "a\xffb" }, box.ErrNote},
		"too long":       {func(c *box.Content) { c.Note = strings.Repeat("a", box.MaxPlain) }, box.ErrTooLong},
	} {
		content := boxtest.Content()
		c.change(&content)
		if b, err := content.Encode(); err != c.want || b.Len() != 0 {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := box.Decode(bytes.Repeat([]byte(" "), box.MaxPlain+1)); err != box.ErrTooLong {
		t.Error(err)
	}
	if _, err := box.Decode([]byte(`{"v":2,"new":true}`)); err != box.ErrVersion {
		t.Error(err)
	}
}

// The same faults written by another program are refused on reading.
func TestDecodeChecksFields(t *testing.T) {
	good := encode(t, boxtest.Content())
	for _, c := range []struct {
		old, new string
		want     error
	}{
		{boxtest.Payment, "pay_", box.ErrPayment},
		{boxtest.Key(1).Address(), boxtest.Key(3).Address(), box.ErrSeed},
		{boxtest.Key(1).Seed(), boxtest.Key(3).Seed(), box.ErrSeed},
		{`"native"`, `"XLM"`, box.ErrAsset},
		{boxtest.Key(2).Address(), "", box.ErrReturnTo},
		{"1798761600000000", "-1", box.ErrExpiry},
		{`"12.5"`, `"12.50"`, box.ErrAmount},
		{`"12.5"`, `12.5`, box.ErrMalformed},
		{`"v":1`, `"v":3`, box.ErrVersion},
	} {
		if _, err := box.Decode([]byte(strings.Replace(good, c.old, c.new, 1))); err != c.want {
			t.Errorf("%s → %s: %v", c.old, c.new, err)
		}
	}
}

func TestAmounts(t *testing.T) {
	good := encode(t, boxtest.Content())
	amount := func(text string) (box.Content, error) {
		return box.Decode([]byte(strings.Replace(good, `"12.5"`, `"`+text+`"`, 1)))
	}
	for text, want := range map[string]int64{
		"0.0000001": 1, "0.1": 1_000_000, "1": 10_000_000, "10": 100_000_000, "1.0000001": 10_000_001,
		"922337203685.4775807": math.MaxInt64, "922337203685": 9223372036850000000,
	} {
		if c, err := amount(text); err != nil || c.Amount != want {
			t.Errorf("%s: %d, %v", text, c.Amount, err)
		}
	}
	for _, text := range []string{
		"", "0", "0.0", "-1", "+1", "1.", ".5", "01", "1.10", "1e3", "1,5", " 1", "1 ", "0x1", "1_0", "0.00000001",
		"922337203685.4775808", "9223372036854775808", "99999999999999999999999", "1.1.1", "-0.1", "--1", "1.-5", "٣",
	} {
		if _, err := amount(text); err != box.ErrAmount {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestCheck(t *testing.T) {
	usd := "USD:" + boxtest.Key(4).Address()
	for name, c := range map[string]struct {
		content func(*box.Content)
		want    func(*box.Expect)
		err     error
	}{
		"as it is":        {nil, nil, nil},
		"version":         {func(c *box.Content) { c.V = 2 }, nil, box.ErrVersion},
		"other payment":   {nil, func(e *box.Expect) { e.Payment = boxtest.OtherPayment }, box.ErrPayment},
		"other network":   {nil, func(e *box.Expect) { e.Network = boxtest.Public }, box.ErrNetwork},
		"other account":   {nil, func(e *box.Expect) { e.Account = boxtest.Key(3).Address() }, box.ErrAccount},
		"other seed":      {func(c *box.Content) { c.Secret = secret.NewString(boxtest.Key(3).Seed()) }, nil, box.ErrSeed},
		"both of another": {func(c *box.Content) { c.Account = boxtest.Key(3).Address() }, func(e *box.Expect) { e.Account = boxtest.Key(3).Address() }, box.ErrSeed},
		"other asset":     {nil, func(e *box.Expect) { e.Asset = usd }, box.ErrAsset},
		"a stroop less":   {nil, func(e *box.Expect) { e.Amount-- }, box.ErrAmount},
		"a stray stroop":  {nil, func(e *box.Expect) { e.Amount++ }, nil},
		"nothing there":   {func(c *box.Content) { c.Amount = 0 }, func(e *box.Expect) { e.Amount = 0 }, box.ErrAmount},
		"credit":          {func(c *box.Content) { c.Asset = usd }, func(e *box.Expect) { e.Asset = usd }, nil},
		"credit less":     {func(c *box.Content) { c.Asset = usd }, func(e *box.Expect) { e.Asset = usd; e.Amount-- }, box.ErrAmount},
		"credit more":     {func(c *box.Content) { c.Asset = usd }, func(e *box.Expect) { e.Asset = usd; e.Amount++ }, box.ErrAmount},
		"nothing given":   {nil, func(e *box.Expect) { *e = box.Expect{} }, box.ErrPayment},
		"empty":           {func(c *box.Content) { *c = box.Content{V: 1} }, func(e *box.Expect) { *e = box.Expect{} }, box.ErrSeed},
	} {
		content := boxtest.Content()
		want := boxtest.Expect(content)
		if c.content != nil {
			c.content(&content)
		}
		if c.want != nil {
			c.want(&want)
		}
		if err := content.Check(want); err != c.err {
			t.Errorf("%s: %v, want %v", name, err, c.err)
		}
	}
}

func TestContentPrintsWithoutSeed(t *testing.T) {
	c := boxtest.Content()
	seed := boxtest.Key(1).Seed()
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%A"} {
		if out := fmt.Sprintf(format, c); strings.Contains(out, seed) || strings.Contains(out, fmt.Sprintf("%x", seed)) {
			t.Errorf("%s: %s", format, out)
		}
	}
	if strings.Contains(jsonOf(c), seed) {
		t.Error("JSON shows the seed")
	}
}

func TestMAC(t *testing.T) {
	k, k2 := secret.RandomKey(), secret.RandomKey()
	a, b := boxtest.Key(1).Address(), boxtest.Key(2).Address()
	mac := box.MAC(k, a)
	if !box.CheckMAC(k, a, mac) {
		t.Error("does not match itself")
	}
	if box.CheckMAC(k, b, mac) || box.CheckMAC(k2, a, mac) || box.CheckMAC(k, a, "") || box.CheckMAC(k, a, mac[:62]) || box.CheckMAC(secret.Key{}, a, mac) {
		t.Error("matches what it should not")
	}
}

func FuzzDecode(f *testing.F) {
	good := encode(f, boxtest.Content())
	f.Add([]byte(good))
	f.Add([]byte(strings.Replace(good, "Ana", `\u0041na`, 1)))
	f.Add([]byte(strings.Replace(good, "12.5", "0.0000001", 1)))
	f.Add([]byte(`{"v":1}`))
	f.Fuzz(func(t *testing.T, plain []byte) {
		c, err := box.Decode(plain)
		if err != nil {
			return
		}
		if again := encode(t, c); again != string(plain) {
			t.Fatalf("%q came back as %q", plain, again)
		}
		if err := c.Check(boxtest.Expect(c)); err != nil {
			t.Fatalf("decoded, but not its own truth: %v", err)
		}
	})
}

// Any note and any amount in range come back.
func FuzzEncode(f *testing.F) {
	f.Add("note", int64(1), int64(1))
	f.Add("\u2028\x00\x7f\"\\", int64(math.MaxInt64), int64(1<<53-1))
	f.Fuzz(func(t *testing.T, note string, amount, expires int64) {
		c := boxtest.Content()
		c.Note, c.Amount, c.ExpiresAt = note, amount, expires
		b, err := c.Encode()
		if err != nil {
			return
		}
		if !json.Valid(b.Reveal()) {
			t.Fatalf("not JSON: %s", b.Reveal())
		}
		back, err := box.Decode(b.Reveal())
		if err != nil || !same(back, c) {
			t.Fatalf("%q: %v", b.Reveal(), err)
		}
	})
}
