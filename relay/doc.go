// Package relay is poste restante for money: the rules, and nothing but the rules.
//
// An app, or a sender out of his own wallet, sends an amount of some asset to a handle (an e-mail address, say). The money
// waits in a holding account of its own on the Stellar network until the person claims it, or until it goes back to the
// sender because he canceled, she declined, or the time ran out. This package says what may happen to a payment and in
// which order; it imports the standard library only and knows neither HTTP nor SQL nor Stellar's encodings.
//
// # Laws
//
//  1. The ledger is the truth about money, the database about intent. The bus only rings the bell; the cache may be lost.
//  2. Nothing is funded before its sealed key and its way back are durable, in the database and in the signer's log.
//  3. Every envelope is signed and written down before it is sent. A payment has at most one funding that could still
//     land. Returns and claims merge away the same account, so at most one of them takes the money.
//  4. The way back (the return ladder) is signed before the money leaves. Cancel, decline and expiry need no key. No rung that
//     would fail while a plain one would succeed is complete without one more signature.
//  5. Custody is a property of the payment, visible, and never overstated.
//  6. Exit without us: the sealed box, stock age and any wallet get the money out with this service gone.
//  7. One lifecycle, one pure function, one writer.
//  8. Tenants are isolated, and nothing fails open: no app delays, starves, halts or charges another, and a version, kind, scope or
//     policy that is not known is refused.
//
// # Where to start
//
// Read in this order:
//
//   - state.go: the states, each with a sentence, and [Edges], the one table of who may follow whom (lifecycle.md is
//     drawn from it);
//   - input.go: what can happen to a payment, and through which of the three doors (HTTP, ledger watcher, clock);
//   - step.go: [Step], the one pure function (payment, input, now) → (payment, effects, error);
//   - envelope.go: the second, small aggregate: one signed transaction and the payments it carries;
//   - desk.go: [Desk], the one writer: it reads, steps, and commits payment, history and effects together. desk_fund.go is what it
//     writes of fundings, desk_deposit.go upon what the signer says of a client's, desk_claim.go of claims, desk_ledger.go upon
//     what the ledger says of an envelope, desk_witness.go upon a whole ledger, desk_proof.go upon a proof; desk_direct.go is about
//     accounts on file and tokens, desk_answers.go what is remembered for a request that comes again, desk_recover.go what is done
//     after a backup, desk_preview.go a look at what it would write;
//   - halt.go: what stops when ledger and records contradict each other, and what does not; history.go how a ledger that began anew
//     is told; anchor.go by what a database knows the signer's log again;
//   - carry.go, desk_pause.go: what the sponsor has to carry, what is set aside of it for the claims and returns of money in
//     flight, and how fundings wait ([Pause]) when it, a treasury or a limit has not enough left;
//   - proof.go: how long codes, vouchers and proofs last, how often they are tried, and what uses them up;
//   - budget.go, reclaim.go: what a payment costs the service's sponsor, an app's budget of it, and what can be taken back;
//   - collect.go: what a last resort left to a treasury, and how it is claimed;
//   - ladder.go: how many rungs a way back has, what each does, which numbers they carry, and which a claim may not;
//   - asset.go, memo.go: how an asset is spelled and what it locks, and what a claim into an account may carry along;
//   - store.go, signer.go, ledger.go: the ports that adapters implement, each with its contract.
//
// Amounts are [Stroops] (1e-7 of a lumen, or of another asset), moments are [Micros] (microseconds since 1970, UTC). Bounds
// and expiry are judged by the close time of ledgers, never by a local clock.
package relay
