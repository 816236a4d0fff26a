package profile_test

import (
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

func TestAttributesOfTheOtherServiceAreRefusedAtTheirPlace(t *testing.T) {
	t.Parallel()
	one, _ := newCertificate(t)
	d := drive(t, newIntune().runtime())
	for name, value := range map[string]any{
		"enrollment_url": "https://mdm.example", "configuration_web_url": "https://mdm.example", "support_email": "a@b.example", "org_magic": "m", "language": "de", "region": "CH",
		"anchor_certificates": []any{one}, "auto_advance": false, "return_to_service": true, "do_not_use_profile_from_backup": false,
	} {
		expect(t, d.Plan(kind, tftest.State{}, onIntune(tftest.Config{name: value})).Diags.Errors(), name+": ", "embedded service")
		expect(t, d.PlanUnvalidated(kind, tftest.State{}, onIntune(tftest.Config{name: value})).Diags.Errors(), name+": ", "embedded service")
	}
	d = drive(t, newFake().runtime())
	for name, c := range intuneAttributes {
		expect(t, d.Plan(kind, tftest.State{}, minimal(tftest.Config{name: c.value})).Diags.Errors(), name+": ", "attribute of Intune")
		expect(t, d.PlanUnvalidated(kind, tftest.State{}, minimal(tftest.Config{name: c.value})).Diags.Errors(), name+": ", "attribute of Intune")
	}
	clean(t, d.Plan(kind, tftest.State{}, minimal(tftest.Config{"mandatory": true})).Diags) // both have it
}

// What is unknown hides the rules that need it, and no others.
func TestIntunesRulesWaitForUnknownValues(t *testing.T) {
	t.Parallel()
	portal := tftest.Config{"authentication": "company_portal", "single_app_mode": true, "company_portal_vpp_token_id": tftest.Unknown}
	d := drive(t, newIntune().runtime())
	clean(t, d.Plan(kind, tftest.State{}, onIntune(portal)).Diags)
	clean(t, d.Plan(kind, tftest.State{}, onIntune(tftest.Config{"mandatory": false, "user_affinity": tftest.Unknown})).Diags)
	clean(t, d.Plan(kind, tftest.State{}, onIntune(tftest.Config{"single_app_mode": true, "authentication": tftest.Unknown, "company_portal_vpp_token_id": "v"})).Diags)
	expect(t, d.Plan(kind, tftest.State{}, onIntune(portal).With(tftest.Config{"support_email": "a@b.example"})).Diags.Errors(), "support_email")
	expect(t, d.PlanUnvalidated(kind, tftest.State{}, onIntune(portal).With(tftest.Config{"support_email": "a@b.example"})).Diags.Errors(), "support_email")
	expect(t, d.Validate(kind, onIntune(tftest.Config{"support_email": "a@b.example"})).Errors(), "support_email")
}

func TestForeignAttributesThatBecomeKnownAtApplyAreRefusedBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	f := newIntune()
	plan := drive(t, f.runtime()).Plan(kind, tftest.State{}, onIntune(tftest.Config{"support_email": tftest.Unknown}))
	_, diags := plan.ApplyWith(onIntune(tftest.Config{"support_email": "a@b.example"}))
	expect(t, diags.Errors(), "support_email")
	if len(f.created) > 0 {
		t.Error("a profile was created")
	}
}

func TestIntuneRefusesItsOwnAtTheAttribute(t *testing.T) {
	t.Parallel()
	portal := tftest.Config{"authentication": "company_portal"}
	d := drive(t, newIntune().runtime())
	var eleven []any
	for range 11 {
		one, _ := newCertificate(t)
		eleven = append(eleven, one)
	}
	for name, c := range map[string]struct {
		config tftest.Config
		want   []string
	}{
		"way to sign in":             {tftest.Config{"authentication": "webauthn"}, []string{"authentication", "modern", "setup_assistant_legacy"}},
		"sign-in without a user":     {tftest.Config{"authentication": "modern", "user_affinity": false}, []string{"authentication", "user affinity"}},
		"name template too long":     {tftest.Config{"device_name_template": strings.Repeat("x", 64)}, []string{"device_name_template", "63"}},
		"name template with a blank": {tftest.Config{"device_name_template": "my iPad"}, []string{"device_name_template", "{{SERIAL}}"}},
		"name with a variable":       {tftest.Config{"device_name_template": "{{USER}}"}, []string{"device_name_template", "{{SERIAL}} and {{DEVICETYPE}}"}},
		"no such token":              {tftest.Config{"token_id": "nope"}, []string{"token_id: ", `There is no token "nope"`, "asm_token"}},
		"location token, modern":     {tftest.Config{"authentication": "modern", "company_portal_vpp_token_id": "v"}, []string{"company_portal_vpp_token_id", "company_portal"}},
		"single app, no token":       {portal.With(tftest.Config{"single_app_mode": true}), []string{"single_app_mode", "company_portal_vpp_token_id"}},
		"carrier without a scheme":   {tftest.Config{"carrier_activation_url": "carrier.example"}, []string{"carrier_activation_url", "http"}},
		"group by its name":          {tftest.Config{"enrollment_time_group_ids": []any{"Teachers"}}, []string{"enrollment_time_group_ids", "Teachers", "GUID"}},
		"group empty":                {tftest.Config{"enrollment_time_group_ids": []any{""}}, []string{"enrollment_time_group_ids"}},
		"group null":                 {tftest.Config{"enrollment_time_group_ids": []any{nil}}, []string{"enrollment_time_group_ids"}},
		"shared mode with a user":    {tftest.Config{"shared_device_mode": true, "user_affinity": true}, []string{"shared_device_mode"}},
		"shared mode, Shared iPad":   {tftest.Config{"shared_device_mode": true, "shared_ipad": tftest.Config{}}, []string{"shared_device_mode"}},
		"await on Shared iPad":       {tftest.Config{"await_device_configured": true, "shared_ipad": tftest.Config{}}, []string{"await_device_configured"}},
		"not mandatory, no user":     {tftest.Config{"mandatory": false}, []string{"mandatory", "isMandatory"}},
		"affinity on Shared iPad":    {tftest.Config{"shared_ipad": tftest.Config{}, "user_affinity": true}, []string{"user_affinity", "Microsoft Graph"}},
		"timeout below 30":           {tftest.Config{"shared_ipad": tftest.Config{"user_session_timeout": 29}}, []string{"user_session_timeout", "30"}},
		"grace period of its own":    {tftest.Config{"shared_ipad": tftest.Config{"passcode_lock_grace_period": 61}}, []string{"passcode_lock_grace_period", "900"}},
		"eleven certificates":        {tftest.Config{"pairing": tftest.Config{"mode": "certificate", "configurator_certificates": eleven}}, []string{"configurator_certificates", "at most 10"}},
		"Registration":               {tftest.Config{"skip_setup_items": []any{"Registration"}}, []string{"skip_setup_items", "Registration"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, d.Plan(kind, tftest.State{}, onIntune(c.config)).Diags.Errors(), c.want...)
		})
	}
	for name, config := range map[string]tftest.Config{
		"no groups": {"enrollment_time_group_ids": []any{}}, "no name": {"device_name_template": ""}, "Zoom": {"skip_setup_items": []any{"Zoom", "HomeButtonSensitivity"}},
		"group unknown": {"enrollment_time_group_ids": []any{tftest.Unknown}},
	} {
		if errs := d.Plan(kind, tftest.State{}, onIntune(config)).Diags.Errors(); len(errs) > 0 {
			t.Errorf("%s: %s", name, errs)
		}
	}
}

func TestARefusedSkipKeyIsNotWarnedOfBesides(t *testing.T) {
	t.Parallel()
	registration := tftest.Config{"skip_setup_items": []any{"Registration"}}
	for _, d := range []*tftest.Driver{drive(t, newIntune().runtime()), drive(t, &tf.Runtime{})} {
		silent(t, d.Validate(kind, onIntune(registration)).Warnings())
		silent(t, d.Plan(kind, tftest.State{}, onIntune(registration)).Diags.Warnings())
		expect(t, d.Validate(kind, onIntune(tftest.Config{"skip_setup_items": []any{"Sirri"}})).Warnings(), `"Siri"`)
	}
	atKey(t, drive(t, newIntune().runtime()).Plan(kind, tftest.State{}, onIntune(registration)).Diags, "Registration")
	f := newFake()
	expect(t, drive(t, f.runtime()).Plan(kind, tftest.State{}, minimal(registration)).Diags.Warnings(), `Unknown Setup Assistant key "Registration"`)
}

func TestChangeOnIntuneSaysWhichDevicesNoticeIt(t *testing.T) {
	t.Parallel()
	one, _ := newCertificate(t)
	for name, change := range map[string]tftest.Config{
		"user_affinity": {"user_affinity": true}, "supervised": {"supervised": false}, "locked_enrollment": {"locked_enrollment": true}, "shared_ipad": {"shared_ipad": tftest.Config{}},
		"pairing.mode": {"pairing": tftest.Config{"mode": "deny"}}, "pairing.configurator_certificates": {"pairing": tftest.Config{"mode": "certificate", "configurator_certificates": []any{one}}},
		"department": {"department": "IT"}, "department_phone": {"department_phone": "1"}, "skip_setup_items": {"skip_setup_items": []any{"Siri"}},
		"await_device_configured": {"await_device_configured": true}, "authentication": {"authentication": "modern"}, "require_company_portal": {"require_company_portal": true},
		"company_portal_vpp_token_id": {"authentication": "company_portal", "company_portal_vpp_token_id": "v"},
		"single_app_mode":             {"authentication": "company_portal", "company_portal_vpp_token_id": "v", "single_app_mode": true},
		"shared_device_mode":          {"shared_device_mode": true}, "carrier_activation_url": {"carrier_activation_url": "https://a.example"},
		"enrollment_time_group_ids": {"enrollment_time_group_ids": []any{groupID}}, "mandatory": {"user_affinity": true, "mandatory": false},
		"shared_ipad.maximum_cached_users": {"shared_ipad": tftest.Config{"maximum_cached_users": 6}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, d, state := driveIntune(t, onIntune(nil))
			onProfile(f, graphID, 2, 3)
			onProfile(f, "p9", 1, 1)
			plan := d.Plan(kind, state, onIntune(change))
			clean(t, plan.Diags)
			expect(t, plan.Diags.Warnings(), "reaches 5 devices, 2 of them after a factory reset", name, "in place", "sends the devices nowhere")
			if strings.Contains(plan.Diags.Warnings()[0], "Apple") || strings.Contains(plan.Diags.Warnings()[0], "definition") {
				t.Errorf("Intune defines nothing anew: %s", plan.Diags.Warnings()[0])
			}
			if plan.Get("status") != "current" {
				t.Errorf("status is planned as %v", plan.Get("status"))
			}
			apply(t, d, state, onIntune(change))
		})
	}
}

func TestANameTemplateNeedsNoFactoryReset(t *testing.T) {
	t.Parallel()
	f, d, state := driveIntune(t, onIntune(nil))
	onProfile(f, graphID, 2, 3)
	named := tftest.Config{"device_name_template": "{{SERIAL}}"}
	expect(t, d.Plan(kind, state, onIntune(named)).Diags.Warnings(), "renames 5 devices", "needs no factory reset", "device_name_template")
	both := d.Plan(kind, state, onIntune(named).With(tftest.Config{"department": "IT"})).Diags.Warnings()
	expect(t, both, "reaches 5 devices, 2 of them after a factory reset", "(department)", "The name is the exception", "device_name_template")
	f.devices = nil
	onProfile(f, graphID, 0, 1)
	expect(t, d.Plan(kind, state, onIntune(tftest.Config{"department": "IT"})).Diags.Warnings(), "reaches 1 device:", "when they are set up")
}

func TestWhatOnlyTheAdminCenterShowsReachesNoDevice(t *testing.T) {
	t.Parallel()
	f, d, state := driveIntune(t, onIntune(tftest.Config{"user_affinity": true, "authentication": "modern", "description": "a"}))
	onProfile(f, graphID, 2, 3)
	for name, config := range map[string]tftest.Config{
		"name":        {"user_affinity": true, "authentication": "modern", "description": "a", "name": "Other"},
		"description": {"user_affinity": true, "authentication": "modern"},
		"sign-in, which stays when its line is removed": {"user_affinity": true, "description": "a"},
	} {
		plan := d.Plan(kind, state, onIntune(config))
		clean(t, plan.Diags)
		silent(t, plan.Diags.Warnings())
		if plan.Empty() {
			t.Errorf("%s: nothing is planned", name)
		}
	}
	f.countErr = errDown
	expect(t, d.Plan(kind, state, onIntune(tftest.Config{"department": "IT"})).Diags.Warnings(), "Unable to count")
}

func TestAttributesNameTheirServiceAndGraphsProperty(t *testing.T) {
	t.Parallel()
	docs := drive(t, newFake().runtime()).Descriptions(kind)
	for name, property := range map[string]string{
		"name": "displayName", "description": "description", "user_affinity": "requiresUserAuthentication", "supervised": "supervisedModeEnabled",
		"locked_enrollment": "profileRemovalDisabled", "shared_ipad": "enableSharedIPad", "shared_ipad.maximum_cached_users": "sharedIPadMaximumUserCount",
		"shared_ipad.temporary_sessions_only": "forceTemporarySession", "shared_ipad.user_session_timeout": "userSessionTimeoutInSeconds",
		"shared_ipad.temporary_session_timeout": "temporarySessionTimeoutInSeconds", "shared_ipad.passcode_lock_grace_period": "passcodeLockGracePeriodInSeconds",
		"pairing": "iTunesPairingMode", "pairing.configurator_certificates": "managementCertificates", "department": "supportDepartment", "department_phone": "supportPhoneNumber",
		"skip_setup_items": "enabledSkipKeys", "await_device_configured": "waitForDeviceConfiguredConfirmation", "authentication": "configurationWebUrl",
		"require_company_portal": "requireCompanyPortalOnSetupAssistantEnrolledDevices", "device_name_template": "deviceNameTemplate",
		"company_portal_vpp_token_id": "companyPortalVppTokenId", "single_app_mode": "enableSingleAppEnrollmentMode", "shared_device_mode": "userlessSharedAadModeEnabled",
		"carrier_activation_url": "carrierActivationUrl", "enrollment_time_group_ids": "enrollmentTimeAzureAdGroupIds", "mandatory": "isMandatory",
	} {
		if text := docs[kind+"."+name]; !strings.Contains(text, "Intune") || !strings.Contains(text, "`"+property+"`") {
			t.Errorf("%s does not name `%s` on Intune: %s", name, property, text)
		}
	}
	for name := range intuneAttributes {
		if !strings.Contains(docs[kind+"."+name], "Intune only") {
			t.Errorf("%s does not say that only Intune has it", name)
		}
	}
	for _, v := range enrollment.CheckForeign(enrollment.Intune, everyForeign()) {
		if !strings.Contains(docs[kind+"."+v.Field], "Embedded service only") {
			t.Errorf("%s does not say that only the embedded service has it", v.Field)
		}
	}
}

func everyForeign() enrollment.ProfileSpec {
	text, yes := new("x"), new(true)
	return enrollment.ProfileSpec{
		EnrollmentURL: text, ConfigurationWebURL: text, SupportEmail: text, OrgMagic: text, Language: text, Region: text, AnchorCertificates: []string{"x"},
		AutoAdvance: yes, ReturnToService: yes, DoNotUseProfileFromBackup: yes,
	}
}
