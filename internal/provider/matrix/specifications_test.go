package matrix

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

func specifications() []specification {
	return []specification{profiles(), tokens(), assignments(), policies(), defaultProfiles(), connections(), syncs()}
}

// bothServices are the services of most resources.
var bothServices = []enrollment.Kind{enrollment.Embedded, enrollment.Intune}

// timeoutsOf are the cases of timeouts, which are the provider's alone.
func timeoutsOf(intuneOnly bool, leftOut reasons, names ...string) []attribute {
	both := func(a attribute) attribute {
		a.intune, a.elsewhere = &service{differs: []string{"timeouts"}}, "is Intune's"
		if !intuneOnly {
			a.embedded = &service{differs: []string{"timeouts"}}
		}
		a.leftOut = reasons{drifted: onlyInState}
		maps.Copy(a.leftOut, leftOut)
		return a
	}
	out := []attribute{both(attribute{path: "timeouts", set: config{names[0]: "20m"}, change: config{names[0]: "10m", names[1]: "10m"}})}
	for _, name := range names {
		out = append(out, both(attribute{path: "timeouts." + name, set: "20m", change: "10m"}))
	}
	return out
}

// connections are SDS connections.
func connections() specification {
	shared := func(n int) func(*world) any {
		return func(w *world) any { return w.tokens[n].id }
	}
	return specification{
		resource: "asm_sds_connection", kinds: bothServices, alone: true, destroyFirst: true,
		base:     func(_ *testing.T, w *world, _ string) config { return config{"token_id": w.tokens[0].id} },
		importID: func(s tftest.State) string { return fmt.Sprint(s.At("token_id")) },
		truth: func(t *testing.T, w *world, _ tftest.State) map[string]any {
			out := map[string]any{}
			for _, token := range w.tokens {
				if w.graph != nil && w.atGraph(t, "GET", "/depOnboardingSettings/"+token.id, nil)["shareTokenWithSchoolDataSyncService"] == true {
					out["shared"] = token.id
				}
			}
			return out
		},
		attributes: []attribute{
			{
				path: "token_id", set: firstToken, change: secondToken, leftOut: reasons{removed: required, drifted: "another token's sharing is no change of this one's"},
				embedded: &service{}, intune: &service{field: "shared", has: shared(0), becomes: shared(1)},
			},
			{path: "id", embedded: &service{}, intune: &service{}, reads: func(_ *testing.T, w *world, _ tftest.State) any { return w.tokens[0].id }},
		},
	}
}

// defaultProfiles are the default profiles of tokens.
func defaultProfiles() specification {
	named := func(token int, name string) func(*world) any {
		return func(w *world) any {
			return once(w, fmt.Sprintf("default %d %s", token, name), func() any { panic("not prepared") })
		}
	}
	return specification{
		resource: "asm_default_profile", kinds: bothServices, alone: true, destroyFirst: true,
		prepare: func(t *testing.T, w *world) {
			for token := range w.tokens {
				for _, name := range []string{"A", "B", "Mac"} {
					id := any(nil)
					if name == "Mac" && w.graph != nil {
						id = ok(w.graph.AddClassicProfile(w.tokens[token].id, map[string]any{"@odata.type": "#microsoft.graph.depMacOSEnrollmentProfile", "displayName": name}))(t)
					} else {
						id = w.profile(t, token, name)
					}
					once(w, fmt.Sprintf("default %d %s", token, name), func() any { return id })
				}
			}
		},
		base: func(_ *testing.T, w *world, _ string) config {
			return config{"token_id": w.tokens[0].id, "profile_id": named(0, "A")(w)}
		},
		importID: func(s tftest.State) string { return fmt.Sprintf("%s/%s", s.At("token_id"), s.At("platform")) },
		attributes: []attribute{
			{
				path: "token_id", set: firstToken, change: secondToken, changeWith: config{"profile_id": named(1, "A")},
				leftOut:  reasons{removed: required, drifted: "the default of another token is another default"},
				embedded: &service{also: []string{"profile_id"}}, intune: &service{also: []string{"profile_id"}},
			},
			{
				path: "platform", set: "ios", change: "macos", changeWith: config{"profile_id": named(0, "Mac")},
				leftOut:  reasons{drifted: "the default of another platform is another default"},
				embedded: &service{also: []string{"profile_id"}, gone: "ios", stays: true}, intune: &service{also: []string{"profile_id"}, gone: "ios", stays: true},
			},
			{
				path: "profile_id", set: named(0, "A"), change: named(0, "B"), leftOut: reasons{removed: required},
				embedded: &service{}, intune: &service{},
			},
			{
				path: "id", embedded: &service{}, intune: &service{},
				reads: func(_ *testing.T, w *world, _ tftest.State) any { return w.tokens[0].id + "/ios" },
			},
		},
	}
}

// syncs are syncs: nothing that is there, so they are not imported and do not
// drift.
func syncs() specification {
	never := reasons{imported: "a sync is not imported: it happens", drifted: "a sync does not drift: it happened"}
	with := func(more reasons) reasons {
		maps.Copy(more, never)
		return more
	}
	on := func(also ...string) *service { return &service{also: also} }
	again := []string{"finished_at", "last_kind"}
	kind := attribute{path: "kind", set: "full", change: "incremental", leftOut: never, embedded: on(), intune: on()}
	kind.embedded.gone, kind.intune.gone = "incremental", "incremental"
	wait := attribute{
		path: "wait", set: false, change: true, leftOut: never,
		// A sync that is not waited for may be quick. This one is stuck until its process
		// ends, and is gone on with.
		creating: func(t *testing.T, w *world) {
			ok(w.apple.AddFaults(apple.Fault{Kind: apple.FaultLatency, Path: "/devices/sync", Latency: apple.Duration(time.Minute)}))(t)
		},
		embedded: &service{gone: true, also: again, alsoOn: map[phase][]string{removed: nil}}, intune: &service{gone: true},
	}
	throttled := attribute{path: "on_throttled", set: "wait", change: "error", leftOut: never, embedded: on(), intune: on()}
	throttled.embedded.gone, throttled.intune.gone = "skip", "skip"
	return specification{
		resource: "asm_device_sync", kinds: bothServices, alone: true, devices: 2,
		base: func(_ *testing.T, w *world, _ string) config { return config{"token_id": w.tokens[0].id} },
		// Intune takes a sync every 15 minutes.
		before: func(t *testing.T, w *world) {
			w.apple.ClearFaults()
			ok(0, w.apple.AdvanceClock(enrollment.ManualSyncInterval))(t)
		},
		attributes: append([]attribute{
			{path: "token_id", set: firstToken, change: secondToken, leftOut: with(reasons{removed: required}), embedded: on(again...), intune: on(again...)},
			kind, wait, throttled,
			{
				path: "triggers", set: config{"year": "2026"}, change: config{"year": "2027"}, leftOut: never,
				embedded: on(again...), intune: on(again...),
			},
			{
				path: "max_age", set: "24h", change: "48h", leftOut: never,
				embedded: &service{also: again, alsoOn: map[phase][]string{removed: nil}}, intune: &service{also: again, alsoOn: map[phase][]string{removed: nil}},
			},
			{path: "id", embedded: on(), intune: on(), reads: func(v any) bool { return v != nil && v != "" }},
			{path: "finished_at", embedded: on(), intune: on(), reads: func(v any) bool { return v != nil }},
			{path: "last_kind", embedded: on(), intune: on(), reads: "incremental"},
		}, timeoutsOf(false, never, "create", "update")...),
	}
}
