// Package matrix holds the provider to its schemas: every attribute of every
// resource, on each service that has it, goes through its whole life (set,
// changed, removed, imported, drifted, unknown at plan), every attribute of every
// data source is read, and every validator refuses something. The tests walk the
// schemas that the provider serves, so that an attribute or a validator without a
// case fails them, and so does a case for something that is not there any more.
//
// The services are the real ones, on their simulators; the protocol server is
// driven without a command line tool. What Apple or Microsoft Graph has is looked
// up at the simulators, never at the service under test.
//
// Tests only.
package matrix
