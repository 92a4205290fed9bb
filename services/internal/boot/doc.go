// Package boot starts and stops a process, and knows nothing of what is in it.
//
// It promises that a configuration is read strictly ([Load]): a misspelled key is an error that names it, its line and the
// key that was meant. It promises that parts stop in the reverse order of their start, each only when those after it have
// stopped ([Run]), within a time limit. It refuses to guess: no environment variables, no search paths, no reload.
//
// A service owns its Config struct, with defaults filled in before Load and validate tags on its fields, and gives its
// long-running pieces to Run as parts. [Logger] and [Health] are the two other things that every process has.
package boot
