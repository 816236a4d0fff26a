package enrollment

import "time"

// PushCertificate is the Apple MDM push certificate of a tenant. Nothing in it
// is secret.
type PushCertificate struct {
	// AppleID is the account that the certificate was made with; the same one
	// has to renew it.
	AppleID      string
	SerialNumber string
	// Topic must stay the same when the certificate is renewed, or every device
	// is lost.
	Topic      string
	ExpiresAt  time.Time
	ModifiedAt time.Time
}

// PrerequisitesRequest asks what a first enrollment still needs.
type PrerequisitesRequest struct {
	// TokenID is the token that is looked at; empty looks at the tenant only.
	TokenID string
	// FederatedDomains are looked at for user affinity.
	FederatedDomains []string
	// WarningDays is how near an expiry has to be to be told.
	WarningDays int
}

// Prerequisite is one thing that a first enrollment needs.
type Prerequisite struct {
	// Name is stable: push_certificate, data_sharing_consent, token_type,
	// token_expiry, ws_trust:DOMAIN.
	Name    string
	Verdict Verdict
	// Found says what is there, Do what to do about it (empty where nothing is).
	Found string
	Do    string
}

// Verdict tells whether a prerequisite is met.
type Verdict string

// The verdicts.
const (
	Met     Verdict = "met"
	Unmet   Verdict = "unmet"
	Warn    Verdict = "warning"
	Unknown Verdict = "unknown"
)

// Ready tells whether nothing that was looked at stands in the way of a first
// enrollment. What could not be found out stands in the way: nobody can promise
// that it does not.
func Ready(looked []Prerequisite) bool {
	for _, p := range looked {
		if p.Verdict != Met && p.Verdict != Warn {
			return false
		}
	}
	return true
}
