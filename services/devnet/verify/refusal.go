package verify

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

const (
	maxLine     = 4 << 20   // bytes of one refusal
	maxRefusals = 512 << 20 // bytes of all refusals
	// someSeconds is by how much core looks ahead of the last close when it judges an upper time bound. The recordings hold no
	// bound that depends on the exact number.
	someSeconds = 10
)

// Refusal is what core refused after a ledger.
type Refusal struct {
	Ledger    uint32 `json:"ledger"`
	CloseTime uint64 `json:"close_time"` // seconds
	Envelope  string `json:"envelope_xdr"`
	Result    string `json:"result_xdr"`
}

// Refusals reads a file of refusals, by ledger.
func Refusals(from io.Reader) (map[uint32][]Refusal, error) {
	out := map[uint32][]Refusal{}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxLine)
	size := 0
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		if size += len(lines.Bytes()); size > maxRefusals {
			return nil, errors.New("verify: too many refusals to hold")
		}
		var r Refusal
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("verify: line %d is no refusal: %v", n, err)
		}
		out[r.Ledger] = append(out[r.Ledger], r)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("verify: read refusals: %w", err)
	}
	return out, nil
}

// Refuse holds one refusal against the state, which must be that after its ledger.
func (r *Replay) Refuse(x Refusal) {
	h := r.state.Header()
	got, err := r.judge(x)
	if r.lost != nil || err == nil && x.CloseTime != uint64(h.ScpValue.CloseTime) {
		err = fmt.Errorf("the ledger closed at %d, recorded is %d", h.ScpValue.CloseTime, x.CloseTime)
	}
	if err != nil {
		r.Refusals.note(false)
		r.differ(x.Ledger, "refusal", errors.New("as recorded"), err)
		return
	}
	text, err := xdr.MarshalBase64(got)
	same := err == nil && text == x.Result
	if r.Refusals.note(same); same {
		return
	}
	var want xdr.TransactionResult
	if err := xdr.SafeUnmarshalBase64(x.Result, &want); err != nil {
		r.differ(x.Ledger, "refusal", fmt.Errorf("a result that cannot be read: %v", err), got)
		return
	}
	r.differ(x.Ledger, fmt.Sprintf("refusal %d", r.Refusals.All), want, got)
}

func (r *Replay) judge(x Refusal) (xdr.TransactionResult, error) {
	var env xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshalBase64(x.Envelope, &env); err != nil {
		return xdr.TransactionResult{}, fmt.Errorf("an envelope that cannot be read: %v", err)
	}
	tx, err := engine.NewTx(r.state.NetworkID(), env)
	if err != nil {
		return xdr.TransactionResult{}, err
	}
	return r.state.Check(tx, uint64(r.state.Header().ScpValue.CloseTime)+someSeconds), nil
}
