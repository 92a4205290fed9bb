// Package rpc reads and feeds a Stellar network through Stellar RPC (JSON-RPC 2.0 over HTTP).
//
// It promises that every call ends (a time limit each, and the caller's context), that no answer is larger than a
// limit, and that an answer which does not fit its question or itself is an error and not data. Reads that take
// several calls are of one ledger or fail. It is safe for concurrent use.
//
// It refuses to draw conclusions: an Answer to a submission is for back-off and logs, a Lookup that found nothing is
// not evidence, and Evidence is judged by stellar.CannotLand. It does not retry beyond a torn read; callers do.
//
// It speaks JSON-RPC itself, with the SDK's message types. The SDK's client keeps one lock over all calls in flight
// when one fails, hangs on an answer with a foreign id, and takes bodies of any size.
//
// Start at Dial. Addresses with credentials in them are fine: no error names more of the address than its host.
package rpc
