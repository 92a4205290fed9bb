// Package simulate plays histories of the whole service in virtual time and looks for one in which a payment is made twice, or lost.
//
// What runs is the product: the rules, the Desk, the store on SQLite, workers, the API's handler, the signer with its policy and log, the
// Stellar adapter, on the embedded ledger. What is simulated is the world around it: clocks, the network between processes, the mail
// server, the bus, the disk under the signer's log, randomness, and people. One actor runs at a time and gives way only where it calls a
// port, never inside a transaction of the database; so a seed is one history, to the byte, and its trace has a hash.
//
// What must hold is judged by code that shares nothing with the product (books.go): it reads the ledger's own entries and transactions.
// Every payment has an amount of its own, so that the ledger alone tells which one an operation is about.
//
// Read scheduler.go (who runs when), world.go (what there is), ports.go and signerport.go (where faults come), faults.go (which),
// people.go (what people do), books.go (what must hold), history.go (one history), run.go (many). PROOF.md says what was found.
package simulate
