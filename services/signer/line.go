package signer

import "github.com/restante/restante/relay"

// The kinds of lines. Their bodies are frozen: a log outlives the program that wrote it.
const (
	beginKind   = "begin"   // the first line: which network
	keyKind     = "key"     // a key was made
	fundingKind = "funding" // a whole answer to a funding intent
	fateKind    = "fate"    // what the signer's own ledger showed of a funding
	claimKind   = "claim"   // a planned claim
	bumpKind    = "bump"    // a fee bump that is about to be signed
	keepKind    = "keep"    // what a client minted, as a funding line
	trustKind   = "trust"   // a trustline for a treasury that is about to be signed
	costsKind   = "costs"   // how costs of payments came to an end, as the signer's own ledger showed

	channelsKind   = "channels"    // what makes channels on the ledger, about to be signed
	withdrawKind   = "withdraw"    // a withdrawal by the operator, about to be signed
	reclaimKind    = "reclaim"     // an envelope that takes reserves back from accounts that claims made
	reclaimEndKind = "reclaim_end" // whether it landed, as the signer's own ledger showed
	collectKind    = "collect"     // an envelope that claims a balance for a treasury
	collectEndKind = "collect_end" // as reclaim_end
)

const logVersion = 1

type beginLine struct {
	V       int    `json:"v"`
	Network string `json:"network"`                 // network id, hex
	Proofs  bool   `json:"wallet_proofs,omitempty"` // no deposit of this log was planned before wallets had to prove themselves
}

type keyLine struct {
	Role    string `json:"role"`
	Account string `json:"account"`
	Day     int64  `json:"day,omitempty"` // as fundingLine.Day, of a treasury; absent before treasuries were counted
}

// fundingLine has no note and no recipient in the clear: the note is the sender's and the recipient's.
type fundingLine struct {
	App      relay.AppID  `json:"app"`
	Day      int64        `json:"day"` // of the close time it was signed after, days since 1970
	Envelope envelopeLine `json:"envelope"`
	Minted   []mintedLine `json:"minted"`
}

type mintedLine struct {
	Payment   relay.PaymentID `json:"payment"`
	Amount    relay.Stroops   `json:"amount"`
	Asset     string          `json:"asset"`
	ReturnTo  string          `json:"return_to"`
	ExpiresAt relay.Micros    `json:"expires_at"`
	Account   string          `json:"account"`
	Box       []byte          `json:"box"`
	Ladder    []envelopeLine  `json:"ladder"`

	BoxMAC string `json:"box_mac,omitempty"`
	relay.Route

	Proof *proofLine `json:"proof,omitempty"` // of the wallet; absent of moves, and before it was asked for

	ReturnMemo    relay.Memo `json:"return_memo,omitzero"`
	LadderVersion int        `json:"ladder_version,omitempty"` // absent: the first
}

// proofLine is a wallet's proof, a message's or a transaction's.
type proofLine struct {
	Signer    string `json:"signer,omitempty"`
	Signature string `json:"signature,omitempty"`
	Envelope  string `json:"envelope,omitempty"`
}

type trustLine struct {
	App   relay.AppID   `json:"app"`
	Asset string        `json:"asset"`
	Hash  string        `json:"hash"`
	Day   int64         `json:"day,omitempty"` // as fundingLine.Day; absent before budgets were counted
	Fee   relay.Stroops `json:"fee,omitempty"` // the most that can be charged
}

type channelsLine struct {
	Channels []string `json:"channels"`
	Hash     string   `json:"hash"`
}

type withdrawLine struct {
	From     string        `json:"from"`
	To       string        `json:"to"`
	Asset    string        `json:"asset"`
	Amount   relay.Stroops `json:"amount"`
	Envelope envelopeLine  `json:"envelope"`
}

type envelopeLine struct {
	Hash        string            `json:"hash"`
	Kind        string            `json:"kind,omitempty"` // this, and the next three, are absent in a claim's
	State       string            `json:"state,omitempty"`
	Network     string            `json:"network,omitempty"`
	Source      string            `json:"source,omitempty"`
	Sequence    int64             `json:"sequence"`
	SignedAt    uint32            `json:"signed_at"`
	Bound       uint32            `json:"bound,omitempty"`
	MaxTime     int64             `json:"max_time,omitempty"`
	Rung        int               `json:"rung,omitempty"`
	Payments    []relay.PaymentID `json:"payments,omitempty"` // as Kind
	Destination string            `json:"destination,omitempty"`
	NewAccount  bool              `json:"new_account,omitempty"`
	NewLine     bool              `json:"new_line,omitempty"`
	Asset       string            `json:"asset,omitempty"`
	Amount      relay.Stroops     `json:"amount,omitempty"`
	OwnFee      relay.Stroops     `json:"own_fee,omitempty"`
	XDR         []byte            `json:"xdr"`
}

// The fates of a funding. Each is the last but for cannotLand, which landed may follow: the proof was of another chain.
const (
	landed     = "landed"
	failed     = "failed"      // in a ledger, without success: its number is used up
	cannotLand = "cannot_land" // proven, so its number is free again
)

type fateLine struct {
	Hash   string `json:"hash"`
	Fate   string `json:"fate"`
	Tx     string `json:"tx,omitempty"`
	Ledger uint32 `json:"ledger,omitempty"`
}

type claimLine struct {
	Payment  relay.PaymentID `json:"payment"`
	Holding  string          `json:"holding"`
	At       int64           `json:"at,omitempty"`  // close time of the newest ledger known; 0: planned before this was kept
	Day      int64           `json:"day,omitempty"` // as fundingLine.Day; absent before budgets were counted
	Envelope envelopeLine    `json:"envelope"`      // without what the line, its holding account and the log say already; older lines have it
}

// claimLineOf is short: claims are the lines that a claimant can ask for again and again.
func claimLineOf(holding string, head relay.Head, e relay.Envelope) claimLine {
	l := claimLine{Payment: e.Payments[0], At: head.CloseTime, Holding: holding, Day: dayOf(head), Envelope: lineOf(e)}
	l.Envelope.Kind, l.Envelope.State, l.Envelope.Network, l.Envelope.Source, l.Envelope.Payments = "", "", "", "", nil
	l.Envelope.Asset, l.Envelope.Amount = "", 0
	return l
}

func (l claimLine) envelope(network string, h *holding) relay.Envelope {
	e := l.Envelope.envelope()
	e.Kind, e.State, e.Network, e.Source = relay.ClaimEnvelope, relay.Planned, network, l.Holding
	e.PlannedAt, e.Payments, e.Asset, e.Amount = l.At, []relay.PaymentID{l.Payment}, h.Asset, h.Amount
	return e
}

type bumpLine struct {
	Hash  string        `json:"hash"`
	Outer string        `json:"outer"`
	Fee   relay.Stroops `json:"fee"`           // the most that can be charged
	Day   int64         `json:"day,omitempty"` // as fundingLine.Day; absent before bids were counted on their day
}

func lineOf(e relay.Envelope) envelopeLine {
	return envelopeLine{
		Hash: e.Hash, Kind: string(e.Kind), State: string(e.State), Network: e.Network, Source: e.Source,
		Sequence: e.Sequence, SignedAt: e.SignedAt, Bound: e.Bound, MaxTime: e.MaxTime, Rung: e.Rung, XDR: e.XDR,
		Payments: e.Payments, Destination: e.Destination, NewAccount: e.NewAccount, NewLine: e.NewLine, Asset: e.Asset,
		Amount: e.Amount, OwnFee: e.OwnFee,
	}
}

func (l envelopeLine) envelope() relay.Envelope {
	return relay.Envelope{
		Hash: l.Hash, Kind: relay.EnvelopeKind(l.Kind), State: relay.EnvelopeState(l.State), Network: l.Network,
		Source: l.Source, Sequence: l.Sequence, SignedAt: l.SignedAt, Bound: l.Bound, MaxTime: l.MaxTime, Rung: l.Rung,
		XDR: l.XDR, Payments: l.Payments, Destination: l.Destination, NewAccount: l.NewAccount, NewLine: l.NewLine,
		Asset: l.Asset, Amount: l.Amount, OwnFee: l.OwnFee,
	}
}

func fundingLineOf(day int64, a relay.FundAnswer) fundingLine {
	line := fundingLine{App: a.App, Day: day, Envelope: lineOf(a.Envelope)}
	for _, m := range a.Minted {
		l := mintedLine{
			Payment: m.Payment, Amount: m.Amount, Asset: m.Asset, ReturnTo: m.ReturnTo, ExpiresAt: m.ExpiresAt,
			Account: m.Account, Box: m.Box, BoxMAC: m.BoxMAC, Route: m.Route, ReturnMemo: m.ReturnMemo, LadderVersion: m.LadderVersion,
		}
		if m.Proof != (relay.WalletProof{}) {
			l.Proof = &proofLine{m.Proof.Signer, m.Proof.Signature, m.Proof.Envelope}
		}
		for _, rung := range m.Ladder {
			l.Ladder = append(l.Ladder, lineOf(rung))
		}
		line.Minted = append(line.Minted, l)
	}
	return line
}

func (l mintedLine) terms() relay.Terms {
	return relay.Terms{Route: l.Route, Asset: l.Asset, Amount: l.Amount, ReturnTo: l.ReturnTo, ReturnMemo: l.ReturnMemo}
}

// ladder is the shape of its way back; bound is that of its funding.
func (l mintedLine) ladder(bound uint32) relay.Ladder {
	return relay.LadderOf(l.LadderVersion, l.Asset, bound, l.ReturnTo, l.ReturnMemo, l.Sponsor)
}

func (l fundingLine) answer() relay.FundAnswer {
	a := relay.FundAnswer{App: l.App, Envelope: l.Envelope.envelope()}
	for _, m := range l.Minted {
		minted := relay.Minted{Payment: m.Payment, Account: m.Account, Amount: m.Amount, Asset: m.Asset, ReturnTo: m.ReturnTo,
			ExpiresAt: m.ExpiresAt, Box: m.Box, BoxMAC: m.BoxMAC, Route: m.Route, ReturnMemo: m.ReturnMemo, LadderVersion: m.LadderVersion}
		if m.Proof != nil {
			minted.Proof = relay.WalletProof{Signer: m.Proof.Signer, Signature: m.Proof.Signature, Envelope: m.Proof.Envelope}
		}
		for _, rung := range m.Ladder {
			minted.Ladder = append(minted.Ladder, rung.envelope())
		}
		a.Minted = append(a.Minted, minted)
	}
	return a
}
