package provider_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"iter"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/zclconf/go-cty/cty"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/assignment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/policy"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/profile"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/token"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/contract"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

const (
	tokenType      = "asm_token"
	profileType    = "asm_enrollment_profile"
	policyType     = "asm_enrollment_policy"
	assignmentType = "asm_device_assignment"
)

// school is an enrollment service with Apple behind it, and the list resources
// in front, each with the resource that it lists.
type school struct {
	*testing.T

	apple   *apple.Simulator
	graph   *graph.Simulator // nil on the embedded service
	store   string
	service enrollment.Service
	rt      *tf.Runtime
	d       *tftest.Driver
}

func newSchool(t *testing.T, kind enrollment.Kind, devices int) *school {
	t.Helper()
	s := &school{T: t, apple: apple.New(apple.Options{Devices: devices, Seed: 1}), store: "sqlite:" + filepath.Join(t.TempDir(), "enrollment.db")}
	s.apple.Start(t)
	if kind == enrollment.Intune {
		s.graph = newGraph(t, s.apple)
	}
	s.open()
	return s
}

// open is another process: what the last one knew is forgotten.
func (s *school) open() {
	s.Helper()
	wait := func(ctx context.Context, d time.Duration) error {
		if err := s.apple.AdvanceClock(d); err != nil {
			return err
		}
		return ctx.Err()
	}
	var err error
	if s.graph == nil {
		s.service, err = embedded.Open(s.Context(), embedded.Config{
			Store: s.store, AppleURL: s.apple.AppleURL(), MDMURL: "https://mdm.school.example/enroll",
			StoreKey: "dGhpcyBpcyBhIGtleSBmb3IgdGVzdHMgb25seSAhISE=", Now: s.apple.Now, Wait: wait,
		})
	} else {
		s.service, err = intune.Open(intune.Config{
			Endpoint: s.graph.GraphURL(), TenantID: s.graph.TenantID(), AppOnly: true, Now: s.apple.Now, Wait: wait,
			Token: func(context.Context) (string, error) { return s.graph.AccessToken(), nil },
		})
	}
	if err != nil {
		s.Fatal(err)
	}
	opened := s.service
	s.Cleanup(func() { _ = opened.Close() })
	s.rt = &tf.Runtime{Service: s.service, MDMURL: "https://mdm.school.example/enroll", Plans: tf.NewPlans(), Now: s.apple.Now, After: time.After}
	s.d = tftest.New(s.T, s.rt,
		[]func() resource.Resource{token.NewResource, profile.NewResource, policy.NewResource, assignment.NewResource}, nil,
		tftest.WithListResources(token.NewListResource, profile.NewListResource, policy.NewListResource, assignment.NewListResource))
}

// newGraph is Intune, every exchange with which is held against the published
// contract.
func newGraph(t *testing.T, behind *apple.Simulator) *graph.Simulator {
	t.Helper()
	validator, err := contract.New()
	if err != nil {
		t.Fatal(err)
	}
	validator.FailOn(t)
	sim := graph.New(graph.Options{Apple: behind, Seed: 1, Middleware: validator.Middleware})
	sim.Start(t)
	return sim
}

func onServices(t *testing.T, test func(t *testing.T, kind enrollment.Kind)) {
	t.Helper()
	for _, kind := range []enrollment.Kind{enrollment.Embedded, enrollment.Intune} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			test(t, kind)
		})
	}
}

// must fails the test when setting it up does.
func must[T any](s *school) func(T, error) T {
	return func(v T, err error) T {
		s.Helper()
		if err != nil {
			s.Fatal(err)
		}
		return v
	}
}

// token makes a token in use, with so many devices that were synced.
func (s *school) token(name string, devices int) string {
	s.Helper()
	if s.graph != nil {
		return must[graph.Token](s)(s.graph.AddToken(graph.TokenSeed{Name: name, AppleID: "it@school.example", Devices: devices})).ID
	}
	made := must[enrollment.Token](s)(s.service.CreateToken(s.Context(), enrollment.TokenSpec{Name: name, AppleID: "it@school.example", Type: enrollment.School}))
	server := must[apple.Server](s)(s.apple.CreateServer(name, []byte(made.PublicKeyPEM)))
	if devices > 0 {
		must[[]string](s)(s.apple.AssignDevices(server.ID, apple.Selection{Count: devices}))
	}
	file := must[[]byte](s)(s.apple.ServerToken(server.ID))
	must[enrollment.UploadResult](s)(s.service.UploadServerToken(s.Context(), made.ID, enrollment.ServerTokenUpload{Contents: file, Type: enrollment.School}))
	return made.ID
}

func (s *school) profile(tokenID string, spec enrollment.ProfileSpec) string {
	s.Helper()
	spec.TokenID = tokenID
	return must[enrollment.ProfileResult](s)(s.service.CreateProfile(s.Context(), spec)).Profile.ID
}

func (s *school) serials(tokenID string) []string {
	s.Helper()
	var all []string
	for d, err := range s.service.Devices(s.Context(), tokenID, enrollment.DeviceFilter{}) {
		all = append(all, must[enrollment.Device](s)(d, err).SerialNumber)
	}
	return all
}

func (s *school) assign(tokenID, profileID string, serials []string) {
	s.Helper()
	must[enrollment.AssignResult](s)(s.service.Assign(s.Context(), enrollment.AssignRequest{TokenID: tokenID, ProfileID: profileID, SerialNumbers: serials}))
}

// list fails the test on anything that is said.
func (s *school) list(typeName string, q tftest.Query) []tftest.Listed {
	s.Helper()
	found, said := s.d.List(typeName, q)
	if len(said) > 0 {
		s.Fatalf("%s: %q %q", typeName, said.Errors(), said.Warnings())
	}
	return found
}

func names(found []tftest.Listed) []string {
	var all []string
	for _, one := range found {
		all = append(all, one.Name)
	}
	return all
}

func (s *school) wantNames(typeName string, config tftest.Config, want ...string) {
	s.Helper()
	if got := names(s.list(typeName, tftest.Query{Config: config})); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		s.Errorf("%s %v lists %q, want %q", typeName, config, got, want)
	}
}

// forget begins counting requests.
func (s *school) forget() {
	s.apple.ClearRequests()
	if s.graph != nil {
		s.graph.ClearRequests()
	}
}

// reads counts the pages of a Graph collection since forget.
func (s *school) reads(end string) int {
	n := 0
	for request, count := range s.graph.Requests(false).Requests {
		if strings.HasPrefix(request, "GET ") && strings.HasSuffix(request, end) {
			n += count
		}
	}
	return n
}

// untouched fails the test where anything was asked of Apple, or written to
// Microsoft Graph, since forget.
func (s *school) untouched() {
	s.Helper()
	if s.graph == nil {
		if asked := s.apple.Requests(false).Requests; len(asked) > 0 {
			s.Errorf("Apple was asked: %v", asked)
		}
		return
	}
	for request := range s.graph.Requests(false).Requests {
		if !strings.HasPrefix(request, "GET ") {
			s.Errorf("%s was sent", request)
		}
	}
}

// bringIn lists objects with all that an import reads, and imports each with the
// configuration that is generated for it.
func (s *school) bringIn(typeName string, q tftest.Query, anew ...string) map[string]tftest.Config {
	s.Helper()
	q.IncludeResource = true
	configs := map[string]tftest.Config{}
	for _, one := range s.list(typeName, q) {
		_, configs[one.Name] = s.d.BringIn(one, anew...)
	}
	return configs
}

func TestListedTokensAreImportedWithTheirGeneratedConfiguration(t *testing.T) {
	t.Parallel()
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		s := newSchool(t, kind, 50)
		s.token("District", 20)
		if s.graph == nil {
			must[enrollment.Token](s)(s.service.CreateToken(t.Context(), enrollment.TokenSpec{Name: "Waiting", Type: enrollment.Business}))
		} else {
			must[graph.Token](s)(s.graph.AddToken(graph.TokenSeed{Name: "Waiting", Awaiting: true, ScopeTagIDs: []string{"0", "7"}}))
		}
		s.forget()
		configs := s.bringIn(tokenType, tftest.Query{})
		if len(configs) != 2 {
			t.Fatalf("listed %v", configs)
		}
		for name, config := range configs {
			if config["name"] != name || config["deletion_protection"] != true || config["expiry_warning_days"] != int64(30) ||
				config["server_token_wo"] != nil || config["server_token_wo_version"] != nil || config["key_rotation"] != nil || config["public_key_pem"] != nil {
				t.Errorf("generated %v", config)
			}
		}
		s.untouched()
	})
}

// profileVariants is every kind of profile that there can be on a service.
func profileVariants(t *testing.T, kind enrollment.Kind) map[string]enrollment.ProfileSpec {
	t.Helper()
	one := certificatePEM(t)
	some := enrollment.ProfileSpec{
		Supervised: true, LockedEnrollment: true, Description: new("Grade 7"), Department: new("School IT"), DepartmentPhone: new("+1 555 0100"),
		SkipSetupItems: []string{"Siri", "TOS"}, AwaitDeviceConfigured: new(true),
	}
	paired := enrollment.ProfileSpec{
		Supervised: true, Pairing: &enrollment.Pairing{Mode: enrollment.PairingCertificate, ConfiguratorCertificates: []string{one}}, SkipSetupItems: []string{},
	}
	variants := map[string]enrollment.ProfileSpec{
		"bare": {}, "some": some, "paired": paired,
		"denied": {Supervised: true, Pairing: &enrollment.Pairing{Mode: enrollment.PairingDeny}},
		"shared": {Supervised: true, UserAffinity: new(kind == enrollment.Embedded), SharedIPad: &enrollment.SharedIPad{MaximumCachedUsers: new(int64(6)), UserSessionTimeout: new(int64(600))}},
		"guests": {Supervised: true, UserAffinity: new(kind == enrollment.Embedded), SharedIPad: &enrollment.SharedIPad{TemporarySessionsOnly: new(true), TemporarySessionTimeout: new(int64(300))}},
	}
	if kind == enrollment.Embedded {
		whole := some
		whole.UserAffinity, whole.EnrollmentURL, whole.ConfigurationWebURL = new(true), new("https://other.school.example/enroll"), new("https://other.school.example/sign-in")
		whole.SupportEmail, whole.OrgMagic, whole.Language, whole.Region = new("it@school.example"), new("carts"), new("de"), new("CH")
		whole.AnchorCertificates, whole.AutoAdvance, whole.Mandatory, whole.ReturnToService, whole.DoNotUseProfileFromBackup = []string{one}, new(true), new(true), new(true), new(true)
		variants["whole"] = whole
		return variants
	}
	user := some
	user.UserAffinity, user.Authentication, user.RequireCompanyPortal, user.Mandatory = new(true), new(enrollment.AuthenticationModern), new(true), new(false)
	user.DeviceNameTemplate, user.CarrierActivationURL = new("{{DEVICETYPE}}-{{SERIAL}}"), new("https://activation.carrier.example")
	user.EnrollmentTimeGroupIDs = []string{"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}
	portal := enrollment.ProfileSpec{
		Supervised: true, UserAffinity: new(true), Authentication: new(enrollment.AuthenticationCompanyPortal), CompanyPortalVPPTokenID: new("3f2c1b8a-6b7e-4a36-9b25-0d7c2d9f6a10"), SingleAppMode: new(true),
	}
	maps.Copy(variants, map[string]enrollment.ProfileSpec{
		"user": user, "portal": portal,
		"legacy":             {Supervised: true, UserAffinity: new(true), Authentication: new(enrollment.AuthenticationLegacy)},
		"shared device mode": {Supervised: true, UserAffinity: new(false), SharedDeviceMode: new(true)},
	})
	return variants
}

func TestListedProfilesAreImportedWithTheirGeneratedConfiguration(t *testing.T) {
	t.Parallel()
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		s := newSchool(t, kind, 20)
		tokenID := s.token("District", 5)
		variants := profileVariants(t, kind)
		for name, spec := range variants {
			spec.Name = name
			s.profile(tokenID, spec)
		}
		if s.graph != nil { // as the portal makes it, with all that this provider never sends
			_, err := s.graph.AddClassicProfile(tokenID, map[string]any{"displayName": "by hand", "description": "", "isMandatory": true, "appleIdDisabled": true, "siriDisabled": true})
			if err != nil {
				t.Fatal(err)
			}
			variants["by hand"] = enrollment.ProfileSpec{}
		}
		s.forget()
		configs := s.bringIn(profileType, tftest.Query{})
		if got, want := slices.Sorted(maps.Keys(configs)), slices.Sorted(maps.Keys(variants)); !slices.Equal(got, want) {
			t.Errorf("listed %q, want %q", got, want)
		}
		s.untouched()
	})
}

func TestListedPoliciesAreImportedWithTheirGeneratedConfiguration(t *testing.T) {
	t.Parallel()
	s := newSchool(t, enrollment.Intune, 20)
	tokenID := s.token("District", 5)
	variants := map[string]enrollment.PolicySpec{
		"bare":               {UserAffinity: new(false)},
		"user":               {UserAffinity: new(true), LockedEnrollment: new(true), Department: new("School IT"), DepartmentPhone: new("+1 555 0100"), SkipSetupItems: []string{"Siri", "TOS"}, ScopeTagIDs: []string{"0"}},
		"shared":             {SharedIPad: &enrollment.SharedIPad{MaximumCachedUsers: new(int64(6)), UserSessionTimeout: new(int64(600))}},
		"guests":             {SharedIPad: &enrollment.SharedIPad{TemporarySessionsOnly: new(true), TemporarySessionTimeout: new(int64(300))}},
		"shared device mode": {SharedDeviceMode: new(true)},
		"settings":           {UserAffinity: new(false), DeviceNameTemplate: new("iPad-{{SERIAL}}"), Description: new("Grade 7"), ConfiguratorCertificates: []string{certificatePEM(t)}, AwaitDeviceConfigured: new(true)},
		"Macs":               {Platform: enrollment.MacOS, UserAffinity: new(false)},
		"Apple TV":           {Platform: enrollment.TVOS},
	}
	for name, spec := range variants {
		spec.TokenID, spec.Name = tokenID, name
		if spec.Platform == "" {
			spec.Platform = enrollment.IOS
		}
		if _, err := s.service.CreatePolicy(t.Context(), spec); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	s.forget()
	configs := s.bringIn(policyType, tftest.Query{})
	if got, want := slices.Sorted(maps.Keys(configs)), slices.Sorted(maps.Keys(variants)); !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
	s.untouched()
}

func TestListedAssignmentsAreImportedWithTheirGeneratedConfiguration(t *testing.T) {
	t.Parallel()
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		s := newSchool(t, kind, 1000)
		tokenID := s.token("District", 400)
		s.token("Empty", 0)
		carts, staff := s.profile(tokenID, enrollment.ProfileSpec{Name: "Carts", Supervised: true}), s.profile(tokenID, enrollment.ProfileSpec{Name: "Staff", Supervised: true})
		s.profile(tokenID, enrollment.ProfileSpec{Name: "Nobody's", Supervised: true})
		serials := s.serials(tokenID)
		s.assign(tokenID, carts, serials[:300])
		s.assign(tokenID, staff, serials[300:301])
		want := map[string][]string{"Carts: 300 devices": serials[:300], "Staff: 1 device": serials[300:301]}
		if s.graph != nil {
			p := must[enrollment.Policy](s)(s.service.CreatePolicy(t.Context(), enrollment.PolicySpec{TokenID: tokenID, Platform: enrollment.IOS, Name: "Library", UserAffinity: new(false)}))
			if err := s.graph.AssignProfile(tokenID, p.ProfileID, serials[301:310]...); err != nil {
				t.Fatal(err)
			}
			want["Library: 9 devices"] = serials[301:310]
		}
		s.open()
		s.forget()
		found := s.list(assignmentType, tftest.Query{IncludeResource: true})
		if s.graph != nil && s.reads("/importedAppleDeviceIdentities") != 2 {
			t.Errorf("%d pages of devices were read, want one for each token", s.reads("/importedAppleDeviceIdentities"))
		}
		if len(found) != len(want) {
			t.Fatalf("listed %q", names(found))
		}
		for _, one := range found {
			state, config := s.d.BringIn(one, "id")
			if list := enrollment.JoinSerials(want[one.Name]); config["serial_number_list"] != list || state.Get("device_count") != int64(len(want[one.Name])) {
				t.Errorf("%s: generated %v", one.Name, config)
			}
		}
		s.untouched()
	})
}

// What an assignment holds, in whatever state, is managed already.
func TestListedAssignmentsSayWhatIsHeldAlready(t *testing.T) {
	t.Parallel()
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		s := newSchool(t, kind, 10)
		tokenID := s.token("District", 5)
		carts, serials := s.profile(tokenID, enrollment.ProfileSpec{Name: "Carts", Supervised: true}), s.serials(tokenID)
		s.assign(tokenID, carts, serials[:1])
		must[enrollment.AssignResult](s)(s.service.Assign(t.Context(), enrollment.AssignRequest{TokenID: tokenID, ProfileID: carts, Holder: "somebody", SerialNumbers: serials[1:]}))
		want := "Carts: 5 devices"
		if enrollment.RecordsHolder(kind) {
			want += " (4 held by an assignment)"
		}
		s.wantNames(assignmentType, nil, want)
	})
}

// wantOne fails the test unless there is one message, with all parts in it.
func wantOne(t *testing.T, messages []string, parts ...string) {
	t.Helper()
	if len(messages) != 1 {
		t.Fatalf("want one message with %q, have %q", parts, messages)
	}
	for _, part := range parts {
		if !strings.Contains(messages[0], part) {
			t.Errorf("%q is not in %q", part, messages[0])
		}
	}
}

func TestFiltersOfLists(t *testing.T) {
	t.Parallel()
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		s := newSchool(t, kind, 300)
		north, south := s.token("North", 30), s.token("South", 30)
		var carts string
		for _, tokenID := range []string{north, south} {
			carts = s.profile(tokenID, enrollment.ProfileSpec{Name: "Carts", Supervised: true})
			s.profile(tokenID, enrollment.ProfileSpec{Name: "Cart 2", Supervised: true})
			serials := s.serials(tokenID)
			s.assign(tokenID, carts, serials[:20])
		}
		staff := s.profile(south, enrollment.ProfileSpec{Name: "Staff", Supervised: true})
		s.assign(south, staff, s.serials(south)[20:25])
		s.forget()

		s.wantNames(tokenType, nil, "North", "South")
		s.wantNames(tokenType, tftest.Config{"name": "North"}, "North")
		s.wantNames(tokenType, tftest.Config{"name_prefix": "So"}, "South")
		s.wantNames(tokenType, tftest.Config{"name": "north"})
		s.wantNames(tokenType, tftest.Config{"type": "school", "status": "active"}, "North", "South")
		s.wantNames(tokenType, tftest.Config{"type": "business"})
		s.wantNames(tokenType, tftest.Config{"status": "expired"})

		s.wantNames(profileType, nil, "Carts", "Cart 2", "Carts", "Cart 2", "Staff")
		s.wantNames(profileType, tftest.Config{"token_id": north}, "Carts", "Cart 2")
		s.wantNames(profileType, tftest.Config{"name": "Carts"}, "Carts", "Carts")
		s.wantNames(profileType, tftest.Config{"name_prefix": "Cart", "token_id": south}, "Carts", "Cart 2")

		s.wantNames(assignmentType, nil, "Carts: 20 devices", "Carts: 20 devices", "Staff: 5 devices")
		s.wantNames(assignmentType, tftest.Config{"token_id": north}, "Carts: 20 devices")
		s.wantNames(assignmentType, tftest.Config{"profile_id": carts}, "Carts: 20 devices")
		s.wantNames(assignmentType, tftest.Config{"profile_id": carts, "minimum_device_count": 21})
		s.wantNames(assignmentType, tftest.Config{"minimum_device_count": 5, "token_id": south}, "Carts: 20 devices", "Staff: 5 devices")
		s.wantNames(assignmentType, tftest.Config{"minimum_device_count": 6, "token_id": south}, "Carts: 20 devices")
		s.untouched()

		for _, typeName := range []string{profileType, assignmentType} {
			_, said := s.d.List(typeName, tftest.Query{Config: tftest.Config{"token_id": "9b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11"}})
			wantOne(t, said.Errors(), "Unable to list ", "9b1f6c0e")
		}
	})
}

func TestFiltersOfPolicies(t *testing.T) {
	t.Parallel()
	s := newSchool(t, enrollment.Intune, 20)
	north, south := s.token("North", 0), s.token("South", 0)
	for _, spec := range []enrollment.PolicySpec{
		{TokenID: north, Platform: enrollment.IOS, Name: "Carts", UserAffinity: new(false)},
		{TokenID: north, Platform: enrollment.MacOS, Name: "Labs", UserAffinity: new(false)},
		{TokenID: south, Platform: enrollment.IOS, Name: "Carts", UserAffinity: new(false)},
	} {
		must[enrollment.Policy](s)(s.service.CreatePolicy(t.Context(), spec))
	}
	for _, ignored := range []bool{false, true} { // some of Intune's collections ignore a filter
		if err := s.graph.UpdateSettings(func(c *graph.Settings) error { c.IgnoreFilters = ignored; return nil }); err != nil {
			t.Fatal(err)
		}
		s.forget()
		s.wantNames(policyType, nil, "Carts", "Labs", "Carts")
		if n := s.reads("/settings"); n != 0 {
			t.Errorf("%d settings were read for a list of names", n)
		}
		s.wantNames(policyType, tftest.Config{"token_id": strings.ToUpper(north)}, "Carts", "Labs")
		s.wantNames(policyType, tftest.Config{"platform": "macos"}, "Labs")
		s.wantNames(policyType, tftest.Config{"platform": "ios", "token_id": south}, "Carts")
		s.wantNames(policyType, tftest.Config{"name": "Labs"}, "Labs")
		s.wantNames(policyType, tftest.Config{"name": "Lab"})
		s.wantNames(policyType, tftest.Config{"name_prefix": "L"}, "Labs")
		s.wantNames(policyType, tftest.Config{"platform": "tvos"})
		s.untouched()
	}
	_, said := s.d.List(policyType, tftest.Query{Config: tftest.Config{"token_id": "9b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11"}})
	wantOne(t, said.Errors(), "Unable to list enrollment policies", "9b1f6c0e")
}

func TestAListOfATokenThatDoesNotExistSaysSo(t *testing.T) {
	t.Parallel()
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		s := newSchool(t, kind, 10)
		s.token("District", 0)
		for _, id := range []string{"nothing", "00000000-0000-4000-8000-000000000000"} {
			for _, typeName := range []string{profileType, policyType, assignmentType} {
				if kind == enrollment.Embedded && typeName == policyType {
					continue // it has none of any token
				}
				_, diags := s.d.List(typeName, tftest.Query{Config: tftest.Config{"token_id": id}})
				wantOne(t, diags.Errors(), ": There is no ", fmt.Sprintf("token %q", id))
			}
		}
	})
}

func TestTheEmbeddedServiceSaysThatItHasNoPolicies(t *testing.T) {
	t.Parallel()
	_, said := newSchool(t, enrollment.Embedded, 1).d.List(policyType, tftest.Query{})
	wantOne(t, said.Errors(), "Unable to list enrollment policies", "The embedded service has no enrollment policies", "asm_enrollment_profile")
}

// manyProfiles gives tokens a thousand profiles each, the most that Intune takes.
func (s *school) manyProfiles(tokens, each int) {
	s.Helper()
	for i := range tokens {
		tokenID := s.token(fmt.Sprintf("Token %d", i), 0)
		for j := range each {
			must[string](s)(s.graph.AddClassicProfile(tokenID, map[string]any{"displayName": fmt.Sprintf("Profile %04d", j)}))
		}
	}
}

func TestTenThousandProfilesWithALimitAreOnePage(t *testing.T) {
	t.Parallel()
	s := newSchool(t, enrollment.Intune, 1)
	s.manyProfiles(10, 1000)
	if err := s.graph.UpdateSettings(func(c *graph.Settings) error { c.PageSize = 100; return nil }); err != nil {
		t.Fatal(err)
	}
	for _, whole := range []bool{false, true} {
		s.open()
		s.forget()
		found := s.list(profileType, tftest.Query{Limit: 25, IncludeResource: whole})
		if len(found) != 25 || s.reads("/enrollmentProfiles") != 1 || len(s.graph.Requests(false).Requests) != 2 {
			t.Errorf("%d profiles by %v", len(found), s.graph.Requests(false).Requests)
		}
	}
	s.forget()
	if found := s.list(profileType, tftest.Query{Limit: 250}); len(found) != 250 || s.reads("/enrollmentProfiles") != 3 {
		t.Errorf("%d profiles by %v", len(found), s.graph.Requests(false).Requests)
	}
}

func TestALimitEndsTheReadingOfTokensAndPolicies(t *testing.T) {
	t.Parallel()
	s := newSchool(t, enrollment.Intune, 1)
	var last string
	for i := range 5 {
		last = s.token(fmt.Sprintf("Token %d", i), 0)
		must[enrollment.Policy](s)(s.service.CreatePolicy(t.Context(), enrollment.PolicySpec{TokenID: last, Platform: enrollment.IOS, Name: fmt.Sprintf("Policy %d", i), UserAffinity: new(false)}))
	}
	if err := s.graph.UpdateSettings(func(c *graph.Settings) error { c.PageSize = 2; return nil }); err != nil {
		t.Fatal(err)
	}
	s.forget()
	if found := s.list(tokenType, tftest.Query{Limit: 2}); len(found) != 2 || s.reads("/depOnboardingSettings") != 1 || s.reads("/depOnboardingSettings/{token}") != 0 {
		t.Errorf("%q by %v", names(found), s.graph.Requests(false).Requests)
	}
	s.forget()
	if found := s.list(tokenType, tftest.Query{Limit: 3, IncludeResource: true}); len(found) != 3 || s.reads("/depOnboardingSettings/{token}") != 3 {
		t.Errorf("%q by %v", names(found), s.graph.Requests(false).Requests)
	}
	s.forget()
	if found := s.list(policyType, tftest.Query{Limit: 2}); len(found) != 2 || s.reads("/configurationPolicies") > 2 {
		t.Errorf("%q by %v", names(found), s.graph.Requests(false).Requests)
	}
}

func TestAnErrorInTheMiddleReachesTheUser(t *testing.T) {
	t.Parallel()
	for typeName, c := range map[string]struct {
		fault graph.Fault
		first int
		says  string
	}{
		tokenType:      {graph.Fault{Path: "/deviceManagement/depOnboardingSettings", After: 1}, 2, "Unable to list enrollment program tokens"},
		profileType:    {graph.Fault{Path: "/enrollmentProfiles", After: 1}, 2, "Unable to list enrollment profiles"},
		policyType:     {graph.Fault{Path: "/deviceManagement/configurationPolicies", After: 1}, 3, "Unable to list enrollment policies"},
		assignmentType: {graph.Fault{Path: "/importedAppleDeviceIdentities", After: 1}, 2, "Unable to list device assignments"},
	} {
		t.Run(typeName, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t, enrollment.Intune, 100)
			for i := range 3 {
				tokenID := s.token(fmt.Sprintf("Token %d", i), 10)
				for j := range 3 {
					name := fmt.Sprintf("%d.%d", i, j)
					id := must[string](s)(s.graph.AddClassicProfile(tokenID, map[string]any{"displayName": name}))
					if j < 2 {
						serials := must[[]string](s)(s.graph.SerialNumbers(tokenID))
						if err := s.graph.AssignProfile(tokenID, id, serials[j]); err != nil {
							t.Fatal(err)
						}
					}
					if typeName == policyType {
						must[enrollment.Policy](s)(s.service.CreatePolicy(t.Context(), enrollment.PolicySpec{TokenID: tokenID, Platform: enrollment.IOS, Name: name, UserAffinity: new(false)}))
					}
				}
			}
			if err := s.graph.UpdateSettings(func(c *graph.Settings) error { c.PageSize = 2; return nil }); err != nil {
				t.Fatal(err)
			}
			c.fault.Kind, c.fault.Method, c.fault.Status = graph.FaultStatus, "GET", 403
			must[[]graph.Fault](s)(s.graph.AddFaults(c.fault))
			s.open()
			found, said := s.d.List(typeName, tftest.Query{})
			if len(found) != c.first {
				t.Errorf("%q came before the error, want %d", names(found), c.first)
			}
			wantOne(t, said.Errors(), c.says)
		})
	}
}

func TestAListThatIsInterruptedSaysSo(t *testing.T) {
	t.Parallel()
	s := newSchool(t, enrollment.Embedded, 20)
	tokenID := s.token("District", 10)
	serials := s.serials(tokenID)
	for i := range 3 {
		s.assign(tokenID, s.profile(tokenID, enrollment.ProfileSpec{Name: fmt.Sprintf("Profile %d", i), Supervised: true}), serials[i:i+1])
	}
	for typeName, things := range map[string]string{profileType: "enrollment profiles", assignmentType: "device assignments"} {
		ctx, cancel := context.WithCancel(t.Context())
		seen := 0
		said := s.d.ListEach(ctx, typeName, tftest.Query{}, func(tftest.Listed) bool {
			seen++
			cancel()
			return true
		})
		if seen != 1 {
			t.Errorf("%s: %d results after the interrupt", typeName, seen)
		}
		wantOne(t, said.Errors(), "Unable to list "+things, "ontext canceled")
	}
}

func TestAListWaitsForNothingThatIsNotKnown(t *testing.T) {
	t.Parallel()
	s := newSchool(t, enrollment.Embedded, 1)
	for typeName, c := range map[string]struct {
		unknown string
		things  string
	}{
		tokenType: {"name", "enrollment program tokens"}, profileType: {"token_id", "enrollment profiles"},
		policyType: {"platform", "enrollment policies"}, assignmentType: {"minimum_device_count", "device assignments"},
	} {
		_, said := s.d.List(typeName, tftest.Query{Config: tftest.Config{c.unknown: tftest.Unknown}})
		wantOne(t, said.Errors(), "Unable to list "+c.things, "The value of "+c.unknown+" is not known yet")
	}
	s.rt.Service, s.rt.NotReady = nil, "embedded.store"
	for _, typeName := range []string{tokenType, profileType, policyType, assignmentType} {
		_, said := s.d.List(typeName, tftest.Query{})
		wantOne(t, said.Errors(), "Unable to list ", "before the provider is configured", "embedded.store")
	}
}

// A profile that only Apple knows has devices, and no name without asking Apple.
func TestDevicesOnAProfileThatOnlyAppleKnowsAreListed(t *testing.T) {
	t.Parallel()
	s := newSchool(t, enrollment.Embedded, 100)
	made := must[enrollment.Token](s)(s.service.CreateToken(t.Context(), enrollment.TokenSpec{Name: "District", Type: enrollment.School}))
	server := must[apple.Server](s)(s.apple.CreateServer("District", []byte(made.PublicKeyPEM)))
	serials := must[[]string](s)(s.apple.AssignDevices(server.ID, apple.Selection{Count: 30}))
	uuid := must[string](s)(s.apple.DefineProfile(server.ID, []byte(`{"profile_name":"Neighbour's","url":"https://mdm.school.example/enroll"}`)))
	must[map[string]string](s)(s.apple.GiveProfile(server.ID, uuid, serials[:12]))
	file := must[[]byte](s)(s.apple.ServerToken(server.ID))
	must[enrollment.UploadResult](s)(s.service.UploadServerToken(t.Context(), made.ID, enrollment.ServerTokenUpload{Contents: file}))
	s.forget()
	found := s.list(assignmentType, tftest.Query{IncludeResource: true})
	if len(found) != 1 || found[0].Name != uuid+": 12 devices" {
		t.Fatalf("listed %q", names(found))
	}
	s.untouched()
	s.d.BringIn(found[0], "id") // the import asks Apple whether there is such a profile
}

// ghosts is a service of which a token and a policy were deleted after they were
// listed.
type ghosts struct{ enrollment.Service }

const ghostID = "9b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11"

func (g ghosts) TokensBriefly(ctx context.Context) iter.Seq2[enrollment.Token, error] {
	return func(yield func(enrollment.Token, error) bool) {
		if !yield(enrollment.Token{ID: ghostID, TokenSpec: enrollment.TokenSpec{Name: "Ghost"}}, nil) {
			return
		}
		enrollment.TokensBriefly(ctx, g.Service)(yield)
	}
}

func (g ghosts) Policies(ctx context.Context, tokenID string, platform enrollment.Platform) iter.Seq2[enrollment.Policy, error] {
	return func(yield func(enrollment.Policy, error) bool) {
		if tokenID == ghostID || yield(enrollment.Policy{ID: ghostID, PolicySpec: enrollment.PolicySpec{Name: "Ghost", TokenID: tokenID}}, nil) {
			g.Service.Policies(ctx, tokenID, platform)(yield)
		}
	}
}

func TestWhatIsGoneWhileItIsListedIsPassedOver(t *testing.T) {
	t.Parallel()
	s := newSchool(t, enrollment.Intune, 20)
	tokenID := s.token("District", 10)
	s.assign(tokenID, s.profile(tokenID, enrollment.ProfileSpec{Name: "Carts", Supervised: true}), s.serials(tokenID)[:3])
	must[enrollment.Policy](s)(s.service.CreatePolicy(t.Context(), enrollment.PolicySpec{TokenID: tokenID, Platform: enrollment.IOS, Name: "Library", UserAffinity: new(false)}))
	s.rt.Service = ghosts{s.service}
	for typeName, want := range map[string]string{tokenType: "District", profileType: "Carts", policyType: "Library", assignmentType: "Carts: 3 devices"} {
		if got := names(s.list(typeName, tftest.Query{IncludeResource: true})); !slices.Equal(got, []string{want}) {
			t.Errorf("%s lists %q", typeName, got)
		}
	}
}

// The command line tools at hand cannot read list blocks.
func TestExamplesOfLists(t *testing.T) {
	t.Parallel()
	s := newSchool(t, enrollment.Embedded, 1)
	for _, typeName := range []string{tokenType, profileType, policyType, assignmentType} {
		text, err := os.ReadFile("../../examples/list-resources/" + typeName + "/list-resource.tfquery.hcl")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(hclwrite.Format(text), text) {
			t.Errorf("the example of %s is not formatted", typeName)
		}
		file, said := hclsyntax.ParseConfig(text, typeName, hcl.InitialPos)
		if said.HasErrors() {
			t.Fatal(said)
		}
		var blocks struct {
			Lists []listBlock `hcl:"list,block"`
		}
		if said := gohcl.DecodeBody(file.Body, nil, &blocks); said.HasErrors() {
			t.Fatal(said)
		}
		if len(blocks.Lists) != 1 || blocks.Lists[0].Type != typeName {
			t.Fatalf("the example of %s has %+v", typeName, blocks)
		}
		config := tftest.Config{}
		attributes, _ := blocks.Lists[0].Config.Remain.JustAttributes()
		for name, a := range attributes {
			config[name] = plain(t, a.Expr)
		}
		if bad := s.d.ValidateList(typeName, tftest.Query{Config: config, Limit: 100}); len(bad) > 0 {
			t.Errorf("the example of %s is refused: %q", typeName, bad.Errors())
		}
	}
}

// listBlock is a block of a *.tfquery.hcl file.
type listBlock struct {
	Type            string         `hcl:"type,label"`
	Name            string         `hcl:"name,label"`
	Provider        hcl.Expression `hcl:"provider"`
	IncludeResource bool           `hcl:"include_resource,optional"`
	Limit           int            `hcl:"limit,optional"`
	Config          struct {
		Remain hcl.Body `hcl:",remain"`
	} `hcl:"config,block"`
}

func plain(t *testing.T, e hcl.Expression) any {
	t.Helper()
	v, said := e.Value(nil)
	switch {
	case said.HasErrors():
		t.Fatal(said)
	case v.Type() == cty.Number:
		n, _ := v.AsBigFloat().Int64()
		return n
	}
	return v.AsString()
}

func certificatePEM(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "Configurator"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(20, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
