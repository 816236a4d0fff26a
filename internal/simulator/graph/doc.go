// Package graph simulates Microsoft Graph beta as Intune serves it for Automated Device Enrollment, and the sign-in
// endpoints that a client needs before: enrollment program tokens, enrollment profiles, imported device identities, sync,
// School Data Sync sharing, the push certificate, data sharing consents, federated domains, $batch.
//
// Intune is itself a client of Apple, so an Apple simulator stands behind it in the same process: a token uploaded here
// is one that was downloaded there, a sync lists the devices that are assigned there, and an assignment shows in that
// simulator's truth. Both run on one virtual clock.
//
// It is written from the published contract, and shares no types and no JSON, JWT or CMS code with the clients that are
// tested against it. Where Intune's behaviour is not publicly known, the choice made here is a setting or is stated in a
// comment that says so.
//
// Three listeners, all on loopback only: GraphURL speaks Graph over HTTP, SignInURL speaks OpenID Connect over TLS with a
// certificate authority of its own (CACertificatePEM), AdminURL is this package's own JSON API, of which each call has a
// Go method of the same meaning on Simulator.
//
// What Intune does later (a sync that ends, an assignment that reaches Apple, a write that becomes visible) happens on
// the virtual clock, and is carried out when somebody next looks: any request, or Settle.
package graph
