package desk

import "github.com/restante/restante/relay"

// Envelopes are the rows of signed and planned transactions. None is ever deleted: every envelope that was ever signed is found by
// its hash.
//
// Insert fails with ErrSequenceTaken when a live funding holds (network, source, sequence): that fences a sequence number between
// all writers. Rungs of a ladder and claims of one holding account do not exclude one another here: they all merge the same account
// away, and the ledger takes one. Save writes over the version that was read, else ErrStale.
type Envelopes interface {
	InsertEnvelope(e relay.Envelope) error // a fault "envelope_taken" (Conflict) when its hash is written down already
	SaveEnvelope(e *relay.Envelope) error
	Envelope(hash string) (relay.Envelope, error)
	EnvelopesOf(id relay.PaymentID) ([]relay.Envelope, error) // in the order in which they were written down
	KnownEnvelopes(hashes []string) ([]string, error)

	// LiveEnvelopes lists fundings and claims that could still land (planned or signed, of payments that have not ended, or of
	// which a funding by the sender's client could still bring one back). Returns are listed when they are asked for.
	LiveEnvelopes(kinds ...relay.EnvelopeKind) ([]relay.Envelope, error)
	// TakenNumbers is, of each account given that lends its number to a funding which could still land, the highest such number.
	TakenNumbers(network string, sources []string) (map[string]int64, error)
}
