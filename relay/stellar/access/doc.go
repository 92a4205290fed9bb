// Package access is the domain's ledger ([desk.Ledger]) over whatever a Stellar network can be asked through.
//
// [Port] translates and judges; a [Source] only asks one server and decodes what it says. There are two sources: relay/stellar/rpc
// (Stellar RPC, preferred) and relay/stellar/horizon. What both read, and how both fail, is defined here, so that they differ
// in nothing but the protocol.
//
// A Source draws no conclusions: an answer to a submission is for back-off and logs, a lookup that found nothing is not evidence,
// and evidence is judged by [stellar.CannotLand]. It does not retry beyond a torn read; callers do.
//
// Start at [Source], then [Port].
package access
