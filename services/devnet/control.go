package devnet

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// maxCloses is how many ledgers one request may close.
const maxCloses = 10_000

// Control is the handler of the control port, which a protocol client never sees:
//
//	POST /close?n=1                    close ledgers now → {"ledger": N}
//	GET, POST /faults                  read and replace the faults (JSON of Faults; lose_next counts down)
//	POST /clock {"add_seconds": N}     move later close times ahead
//	GET /status                        the last ledger, and what waits
func (n *Network) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /close", n.serveClose)
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { n.writeFaults(w) })
	mux.HandleFunc("POST /faults", n.serveFaults)
	mux.HandleFunc("POST /clock", n.serveClock)
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
	if err := f.check(); err != nil {
		writeProblem(w, http.StatusBadRequest, err.Error())
		return
	}
	n.SetFaults(f)
	n.writeFaults(w)
}

func (n *Network) writeFaults(w http.ResponseWriter) {
	n.mu.RLock()
	f := n.faults
	f.LoseNext = n.lose
	n.mu.RUnlock()
	writeJSON(w, http.StatusOK, f)
}

func (n *Network) serveClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AddSeconds int64 `json:"add_seconds"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	if in.AddSeconds < 0 || in.AddSeconds > int64(100*365*24*time.Hour/time.Second) {
		writeProblem(w, http.StatusBadRequest, "add_seconds lies between 0 and 100 years")
		return
	}
	n.AdvanceClock(time.Duration(in.AddSeconds) * time.Second)
	n.writeStatus(w)
}

func (n *Network) writeStatus(w http.ResponseWriter) {
	n.mu.RLock()
	h := n.state.Header()
	status := map[string]any{
		"ledger": h.LedgerSeq, "hash": hexHash(n.state.Hash()), "close_time": int64(h.ScpValue.CloseTime),
		"protocol": h.LedgerVersion, "waiting": n.queue.len(), "interval_ms": n.cfg.Interval.Milliseconds(),
		"clock_offset_seconds": int64(n.offset / time.Second),
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
