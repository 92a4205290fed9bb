package devnet

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// maxCloses is how many ledgers one request may close.
const maxCloses = 10_000

// Control is the handler of the control port, which a protocol client never sees:
//
//	POST /close?n=1                       close ledgers now → {"ledger": N}
//	GET, POST /faults                     read and replace the faults (JSON of Faults; lose_next counts down)
//	POST /clock {"add_seconds": N}        move later close times ahead; {"at": N} moves them to a time in Unix seconds
//	POST /freeze {"freeze": […], "thaw": […]}   with the next ledger; accounts (G…) or ledger keys (base64 XDR)
//	POST /reset                           begin everything anew, with other hashes
//	GET /status                           the last ledger, and what waits
func (n *Network) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /close", n.serveClose)
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, n.Faults()) })
	mux.HandleFunc("POST /faults", n.serveFaults)
	mux.HandleFunc("POST /clock", n.serveClock)
	mux.HandleFunc("POST /freeze", n.serveFreeze)
	mux.HandleFunc("POST /reset", n.serveReset)
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { n.writeStatus(w) })
	return mux
}

func (n *Network) serveClose(w http.ResponseWriter, r *http.Request) {
	times := 1
	if text := r.URL.Query().Get("n"); text != "" {
		var err error
		if times, err = strconv.Atoi(text); err != nil || times < 1 || times > maxCloses {
			writeProblem(w, http.StatusBadRequest, "n is a number from 1 to "+strconv.Itoa(maxCloses))
			return
		}
	}
	var seq uint32
	for range times {
		var err error
		if seq, err = n.CloseLedger(); err != nil {
			n.log.Error("ledger not closed", "error", err)
			writeProblem(w, http.StatusInternalServerError, "the ledger could not be closed")
			return
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"ledger": seq})
}

func (n *Network) serveFaults(w http.ResponseWriter, r *http.Request) {
	var f Faults
	if !readJSON(w, r, &f) {
		return
	}
	if err := n.SetFaults(f); err != nil {
		writeProblem(w, http.StatusBadRequest, err.Error())
		return
	}
	writeJSON(w, http.StatusOK, n.Faults())
}

// maxAhead is how far one request may move the clock.
const maxAhead = 100 * 365 * 24 * time.Hour

func (n *Network) serveClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AddSeconds int64  `json:"add_seconds"`
		At         *int64 `json:"at"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	ahead := in.AddSeconds
	if in.At != nil {
		n.mu.RLock()
		now := n.cfg.Now().Add(n.offset).Unix()
		n.mu.RUnlock()
		if *in.At < now || ahead != 0 {
			writeProblem(w, http.StatusBadRequest, "at is not before the ledger's present, and stands alone")
			return
		}
		ahead = *in.At - now
	}
	if ahead < 0 || ahead > int64(maxAhead/time.Second) {
		writeProblem(w, http.StatusBadRequest, "add_seconds lies between 0 and 100 years")
		return
	}
	n.AdvanceClock(time.Duration(ahead) * time.Second)
	n.writeStatus(w)
}

func (n *Network) serveFreeze(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Freeze []string `json:"freeze"`
		Thaw   []string `json:"thaw"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	var keys [2][]xdr.LedgerKey
	for i, list := range [][]string{in.Freeze, in.Thaw} {
		for _, text := range list {
			k, err := keyOf(text)
			if err != nil {
				writeProblem(w, http.StatusBadRequest, "a key is an account's address or the base64 XDR of a ledger key")
				return
			}
			keys[i] = append(keys[i], k)
		}
	}
	if err := n.Freeze(keys[0], keys[1]); err != nil {
		writeProblem(w, http.StatusBadRequest, err.Error())
		return
	}
	n.writeStatus(w)
}

func keyOf(text string) (k xdr.LedgerKey, err error) {
	var id xdr.AccountId
	if err = id.SetAddress(text); err == nil {
		return id.LedgerKey()
	}
	err = xdr.SafeUnmarshalBase64WithOptions(text, &k, decodeLimits())
	return k, err
}

func (n *Network) serveReset(w http.ResponseWriter, _ *http.Request) {
	if err := n.Reset(); err != nil {
		n.log.Error("not reset", "error", err)
		writeProblem(w, http.StatusInternalServerError, "the network could not begin anew")
		return
	}
	n.writeStatus(w)
}

func (n *Network) writeStatus(w http.ResponseWriter) {
	n.mu.RLock()
	h := n.state.Header()
	status := map[string]any{
		"ledger": h.LedgerSeq, "hash": hexHash(n.state.Hash()), "close_time": int64(h.ScpValue.CloseTime),
		"protocol": h.LedgerVersion, "waiting": n.queue.len(), "interval_ms": n.cfg.Interval.Milliseconds(),
		"clock_offset_seconds": int64(n.offset / time.Second), "frozen": len(n.state.Frozen()), "seed": n.faults.Seed,
	}
	n.mu.RUnlock()
	writeJSON(w, http.StatusOK, status)
}

func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		writeProblem(w, http.StatusBadRequest, "the body is not the JSON expected here")
		return false
	}
	return true
}
