// Command restante is poste restante for money: it runs a relay, and it sends, claims, cancels and explains payments of
// one.
//
// It promises that a key is on disk before anything is received into it, that a link, a seed or an API key is in no
// error text, and that its exit status says how a run ended ([statusDone] and those below it). The commands that use a
// relay stand on package relay/client alone.
//
// Start at [run]; [cli.commands] lists the subcommands, each in a file of its own. What `up` is put together from is in
// internal/stack, the demonstration in internal/demo, the simulation in internal/simulate.
package main
