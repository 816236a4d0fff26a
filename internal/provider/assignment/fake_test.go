package assignment_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// fake is an enrollment service in memory with one token, t1. What a test does
// not touch works.
type fake struct {
	enrollment.Service
	kind      enrollment.Kind
	store     enrollment.Store
	storeErr  error
	clock     time.Time
	token     enrollment.Token
	profiles  []string
	defaultID string
	devices   map[string]*enrollment.Device
	// wishes are the profiles that devices are pending for.
	wishes map[string]string
	// claims are the assignments that want a profile that a device has already.
	claims map[string][]string

	// refuse gives the service's word for devices that it refuses, and throttle
	// how long a device that is sent cools down instead of changing.
	refuse   map[string]string
	throttle map[string]time.Duration
	// failAt is the number of the request that fails before anything of it was
	// done, counted from 1; 0 is none.
	failAt int
	// lists counts full reads of the token.
	lists int

	// requests are the requests that went out, sends how often each device was
	// in one, and path the profiles that each device had one after the other.
	requests [][]string
	sends    map[string]int
	path     map[string][]string
}

func newFake(devices ...string) *fake {
	f := &fake{
		kind: enrollment.Embedded, store: enrollment.Store{ID: "store-1", Location: "memory", Tokens: 1},
		clock:    time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC),
		profiles: []string{"default", "p1", "p2", "p3", "spare"},
		devices:  map[string]*enrollment.Device{}, wishes: map[string]string{}, claims: map[string][]string{}, refuse: map[string]string{}, throttle: map[string]time.Duration{},
		sends: map[string]int{}, path: map[string][]string{},
	}
	f.token = enrollment.Token{ID: "t1", TokenSpec: enrollment.TokenSpec{Name: "District"}, Status: enrollment.Active, LastSyncedAt: f.clock.Add(-time.Hour)}
	f.put("", devices...)
	return f
}

// put is what somebody does in Apple School Manager or elsewhere: devices get a
// profile, and come to the token where they were not on it.
func (f *fake) put(profileID string, serials ...string) {
	for _, s := range serials {
		f.devices[s] = &enrollment.Device{SerialNumber: s, ProfileID: profileID, ProfileStatus: enrollment.StatusAssigned}
	}
}

// held is put by another assignment.
func (f *fake) held(profileID, holder string, serials ...string) {
	f.put(profileID, serials...)
	for _, s := range serials {
		f.devices[s].Holder = holder
	}
}

func (f *fake) lose(serials ...string) {
	for _, s := range serials {
		delete(f.devices, s)
	}
}

// on lists the devices of a profile.
func (f *fake) on(profileID string) []string {
	var out []string
	for _, s := range slices.Sorted(maps.Keys(f.devices)) {
		if f.devices[s].ProfileID == profileID {
			out = append(out, s)
		}
	}
	return out
}

func (f *fake) view(s string) enrollment.Device {
	d := *f.devices[s]
	d.OnDefault = f.defaultID != "" && d.ProfileID == f.defaultID
	return d
}

func (f *fake) Kind() enrollment.Kind { return f.kind }

func (f *fake) Store(context.Context) (enrollment.Store, error) { return f.store, f.storeErr }

func (f *fake) ReadToken(_ context.Context, id string) (enrollment.Token, error) {
	if id != f.token.ID {
		return enrollment.Token{}, enrollment.NotFound("token", id)
	}
	return f.token, nil
}

func (f *fake) ReadProfile(_ context.Context, ref enrollment.ProfileRef) (enrollment.Profile, error) {
	if ref.TokenID != f.token.ID || !slices.Contains(f.profiles, ref.ID) {
		return enrollment.Profile{}, enrollment.NotFound("enrollment profile", ref.ID)
	}
	return enrollment.Profile{ID: ref.ID}, nil
}

func (f *fake) ProfileName(context.Context, enrollment.ProfileRef) (string, error) { return "", nil }

func (f *fake) Devices(_ context.Context, tokenID string, filter enrollment.DeviceFilter) iter.Seq2[enrollment.Device, error] {
	return func(yield func(enrollment.Device, error) bool) {
		if tokenID != f.token.ID {
			yield(enrollment.Device{}, enrollment.NotFound("token", tokenID))
			return
		}
		if filter.SerialNumbers == nil {
			f.lists++
		}
		for _, s := range slices.Sorted(maps.Keys(f.devices)) {
			if d := f.view(s); filter.Matches(d) && !yield(d, nil) {
				return
			}
		}
	}
}

func (f *fake) Assign(ctx context.Context, req enrollment.AssignRequest) (enrollment.AssignResult, error) {
	var result enrollment.AssignResult
	if _, err := f.ReadProfile(ctx, enrollment.ProfileRef{TokenID: req.TokenID, ID: req.ProfileID}); err != nil {
		return result, err
	}
	var send []string
	for _, s := range req.SerialNumbers {
		if _, ok := f.devices[s]; !ok {
			result.Missing = append(result.Missing, s)
			if req.KeepPending {
				f.wishes[s] = req.ProfileID
			}
			continue
		}
		switch d := f.view(s); {
		case req.OnlyFrom != "" && d.ProfileID == req.OnlyFrom && f.keeps(s, req.OnlyHeldBy):
			f.letGo(s, req.OnlyHeldBy)
			result.Unchanged = append(result.Unchanged, s)
		case d.ProfileID == req.ProfileID, req.OnlyFrom != "" && d.ProfileID != req.OnlyFrom:
			f.claim(s, req)
			result.Unchanged = append(result.Unchanged, s)
		case req.OnlyFrom == "" && !req.TakeOver.From(d):
			result.Conflicts = append(result.Conflicts, enrollment.DeviceConflict{SerialNumber: s, ProfileID: d.ProfileID, Holder: d.Holder})
		default:
			send = append(send, s)
		}
	}
	err := f.send(send, req.ProfileID, req.Holder, &result)
	return result, err
}

func (f *fake) Unassign(_ context.Context, req enrollment.UnassignRequest) (enrollment.AssignResult, error) {
	var result enrollment.AssignResult
	var send []string
	for _, s := range req.SerialNumbers {
		switch d, ok := f.devices[s]; {
		case !ok:
			result.Missing = append(result.Missing, s)
		case d.ProfileID != req.ProfileID, f.keeps(s, req.Holder), req.OnlyRelease:
			f.letGo(s, req.Holder)
			result.Unchanged = append(result.Unchanged, s)
		default:
			send = append(send, s)
		}
	}
	err := f.send(send, "", "", &result)
	return result, err
}

// keeps tells whether another assignment than the one that lets go of a device
// holds it or has a claim on it.
func (f *fake) keeps(s, leaver string) bool {
	if leaver == "" {
		return false
	}
	d := f.devices[s]
	return d.Holder != "" && d.Holder != leaver || slices.ContainsFunc(f.claims[s], func(id string) bool { return id != leaver })
}

// claim notes who asks for a profile that a device has from somebody else.
func (f *fake) claim(s string, req enrollment.AssignRequest) {
	if d := f.devices[s]; d.ProfileID == req.ProfileID && req.Holder != "" && d.Holder != req.Holder {
		f.claims[s] = append(f.claims[s], req.Holder)
	}
}

func (f *fake) letGo(s, leaver string) {
	f.claims[s] = slices.DeleteFunc(f.claims[s], func(id string) bool { return id == leaver })
	if d := f.devices[s]; d.Holder == leaver {
		d.Holder = ""
	}
}

func (f *fake) Withdraw(_ context.Context, _, profileID string, serials []string) error {
	for _, s := range serials {
		if f.wishes[s] == profileID {
			delete(f.wishes, s)
		}
	}
	return nil
}

func (f *fake) send(serials []string, profileID, holder string, result *enrollment.AssignResult) error {
	for _, batch := range enrollment.Batches(serials) {
		f.requests = append(f.requests, batch)
		result.Requests++
		if len(f.requests) == f.failAt {
			return &enrollment.Error{Kind: enrollment.ErrUnavailable, What: fmt.Sprintf("Apple answered 503 to request %d", f.failAt), Do: "Try again later."}
		}
		for _, s := range batch {
			f.sends[s]++
			f.one(s, profileID, holder, result)
		}
	}
	return nil
}

func (f *fake) one(s, profileID, holder string, result *enrollment.AssignResult) {
	d := f.devices[s]
	if reason := f.refuse[s]; reason != "" {
		result.Failed = append(result.Failed, enrollment.DeviceFailure{SerialNumber: s, Reason: reason})
		return
	}
	if cool := f.throttle[s]; cool > 0 {
		d.ThrottledUntil = f.clock.Add(cool)
		result.Throttled = append(result.Throttled, enrollment.ThrottledDevice{SerialNumber: s, Until: d.ThrottledUntil})
		return
	}
	d.ProfileID, d.Holder = profileID, holder
	f.path[s] = append(f.path[s], profileID)
	result.Done = append(result.Done, s)
}

// listener hears what a fake is asked to assign.
type listener struct {
	*fake
	heard func([]string)
}

func (l *listener) Assign(ctx context.Context, req enrollment.AssignRequest) (enrollment.AssignResult, error) {
	l.heard(req.SerialNumbers)
	return l.fake.Assign(ctx, req)
}

// silent fails after a request of which nothing is known.
type silent struct{ *fake }

func (l *silent) Assign(context.Context, enrollment.AssignRequest) (enrollment.AssignResult, error) {
	return enrollment.AssignResult{Requests: 1}, &enrollment.Error{Kind: enrollment.ErrUnanswered, What: "Apple did not answer"}
}

// warner has something to say.
type warner struct{ *fake }

func (l *warner) Assign(ctx context.Context, req enrollment.AssignRequest) (enrollment.AssignResult, error) {
	result, err := l.fake.Assign(ctx, req)
	result.Warnings = append(result.Warnings, enrollment.Warning{Summary: "A word", Detail: "of warning"})
	return result, err
}

// clockwatcher notes how long a request may take.
type clockwatcher struct {
	*fake
	left time.Duration
}

func (l *clockwatcher) note(ctx context.Context) {
	if until, ok := ctx.Deadline(); ok {
		l.left = time.Until(until)
	}
}

func (l *clockwatcher) Assign(ctx context.Context, req enrollment.AssignRequest) (enrollment.AssignResult, error) {
	l.note(ctx)
	return l.fake.Assign(ctx, req)
}

func (l *clockwatcher) Unassign(ctx context.Context, req enrollment.UnassignRequest) (enrollment.AssignResult, error) {
	l.note(ctx)
	return l.fake.Unassign(ctx, req)
}
