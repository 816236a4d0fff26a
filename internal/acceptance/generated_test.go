package acceptance

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/asm-enrollment/terraform-provider-asm/internal/embedded"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

// A district that was clicked together: three tokens, forty profiles, and every
// one of 12,000 devices on one of them.
const (
	districtTokens   = 3
	districtProfiles = 40
	districtDevices  = 12_000
)

// What "terraform query -generate-config-out" writes is applied by the command
// line tools at hand, which cannot query yet: the lists come over the protocol.
func TestADistrictIsBroughtUnderManagementFromGeneratedConfiguration(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newWorldOn(t, kind, districtDevices)
		w.clickedTogether()
		before := w.everyDevice()
		w.forget()
		objects := w.generate()
		if want := districtTokens + 2*districtProfiles; objects != want {
			t.Fatalf("%d objects were listed, want %d", objects, want)
		}
		w.says(w.plan(2), fmt.Sprintf("%d to import, 0 to add, 0 to change, 0 to destroy", objects))
		w.says(w.apply(), fmt.Sprintf("%d imported, 0 added, 0 changed, 0 destroyed", objects))
		w.plan(0)
		w.nothingWasWritten()
		if after := w.everyDevice(); !maps.Equal(before, after) || len(after) != districtDevices {
			t.Errorf("%d devices had a profile and %d have one, or another one", len(before), len(after))
		}
	})
}

// clickedTogether sets the district up, past the tool.
func (w *world) clickedTogether() {
	w.Helper()
	service := w.openService()
	defer func() { _ = service.Close() }()
	profiles := 0
	for i := range districtTokens {
		token := w.seedToken(service, fmt.Sprintf("Token %d", i), districtDevices/districtTokens)
		var ids []string
		for ; profiles < (i+1)*districtProfiles/districtTokens; profiles++ {
			ids = append(ids, w.seedProfile(service, token, profiles))
		}
		w.spread(service, token, ids)
	}
}

// openService is the enrollment service without a provider in front.
func (w *world) openService() enrollment.Service {
	w.Helper()
	wait := func(ctx context.Context, d time.Duration) error {
		w.advance(d)
		return ctx.Err()
	}
	var service enrollment.Service
	var err error
	if w.graph == nil {
		service, err = embedded.Open(w.Context(), embedded.Config{
			Store: w.store(), StoreKey: storeKey, AppleURL: w.apple.AppleURL(), MDMURL: "https://mdm.school.example/enroll", Now: w.apple.Now, Wait: wait,
		})
	} else {
		service, err = intune.Open(intune.Config{
			Endpoint: w.graph.GraphURL(), TenantID: w.graph.TenantID(), AppOnly: true, Now: w.apple.Now, Wait: wait,
			Token: func(context.Context) (string, error) { return w.graph.AccessToken(), nil },
		})
	}
	if err != nil {
		w.Fatal(err)
	}
	return service
}

func (w *world) seedToken(service enrollment.Service, name string, devices int) string {
	w.Helper()
	if w.graph != nil {
		token, err := w.graph.AddToken(graph.TokenSeed{Name: name, AppleID: "it@school.example", Devices: devices})
		if err != nil {
			w.Fatal(err)
		}
		return token.ID
	}
	token, err := service.CreateToken(w.Context(), enrollment.TokenSpec{Name: name, AppleID: "it@school.example", Type: enrollment.School})
	if err != nil {
		w.Fatal(err)
	}
	server, err := w.apple.CreateServer(name, []byte(token.PublicKeyPEM))
	if err != nil {
		w.Fatal(err)
	}
	w.server = server.ID
	w.giveDevices(devices)
	file, err := w.apple.ServerToken(server.ID)
	if err == nil {
		_, err = service.UploadServerToken(w.Context(), token.ID, enrollment.ServerTokenUpload{Contents: file})
	}
	if err != nil {
		w.Fatal(err)
	}
	return token.ID
}

// seedProfile makes the i-th profile; on Intune every fourth is a policy.
func (w *world) seedProfile(service enrollment.Service, token string, i int) string {
	w.Helper()
	name := fmt.Sprintf("School %02d", i)
	if w.graph != nil && i%4 == 3 {
		p, err := service.CreatePolicy(w.Context(), enrollment.PolicySpec{
			TokenID: token, Platform: enrollment.IOS, Name: name, UserAffinity: new(false), LockedEnrollment: new(i%8 == 3), SkipSetupItems: []string{"Siri"},
		})
		if err != nil {
			w.Fatal(err)
		}
		return p.ProfileID
	}
	spec := enrollment.ProfileSpec{TokenID: token, Name: name, Supervised: true, LockedEnrollment: i%2 == 0, Department: new("School IT"), SkipSetupItems: []string{"Siri", "TOS"}}
	if i%5 == 0 {
		spec.SharedIPad, spec.UserAffinity = &enrollment.SharedIPad{MaximumCachedUsers: new(int64(6))}, new(w.graph == nil)
	}
	made, err := service.CreateProfile(w.Context(), spec)
	if err != nil {
		w.Fatal(err)
	}
	return made.Profile.ID
}

// spread gives every device of a token one of the profiles.
func (w *world) spread(service enrollment.Service, token string, profiles []string) {
	w.Helper()
	var serials []string
	for d, err := range service.Devices(w.Context(), token, enrollment.DeviceFilter{}) {
		if err != nil {
			w.Fatal(err)
		}
		serials = append(serials, d.SerialNumber)
	}
	for i, id := range profiles {
		part := serials[i*len(serials)/len(profiles) : (i+1)*len(serials)/len(profiles)]
		var err error
		if w.graph != nil {
			err = w.graph.AssignProfile(token, id, part...)
		} else {
			_, err = service.Assign(w.Context(), enrollment.AssignRequest{TokenID: token, ProfileID: id, SerialNumbers: part})
		}
		if err != nil {
			w.Fatal(err)
		}
	}
}

// everyDevice is the truth: Apple's profile of every device that has one.
func (w *world) everyDevice() map[string]string {
	w.Helper()
	devices, err := w.apple.Devices("", true)
	if err != nil {
		w.Fatal(err)
	}
	maps.DeleteFunc(devices.Devices, func(_, uuid string) bool { return uuid == "" })
	return devices.Devices
}

// nothingWasWritten fails the test where something could have been changed since
// the last forget.
func (w *world) nothingWasWritten() {
	w.Helper()
	if w.graph == nil {
		if asked := w.apple.Requests(false).Requests; len(asked) > 0 {
			w.Errorf("Apple was asked: %v", asked)
		}
		return
	}
	if n := w.graphWrites(); n != 0 {
		w.Errorf("%d requests could have changed something: %v", n, w.graph.Requests(false).Requests)
	}
}

// generate lists everything and writes what core would: for each object a
// resource block and an import block. It gives the number of objects.
func (w *world) generate() int {
	w.Helper()
	d := tftest.Serve(w.T, provider.New("test", provider.WithClock(w.apple.Now, w.after))(), w.serviceConfig())
	identities := strings.Contains(w.run("version"), "OpenTofu")
	types := []string{"asm_token", "asm_enrollment_profile", "asm_device_assignment"}
	if w.graph != nil {
		types = append(types, "asm_enrollment_policy")
	}
	file, objects := hclwrite.NewEmptyFile(), 0
	for _, typeName := range types {
		found, said := d.List(typeName, tftest.Query{IncludeResource: true})
		if len(said) > 0 {
			w.Fatalf("%s: %q %q", typeName, said.Errors(), said.Warnings())
		}
		for i, one := range found {
			label := fmt.Sprintf("all_%d", i)
			block(file.Body(), d.Generated(one), "resource", typeName, label)
			to := file.Body().AppendNewBlock("import", nil).Body()
			to.SetAttributeRaw("to", hclwrite.TokensForIdentifier(typeName+"."+label))
			if identity := d.IdentityOf(one.State); identities {
				to.SetAttributeValue("identity", ctyOf(identity))
			} else {
				to.SetAttributeValue("id", cty.StringVal(importID(identity)))
			}
		}
		objects += len(found)
	}
	w.write(string(file.Bytes()))
	return objects
}

func (w *world) serviceConfig() tftest.Config {
	if w.graph != nil {
		return tftest.Config{"intune": tftest.Config{}}
	}
	return tftest.Config{"embedded": tftest.Config{"store": w.store()}}
}

// importID is an identity in the form of tools that import by id only.
func importID(identity map[string]any) string {
	var parts []string
	for _, name := range []string{"token_id", "profile_id", "id"} {
		if part, ok := identity[name].(string); ok {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "/")
}

// block writes the arguments that have a value.
func block(body *hclwrite.Body, arguments map[string]any, typeName string, labels ...string) {
	inner := body.AppendNewBlock(typeName, labels).Body()
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		if arguments[name] != nil {
			inner.SetAttributeValue(name, ctyOf(arguments[name]))
		}
	}
}

func ctyOf(v any) cty.Value {
	switch v := v.(type) {
	case string:
		return cty.StringVal(v)
	case bool:
		return cty.BoolVal(v)
	case int64:
		return cty.NumberIntVal(v)
	case []any:
		var elements []cty.Value
		for _, element := range v {
			elements = append(elements, ctyOf(element))
		}
		return cty.TupleVal(elements)
	case map[string]any:
		members := map[string]cty.Value{}
		for name, member := range v {
			members[name] = ctyOf(member)
		}
		return cty.ObjectVal(members)
	default:
		return cty.NullVal(cty.DynamicPseudoType)
	}
}
