// Package horizon serves a devnet the way Horizon serves a Stellar network, for wallets and SDKs that speak it: root, accounts with
// their data, transactions, transactions_async, operations, payments, ledgers, fee_stats, claimable balances and friendbot, with
// Horizon's paging, streams, problems and spelling of result codes.
//
// Promised: field names and types are those of the SDK's protocols/horizon. Every answer is of one ledger, the last one, said in
// Latest-Ledger. Nothing that a client sends ends the process. Answers to submissions prove as little as the real ones: an envelope that
// landed, handed in again, is answered 200 where its source account still exists and 400 tx_no_source_account where it merged itself
// away; what the network puts off is answered 504 when time is up.
//
// Refused, with Horizon's 404: effects, assets, trades, offers, order books, paths and liquidity pools. Operations of kinds that the
// network does not do only ever fail, and are shown without their details.
//
// Unlike Horizon: account lists are found by going through the state, and a cursor there is an address; a method that a path does not
// know is a 404 as well; friendbot answers for itself rather than for another service.
//
// Costs: the index takes some 180 bytes for each account that the kept history created, and is read from the store when a server starts, at
// about 12 microseconds an operation.
//
// Start at New; index.go holds what makes the lists fast, submit.go what a submission is told.
package horizon
