// Package enrollment is the domain of Apple School Manager enrollment: tokens,
// enrollment profiles, devices, assignments and syncs, the rules that hold for
// them whatever service stands behind, and the Service interface that the
// embedded service and Intune implement.
//
// The package is pure. It speaks no HTTP and no SQL, knows no Terraform types
// and reads no clock: time is an argument wherever a rule needs it.
package enrollment
