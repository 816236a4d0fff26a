// Package embedded is the enrollment service that runs inside the provider: it keeps the key pair, opens the server token
// and talks to Apple's device enrollment service itself. Its objects are in SQLite, or in PostgreSQL where several
// machines apply.
//
// What Apple sees is written to the journal before it is sent (journal.go), and the journal is closed in the transaction
// that records the effect. So a process that dies at any point leaves what the next change finds out and finishes. Reads
// come from the store and write nothing; only a profile that nobody but Apple knows is read from Apple.
package embedded
