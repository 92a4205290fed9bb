package horizon

import (
	"context"
	"encoding/hex"
	"errors"
	"mime"
	"net/http"

	"github.com/stellar/go-stellar-sdk/protocols/horizon"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/restante/restante/services/devnet/engine"
)

const (
	maxBody  = 512 << 10 // bytes of a request
	maxDepth = 200       // of XDR
)

// handed is an envelope that a client submitted.
type handed struct {
	raw  string
	hash xdr.Hash
}

func (h handed) extras() map[string]any { return map[string]any{"envelope_xdr": h.raw} }

// envelope reads the envelope of a request.
func (s *Server) envelope(w http.ResponseWriter, r *http.Request) (handed, error) {
	if kind := r.Header.Get("Content-Type"); kind != "" {
		name, _, err := mime.ParseMediaType(kind)
		if err != nil || name != "application/x-www-form-urlencoded" && name != "multipart/form-data" {
			return handed{}, newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "Unsupported Media Type", "The request "+
				"has an unsupported content type. Presently, the only supported content type is application/x-www-form-urlencoded.")
		}
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	h := handed{raw: r.FormValue("tx")}
	var env xdr.TransactionEnvelope
	err := xdr.SafeUnmarshalBase64WithOptions(h.raw, &env, xdr.DecodeOptions{MaxDepth: maxDepth, MaxMemoryBytes: 8 << 20})
	if err == nil {
		var networkID [32]byte
		if err = s.view(r, func(c *call) error { networkID = c.State().NetworkID(); return nil }); err != nil {
			return h, err
		}
		var tx *engine.Tx
		if tx, err = engine.NewTx(networkID, env); err == nil {
			h.hash = tx.Hash()
			return h, nil
		}
	}
	p := newProblem(http.StatusBadRequest, "transaction_malformed", "Transaction Malformed", "Horizon could not decode the transaction "+
		"envelope in this request. A transaction should be an XDR TransactionEnvelope struct encoded using base64.  The envelope read "+
		"from this request is echoed in the `extras.envelope_xdr` field of this response for your convenience.")
	p.Extras = h.extras()
	return h, p
}

// submit hands an envelope in and waits until a ledger holds it.
func (s *Server) submit(w http.ResponseWriter, r *http.Request) {
	h, err := s.envelope(w, r)
	if err == nil {
		var body any
		if body, err = s.land(r, h); err == nil {
			writeHAL(w, body)
			return
		}
	}
	s.writeError(w, r, err)
}

// land answers as Horizon does. The history is looked up only when the network says tx_bad_seq, and only a success is taken from there:
// everything else that the network refuses is passed on as it is, be the envelope in a ledger or not. What the network puts off is
// waited for like what it took.
func (s *Server) land(r *http.Request, h handed) (any, error) {
	seen, err := s.lastLedger(r)
	if err != nil {
		return nil, err
	}
	answer, lost, err := s.network.Submit(h.raw)
	if lost {
		panic(http.ErrAbortHandler) // how net/http lets a handler drop its connection
	}
	if err != nil {
		return nil, err
	}
	if answer.ErrorResultXDR != "" {
		return s.refused(r, h, answer.ErrorResultXDR)
	}
	ctx, stop := context.WithTimeout(r.Context(), s.cfg.SubmitTimeout)
	defer stop()
	for {
		var body any
		err := s.view(r, func(c *call) (err error) {
			body, err = c.landed(h)
			return err
		})
		if !missing(err) {
			return body, err
		}
		if seen, err = s.network.Await(ctx, seen); err != nil {
			if ctx.Err() == nil {
				return nil, err
			}
			return nil, timedOut(h)
		}
	}
}

func (s *Server) lastLedger(r *http.Request) (hash [32]byte, err error) {
	err = s.view(r, func(c *call) error { hash = c.State().Hash(); return nil })
	return hash, err
}

// missing says whether an error means that there is no such thing.
func missing(err error) bool {
	var p *problem
	return errors.As(err, &p) && p.Status == http.StatusNotFound
}

// landed is the answer about a transaction in a ledger.
func (c *call) landed(h handed) (any, error) {
	t, err := c.byHash(h.hash)
	if err != nil {
		return nil, err
	}
	if !t.Successful {
		return nil, failed(h, t.result, encode64(t.Result))
	}
	return c.transaction(t, h.hash.HexString()), nil
}

func (c *call) byText(hash string) (*applied, error) {
	raw, err := hex.DecodeString(hash)
	if err != nil || len(raw) != 32 {
		return nil, notFound()
	}
	return c.byHash([32]byte(raw))
}

func (s *Server) refused(r *http.Request, h handed, resultXDR string) (body any, err error) {
	var result xdr.TransactionResult
	if err := xdr.SafeUnmarshalBase64(resultXDR, &result); err != nil {
		return nil, err
	}
	refusal := failed(h, result, resultXDR)
	if result.Result.Code != xdr.TransactionResultCodeTxBadSeq {
		return nil, refusal
	}
	err = s.view(r, func(c *call) (err error) {
		body, err = c.landed(h)
		return err
	})
	var known *problem
	if errors.As(err, &known) {
		return nil, refusal
	}
	return body, err
}

func failed(h handed, result xdr.TransactionResult, resultXDR string) error {
	p := newProblem(http.StatusBadRequest, "transaction_failed", "Transaction Failed", "The transaction failed when submitted to the "+
		"stellar network. The `extras.result_codes` field on this response contains further details.  Descriptions of each code can be "+
		"found at: https://developers.stellar.org/api/errors/http-status-codes/horizon-specific/transaction-failed/")
	p.Extras = h.extras()
	p.Extras["result_xdr"] = resultXDR
	p.Extras["result_codes"] = resultCodes(result, h.hash)
	return p
}

func timedOut(h handed) error {
	p := newProblem(http.StatusGatewayTimeout, "transaction_submission_timeout", "Transaction Submission Timeout", "Your transaction "+
		"submission request has timed out. This does not necessarily mean the submission has failed. Before resubmitting, please use the "+
		"transaction hash provided in `extras.hash` to poll the GET /transactions endpoint for sometime and check if it was included in "+
		"a ledger.")
	p.Extras = h.extras()
	p.Extras["hash"] = h.hash.HexString()
	return p
}

// submitAsync hands an envelope in and passes the network's word on.
func (s *Server) submitAsync(w http.ResponseWriter, r *http.Request) {
	h, err := s.envelope(w, r)
	if err != nil {
		s.writeError(w, r, err)
		return
	}
	answer, lost, err := s.network.Submit(h.raw)
	if lost {
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		s.writeError(w, r, err)
		return
	}
	out := horizon.AsyncTransactionSubmissionResponse{TxStatus: answer.Status, Hash: h.hash.HexString(), ErrorResultXDR: answer.ErrorResultXDR}
	write(w, out.GetStatus(), "application/hal+json; charset=utf-8", out)
}
