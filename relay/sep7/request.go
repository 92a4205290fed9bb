package sep7

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/stellar/go-stellar-sdk/network"
)

const (
	scheme    = "web+stellar"
	operation = "tx"

	// MaxMessage bounds a message, in UTF-16 units. The SEP says "300 characters before the URL-encoding"; wallets written in
	// JavaScript and Kotlin count these units, and no other count of characters is higher.
	MaxMessage = 300

	// MaxEnvelope bounds an envelope, in bytes of base64. A full batch is below 20 kB.
	MaxEnvelope = 64 << 10

	// maxURI leaves room for an envelope in which every byte is escaped, and for the rest.
	maxURI = 4 * MaxEnvelope
)

// Request asks a wallet to sign one transaction (SEP-7, "Operation tx").
type Request struct {
	XDR        string // transaction envelope, base64
	Callback   string // https URL that gets the signed envelope, without "url:"; if empty, the wallet submits it to the network
	PublicKey  string // account that shall sign, G…; if empty, the wallet chooses
	Message    string // for the user's eyes, never on the ledger: at most MaxMessage units, on one line; may be empty
	Passphrase string // network's passphrase, never empty: a request that leaves it out means real money
}

// URI writes the request in the order of the SEP's examples. The error says which field cannot be sent.
func (r Request) URI() (string, error) {
	if err := r.check(); err != nil {
		return "", fmt.Errorf("write signing request: %w", err)
	}
	var b strings.Builder
	b.WriteString(scheme + ":" + operation + "?xdr=" + escape(r.XDR))
	add := func(name, value string) { b.WriteString("&" + name + "=" + escape(value)) }
	if r.Callback != "" {
		add("callback", callbackKind+r.Callback)
	}
	if r.PublicKey != "" {
		add("pubkey", r.PublicKey)
	}
	if r.Message != "" {
		add("msg", r.Message)
	}
	// "Only need to set if this transaction is for a network other than the public network."
	if r.Passphrase != network.PublicNetworkPassphrase {
		add("network_passphrase", r.Passphrase)
	}
	if b.Len() > maxURI {
		return "", fmt.Errorf("write signing request: %d bytes are more than the %d of any URI of ours", b.Len(), maxURI)
	}
	return b.String(), nil
}

// escape writes a space as %20, as the SEP's examples do: not every wallet reads "+" as one.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// refused are parameters that change what is signed or whether it may be: passing over them would misread the request.
var refused = map[string]string{
	"replace":       "the request wants parts of the transaction filled in (replace), which is not supported",
	"origin_domain": "the request names its origin (origin_domain), which cannot be verified here",
	"signature":     "the request is signed (signature), which cannot be verified here",
}

// Parse reads a request strictly: every parameter that it knows may be there once, with a value that URI would write.
// "+" is a space in a value, as in a form.
func Parse(uri string) (Request, error) {
	r, err := parse(uri)
	if err != nil {
		return Request{}, fmt.Errorf("read signing request: %w", err)
	}
	return r, nil
}

func parse(uri string) (Request, error) {
	if len(uri) > maxURI {
		return Request{}, fmt.Errorf("%d bytes are more than the %d of any URI of ours", len(uri), maxURI)
	}
	if strings.ContainsFunc(uri, func(c rune) bool { return c <= ' ' || c > '~' || c == '#' }) {
		return Request{}, errors.New("it has characters that a URI's query has to escape")
	}
	start, rest, found := strings.Cut(uri, ":")
	if !found || !strings.EqualFold(start, scheme) { // case does not matter: RFC 3986, section 3.1
		return Request{}, errors.New("it does not begin with " + scheme + ":")
	}
	op, query, _ := strings.Cut(rest, "?")
	if op != operation {
		return Request{}, errors.New("it is not for the operation " + operation)
	}
	var r Request
	if err := r.read(query); err != nil {
		return Request{}, err
	}
	return r, r.check()
}

// read takes the parameters, each at most once.
func (r *Request) read(query string) error {
	var callback string
	known := map[string]*string{
		"xdr": &r.XDR, "callback": &callback, "pubkey": &r.PublicKey, "msg": &r.Message, "network_passphrase": &r.Passphrase,
	}
	for part := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(key)
		if err != nil {
			continue // nothing that we know is spelled like this
		}
		if why := refused[name]; why != "" {
			return errors.New(why)
		}
		to := known[name]
		if to == nil {
			continue
		}
		if *to != "" {
			return fmt.Errorf("the parameter %s is there twice", name)
		}
		if *to, err = url.QueryUnescape(value); err != nil {
			return fmt.Errorf("the parameter %s is not URL-encoded", name)
		}
		if *to == "" {
			return fmt.Errorf("the parameter %s is empty", name)
		}
	}
	if callback != "" {
		to, found := strings.CutPrefix(callback, callbackKind)
		if !found || to == "" {
			return errors.New("the callback is not of the kind " + callbackKind)
		}
		r.Callback = to
	}
	r.Passphrase = cmp.Or(r.Passphrase, network.PublicNetworkPassphrase)
	return nil
}
