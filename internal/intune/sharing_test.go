package intune_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func TestSharingThatCannotBeReadBackIsDone(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	g.addDistrict(nil)
	sent := false
	g.fault = func(r *http.Request) (int, string) {
		sent = sent || r.Method == http.MethodPost
		if sent && r.Method == http.MethodGet {
			return 403, `{"error":{"code":"Forbidden","message":"no"}}`
		}
		return 0, ""
	}
	if err := g.open().SetSDSSharing(t.Context(), districtID, true); !errors.Is(err, enrollment.ErrNotShown) || !errors.Is(err, enrollment.ErrPermission) {
		t.Errorf("error %v", err)
	}
}
