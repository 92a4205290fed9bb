package desk

import "github.com/restante/restante/relay"

// Origin is what the database was made with, and how far it knows the signer's log. Fingerprints are never changed or deleted.
type Origin interface {
	Fingerprints() ([]Fingerprint, error)
	AddFingerprint(f Fingerprint, at relay.Micros) error
	LogMark() (relay.LogMark, error)
	SaveLogMark(m relay.LogMark) error // keeps the longest
	Used() (bool, error)               // whether there is an app, or a ledger was seen
}
