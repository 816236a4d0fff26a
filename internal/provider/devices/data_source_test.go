package devices_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/devices"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

const kind = "asm_devices"

var noon = time.Date(2026, 3, 2, 12, 0, 0, 500, time.UTC)

// fake is a service with the token t1 and some devices. It notes what it was
// asked for and, like a service may, gives them in any order.
type fake struct {
	enrollment.Service
	token   enrollment.Token
	devices []enrollment.Device
	err     error
	asked   enrollment.DeviceFilter
}

func (f *fake) ReadToken(_ context.Context, id string) (enrollment.Token, error) {
	if id != "t1" {
		return enrollment.Token{}, enrollment.NotFound("token", id)
	}
	return f.token, nil
}

func (f *fake) Devices(_ context.Context, _ string, filter enrollment.DeviceFilter) iter.Seq2[enrollment.Device, error] {
	f.asked = filter
	return func(yield func(enrollment.Device, error) bool) {
		for _, d := range f.devices {
			if filter.Matches(d) && !yield(d, nil) {
				return
			}
		}
		if f.err != nil {
			yield(enrollment.Device{}, f.err)
		}
	}
}

func start(t *testing.T, n int) (*fake, *tf.Runtime, *tftest.Driver) {
	t.Helper()
	f := &fake{token: enrollment.Token{ID: "t1", Status: enrollment.Active, LastSyncedAt: noon}}
	for i := range n {
		f.devices = append(f.devices, enrollment.Device{SerialNumber: fmt.Sprintf("IPAD%06d", n-i), Family: "iPad"})
	}
	rt := &tf.Runtime{Service: f, Plans: tf.NewPlans(), Now: func() time.Time { return time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC) }}
	return f, rt, tftest.New(t, rt, nil, []func() datasource.DataSource{devices.NewDataSource})
}

func mentions(t *testing.T, got []string, parts ...string) {
	t.Helper()
	if len(got) != 1 {
		t.Fatalf("want one message with %q, got %q", parts, got)
	}
	for _, part := range parts {
		if !strings.Contains(got[0], part) {
			t.Errorf("%q does not mention %q", got[0], part)
		}
	}
}

func TestTheDevicesOfATokenInTheFormThatAnAssignmentTakes(t *testing.T) {
	t.Parallel()
	_, _, d := start(t, 3)
	state, diags := d.ReadData(kind, tftest.Config{"token_id": "t1"})
	if len(diags) > 0 {
		t.Fatal(diags.Errors(), diags.Warnings())
	}
	for name, want := range map[string]any{
		"serial_number_list": "IPAD000001 IPAD000002 IPAD000003", "device_count": int64(3),
		"devices": nil, "last_synced_at": "2026-03-02T12:00:00Z",
	} {
		if got := state.Get(name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if set, _ := state.Get("serial_numbers").([]any); len(set) != 3 {
		t.Errorf("serial_numbers %v", set)
	}
}

func TestNoDevicesAreAnEmptyLineAndAnEmptySet(t *testing.T) {
	t.Parallel()
	f, _, d := start(t, 0)
	f.token.LastSyncedAt = time.Time{}
	state, diags := d.ReadData(kind, tftest.Config{"token_id": "t1", "details": true})
	if len(diags) > 0 || state.Get("serial_number_list") != "" || state.Get("device_count") != int64(0) || state.Get("last_synced_at") != nil {
		t.Errorf("%s, %v", state.Value, diags.Errors())
	}
	if !strings.Contains(state.Value.String(), `"serial_numbers":tftypes.Set[tftypes.String]<>`) {
		t.Errorf("serial_numbers is null: %s", state.Value)
	}
}

func TestFiltersAreHandedOn(t *testing.T) {
	t.Parallel()
	f, _, d := start(t, 1)
	_, diags := d.ReadData(kind, tftest.Config{
		"token_id": "t1", "assignment": []any{"unassigned", "default", "p1"}, "family": "iPad", "model": "Air", "serial_prefix": "ipad",
		"assigned_since": "2026-01-02T03:04:05+02:00", "state": "pushed", "needs_reset": true,
	})
	if len(diags) > 0 {
		t.Fatal(diags.Errors())
	}
	slices.Sort(f.asked.Assignment)
	want := enrollment.DeviceFilter{
		Assignment: []string{"default", "p1", "unassigned"}, Family: "iPad", Model: "Air", SerialPrefix: "ipad",
		AssignedSince: f.asked.AssignedSince, ProfileStatus: enrollment.StatusPushed, NeedsReset: new(true),
	}
	if !reflect.DeepEqual(f.asked, want) || !f.asked.AssignedSince.Equal(time.Date(2026, 1, 2, 1, 4, 5, 0, time.UTC)) {
		t.Errorf("asked for %+v", f.asked)
	}
	// Left out, a filter is none: null is any assignment.
	if _, diags := d.ReadData(kind, tftest.Config{"token_id": "t1"}); len(diags) > 0 || !reflect.DeepEqual(f.asked, enrollment.DeviceFilter{}) {
		t.Errorf("asked for %+v", f.asked)
	}
}

func TestUnusableFiltersAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]tftest.Config{
		"assignment": {"assignment": []any{}}, "assignment.": {"assignment": []any{""}}, "family": {"family": ""}, "model": {"model": ""},
		"serial_prefix": {"serial_prefix": ""}, "assigned_since": {"assigned_since": "yesterday"}, "state": {"state": "new"},
	} {
		_, _, d := start(t, 1)
		_, diags := d.ReadData(kind, tftest.Config{"token_id": "t1"}.With(c))
		if errs := diags.Errors(); len(errs) != 1 || !strings.Contains(errs[0], strings.TrimSuffix(name, ".")) {
			t.Errorf("%v is answered %q", c, errs)
		}
	}
}

// A part of the serial numbers would look like all of them.
func TestALargeSetIsNullWithAWarningNeverAPart(t *testing.T) {
	t.Parallel()
	for n, isNull := range map[int]bool{1000: false, 1001: true} {
		_, _, d := start(t, n)
		state, diags := d.ReadData(kind, tftest.Config{"token_id": "t1"})
		if (state.Get("serial_numbers") == nil) != isNull || len(diags.Errors()) > 0 {
			t.Errorf("of %d devices serial_numbers is null: %v", n, !isNull)
		}
		if isNull {
			mentions(t, diags.Warnings(), "serial_numbers", "1001 devices", "1000", "serial_number_list")
		}
		if got := len(strings.Fields(state.Get("serial_number_list").(string))); got != n || state.Get("device_count") != int64(n) {
			t.Errorf("of %d devices the line holds %d, the count says %v", n, got, state.Get("device_count"))
		}
	}
}

func TestDetails(t *testing.T) {
	t.Parallel()
	f, _, d := start(t, 0)
	f.devices = []enrollment.Device{
		{
			SerialNumber: "IPAD000001", Model: "iPad Air", Description: "IPAD AIR", Color: "BLUE", AssetTag: "12", Family: "iPad", OS: "iOS", ProfileID: "p1",
			ProfileStatus: enrollment.StatusPushed, OnDefault: true, ProfileAssignedAt: noon, ProfilePushedAt: noon.Add(time.Hour),
			AssignedToServerAt: noon.Add(-time.Hour), AssignedToServerBy: "it@school.example", NeedsReset: true, ThrottledUntil: noon.Add(2 * time.Hour),
		},
		{SerialNumber: "IPAD000002"},
	}
	state, diags := d.ReadData(kind, tftest.Config{"token_id": "t1", "details": true})
	if len(diags) > 0 {
		t.Fatal(diags.Errors())
	}
	want := map[string]any{
		"IPAD000001": map[string]any{
			"model": "iPad Air", "description": "IPAD AIR", "color": "BLUE", "asset_tag": "12", "family": "iPad", "os": "iOS", "profile_id": "p1", "state": "pushed",
			"on_default": true, "profile_assigned_at": "2026-03-02T12:00:00Z", "profile_pushed_at": "2026-03-02T13:00:00Z", "assigned_to_server_at": "2026-03-02T11:00:00Z",
			"assigned_to_server_by": "it@school.example", "needs_reset": true, "throttled_until": "2026-03-02T14:00:00Z",
		},
		"IPAD000002": map[string]any{
			"model": nil, "description": nil, "color": nil, "asset_tag": nil, "family": nil, "os": nil, "profile_id": nil, "state": nil,
			"on_default": false, "profile_assigned_at": nil, "profile_pushed_at": nil, "assigned_to_server_at": nil,
			"assigned_to_server_by": nil, "needs_reset": false, "throttled_until": nil,
		},
	}
	if got := state.Get("devices"); !reflect.DeepEqual(got, want) {
		t.Errorf("devices\n%v, want\n%v", got, want)
	}
}

func TestDetailsOfTooManyDevicesAreAnError(t *testing.T) {
	t.Parallel()
	_, _, d := start(t, 5001)
	_, diags := d.ReadData(kind, tftest.Config{"token_id": "t1", "details": true})
	mentions(t, diags.Errors(), "details", "5001", "5000", "serial_number_list")
	if _, diags := d.ReadData(kind, tftest.Config{"token_id": "t1"}); len(diags.Errors()) > 0 {
		t.Error("without details it is an error too")
	}
	f, _, d := start(t, 5000)
	state, diags := d.ReadData(kind, tftest.Config{"token_id": "t1", "details": true})
	if got, _ := state.Get("devices").(map[string]any); len(got) != len(f.devices) || len(diags.Errors()) > 0 {
		t.Errorf("%d of 5000 devices, %v", len(got), diags.Errors())
	}
}

// A data source may not answer "unknown".
func TestWithoutAServiceItAdvisesDependsOn(t *testing.T) {
	t.Parallel()
	_, rt, d := start(t, 1)
	rt.Service, rt.NotReady = nil, "embedded.store"
	_, diags := d.ReadData(kind, tftest.Config{"token_id": "t1"})
	mentions(t, diags.Errors(), "embedded.store", "depends_on")
}

func TestATokenThatAwaitsItsServerTokenHasNoDevicesToSelect(t *testing.T) {
	t.Parallel()
	f, rt, d := start(t, 0)
	f.token.Status = enrollment.AwaitingServerToken
	_, diags := d.ReadData(kind, tftest.Config{"token_id": "t1"})
	mentions(t, diags.Errors(), "token_id", "Download Token")
	rt.Plans.Upload("t1")
	if _, diags := d.ReadData(kind, tftest.Config{"token_id": "t1"}); len(diags) > 0 {
		t.Error(diags.Errors())
	}
}

func TestErrorsOfTheService(t *testing.T) {
	t.Parallel()
	f, _, d := start(t, 2)
	_, diags := d.ReadData(kind, tftest.Config{"token_id": "t9"})
	mentions(t, diags.Errors(), `token_id: There is no token "t9"`)
	f.err = errors.New("the page is torn")
	state, diags := d.ReadData(kind, tftest.Config{"token_id": "t1"})
	mentions(t, diags.Errors(), "page is torn")
	if state.Exists() && state.Get("device_count") != nil {
		t.Error("a part of the devices was given")
	}
}
