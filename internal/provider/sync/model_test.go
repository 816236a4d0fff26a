package sync

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func TestOptionsOfAModel(t *testing.T) {
	m := model{
		TokenID: types.StringValue("token-1"), Kind: types.StringValue("full"), Wait: types.BoolValue(true), OnThrottled: types.StringValue("wait"),
	}
	got := m.options(t.Context(), time.Minute)
	if got.TokenID != "token-1" || got.Kind != enrollment.FullSync || !got.Wait || got.OnThrottled != Wait || got.Timeout != time.Minute {
		t.Errorf("got %+v", got)
	}
}

// A resource has no other way to show how far its sync is.
func TestProgressOfTheResourceIsInTheLog(t *testing.T) {
	var logged bytes.Buffer
	model{}.options(tflogtest.RootLogger(t.Context(), &logged), time.Minute).Progress("full sync: 7 devices")
	if text := logged.String(); !strings.Contains(text, "full sync: 7 devices") || !strings.Contains(text, `"info"`) {
		t.Errorf("logged %s", text)
	}
}

func TestAfterARun(t *testing.T) {
	cases := map[string]struct {
		run      *enrollment.SyncRun
		finished timetypes.RFC3339
		kind     types.String
	}{
		"never": {nil, timetypes.NewRFC3339Null(), types.StringNull()},
		"in UTC with whole seconds": {
			&enrollment.SyncRun{Kind: enrollment.RecoverySync, FinishedAt: time.Date(2026, time.November, 2, 9, 0, 0, 7, time.FixedZone("CET", 3600))},
			timetypes.NewRFC3339ValueMust("2026-11-02T08:00:00Z"), types.StringValue("recovery"),
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := model{}.withUnknown().after(c.run)
			if !got.FinishedAt.Equal(c.finished) || !got.LastKind.Equal(c.kind) {
				t.Errorf("got %v and %v", got.FinishedAt, got.LastKind)
			}
		})
	}
}

func TestMaxAge(t *testing.T) {
	cases := map[string]struct {
		in   types.String
		want time.Duration
		said bool
	}{
		"null":    {types.StringNull(), 0, false},
		"unknown": {types.StringUnknown(), 0, false},
		"hours":   {types.StringValue("1h30m"), 90 * time.Minute, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got, said := (model{MaxAge: c.in}).maxAge(); got != c.want || said != c.said {
				t.Errorf("got %v, %v", got, said)
			}
		})
	}
}

// A poll may come just after the 15 minutes: a run that the embedded service names
// no more has paused, one of Intune's goes on.
func TestARunThatNoStatusNamesAnyMore(t *testing.T) {
	run := enrollment.SyncRun{ID: "r", State: enrollment.SyncRunning, StartedAt: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	for service, want := range map[enrollment.Kind]enrollment.SyncState{enrollment.Embedded: enrollment.SyncPaused, enrollment.Intune: enrollment.SyncRunning} {
		if got := ended(service, run, enrollment.SyncStatus{}); got.State != want {
			t.Errorf("%s: %s, want %s", service, got.State, want)
		}
	}
}
