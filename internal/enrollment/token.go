package enrollment

import "time"

// TokenType tells what kind of account a token is meant for.
type TokenType string

// The token types.
const (
	// School is an Apple School Manager token; an account of another kind is
	// refused.
	School TokenType = "school"
	// Business is an Apple Business token.
	Business TokenType = "business"
)

// TokenStatus is where a token is in its life.
type TokenStatus string

// The token states.
const (
	// AwaitingServerToken: there is a key pair, and nobody has uploaded the
	// server token that Apple makes for it.
	AwaitingServerToken TokenStatus = "awaiting_server_token"
	// Active: the server token was accepted and has not been refused since.
	Active TokenStatus = "active"
	// Expired: Apple refuses the server token because its year is over.
	Expired TokenStatus = "expired"
	// Revoked: Apple refuses the server token: replaced, revoked, or its server
	// was deleted.
	Revoked TokenStatus = "revoked"
	// TermsNotAccepted: Apple has new terms that somebody must accept in Apple
	// School Manager.
	TermsNotAccepted TokenStatus = "terms_not_accepted"
)

// TokenSpec is what a person says of an enrollment program token.
type TokenSpec struct {
	Name string
	// AppleID is the account that the server token was downloaded with: a
	// record, so that the same one renews it.
	AppleID string
	Type    TokenType
	// ScopeTagIDs are Intune's role scope tags; nil is unmanaged. The embedded
	// service has none.
	ScopeTagIDs []string
}

// Token is an enrollment program token. Nothing in it is secret.
type Token struct {
	ID string
	TokenSpec
	Status TokenStatus
	// PublicKeyPEM is the certificate to upload in Apple School Manager, and
	// PublicKeySHA256 the SHA-256 of its DER form in lower-case hex. Both are
	// empty where a service has the key and does not give it (Intune).
	PublicKeyPEM    string
	PublicKeySHA256 string
	// StagedPublicKeyPEM is the certificate of a key pair whose server token has
	// not arrived yet; empty when none is staged.
	StagedPublicKeyPEM string
	// ExpiresAt is when the server token stops working; zero before one was
	// uploaded.
	ExpiresAt  time.Time
	UploadedAt time.Time
	// ServerTokenSHA256 identifies the uploaded file without telling anything
	// of it; empty before one was uploaded, and where the service keeps no
	// digest (Intune).
	ServerTokenSHA256 string
	// What Apple says of the account; empty where the service does not hand it
	// on (Intune).
	Organization   string
	OrganizationID string
	OrgType        string
	ServerName     string
	ServerUUID     string
	AdminID        string
	// SharedWithSDS tells whether School Data Sync may use the token.
	SharedWithSDS bool
	// Counts as of the last sync.
	DeviceCount  int
	ProfileCount int
	LastSyncedAt time.Time
}

// ServerTokenUpload is a server token on its way into a service.
type ServerTokenUpload struct {
	// Contents is the .p7m as Apple made it. It is secret.
	Contents []byte
	// Type is what the token is meant for, for a service that does not keep it;
	// empty is what the service knows.
	Type TokenType
}

// UploadResult is what an upload led to.
type UploadResult struct {
	Token Token
	// Sync is the sync that the service ran by itself, or nil when it could not.
	Sync     *SyncRun
	Warnings []Warning
}

// BroughtKey is the key pair of an MDM that already has a token. PrivateKeyPEM
// is secret.
type BroughtKey struct {
	CertificatePEM string
	PrivateKeyPEM  string
}

// DaysLeft is the number of whole days until expiry: 0 on the last day, negative
// afterwards.
func DaysLeft(expiresAt, now time.Time) int {
	left := expiresAt.Sub(now)
	days := int(left / (24 * time.Hour))
	if left < 0 && left%(24*time.Hour) != 0 {
		days--
	}
	return days
}

// ExpiresSoon tells whether a token expires within so many days of now.
func ExpiresSoon(expiresAt, now time.Time, warningDays int) bool {
	return !expiresAt.IsZero() && expiresAt.Sub(now) < time.Duration(warningDays)*24*time.Hour
}
