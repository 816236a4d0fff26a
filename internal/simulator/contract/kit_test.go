package contract

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	tokens  = "/beta/deviceManagement/depOnboardingSettings"
	tokenID = "54fac284-7866-43e5-860a-9c8e10fa3d7d"
	token   = tokens + "/" + tokenID
	profile = token + "/enrollmentProfiles/" + tokenID + "_b4cda2e6-3d9f-4eb6-aac3-bab920178f4a"
)

func newValidator(t testing.TB) *Validator {
	t.Helper()
	v, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// call is one exchange as a table states it.
type call struct {
	method, path, sent string
	status             int
	answer             string
}

// exchange gives the call as it would be seen, with the content types that Graph and its clients use.
func (c call) exchange() exchange {
	request := httptest.NewRequest(c.method, strings.ReplaceAll(c.path, " ", "%20"), strings.NewReader(c.sent))
	if c.sent != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	header := http.Header{}
	if c.answer != "" {
		header.Set("Content-Type", "application/json;odata.metadata=minimal;charset=utf-8")
	}
	return exchange{
		request: request, sent: []byte(c.sent), status: c.status, header: header, body: []byte(c.answer),
	}
}

// found gives what a validator says about the call, one line a violation.
func found(t *testing.T, c call) string {
	t.Helper()
	v := newValidator(t)
	v.check(c.exchange())
	return lines(v.Report())
}

func lines(report Report) string {
	var all bytes.Buffer
	for _, violation := range report.Violations {
		fmt.Fprintf(&all, "%s: %s\n", violation.Part, violation.Detail)
	}
	return all.String()
}

func graphError(code string) string {
	return `{"error":{"code":"` + code + `","message":"x","innerError":{"date":"2026-08-01T10:00:00","request-id":"r"}}}`
}

// identity is a row of importedAppleDeviceIdentities with the given properties put in, or left out where the value is empty.
func identity(change ...string) string {
	properties := []string{
		"id", `"1"`, "createdDateTime", `"2026-01-01T00:00:00Z"`, "description", "null",
		"discoverySource", `"deviceEnrollmentProgram"`, "enrollmentState", `"notContacted"`, "isDeleted", "false",
		"isSupervised", "true", "lastContactedDateTime", `"0001-01-01T00:00:00Z"`, "platform", `"ios"`,
		"requestedEnrollmentProfileAssignmentDateTime", "null", "requestedEnrollmentProfileId", "null",
		"serialNumber", `"DMPXK0001"`,
	}
	var fields []string
	for i := 0; i < len(properties); i += 2 {
		value := properties[i+1]
		for j := 0; j+1 < len(change); j += 2 {
			if change[j] == properties[i] {
				value = change[j+1]
			}
		}
		if value != "" {
			fields = append(fields, fmt.Sprintf("%q:%s", properties[i], value))
		}
	}
	for j := 0; j+1 < len(change); j += 2 {
		if !strings.Contains(strings.Join(properties, " "), change[j]) {
			fields = append(fields, fmt.Sprintf("%q:%s", change[j], change[j+1]))
		}
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func collection(rows ...string) string { return `{"value":[` + strings.Join(rows, ",") + `]}` }
