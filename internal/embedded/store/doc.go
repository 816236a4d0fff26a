// Package store keeps the objects of the embedded service in SQLite or in PostgreSQL. It is the one place with SQL; it
// knows no rules, no clock and no secrets in clear.
//
// Opening writes nothing. A store that does not exist yet reads as an empty one; it is made, and brought to the present
// schema, on the first write, under a lock that other processes respect. Until then a store of an older schema is read from
// a copy in memory that was brought to the present one, as it was when it was read first; a newer schema is an
// enrollment.ErrStoreVersion that says what to do.
//
// After every change SQLite's main file is complete by itself, but for the pages of a sync that is under way.
//
// Times go in and out as time.Time in UTC with whole nanoseconds; the zero time is kept.
package store
