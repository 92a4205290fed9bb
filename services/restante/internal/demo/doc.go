// Package demo is the demonstration: chapters that each show one promise on a private instance, whose ledgers are closed by hand.
//
// It promises that balances are read from the ledger by code that imports nothing of ours (bareledger), and that each chapter has a
// control: something that must fail, for the reason given.
//
// [Play] plays them all. [Start] gives the instance alone, for tests.
package demo
