// Package apple simulates Apple's device enrollment service, and the part of the Apple School Manager portal that a
// person clicks through: adding an MDM server, uploading its public key, downloading its server token, assigning
// devices to it, accepting new terms.
//
// It is written to be indistinguishable, to a client, from Apple's service: OAuth 1.0a with HMAC-SHA1, sessions that
// expire and rotate, opaque cursors, protocol version gates, plain text errors, a server token in Apple's exact form.
// It shares no types and no OAuth, CMS or JSON code with the clients that are tested against it, so that a mistake in
// one is not repeated in the other. Where Apple's behaviour is not publicly known, the choice made here is stated in a
// comment that says so.
//
// Two listeners, both on loopback only: AppleURL speaks Apple's protocol, PortalURL is this package's own JSON API. Each
// portal call has a Go method of the same meaning on Simulator.
//
// Time is virtual: the clock starts at Options.Now and is moved with AdvanceClock. Sessions, tokens, cursors and
// cooldowns all expire by it; only Latency passes in real time.
package apple
