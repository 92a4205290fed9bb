package horizon

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/relay/stellar"
	"github.com/restante/restante/relay/stellar/access"
)

// tornReads is how often accounts are read again when a ledger closes between them.
const tornReads = 5

// Snapshot reads accounts, whether each asks for a memo (SEP-29), and trustlines, as they were after one ledger. Each account
// takes a call, which brings its trustlines along: those asked for must be of accounts asked for. What was read before a
// ledger closed is read again. What does not exist is nil in the snapshot.
func (c *Client) Snapshot(ctx context.Context, accounts []string, lines []stellar.LineID) (stellar.Snapshot, error) {
	s, err := newSnapshot(accounts, lines)
	if err != nil || len(accounts) == 0 {
		return s, err
	}
	at := map[string]uint32{}
	for range tornReads {
		for _, id := range accounts {
			if at[id] == s.Ledger && at[id] != 0 {
				continue
			}
			ledger, err := c.readInto(ctx, s, id)
			if err != nil {
				return stellar.Snapshot{}, err
			}
			at[id] = ledger
			s.Ledger = max(s.Ledger, ledger)
		}
		if !whole(at, s.Ledger) {
			continue
		}
		h, err := c.headerOf(ctx, s.Ledger)
		if err != nil {
			return stellar.Snapshot{}, err
		}
		s.CloseTime, s.BaseReserve = h.CloseTime, h.BaseReserve
		return s, nil
	}
	return stellar.Snapshot{}, fmt.Errorf("%w: ledgers closed between the calls of a read, %d times", access.ErrTransient, tornReads)
}

// Each is Snapshot without one ledger for all: each account and its trustlines are of one answer.
func (c *Client) Each(ctx context.Context, accounts []string, lines []stellar.LineID) (stellar.Snapshot, error) {
	s, err := newSnapshot(accounts, lines)
	for _, id := range accounts {
		if _, twice := s.Accounts[id]; err == nil && !twice {
			_, err = c.readInto(ctx, s, id)
		}
	}
	return s, err
}

// newSnapshot is one with nothing found yet of the trustlines asked for.
func newSnapshot(accounts []string, lines []stellar.LineID) (stellar.Snapshot, error) {
	s := stellar.Snapshot{Accounts: map[string]*stellar.Account{}, Lines: map[stellar.LineID]*stellar.Trustline{}}
	for _, id := range lines {
		if err := stellar.CheckAsset(id.Asset); err != nil {
			return s, access.BadInput(err)
		}
		if !slices.Contains(accounts, id.Account) {
			return s, access.BadInput(fmt.Errorf("a trustline of %q without the account", id.Account))
		}
		s.Lines[id] = nil
	}
	return s, nil
}

// readInto puts one account, and what was asked for of its trustlines, into the snapshot, and returns after which ledger it
// was read.
func (c *Client) readInto(ctx context.Context, s stellar.Snapshot, id string) (uint32, error) {
	a, lines, ledger, err := c.accountAndLines(ctx, id)
	if err != nil {
		return 0, err
	}
	s.Accounts[id] = a
	for wanted := range s.Lines {
		if wanted.Account == id {
			s.Lines[wanted] = lines[wanted.Asset]
		}
	}
	return ledger, nil
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
	Balances []balanceBody `json:"balances"`
	Signers  []struct {
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
	a, _, ledger, err := c.accountAndLines(ctx, id)
	return a, ledger, err
}

// accountAndLines is Account, with its trustlines by asset.
func (c *Client) accountAndLines(ctx context.Context, id string) (*stellar.Account, map[string]*stellar.Trustline, uint32, error) {
	if !strkey.IsValidEd25519PublicKey(id) {
		return nil, nil, 0, access.BadInput(fmt.Errorf("%q is not an account address", id))
	}
	var body accountBody
	ledger, err := c.get(ctx, "account", "/accounts/"+id, nil, &body, access.SmallBody)
	absent := errors.Is(err, errAbsent)
	switch {
	case err != nil && !absent:
		return nil, nil, 0, err
	case ledger == 0:
		return nil, nil, 0, access.Nonsense("account %s: the answer does not say after which ledger", id)
	case absent:
		return nil, nil, ledger, nil
	case body.ID != id:
		return nil, nil, 0, access.Nonsense("asked for account %s, got %q", id, body.ID)
	case body.LastModified > ledger:
		return nil, nil, 0, access.Nonsense("account %s was changed in ledger %d, and read after %d", id, body.LastModified, ledger)
	}
	a, err := body.read()
	if err != nil {
		return nil, nil, 0, access.Nonsense("account %s: %v", id, err)
	}
	lines, err := body.readLines()
	if err != nil {
		return nil, nil, 0, access.Nonsense("account %s: %v", id, err)
	}
	return a, lines, ledger, nil
}

func (b *accountBody) read() (*stellar.Account, error) {
	a := &stellar.Account{
		ID: b.ID, Sequence: b.Sequence, SeqLedger: b.SequenceLedger, SubEntries: b.SubEntries, NumSponsoring: b.NumSponsoring,
		NumSponsored: b.NumSponsored, Sponsor: b.Sponsor,
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
