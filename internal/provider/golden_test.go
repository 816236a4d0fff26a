package provider

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/provider"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

// golden is an object as a release left it in state. The tool that writes them
// is in package acceptance.
type golden struct {
	file, release, typeName, label string

	SchemaVersion         int64                      `json:"schema_version"`
	Attributes            json.RawMessage            `json:"attributes"`
	Private               map[string]json.RawMessage `json:"private"`
	IdentitySchemaVersion int64                      `json:"identity_schema_version"`
	Identity              json.RawMessage            `json:"identity"`
}

// goldens reads the golden states of a service, "" for both, in an order in which
// they can be made.
func goldens(t *testing.T, service string) []golden {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(states, "*", "asm_*-"+cmp.Or(service, "*")+"-*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no golden states: %v", err)
	}
	var all []golden
	for _, file := range files {
		parts := strings.Split(strings.TrimSuffix(filepath.Base(file), ".json"), "-")
		g := golden{file: file, release: filepath.Base(filepath.Dir(file)), typeName: parts[0], label: parts[2]}
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &g)
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, g)
	}
	needs := []string{"asm_token", "asm_enrollment_profile", "asm_enrollment_policy"}
	slices.SortStableFunc(all, func(a, b golden) int {
		return cmp.Compare(uint(slices.Index(needs, a.typeName)), uint(slices.Index(needs, b.typeName))) // -1 is last
	})
	return all
}

func (g golden) attributes(t *testing.T) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(g.Attributes, &all); err != nil {
		t.Fatalf("%s: %v", g.file, err)
	}
	return all
}

// text gives a string attribute, "" for null and for none.
func (g golden) text(t *testing.T, name string) string {
	t.Helper()
	s, _ := g.attributes(t)[name].(string)
	return s
}

// school is the place where a release left its states, made once more with
// today's provider: the same inventory, and for each golden state an object with
// the same configuration. Only ids are others.
type school struct {
	*testing.T
	*tftest.Driver
	rt    *tf.Runtime
	apple *apple.Simulator
	// ids are the ids in the golden states and those here.
	ids map[string]string
}

func newSchool(t *testing.T, kind enrollment.Kind) *school {
	t.Helper()
	clean(t)
	t.Chdir(t.TempDir()) // where ipads.txt is
	s := &school{T: t, apple: apple.New(apple.Options{Devices: 40, Seed: 1}), ids: map[string]string{}}
	s.apple.Start(t)
	services := map[string]any{"embedded": map[string]any{"store": sqlite(t), "apple_url": s.apple.AppleURL(), "mdm_url": "https://mdm.school.example/enroll"}}
	if kind == enrollment.Intune {
		services = map[string]any{"intune": s.tenant()}
	}
	p := New("test", WithClock(s.apple.Now, s.after))()
	var resp provider.ConfigureResponse
	p.Configure(t.Context(), provider.ConfigureRequest{Config: configOf(t, p, services)}, &resp)
	rt, ok := resp.ResourceData.(*tf.Runtime)
	if !ok || !rt.Ready() {
		t.Fatal(resp.Diagnostics)
	}
	t.Cleanup(func() { _ = rt.Service.Close() })
	s.rt, s.Driver = rt, driver(t, rt)
	return s
}

func driver(t *testing.T, rt *tf.Runtime) *tftest.Driver {
	t.Helper()
	p := &asmProvider{}
	return tftest.New(t, rt, p.Resources(t.Context()), p.DataSources(t.Context()))
}

// tenant puts Intune before Apple, and says how to sign in.
func (s *school) tenant() map[string]any {
	s.Helper()
	sim := graph.New(graph.Options{Apple: s.apple, Seed: 1})
	sim.Start(s.T)
	authorities := filepath.Join(s.TempDir(), "authorities.pem")
	if err := os.WriteFile(authorities, sim.CACertificatePEM(), 0o600); err != nil {
		s.Fatal(err)
	}
	return map[string]any{
		"tenant_id": sim.TenantID(), "client_id": sim.ClientID(), "client_secret": sim.ClientSecret(),
		"endpoint": sim.GraphURL(), "authority_host": sim.SignInURL(), "ca_certificates_path": authorities,
	}
}

// after moves the clock: nobody sleeps.
func (s *school) after(d time.Duration) <-chan time.Time {
	if err := s.apple.AdvanceClock(d); err != nil {
		s.Error(err)
	}
	c := make(chan time.Time, 1)
	c <- time.Time{}
	return c
}

// here gives a text of a golden state the ids of this school.
func (s *school) here(text []byte) []byte {
	var pairs []string
	longestFirst := func(a, b string) int { return cmp.Compare(len(b), len(a)) } // an id may begin with another
	for _, old := range slices.SortedFunc(maps.Keys(s.ids), longestFirst) {
		pairs = append(pairs, old, s.ids[old])
	}
	return []byte(strings.NewReplacer(pairs...).Replace(string(text)))
}

// state is a golden state as core hands it over, read with today's schema.
func (s *school) state(g golden) tftest.State {
	s.Helper()
	state, diags := s.Upgrade(g.typeName, g.SchemaVersion, s.here(g.Attributes))
	s.none(g, "upgrade", diags)
	private := map[string]json.RawMessage{}
	for key, value := range g.Private {
		private[key] = s.here(value)
	}
	state.Private = s.PrivateOf(private)
	if g.Identity != nil {
		state.Identity, diags = s.UpgradeIdentity(g.typeName, g.IdentitySchemaVersion, s.here(g.Identity))
		s.none(g, "upgrade of the identity", diags)
	}
	return state
}

// none fails the test where there are errors.
func (s *school) none(g golden, step string, diags tftest.Diags) {
	s.Helper()
	if errs := diags.Errors(); len(errs) > 0 {
		s.Fatalf("%s: %s: %v", g.file, step, errs)
	}
}

// create makes the object of a golden state, and notes the ids that it has here.
func (s *school) create(g golden) {
	s.Helper()
	if store, ok := g.Private["store"]; ok {
		open, err := s.rt.Service.Store(s.Context())
		if err == nil && open.ID != "" {
			s.ids[strings.Trim(string(store), `"`)] = open.ID
		}
	}
	config := s.Configured(s.state(g))
	var made tftest.State
	if version, uploaded := config["server_token_wo_version"]; uploaded {
		waiting := config.With(tftest.Config{"server_token_wo_version": nil})
		made = s.apply(g, tftest.State{}, waiting)
		key, _ := made.Get("public_key_pem").(string)
		made = s.apply(g, made, config.With(tftest.Config{"server_token_wo": s.atThePortal(key), "server_token_wo_version": version}))
	} else {
		made = s.apply(g, tftest.State{}, config)
	}
	for _, name := range []string{"id", "profile_id"} {
		if id, ok := g.attributes(s.T)[name].(string); ok && g.typeName != "asm_device_assignment" && g.typeName != "asm_default_profile" {
			s.ids[id], _ = made.Get(name).(string)
		}
	}
}

func (s *school) apply(g golden, prior tftest.State, config tftest.Config) tftest.State {
	s.Helper()
	plan := s.Plan(g.typeName, prior, config)
	s.none(g, "plan", plan.Diags)
	state, diags := plan.Apply()
	s.none(g, "apply", diags)
	return state
}

// atThePortal is what a person does between the two applies of a token.
func (s *school) atThePortal(publicKey string) string {
	s.Helper()
	server, err := s.apple.CreateServer("District MDM", []byte(publicKey))
	if err != nil {
		s.Fatal(err)
	}
	serials, err := s.apple.AssignDevices(server.ID, apple.Selection{Count: 30})
	if err != nil {
		s.Fatal(err)
	}
	slices.Sort(serials)
	if err := os.WriteFile("ipads.txt", []byte(strings.Join(serials[3:6], "\n")), 0o600); err != nil {
		s.Fatal(err)
	}
	token, err := s.apple.ServerToken(server.ID)
	if err != nil {
		s.Fatal(err)
	}
	return string(token)
}

// onReleases runs a test in a school for each release and service.
func onReleases(t *testing.T, test func(s *school, all []golden)) {
	for _, kind := range []enrollment.Kind{enrollment.Embedded, enrollment.Intune} {
		for _, version := range releases(t) {
			t.Run(version+" "+string(kind), func(t *testing.T) {
				all := slices.DeleteFunc(goldens(t, string(kind)), func(g golden) bool { return g.release != version })
				for i := range all {
					all[i].file, _ = filepath.Abs(all[i].file)
				}
				s := newSchool(t, kind)
				for _, g := range all {
					s.create(g)
				}
				test(s, all)
			})
		}
	}
}

// What a release left in state is read, and nothing is to be changed then. The
// same holds for state of a tool that writes no identities.
func TestGoldenStatesAreReadAndNothingChanges(t *testing.T) {
	onReleases(t, func(s *school, all []golden) {
		for _, g := range all {
			for _, identities := range []bool{true, false} {
				before := s.state(g)
				config := s.Configured(before)
				if !identities {
					before.Identity = nil
				}
				after, diags := s.Refresh(before)
				s.none(g, "read", diags)
				if !after.Exists() {
					s.Errorf("%s: the read removed it", g.file)
					continue
				}
				s.wantIdentity(g, after)
				if plan := s.Plan(g.typeName, after, config); len(plan.Diags.Errors()) > 0 || !plan.Empty() {
					s.Errorf("%s: the plan is not empty: %v\nread:    %s\nplanned: %s", g.file, plan.Diags.Errors(), after.Value, plan.Value)
				}
			}
		}
	})
}

// wantIdentity demands an identity, the one that the release wrote if it did.
func (s *school) wantIdentity(g golden, state tftest.State) {
	s.Helper()
	got := s.IdentityOf(state)
	for name, value := range got {
		if value == nil {
			s.Errorf("%s: the identity has no %s", g.file, name)
		}
	}
	if len(got) == 0 {
		s.Errorf("%s: there is no identity", g.file)
	}
	if g.Identity == nil {
		return
	}
	was := state
	was.Identity, _ = s.UpgradeIdentity(g.typeName, g.IdentitySchemaVersion, s.here(g.Identity))
	if want := s.IdentityOf(was); !maps.Equal(got, want) {
		s.Errorf("%s: the identity is %v, and was %v", g.file, got, want)
	}
}

// Reading what was deleted remotely removes it, also where the state has no
// identity: the framework wants one all the same.
func TestStateWithoutIdentitiesOfWhatIsGoneIsRemoved(t *testing.T) {
	onReleases(t, func(s *school, all []golden) {
		gone := func(g golden, how string) {
			s.Helper()
			state := s.state(g)
			state.Identity = nil
			after, diags := s.Refresh(state)
			s.none(g, how+": read", diags)
			if after.Exists() {
				s.Errorf("%s: %s, and it is still in state", g.file, how)
			}
		}
		token := s.only(all, func(g golden) bool { return g.typeName == "asm_token" && g.text(s.T, "server_token_wo_version") != "" })
		tokenID := token.text(s.T, "id")
		for _, g := range all {
			switch g.typeName {
			case "asm_enrollment_profile", "asm_enrollment_policy":
				id := g.text(s.T, "id")
				kept := s.ids[id]
				s.ids[id] = "00000000-0000-0000-0000-000000000000"
				gone(g, "deleted")
				s.ids[id] = kept
			case "asm_sds_connection":
				s.must(s.rt.Service.SetSDSSharing(s.Context(), s.ids[tokenID], false))
				gone(g, "no longer shared")
			case "asm_default_profile":
				if s.rt.Service.Kind() == enrollment.Embedded { // Intune cannot unset one
					s.must(s.rt.Service.UnsetDefaultProfile(s.Context(), s.ids[tokenID], enrollment.IOS))
					gone(g, "unset")
				}
			}
		}
		// Nothing of the school's ids is known any more, only its store is.
		for id := range s.ids {
			if store := strings.Trim(string(token.Private["store"]), `"`); id != store {
				delete(s.ids, id)
			}
		}
		for _, g := range all {
			gone(g, "the token was deleted")
		}
	})
}

func (s *school) only(all []golden, is func(golden) bool) golden {
	s.Helper()
	i := slices.IndexFunc(all, is)
	if i < 0 {
		s.Fatal("no such golden state")
	}
	return all[i]
}

func (s *school) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// A provider that is not configured yet keeps what it cannot ask about, and gives
// it its identity.
func TestStateWithoutIdentitiesIsKeptWhileTheServiceIsNotReady(t *testing.T) {
	d := driver(t, &tf.Runtime{NotReady: "embedded.store", Plans: tf.NewPlans(), Now: time.Now})
	s := &school{T: t, Driver: d}
	for _, g := range goldens(t, "") {
		state := s.state(g)
		state.Identity = nil
		after, diags := d.Refresh(state)
		s.none(g, "read", diags)
		if !after.Value.Equal(state.Value) {
			t.Errorf("%s: the state was %s and is %s", g.file, state.Value, after.Value)
		}
		s.wantIdentity(g, after)
	}
}

// Core refuses state of a newer provider itself, before it asks; a provider that
// is asked all the same must not read it.
func TestStateOfANewerVersionIsRefused(t *testing.T) {
	d := driver(t, &tf.Runtime{Plans: tf.NewPlans(), Now: time.Now})
	for _, g := range goldens(t, "") {
		if state, diags := d.Upgrade(g.typeName, 99, g.Attributes); len(diags.Errors()) == 0 {
			t.Errorf("%s: state of version 99 was read as %s", g.file, state.Value)
		}
	}
}
