// Package events says what Restante announces: names, one envelope, versioned payloads. It knows no bus and no HTTP.
//
// It promises that the text of an event is frozen: what [Event.Encode] writes for a version is held by golden files, and a
// change of it is a new version. It promises that no secret is in an event: handles are masked, and notes, metadata, boxes,
// shares and codes have no field here.
//
// It refuses what it does not know: [Decode] takes the one spelling that Encode writes and no other, of a version and a
// type that exist.
//
// An event is news, not truth: it may come twice, late, or not at all. A consumer that acts on money reads the payment itself.
//
// Start with [OfPayment]. [Ring] is the other message on the bus: the doorbell that tells a worker that a row of work is
// due. [Outcome] is how the consumer of a ring says what came of it.
package events
