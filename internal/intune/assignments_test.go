package intune

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

const assignments = "updateDeviceProfileAssignment"

func (f *fleetFake) assign1(s *Service, id string, serials []string) enrollment.AssignResult {
	f.Helper()
	result, err := s.Assign(f.Context(), enrollment.AssignRequest{TokenID: fleetToken, ProfileID: id, SerialNumbers: serials})
	if err != nil {
		f.Fatal(err)
	}
	return result
}

func TestAnAssignmentCostsNoMoreRequestsThanItMust(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	id := f.addProfile(studentsID, "Students")
	serials := f.addDevices(5000)
	result := f.assign1(s, id, serials)
	if !slices.Equal(result.Done, serials) || result.Requests != 5 || f.count(assignments) != 5 {
		t.Errorf("%d done in %d requests, %d sent", len(result.Done), result.Requests, f.count(assignments))
	}
	if f.count(fullRead) != 10 || f.count(singleRead) != 0 {
		t.Errorf("%d pages, want 5 to compare and 5 to read back", f.count(fullRead))
	}
	result = f.assign1(s, strings.ToUpper(studentsID), serials)
	if len(result.Unchanged) != 5000 || result.Requests != 0 || f.count(fullRead) != 10 {
		t.Errorf("again: %d unchanged, %d requests, %d pages", len(result.Unchanged), result.Requests, f.count(fullRead))
	}
}

func TestWhoWroteDuringAReadWaitsForTheNextAndSharesIt(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	f.addDevices(3)
	fl := s.fleets.of(fleetToken)
	before, _ := fl.begin(0, f.clock()) // under way as the others write
	var group sync.WaitGroup
	number := fl.next()
	for range 5 {
		group.Go(func() {
			if err := s.load(t.Context(), fl, number); err != nil {
				t.Error(err)
			}
		})
	}
	fl.end(before, &view{}, nil)
	group.Wait()
	if got := listDevices(t, s, enrollment.DeviceFilter{}); len(got) != 3 || f.count(fullRead) != 1 {
		t.Errorf("%d devices in %d reads, want 3 in 1", len(got), f.count(fullRead))
	}
}

func TestWhatIsSentOfAnAssignment(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	mirror := f.addPolicy(policyID, "Pupils")
	serials := f.addDevices(2)
	result := f.assign1(s, policyID, []string{" " + strings.ToLower(serials[0]), serials[0]})
	if !slices.Equal(result.Done, serials[:1]) {
		t.Errorf("%+v", result)
	}
	golden(t, "assignment.json", f.lastBody(assignments))
	if f.count("POST /enrollmentProfiles/"+mirror+"/"+assignments) != 1 {
		t.Errorf("a mirrored policy is named as it is listed: %v", f.requests)
	}
	_, err := s.Assign(t.Context(), enrollment.AssignRequest{TokenID: fleetToken, ProfileID: mirror, SerialNumbers: []string{"not a serial"}})
	if !errors.Is(err, enrollment.ErrInvalid) {
		t.Errorf("error %v", err)
	}
}

func TestWhatBecomesOfADevice(t *testing.T) {
	t.Parallel()
	const def = policyID
	for name, c := range map[string]struct {
		has      string // "-" is no device of the token
		takeOver enrollment.TakeOver
		onlyFrom string
		want     string
	}{
		"it has no profile":                    {has: "", want: "done"},
		"it has the profile":                   {has: studentsID, want: "unchanged"},
		"it has the profile, only from others": {has: studentsID, onlyFrom: teachersID, want: "unchanged"},
		"it has the profile that it leaves":    {has: studentsID, onlyFrom: studentsID, want: "unchanged"},
		"it has another":                       {has: teachersID, want: "conflict"},
		"it may be taken from any":             {has: teachersID, takeOver: enrollment.TakeOver{Any: true}, want: "done"},
		"it may be taken from that":            {has: teachersID, takeOver: enrollment.TakeOver{ProfileIDs: []string{fleetToken + "_" + strings.ToUpper(teachersID)}}, want: "done"},
		"it may be taken from others":          {has: teachersID, takeOver: enrollment.TakeOver{ProfileIDs: []string{policyID}}, want: "conflict"},
		"it is on the default":                 {has: def, want: "done"},
		"it still has the one that it leaves":  {has: teachersID, onlyFrom: fleetToken + "_" + teachersID, want: "done"},
		"it has left already":                  {has: "", onlyFrom: teachersID, takeOver: enrollment.TakeOver{Any: true}, want: "unchanged"},
		"it is not there":                      {has: "-", want: "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := newFleetFake(t)
			id, other := f.addProfile(studentsID, "Students"), f.addProfile(teachersID, "Teachers")
			f.addPolicy(policyID, "Default")
			f.defaults["defaultIosEnrollmentProfile"] = policyID
			serial := f.addDevices(1)[0]
			f.set(serial, "requestedEnrollmentProfileId", c.has)
			if c.has == "-" {
				f.set(serial, "isDeleted", true)
			}
			result, err := s.Assign(t.Context(), enrollment.AssignRequest{
				TokenID: fleetToken, ProfileID: id, SerialNumbers: []string{serial}, TakeOver: c.takeOver, OnlyFrom: c.onlyFrom, KeepPending: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int{
				"done": len(result.Done), "unchanged": len(result.Unchanged), "missing": len(result.Missing), "conflict": len(result.Conflicts),
				"failed": len(result.Failed),
			}
			total := 0
			for _, n := range got {
				total += n
			}
			if total != 1 || got[c.want] != 1 {
				t.Errorf("%+v, want %s", result, c.want)
			}
			if c.want == "conflict" && result.Conflicts[0].ProfileID != other {
				t.Errorf("it has %q, want %q", result.Conflicts[0].ProfileID, other)
			}
			if sent := f.count(assignments); sent != got["done"] || result.Requests != sent {
				t.Errorf("%d requests, %d counted", sent, result.Requests)
			}
		})
	}
}

func TestADeviceThatDoesNotShowItsProfileFailed(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	id, other := f.addProfile(studentsID, "Students"), f.addProfile(teachersID, "Teachers")
	serials := f.addDevices(1500)
	f.set(serials[4], "stuck", true)
	f.late = 20 * time.Second
	result := f.assign1(s, id, serials)
	if len(result.Done) != 1499 || len(result.Failed) != 1 || result.Failed[0].SerialNumber != serials[4] || !strings.Contains(result.Failed[0].Reason, "does not show it after 2m0s") {
		t.Errorf("%d done, %+v", len(result.Done), result.Failed)
	}
	// What was sent is forgotten by now: another assignment may have it.
	f.set(serials[4], "stuck", nil)
	if result := f.assign1(s, other, serials[4:5]); len(result.Done) != 1 {
		t.Errorf("%+v", result)
	}
	if got := listDevices(t, s, enrollment.DeviceFilter{SerialNumbers: serials[3:5]}); got[0].ProfileID != id || got[1].ProfileID != other {
		t.Errorf("the view has %q and %q", got[0].ProfileID, got[1].ProfileID)
	}
}

func TestABatchThatIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status              int
		body                string
		want                error
		done, failed, count int
		requests            int
	}{
		"for a permission":   {403, `{"error":{"code":"Forbidden","message":"no"}}`, enrollment.ErrPermission, 1000, 0, 2, 1},
		"by trouble":         {500, `{}`, enrollment.ErrUnavailable, 1000, 0, 2, 2},
		"for there are many": {429, `{"error":{"code":"TooManyRequests","message":"{\"Message\":\"later\",\"RetryAfter\":\"01:00:00\"}"}}`, enrollment.ErrThrottled, 1000, 0, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := newFleetFake(t)
			id := f.addProfile(studentsID, "Students")
			serials := f.addDevices(3000)
			sent := 0
			f.fault = func(r *http.Request) (int, string) {
				if strings.HasSuffix(r.URL.Path, assignments) {
					if sent++; sent >= 2 {
						return c.status, c.body
					}
				}
				return 0, ""
			}
			result, err := s.Assign(t.Context(), enrollment.AssignRequest{TokenID: fleetToken, ProfileID: id, SerialNumbers: serials})
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if len(result.Done) != c.done || len(result.Failed) != c.failed || result.Requests != c.requests || c.count > 0 && f.count(assignments) != c.count {
				t.Errorf("%d done, %d failed, %d requests of %d", len(result.Done), len(result.Failed), result.Requests, f.count(assignments))
			}
		})
	}
}

func TestADeviceThatIsRefusedDoesNotKeepTheOthersFromTheirProfile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refused                     []int // none is all
		done, failed, most, counted int
	}{
		"one":           {[]int{1234}, 2999, 1, 3 + 20, 12},
		"two of one":    {[]int{1000, 1999}, 2998, 2, 3 + 38, 19},
		"more than fit": {[]int{1, 200, 400, 600, 800, 1100, 1300, 1500}, -1, -1, 3 + mostHalved, -1},
		"all":           {nil, 0, 3000, 3 + mostHalved, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := newFleetFake(t)
			id := f.addProfile(studentsID, "Students")
			serials := f.addDevices(3000)
			f.fault = func(r *http.Request) (int, string) {
				body := f.bodies[len(f.bodies)-1]
				if strings.HasSuffix(r.URL.Path, assignments) && (c.refused == nil || slices.ContainsFunc(c.refused, func(i int) bool { return strings.Contains(body, serials[i]) })) {
					return 400, `{"error":{"code":"BadRequest","message":"bad device"}}`
				}
				return 0, ""
			}
			result := f.assign1(s, id, serials)
			if sent := f.count(assignments); sent > c.most || len(result.Done)+len(result.Failed) != 3000 {
				t.Errorf("%d sent, want at most %d; %d done and %d failed", sent, c.most, len(result.Done), len(result.Failed))
			}
			if c.done >= 0 && (len(result.Done) != c.done || len(result.Failed) != c.failed || result.Requests != c.counted) {
				t.Errorf("%d done, %d failed, %d requests", len(result.Done), len(result.Failed), result.Requests)
			}
			for _, d := range result.Failed {
				if !strings.HasPrefix(d.Reason, reasonRefused) || !strings.Contains(d.Reason, "bad device") {
					t.Fatalf("the reason is %q", d.Reason)
				}
			}
			if len(c.refused) == 1 && result.Failed[0].SerialNumber != serials[c.refused[0]] {
				t.Errorf("%s failed", result.Failed[0].SerialNumber)
			}
		})
	}
}

func TestA500ThatAssignedAfterAllIsFoundOut(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	id := f.addProfile(studentsID, "Students")
	serials := f.addDevices(2)
	f.fault = func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, assignments) {
			f.write(func() { f.devices[serials[0]]["requestedEnrollmentProfileId"] = studentsID })
			return 500, `{}`
		}
		return 0, ""
	}
	began := f.clock()
	result, err := s.Assign(t.Context(), enrollment.AssignRequest{TokenID: fleetToken, ProfileID: id, SerialNumbers: serials})
	if !errors.Is(err, enrollment.ErrUnavailable) || !slices.Equal(result.Done, serials[:1]) || len(result.Failed) > 0 || result.Requests != 1 {
		t.Errorf("error %v, %+v", err, result)
	}
	if waited := f.clock().Sub(began); waited > findOutWithin {
		t.Errorf("it was waited for %s", waited)
	}
}

func TestATokenThatDoesNotReachAppleIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	for expires, want := range map[string]error{"0001-01-01T00:00:00Z": enrollment.ErrNoServerToken, "2026-11-01T00:00:00Z": enrollment.ErrTokenExpired} {
		f, s := newFleetFake(t)
		f.expires = expires
		id := f.addProfile(studentsID, "Students")
		_, assigned := s.Assign(t.Context(), enrollment.AssignRequest{TokenID: fleetToken, ProfileID: id, SerialNumbers: f.addDevices(2)})
		_, created := s.CreateProfile(t.Context(), sharedSpec())
		if !errors.Is(assigned, want) || !errors.Is(created, want) || f.count("^POST") > 0 {
			t.Errorf("errors %v and %v, want %v", assigned, created, want)
		}
	}
}

func TestAProfileThatIsNotThereIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	serials := f.addDevices(2)
	began := f.clock()
	_, err := s.Assign(t.Context(), enrollment.AssignRequest{TokenID: fleetToken, ProfileID: teachersID, SerialNumbers: serials})
	if !errors.Is(err, enrollment.ErrNotFound) || f.clock().After(began) || f.count(assignments) > 0 {
		t.Errorf("error %v after %s", err, f.clock().Sub(began))
	}
}

func TestAProfileThatWasDeletedMeanwhileIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	id := f.addProfile(studentsID, "Students")
	serials := f.addDevices(2)
	if _, err := s.known(t.Context(), fleetToken, id); err != nil {
		t.Fatal(err)
	}
	delete(f.profiles, id)
	began := f.clock()
	_, err := s.Assign(t.Context(), enrollment.AssignRequest{TokenID: fleetToken, ProfileID: id, SerialNumbers: serials})
	if waited := f.clock().Sub(began); !errors.Is(err, enrollment.ErrNotFound) || waited > time.Second {
		t.Errorf("error %v after %s", err, waited)
	}
}

func TestAnAssignmentWaitsOutA404RightAfterTheProfileWasMade(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	id := f.addProfile(studentsID, "Students")
	serials := f.addDevices(2)
	until := f.clock().Add(30 * time.Second)
	f.fault = func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, assignments) && f.now.Before(until) {
			return 404, `{"error":{"code":"ResourceNotFound","message":"Profile not found"}}`
		}
		return 0, ""
	}
	if result := f.assign1(s, id, serials); len(result.Done) != 2 || result.Requests != 1 {
		t.Errorf("%+v", result)
	}
}

func TestAnInterruptedReadBackIsNoSuccess(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	id := f.addProfile(studentsID, "Students")
	serials := f.addDevices(2)
	f.late = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	wait := s.config.Wait
	s.config.Wait = func(ctx context.Context, d time.Duration) error { cancel(); return wait(ctx, d) }
	result, err := s.Assign(ctx, enrollment.AssignRequest{TokenID: fleetToken, ProfileID: id, SerialNumbers: serials})
	if !errors.Is(err, context.Canceled) || len(result.Done) != 0 || len(result.Failed) != 2 || !strings.HasPrefix(result.Failed[0].Reason, reasonNotVerified) {
		t.Errorf("error %v, %+v", err, result)
	}
}

func TestADeviceThatTwoWantGoesToOne(t *testing.T) {
	t.Parallel()
	for name, synced := range map[string]int{"all are read": -1, "they are asked for one by one": 200_000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := newFleetFake(t)
			f.late, f.synced = 30*time.Second, synced
			ids := []string{f.addProfile(studentsID, "Students"), f.addProfile(teachersID, "Teachers"), f.addPolicy(policyID, "Pupils")}
			serials := f.addDevices(20)
			results := make([]enrollment.AssignResult, len(ids))
			var group sync.WaitGroup
			for i, id := range ids {
				group.Go(func() { results[i] = f.assign1(s, id, serials) })
			}
			group.Wait()
			done, conflicts := 0, 0
			for i, result := range results {
				done, conflicts = done+len(result.Done), conflicts+len(result.Conflicts)
				for _, serial := range result.Done {
					if keyOf(f.profileOf(serial)) != keyOf(ids[i]) {
						t.Errorf("%s has %q, want %q", serial, f.profileOf(serial), ids[i])
					}
				}
			}
			if done != 20 || conflicts != 40 {
				t.Errorf("%d done, %d conflicts", done, conflicts)
			}
		})
	}
}

func TestAFewDevicesOfALargeTokenAreReadBackOneByOne(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	id := f.addProfile(studentsID, "Students")
	serials := f.addDevices(5)
	f.synced, f.late = 200_000, 10*time.Second
	if result := f.assign1(s, id, serials); len(result.Done) != 5 || f.count(fullRead) != 0 {
		t.Errorf("%+v, %d pages", result, f.count(fullRead))
	}
	if n := f.count(singleRead); n > 5+5*5 {
		t.Errorf("%d single requests", n)
	}
}

func TestLettingGoSendsNothing(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	serials := f.addDevices(2)
	req := enrollment.UnassignRequest{TokenID: fleetToken, ProfileID: studentsID, SerialNumbers: append(serials, "NOTTHERE1"), Holder: "a"}
	if _, err := s.Unassign(t.Context(), req); !errors.Is(err, enrollment.ErrUnsupported) || f.count(".") > 0 {
		t.Errorf("error %v", err)
	}
	req.OnlyRelease = true
	result, err := s.Unassign(t.Context(), req)
	if err != nil || !slices.Equal(result.Unchanged, serials) || !slices.Equal(result.Missing, []string{"NOTTHERE1"}) || f.count("^(POST|PATCH)") > 0 {
		t.Errorf("%v, %+v", err, result)
	}
	if err := s.Withdraw(t.Context(), fleetToken, studentsID, serials); err != nil {
		t.Error(err)
	}
}

func TestBatchesAreAsLargeAsConfigured(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	s.config.BatchSize = 100
	id := f.addProfile(studentsID, "Students")
	serials := f.addDevices(250)
	if result := f.assign1(s, id, serials); len(result.Done) != 250 || result.Requests != 3 {
		t.Errorf("%s", fmt.Sprint(len(result.Done), result.Requests))
	}
}

func TestManyDevicesThatShowLateAreNotReadAtEveryLook(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stuck              bool
		done, pages, looks int
	}{"they show": {false, 4500, 5 + 5 + 5, 3 * 20}, "they never do": {true, 0, 5 + 5 + 5, 3 * 20}} {
		f, s := newFleetFake(t)
		f.late = 100 * time.Second
		if c.stuck {
			f.late = time.Hour
		}
		id := f.addProfile(studentsID, "Students")
		serials := f.addDevices(4500)
		result := f.assign1(s, id, serials)
		if len(result.Done) != c.done || len(result.Done)+len(result.Failed) != 4500 {
			t.Errorf("%s: %d done, %d failed", name, len(result.Done), len(result.Failed))
		}
		if n := f.count(singleRead); f.count(fullRead) != c.pages || n == 0 || n > c.looks {
			t.Errorf("%s: %d pages, want %d, and %d single requests", name, f.count(fullRead), c.pages, n)
		}
	}
}
