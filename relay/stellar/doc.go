// Package stellar knows the few shapes of Stellar transaction that move a payment, and nothing else of the network.
//
// It promises to be pure: no network, no clock, no randomness, no state. It builds unsigned envelopes exactly as
// told (sequence numbers, bounds and fees are the caller's), reads envelopes of others strictly, tells from ledger
// entries whether an envelope would succeed, and judges evidence that an envelope can no longer land.
//
// It refuses to guess. A builder returns an error rather than repair a plan; a check accepts only the envelope that
// it would have built itself; evidence that lacks anything is ErrInconclusive.
//
// Times are unix seconds of ledger close time, accounts are G… addresses, envelopes are base64 XDR, hashes are 64 lower-case
// hexadecimal digits. Inner transactions carry the fee 0, and a fee bump by the sponsor pays, whatever the fees are by then
// (CAP-15); only what a sender's own wallet made bids for itself, out of the purse.
//
// Start at FundingPlan, ReturnPlan and ClaimPlan; then CheckClaim (what a claimant's client trusts), DryRunReturn and
// DryRunClaim (before anything is sent), and CannotLand (before anything is signed twice).
package stellar
