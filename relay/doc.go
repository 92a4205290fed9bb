// Package relay is poste restante for money: the rules, and nothing but the rules.
//
// An app, or a sender out of a wallet, sends an amount of some asset to a handle (an e-mail address, say). The money
// waits in a holding account of its own on the Stellar network until the person claims it, or until it goes back to the
// sender because the sender canceled, the recipient declined, or the time ran out. This package says what may happen to a payment and in
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
//   - step.go: [Step], the one pure function (payment, input, now) → (payment, effects, error), and by theme step_funding.go,
//     step_claim.go, step_return.go, step_holding.go, step_end.go;
//   - envelope.go: the second, small aggregate: one signed transaction and the payments it carries;
//   - evidence.go: what is proven about an envelope that was not seen in a ledger, and what an audit of a holding account asks for;
//   - package desk, below this one: the one writer, and the ports that adapters implement;
//   - halt.go: what stops when ledger and records contradict each other, and what does not;
//   - carry.go: what the sponsor has to carry, and what is set aside of it for the claims and returns of money in flight;
//   - proof.go: how long codes, vouchers and proofs last, how often they are tried, and what uses them up;
//   - budget.go, reclaim.go: what a payment costs the service's sponsor, an app's budget of it, and what can be taken back;
//   - collect.go: what a last resort left to a treasury, and how it is claimed;
//   - route.go: how a payment is funded ([Route]): by the treasury, directly, out of a wallet, or by a move;
//   - fees.go: who pays which fee, and how much is bid;
//   - ladder.go: how many rungs a way back has, what each does, which numbers they carry, and which a claim may not;
//   - asset.go, memo.go: how an asset is spelled and what it locks, and what a claim into an account may carry along;
//   - app.go: tenants and their keys; signer.go, ledger.go: what the ports are asked and what they answer.
//
// Amounts are [Stroops] (1e-7 of a lumen, or of another asset), moments are [Micros] (microseconds since 1970, UTC), and close times of
// ledgers whole seconds. Bounds
// and expiry are judged by the close time of ledgers, never by a local clock.
//
// # Words
//
// Each term has one meaning, here, in the API and on the screens. Where a pronoun is shorter, the sender is he and the recipient she.
//
// People and accounts:
//
//   - app: a tenant, with keys of its own, a treasury and budgets.
//   - sender: the one who pays: a user of an app, or the owner of a wallet. Recipient: the one the money is for. Claimant: the recipient
//     during the claim, or another holder of a link that asks no proof.
//   - handle: a name of the recipient outside the ledger, such as email:ana@example.com ([Handle]).
//   - treasury: an app's account; its payments are funded from it and return to it. Wallet: an account whose key the sender has.
//   - sponsor: the service's account that pays reserves (CAP-33) and fees. Channel: an account of the service that lends its sequence number.
//   - holding account: the temporary account in which the money of one payment waits; its seed is the holding secret.
//   - reserve: lumens that the ledger locks in an account for what it holds; counted in base reserves. Purse: lumens that a wallet
//     puts into a holding account besides the amount, as its fee reserve: the claim, the way back and the claimant's new account
//     are paid out of it, and what is left goes back to the wallet.
//
// Money on its way:
//
//   - payment: an amount of one asset on its way to a handle ([Payment]). Direct: one that goes into an account on file, without a
//     holding account. Move: one that takes over the money of an earlier payment, which it replaces.
//   - envelope: a signed transaction, known by its inner hash ([Envelope]). Funding, claim, return: the three kinds.
//   - bound: the last ledger in which an envelope may land. Dead: proven unable to land. Spent: landed and failed.
//   - way back, return ladder: the returns that are signed before the money leaves; each is a rung ([Ladder]). Plain rung: returns
//     the amount. Bare rung: returns what is left after a clawback. Last resort: leaves the amount in a claimable balance.
//   - plan: a claim that the signer built and the claimant has not signed yet. Deposit: what a client minted and hands in, before it
//     signs the funding; kept once the signer's log has it.
//   - return asked, return due: the sender, the recipient or the clock asked for the money to go home; it is due once no envelope of
//     ours is on its way.
//   - parked: the money is safe in its holding account, and no envelope of ours can move it just now. Halt: what the operator has
//     to look at before anything moves. Pause: fundings wait for lumens, for the amount or for a limit.
//
// Keys and proofs:
//
//   - box: the age file that holds the holding secret, sealed to the sender and to the claim recipient.
//   - claim link: a URL whose fragment carries the link secret; auth: a value derived from it, which shows that a caller has the link.
//   - policy: how the recipient's half of a box is kept until the recipient has a key ([Policy]). Share: the half that the service keeps.
//   - evidence: a code that was mailed, or a voucher, an app's word for its own user. Proof: what evidence is exchanged for, for one
//     claimant key.
//   - custody: who could move the money while it waits.
//
// Records:
//
//   - input, step, effect: what happened to a payment, what becomes of it, and the work that follows ([Step]).
//   - history: a payment's inputs, one line each, never deleted. Work: an effect as a row, until it is done.
//   - signer's log: append-only, chained by hashes, on disk before a signature leaves; a mark is a place in it.
package relay
