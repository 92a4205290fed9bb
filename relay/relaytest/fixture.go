package relaytest

import (
	"fmt"

	"github.com/restante/restante/relay"
)

// Start is the moment at which fixtures begin: 2026-01-01T00:00:00Z.
const Start = relay.Micros(1_767_225_600_000_000)

// Network is the network id of fixture envelopes.
const Network = "cee0302d59844d32bdca915c8203dd44b33fbb7edc19051ea37abedf28ecd472"

// App is an app with every column filled; name tells several apart.
func App(name string) relay.App {
	return relay.App{ID: relay.AppID("app_" + name), Name: "App " + name, Recipient: "age1" + name, Treasury: "GTREASURY" + name,
		MayVouch: true, Notify: true, CreatedAt: Start}
}

// Payment is the n-th payment of an app, just created, with every column filled that such a payment has. A later n was
// created later.
func Payment(app relay.AppID, n int) relay.Payment {
	at := Start + relay.Micros(n)*1e6
	return relay.Payment{
		ID: relay.PaymentID(fmt.Sprintf("pay_%s_%06d", app, n)), App: app, Version: 1, State: relay.Created,
		To:     relay.Handle{Kind: "email", Value: fmt.Sprintf("ana%d@example.com", n)},
		Amount: 25*relay.One + relay.Stroops(n), Asset: "native", Note: fmt.Sprintf("for the %d. time", n),
		Policy: relay.Guarded, Reference: fmt.Sprintf("order-%d", n), Metadata: `{"n":"1"}`,
		LinkMadeBy: "api", AuthHash: "a0", ClaimRecipient: "age1claim", SenderRecipients: relay.RecipientsOf("age1sender", "age1second"),
		ReturnTo: "GRETURN", ExpiresAt: at + relay.DefaultExpiry, CreatedAt: at, UpdatedAt: at,
	}
}

// InState is p as it looks in a state, consistent in every column.
func InState(p relay.Payment, s relay.State) relay.Payment {
	p.State = s
	switch s {
	case relay.Created:
		return p
	case relay.Canceled, relay.Failed:
		p.EndedAt, p.Reason = p.CreatedAt+1, relay.ByCancel
		if s == relay.Failed {
			p.Reason = relay.FundingFailed
		}
		return p
	}
	p.Holding, p.Funding, p.Bound, p.Fundings = "GH"+string(p.ID), "f-"+string(p.ID), 120, 1
	switch s {
	case relay.Claiming:
		p.Claim, p.Destination = "c-"+string(p.ID), "GCLAIMANT"
	case relay.Claimed:
		p.Claim, p.Destination, p.SpentUnits = "c-"+string(p.ID), "GCLAIMANT", relay.AccountUnits
	case relay.Returning:
		p.Reason, p.ReturnAsked = relay.ByCancel, relay.ByCancel
	case relay.Returned:
		p.Reason = relay.ByExpiry
	case relay.Parked:
		p.Reason = relay.NoWayBack
	case relay.Settled:
		p.Destination = "GOTHER"
	}
	if s.Ended() {
		p.EndedAt, p.SettledTx, p.SettledAt, p.FeePaid = p.CreatedAt+1, "t-"+string(p.ID), 130, 300
	}
	return p
}

// FundingOf is a signed funding of payments; hash and sequence tell several apart.
func FundingOf(hash string, sequence int64, ids ...relay.PaymentID) relay.Envelope {
	return relay.Envelope{Hash: hash, Kind: relay.FundingEnvelope, State: relay.Signed, Network: Network, Source: "GCHANNEL",
		Sequence: sequence, SignedAt: 100, Bound: 120, MaxTime: int64(Start/1e6) + 600, XDR: []byte("xdr of " + hash), Payments: ids,
		Log: relay.LogMark{Lines: 7, Head: "head of " + hash}}
}

// RungOf is the k-th rung of a payment's return ladder.
func RungOf(hash string, k int, id relay.PaymentID) relay.Envelope {
	return relay.Envelope{Hash: hash, Kind: relay.ReturnEnvelope, State: relay.Signed, Network: Network, Source: "GH" + string(id),
		Sequence: 121<<32 - 1 - int64(k), SignedAt: 100, Rung: k, XDR: []byte("xdr of " + hash), Payments: []relay.PaymentID{id}}
}

// ClaimOf is a planned claim of a payment.
func ClaimOf(hash string, id relay.PaymentID) relay.Envelope {
	return relay.Envelope{Hash: hash, Kind: relay.ClaimEnvelope, State: relay.Planned, Network: Network, Source: "GH" + string(id),
		Sequence: 119<<32 + 1, SignedAt: 110, Bound: 140, XDR: []byte("xdr of " + hash), Payments: []relay.PaymentID{id},
		Destination: "GCLAIMANT", NewAccount: true}
}
