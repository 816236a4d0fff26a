package intune

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

var update = flag.Bool("update", false, "write the golden request bodies")

// golden compares a request body with a file in testdata.
func golden(t *testing.T, name, body string) {
	t.Helper()
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(body), "", "  "); err != nil {
		t.Fatalf("%s: %v in %q", name, err, body)
	}
	indented.WriteByte('\n')
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, indented.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, indented.Bytes()) {
		t.Errorf("%s: sent\n%s\nwant\n%s", name, indented.String(), want)
	}
}

// hostCertificate is one certificate, the same in every run.
const hostCertificate = `-----BEGIN CERTIFICATE-----
MIIBODCB66ADAgECAhQQU5Ab6KS2fXBkZD+AQ6fPnBpq5zAFBgMrZXAwETEPMA0G
A1UEAwwGQ2FydCAxMCAXDTI2MTEyMzA0MDkzMloYDzIxMjYxMDMwMDQwOTMyWjAR
MQ8wDQYDVQQDDAZDYXJ0IDEwKjAFBgMrZXADIQDsJ4nNFQpRXTOiq2tPy/I1E1IM
I/5pUAubsM5wObUUNqNTMFEwHQYDVR0OBBYEFIDO3dpnqMU+/1pHouwBdjtudM8V
MB8GA1UdIwQYMBaAFIDO3dpnqMU+/1pHouwBdjtudM8VMA8GA1UdEwEB/wQFMAMB
Af8wBQYDK2VwA0EAkxjM+ZF7621T2GCq0HPxFH+9NnpWkqvBsnJQagD+Gn9SRXS0
u9gc6z/g5n+X0u3sUZk7imJetFFTEbIXa8OaBg==
-----END CERTIFICATE-----
`

func newCertificate(t *testing.T) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Cart"}, NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// fullSpec sets everything that a profile with sign-in in the Company Portal can have.
func fullSpec() enrollment.ProfileSpec {
	return enrollment.ProfileSpec{
		TokenID: fleetToken, Name: "Teachers", Description: new("of the upper school"), UserAffinity: new(true), Supervised: true, LockedEnrollment: true,
		Pairing:    &enrollment.Pairing{Mode: enrollment.PairingCertificate, ConfiguratorCertificates: []string{hostCertificate}},
		Department: new("IT"), DepartmentPhone: new("555 0100"), SkipSetupItems: []string{"Siri", "TapToSetup", "Privacy", "AppleID"},
		AwaitDeviceConfigured: new(true), Authentication: new(enrollment.AuthenticationCompanyPortal), RequireCompanyPortal: new(false),
		DeviceNameTemplate: new("{{DEVICETYPE}}-{{SERIAL}}"), CompanyPortalVPPTokenID: new("99999999-0000-4000-8000-000000000009"),
		SingleAppMode: new(true), SharedDeviceMode: new(false), CarrierActivationURL: new("https://esim.carrier.example"),
		EnrollmentTimeGroupIDs: []string{"dddddddd-0000-4000-8000-000000000004"}, Mandatory: new(true),
	}
}

func sharedSpec() enrollment.ProfileSpec {
	return enrollment.ProfileSpec{
		TokenID: fleetToken, Name: "Cart", Supervised: true, SkipSetupItems: []string{},
		SharedIPad: &enrollment.SharedIPad{
			MaximumCachedUsers: new(int64(8)), TemporarySessionsOnly: new(false), UserSessionTimeout: new(int64(600)),
			TemporarySessionTimeout: new(int64(300)), PasscodeLockGracePeriod: new(int64(900)),
		},
	}
}

// iosProperties are the properties of a type in the contract, without annotations.
func iosProperties(t *testing.T) []string {
	t.Helper()
	contract, err := openapi3.NewLoader().LoadFromFile(filepath.Join("..", "simulator", "contract", "graph-beta-dep.strict.openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for property := range contract.Components.Schemas["microsoft.graph.depIOSEnrollmentProfile"].Value.Properties {
		if !strings.Contains(property, "@odata") {
			out = append(out, property)
		}
	}
	return out
}

func TestEveryPropertyOfAProfileIsMappedOrExcused(t *testing.T) {
	t.Parallel()
	written := map[string]bool{"id": true}
	for _, spec := range []enrollment.ProfileSpec{fullSpec(), sharedSpec()} {
		spec.TokenID = fleetToken
		body, err := askProfile(complete(spec, enrollment.ProfileSpec{}))
		if err != nil {
			t.Fatal(err)
		}
		for property := range body {
			written[property] = true
		}
	}
	read := map[string]bool{enabledSkipKeys: true}
	for field := range reflect.TypeFor[wireProfile]().Fields() {
		read[field.Tag.Get("json")] = true
	}
	for property := range skipFlags {
		read[property] = true
	}
	properties := iosProperties(t)
	if len(properties) < 50 {
		t.Fatalf("the contract has %d properties only: %v", len(properties), properties)
	}
	for _, property := range properties {
		reason, excused := unmapped[property]
		mapped := written[property] && read[property]
		if mapped == excused || excused && reason == "" {
			t.Errorf("%s: written %t, read %t, excused %q", property, written[property], read[property], reason)
		}
	}
	for property := range written {
		if property != odataType && !slices.Contains(properties, property) {
			t.Errorf("%s is sent and the contract does not have it", property)
		}
	}
	for property := range unmapped {
		if !slices.Contains(properties, property) {
			t.Errorf("%s is excused and the contract does not have it", property)
		}
	}
}

func TestAProfileReadsAsItWasWritten(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]enrollment.ProfileSpec{
		"company portal": fullSpec(),
		"Shared iPad":    sharedSpec(),
		"modern":         {TokenID: fleetToken, Name: "M", Supervised: true, UserAffinity: new(true), Authentication: new(enrollment.AuthenticationModern)},
		"legacy":         {TokenID: fleetToken, Name: "L", UserAffinity: new(true), Authentication: new(enrollment.AuthenticationLegacy), Mandatory: new(false)},
		"deny pairing":   {TokenID: fleetToken, Name: "D", Pairing: &enrollment.Pairing{Mode: enrollment.PairingDeny}},
		"shared device":  {TokenID: fleetToken, Name: "S", SharedDeviceMode: new(true), UserAffinity: new(false)},
		"temporary sessions": {
			TokenID: fleetToken, Name: "T", Supervised: true,
			SharedIPad: &enrollment.SharedIPad{TemporarySessionsOnly: new(true), TemporarySessionTimeout: new(int64(30))},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := newFleetFake(t)
			f.late = 3 * time.Second
			result, err := s.CreateProfile(t.Context(), spec)
			if err != nil || len(result.Warnings) > 0 {
				t.Fatalf("%v, %+v", err, result.Warnings)
			}
			read, err := s.ReadProfile(t.Context(), enrollment.ProfileRef{TokenID: fleetToken, ID: result.Profile.ID})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(read, result.Profile) {
				t.Errorf("created as %+v, read as %+v", result.Profile, read)
			}
			for field, asked := range reflect.ValueOf(complete(spec, enrollment.ProfileSpec{})).Fields() {
				got := reflect.ValueOf(read.ProfileSpec).FieldByIndex(field.Index)
				if field.Name == "SkipSetupItems" && spec.SkipSetupItems != nil {
					slices.Sort(spec.SkipSetupItems)
				}
				if field.Name == "Authentication" && *read.UserAffinity == false {
					if !got.IsNil() {
						t.Errorf("nobody signs in, and authentication is %v", *read.Authentication)
					}
					continue
				}
				if !asked.IsZero() && !reflect.DeepEqual(got.Interface(), asked.Interface()) {
					t.Errorf("%s: wrote %s, read %s", field.Name, show(asked.Interface()), show(got.Interface()))
				}
			}
			if !read.Recorded || read.Status != enrollment.ProfileCurrent || read.DeviceCount != enrollment.DeviceCountUnknown {
				t.Errorf("recorded %t, status %q, devices %d", read.Recorded, read.Status, read.DeviceCount)
			}
		})
	}
}

func show(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func TestWhatIsSentOfAProfile(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	created, err := s.CreateProfile(t.Context(), fullSpec())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "profile-create.json", f.lastBody("^POST /enrollmentProfiles"))
	if _, err := s.CreateProfile(t.Context(), sharedSpec()); err != nil {
		t.Fatal(err)
	}
	golden(t, "profile-create-shared-ipad.json", f.lastBody("^POST /enrollmentProfiles"))

	ref := enrollment.ProfileRef{TokenID: fleetToken, ID: created.Profile.ID}
	change := enrollment.ProfileSpec{TokenID: fleetToken, Name: "Staff", Supervised: true, Description: new(""), DepartmentPhone: new(""), SkipSetupItems: []string{"Registered"}}
	if _, err := s.UpdateProfile(t.Context(), ref, change); err != nil {
		t.Fatal(err)
	}
	golden(t, "profile-change.json", f.lastBody("^PATCH"))
	read, err := s.ReadProfile(t.Context(), ref)
	if err != nil || read.Name != "Staff" || read.Description != nil || read.Department == nil || *read.Department != "IT" || !slices.Equal(read.SkipSetupItems, []string{"Registered"}) {
		t.Errorf("%v, read %+v", err, read)
	}
}

func TestSkipKeysReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	pool := append(slices.Collect(maps.Values(skipFlags)), "TapToSetup", "LiquidGlass", "Safety", "OSShowcase", "NewPane")
	roundTrip := func(picks []bool) bool {
		keys := []string{}
		for i, picked := range picks {
			if picked && !slices.Contains(keys, pool[i%len(pool)]) {
				keys = append(keys, pool[i%len(pool)])
			}
		}
		body := map[string]any{}
		askSkipKeys(body, keys)
		if len(body) != len(skipFlags)+1 {
			t.Logf("%d properties", len(body))
			return false
		}
		encoded, _ := json.Marshal(body)
		var wire map[string]json.RawMessage
		_ = json.Unmarshal(encoded, &wire)
		var rest []string
		_ = json.Unmarshal(wire[enabledSkipKeys], &rest)
		for _, key := range rest {
			if slices.Contains(slices.Collect(maps.Values(skipFlags)), key) {
				t.Logf("%s has a property of its own", key) // Graph refuses Privacy there
				return false
			}
		}
		return slices.Equal(takeSkipKeys(wire), slices.Sorted(slices.Values(keys)))
	}
	if err := quick.Check(roundTrip, nil); err != nil {
		t.Error(err)
	}
}

func TestSkipKeysThatTheAdminCenterPutBothWaysAreReadOnce(t *testing.T) {
	t.Parallel()
	wire := map[string]json.RawMessage{"siriDisabled": json.RawMessage("true"), enabledSkipKeys: json.RawMessage(`["Siri","Safety",null]`)}
	if got := takeSkipKeys(wire); !slices.Equal(got, []string{"Safety", "Siri"}) {
		t.Errorf("read %v", got)
	}
}

func TestTheSameProfileAgainSendsNothing(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	created, err := s.CreateProfile(t.Context(), fullSpec())
	if err != nil {
		t.Fatal(err)
	}
	result, err := s.UpdateProfile(t.Context(), enrollment.ProfileRef{TokenID: fleetToken, ID: created.Profile.ID}, fullSpec())
	if err != nil || f.count("^PATCH") != 0 || !reflect.DeepEqual(result.Profile, created.Profile) {
		t.Errorf("%v, %d requests, %+v", err, f.count("^PATCH"), result.Profile)
	}
}

func TestAProfileIsFoundByEverySpellingOfItsID(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	classic, mirror := f.addProfile(studentsID, "Students"), f.addPolicy(policyID, "Pupils")
	for asked, want := range map[enrollment.ProfileRef]string{
		{TokenID: fleetToken, ID: classic}:                          classic,
		{ID: classic}:                                               classic,
		{TokenID: fleetToken, ID: studentsID}:                       classic,
		{TokenID: fleetToken, ID: strings.ToUpper(studentsID)}:      classic,
		{TokenID: strings.ToUpper(fleetToken), ID: classic}:         classic,
		{TokenID: fleetToken, ID: mirror}:                           mirror,
		{TokenID: fleetToken, ID: policyID}:                         mirror,
		{TokenID: fleetToken, ID: fleetToken + "_" + policyID}:      mirror,
		{TokenID: fleetToken, ID: mirrorPrefix + "x_" + studentsID}: classic,
	} {
		if strings.ToUpper(fleetToken) == asked.TokenID {
			continue // paths are of one case in this fake
		}
		p, err := s.ReadProfile(t.Context(), asked)
		if err != nil || p.ID != want {
			t.Errorf("%+v: %v, id %q, want %q", asked, err, p.ID, want)
		}
	}
	for _, asked := range []enrollment.ProfileRef{
		{TokenID: fleetToken, ID: teachersID},
		{TokenID: fleetToken, ID: "22222222-2222-4333-8444-555555555555_" + studentsID}, // of another token
	} {
		if _, err := s.ReadProfile(t.Context(), asked); !errors.Is(err, enrollment.ErrNotFound) {
			t.Errorf("%+v: error %v, want %v", asked, err, enrollment.ErrNotFound)
		}
	}
	if _, err := s.ReadProfile(t.Context(), enrollment.ProfileRef{ID: studentsID}); !errors.Is(err, enrollment.ErrInvalid) {
		t.Errorf("without a token: error %v", err)
	}
}

func TestAMirroredPolicyIsNoProfileToChange(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	mirror := f.addPolicy(policyID, "Pupils")
	f.addProfile(studentsID, "Students")
	ref := enrollment.ProfileRef{TokenID: fleetToken, ID: mirror}
	p, err := s.ReadProfile(t.Context(), ref)
	if err != nil || p.OtherKind != "an enrollment policy" || p.Recorded {
		t.Fatalf("%v, %+v", err, p)
	}
	_, changed := s.UpdateProfile(t.Context(), ref, enrollment.ProfileSpec{Name: "x"})
	for _, err := range []error{changed, s.DeleteProfile(t.Context(), ref)} {
		if !errors.Is(err, enrollment.ErrInvalid) || !strings.Contains(err.Error(), "asm_enrollment_policy") {
			t.Errorf("error %v", err)
		}
	}
	var names []string
	for p, err := range s.Profiles(t.Context(), fleetToken) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, p.Name)
	}
	if !slices.Equal(names, []string{"Students"}) || f.count("^(PATCH|DELETE)") > 0 {
		t.Errorf("listed %v, %d writes", names, f.count("^(PATCH|DELETE)"))
	}
}

func TestATenantThatMakesNoMoreClassicProfiles(t *testing.T) {
	t.Parallel()
	bare500 := `{"error":{"code":"InternalServerError","message":"An error has occurred"}}`
	for name, c := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"a bare 500":             {500, bare500, enrollment.ErrClassicRefused},
		"no such route":          {400, `{"error":{"code":"BadRequest","message":"No OData route exists that match template"}}`, enrollment.ErrClassicRefused},
		"not allowed":            {405, `{}`, enrollment.ErrClassicRefused},
		"a value that is bad":    {400, `{"error":{"code":"BadRequest","message":"isMandatory must be true"}}`, enrollment.ErrInvalid},
		"a permission":           {403, `{"error":{"code":"Forbidden","message":"no"}}`, enrollment.ErrPermission},
		"not implemented":        {501, bare500, enrollment.ErrClassicRefused},
		"a gateway without word": {503, `{}`, enrollment.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := newFleetFake(t)
			f.fault = func(r *http.Request) (int, string) {
				if r.Method == http.MethodPost {
					return c.status, c.body
				}
				return 0, ""
			}
			_, err := s.CreateProfile(t.Context(), sharedSpec())
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if refused := errors.Is(err, enrollment.ErrClassicRefused); refused != errors.Is(c.want, enrollment.ErrClassicRefused) {
				t.Errorf("refused: %t", refused)
			}
			if c.status == 500 && f.count("^GET /enrollmentProfiles") < 3 {
				t.Error("it was not looked whether the profile appeared")
			}
		})
	}
}

func TestAProfileThatA500MadeAfterAllIsTaken(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	f.addProfile(studentsID, "Cart") // of the same name, and there before
	f.late = 4 * time.Second
	f.fault = func(r *http.Request) (int, string) {
		if r.Method != http.MethodPost {
			return 0, ""
		}
		p := iosProfile(fleetToken+"_"+teachersID, "Cart")
		maps.Copy(p, map[string]any{
			"enableSharedIPad": true, "isMandatory": true, "supervisedModeEnabled": true, "sharedIPadMaximumUserCount": 8,
			"userSessionTimeoutInSeconds": 600, "temporarySessionTimeoutInSeconds": 300, "passcodeLockGracePeriodInSeconds": 900,
		})
		f.write(func() { f.profiles[fleetToken+"_"+teachersID] = p })
		return 500, `{}`
	}
	result, err := s.CreateProfile(t.Context(), sharedSpec())
	if err != nil || result.Profile.ID != fleetToken+"_"+teachersID || len(result.Warnings) > 0 {
		t.Errorf("%v, %+v", err, result)
	}
}

func TestAProfileIsWaitedForUntilItShows(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	f.late = 90 * time.Second
	result, err := s.CreateProfile(t.Context(), sharedSpec())
	if err != nil || len(result.Warnings) > 0 || f.profiles[result.Profile.ID] == nil {
		t.Fatalf("%v, %+v", err, result)
	}
	// A change that never shows is no error, and is said.
	f.late = time.Hour
	spec := sharedSpec()
	spec.Name = "Trolley"
	result, err = s.UpdateProfile(t.Context(), enrollment.ProfileRef{TokenID: fleetToken, ID: result.Profile.ID}, spec)
	if err != nil || len(result.Warnings) != 1 || !strings.Contains(result.Warnings[0].Detail, "displayName") {
		t.Errorf("%v, %+v", err, result.Warnings)
	}
}

func TestAnInterruptedCreateStillGivesTheID(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.late = time.Hour
	wait := s.config.Wait
	s.config.Wait = func(ctx context.Context, d time.Duration) error { cancel(); return wait(ctx, d) }
	result, err := s.CreateProfile(ctx, sharedSpec())
	if err != nil || result.Profile.ID == "" || len(result.Warnings) != 1 {
		t.Errorf("%v, %+v", err, result)
	}
}

func TestAProfileThatBreaksARuleIsNotSent(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	for field, spec := range map[string]enrollment.ProfileSpec{
		"enrollment_url":                    {TokenID: fleetToken, Name: "x", EnrollmentURL: new("https://mdm.example.edu")},
		"department":                        {TokenID: fleetToken, Name: "x", Department: new("")},
		"mandatory":                         {TokenID: fleetToken, Name: "x", Mandatory: new(false)},
		"single_app_mode":                   {TokenID: fleetToken, Name: "x", SingleAppMode: new(true), UserAffinity: new(true), Authentication: new(enrollment.AuthenticationCompanyPortal)},
		"pairing.configurator_certificates": {TokenID: fleetToken, Name: "x", Pairing: &enrollment.Pairing{Mode: enrollment.PairingCertificate, ConfiguratorCertificates: []string{"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"}}},
	} {
		_, err := s.CreateProfile(t.Context(), spec)
		e := new(enrollment.Error)
		if !errors.As(err, &e) || !errors.Is(err, enrollment.ErrInvalid) || e.Field != field || strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("%s: error %v", field, err)
		}
	}
	if n := f.count("."); n > 0 {
		t.Errorf("%d requests", n)
	}
}

func TestWhatNobodyManagesMakesWayForAChange(t *testing.T) {
	t.Parallel()
	modern := enrollment.ProfileSpec{Name: "Students", UserAffinity: new(true), Authentication: new(enrollment.AuthenticationModern)}
	userless := enrollment.ProfileSpec{Name: "Students", UserAffinity: new(false)}
	sharedDevice := enrollment.ProfileSpec{Name: "Students", UserAffinity: new(false), SharedDeviceMode: new(true)}
	for name, c := range map[string]struct {
		has     map[string]any
		spec    enrollment.ProfileSpec
		becomes map[string]any
	}{
		"awaiting, for Shared iPad":    {map[string]any{"waitForDeviceConfiguredConfirmation": true}, sharedSpec(), map[string]any{"waitForDeviceConfiguredConfirmation": false}},
		"awaiting, for shared devices": {map[string]any{"waitForDeviceConfiguredConfirmation": true}, sharedDevice, map[string]any{"waitForDeviceConfiguredConfirmation": false}},
		"awaiting, for nothing":        {map[string]any{"waitForDeviceConfiguredConfirmation": true}, modern, map[string]any{"waitForDeviceConfiguredConfirmation": true}},
		"shared devices, for users":    {map[string]any{"userlessSharedAadModeEnabled": true}, modern, map[string]any{"userlessSharedAadModeEnabled": false}},
		"shared devices, for none":     {map[string]any{"userlessSharedAadModeEnabled": true}, userless, map[string]any{"userlessSharedAadModeEnabled": true}},
		"the Company Portal, for modern": {
			map[string]any{"requiresUserAuthentication": true, "enableAuthenticationViaCompanyPortal": true, "companyPortalVppTokenId": "v", "enableSingleAppEnrollmentMode": true},
			modern,
			map[string]any{"enableAuthenticationViaCompanyPortal": false, "configurationWebUrl": true, "companyPortalVppTokenId": nil, "enableSingleAppEnrollmentMode": false},
		},
		"sign-in, for none": {
			map[string]any{"requiresUserAuthentication": true, "configurationWebUrl": true},
			userless,
			map[string]any{"requiresUserAuthentication": false, "configurationWebUrl": false, "isMandatory": true},
		},
	} {
		f, s := newFleetFake(t)
		id := f.addProfile(studentsID, "Students")
		maps.Copy(f.profiles[id], c.has)
		if _, err := s.UpdateProfile(t.Context(), enrollment.ProfileRef{TokenID: fleetToken, ID: id}, c.spec); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for property, want := range c.becomes {
			if got := f.profiles[id][property]; got != want {
				t.Errorf("%s: %s is %v, want %v", name, property, got, want)
			}
		}
	}
}

func TestAChangeIsHeldAgainstWhatTheProfileHas(t *testing.T) {
	t.Parallel()
	single := enrollment.ProfileSpec{Name: "Students", UserAffinity: new(true), SingleAppMode: new(true)}
	for name, c := range map[string]struct {
		has   map[string]any
		field string
	}{
		"it has what is needed": {map[string]any{"requiresUserAuthentication": true, "enableAuthenticationViaCompanyPortal": true, "companyPortalVppTokenId": "v"}, ""},
		"it lacks the token":    {map[string]any{"requiresUserAuthentication": true, "enableAuthenticationViaCompanyPortal": true}, "single_app_mode"},
		"users sign in so":      {map[string]any{"requiresUserAuthentication": true, "configurationWebUrl": true, "companyPortalVppTokenId": "v"}, "single_app_mode"},
	} {
		f, s := newFleetFake(t)
		id := f.addProfile(studentsID, "Students")
		maps.Copy(f.profiles[id], c.has)
		_, err := s.UpdateProfile(t.Context(), enrollment.ProfileRef{TokenID: fleetToken, ID: id}, single)
		e := new(enrollment.Error)
		if errors.As(err, &e); c.field != e.Field || (err == nil) != (c.field == "") {
			t.Errorf("%s: error %v, want one at %q", name, err, c.field)
		}
	}
}

func TestThumbprintsAreSHA1OfTheCertificate(t *testing.T) {
	t.Parallel()
	text := newCertificate(t)
	sent, err := askCertificates([]string{text})
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(text))
	sum := sha1.Sum(block.Bytes)
	if len(sent) != 1 || sent[0].Thumbprint != fmt.Sprintf("%X", sum) || sent[0].Certificate != base64.StdEncoding.EncodeToString(block.Bytes) {
		t.Errorf("sent %+v", sent)
	}
	for form, c := range map[string]string{
		"base64 of DER": sent[0].Certificate, "base64 in lines": sent[0].Certificate[:64] + "\r\n" + sent[0].Certificate[64:],
		"base64 of PEM": base64.StdEncoding.EncodeToString([]byte(text)),
	} {
		if got := takeCertificates([]wireCertificate{{Certificate: c}}); !slices.Equal(got, []string{text}) {
			t.Errorf("%s: read %q", form, got)
		}
	}
	if _, err := askCertificates([]string{text + text}); !errors.Is(err, enrollment.ErrInvalid) {
		t.Errorf("two in one: %v", err)
	}
}

func TestADeletedProfileIsUnusedAndGone(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	id, other := f.addProfile(studentsID, "Students"), f.addProfile(teachersID, "Teachers")
	ref := enrollment.ProfileRef{TokenID: fleetToken, ID: id}
	serials := f.addDevices(2)
	f.set(serials[0], "requestedEnrollmentProfileId", strings.ToUpper(studentsID))
	f.set(serials[1], "requestedEnrollmentProfileId", id)
	if err := s.DeleteProfile(t.Context(), ref); !errors.Is(err, enrollment.ErrInUse) || !strings.Contains(err.Error(), "2 devices") {
		t.Errorf("error %v", err)
	}
	f.set(serials[0], "requestedEnrollmentProfileId", other)
	f.set(serials[1], "requestedEnrollmentProfileId", other)
	f.defaults["defaultIosEnrollmentProfile"] = id
	s.forget(fleetToken)
	if err := s.DeleteProfile(t.Context(), ref); !errors.Is(err, enrollment.ErrInUse) || !strings.Contains(err.Error(), "default profile for ios") {
		t.Errorf("error %v", err)
	}
	if f.count("^DELETE") > 0 {
		t.Error("it was sent")
	}
	f.defaults["defaultIosEnrollmentProfile"] = other
	f.late = time.Minute
	if err := s.DeleteProfile(t.Context(), ref); err != nil || f.profiles[id] != nil {
		t.Errorf("error %v, still there: %t", err, f.profiles[id] != nil)
	}
	if err := s.DeleteProfile(t.Context(), ref); !errors.Is(err, enrollment.ErrNotFound) {
		t.Errorf("again: error %v", err)
	}
}

func TestReadingAProfileDoesNotReadTheDevices(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	id := f.addProfile(studentsID, "Students")
	f.set(f.addDevices(3)[0], "requestedEnrollmentProfileId", id)
	ref := enrollment.ProfileRef{TokenID: fleetToken, ID: id}
	p, err := s.ReadProfile(t.Context(), ref)
	if err != nil || p.DeviceCount != enrollment.DeviceCountUnknown || f.count(".") != 1 {
		t.Errorf("%v, %d devices, %d requests", err, p.DeviceCount, f.count("."))
	}
	if n, err := s.devicesOn(t.Context(), fleetToken, keyOf(id)); err != nil || n != 1 {
		t.Errorf("%v, %d devices", err, n)
	}
	if p, err = s.ReadProfile(t.Context(), ref); err != nil || p.DeviceCount != 1 {
		t.Errorf("%v, %d devices", err, p.DeviceCount)
	}
}

func TestATokenTakesAThousandProfiles(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	for i := range mostProfiles {
		f.addProfile(fmt.Sprintf("eeeeeeee-0000-4000-8000-%012d", i), "p")
	}
	if _, err := s.CreateProfile(t.Context(), sharedSpec()); !errors.Is(err, enrollment.ErrConflict) || f.count("^POST") > 0 {
		t.Errorf("error %v", err)
	}
}

func TestAProfileThatWasMadeWithoutABodyIsLookedFor(t *testing.T) {
	t.Parallel()
	f, s := newFleetFake(t)
	f.fault = func(r *http.Request) (int, string) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/enrollmentProfiles") {
			id := fleetToken + "_" + studentsID
			f.profiles[id] = iosProfile(id, sharedSpec().Name)
			return 201, ""
		}
		return 0, ""
	}
	result, err := s.CreateProfile(t.Context(), sharedSpec())
	if err != nil || keyOf(result.Profile.ID) != studentsID {
		t.Errorf("made %q, %v", result.Profile.ID, err)
	}
}
