package catalog_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph/catalog"
)

func membership(targets ...any) object {
	return object{"enrollmentTimeDeviceMembershipTargets": targets}
}

func group(id string) object { return object{"targetType": "staticSecurityGroup", "targetId": id} }

func TestTheGroupOfAPolicyIsSetReadClearedAndNeverUpdated(t *testing.T) {
	v := newTenant(t)
	path := policies + "('" + v.create(v.iPads()) + "')"
	read := func() string {
		return fmt.Sprint(v.get(path + "/retrieveEnrollmentTimeDeviceMembershipTarget")["enrollmentTimeDeviceMembershipTargetValidationStatuses"])
	}
	want := "[map[targetId:" + groupID + " targetValidationErrorCode:unknown validationSucceeded:true]]"
	if got := read(); got != "[]" {
		t.Errorf("a new policy has the group %s", got)
	}
	if status, answer := v.send(http.MethodPost, path+"/setEnrollmentTimeDeviceMembershipTarget", membership(group(groupID))); status != http.StatusOK {
		t.Errorf("got %d %v", status, answer)
	}
	if got := read(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	v.refused(http.MethodPost, path+"/setEnrollmentTimeDeviceMembershipTarget", membership(group(tokenID)), http.StatusBadRequest, "has a device membership target already")
	v.send(http.MethodPut, path, v.iPads())
	if got := read(); got != want {
		t.Errorf("after a PUT: %s", got)
	}
	for _, had := range []bool{true, false} {
		if _, answer := v.send(http.MethodDelete, path+"/clearEnrollmentTimeDeviceMembershipTarget", nil); answer["value"] != had {
			t.Errorf("cleared: %v, want %t", answer, had)
		}
	}
	if got := read(); got != "[]" {
		t.Errorf("cleared, it has %s", got)
	}
}

func TestAGroupThatIsNotReadyIsTakenWithoutAWordAndNotSet(t *testing.T) {
	v := newTenant(t)
	v.SetHooks(catalog.Hooks{GroupReady: func(id string) bool { return id != groupID }})
	id := v.create(v.iPads())
	if status, _ := v.send(http.MethodPost, policies+"/"+id+"/setEnrollmentTimeDeviceMembershipTarget", membership(group(groupID))); status != http.StatusOK {
		t.Errorf("got %d", status)
	}
	if p, _ := v.Policy(id); p.GroupID != "" {
		t.Errorf("set to %s", p.GroupID)
	}
}

func TestTheGroupIsOneStaticGroup(t *testing.T) {
	v := newTenant(t)
	path := policies + "/" + v.create(v.iPads()) + "/setEnrollmentTimeDeviceMembershipTarget"
	dynamic := group(groupID)
	dynamic["targetType"] = "unknown"
	for want, body := range map[string]object{
		"exactly one device membership target, not 0": membership(),
		"exactly one device membership target, not 2": membership(group(groupID), group(tokenID)),
		"'library' of type":                           membership(group("library")),
		"of type 'unknown' is not a static":           membership(dynamic),
		"Invalid ODataActionParameter":                {"targets": []any{}},
	} {
		v.refused(http.MethodPost, path, body, http.StatusBadRequest, want)
	}
	v.refused(http.MethodPost, policies+"/"+groupID+"/setEnrollmentTimeDeviceMembershipTarget", membership(group(groupID)), http.StatusNotFound, "There is no configuration policy")
}

func TestTheGroupIsForPeopleNotForApplications(t *testing.T) {
	v := newTenant(t)
	v.SetHooks(catalog.Hooks{AppOnly: func(*http.Request) bool { return true }})
	path := policies + "/" + v.create(v.iPads())
	for _, status := range []int{http.StatusInternalServerError, http.StatusForbidden} {
		v.UpdateSettings(func(s *catalog.Settings) { s.AppOnlyAnswers = status })
		v.refused(http.MethodPost, path+"/setEnrollmentTimeDeviceMembershipTarget", membership(group(groupID)), status, "error has occurred")
		v.refused(http.MethodGet, path+"/retrieveEnrollmentTimeDeviceMembershipTarget", nil, status, "error has occurred")
		v.refused(http.MethodDelete, path+"/clearEnrollmentTimeDeviceMembershipTarget", nil, status, "error has occurred")
	}
}
