package intune

import (
	"net/http"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func TestDefaultsThatACloudDoesNotKnowAreLeftOut(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	id := f.addProfile(studentsID, "Students")
	f.defaults["defaultIosEnrollmentProfile"] = id
	refused := 0
	f.fault = func(r *http.Request) (int, string) {
		if strings.Contains(r.URL.Query().Get("$expand"), "VisionOS") {
			refused++
			return 400, `{"error":{"code":"BadRequest","message":"Could not find a property named 'defaultVisionOSEnrollmentProfile'"}}`
		}
		return 0, ""
	}
	for range 3 {
		if got, err := s.DefaultProfile(t.Context(), fleetToken, enrollment.IOS); err != nil || got != id {
			t.Errorf("the default is %q, %v", got, err)
		}
	}
	if refused != 1 {
		t.Errorf("%d requests were refused, want 1", refused)
	}
}
