package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
)

// Assignment is how many assign requests Apple got.
type Assignment struct {
	Devices int `json:"devices"`
	// All is for giving all devices a profile, OneMore for one device beside those, Unchanged for asking the same again.
	All       Count `json:"all"`
	OneMore   Count `json:"one_more"`
	Unchanged Count `json:"unchanged"`
}

// Count is a number of requests and what they took.
type Count struct {
	Requests int          `json:"requests"`
	Want     int          `json:"want"`
	Wall     Milliseconds `json:"wall_ms"`
}

// assign gives a profile to devices, to one more, and once more to the same.
func (b *bench) assign(ctx context.Context, devices int) (out Assignment, err error) {
	dir, err := os.MkdirTemp(b.dir, "assign-")
	if err != nil {
		return out, fmt.Errorf("making a directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var job SyncJob
	ours := embeddedService{now: b.Now, sync: func(_ context.Context, j SyncJob) (measurement, error) {
		job = j
		return measurement{}, nil
	}}
	server, noteJob, err := ours.prepare(ctx, dir, b.apple)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, b.apple.deleteServer(ctx, server)) }()
	if _, err := noteJob(ctx); err != nil {
		return out, err
	}
	if err := b.apple.AssignDevices(ctx, server, devices+1); err != nil {
		return out, err
	}
	service, err := job.open(ctx, b.Now, httpx.Options{})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	return b.assignments(ctx, service, job.TokenID, devices)
}

func (b *bench) assignments(ctx context.Context, service *embedded.Service, tokenID string, devices int) (Assignment, error) {
	out := Assignment{Devices: devices}
	serials, profileID, err := schoolReady(ctx, service, tokenID)
	if err != nil {
		return out, err
	}
	if len(serials) != devices+1 {
		return out, fmt.Errorf("the school has %d devices, not %d", len(serials), devices+1)
	}
	steps := []struct {
		what    string
		devices []string
		want    int
		count   *Count
	}{
		{"giving all devices a profile", serials[:devices], (devices + enrollment.MaxBatch - 1) / enrollment.MaxBatch, &out.All},
		{"moving one more device", serials, 1, &out.OneMore},
		{"asking the same again", serials, 0, &out.Unchanged},
	}
	var wrong []error
	for _, step := range steps {
		request := enrollment.AssignRequest{TokenID: tokenID, ProfileID: profileID, Holder: "bench", SerialNumbers: step.devices}
		*step.count, err = b.countedAssign(ctx, service, request, step.want)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", step.what, err))
		}
	}
	return out, errors.Join(wrong...)
}

// schoolReady syncs, and makes a profile.
func schoolReady(ctx context.Context, service *embedded.Service, tokenID string) (serials []string, profileID string, err error) {
	if _, err := service.Sync(ctx, enrollment.SyncRequest{TokenID: tokenID, Kind: enrollment.FullSync, Wait: true}); err != nil {
		return nil, "", fmt.Errorf("syncing: %w", err)
	}
	for d, err := range service.Devices(ctx, tokenID, enrollment.DeviceFilter{}) {
		if err != nil {
			return nil, "", fmt.Errorf("reading the devices: %w", err)
		}
		serials = append(serials, d.SerialNumber)
	}
	result, err := service.CreateProfile(ctx, enrollment.ProfileSpec{TokenID: tokenID, Name: "Carts", Supervised: true})
	if err != nil {
		return nil, "", fmt.Errorf("creating a profile: %w", err)
	}
	return serials, result.Profile.ID, nil
}

// countedAssign assigns, and counts the requests that Apple got.
func (b *bench) countedAssign(ctx context.Context, service *embedded.Service, request enrollment.AssignRequest, want int) (Count, error) {
	if err := b.apple.clearRequests(ctx); err != nil {
		return Count{}, err
	}
	began := b.Now()
	result, err := service.Assign(ctx, request)
	count := Count{Want: want, Wall: Milliseconds(b.Now().Sub(began))}
	if err != nil {
		return count, fmt.Errorf("assigning: %w", err)
	}
	requests, err := b.apple.requests(ctx)
	if err != nil {
		return count, err
	}
	count.Requests = requests.Requests[assignCall] + requests.Requests[assignCallToo]
	fmt.Fprintf(b.Log, "assigning %d devices: %d requests, %s\n", len(request.SerialNumbers), count.Requests, time.Duration(count.Wall).Round(time.Millisecond))
	switch {
	case count.Requests != want:
		return count, fmt.Errorf("%d devices took %d requests, want exactly %d", len(request.SerialNumbers), count.Requests, want)
	case result.Requests != want:
		return count, fmt.Errorf("the service says that it sent %d requests, and it sent %d", result.Requests, want)
	case len(result.Done)+len(result.Unchanged) != len(request.SerialNumbers):
		return count, fmt.Errorf("%d devices were done and %d unchanged, of %d", len(result.Done), len(result.Unchanged), len(request.SerialNumbers))
	case requests.MaxAssignSends > 1 || requests.MaxAssignDevices > enrollment.MaxBatch || len(requests.Violations) > 0:
		return count, fmt.Errorf("a device was sent %d times, a request had %d devices", requests.MaxAssignSends, requests.MaxAssignDevices)
	}
	return count, nil
}
