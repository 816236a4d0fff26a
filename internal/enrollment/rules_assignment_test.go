package enrollment_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func TestFuse(t *testing.T) {
	t.Parallel()
	limit := func(s string) enrollment.ChangeLimit {
		l, err := enrollment.ParseChangeLimit(s)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	for name, c := range map[string]struct {
		change     enrollment.AssignmentChange
		limit      enrollment.ChangeLimit
		allowEmpty bool
		names      []string // in the refusal; nil is allowed
	}{
		"the first fill is exempt":           {change: enrollment.AssignmentChange{Wanted: 9000, Moving: 9000}, limit: limit("0")},
		"fifty may always go by default":     {change: enrollment.AssignmentChange{Held: 60, Wanted: 10, Leaving: 50}, limit: enrollment.DefaultChangeLimit()},
		"fifty-one of sixty may not":         {change: enrollment.AssignmentChange{Held: 60, Wanted: 9, Leaving: 51}, limit: enrollment.DefaultChangeLimit(), names: []string{"51", "50"}},
		"ten percent may":                    {change: enrollment.AssignmentChange{Held: 5000, Wanted: 4500, Leaving: 500}, limit: enrollment.DefaultChangeLimit()},
		"more than ten percent may not":      {change: enrollment.AssignmentChange{Held: 5000, Wanted: 4499, Leaving: 501}, limit: enrollment.DefaultChangeLimit(), names: []string{"501", "500", "5000"}},
		"leaving and moving count together":  {change: enrollment.AssignmentChange{Held: 100, Wanted: 100, Leaving: 30, Moving: 30}, limit: limit("59"), names: []string{"30 devices would leave and 30 would move", "59"}},
		"a file cut to a tenth":              {change: enrollment.AssignmentChange{Held: 2500, Wanted: 250, Leaving: 2250}, limit: enrollment.DefaultChangeLimit(), names: []string{"2250", "250"}},
		"a share that was asked for":         {change: enrollment.AssignmentChange{Held: 100, Wanted: 50, Leaving: 50}, limit: limit("50%")},
		"an empty source over a holding":     {change: enrollment.AssignmentChange{Held: 3, Leaving: 3}, limit: limit("100%"), names: []string{"3", "allow_empty"}},
		"an empty source that is meant":      {change: enrollment.AssignmentChange{Held: 300, Leaving: 300}, limit: enrollment.DefaultChangeLimit(), allowEmpty: true},
		"an empty source over nothing":       {change: enrollment.AssignmentChange{}, limit: enrollment.DefaultChangeLimit()},
		"newcomers without a profile do not": {change: enrollment.AssignmentChange{Held: 100, Wanted: 9000}, limit: limit("0")},
	} {
		err := enrollment.CheckFuse(c.change, c.limit, c.allowEmpty)
		if (err != nil) != (c.names != nil) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, text := range c.names {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %q does not name %s", name, err, text)
			}
		}
	}
}

func TestParseChangeLimitRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "%", "-1", "-1%", "101%", "ten", "1.5", "NaN%"} {
		if _, err := enrollment.ParseChangeLimit(s); !errors.Is(err, enrollment.ErrInvalid) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestOnLeave(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		service  enrollment.Kind
		onLeave  enrollment.OnLeave
		fallback bool
		field    string
	}{
		{enrollment.Embedded, enrollment.LeaveUnassign, false, ""},
		{enrollment.Intune, enrollment.LeaveUnassign, false, "on_leave"},
		{enrollment.Intune, enrollment.LeaveKeep, false, ""},
		{enrollment.Embedded, enrollment.LeaveFallback, true, ""},
		{enrollment.Embedded, enrollment.LeaveFallback, false, "fallback_profile_id"},
		{enrollment.Embedded, enrollment.LeaveKeep, true, "fallback_profile_id"},
	} {
		got := enrollment.CheckOnLeave(c.service, c.onLeave, c.fallback)
		if (c.field == "") != (len(got) == 0) || (len(got) > 0 && got[0].Field != c.field) {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

func TestTakeOver(t *testing.T) {
	t.Parallel()
	on := func(profile string) enrollment.Device { return enrollment.Device{ProfileID: profile} }
	none := enrollment.TakeOver{}
	if !none.From(on("")) || !none.From(enrollment.Device{ProfileID: "d", OnDefault: true}) {
		t.Error("devices without a profile and those on the default one are free")
	}
	if none.From(on("a")) {
		t.Error("a device of another profile is not free")
	}
	if !(enrollment.TakeOver{ProfileIDs: []string{"a"}}).From(on("a")) || (enrollment.TakeOver{ProfileIDs: []string{"a"}}).From(on("b")) {
		t.Error("a profile that is named is free, and no other")
	}
	if !(enrollment.TakeOver{Any: true}).From(on("b")) {
		t.Error("any is any")
	}
}

func TestBatchesAreAtMostAThousandAndLoseNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := make([]string, rapid.IntRange(0, 5000).Draw(t, "devices"))
		for i := range all {
			all[i] = string(rune(i))
		}
		batches := enrollment.Batches(all)
		for _, b := range batches {
			if len(b) > 1000 || len(b) == 0 {
				t.Fatalf("a batch of %d", len(b))
			}
		}
		if want := (len(all) + 999) / 1000; len(batches) != want {
			t.Fatalf("%d batches, want %d", len(batches), want)
		}
		if joined := slices.Concat(batches...); !slices.Equal(joined, all) {
			t.Fatal("the batches are not the whole")
		}
	})
}

func TestSetsOfSerials(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		set := rapid.Custom(func(t *rapid.T) []string {
			s := rapid.SliceOf(rapid.StringMatching(`[A-D]{1,2}`)).Draw(t, "set")
			slices.Sort(s)
			return slices.Compact(s)
		})
		a, b := set.Draw(t, "a"), set.Draw(t, "b")
		without, common, union := enrollment.Without(a, b), enrollment.Common(a, b), enrollment.Union(a, b)
		for _, s := range slices.Concat(a, b) {
			inA, inB := slices.Contains(a, s), slices.Contains(b, s)
			if slices.Contains(without, s) != (inA && !inB) || slices.Contains(common, s) != (inA && inB) || !slices.Contains(union, s) {
				t.Fatalf("%q of %v and %v: without %v, common %v, union %v", s, a, b, without, common, union)
			}
		}
		if len(without)+len(common) != len(a) || len(union) != len(a)+len(b)-len(common) || !slices.IsSorted(union) {
			t.Fatalf("%v and %v: without %v, common %v, union %v", a, b, without, common, union)
		}
	})
}

func TestWhatAnImportedAssignmentDoesWithLeavingDevicesItsServiceCanDo(t *testing.T) {
	t.Parallel()
	for _, kind := range []enrollment.Kind{enrollment.Embedded, enrollment.Intune} {
		if got := enrollment.CheckOnLeave(kind, enrollment.FirstOnLeave(kind), false); len(got) > 0 {
			t.Errorf("%s: %+v", kind, got)
		}
	}
	if got := enrollment.FirstOnLeave(enrollment.Embedded); got != enrollment.LeaveUnassign {
		t.Errorf("embedded: %s, which is not the attribute's default", got)
	}
}

func TestOnlyTheEmbeddedServiceRecordsWhoHoldsADevice(t *testing.T) {
	t.Parallel()
	if !enrollment.RecordsHolder(enrollment.Embedded) || enrollment.RecordsHolder(enrollment.Intune) {
		t.Error("Microsoft Graph has no word for the assignment of a device")
	}
}
