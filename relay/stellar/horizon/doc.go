// Package horizon reads and feeds a Stellar network through Horizon (REST over HTTP), for deployments that have no Stellar
// RPC; relay/stellar/rpc is preferred, and both keep one contract.
//
// It promises that every call ends (a time limit each, and the caller's context), that no answer is larger than a limit,
// and that an answer which does not fit its question or itself is an error and not data. Envelopes, results and ledger
// headers are read from their XDR; a ledger's transactions are checked against the hash in its header, which is checked
// against the ledger's hash. It is safe for concurrent use.
//
// Accounts are shown as JSON alone. Horizon reads them in one database transaction and says after which ledger that was
// (header Latest-Ledger); an answer without it is refused, and so is a "not found" that Horizon did not write itself.
//
// It refuses to draw conclusions: an Answer to a submission is for back-off and logs, a lookup that found nothing is not a
// evidence, and Evidence is judged by stellar.CannotLand. It does not retry beyond a torn read; callers do. A Horizon that
// filters what it takes in cannot show whole ledgers and is of no use here.
//
// Start at Dial. Addresses with credentials in them are fine: no error names more of the address than its host.
package horizon
