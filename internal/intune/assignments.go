package intune

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// Reasons of devices that failed, before what is known of them.
const (
	reasonRefused = "REFUSED"
	// reasonNotVisible: Graph took the assignment, and does not show it.
	reasonNotVisible = "NOT_VISIBLE"
	// reasonNotVerified: it was sent, and it was not found out what became of it.
	reasonNotVerified = "NOT_VERIFIED"
)

// Assign implements enrollment.AssignmentService, for classic profiles and mirrored policies. Devices are compared with the
// one read of this Service, only the difference is sent, and what was sent is read back: Graph answers 204 whatever becomes
// of it. What Graph does not show within Config.VisibleWithin failed. Of holders, pending devices and Apple's cooldown Graph
// knows nothing: missing devices are not kept, so that a later Assign has to name them again.
func (s *Service) Assign(ctx context.Context, req enrollment.AssignRequest) (enrollment.AssignResult, error) {
	serials, err := enrollment.NormalSerials(req.SerialNumbers)
	if err != nil {
		return enrollment.AssignResult{}, err
	}
	p, err := s.known(ctx, req.TokenID, req.ProfileID)
	if err != nil || len(serials) == 0 {
		return enrollment.AssignResult{}, err
	}
	about, err := s.aboutDevices(ctx, req.TokenID)
	if err != nil {
		return enrollment.AssignResult{}, err
	}
	job := assignJob{service: s, fleet: s.fleets.of(req.TokenID), req: req, about: about, profileID: p.ID}
	return job.run(ctx, serials)
}

// assignJob is one request to give devices a profile.
type assignJob struct {
	service *Service
	fleet   *fleet
	req     enrollment.AssignRequest
	about   aboutDevices
	// profileID is the profile as Graph lists it: updateDeviceProfileAssignment takes that spelling for mirrors, too.
	profileID string

	result enrollment.AssignResult
	// sent were accepted, doubtful may have been.
	sent, doubtful []string
	// halved is how many requests were spent on finding the devices that Graph refuses.
	halved int
}

// run compares and sends while nobody else of this process does so for the token, and reads back when others may again.
func (j *assignJob) run(ctx context.Context, serials []string) (enrollment.AssignResult, error) {
	sendErr := j.compareAndSend(ctx, serials)
	readErr := j.readBack(ctx)
	slices.Sort(j.result.Done)
	if sendErr != nil {
		return j.result, sendErr // the other one is of the same trouble
	}
	return j.result, readErr
}

func (j *assignJob) compareAndSend(ctx context.Context, serials []string) error {
	arrived := j.fleet.next()
	unlock, err := j.fleet.writer.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	devices, err := j.service.current(ctx, j.fleet, serials, j.about.size, arrived)
	if err != nil {
		return err
	}
	var different []string
	for _, serial := range serials {
		if d, known := devices[serial]; j.judge(serial, d, known) {
			different = append(different, serial)
		}
	}
	if err := j.nameConflicts(ctx); err != nil {
		return err
	}
	if len(different) > 0 {
		// Without a server token that works Graph would take everything, and nothing would ever reach Apple.
		if _, err := j.service.usableToken(ctx, j.req.TokenID); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(different, j.service.config.BatchSize) {
		if err := j.send(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// judge tells whether a device is to be sent, and otherwise puts it in the list that it belongs in. Ids of profiles are
// compared by what all spellings have in common.
func (j *assignJob) judge(serial string, d identity, known bool) (send bool) {
	has, wanted := "", keyOf(j.profileID)
	if !noProfile(d.profile) {
		has = keyOf(d.profile)
	}
	switch {
	case !known:
		j.result.Missing = append(j.result.Missing, serial)
	case has == wanted:
		j.result.Unchanged = append(j.result.Unchanged, serial)
	case j.req.OnlyFrom != "" && has != keyOf(j.req.OnlyFrom):
		j.result.Unchanged = append(j.result.Unchanged, serial) // it is somebody else's by now
	case j.req.OnlyFrom == "" && !j.free(d, has):
		j.result.Conflicts = append(j.result.Conflicts, enrollment.DeviceConflict{SerialNumber: serial, ProfileID: d.profile})
	default:
		return true
	}
	return false
}

// free tells whether a device may be taken from the profile that it has.
func (j *assignJob) free(d identity, has string) bool {
	takeOver := enrollment.TakeOver{Any: j.req.TakeOver.Any}
	for _, id := range j.req.TakeOver.ProfileIDs {
		takeOver.ProfileIDs = append(takeOver.ProfileIDs, keyOf(id))
	}
	platform := enrollment.PlatformOf(d.family())
	return takeOver.From(enrollment.Device{ProfileID: has, OnDefault: j.about.isDefault(platform, d.profile)})
}

// nameConflicts writes the profiles of conflicts as Graph lists them.
func (j *assignJob) nameConflicts(ctx context.Context) error {
	for i, c := range j.result.Conflicts {
		id, err := j.service.listedID(ctx, j.req.TokenID, c.ProfileID)
		if err != nil {
			return err
		}
		j.result.Conflicts[i].ProfileID = id
	}
	return nil
}

// mostHalved bounds the requests that look for the devices that batches are refused for: some 20 find one among 1,000.
const mostHalved = 64

// send sends one batch. One that is refused for its content (400 in the main) is sent again in halves, so that a single device
// does not keep the others from their profile; what is left of it fails, and the next batch may do better. Anything else would
// meet the next one, too, and ends the sending.
func (j *assignJob) send(ctx context.Context, batch []string) error {
	path := profilePath(j.req.TokenID, j.profileID) + "/updateDeviceProfileAssignment"
	body := map[string][]string{"deviceIds": batch} // serial numbers, an array also of one
	// Before it goes out: a read that is under way may or may not show it.
	j.fleet.remember(batch, j.profileID)
	err := j.service.onceThere(ctx, j.req.TokenID, j.profileID, func(ctx context.Context) error {
		// Sent twice it does the same, so it may be repeated where no answer came.
		_, err := j.service.graph.Send(ctx, http.MethodPost, path, body, nil, true)
		return err
	})
	switch {
	case err == nil:
		j.result.Requests++
		j.sent = append(j.sent, batch...)
		return nil
	case inDoubt(err):
		j.result.Requests++
		j.doubtful = append(j.doubtful, batch...)
	default:
		j.fleet.settle(batch, j.profileID)
	}
	err = j.service.failed(fmt.Sprintf("give enrollment profile %s to %s of token %s", j.profileID, enrollment.Count(len(batch), "device"), j.req.TokenID), err)
	if !errors.Is(err, enrollment.ErrInvalid) {
		return err
	}
	if half := len(batch) / 2; half > 0 && j.halved+2 <= mostHalved {
		j.halved += 2
		if err := j.send(ctx, batch[:half]); err != nil {
			return err
		}
		return j.send(ctx, batch[half:])
	}
	j.fail(batch, reasonRefused, err.Error())
	return nil
}

func (j *assignJob) fail(serials []string, reason, why string) {
	for _, serial := range serials {
		j.result.Failed = append(j.result.Failed, enrollment.DeviceFailure{SerialNumber: serial, Reason: reason + ": " + why})
	}
}

// readBack waits until Graph shows what was sent. What may have been sent is waited for a shorter time, and what of it does
// not show stays unmentioned: as far as is known it was not sent.
func (j *assignJob) readBack(ctx context.Context) error {
	left, err := j.await(ctx, j.sent, j.service.config.VisibleWithin)
	j.fleet.settle(j.sent, j.profileID)
	if err != nil {
		j.fail(left, reasonNotVerified, "Microsoft Graph took the assignment, and it could not be read back")
	} else {
		j.fail(left, reasonNotVisible, fmt.Sprintf("Microsoft Graph took the assignment and does not show it after %s", j.service.config.VisibleWithin))
	}
	if err == nil {
		_, err = j.await(ctx, j.doubtful, findOutWithin)
	}
	j.fleet.settle(j.doubtful, j.profileID)
	return err
}

// await looks for devices until they have the profile, adds them to those that are done, and gives those that are left. Where
// looking at all of them means reading many pages, some are looked at first after each pause, until one of them shows.
func (j *assignJob) await(ctx context.Context, serials []string, limit time.Duration) (left []string, err error) {
	left = serials
	if len(left) == 0 {
		return nil, nil
	}
	looks, sampled := 0, false
	_, err = j.service.within(ctx, limit, func(ctx context.Context) (bool, error) {
		looks++
		if sample := j.fleet.sample(left, j.about.size); looks > 1 && sample != nil {
			found, err := j.service.fresh(ctx, j.fleet, sample, j.about.size, j.fleet.next())
			if sampled = err == nil && !slices.ContainsFunc(sample, func(serial string) bool { return j.shows(found[serial]) }); sampled || err != nil {
				return false, err
			}
		}
		left, err = j.look(ctx, left)
		return len(left) == 0, err
	})
	if err == nil && sampled {
		left, err = j.look(ctx, left)
	}
	return left, err
}

// look looks at devices once, adds those that have the profile to those that are done, and gives those that are left.
func (j *assignJob) look(ctx context.Context, serials []string) (left []string, err error) {
	found, err := j.service.fresh(ctx, j.fleet, serials, j.about.size, j.fleet.next())
	if err != nil {
		return serials, err
	}
	var shown []string
	for _, serial := range serials {
		if j.shows(found[serial]) {
			shown = append(shown, serial)
		} else {
			left = append(left, serial)
		}
	}
	j.fleet.settle(shown, j.profileID)
	j.result.Done = append(j.result.Done, shown...)
	return left, nil
}

// shows tells whether a device has the profile.
func (j *assignJob) shows(d identity) bool {
	return !noProfile(d.profile) && keyOf(d.profile) == keyOf(j.profileID)
}

// Unassign implements enrollment.AssignmentService. Graph has no request that takes a profile away. Letting go of devices
// that keep their profile needs none: Graph does not know who holds what.
func (s *Service) Unassign(ctx context.Context, req enrollment.UnassignRequest) (enrollment.AssignResult, error) {
	if !req.OnlyRelease {
		return enrollment.AssignResult{}, enrollment.Unsupported(enrollment.Intune, "cannot take a profile from a device: Microsoft Graph has no request for it",
			`Give the devices another profile (on_leave = "fallback" with fallback_profile_id), or leave them theirs (on_leave = "keep").`)
	}
	serials, err := enrollment.NormalSerials(req.SerialNumbers)
	if err != nil || len(serials) == 0 {
		return enrollment.AssignResult{}, err
	}
	about, err := s.aboutDevices(ctx, req.TokenID)
	if err != nil {
		return enrollment.AssignResult{}, err
	}
	devices, _, err := s.named(ctx, s.fleets.of(req.TokenID), serials, about.size, 0)
	if err != nil {
		return enrollment.AssignResult{}, err
	}
	var result enrollment.AssignResult
	for _, serial := range serials {
		if _, known := devices[serial]; known {
			result.Unchanged = append(result.Unchanged, serial)
		} else {
			result.Missing = append(result.Missing, serial)
		}
	}
	return result, nil
}

// Withdraw implements enrollment.AssignmentService: Graph keeps nothing pending.
func (s *Service) Withdraw(context.Context, string, string, []string) error { return nil }
