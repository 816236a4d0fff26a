package matrix

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/graph"
)

// reading is one read of a data source in a district where everything has
// happened.
type reading struct {
	data   string
	config config
}

// readings are the reads of every data source; nothing but their configuration
// and what they gave is looked at.
func readings(w *world) []reading {
	token := w.tokens[0].id
	all := config{"token_id": token, "details": true}
	return []reading{
		{"asm_token", config{"id": token}},
		{"asm_token", config{"name": "North"}},
		{"asm_tokens", config{}},
		{"asm_enrollment_profiles", config{"token_id": token}},
		{"asm_devices", all},
		{"asm_devices", all.With(config{"assignment": []any{"default"}})},
		{"asm_devices", all.With(config{"family": "iPad"})},
		{"asm_devices", all.With(config{"model": "i"})},
		{"asm_devices", all.With(config{"serial_prefix": w.tokens[0].serials[0][:2]})},
		{"asm_devices", all.With(config{"assigned_since": "2020-01-01T00:00:00Z"})},
		{"asm_devices", all.With(config{"state": "pushed"})},
		{"asm_devices", all.With(config{"needs_reset": false})},
		{"asm_sync_status", config{"token_id": token}},
		{"asm_push_certificate", config{"expiry_warning_days": 30}},
		{"asm_prerequisites", config{"token_id": token, "federated_domains": []any{"school.example"}, "expiry_warning_days": 30}},
	}
}

// never says what a service never tells, by data source and attribute; an
// attribute stands for all inside it.
var never = map[enrollment.Kind]map[string]string{
	enrollment.Embedded: {
		"asm_push_certificate":            "the certificate is the MDM's own",
		"asm_prerequisites":               "there is nothing around the token to look at",
		"asm_tokens.tokens.scope_tag_ids": "scope tags are Intune's", "asm_token.scope_tag_ids": "scope tags are Intune's",
	},
	enrollment.Intune: {
		"asm_token.admin_id": accountAtApple, "asm_token.organization": accountAtApple, "asm_token.server_name": accountAtApple, "asm_token.server_uuid": accountAtApple,
		"asm_tokens.tokens.admin_id": accountAtApple, "asm_tokens.tokens.organization": accountAtApple,
		"asm_tokens.tokens.server_name": accountAtApple, "asm_tokens.tokens.server_uuid": accountAtApple,
		"asm_token.staged_public_key_pem": "Intune stages no key", "asm_tokens.tokens.staged_public_key_pem": "Intune stages no key",

		"asm_enrollment_profiles.profiles.apple_uuid":      "what Intune defines at Apple is its own business",
		"asm_enrollment_profiles.profiles.enrollment_url":  "devices enroll at Intune",
		"asm_enrollment_profiles.profiles.throttled_until": "Intune moves no devices by itself",

		"asm_devices.devices.asset_tag": deviceAtApple, "asm_devices.devices.assigned_to_server_by": deviceAtApple, "asm_devices.devices.color": deviceAtApple,
		"asm_devices.devices.os": deviceAtApple, "asm_devices.devices.profile_pushed_at": deviceAtApple, "asm_devices.devices.throttled_until": deviceAtApple,

		"asm_sync_status.can_sync_full": ownSyncs, "asm_sync_status.next_full_at": ownSyncs,
		"asm_sync_status.current_run.kind": ownSyncs, "asm_sync_status.current_run.pages": ownSyncs, "asm_sync_status.current_run.devices": ownSyncs,
		"asm_sync_status.last_run.kind": ownSyncs, "asm_sync_status.last_run.reason": ownSyncs, "asm_sync_status.last_run.devices": ownSyncs,
		"asm_sync_status.last_run.added": ownSyncs, "asm_sync_status.last_run.removed": ownSyncs,
	},
}

// Why Intune never tells something.
const (
	accountAtApple = "Graph has no property for what Apple says of the account and its server"
	deviceAtApple  = "Graph has no property for what Apple knows of a device"
	ownSyncs       = "Intune decides itself how it syncs, and does not tell"
)

// TestEveryAttributeOfEveryDataSourceIsRead fails for an attribute that is null in
// every read of it, unless the service never tells it, and for a claim that it
// never does which is not true any more.
func TestEveryAttributeOfEveryDataSourceIsRead(t *testing.T) {
	t.Parallel()
	for _, kind := range bothServices {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newDistrict(t, kind)
			told := w.told(t)
			for name, o := range dataSources(t.Context()) {
				for _, path := range o.paths() {
					full := name + "." + path
					reason := reasonFor(never[kind], full)
					switch {
					case strings.HasSuffix(path, ".*"):
					case !told[full] && reason == "":
						t.Errorf("%s is null in every read", full)
					case told[full] && reason != "":
						t.Errorf("%s is told, although %s", full, reason)
					}
				}
			}
		})
	}
}

func reasonFor(never map[string]string, path string) string {
	for {
		if why, is := never[path]; is {
			return why
		}
		cut := strings.LastIndex(path, ".")
		if cut < 0 {
			return ""
		}
		path = path[:cut]
	}
}

// told lists the attributes that are not null in some read.
func (w *world) told(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	w.tell(t, readings(w), out)
	w.leaveSyncRunning(t)
	w.tell(t, []reading{{"asm_sync_status", config{"token_id": w.tokens[0].id}}}, out)
	return out
}

func (w *world) tell(t *testing.T, reads []reading, out map[string]bool) {
	t.Helper()
	for _, r := range reads {
		state, diags := w.process(t).ReadData(r.data, r.config)
		if len(diags.Errors()) > 0 {
			if reasonFor(never[w.kind], r.data) == "" || !strings.Contains(diags.Errors()[0], "Your MDM has it: look there.") {
				t.Errorf("%s: %s", r.data, diags.Errors())
			}
			continue
		}
		tell(r.data, state.Value, out)
	}
}

// tell goes through lists and maps into objects.
func tell(path string, v tftypes.Value, out map[string]bool) {
	if v.IsNull() {
		return
	}
	out[path] = true
	var members map[string]tftypes.Value
	var elements []tftypes.Value
	switch {
	case v.Type().Is(tftypes.Object{}):
		if v.As(&members) == nil {
			for name, member := range members {
				tell(path+"."+name, member, out)
			}
		}
	case v.Type().Is(tftypes.Map{}):
		if v.As(&members) == nil {
			for _, member := range members {
				tell(path, member, out)
			}
		}
	case v.Type().Is(tftypes.List{}), v.Type().Is(tftypes.Set{}):
		if v.As(&elements) == nil {
			for _, element := range elements {
				tell(path, element, out)
			}
		}
	}
}

// newDistrict is a world in which everything has happened that a data source can
// tell of.
func newDistrict(t *testing.T, kind enrollment.Kind) *world {
	t.Helper()
	w := newWorld(t, kind, 12)
	s, token, ctx := w.open(t), w.tokens[0], t.Context()
	spec := enrollment.ProfileSpec{TokenID: token.id, Name: "Carts", Supervised: true, Description: new("iPads on carts"), Department: new("IT"), UserAffinity: new(false)}
	carts := ok(s.CreateProfile(ctx, spec))(t).Profile.ID
	others := w.profile(t, 0, "Others")
	ok(0, s.SetDefaultProfile(ctx, token.id, enrollment.IOS, carts))(t)
	ok(0, s.SetSDSSharing(ctx, token.id, true))(t)
	ok(s.Assign(ctx, enrollment.AssignRequest{TokenID: token.id, ProfileID: carts, SerialNumbers: token.serials[:6]}))(t)
	for _, serial := range token.serials[:2] {
		ok(0, w.apple.Activate(serial))(t)
	}
	ok(0, w.apple.ChangeDevice(token.serials[0], apple.DeviceChange{AssetTag: new("A-1")}))(t)
	if kind == enrollment.Embedded {
		ok(s.RotateKey(ctx, token.id))(t)
		ok(w.apple.AddFaults(apple.Fault{Kind: apple.FaultThrottled, Serials: token.serials[6:9], RetryAfterSeconds: 3600 * 24 * 30}))(t)
		ok(s.Assign(ctx, enrollment.AssignRequest{TokenID: token.id, ProfileID: others, SerialNumbers: token.serials[6:9]}))(t)
		w.throttleProfile(t, s, spec, carts)
	} else {
		w.graph.SetPushCertificate(&graph.PushCertificate{AppleID: "it@school.example", SerialNumber: "1A", Topic: "com.apple.mgmt.External.x", ExpiresAt: w.apple.Now().Add(1000 * time.Hour), ModifiedAt: w.apple.Now()})
	}
	ok(0, w.apple.AdvanceClock(enrollment.ManualSyncInterval+time.Minute))(t)
	ok(s.Sync(ctx, enrollment.SyncRequest{TokenID: token.id, Kind: enrollment.FullSync, Wait: true}))(t)
	w.failSync(t, s)
	return w
}

// throttleProfile changes a profile while Apple takes no assignment of its
// devices.
func (w *world) throttleProfile(t *testing.T, s enrollment.Service, spec enrollment.ProfileSpec, id string) {
	t.Helper()
	ok(w.apple.AddFaults(apple.Fault{Kind: apple.FaultThrottled, RetryAfterSeconds: 3600 * 24 * 30}))(t)
	spec.Department = new("Library")
	ok(s.UpdateProfile(t.Context(), enrollment.ProfileRef{TokenID: spec.TokenID, ID: id}, spec))(t)
	w.apple.ClearFaults()
}

// failSync has a sync fail for new terms.
func (w *world) failSync(t *testing.T, s enrollment.Service) {
	t.Helper()
	ok(0, w.apple.AdvanceClock(enrollment.ManualSyncInterval+time.Minute))(t)
	w.apple.SetTerms(false)
	_, _ = s.Sync(t.Context(), enrollment.SyncRequest{TokenID: w.tokens[0].id, Kind: enrollment.IncrementalSync, Wait: true}) // that it fails is the point
	w.apple.SetTerms(true)
}

// leaveSyncRunning starts a sync that does not end while the test reads. Before
// that one ends well: Intune does not tell a sync that runs from one that failed.
func (w *world) leaveSyncRunning(t *testing.T) {
	t.Helper()
	again := enrollment.SyncRequest{TokenID: w.tokens[0].id, Kind: enrollment.IncrementalSync, Wait: true}
	s := w.open(t)
	for range 2 {
		ok(0, w.apple.AdvanceClock(enrollment.ManualSyncInterval+time.Minute))(t)
		ok(s.Sync(t.Context(), again))(t)
		ok(w.apple.AddFaults(apple.Fault{Kind: apple.FaultLatency, Path: "/devices/sync", Latency: apple.Duration(time.Minute)}))(t)
		again.Wait = false
	}
}

// TestDataSourcesOfAnUnknownConfiguration: a data source cannot answer that it
// does not know, so it says what to do.
func TestDataSourcesOfAnUnknownConfiguration(t *testing.T) {
	t.Parallel()
	w := &world{tokens: []schoolToken{{id: "token", serials: []string{"ABCDEF"}}}}
	d := tftest.New(t, &tf.Runtime{NotReady: "embedded.store"}, nil, provider.New("test")().DataSources(t.Context()))
	read := map[string]bool{}
	for _, r := range readings(w) {
		read[r.data] = true
		_, diags := d.ReadData(r.data, r.config)
		if len(diags.Errors()) != 1 || !strings.Contains(diags.Errors()[0], "The value of embedded.store is known only after apply. Add depends_on") {
			t.Errorf("%s: %q", r.data, diags.Errors())
		}
	}
	for name := range dataSources(t.Context()) {
		if !read[name] {
			t.Errorf("%s is never read", name)
		}
	}
}
