// Package relay is poste restante for money: the rules, and nothing but the rules.
//
// An app, or a sender out of a wallet, sends an amount of some asset to a handle (an e-mail address, say). The money
// waits in a holding account of its own on the Stellar network until the person claims it, or until it goes back to the
// sender because the sender canceled, the recipient declined, or the time ran out. This package says what may happen to a payment and in
// which order; it imports the standard library only and knows neither HTTP nor SQL nor Stellar's encodings.
//
// # Laws
//
//  1. The ledger is the truth about money, the database about intent. The bus only rings the bell: when it has lost everything, a sweep
//     that reads database and ledger alone finishes every payment. The signer's log outranks a restored database.
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
//   - Words, below; then amount.go, id.go, asset.go, memo.go: how amounts, moments, ids, assets and memos are spelled;
//   - handle.go: the kinds of handle; policy.go: the policies, and what each asks of a claim; route.go: how a payment is funded ([Route]);
//   - payment.go: all that is known of one payment; app.go, scope.go: tenants, their keys, and what a key may do;
//   - state.go: the states, each with a sentence, and [Edges], the one table of who may follow whom (lifecycle.md is
//     drawn from it);
//   - input.go: what can happen to a payment, and through which of the three doors (HTTP, ledger watcher, clock);
//     effect.go: the kinds of work that follow, and by whose clock each is due;
//   - step.go: [Step], the one pure function (payment, input, now) → (payment, effects, error), and by theme step_funding.go,
//     step_claim.go, step_return.go, step_holding.go, step_end.go, delivery.go (our mails to the recipient);
//   - package desk, below this one: the one writer, and the ports that adapters implement; signer.go, ledger.go: what the ports
//     are asked and what they answer;
//   - terms.go, requirements.go: what is agreed of the money, which terms are refused when a payment is opened, and what it needs on the ledger;
//   - walletproof.go, proof.go: how a wallet's signer and a recipient prove themselves, how often, and what uses a code or voucher up;
//   - ladder.go: how many rungs a way back has, what each does, which numbers they carry, and which a claim may not;
//   - funding.go: which payments share a funding, and what the signer mints; fundtime.go: until when a sender's client may fund; plans.go: for how long a
//     planned claim may land, when it is given again, and how many may be able to land at a time;
//   - fees.go: who pays which fee, and how much is bid; flow.go: what a transaction cost and moved, for each of its payments;
//   - envelope.go: the second, small aggregate: one signed transaction and the payments it carries; tries.go: what its refusals count, and when a look is the last;
//   - evidence.go: what follows for an envelope that was not seen in a ledger, and what an audit of a holding account asks for;
//   - halt.go: what stops when ledger and records contradict each other, and what does not;
//   - carry.go: what the sponsor has to carry, and what is set aside of it for the claims and returns of money in flight;
//   - budget.go, cost.go, reclaim.go: what a payment costs the service's sponsor, before and in the end, an app's budget of it, and what
//     can be taken back;
//   - collect.go: what a last resort left to a treasury, and how it is claimed; withdraw.go: what the operator may take out of one;
//   - ending.go: the words about an end, for each reader; fault.go: the kinds of error, each with a public and a private text.
//
// Amounts are [Stroops] (1e-7 of a lumen, or of another asset), moments are [Micros] (microseconds since 1970, UTC), and close times of
// ledgers whole seconds. Bounds and expiry are judged by the close time of ledgers, never by a local clock.
//
// # Words
//
// Each term has one meaning, here, in the API and on the screens, and is explained before it is used. Where a pronoun is shorter, the
// sender is he and the recipient she.
//
// People and accounts:
//
//   - app: a tenant, with keys of its own, an account that funds its payments (its treasury), and budgets.
//   - wallet: an account whose key the sender has. Sender: the one who pays: a user of an app, or the owner of a wallet.
//   - handle: a name outside the ledger, such as email:ana@example.com ([Handle]). Recipient: the one who owns the handle.
//   - sponsor: the service's account that pays reserves (CAP-33) and fees. Channel: an account of the service that lends its sequence number.
//   - holding account: the temporary account in which the money of one payment waits; its seed is the holding secret.
//   - reserve: lumens that the ledger locks in an account for what it holds; counted in base reserves. Purse: lumens that a wallet
//     puts into a holding account besides the amount, as its fee reserve: what the claim, the way home and the claimant's new account
//     cost is paid out of it, and what is left goes back to the wallet.
//
// Money on its way:
//
//   - payment: an amount of one asset on its way to a handle ([Payment]). Direct: one that goes into an account on file, without a
//     holding account. Move: one that takes over the money of an earlier payment, which it replaces.
//   - envelope: a signed transaction, known by its inner hash ([Envelope]). Funding, claim, return: the three kinds.
//   - evidence: what a source says about an envelope, from which its fate follows; an error or a bare "not found" is none.
//   - bound: the last ledger in which an envelope may land. Dead: unable to land, by evidence. Spent: landed and failed.
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
//   - policy: from what the claim recipient's identity is made, and how it is kept until the recipient has a key ([Policy]). Link: from
//     the link secret alone, so any holder of the link can claim. Guarded: from the link secret and a share, so a claim wants the link
//     and a proof of the handle. Share: the half of it that the service keeps.
//   - claimant: the recipient during the claim, or another holder of a link that asks no proof. Claimant key: random text of the
//     claimant's, to which code, voucher and proof are bound.
//   - code: six digits, mailed to the handle. Voucher: an app's word for its own user. Credential: the code (with its session) or the
//     voucher that a claimant presents. Proof: that the claimant owns the handle, for which a credential is exchanged; wallet proof:
//     that a signer of a wallet agrees to a payment out of it.
//   - custody: who could move the money while it waits.
//
// Records:
//
//   - input, step, effect: what happened to a payment, what becomes of it, and the work that follows ([Step]).
//   - history: a payment's inputs, one line each, never deleted. Work: an effect as a row, until it is done.
//   - signer's log: append-only, chained by hashes, on disk before a signature leaves; a mark is a place in it.
package relay
