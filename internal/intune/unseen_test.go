package intune

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func TestADefaultThatCannotBeReadBackIsSet(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	id := f.addProfile(studentsID, "Students")
	f.fault = func(r *http.Request) (int, string) {
		if r.Method == http.MethodGet && slices.ContainsFunc(f.requests, func(line string) bool { return strings.Contains(line, "setDefaultProfile") }) {
			return 403, `{"error":{"code":"Forbidden","message":"no"}}`
		}
		return 0, ""
	}
	err := s.SetDefaultProfile(t.Context(), fleetToken, enrollment.IOS, id)
	if !errors.Is(err, enrollment.ErrNotShown) || !errors.Is(err, enrollment.ErrPermission) || !strings.Contains(err.Error(), "could not be read back") {
		t.Errorf("error %v", err)
	}
	f.fault = func(r *http.Request) (int, string) {
		if r.Method == http.MethodPost {
			return 403, `{"error":{"code":"Forbidden","message":"no"}}`
		}
		return 0, ""
	}
	other := f.addProfile(teachersID, "Teachers")
	if err := s.SetDefaultProfile(t.Context(), fleetToken, enrollment.IOS, other); err == nil || errors.Is(err, enrollment.ErrNotShown) {
		t.Errorf("what was refused was not taken: %v", err)
	}
}
