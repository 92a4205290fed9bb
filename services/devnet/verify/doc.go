// Package verify holds the engine against ledgers recorded from stellar-core: it replays a recording from genesis and counts
// which results, entries and refusals are the recorded bytes.
//
// A recording NAME.xdr.gz is a sequence of record-marked (RFC 5531) LedgerCloseMeta frames from ledger 2 on, gzipped or plain;
// NAME.rejected.jsonl.gz beside it is what was refused at submission. The engine's own state is carried from ledger to ledger and
// never corrected by the recording, so one wrong stroop shows in every later use of its account.
//
// Promised: memory is that of one ledger's frame and of the entries that exist, whatever the length of the recording, and of the
// refusals (at most maxRefusals bytes). Whatever the bytes are, the outcome is a report or an error. Refused: frames of versions
// other than 0, and frames over 256 MiB.
//
// Start at File; Replay is one recording, ledger by ledger.
package verify
