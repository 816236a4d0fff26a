package profile

import (
	"reflect"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

func object(t *testing.T, of map[string]attr.Type, with map[string]attr.Value) types.Object {
	t.Helper()
	all := map[string]attr.Value{}
	for name, typ := range of {
		switch typ {
		case types.StringType:
			all[name] = types.StringNull()
		case types.BoolType:
			all[name] = types.BoolNull()
		case types.Int64Type:
			all[name] = types.Int64Null()
		default:
			all[name] = types.ListNull(types.StringType)
		}
		if v, ok := with[name]; ok {
			all[name] = v
		}
	}
	o, diags := types.ObjectValue(of, all)
	if diags.HasError() {
		t.Fatal(diags)
	}
	return o
}

func list(elements ...attr.Value) types.List {
	return types.ListValueMust(types.StringType, elements)
}

func TestSpec(t *testing.T) {
	t.Parallel()
	s, b, n := types.StringValue, types.BoolValue, types.Int64Value
	sharedWith := func(with map[string]attr.Value) types.Object { return object(t, sharedIPadTypes(), with) }
	pairingWith := func(with map[string]attr.Value) types.Object { return object(t, pairingTypes(), with) }
	for name, c := range map[string]struct {
		of   model
		want enrollment.ProfileSpec
	}{
		"nothing": {model{}, enrollment.ProfileSpec{}},
		"unknown is not managed": {
			model{
				Description: types.StringUnknown(), UserAffinity: types.BoolUnknown(), SharedIPad: types.ObjectUnknown(sharedIPadTypes()), Pairing: types.ObjectUnknown(pairingTypes()),
				SkipSetupItems: types.SetUnknown(types.StringType), AnchorCertificates: types.ListUnknown(types.StringType), EnrollmentURL: types.StringUnknown(),
			},
			enrollment.ProfileSpec{},
		},
		"texts": {
			model{
				TokenID: s("t"), Name: s("n"), Description: s(""), Department: s("d"), DepartmentPhone: s("p"), EnrollmentURL: s("u"), ConfigurationWebURL: s("w"), SupportEmail: s("e"),
				OrgMagic: s("o"), Language: s("l"), Region: s("r"),
			},
			enrollment.ProfileSpec{
				TokenID: "t", Name: "n", Description: new(""), Department: new("d"), DepartmentPhone: new("p"), EnrollmentURL: new("u"), ConfigurationWebURL: new("w"), SupportEmail: new("e"),
				OrgMagic: new("o"), Language: new("l"), Region: new("r"),
			},
		},
		"flags": {
			model{
				UserAffinity: b(false), Supervised: b(true), LockedEnrollment: b(true), AwaitDeviceConfigured: b(true), AutoAdvance: b(false), Mandatory: b(true), ReturnToService: b(false),
				DoNotUseProfileFromBackup: b(true),
			},
			enrollment.ProfileSpec{
				UserAffinity: new(false), Supervised: true, LockedEnrollment: true, AwaitDeviceConfigured: new(true), AutoAdvance: new(false), Mandatory: new(true), ReturnToService: new(false),
				DoNotUseProfileFromBackup: new(true),
			},
		},
		"collections": {
			model{SkipSetupItems: types.SetValueMust(types.StringType, []attr.Value{s("Siri")}), AnchorCertificates: list(s("a"), s("b"))},
			enrollment.ProfileSpec{SkipSetupItems: []string{"Siri"}, AnchorCertificates: []string{"a", "b"}},
		},
		"empty collections are something": {
			model{SkipSetupItems: types.SetValueMust(types.StringType, nil), AnchorCertificates: list()},
			enrollment.ProfileSpec{SkipSetupItems: []string{}, AnchorCertificates: []string{}},
		},
		"shared, nothing said": {model{SharedIPad: sharedWith(nil)}, enrollment.ProfileSpec{SharedIPad: &enrollment.SharedIPad{}}},
		"shared": {
			model{SharedIPad: sharedWith(map[string]attr.Value{
				maximumCachedUsers: n(6), temporarySessionsOnly: b(false), userSessionTimeout: n(0), temporarySessionTimeout: n(60), passcodeLockGracePeriod: types.Int64Unknown(),
			})},
			enrollment.ProfileSpec{SharedIPad: &enrollment.SharedIPad{
				MaximumCachedUsers: new(int64(6)), TemporarySessionsOnly: new(false), UserSessionTimeout: new(int64(0)), TemporarySessionTimeout: new(int64(60)),
			}},
		},
		"pairing": {
			model{Pairing: pairingWith(map[string]attr.Value{pairingMode: s("certificate"), configuratorCertificates: list(s("c"))})},
			enrollment.ProfileSpec{Pairing: &enrollment.Pairing{Mode: enrollment.PairingCertificate, ConfiguratorCertificates: []string{"c"}}},
		},
		"pairing without certificates": {
			model{Pairing: pairingWith(map[string]attr.Value{pairingMode: s("deny")})},
			enrollment.ProfileSpec{Pairing: &enrollment.Pairing{Mode: enrollment.PairingDeny}},
		},
	} {
		if got := c.of.spec(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestFilledTakesOnlyWhatThePlanLeavesOpen(t *testing.T) {
	t.Parallel()
	made := enrollment.Profile{ID: "new", Status: enrollment.ProfileUndefined, ProfileSpec: enrollment.ProfileSpec{
		Name: "from the service", UserAffinity: new(true), EnrollmentURL: new("https://service.example"),
	}}
	open := model{Name: types.StringValue("planned"), ID: types.StringUnknown(), UserAffinity: types.BoolUnknown(), EnrollmentURL: types.StringUnknown(), Status: types.StringUnknown()}
	got := open.filled(enrollment.Embedded, made)
	if got.ID.ValueString() != "new" || !got.UserAffinity.ValueBool() || got.EnrollmentURL.ValueString() != "https://service.example" || got.Status.ValueString() != "undefined" {
		t.Errorf("open values became %+v", got)
	}
	if got.Name.ValueString() != "planned" {
		t.Errorf("a planned name became %s", got.Name)
	}
	closed := model{ID: types.StringValue("old"), UserAffinity: types.BoolValue(false), EnrollmentURL: types.StringValue("https://plan.example"), Status: types.StringValue("current")}
	if got := closed.filled(enrollment.Embedded, made); !reflect.DeepEqual(got, closed) {
		t.Errorf("planned values became %+v", got)
	}
}

func TestAffinityThatNobodyRecordedIsWhatTheServiceNeeds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind     enrollment.Kind
		recorded *bool
		shared   *enrollment.SharedIPad
		want     bool
	}{
		{enrollment.Embedded, nil, nil, false},
		{enrollment.Embedded, nil, &enrollment.SharedIPad{}, true},
		{enrollment.Intune, nil, &enrollment.SharedIPad{}, false},
		{enrollment.Embedded, new(true), nil, true},
		{enrollment.Embedded, new(false), &enrollment.SharedIPad{}, false},
	} {
		p := enrollment.Profile{ProfileSpec: enrollment.ProfileSpec{UserAffinity: c.recorded, SharedIPad: c.shared}}
		if got := (model{}).read(c.kind, p).UserAffinity; got.ValueBool() != c.want || got.IsNull() {
			t.Errorf("%+v was read as %s", c, got)
		}
	}
}

func TestSameURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"https://a.example/x", "https://a.example/x", true},
		{"HTTPS://A.example", "https://a.example/", true},
		{"https://a.example:443/x?q=1", "https://a.example/x?q=1", true},
		{"http://127.0.0.1:80/", "http://127.0.0.1", true},
		{"https://a.example:80/", "https://a.example/", false},
		{"https://a.example/X", "https://a.example/x", false},
		{"https://a.example/x/", "https://a.example/x", false},
		{"https://a.example/?q=A", "https://a.example/?q=a", false},
		{"https://a.example", "http://a.example", false},
		{"", "https://a.example", false},
		{"%zz", "%zz", true},
		{"%zz", "%zy", false},
	} {
		if got := sameURL(c.a, c.b); got != c.want {
			t.Errorf("sameURL(%q, %q) is %t", c.a, c.b, got)
		}
	}
}

func TestAppleUUID(t *testing.T) {
	t.Parallel()
	const want = "0123456789ABCDEF0123456789ABCDEF"
	for id, ok := range map[string]bool{
		want: true, "0123456789abcdef0123456789abcdef": true, "01234567-89ab-cdef-0123-456789abcdef": true,
		"": false, "p1": false, want + "0": false, want[:31] + "G": false,
	} {
		got, is := appleUUID(id)
		if is != ok || ok && got != want {
			t.Errorf("appleUUID(%q) is %q, %t", id, got, is)
		}
	}
}

// Every attribute that a person can set belongs to a list of its service, so
// that a new one cannot be forgotten.
func TestEveryAttributeIsInAListOfItsService(t *testing.T) {
	t.Parallel()
	never := []string{"id", "token_id", "status", "timeouts"}
	foreign := map[enrollment.Kind][]string{
		enrollment.Embedded: {
			"authentication", "require_company_portal", "device_name_template", "company_portal_vpp_token_id", "single_app_mode", "shared_device_mode",
			"carrier_activation_url", "enrollment_time_group_ids",
		},
		enrollment.Intune: {
			"enrollment_url", "configuration_web_url", "support_email", "org_magic", "language", "region", "anchor_certificates", "auto_advance", "return_to_service",
			"do_not_use_profile_from_backup", "name", "description", // the last two no device sees
		},
	}
	for kind, parts := range map[enrollment.Kind][]part{
		enrollment.Embedded: append(appleParts(), recordedParts()...),
		enrollment.Intune:   append(intuneParts(), namingPart()),
	} {
		known := map[string]bool{}
		for _, p := range parts {
			if known[p.name] {
				t.Errorf("%s: %s is there twice", kind, p.name)
			}
			known[p.name] = true
		}
		known["pairing"] = known["pairing."+pairingMode] && known["pairing."+configuratorCertificates]
		for _, f := range reflect.VisibleFields(reflect.TypeFor[model]()) {
			name := f.Tag.Get("tfsdk")
			if not := slices.Contains(never, name) || slices.Contains(foreign[kind], name); known[name] == not {
				t.Errorf("%s: %s is in its lists: %t", kind, name, known[name])
			}
		}
		for name := range sharedIPadTypes() {
			if !known["shared_ipad."+name] {
				t.Errorf("%s: shared_ipad.%s is in neither list", kind, name)
			}
		}
	}
}
