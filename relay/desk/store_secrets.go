package desk

import "github.com/restante/restante/relay"

// Secrets are the box and the share of a payment, encrypted at rest where they are not sealed already. What is expunged is
// overwritten in the file. To delete again is not an error.
type Secrets interface {
	PutBox(id relay.PaymentID, box []byte) error // replaces that of a funding that could not land
	PutShare(id relay.PaymentID, share []byte) error
	Box(id relay.PaymentID) ([]byte, error)
	Share(id relay.PaymentID) ([]byte, error)
	Expunge(id relay.PaymentID) error // box, share, codes, passes; the code book stays
	DropBox(id relay.PaymentID) error // the box only
}
