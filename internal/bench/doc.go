// Package bench measures the embedded enrollment service against Apple's simulator, beside depsyncer of
// github.com/micromdm/nanodep, which reads the same devices and stores none of them.
//
// Both sync from the same simulator, a process of its own, as a process of their own each, one after the other in
// rounds. What counts is the time from the start of the process to its end, and the most memory that it had, as the
// operating system tells. Times differ from machine to machine: the ratios of one run are what can be compared.
//
// The requests that assigning devices takes are counted exactly, by the simulator; a wrong count is an error.
package bench
