package intune_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune"
)

func classroom() enrollment.PolicySpec {
	return enrollment.PolicySpec{
		TokenID: policyToken, Platform: enrollment.IOS, Name: "Classroom", Description: new("Grade 7"), UserAffinity: new(false), AwaitDeviceConfigured: new(false),
		SkipSetupItems: []string{"Siri", "TOS"}, DeviceNameTemplate: new("iPad-{{SERIAL}}"),
	}
}

func create(t *testing.T, s *intune.Service, spec enrollment.PolicySpec) enrollment.Policy {
	t.Helper()
	p, err := s.CreatePolicy(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPolicyIsSentAsTheAdminCenterDoes(t *testing.T) {
	t.Parallel()
	f, s := newPolicyFake(t)
	p := create(t, s, classroom())
	body := f.sent(http.MethodPost)
	sent := values(body)
	delete(body, "settings")
	if want := map[string]any{
		"name": "Classroom", "description": "Grade 7", "platforms": "iOS", "technologies": "enrollment", "creationSource": "DepTokenId_" + policyToken,
		"templateReference": map[string]any{"templateId": iosTemplate + "_1", "templateFamily": "enrollmentConfiguration"}, "roleScopeTagIds": []any{"0"},
	}; !reflect.DeepEqual(body, want) {
		t.Errorf("sent %v\nwant %v", body, want)
	}
	for id, want := range map[string]string{
		"ade_useraffinity": "ade_useraffinity_0", "ade_useraffinity_awaitfinalconfiguration": "ade_useraffinity_awaitfinalconfiguration_0", "ade_lockedenrollment": "ade_lockedenrollment_1",
		"ade_appledevicenametemplate": "iPad-{{SERIAL}}", "ade_setupassistant_siri": "ade_setupassistant_siri_0", "ade_setupassistant_passcode": "ade_setupassistant_passcode_1",
	} {
		if sent[id] != want {
			t.Errorf("%s is sent as %q", id, sent[id])
		}
	}
	if p.ID == "" || p.ProfileID != "ECV2_"+policyToken+"_"+p.ID || p.TokenID != policyToken || p.Name != "Classroom" || len(p.DefaultedSettings) > 0 {
		t.Errorf("made %+v", p)
	}
}

func TestAPolicyIsReadBackWhole(t *testing.T) {
	t.Parallel()
	f, s := newPolicyFake(t)
	made := create(t, s, classroom())
	for _, id := range []string{made.ID, made.ProfileID, policyToken + "_" + made.ID, strings.ToUpper(made.ID)} {
		read, err := s.ReadPolicy(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(read, made) {
			t.Errorf("%s: read %+v\nmade %+v", id, read, made)
		}
	}
	if got := made.SkipSetupItems; !slices.Equal(got, []string{"Siri", "TOS"}) || *made.AwaitDeviceConfigured || *made.UserAffinity || len(made.Settings) < 40 {
		t.Errorf("%+v", made)
	}
	f.preset = made.ProfileID
	if read, err := s.ReadPolicy(t.Context(), made.ID); err != nil || !slices.Equal(read.IsDefaultFor, []enrollment.Platform{enrollment.IOS}) {
		t.Errorf("%v, default for %v", err, read.IsDefaultFor)
	}
}

// Everything that a policy needs is asked for once.
func TestTheTemplateIsReadOnce(t *testing.T) {
	t.Parallel()
	f, s := newPolicyFake(t)
	for range 3 {
		create(t, s, classroom())
		if _, err := s.PolicyTemplate(t.Context(), enrollment.IOS); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.count("configurationPolicyTemplates"); n != 2 {
		t.Errorf("%d requests for the template", n)
	}
}

func TestWhichTemplateIsUsed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		versions []any
		status   int
		want     string
	}{
		"a newer version":           {[]any{aVersion(iosTemplate, 1, "superseded"), aVersion(iosTemplate, 3, "active"), aVersion(iosTemplate, 2, "active")}, 0, iosTemplate + "_3"},
		"a newer version not ready": {[]any{aVersion(iosTemplate, 1, "active"), aVersion(iosTemplate, 2, "draft")}, 0, iosTemplate + "_1"},
		"another template":          {[]any{aVersion("70d256b3-6120-4f88-9e00-0972ec64fc83", 9, "active")}, 0, iosTemplate + "_1"},
		"no list":                   {nil, 400, iosTemplate + "_1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := newPolicyFake(t)
			f.versions = c.versions
			f.fault = func(r *http.Request) (int, string) {
				if strings.HasSuffix(r.URL.Path, "configurationPolicyTemplates") {
					return c.status, `{"error":{"code":"BadRequest","message":"no"}}`
				}
				return 0, ""
			}
			if template, err := s.PolicyTemplate(t.Context(), enrollment.IOS); err != nil || template.ID != c.want {
				t.Errorf("%v, %s", err, template.ID)
			}
		})
	}
}

func TestATemplateThatCannotBeReadIsAskedForAgain(t *testing.T) {
	t.Parallel()
	f, s := newPolicyFake(t)
	f.fault = func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, "settingTemplates") {
			return 403, `{"error":{"code":"Forbidden","message":"no"}}`
		}
		return 0, ""
	}
	if _, err := s.PolicyTemplate(t.Context(), enrollment.IOS); !errors.Is(err, enrollment.ErrPermission) {
		t.Errorf("%v", err)
	}
	f.fault = nil
	if _, err := s.PolicyTemplate(t.Context(), enrollment.IOS); err != nil {
		t.Error(err)
	}
	if _, err := s.PolicyTemplate(t.Context(), "watchos"); !errors.Is(err, enrollment.ErrInvalid) {
		t.Errorf("%v", err)
	}
}

// Graph shows what it took late, and the mirror, by which devices know the policy, later.
func TestCreateReturnsWhenPolicyAndMirrorShow(t *testing.T) {
	t.Parallel()
	f, s := newPolicyFake(t)
	f.late, f.later = 20*time.Second, 30*time.Second
	began := f.now
	p := create(t, s, classroom())
	if took := f.now.Sub(began); took < 80*time.Second || took > 110*time.Second {
		t.Errorf("it took %s", took)
	}
	if !f.mirrors[p.ID] {
		t.Error("the mirror does not show")
	}
	if read, err := s.ReadPolicy(t.Context(), p.ID); err != nil || !reflect.DeepEqual(read, p) {
		t.Errorf("%v: %+v", err, read)
	}
}

func TestLateIsNoFailureOfCreate(t *testing.T) {
	t.Parallel()
	f, s := newPolicyFake(t)
	f.late = time.Hour
	began := f.now
	p := create(t, s, classroom())
	if took := f.now.Sub(began); took != 2*time.Minute || p.ProfileID == "" {
		t.Errorf("it took %s: %+v", took, p)
	}
	f.late = 0
	broken, made := errors.New("down"), 0
	f.fault = func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, "/enrollmentProfiles") {
			made++
			return 400, `{"error":{"code":"BadRequest","message":"` + broken.Error() + `"}}`
		}
		return 0, ""
	}
	if p := create(t, s, classroom()); p.ID == "" || made == 0 {
		t.Errorf("%d looks, %+v", made, p)
	}
}

func TestAnAnswerThatNeverCameIsMadeUpFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		done    bool
		says    string
		already int
	}{
		"it was made":                        {done: true},
		"it was made beside one of its name": {done: true, already: 1},
		"it was not made":                    {says: "create enrollment policy", already: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := newPolicyFake(t)
			for range c.already {
				create(t, s, classroom())
			}
			answer := func(r *http.Request) (int, string) {
				if r.Method == http.MethodPost {
					for id, name := range map[string]string{"iOS": "Other", "macOS": "Classroom"} { // somebody else's, at the same moment
						f.policies[id] = map[string]any{"id": id, "name": name, "platforms": id, "technologies": "enrollment", "creationSource": "DepTokenId_" + policyToken}
					}
					return 500, `{"error":{"code":"InternalServerError","message":"oops"}}`
				}
				return 0, ""
			}
			if f.fault = answer; c.done {
				f.fault, f.after = nil, answer
			}
			p, err := s.CreatePolicy(t.Context(), classroom())
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%v, %+v", err, p)
				}
				return
			}
			if err != nil || p.ID != fmt.Sprintf("cccccccc-0000-4000-8000-%012d", f.made) {
				t.Errorf("%v, %s", err, p.ID)
			}
			if n := f.count("^POST "); n != c.already+1 {
				t.Errorf("it was sent %d times", n)
			}
		})
	}
}

func TestARefusedPolicyIsAnErrorThatSaysWhy(t *testing.T) {
	t.Parallel()
	f, s := newPolicyFake(t)
	f.fault = func(r *http.Request) (int, string) {
		if r.Method == http.MethodPost {
			return 400, `{"error":{"code":"BadRequest","message":"{\"Message\":\"A required Setting in the template is not present in the policy\"}"}}`
		}
		return 0, ""
	}
	if _, err := s.CreatePolicy(t.Context(), classroom()); !errors.Is(err, enrollment.ErrInvalid) || !strings.Contains(err.Error(), "A required Setting") {
		t.Errorf("%v", err)
	}
}

func TestRulesAreKeptBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*enrollment.PolicySpec)
		field  string
	}{
		"a pane that there is not":    {func(p *enrollment.PolicySpec) { p.SkipSetupItems = []string{"Zoom"} }, "skip_setup_items"},
		"a setting that there is not": {func(p *enrollment.PolicySpec) { p.Settings = map[string]string{"ade_x": "1"} }, "settings.ade_x"},
		"a department without one":    {func(p *enrollment.PolicySpec) { p.Department = new("IT") }, "department"},
		"a child without its parent": {func(p *enrollment.PolicySpec) {
			p.Settings = map[string]string{"ade_modernauth_awaitfinalconfiguration": "ade_modernauth_awaitfinalconfiguration_0"}
		}, "settings.ade_modernauth_awaitfinalconfiguration"},
	} {
		f, s := newPolicyFake(t)
		spec := classroom()
		c.change(&spec)
		_, err := s.CreatePolicy(t.Context(), spec)
		if e := new(enrollment.Error); !errors.As(err, &e) || e.Field != c.field || !errors.Is(err, enrollment.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if f.count("^POST ") > 0 {
			t.Errorf("%s: it was sent", name)
		}
	}
	_, s := newPolicyFake(t)
	spec := classroom()
	spec.TokenID = "59a48111-7836-4822-8bc9-000000000000"
	if _, err := s.CreatePolicy(t.Context(), spec); !errors.Is(err, enrollment.ErrNotFound) {
		t.Errorf("a policy of no token: %v", err)
	}
}

func TestAChangeReplacesThePolicyAndKeepsWhatNobodyManages(t *testing.T) {
	t.Parallel()
	f, s := newPolicyFake(t)
	f.late = 10 * time.Second
	spec := classroom()
	spec.ScopeTagIDs = []string{"0", "7"}
	p := create(t, s, spec)
	f.edit(p.ID, "ade_setupassistant_passcode", "ade_setupassistant_passcode_0")
	changed, err := s.UpdatePolicy(t.Context(), p.ID, enrollment.PolicySpec{TokenID: policyToken, Name: "Renamed", LockedEnrollment: new(false)})
	if err != nil {
		t.Fatal(err)
	}
	body := f.sent(http.MethodPut)
	sent := values(body)
	delete(body, "settings")
	if want := map[string]any{
		"name": "Renamed", "description": "Grade 7", "platforms": "iOS", "technologies": "enrollment", "creationSource": "DepTokenId_" + policyToken,
		"templateReference": map[string]any{"templateId": iosTemplate + "_1", "templateFamily": "enrollmentConfiguration"}, "roleScopeTagIds": []any{"0", "7"},
	}; !reflect.DeepEqual(body, want) {
		t.Errorf("sent %v\nwant %v", body, want)
	}
	for id, want := range map[string]string{
		"ade_lockedenrollment": "ade_lockedenrollment_0", "ade_setupassistant_passcode": "ade_setupassistant_passcode_0", "ade_setupassistant_siri": "ade_setupassistant_siri_0",
		"ade_setupassistant_welcome": "", "ade_setupassistant_privacy": "ade_setupassistant_privacy_1", "ade_appledevicenametemplate": "iPad-{{SERIAL}}",
		"ade_useraffinity_awaitfinalconfiguration": "ade_useraffinity_awaitfinalconfiguration_0",
	} {
		if sent[id] != want {
			t.Errorf("%s is sent as %q", id, sent[id])
		}
	}
	if read, err := s.ReadPolicy(t.Context(), p.ID); err != nil || !reflect.DeepEqual(read, changed) {
		t.Errorf("%v: read %+v\nchanged %+v", err, read, changed)
	}
}

func TestAChangeOfNothingSendsNothing(t *testing.T) {
	t.Parallel()
	f, s := newPolicyFake(t)
	p := create(t, s, classroom())
	spec := classroom()
	spec.Platform = "" // the policy has one
	if _, err := s.UpdatePolicy(t.Context(), p.ID, spec); err != nil {
		t.Fatal(err)
	}
	if n := f.count("^PUT "); n > 0 {
		t.Errorf("sent %d times", n)
	}
	spec.Description = new("")
	if _, err := s.UpdatePolicy(t.Context(), p.ID, spec); err != nil {
		t.Fatal(err)
	}
	if read, err := s.ReadPolicy(t.Context(), p.ID); err != nil || read.Description != nil || f.count("^PUT ") != 1 {
		t.Errorf("%v, %v", err, read.Description)
	}
}

func TestANewNameShowsWhenUpdateReturns(t *testing.T) {
	t.Parallel()
	f, s := newPolicyFake(t)
	p := create(t, s, classroom())
	f.late = 10 * time.Second
	if _, err := s.UpdatePolicy(t.Context(), p.ID, enrollment.PolicySpec{Name: "Renamed"}); err != nil {
		t.Fatal(err)
	}
	if read, err := s.ReadPolicy(t.Context(), p.ID); err != nil || read.Name != "Renamed" {
		t.Errorf("%v, %q", err, read.Name)
	}
}

func TestWhatMicrosoftRequiresSinceIsSentWithAChange(t *testing.T) {
	t.Parallel()
	f, s := newPolicyFake(t)
	p := create(t, s, classroom())
	f.mu.Lock()
	f.template = append(f.template, top(true, choiceOf("ade_setupassistant_holodeck", 1, nil, 0, 1)), top(false, choiceOf("ade_setupassistant_warp", 1, nil, 0, 1)))
	f.mu.Unlock()
	later := f.open(f.endpoint) // a later run
	changed, err := later.UpdatePolicy(t.Context(), p.ID, enrollment.PolicySpec{Name: "Renamed"})
	if err != nil {
		t.Fatal(err)
	}
	sent := values(f.sent(http.MethodPut))
	if sent["ade_setupassistant_holodeck"] != "ade_setupassistant_holodeck_1" || sent["ade_setupassistant_warp"] != "" {
		t.Errorf("sent %v", sent)
	}
	if !slices.Equal(changed.DefaultedSettings, []string{"ade_setupassistant_holodeck"}) {
		t.Errorf("told of %v", changed.DefaultedSettings)
	}
}

func TestAChangeThatDoesNotShowIsAnError(t *testing.T) {
	t.Parallel()
	f, s := newPolicyFake(t)
	p := create(t, s, classroom())
	f.late = time.Hour
	_, err := s.UpdatePolicy(t.Context(), p.ID, enrollment.PolicySpec{Name: "Classroom", LockedEnrollment: new(false)})
	if !errors.Is(err, enrollment.ErrUnavailable) || !strings.Contains(err.Error(), "ade_lockedenrollment") {
		t.Errorf("%v", err)
	}
}

func TestWhatIsNoEnrollmentPolicyIsLeftAlone(t *testing.T) {
	t.Parallel()
	f, s := newPolicyFake(t)
	p := create(t, s, classroom())
	for name, change := range map[string]func(map[string]any){
		"a policy of settings": func(p map[string]any) { p["technologies"] = "mdm,appleRemoteManagement" },
		"a policy for Windows": func(p map[string]any) { p["platforms"] = "windows10" },
		"a policy of no token": func(p map[string]any) { p["creationSource"] = nil },
	} {
		was := f.policies[p.ID]
		other := maps.Clone(was)
		change(other)
		f.policies[p.ID] = other
		_, readErr := s.ReadPolicy(t.Context(), p.ID)
		_, updateErr := s.UpdatePolicy(t.Context(), p.ID, classroom())
		for _, err := range []error{readErr, updateErr, s.DeletePolicy(t.Context(), p.ID)} {
			if !errors.Is(err, enrollment.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		f.policies[p.ID] = was
	}
	asked := f.count(".")
	for _, id := range []string{"", "x", "x('y')", "cccccccc-0000-4000-8000-999999999999"} {
		if _, err := s.ReadPolicy(t.Context(), id); !errors.Is(err, enrollment.ErrNotFound) || !strings.Contains(err.Error(), "There is no enrollment policy") {
			t.Errorf("%q: %v", id, err)
		}
	}
	if n := f.count(".") - asked; n != 1 {
		t.Errorf("%d requests for ids of which one could be a policy's", n)
	}
	if f.count("^(PUT|DELETE) ") > 0 {
		t.Error("something was sent")
	}
}

func TestAPolicyInUseIsNotDeleted(t *testing.T) {
	t.Parallel()
	f, s := newPolicyFake(t)
	p := create(t, s, classroom())
	f.onPhone, f.preset = []string{p.ProfileID, p.ID, policyToken + "_" + p.ID, "other"}, policyToken+"_"+p.ID
	err := s.DeletePolicy(t.Context(), p.ID)
	if !errors.Is(err, enrollment.ErrInUse) || !strings.Contains(err.Error(), "3 devices and is the default for ios") || f.count("^DELETE ") > 0 {
		t.Errorf("%v", err)
	}
}

func TestAPolicyIsGoneWhenDeleteReturns(t *testing.T) {
	t.Parallel()
	f, s := newPolicyFake(t)
	p := create(t, s, classroom())
	f.late, f.later = 20*time.Second, 20*time.Second
	if err := s.DeletePolicy(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if len(f.policies) > 0 || len(f.mirrors) > 0 {
		t.Error("it still shows")
	}
	if err := s.DeletePolicy(t.Context(), p.ID); !errors.Is(err, enrollment.ErrNotFound) {
		t.Errorf("%v", err)
	}
	p = create(t, s, classroom())
	f.late = time.Hour
	if err := s.DeletePolicy(t.Context(), p.ID); !errors.Is(err, enrollment.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

func TestAnInterruptionAfterTheCreateLosesNothing(t *testing.T) {
	t.Parallel()
	f, s := newPolicyFake(t)
	f.late = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	f.fault = func(r *http.Request) (int, string) {
		if strings.Contains(r.URL.Path, "configurationPolicies('") { // it waits for the policy
			cancel()
		}
		return 0, ""
	}
	if p, err := s.CreatePolicy(ctx, classroom()); err != nil || p.ID == "" || ctx.Err() == nil {
		t.Errorf("%v, %+v", err, p)
	}
}
