// Package desk is the one writer of payments, and the ports through which it reaches what keeps and moves them.
//
// [Desk] reads a payment, asks the rules what becomes of it ([relay.Step]), and commits payment, history, envelopes and work
// together, so that a crash leaves either all of it or none. The rules about money are in package relay: the desk reads in one
// transaction what they judge, and writes down what they say. It knows neither HTTP nor SQL nor Stellar's encodings: [Store], [Signer] and [Ledger] are what it needs of them, each with its contract.
//
// Start with desk.go. fund.go is what it writes of fundings, deposit.go upon what the signer says of a client's, claim.go of
// claims, envelopes.go upon what the ledger says of an envelope, witness.go upon a whole ledger, proof.go upon a proof, halts.go
// when ledger and records contradict each other, recover.go after a backup; direct.go is about accounts on file and tokens,
// answers.go what is remembered for a request that comes again, preview.go a look at what it would write.
package desk
