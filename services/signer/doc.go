// Package signer holds the keys of sponsor, channels and treasuries and signs for them. It is the desk.Signer of one
// process; what it promises does not depend on who calls.
//
// # What it promises
//
//   - It signs only what it built itself from an intent that its policy allows: fundings whose way back leads to the
//     app's own treasury, or that pay an account directly; claims of holding accounts in its log; fee bumps around envelopes
//     in its log; trustlines for treasuries; what takes its own reserves back from accounts that claims in its log made. What
//     a client minted ([Signer.Keep]) it builds again, and signs of it only the last resort and, where the service keeps the
//     reserve, a move, after all others.
//   - Its log has the whole answer on disk before a signature leaves. A repeated intent, and every intent that names a
//     payment whose earlier funding landed or could still land, gets that first answer, also after a crash or a restart,
//     and also when the database was restored from yesterday.
//   - One payment is funded anew, and one sequence number of a channel is signed anew, only after its own view of the
//     ledger proved the earlier envelope dead, and that finding is in the log too.
//   - What each app costs the sponsor is counted in the log, and held to the app's budget.
//   - Keys are sealed on disk, one data key each, under a key-encryption key; holding secrets are never on disk at all
//     except sealed to sender and claim recipient.
//
// # What it refuses
//
// To start on a log whose chain is broken, that belongs to another network, or that is missing while keys are there; on a
// key file that is missing, altered or open to others; beside another signer on the same directory. To sign
// when the log at its path is another file, or longer or shorter, than this process left it. To go on after a sync or a
// write failed: what the disk has is not known then, so [Signer.Run] ends the process and the next start reads it. Only a
// write that found no room is cut back to what was synced; that intent is refused, and the next ones are signed as soon as
// there is room.
//
// A log does not show by itself that whole lines were cut off at its end, or that it is an older copy. Its callers do: they
// remember the newest mark, and everything that a signer is known by ([Signer.Log], [Config.Known]), and an older log is
// refused at start and at every answer. Never restore this directory from a backup while envelopes signed since could still
// land: what was signed since is forgotten by it, and remembered by the ledger.
//
// # Where to start
//
// [Open]; then fund.go (the one decision that money depends on: standing), allow.go what a funding may pay, carry.go whether
// sponsor and treasury can carry it; keep.go what a client funds, with proof.go (the wallet agreed), deposits.go (how many may
// be open) and move.go (money that changes its holding account); claim.go and bump.go. turn.go is how the ledger is asked
// without holding up other intents. budget.go is what an app costs, allowance.go whether it may, settle.go what came back;
// reclaim.go takes reserves back and collect.go claims a balance for a treasury, errand.go is what these two share; trust.go
// makes trustlines. book.go is what the log adds up to, recover.go what a restored database is told of it, log.go and line.go
// what a line looks like, keyring.go the sealed keys, operator.go what only the operator can ask for. threats.md is what an
// attacker in the caller can do.
package signer
