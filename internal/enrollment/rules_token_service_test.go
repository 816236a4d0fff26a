package enrollment_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func TestWhatAServiceHasNoPlaceForInAToken(t *testing.T) {
	t.Parallel()
	everything := enrollment.TokenAsk{ScopeTags: true, Certificate: true, PrivateKey: true, ChangesType: true}
	for _, c := range []struct {
		kind enrollment.Kind
		ask  enrollment.TokenAsk
		want []string
	}{
		{enrollment.Embedded, enrollment.TokenAsk{}, nil},
		{enrollment.Intune, enrollment.TokenAsk{}, nil},
		{enrollment.Embedded, everything, []string{"scope_tag_ids"}},
		{enrollment.Intune, everything, []string{"certificate_pem", "private_key_wo", "type"}},
	} {
		var fields []string
		for _, v := range enrollment.CheckTokenAsk(c.kind, c.ask) {
			fields = append(fields, v.Field)
			if v.Summary == "" || v.Detail == "" {
				t.Errorf("%s: %s says nothing", c.kind, v.Field)
			}
		}
		if !slices.Equal(fields, c.want) {
			t.Errorf("%s, %+v: %v, want %v", c.kind, c.ask, fields, c.want)
		}
	}
}

func TestWhatIntuneDoesToTokensOtherwiseIsSaid(t *testing.T) {
	t.Parallel()
	for name, warn := range map[string]func(enrollment.Kind, string) (enrollment.Warning, bool){
		"import": enrollment.UnprovenCreation, "at once": enrollment.ReplacesKey,
	} {
		if _, said := warn(enrollment.Embedded, "District"); said {
			t.Errorf("%s: the embedded service is warned of", name)
		}
		w, said := warn(enrollment.Intune, "District")
		if !said || !strings.Contains(w.Summary, name) || !strings.Contains(w.Summary, `"District"`) || !strings.Contains(w.Detail, "server_token_wo") {
			t.Errorf("%s: %+v", name, w)
		}
	}
}

func TestAFirstTokenThatIntuneRefusesLeavesAtMostOneWithoutServerToken(t *testing.T) {
	t.Parallel()
	w, _ := enrollment.UnprovenCreation(enrollment.Intune, "District")
	if !strings.HasSuffix(w.Detail, "a token without a server token may be left: delete that one in the admin center, or import it. Nothing else is touched.") {
		t.Error(w.Detail)
	}
}

func TestTheSyncAfterAnUploadIsSaidToHaveFailedOnlyWhereItHas(t *testing.T) {
	t.Parallel()
	down := errors.New("the service is down")
	ended := enrollment.SyncRun{ID: "1", State: enrollment.SyncFinished, Pages: 2}
	paused := enrollment.SyncRun{ID: "1", State: enrollment.SyncPaused, Pages: 1, Devices: 1000}
	running := enrollment.SyncRun{ID: "1", State: enrollment.SyncRunning}
	for name, c := range map[string]struct {
		kind        enrollment.Kind
		run         enrollment.SyncRun
		err         error
		interrupted bool
		want        []string
	}{
		"ended":                         {enrollment.Embedded, ended, nil, false, nil},
		"failed":                        {enrollment.Embedded, enrollment.SyncRun{ID: "1", State: enrollment.SyncFailed}, down, false, []string{"upload failed", "the service is down"}},
		"could not begin":               {enrollment.Intune, enrollment.SyncRun{}, down, false, []string{"upload failed", "the service is down"}},
		"paused":                        {enrollment.Embedded, paused, nil, false, []string{"goes on next time", "15 minutes were up", "1 page with 1000 devices", "goes on from there"}},
		"interrupted":                   {enrollment.Embedded, paused, context.Canceled, true, []string{"goes on next time", "interrupted", "1 page with 1000 devices"}},
		"interrupted before it began":   {enrollment.Embedded, enrollment.SyncRun{}, context.Canceled, true, []string{"goes on next time", "makes up for it"}},
		"Intune is still at it":         {enrollment.Intune, running, nil, false, []string{"goes on next time", "15 minutes were up", "Intune goes on"}},
		"nobody waits for Intune":       {enrollment.Intune, running, context.DeadlineExceeded, true, []string{"goes on next time", "time for waiting", "Intune goes on"}},
		"a request that took too long":  {enrollment.Embedded, enrollment.SyncRun{ID: "1", State: enrollment.SyncFailed}, context.DeadlineExceeded, false, []string{"upload failed"}},
		"interrupted before any device": {enrollment.Embedded, enrollment.SyncRun{ID: "1", State: enrollment.SyncPaused}, context.Canceled, true, []string{"The next sync goes on from there"}},
	} {
		w, said := enrollment.SyncAfterUpload(c.kind, "District", c.run, c.err, c.interrupted)
		if said != (c.want != nil) {
			t.Errorf("%s: %+v", name, w)
		}
		for _, part := range c.want {
			if text := w.Summary + ". " + w.Detail; !strings.Contains(text, part) || !strings.Contains(text, `"District" was accepted`) {
				t.Errorf("%s: %q does not say %q", name, text, part)
			}
		}
		if c.interrupted && strings.Contains(w.Detail, "context") {
			t.Errorf("%s: %q", name, w.Detail)
		}
	}
}
