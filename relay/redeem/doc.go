// Package redeem is the recipient's half of a claim: open the box, check the plan, sign it.
//
// It promises to be pure (no network, no clock, no files) and to believe nothing that a service says: a box is compared
// with what the link and the recipient know, a plan with the one envelope that would have been built here, and only a
// plan that passed can be signed, because nothing but [Plan.Sign] signs and only [CheckPlan] makes a [Plan].
//
// It refuses boxes of another payment, network, account or amount; plans with another destination, amount, memo, fee,
// operation, source or sequence number, without an end or with one too far off.
//
// [Keep] is for the recipient who wants to be able to do without the service: box and identity, for a kit.
//
// [Refused] tells such a refusal from an ordinary failure. The order is [Open], [CheckPlan], [Plan.Sign]. Amounts are int64 stroops, accounts G… addresses.
package redeem
