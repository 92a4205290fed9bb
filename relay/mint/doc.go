// Package mint makes what a payment needs before its money moves: a holding account of its own, the box that keeps its
// key, the way back, and the envelope that funds a whole batch.
//
// It promises that a holding secret lives only inside [Fund]: it is drawn there, sealed to sender and claim recipient,
// used for the ladder and the funding, and gone when Fund returns. What comes out is complete or an error: every
// envelope was decoded again, compared with the plan and its signatures verified.
//
// It refuses a batch that needs more signatures than an envelope takes, and to hold the keys of channel, sponsor and
// treasury: their holders sign a hash, as [Cosigner]. [Own] does the same for one payment on its sender's own machine.
//
// It writes nothing down and sends nothing. The caller makes the answer durable before any of it leaves (laws 2 and 4).
package mint
