package horizon

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay/stellar"
)

// tornReads is how often accounts are read again when a ledger closes between them.
const tornReads = 5

// Accounts reads accounts, and whether each asks for a memo (SEP-29), as they were after one ledger. Each takes a call, and
// those that were read before a ledger closed are read again. An account that does not exist is nil in the snapshot.
func (c *Client) Accounts(ctx context.Context, ids ...string) (stellar.Snapshot, error) {
	s := stellar.Snapshot{Accounts: map[string]*stellar.Account{}}
	at := map[string]uint32{}
	for range tornReads {
		for _, id := range ids {
			if at[id] == s.Ledger && at[id] != 0 {
				continue
			}
			a, ledger, err := c.Account(ctx, id)
			if err != nil {
				return stellar.Snapshot{}, err
			}
			s.Accounts[id], at[id] = a, ledger
			s.Ledger = max(s.Ledger, ledger)
		}
		if !whole(at, s.Ledger) {
			continue
		}
		h, err := c.headerOf(ctx, s.Ledger)
		if err != nil {
			return stellar.Snapshot{}, err
		}
		s.CloseTime, s.BaseReserve = h.CloseTime, h.baseReserve
		return s, nil
	}
	return stellar.Snapshot{}, fmt.Errorf("%w: ledgers closed between the calls of a read, %d times", ErrTransient, tornReads)
}

func whole(at map[string]uint32, ledger uint32) bool {
	for _, l := range at {
		if l != ledger {
			return false
		}
	}
	return true
}

// accountBody is what is read of Horizon's account.
type accountBody struct {
	ID             string `json:"account_id"`
	Sequence       int64  `json:"sequence,string"`
	SequenceLedger uint32 `json:"sequence_ledger"`
	SequenceTime   string `json:"sequence_time"`
	SubEntries     uint32 `json:"subentry_count"`
	LastModified   uint32 `json:"last_modified_ledger"`
	Thresholds     struct {
		Low    *byte `json:"low_threshold"`
		Medium *byte `json:"med_threshold"`
		High   *byte `json:"high_threshold"`
	} `json:"thresholds"`
	Flags struct {
		Required  bool `json:"auth_required"`
		Revocable bool `json:"auth_revocable"`
		Immutable bool `json:"auth_immutable"`
		Clawback  bool `json:"auth_clawback_enabled"`
	} `json:"flags"`
	Balances []struct {
		Balance string `json:"balance"`
		Buying  string `json:"buying_liabilities"`
		Selling string `json:"selling_liabilities"`
		Type    string `json:"asset_type"`
	} `json:"balances"`
	Signers []struct {
		Key    string `json:"key"`
		Weight uint32 `json:"weight"`
	} `json:"signers"`
	Data          map[string]string `json:"data"`
	NumSponsoring uint32            `json:"num_sponsoring"`
	NumSponsored  uint32            `json:"num_sponsored"`
	Sponsor       string            `json:"sponsor"`
}

// Account reads one account, nil when there is none, and the ledger after which it was read.
func (c *Client) Account(ctx context.Context, id string) (*stellar.Account, uint32, error) {
	if !strkey.IsValidEd25519PublicKey(id) {
		return nil, 0, badInput(fmt.Errorf("%q is not an account address", id))
	}
	var body accountBody
	ledger, err := c.get(ctx, "account", "/accounts/"+id, nil, &body, smallBody)
	absent := errors.Is(err, errAbsent)
	switch {
	case err != nil && !absent:
		return nil, 0, err
	case ledger == 0:
		return nil, 0, nonsense("account %s: the answer does not say after which ledger", id)
	case absent:
		return nil, ledger, nil
	case body.ID != id:
		return nil, 0, nonsense("asked for account %s, got %q", id, body.ID)
	case body.LastModified > ledger:
		return nil, 0, nonsense("account %s was changed in ledger %d, and read after %d", id, body.LastModified, ledger)
	}
	a, err := body.read()
	if err != nil {
		return nil, 0, nonsense("account %s: %v", id, err)
	}
	return a, ledger, nil
}

func (b *accountBody) read() (*stellar.Account, error) {
	a := &stellar.Account{
		ID: b.ID, Sequence: b.Sequence, SeqLedger: b.SequenceLedger, SubEntries: b.SubEntries, NumSponsoring: b.NumSponsoring,
		NumSponsored: b.NumSponsored, Sponsor: b.Sponsor, LastModified: b.LastModified,
	}
	t := b.Thresholds
	if b.Sequence < 0 || t.Low == nil || t.Medium == nil || t.High == nil {
		return nil, errors.New("without its number or its thresholds")
	}
	a.Thresholds = [4]byte{0, *t.Low, *t.Medium, *t.High}
	if b.SequenceTime != "" {
		var err error
		if a.SeqTime, err = strconv.ParseInt(b.SequenceTime, 10, 64); err != nil {
			return nil, fmt.Errorf("time %q of its number", b.SequenceTime)
		}
	}
	for set, flag := range map[xdr.AccountFlags]bool{
		xdr.AccountFlagsAuthRequiredFlag: b.Flags.Required, xdr.AccountFlagsAuthRevocableFlag: b.Flags.Revocable,
		xdr.AccountFlagsAuthImmutableFlag: b.Flags.Immutable, xdr.AccountFlagsAuthClawbackEnabledFlag: b.Flags.Clawback,
	} {
		if flag {
			a.Flags |= uint32(set)
		}
	}
	if err := b.readSigners(a); err != nil {
		return nil, err
	}
	if value, ok := b.Data[stellar.MemoRequiredKey]; ok {
		raw, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return nil, errors.New("data that is not base64")
		}
		a.MemoRequired = string(raw) == "1"
	}
	return a, b.readLumens(a)
}

// readSigners takes the account's own key, which Horizon lists among the signers, also with the weight 0, for what it is.
func (b *accountBody) readSigners(a *stellar.Account) error {
	own := 0
	for _, s := range b.Signers {
		if s.Key != b.ID {
			a.Signers = append(a.Signers, stellar.Signer{Key: s.Key, Weight: s.Weight})
			continue
		}
		if own++; s.Weight > math.MaxUint8 {
			return fmt.Errorf("own key of weight %d", s.Weight)
		}
		a.Thresholds[0] = byte(s.Weight)
	}
	if own != 1 {
		return fmt.Errorf("own key is listed %d times", own)
	}
	return nil
}

func (b *accountBody) readLumens(a *stellar.Account) (err error) {
	found := 0
	for _, l := range b.Balances {
		if l.Type != "native" {
			continue
		}
		found++
		if a.Balance, err = stroops(l.Balance); err != nil {
			return err
		}
		if a.Buying, err = stroops(l.Buying); err != nil {
			return err
		}
		if a.Selling, err = stroops(l.Selling); err != nil {
			return err
		}
	}
	if found != 1 {
		return fmt.Errorf("lumens are listed %d times", found)
	}
	return nil
}

// stroops reads an amount as Horizon writes it: digits, a point and seven digits.
func stroops(text string) (int64, error) {
	lumens, rest, ok := strings.Cut(text, ".")
	if !ok || lumens == "" || len(rest) != 7 || strings.ContainsFunc(lumens+rest, func(r rune) bool { return r < '0' || r > '9' }) {
		return 0, fmt.Errorf("amount %q", text)
	}
	n, err := strconv.ParseInt(lumens+rest, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("amount %q", text)
	}
	return n, nil
}
