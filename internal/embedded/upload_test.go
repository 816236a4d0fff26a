package embedded_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// watcher does something when a page of devices has been answered, counted from 1.
type watcher struct {
	page int
	then func()
	seen int
}

func (w *watcher) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(req)
	if strings.HasSuffix(req.URL.Path, "/server/devices") {
		if w.seen++; w.seen == w.page {
			w.then()
		}
	}
	return resp, err
}

// A sync that has to go on later has not failed, and is not kept from whoever uploaded.
func TestTheSyncAfterAnUploadThatHasNotEndedIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		stop func(w *world, interrupt func()) func()
		why  string
	}{
		"interrupted":       {func(_ *world, interrupt func()) func() { return interrupt }, "interrupted"},
		"15 minutes passed": {func(w *world, _ func()) func() { return func() { w.Advance(w.t, enrollment.SyncDeadline) } }, "its 15 minutes were up"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, stores["sqlite"](t), 6000)
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			w.config.HTTP.Transport = &watcher{page: 3, then: c.stop(w, interrupt)}
			s := w.open()
			token, err := s.CreateToken(t.Context(), enrollment.TokenSpec{Name: "District", Type: enrollment.School})
			check(t, token, err)
			serverID := w.AddServer(t, "District", token.PublicKeyPEM)
			w.AddDevices(t, serverID, 3500)
			result, err := s.UploadServerToken(ctx, token.ID, enrollment.ServerTokenUpload{Contents: w.ServerToken(t, serverID)})
			if check(t, result, err); result.Sync == nil || result.Sync.State != enrollment.SyncPaused || result.Token.Status != enrollment.Active {
				t.Fatalf("the upload gives %+v", result)
			}
			if len(result.Warnings) != 1 || !strings.Contains(result.Warnings[0].Summary, "has not ended and goes on next time") || !strings.Contains(result.Warnings[0].Detail, c.why) {
				t.Errorf("the warnings are %+v", result.Warnings)
			}
			if run := w.sync(s, token.ID, enrollment.IncrementalSync); run.State != enrollment.SyncFinished || run.Devices+result.Sync.Devices < 3500 {
				t.Errorf("the sync that goes on is %+v after %+v", run, result.Sync)
			}
		})
	}
}
