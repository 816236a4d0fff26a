package profile_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func TestConfigurationIsRefusedAtItsAttribute(t *testing.T) {
	t.Parallel()
	one, key := newCertificate(t)
	two, _ := newCertificate(t)
	for name, c := range map[string]struct {
		config tftest.Config
		want   []string
	}{
		"name empty":                    {tftest.Config{"name": ""}, []string{"name", "1 to 125"}},
		"name too long":                 {tftest.Config{"name": strings.Repeat("ä", 126)}, []string{"name", "this has 126"}},
		"token id empty":                {tftest.Config{"token_id": ""}, []string{"token_id"}},
		"department too long":           {tftest.Config{"department": strings.Repeat("x", 126)}, []string{"department", "1 to 125"}},
		"phone too long":                {tftest.Config{"department_phone": strings.Repeat("1", 51)}, []string{"department_phone", "1 to 50"}},
		"e-mail empty":                  {tftest.Config{"support_email": ""}, []string{"support_email", "1 to 250"}},
		"magic too long":                {tftest.Config{"org_magic": strings.Repeat("x", 257)}, []string{"org_magic", "1 to 256"}},
		"locked but not supervised":     {tftest.Config{"locked_enrollment": true, "supervised": false}, []string{"locked_enrollment", "needs supervised"}},
		"shared but not supervised":     {tftest.Config{"shared_ipad": tftest.Config{}, "supervised": false}, []string{"shared_ipad", "needs supervised"}},
		"shared without affinity":       {tftest.Config{"shared_ipad": tftest.Config{}, "user_affinity": false}, []string{"user_affinity", "Apple School Manager"}},
		"no cached user":                {tftest.Config{"shared_ipad": tftest.Config{"maximum_cached_users": 0}}, []string{"shared_ipad", "maximum_cached_users", "too small"}},
		"cached users and guests only":  {tftest.Config{"shared_ipad": tftest.Config{"maximum_cached_users": 3, "temporary_sessions_only": true}}, []string{"maximum_cached_users", "temporary_sessions_only"}},
		"user timeout too long":         {tftest.Config{"shared_ipad": tftest.Config{"user_session_timeout": 14401}}, []string{"user_session_timeout", "14400"}},
		"guest timeout negative":        {tftest.Config{"shared_ipad": tftest.Config{"temporary_session_timeout": -1}}, []string{"temporary_session_timeout", "14400"}},
		"grace period too long":         {tftest.Config{"shared_ipad": tftest.Config{"passcode_lock_grace_period": 14401}}, []string{"passcode_lock_grace_period", "14400"}},
		"pairing mode unknown":          {tftest.Config{"pairing": tftest.Config{"mode": "some"}}, []string{"pairing", "mode", "allow"}},
		"pairing without certificates":  {tftest.Config{"pairing": tftest.Config{"mode": "certificate"}}, []string{"configurator_certificates", "needs a certificate"}},
		"pairing with none of them":     {tftest.Config{"pairing": tftest.Config{"mode": "certificate", "configurator_certificates": []any{}}}, []string{"configurator_certificates", "needs a certificate"}},
		"certificates in another mode":  {tftest.Config{"pairing": tftest.Config{"mode": "allow", "configurator_certificates": []any{one}}}, []string{"configurator_certificates", "no effect"}},
		"pairing certificate unusable":  {tftest.Config{"pairing": tftest.Config{"mode": "certificate", "configurator_certificates": []any{"x"}}}, []string{"configurator_certificates", "not PEM"}},
		"anchor is no PEM":              {tftest.Config{"anchor_certificates": []any{"MIIB"}}, []string{"anchor_certificates", "not PEM"}},
		"anchor is a key":               {tftest.Config{"anchor_certificates": []any{key}}, []string{"anchor_certificates", "keep the key"}},
		"anchor is a bundle":            {tftest.Config{"anchor_certificates": []any{one + two}}, []string{"anchor_certificates", "more than one"}},
		"anchor is damaged":             {tftest.Config{"anchor_certificates": []any{"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}}, []string{"anchor_certificates", "X.509"}},
		"url http":                      {tftest.Config{"enrollment_url": "http://mdm.example/enroll"}, []string{"enrollment_url", "neither https"}},
		"url localhost":                 {tftest.Config{"enrollment_url": "http://localhost/enroll"}, []string{"enrollment_url", "neither https"}},
		"url without host":              {tftest.Config{"enrollment_url": "mdm.example"}, []string{"enrollment_url", "host"}},
		"url with password":             {tftest.Config{"enrollment_url": "https://me:hunter2@mdm.example"}, []string{"enrollment_url", "password"}},
		"url too long":                  {tftest.Config{"enrollment_url": "https://mdm.example/" + strings.Repeat("x", 2000)}, []string{"enrollment_url", "2020"}},
		"web url ftp":                   {tftest.Config{"configuration_web_url": "ftp://mdm.example"}, []string{"configuration_web_url", "neither https"}},
		"language upper-case":           {tftest.Config{"language": "DE"}, []string{"language", "ISO 639"}},
		"language with region":          {tftest.Config{"language": "de-CH"}, []string{"language", "ISO 639"}},
		"region lower-case":             {tftest.Config{"region": "ch"}, []string{"region", "ISO 3166"}},
		"skip key empty":                {tftest.Config{"skip_setup_items": []any{""}}, []string{"skip_setup_items"}},
		"timeout is no duration":        {tftest.Config{"timeouts": tftest.Config{"create": "soon"}}, []string{"timeouts", "create"}},
		"name missing is the core's":    {tftest.Config{"name": nil}, []string{"name", "Missing"}},
		"url empty":                     {tftest.Config{"enrollment_url": ""}, []string{"enrollment_url", "host"}},
		"default supervision satisfied": {tftest.Config{"locked_enrollment": true, "shared_ipad": tftest.Config{"maximum_cached_users": 1}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := drive(t, newFake().runtime())
			diags := d.Validate(kind, minimal(c.config))
			if c.want == nil {
				clean(t, diags)
				return
			}
			expect(t, diags.Errors(), c.want...)
			for _, message := range diags.Errors() {
				if strings.Contains(message, "hunter2") || strings.Contains(message, "PRIVATE KEY") {
					t.Errorf("a secret is quoted: %s", message)
				}
			}
		})
	}
}

func TestGoodConfigurationIsAccepted(t *testing.T) {
	t.Parallel()
	one, _ := newCertificate(t)
	d := drive(t, newFake().runtime())
	for name, config := range map[string]tftest.Config{
		"loopback":        {"enrollment_url": "http://127.0.0.1:8080/enroll"},
		"loopback, IPv6":  {"enrollment_url": "http://[::1]/enroll"},
		"query":           {"enrollment_url": "https://mdm.example/enroll?school=1"},
		"locale":          {"language": "gsw", "region": "CH"},
		"no panes hidden": {"skip_setup_items": []any{}},
		"timeouts 0":      {"shared_ipad": tftest.Config{"user_session_timeout": 0, "temporary_session_timeout": 14400, "passcode_lock_grace_period": 0}},
		"certificates":    {"pairing": tftest.Config{"mode": "certificate", "configurator_certificates": []any{crlf(one)}}, "anchor_certificates": []any{"subject=me\n" + one}},
	} {
		if errs := d.Validate(kind, minimal(config)).Errors(); len(errs) > 0 {
			t.Errorf("%s: %s", name, errs)
		}
	}
}

func TestUserAffinityRuleIsTheServices(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.kind = enrollment.Intune
	d := drive(t, f.runtime())
	shared := minimal(tftest.Config{"shared_ipad": tftest.Config{}, "user_affinity": true, "enrollment_url": nil})
	expect(t, d.Validate(kind, shared).Errors(), "user_affinity", "Microsoft Graph")
	plan := d.Plan(kind, tftest.State{}, shared.With(tftest.Config{"user_affinity": nil}))
	clean(t, plan.Diags)
	if got := plan.Get("user_affinity"); got != false {
		t.Errorf("user_affinity is planned as %v, and this service needs false", got)
	}
}

func TestUnknownSkipKeysAreWarningsWithTheNearestName(t *testing.T) {
	t.Parallel()
	d := drive(t, newFake().runtime())
	diags := d.Validate(kind, minimal(tftest.Config{"skip_setup_items": []any{"Passcode", "Sirri", tftest.Unknown}}))
	clean(t, diags)
	expect(t, diags.Warnings(), "skip_setup_items", `"Sirri"`, `"Siri"`)
	atKey(t, diags, "Sirri")
	diags = d.Validate(kind, minimal(tftest.Config{"skip_setup_items": []any{"AgeAssurance"}}))
	expect(t, diags.Warnings(), "Withdrawn")
	silent(t, d.Validate(kind, minimal(tftest.Config{"skip_setup_items": tftest.Unknown})).Warnings())
}

// atKey expects one message, at that element of skip_setup_items.
func atKey(t *testing.T, diags tftest.Diags, key string) {
	t.Helper()
	want := []tftypes.AttributePathStep{tftypes.AttributeName("skip_setup_items"), tftypes.ElementKeyValue(tftypes.NewValue(tftypes.String, key))}
	if len(diags) != 1 || !reflect.DeepEqual(diags[0].Attribute.Steps(), want) {
		t.Errorf("want one message at the key %q, have %v %v", key, diags.Errors(), diags.Warnings())
	}
}

// Each value that is unknown hides the rule that needs it, and no other.
func TestRulesWaitForUnknownValuesAndForNoOthers(t *testing.T) {
	t.Parallel()
	one, _ := newCertificate(t)
	unknown := tftest.Unknown
	for name, c := range map[string]struct {
		config tftest.Config
		want   string
	}{
		"name":                 {tftest.Config{"name": unknown}, ""},
		"token":                {tftest.Config{"token_id": unknown}, ""},
		"supervised":           {tftest.Config{"supervised": unknown, "locked_enrollment": true, "shared_ipad": tftest.Config{}}, ""},
		"locked":               {tftest.Config{"supervised": false, "locked_enrollment": unknown}, ""},
		"shared":               {tftest.Config{"supervised": false, "shared_ipad": unknown}, ""},
		"inside shared":        {tftest.Config{"shared_ipad": tftest.Config{"maximum_cached_users": 3, "temporary_sessions_only": unknown, "user_session_timeout": unknown}}, ""},
		"affinity":             {tftest.Config{"user_affinity": unknown, "shared_ipad": tftest.Config{}}, ""},
		"pairing":              {tftest.Config{"pairing": unknown}, ""},
		"pairing mode":         {tftest.Config{"pairing": tftest.Config{"mode": unknown, "configurator_certificates": []any{one}}}, ""},
		"pairing certificates": {tftest.Config{"pairing": tftest.Config{"mode": "certificate", "configurator_certificates": unknown}}, ""},
		"pairing certificate":  {tftest.Config{"pairing": tftest.Config{"mode": "certificate", "configurator_certificates": []any{unknown}}}, ""},
		"texts":                {tftest.Config{"department": unknown, "department_phone": unknown, "support_email": unknown, "org_magic": unknown, "description": unknown}, ""},
		"shapes":               {tftest.Config{"language": unknown, "region": unknown, "enrollment_url": unknown, "configuration_web_url": unknown}, ""},
		"collections":          {tftest.Config{"skip_setup_items": unknown, "anchor_certificates": unknown}, ""},
		"elements":             {tftest.Config{"skip_setup_items": []any{unknown}, "anchor_certificates": []any{unknown, one}}, ""},

		"name unknown, lock judged":      {tftest.Config{"name": unknown, "locked_enrollment": true, "supervised": false}, "locked_enrollment"},
		"certificate unknown, one given": {tftest.Config{"pairing": tftest.Config{"mode": "deny", "configurator_certificates": []any{unknown}}}, "configurator_certificates"},
		"inside unknown, shared judged":  {tftest.Config{"supervised": false, "shared_ipad": tftest.Config{"maximum_cached_users": unknown}}, "shared_ipad"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			d := drive(t, f.runtime())
			plan := d.Plan(kind, tftest.State{}, minimal(c.config))
			if c.want != "" {
				expect(t, plan.Diags.Errors(), c.want)
				return
			}
			clean(t, plan.Diags)
			if bad := plan.Invalid(); bad != "" {
				t.Errorf("core refuses this plan: %s", bad)
			}
		})
	}
}

func TestRulesHoldForValuesThatBecomeKnownAtApply(t *testing.T) {
	t.Parallel()
	f := newFake()
	plan := drive(t, f.runtime()).Plan(kind, tftest.State{}, minimal(tftest.Config{"locked_enrollment": true, "supervised": tftest.Unknown}))
	clean(t, plan.Diags)
	_, diags := plan.ApplyWith(minimal(tftest.Config{"locked_enrollment": true, "supervised": false}))
	expect(t, diags.Errors(), "locked_enrollment")
	if len(f.created) > 0 {
		t.Error("a profile was created against the rules")
	}
}

func TestThePlanItselfHoldsTheRulesToo(t *testing.T) {
	t.Parallel()
	d := drive(t, newFake().runtime())
	for field, config := range map[string]tftest.Config{
		"locked_enrollment": {"locked_enrollment": true, "supervised": false},
		"user_affinity":     {"shared_ipad": tftest.Config{}, "user_affinity": false},
	} {
		expect(t, d.PlanUnvalidated(kind, tftest.State{}, minimal(config)).Diags.Errors(), field)
	}
}

func TestTokenWithoutServerTokenIsAnErrorInThePlan(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.tokens["t1"] = enrollment.Token{ID: "t1", TokenSpec: enrollment.TokenSpec{Name: "District"}, Status: enrollment.AwaitingServerToken}
	rt := f.runtime()
	d := drive(t, rt)
	expect(t, d.Plan(kind, tftest.State{}, minimal(nil)).Diags.Errors(), "token_id", "District", "Download Token")
	rt.Plans.Upload("t1")
	clean(t, d.Plan(kind, tftest.State{}, minimal(nil)).Diags)
}

func TestEveryAttributeIsDocumented(t *testing.T) {
	t.Parallel()
	for path, description := range drive(t, newFake().runtime()).Descriptions(kind, listKind) {
		if len(description) < 10 {
			t.Errorf("%s is described as %q", path, description)
		}
	}
	docs := drive(t, newFake().runtime()).Descriptions(kind)
	for _, recorded := range []string{
		"description", "user_affinity", "shared_ipad.maximum_cached_users", "shared_ipad.temporary_sessions_only",
		"shared_ipad.user_session_timeout", "shared_ipad.temporary_session_timeout", "shared_ipad.passcode_lock_grace_period",
	} {
		if !strings.Contains(docs[kind+"."+recorded], "Recorded only") {
			t.Errorf("%s is not marked as recorded only", recorded)
		}
	}
}

func TestWithoutAServiceThePlanIsMadeFromTheConfigurationAlone(t *testing.T) {
	t.Parallel()
	d := drive(t, &tf.Runtime{NotReady: "embedded.store", Plans: tf.NewPlans()})
	expect(t, d.Plan(kind, tftest.State{}, minimal(tftest.Config{"locked_enrollment": true, "supervised": false})).Diags.Errors(), "locked_enrollment")
	plan := d.Plan(kind, tftest.State{}, minimal(tftest.Config{"enrollment_url": nil, "shared_ipad": tftest.Config{}}))
	clean(t, plan.Diags)
	silent(t, plan.Diags.Warnings())
	for _, name := range []string{"id", "status", "user_affinity", "enrollment_url"} {
		if plan.Get(name) != any(tftest.Unknown) {
			t.Errorf("%s is planned as %v before there is a service to ask", name, plan.Get(name))
		}
	}
}
