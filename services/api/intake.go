package api

import (
	"cmp"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stellar/go-stellar-sdk/strkey"

	"github.com/restante/restante/crypto/claim"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/idn"
	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/wire"
)

// intake turns a request into an opening and reports everything that is wrong with it at once. link is the text of the
// link when we made it, else "".
func (s *server) intake(in wire.PaymentRequest, app relay.App) (o desk.Opening, link string, err error) {
	var bad faults
	now := s.now()
	p := relay.Payment{Note: in.Note, Reference: in.Reference}
	if p.To, err = idn.ParseHandle(in.To); err != nil {
		bad.add(err)
	}
	if p.Amount, err = relay.ParseAmount(in.Amount); err != nil {
		bad.add(err)
	}
	if p.Asset, err = parseAsset(in.Asset); err != nil {
		bad.add(err)
	}
	if err := wallet(in, &p, app); err != nil {
		bad.add(err)
	}
	if p.Policy, err = relay.ParsePolicy(in.Policy); err != nil {
		bad.add(err)
	}
	if p.ExpiresAt, err = expiry(in, now); err != nil {
		bad.add(err)
	}
	if err := checkNote(in.Note); err != nil {
		bad.add(err)
	}
	if strings.TrimSpace(in.Reference) != in.Reference {
		bad.add(invalid("reference_malformed", "/reference", "a reference neither begins nor ends with a space: two that look alike would be two"))
	}
	if len(in.Metadata) > 0 {
		raw, err := json.Marshal(in.Metadata) // keys come out sorted
		if err != nil {
			return o, "", err
		}
		p.Metadata = string(raw)
	}
	o = desk.Opening{App: app}
	if in.Link != nil {
		p.LinkMadeBy = "client"
		o.Share, err = theirLink(in, &p, now)
	} else {
		p.LinkMadeBy = "api"
		o.Share, link, err = s.ownLink(&p, now)
	}
	if err != nil {
		bad.add(err)
	}
	o.Payment = p
	return o, link, bad.err()
}

// checkNote counts bytes: the box has room for so many, and a letter beyond a to z takes 2 to 4 of them.
func checkNote(note string) error {
	switch n := utf8.RuneCountInString(note); {
	case !utf8.ValidString(note) || strings.ContainsRune(note, 0):
		return invalid("note_malformed", "/note", "a note is text")
	case len(note) > relay.NoteBytes && n < len(note):
		return invalid("note_too_long", "/note", fmt.Sprintf("a note has at most %d bytes, and this one has %d in %d characters: letters beyond a to z take more than one",
			relay.NoteBytes, len(note), n))
	case len(note) > relay.NoteBytes:
		return invalid("note_too_long", "/note", fmt.Sprintf("a note has at most %d bytes, and this one has %d", relay.NoteBytes, len(note)))
	}
	return nil
}

// wallet reads what a sender with a wallet of his own says. His client makes link and box, and his recipients are his own.
func wallet(in wire.PaymentRequest, p *relay.Payment, app relay.App) error {
	p.ManageHash = strings.ToLower(in.ManageHash)
	if in.From == "" {
		return nil
	}
	var bad faults
	p.From, p.ReturnTo, p.SenderRecipients = in.From, in.ReturnTo, relay.RecipientsOf(in.SenderRecipients...)
	p.ReturnTo = cmp.Or(p.ReturnTo, in.From)
	p.Route = relay.WalletRoute(p.From, p.Asset, prices)
	if in.Note != "" {
		bad.add(invalid("note_unexpected", "/note", "the client that funds a payment seals its note into the box, and tells it nobody"))
	}
	if !strkey.IsValidEd25519PublicKey(in.From) || in.From == app.Treasury {
		bad.add(invalid("from_malformed", "/from", "a wallet is the address of an account of the sender's, G…"))
	}
	if err := wayHome(in, p); err != nil {
		bad.add(err)
	}
	if in.Link == nil {
		bad.add(invalid("link_missing", "/link", "the client that funds a payment makes its link, too: its box is sealed to it"))
	}
	if len(in.SenderRecipients) == 0 {
		bad.add(invalid("sender_recipients_missing", "/sender_recipients", "a box is sealed to its sender: at least one age recipient"))
	}
	if err := senders(in.SenderRecipients); err != nil {
		bad.add(err)
	}
	if _, err := relay.ParseFundTime(in.FundWithin); err != nil {
		bad.add(err)
	}
	if in.Direct == "if_agreed" {
		bad.add(invalid("not_together", "/direct", "only the app's treasury pays directly"))
	}
	return bad.err()
}

// wayHome reads where the money returns to, and the memo that this account asks for.
func wayHome(in wire.PaymentRequest, p *relay.Payment) error {
	base, err := stellar.BaseAccount(p.ReturnTo)
	switch {
	case in.ReturnTo != "" && err != nil:
		return invalid("return_to_malformed", "/return_to", "the money returns to the address of an account, G… or M…")
	case in.ReturnMemo == "" && in.ReturnMemoType == "":
		return nil
	case base != p.ReturnTo:
		return invalid("return_memo_unexpected", "/return_memo", "an address M… says already whose it is: it takes no memo besides")
	}
	if p.ReturnMemo, err = relay.ParseMemo(in.ReturnMemoType, in.ReturnMemo); err != nil {
		return invalid("return_memo_malformed", "/return_memo", err.Error())
	}
	return nil
}

// senders checks to whom a sender's client says it will seal the box. It is of one kind with the claim recipient, or age
// would not put both in one file.
func senders(recipients []string) error {
	var bad faults
	for i, r := range recipients {
		if !isRecipient(r) {
			bad.add(invalid("recipient_malformed", "/sender_recipients/"+strconv.Itoa(i), "a sender recipient is an age X25519 recipient, age1…"))
		}
	}
	return bad.err()
}

func parseAsset(text string) (string, error) {
	asset, err := relay.ParseAsset(text)
	if err == nil && stellar.CheckAsset(asset) != nil {
		err = invalid("asset_malformed", "/asset", "the issuer of this asset is not the address of an account; a typo shows in its checksum")
	}
	return asset, err
}

// expiry reads "30d", "12h", "90m" or the moment; neither is the default.
func expiry(in wire.PaymentRequest, now relay.Micros) (relay.Micros, error) {
	if in.ExpiresAt != nil {
		at := relay.At(*in.ExpiresAt)
		err := relay.CheckExpiry(now, at)
		var f *relay.Fault
		if errors.As(err, &f) {
			err = invalid(f.Code, "/expires_at", f.Public)
		}
		return at, err
	}
	if in.ExpiresIn == "" {
		return now + relay.DefaultExpiry, nil
	}
	units := map[byte]time.Duration{'d': 24 * time.Hour, 'h': time.Hour, 'm': time.Minute}
	last := len(in.ExpiresIn) - 1
	n, err := strconv.ParseUint(in.ExpiresIn[:last], 10, 20) // a million minutes is more than any limit
	unit, ok := units[in.ExpiresIn[last]]
	if err != nil || !ok {
		return 0, invalid("expiry_malformed", "/expires_in", `an expiry is like "30d", "12h" or "90m"`)
	}
	return relay.ExpiresIn(relay.Micros(n)*relay.Micros(unit.Microseconds()), now)
}

// ownLink makes id and link for a plain request. The secret is in the link's text only.
func (s *server) ownLink(p *relay.Payment, now relay.Micros) (share []byte, link string, err error) {
	p.ID = relay.NewPaymentID(now)
	secret := claim.NewSecret()
	defer secret.Wipe()
	keys, err := claim.Derive(secret, string(p.ID), s.cfg.Network)
	if err != nil {
		return nil, "", err
	}
	p.AuthHash = keys.Auth().Hash()
	identity := keys.LinkIdentity()
	keeps, err := p.Policy.KeepsShare()
	if err != nil {
		return nil, "", err
	}
	if keeps {
		half := claim.NewShare()
		if identity, err = keys.GuardedIdentity(half); err != nil {
			return nil, "", err
		}
		share = half.Reveal()
	}
	p.ClaimRecipient = identity.Recipient()
	l, err := claim.NewLink(s.cfg.PublicURL, string(p.ID), secret)
	if err != nil {
		return nil, "", err
	}
	link, err = l.Reveal()
	return share, link, err
}

// theirLink checks what a client that made the link hands in.
func theirLink(in wire.PaymentRequest, p *relay.Payment, now relay.Micros) (share []byte, err error) {
	var bad faults
	if p.ID, err = relay.ParsePaymentID(in.ID); err != nil {
		bad.add(err)
	} else if age := now - madeAt(p.ID); age > freshness || age < -freshness {
		bad.add(invalid("id_stale", "/id", "the time in a payment's id is within a day of now"))
	}
	p.AuthHash = in.Link.AuthHash
	if len(p.AuthHash) != 64 || strings.Trim(p.AuthHash, "0123456789abcdef") != "" {
		bad.add(invalid("auth_hash_malformed", "/link/auth_hash", "an auth hash is SHA-256 in lower-case hex"))
	}
	p.ClaimRecipient = in.Link.ClaimRecipient
	if !isRecipient(p.ClaimRecipient) {
		bad.add(invalid("claim_recipient_malformed", "/link/claim_recipient", "a claim recipient is an age X25519 recipient, age1…"))
	}
	keeps, err := p.Policy.KeepsShare()
	if err != nil {
		return nil, err
	}
	if !keeps {
		if in.Link.Share != "" {
			bad.add(invalid("share_unexpected", "/link/share", "the policy link has no share"))
		}
		return nil, bad.err()
	}
	share, err = base64.StdEncoding.Strict().DecodeString(in.Link.Share)
	if err != nil || len(share) != 32 || base64.StdEncoding.EncodeToString(share) != in.Link.Share {
		bad.add(invalid("share_malformed", "/link/share", "the policy guarded has a share: 32 bytes in base64"))
	}
	return share, bad.err()
}

// freshness is how far from now the time in a client's id may be. Ids sort lists, so an old one would hide.
const freshness = relay.Micros(24 * 3600 * 1e6)

// madeAt is the time in an id that ParsePaymentID accepted (RFC 9562, section 5.7), to the millisecond.
func madeAt(id relay.PaymentID) relay.Micros {
	raw, err := base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding).DecodeString(string(id)[len("pay_"):])
	if err != nil || len(raw) < 6 {
		return 0
	}
	return relay.Micros(binary.BigEndian.Uint64(append([]byte{0, 0}, raw[:6]...))) * 1000
}
