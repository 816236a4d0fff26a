package devices_test

import (
	"context"
	"iter"
	"reflect"
	"runtime"
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

const (
	guid    = "c4d2a7b8-1e63-4f0b-9a55-7d1b0c9e8f22"
	classic = "8d3b0a10-6f1e-4c56-9a51-0c2f7d9e1b01_" + guid
	policy  = "ECV2_8d3b0a10-6f1e-4c56-9a51-0c2f7d9e1b01_1f0e9d8c-7b6a-4958-8776-655443322110"
)

// tenant takes the ids of profiles in any spelling, as Intune's service does.
type tenant struct{ *fake }

func (f tenant) Kind() enrollment.Kind { return enrollment.Intune }

func (f tenant) Devices(ctx context.Context, tokenID string, filter enrollment.DeviceFilter) iter.Seq2[enrollment.Device, error] {
	asked := slices.Clone(filter.Assignment)
	for n, id := range filter.Assignment {
		for _, listed := range []string{classic, policy} {
			if enrollment.SameProfile(enrollment.Intune, id, listed) {
				filter.Assignment[n] = listed
			}
		}
	}
	found := f.fake.Devices(ctx, tokenID, filter)
	f.asked.Assignment = asked
	return found
}

func startTenant(t *testing.T) (*fake, *tftest.Driver) {
	t.Helper()
	f, rt, d := start(t, 0)
	rt.Service = tenant{f}
	seen := noon.Add(-24 * time.Hour)
	f.devices = []enrollment.Device{
		{SerialNumber: "IPAD000001", Description: "iPad Air, blue", Model: "iPad Air, blue", Family: "iPad", ProfileID: classic, ProfileStatus: enrollment.StatusPushed, AssignedToServerAt: seen},
		{SerialNumber: "IPAD000002", Description: "iPad mini", Model: "iPad mini", Family: "iPad", ProfileStatus: enrollment.StatusEmpty, AssignedToServerAt: noon, NeedsReset: true},
		{SerialNumber: "MAC0000003", Family: "Mac", ProfileID: policy, ProfileStatus: enrollment.StatusAssigned, AssignedToServerAt: seen, OnDefault: true},
		{SerialNumber: "NEW0000004", AssignedToServerAt: noon},
	}
	return f, d
}

func TestFiltersOnWhatIntuneKnows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		filter tftest.Config
		want   string
	}{
		"a classic profile as listed": {tftest.Config{"assignment": []any{classic}}, "IPAD000001"},
		"a classic profile by GUID":   {tftest.Config{"assignment": []any{strings.ToUpper(guid)}}, "IPAD000001"},
		"a policy":                    {tftest.Config{"assignment": []any{policy}}, "MAC0000003"},
		"a policy without prefix":     {tftest.Config{"assignment": []any{strings.TrimPrefix(policy, "ECV2_")}}, "MAC0000003"},
		"free, and a profile":         {tftest.Config{"assignment": []any{"unassigned", guid}}, "IPAD000001 IPAD000002 NEW0000004"},
		"the default":                 {tftest.Config{"assignment": []any{"default"}}, "MAC0000003"},
		"a family":                    {tftest.Config{"family": "iPad"}, "IPAD000001 IPAD000002"},
		"a part of the description":   {tftest.Config{"model": "air"}, "IPAD000001"},
		"first seen":                  {tftest.Config{"assigned_since": "2026-03-02T11:00:00Z"}, "IPAD000002 NEW0000004"},
		"enrolled":                    {tftest.Config{"state": "pushed"}, "IPAD000001"},
		"what Intune never says":      {tftest.Config{"state": "removed"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, d := startTenant(t)
			state, diags := d.ReadData(kind, tftest.Config{"token_id": "t1"}.With(c.filter))
			if len(diags) > 0 {
				t.Fatal(diags.Errors(), diags.Warnings())
			}
			if got := state.Get("serial_number_list"); got != c.want || state.Get("device_count") != int64(len(strings.Fields(c.want))) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestIdsAreHandedOnAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	f, d := startTenant(t)
	d.ReadData(kind, tftest.Config{"token_id": "t1", "assignment": []any{guid, policy}})
	slices.Sort(f.asked.Assignment)
	if want := []string{policy, guid}; !slices.Equal(f.asked.Assignment, want) {
		t.Errorf("asked for %v", f.asked.Assignment)
	}
}

func TestDetailsOfIntuneAreNullWhereIntuneDoesNotTell(t *testing.T) {
	t.Parallel()
	_, d := startTenant(t)
	state, diags := d.ReadData(kind, tftest.Config{"token_id": "t1", "details": true, "serial_prefix": "ipad000002"})
	if len(diags) > 0 {
		t.Fatal(diags.Errors(), diags.Warnings())
	}
	want := map[string]any{"IPAD000002": map[string]any{
		"model": "iPad mini", "description": "iPad mini", "color": nil, "asset_tag": nil, "family": "iPad", "os": nil, "profile_id": nil, "state": "empty",
		"on_default": false, "profile_assigned_at": nil, "profile_pushed_at": nil, "assigned_to_server_at": "2026-03-02T12:00:00Z",
		"assigned_to_server_by": nil, "needs_reset": true, "throttled_until": nil,
	}}
	if got := state.Get("devices"); !reflect.DeepEqual(got, want) {
		t.Errorf("devices\n%v, want\n%v", got, want)
	}
}

// What one service does not tell is said where it is looked for.
func TestEveryAttributeThatIntuneLeavesNullSaysSo(t *testing.T) {
	t.Parallel()
	_, d := startTenant(t)
	state, _ := d.ReadData(kind, tftest.Config{"token_id": "t1", "details": true})
	texts := d.Descriptions(kind)
	told := map[string]bool{}
	for _, device := range state.Get("devices").(map[string]any) {
		for name, value := range device.(map[string]any) {
			told[name] = told[name] || value != nil
		}
	}
	for name, is := range told {
		text := texts[kind+".devices."+name]
		if !is && name != "profile_assigned_at" && !strings.Contains(text, "on Intune") {
			t.Errorf("%s is null and its description does not say so: %q", name, text)
		}
	}
	for _, name := range []string{"assignment", "family", "model", "assigned_since", "state"} {
		if !strings.Contains(texts[kind+"."+name], "On Intune") {
			t.Errorf("%s does not say what it selects on Intune", name)
		}
	}
}

// Two hundred thousand devices with all that is known of them are a lot of memory;
// their serial numbers are not.
func TestNothingButTheSerialNumbersIsHeld(t *testing.T) {
	const many, size = 20_000, 4096 // 80 MB of descriptions
	f := &crowd{many: many, size: size}
	f.fake = &fake{token: enrollment.Token{ID: "t1", Status: enrollment.Active}}
	d := tftest.New(t, &tf.Runtime{Service: f, Plans: tf.NewPlans(), Now: func() time.Time { return time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC) }}, nil, []func() datasource.DataSource{devices.NewDataSource})
	state, diags := d.ReadData(kind, tftest.Config{"token_id": "t1"})
	if len(diags.Errors()) > 0 || state.Get("device_count") != int64(many) {
		t.Fatal(diags.Errors())
	}
	if held := f.held >> 20; held > 20 {
		t.Errorf("%d MB are held after %d devices of %d bytes each", held, many, size)
	}
}

// crowd makes devices while they are read, and measures what is held of them.
type crowd struct {
	*fake
	many, size int
	held       int64
}

func (f *crowd) Devices(context.Context, string, enrollment.DeviceFilter) iter.Seq2[enrollment.Device, error] {
	return func(yield func(enrollment.Device, error) bool) {
		before := inUse()
		for n := range f.many {
			if !yield(enrollment.Device{SerialNumber: serial(n), Description: strings.Repeat("x", f.size), Family: "iPad"}, nil) {
				return
			}
		}
		f.held = inUse() - before
	}
}

func serial(n int) string {
	digits := []byte("IPAD000000")
	for at := len(digits) - 1; n > 0; n, at = n/10, at-1 {
		digits[at] = byte('0' + n%10)
	}
	return string(digits)
}

func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
