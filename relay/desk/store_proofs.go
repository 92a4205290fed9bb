package desk

import "github.com/restante/restante/relay"

// Proofs are the rows by which a person proves that a handle is theirs: codes that were mailed, passes (vouchers and proofs), and
// the code book, which counts per payment and outlives both. Counts never go down. A row is read for writing: two that try the same
// code at once are counted twice.
type Proofs interface {
	CodeBook(id relay.PaymentID) (relay.CodeBook, error) // the zero book when there is none
	SaveCodeBook(b relay.CodeBook) error
	InsertCode(c relay.Code) error
	Code(session string) (relay.Code, error)
	SaveCode(c relay.Code) error
	InsertPass(p relay.Pass) error
	Pass(hash string) (relay.Pass, error)
	SavePass(p relay.Pass) error
	DropEvidence(id relay.PaymentID) error // codes and passes only; the code book stays
}
