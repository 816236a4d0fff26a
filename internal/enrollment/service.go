package enrollment

import (
	"context"
	"iter"
)

// Kind names an enrollment service. Rules that differ between services take it
// as input.
type Kind string

// The enrollment services.
const (
	// Embedded is the enrollment service inside the provider.
	Embedded Kind = "embedded"
	// Intune is Microsoft Intune through Microsoft Graph.
	Intune Kind = "intune"
)

// Service is an enrollment service: what the Terraform surface is written
// against. Package servicetest is the definition of "works".
//
// Methods are safe for concurrent use. Every error wraps one of the typed
// errors of this package where one fits. Methods that read never write, not
// even to a store of the service's own.
type Service interface {
	// Kind tells which service this is.
	Kind() Kind
	// Store identifies where the service keeps its objects.
	Store(ctx context.Context) (Store, error)

	TokenService
	ProfileService
	PolicyService
	SharingService
	SyncService
	DeviceService
	AssignmentService
	TenantService

	// Close gives back what the service holds open.
	Close() error
}

// Store is the place that an enrollment service keeps its objects in: the
// embedded service's database, or an Intune tenant. State that names another
// store than the one that is open must never be acted upon.
type Store struct {
	// ID is a random identifier made once for each store, or the tenant id.
	// It is empty for a store that nothing was ever written to.
	ID string
	// Location says where the store is, without credentials.
	Location string
	// Kind is the service that the store belongs to; empty counts as Embedded.
	Kind Kind
	// Tokens is the number of tokens in it.
	Tokens int
}

// TokenService keeps enrollment program tokens.
type TokenService interface {
	// CreateToken returns a token beside an error when the token was made and
	// something after that failed.
	CreateToken(ctx context.Context, spec TokenSpec) (Token, error)
	ReadToken(ctx context.Context, id string) (Token, error)
	ListTokens(ctx context.Context) ([]Token, error)
	UpdateToken(ctx context.Context, id string, spec TokenSpec) (Token, error)
	// UploadServerToken hands over the .p7m that Apple encrypted for the token's
	// public key (or for its staged one, which then becomes the serving one).
	// The service then syncs by itself; a sync that fails is a warning, the
	// token stands.
	UploadServerToken(ctx context.Context, id string, upload ServerTokenUpload) (UploadResult, error)
	// BringKey stages the key pair of an MDM that already has a token, so that
	// the MDM's server token can be uploaded here too.
	BringKey(ctx context.Context, id string, key BroughtKey) (Token, error)
	// RotateKey stages a new key pair: the serving key keeps working until a
	// server token for the staged one is uploaded. On Intune the new key takes the
	// place of the outstanding one at once.
	RotateKey(ctx context.Context, id string) (Token, error)
	// DeleteToken refuses with ErrInUse while devices, profiles or a default
	// remain.
	DeleteToken(ctx context.Context, id string) error
}

// ProfileService keeps enrollment profiles and the default profile of a token.
type ProfileService interface {
	// CreateProfile answers ErrClassicRefused where the service makes no more
	// profiles of this kind. It returns a profile whose Status is ProfileUndefined, with a
	// warning, when the service cannot tell whether the definition arrived.
	CreateProfile(ctx context.Context, spec ProfileSpec) (ProfileResult, error)
	ReadProfile(ctx context.Context, id ProfileRef) (Profile, error)
	// UpdateProfile changes a profile and moves its devices to the change. It is
	// resumable: called again with the same spec it finishes what is left.
	UpdateProfile(ctx context.Context, id ProfileRef, spec ProfileSpec) (ProfileResult, error)
	// DeleteProfile refuses with ErrInUse while a device has the profile or it
	// is a default.
	DeleteProfile(ctx context.Context, id ProfileRef) error
	// Profiles yields the profiles of a token as they are read, a page at a time,
	// in the service's own order: who stops early spares the pages that follow.
	Profiles(ctx context.Context, tokenID string) iter.Seq2[Profile, error]
	// ProfileName gives the name of whatever a device may have, a policy and what
	// is of another kind too, without a request for each. It is "" where the
	// service would have to ask Apple.
	ProfileName(ctx context.Context, id ProfileRef) (string, error)

	// DefaultProfile gives the id of the profile that new devices of a platform
	// get, or "" where there is none.
	DefaultProfile(ctx context.Context, tokenID string, platform Platform) (string, error)
	SetDefaultProfile(ctx context.Context, tokenID string, platform Platform, profileID string) error
	// UnsetDefaultProfile answers ErrUnsupported where a service cannot.
	UnsetDefaultProfile(ctx context.Context, tokenID string, platform Platform) error
}

// PolicyService keeps enrollment policies. The embedded service answers
// ErrUnsupported to all of it.
type PolicyService interface {
	CreatePolicy(ctx context.Context, spec PolicySpec) (Policy, error)
	ReadPolicy(ctx context.Context, id string) (Policy, error)
	// Policies yields the policies of a token as they are read, for all platforms
	// with "", without their settings and their defaults: ids, token, platform,
	// name, description and scope tags.
	Policies(ctx context.Context, tokenID string, platform Platform) iter.Seq2[Policy, error]
	UpdatePolicy(ctx context.Context, id string, spec PolicySpec) (Policy, error)
	// DeletePolicy refuses with ErrInUse while a device has the policy or it is a
	// default.
	DeletePolicy(ctx context.Context, id string) error
	// PolicyTemplate is what policies of a platform may have today. It is read
	// once for each service that is opened.
	PolicyTemplate(ctx context.Context, platform Platform) (PolicyTemplate, error)
}

// TenantService looks at what stands around the tokens. The embedded service
// answers ErrUnsupported to all of it: its MDM has these things.
type TenantService interface {
	// PushCertificate is ErrNotFound where none was ever uploaded.
	PushCertificate(ctx context.Context) (PushCertificate, error)
	Prerequisites(ctx context.Context, req PrerequisitesRequest) ([]Prerequisite, error)
}

// SharingService shares a token with School Data Sync.
type SharingService interface {
	SetSDSSharing(ctx context.Context, tokenID string, shared bool) error
}

// SyncService asks Apple for the devices of a token, under Apple's traffic
// rules.
type SyncService interface {
	// Sync runs, joins or continues a sync and returns when it has ended, its 15
	// minutes have passed, or, without req.Wait, when it has been started.
	// A full sync asked for too early runs as an incremental one and says so in
	// the run. Errors: ErrThrottled, ErrSyncInProgress, and whatever Apple
	// refused.
	Sync(ctx context.Context, req SyncRequest) (SyncRun, error)
	SyncStatus(ctx context.Context, tokenID string) (SyncStatus, error)
}

// DeviceService reads the devices of a token as the last sync saw them.
type DeviceService interface {
	// Devices yields the devices that match, ordered by serial number.
	Devices(ctx context.Context, tokenID string, filter DeviceFilter) iter.Seq2[Device, error]
}

// AssignmentService gives profiles to devices and takes them away.
type AssignmentService interface {
	// Assign gives a profile to devices, only where they do not have it yet, in
	// batches of at most MaxBatch. It returns what became of every device, also
	// beside an error.
	Assign(ctx context.Context, req AssignRequest) (AssignResult, error)
	// Unassign takes a profile from devices, only where they still have it.
	Unassign(ctx context.Context, req UnassignRequest) (AssignResult, error)
	// Withdraw forgets what is still pending for devices: they are no longer
	// wanted on the profile.
	Withdraw(ctx context.Context, tokenID, profileID string, serialNumbers []string) error
}

// Warning is something that a person should know and that did not stop the
// work.
type Warning struct {
	Summary string
	Detail  string
}
