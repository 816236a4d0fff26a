package enrollment

import "time"

// SyncKind is how much a sync asks Apple for.
type SyncKind string

// The kinds of sync.
const (
	// FullSync fetches every device that the server has.
	FullSync SyncKind = "full"
	// IncrementalSync asks what changed since the last one.
	IncrementalSync SyncKind = "incremental"
	// RecoverySync is a full fetch that Apple forces: the cursor was refused, or
	// the server token now stands for another server.
	RecoverySync SyncKind = "recovery"
)

// SyncState is how a run stands.
type SyncState string

// The states of a run.
const (
	SyncRunning  SyncState = "running"
	SyncFinished SyncState = "finished"
	SyncFailed   SyncState = "failed"
	// SyncPaused: the 15 minutes passed first, or whoever ran it was interrupted;
	// the next run goes on from the stored page.
	SyncPaused SyncState = "paused"
)

// SyncRequest asks for a sync.
type SyncRequest struct {
	TokenID string
	Kind    SyncKind
	// Wait makes the call return only when the run has ended or its time is up.
	Wait bool
	// Progress, when not nil, is called after each stored page, and must not wait
	// for anything: the run waits for it. Also where the run is somebody else's.
	Progress func(SyncProgress)
}

// SyncProgress is how far a run has come.
type SyncProgress struct {
	Kind      SyncKind
	StartedAt time.Time
	Pages     int
	// Devices is the number of devices on those pages. Intune tells of no pages:
	// there it is the number of devices that the token had before.
	Devices int
	// Joined: the run was started by somebody else.
	Joined bool
}

// SyncRun is one sync.
type SyncRun struct {
	ID      string
	TokenID string
	// Asked is the kind that was asked for, Kind the one that ran: the least that
	// it can have been where the service decides and does not say (Intune), and
	// empty in a SyncStatus of such a service.
	Asked SyncKind
	Kind  SyncKind
	State SyncState
	// Joined: the run was started by somebody else.
	Joined     bool
	StartedAt  time.Time
	FinishedAt time.Time
	Pages      int
	Devices    int
	Added      int
	Removed    int
	// Assigned is the number of devices that got a pending or default profile.
	Assigned int
	// Reason says why Kind differs from Asked; empty when it does not.
	Reason string
	// Err is what a failed run failed with.
	Err      string
	Warnings []Warning
}

// SyncStatus is what may happen when.
type SyncStatus struct {
	TokenID string
	// Running is the run that holds the token now, nil when none does.
	Running *SyncRun
	// Last is the last run that ended well, nil when none did.
	Last *SyncRun
	// LastFullAt and LastRecoveryAt are when the last ones were started.
	LastFullAt     time.Time
	LastRecoveryAt time.Time
	// NextSyncAt is when any sync may start, NextFullAt when a full one may; zero
	// is now.
	NextSyncAt time.Time
	NextFullAt time.Time
	// FullRunsAs is what a full sync is run as if it starts next, and FullReason
	// says why where that is another kind. Empty where none may start.
	FullRunsAs SyncKind
	FullReason string
	// LastError is what the last run failed with, empty when it ended well.
	LastError   string
	DeviceCount int
}
