package relay

// Delivery is what became of our mails to the recipient of a payment. It says nothing of the claim link, which the app
// delivers.
type Delivery string

const (
	NotMailed   Delivery = ""        // no mail has gone out, or no answer has come
	MailSent    Delivery = "sent"    // the mail server took the last one; whether it was read is not known
	MailRefused Delivery = "refused" // the mail server refused the address for good (RFC 5321, 5yz): the sender should correct it
)

// Undeliverable is the subject under which a refused address is announced.
const Undeliverable = "undeliverable"

// deliver notes how the mail server answered. A handle that was corrected since is not what it answered about.
func deliver(p Payment, in MailAnswered) (Payment, []Effect, error) {
	now := MailSent
	if in.Refused {
		now = MailRefused
	}
	if p.To != in.To || p.Delivery == now || p.State.Ended() {
		return p, nil, nil
	}
	p.Delivery = now
	if in.Refused {
		return p, []Effect{{Kind: DoPublish, Subject: Undeliverable}}, nil
	}
	return p, nil, nil
}
