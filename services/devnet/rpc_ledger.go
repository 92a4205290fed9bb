package devnet

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

const (
	maxKeys           = 200
	maxPage           = 200
	defaultLedgers    = 5
	defaultPage       = 50
	maxEncodedLedgers = 20 << 20 // bytes of metadata in one answer
)

// decodeLimits bound what a client's XDR may cost.
func decodeLimits() xdr.DecodeOptions {
	return xdr.DecodeOptions{MaxDepth: 200, MaxMemoryBytes: 8 << 20}
}

func (n reader) getHealth() (protocol.GetHealthResponse, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	s, err := n.span()
	return protocol.GetHealthResponse{Status: "healthy", LatestLedger: s.latest, LatestLedgerCloseTime: s.latestTime,
		OldestLedger: s.oldest, OldestLedgerCloseTime: s.oldestTime, LedgerRetentionWindow: n.cfg.Retention}, err
}

func (n reader) getNetwork(r *http.Request) (protocol.GetNetworkResponse, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	mount, _, _ := strings.Cut(r.RequestURI, "?")
	return protocol.GetNetworkResponse{Passphrase: n.cfg.Passphrase, ProtocolVersion: int(n.header().LedgerVersion),
		FriendbotURL: scheme + "://" + r.Host + strings.TrimSuffix(mount, "/") + "/friendbot"}, nil
}

func (n reader) getVersionInfo() (protocol.GetVersionInfoResponse, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return protocol.GetVersionInfoResponse{Version: "devnet", CaptiveCoreVersion: "devnet engine",
		ProtocolVersion: uint32(n.header().LedgerVersion)}, nil
}

func (n reader) getLatestLedger() (protocol.GetLatestLedgerResponse, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	h := n.header()
	info, err := n.ledgerInfos(uint32(h.LedgerSeq), 1)
	if err != nil {
		return protocol.GetLatestLedgerResponse{}, err
	}
	header, err := xdr.MarshalBase64(h)
	if err != nil {
		return protocol.GetLatestLedgerResponse{}, fmt.Errorf("devnet: encode a header: %v", err)
	}
	return protocol.GetLatestLedgerResponse{Hash: info[0].Hash, ProtocolVersion: uint32(h.LedgerVersion), Sequence: uint32(h.LedgerSeq),
		LedgerCloseTime: int64(h.ScpValue.CloseTime), LedgerHeader: header, LedgerMetadata: info[0].LedgerMetadata}, nil
}

func (n reader) getLedgers(in protocol.GetLedgersRequest) (out protocol.GetLedgersResponse, err error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	s, err := n.span()
	if err != nil {
		return out, err
	}
	known := protocol.LedgerSeqRange{FirstLedger: s.oldest, LastLedger: s.latest}
	if err := in.Validate(maxPage, known); err != nil {
		return out, &rpcError{Code: codeInvalidRequest, Message: err.Error()}
	}
	if err := xdrOnly(in.Format); err != nil {
		return out, err
	}
	start, limit := in.StartLedger, uint(defaultLedgers)
	if p := in.Pagination; p != nil {
		if p.Cursor != "" {
			after, err := strconv.ParseUint(p.Cursor, 10, 31)
			if start = uint32(after) + 1; err != nil || !protocol.IsLedgerWithinRange(start, known) {
				return out, badParams("cursor ('%s') must be between the oldest ledger: %d and the latest ledger: %d for this rpc instance",
					p.Cursor, s.oldest, s.latest)
			}
		}
		if p.Limit > 0 {
			limit = p.Limit
		}
	}
	out = protocol.GetLedgersResponse{LatestLedger: s.latest, LatestLedgerCloseTime: s.latestTime, OldestLedger: s.oldest,
		OldestLedgerCloseTime: s.oldestTime}
	if out.Ledgers, err = n.ledgerInfos(start, min(limit, uint(s.latest-start)+1)); err != nil {
		return out, err
	}
	out.Cursor = strconv.FormatUint(uint64(out.Ledgers[len(out.Ledgers)-1].Sequence), 10)
	return out, nil
}

// ledgerInfos encodes stored ledgers. A page ends early rather than outgrow maxEncodedLedgers; it has at least one ledger.
func (n *Network) ledgerInfos(start uint32, limit uint) ([]protocol.LedgerInfo, error) {
	rows, err := n.store.ledgers(start, limit)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("devnet: ledger %d is not stored", start)
	}
	var out []protocol.LedgerInfo
	size := 0
	for i := range rows {
		info, err := n.ledgerInfo(&rows[i])
		if err != nil {
			return nil, err
		}
		if size += len(info.LedgerMetadata); size > maxEncodedLedgers && len(out) > 0 {
			break
		}
		out = append(out, info)
	}
	return out, nil
}

func (n *Network) ledgerInfo(l *ledgerRow) (protocol.LedgerInfo, error) {
	seq := uint32(l.header.LedgerSeq)
	txs, err := n.store.transactions(seq, 0, seq, -1)
	if err != nil {
		return protocol.LedgerInfo{}, err
	}
	meta, err := closeMeta(l, txs)
	if err != nil {
		return protocol.LedgerInfo{}, err
	}
	info := protocol.LedgerInfo{Hash: hexHash(l.hash), Sequence: seq, LedgerCloseTime: int64(l.header.ScpValue.CloseTime)}
	if info.LedgerMetadata, err = xdr.MarshalBase64(meta); err != nil {
		return info, fmt.Errorf("devnet: encode ledger %d: %v", seq, err)
	}
	info.LedgerHeader, err = xdr.MarshalBase64(xdr.LedgerHeaderHistoryEntry{Hash: l.hash, Header: l.header})
	if err != nil {
		return info, fmt.Errorf("devnet: encode ledger %d: %v", seq, err)
	}
	return info, nil
}

func (n reader) getLedgerEntries(in protocol.GetLedgerEntriesRequest) (out protocol.GetLedgerEntriesResponse, err error) {
	if err := xdrOnly(in.Format); err != nil {
		return out, err
	}
	if len(in.Keys) > maxKeys {
		return out, badParams("key count (%d) exceeds maximum supported (%d)", len(in.Keys), maxKeys)
	}
	keys := make([]engine.Key, len(in.Keys))
	for i, text := range in.Keys {
		var k xdr.LedgerKey
		if err := xdr.SafeUnmarshalBase64WithOptions(text, &k, decodeLimits()); err != nil {
			return out, badParams("cannot unmarshal key value %s at index %d", text, i)
		}
		if k.Type == xdr.LedgerEntryTypeTtl {
			return out, badParams("ledger ttl entries cannot be queried directly")
		}
		if keys[i], err = engine.KeyOf(k); err != nil {
			return out, badParams("cannot unmarshal key value %s at index %d", text, i)
		}
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	out = protocol.GetLedgerEntriesResponse{Entries: []protocol.LedgerEntryResult{}, LatestLedger: uint32(n.header().LedgerSeq)}
	for i, k := range keys {
		e := n.entry(k)
		if e == nil {
			continue
		}
		r := protocol.LedgerEntryResult{KeyXDR: in.Keys[i], LastModifiedLedger: uint32(e.LastModifiedLedgerSeq)}
		if r.DataXDR, err = xdr.MarshalBase64(e.Data); err == nil {
			r.ExtensionXDR, err = xdr.MarshalBase64(e.Ext)
		}
		if err != nil {
			return out, fmt.Errorf("devnet: encode an entry: %v", err)
		}
		out.Entries = append(out.Entries, r)
	}
	return out, nil
}
