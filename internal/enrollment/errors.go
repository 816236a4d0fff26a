package enrollment

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The kinds of error. Match them with errors.Is; an *Error says what happened,
// to what, and what to do.
var (
	// ErrNotFound: there is no such token, profile or device.
	ErrNotFound = errors.New("not found")
	// ErrTermsNotAccepted: Apple has new terms that nobody has accepted yet.
	ErrTermsNotAccepted = errors.New("terms not accepted")
	// ErrTokenExpired: the server token's year is over.
	ErrTokenExpired = errors.New("server token expired")
	// ErrTokenRevoked: the server token was replaced or revoked.
	ErrTokenRevoked = errors.New("server token revoked")
	// ErrNoServerToken: the token is still waiting for its server token.
	ErrNoServerToken = errors.New("awaiting server token")
	// ErrWrongKey: a server token is encrypted for another public key.
	ErrWrongKey = errors.New("wrong key")
	// ErrBadServerToken: a file is not a usable server token.
	ErrBadServerToken = errors.New("bad server token")
	// ErrWrongAccount: the Apple account is not of the kind that is wanted.
	ErrWrongAccount = errors.New("wrong account")
	// ErrUnsupported: this service cannot do that.
	ErrUnsupported = errors.New("unsupported")
	// ErrConflict: somebody else holds what is asked for.
	ErrConflict = errors.New("conflict")
	// ErrInUse: something still depends on what is to be deleted.
	ErrInUse = errors.New("in use")
	// ErrInvalid: the service refused a value.
	ErrInvalid = errors.New("invalid")
	// ErrWrongStore: state names another store than the one that is open.
	ErrWrongStore = errors.New("wrong store")
	// ErrStoreVersion: the store was written by another version.
	ErrStoreVersion = errors.New("store version")
	// ErrUnanswered: a request went out and no answer came; what it did is found
	// out before anything is sent again.
	ErrUnanswered = errors.New("no answer")
	// ErrNotShown: a request was accepted, and what it did could not be seen: it
	// shows late, or reading failed. What was asked for counts as done.
	ErrNotShown = errors.New("not shown")
	// ErrPermission: the account that signed in lacks a permission.
	ErrPermission = errors.New("permission missing")
	// ErrSignIn: nobody could be signed in.
	ErrSignIn = errors.New("sign-in failed")
	// ErrClassicRefused: the tenant makes no more classic enrollment profiles;
	// enrollment policies are their successor.
	ErrClassicRefused = errors.New("classic profile refused")
	// ErrUnavailable: the service could not be reached or is in trouble.
	ErrUnavailable = errors.New("unavailable")
	// ErrThrottled and ErrSyncInProgress are what the errors that carry a time
	// match.
	ErrThrottled      = errors.New("throttled")
	ErrSyncInProgress = errors.New("sync in progress")
)

// Error is an error that a person can act on.
type Error struct {
	// Kind is one of the errors above.
	Kind error
	// What happened, to which token, profile or serial number.
	What string
	// Do says what to do next.
	Do string
	// Field is the attribute that is to blame, in the provider's words, if one
	// is.
	Field string
	// Err is the cause, if there is one worth showing.
	Err error
}

// Error gives the whole text: what happened, the cause, what to do.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(e.What, "."))
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(strings.TrimSuffix(e.Err.Error(), "."))
	}
	b.WriteString(".")
	if e.Do != "" {
		b.WriteString(" ")
		b.WriteString(e.Do)
	}
	return b.String()
}

// Unwrap lets errors.Is find both the kind and the cause.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Err} }

// NotFound says that a thing does not exist.
func NotFound(thing, id string) error {
	return &Error{Kind: ErrNotFound, What: fmt.Sprintf("There is no %s %q", thing, id)}
}

// Unsupported says that a service cannot do something.
func Unsupported(kind Kind, what, do string) error {
	return &Error{Kind: ErrUnsupported, What: fmt.Sprintf("The %s service %s", kind, what), Do: do}
}

// ThrottledError says that Apple's traffic rules, or the service's, forbid a
// request before Until.
type ThrottledError struct {
	What  string
	Until time.Time
}

// Error names the time in UTC.
func (e *ThrottledError) Error() string {
	return fmt.Sprintf("%s. It may run again at %s. Apply again after that time.", e.What, e.Until.UTC().Format(time.RFC3339))
}

// Is makes errors.Is(err, ErrThrottled) true.
func (e *ThrottledError) Is(target error) bool { return target == ErrThrottled }

// SyncInProgressError says that another sync has the token until Until at the
// latest.
type SyncInProgressError struct {
	TokenID string // or its name and id, as messages have it
	Since   time.Time
	Until   time.Time
}

// Error names both times in UTC.
func (e *SyncInProgressError) Error() string {
	return fmt.Sprintf("A sync of token %s has been running since %s. Another may start when it has ended, at %s at the latest.",
		e.TokenID, e.Since.UTC().Format(time.RFC3339), e.Until.UTC().Format(time.RFC3339))
}

// Is makes errors.Is(err, ErrSyncInProgress) true.
func (e *SyncInProgressError) Is(target error) bool { return target == ErrSyncInProgress }

// CheckStore refuses to work on a store that is not the one that state names.
// An empty name means that the state knows none yet.
func CheckStore(named string, open Store) error {
	if named == "" || named == open.ID {
		return nil
	}
	found := fmt.Sprintf("%s is store %s", open.Location, open.ID)
	if open.ID == "" || open.Tokens == 0 {
		found = open.Location + " is empty"
	}
	// Both kinds of store have a GUID for a name, so that state does not tell which it was.
	do := "Restore the store, or point `store` in the provider's `embedded` configuration at it. " +
		"If this state was written with Microsoft Intune, its store is the tenant: give the provider block `intune` again."
	if open.Kind == Intune {
		found = fmt.Sprintf("the provider is signed in to %s", open.Location)
		do = "Sign in to the tenant that this state belongs to: see `tenant_id` in the provider's `intune` configuration. " +
			"State that an embedded service wrote cannot be taken over by Intune; start with a state of its own."
	}
	return &Error{
		Kind: ErrWrongStore,
		What: fmt.Sprintf("This state belongs to store %s, and %s. Nothing was changed", named, found),
		Do:   do,
	}
}
