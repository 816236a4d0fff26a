// Package store keeps the objects of the embedded service in SQLite or in PostgreSQL. It is the one place with SQL; it
// knows no rules, no clock and no secrets in clear.
//
// Opening writes nothing. A store that does not exist yet reads as an empty one; it is made, and brought to the present
// schema, on the first write, under a lock that other processes respect. Reading works on a store of the present schema
// only: another one is an enrollment.ErrStoreVersion that says what to do.
//
// Times go in and out as time.Time in UTC with whole nanoseconds; the zero time is kept.
package store
