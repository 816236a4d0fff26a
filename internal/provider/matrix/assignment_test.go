package matrix

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

// onLine is n devices of a token on one line.
func onLine(w *world, token, n int, name string) string {
	return strings.Join(slices.Sorted(slices.Values(w.take(token, n, name))), " ")
}

func assignments() specification {
	leave := config{"on_leave": "keep"}
	return specification{
		resource: "asm_device_assignment", kinds: bothServices, devices: 150, madeUp: true,
		prepare: func(t *testing.T, w *world) {
			w.tokens[1].profile = w.profile(t, 1, "Second")
			w.tokens[0].others = []string{w.profile(t, 0, "Other"), w.profile(t, 0, "Another"), w.profile(t, 0, "First"), w.profile(t, 0, "Next")}
		},
		// Intune cannot take a profile from a device.
		base: func(t *testing.T, w *world, name string) config {
			cfg := config{"token_id": w.tokens[0].id, "profile_id": w.profile(t, 0, name), "serial_number_list": onLine(w, 0, 3, name)}
			if w.kind == enrollment.Intune {
				maps.Copy(cfg, leave)
			}
			return cfg
		},
		importID:   func(s tftest.State) string { return fmt.Sprintf("%s/%s", s.At("token_id"), s.At("profile_id")) },
		truth:      assignmentTruth,
		attributes: append(assignmentAttributes(), timeoutsOf(false, nil, "create", "update", "delete")...),
	}
}

// assignmentTruth is how many devices have the profile of an assignment at Apple.
func assignmentTruth(t *testing.T, w *world, s tftest.State) map[string]any {
	t.Helper()
	if w.graph != nil {
		w.graph.Settle()
	}
	token := enrollment.ProfileRef{TokenID: fmt.Sprint(s.At("token_id")), ID: fmt.Sprint(s.At("profile_id"))}
	want := ok(w.open(t).ReadProfile(t.Context(), token))(t).Name
	count := 0
	for _, p := range w.apple.Profiles() {
		var definition struct {
			Name string `json:"profile_name"`
		}
		if json.Unmarshal(p.Definition, &definition) == nil && definition.Name == want {
			count += p.DeviceCount
		}
	}
	return map[string]any{"devices": count, "profile": want}
}

func assignmentAttributes() []attribute {
	const shows = "devices that others take show in device_count and devices_sha256: TestDevicesThatOthersTake"
	outcome := []string{"failed_count", "failed_serial_numbers", "pending_count"}
	devices := slices.Concat([]string{"device_count", "devices_sha256"}, outcome)
	stateOnly := func(path string, set, change, gone any, differs ...string) attribute {
		return attribute{
			path: path, set: set, change: change, leftOut: reasons{drifted: onlyInState},
			embedded: &service{gone: gone, differs: differs}, intune: &service{gone: gone, differs: differs},
		}
	}
	leave := stateOnly("on_leave", "keep", "unassign", "unassign", "on_leave")
	leave.changeWith = config{"fallback_profile_id": func(w *world) any {
		if w.kind == enrollment.Intune {
			return other(w)
		}
		return nil
	}}
	leave.intune = &service{change: "fallback", also: []string{"fallback_profile_id"}, leftOut: reasons{removed: "left out it is unassign, which Intune cannot"}}
	fallback := stateOnly("fallback_profile_id", other, another, nil, "fallback_profile_id", "on_leave")
	fallback.with = config{"on_leave": "fallback"}
	fallback.leftOut[removed] = "on_leave = \"fallback\" needs it"
	list := config{"serial_number_list": nil}
	// Intune takes no profile from a device: the next object has to take them over.
	again := config{"take_over_from": []any{"*"}}
	return []attribute{
		{
			path: "token_id", set: firstToken, change: secondToken, leftOut: reasons{removed: required, drifted: "devices do not bring their assignment to another token"},
			changeWith: config{"profile_id": func(w *world) any { return w.tokens[1].profile }, "serial_number_list": func(w *world) any { return onLine(w, 1, 3, "token_id") }},
			embedded:   &service{field: "devices", has: 3, becomes: 3, also: slices.Concat([]string{"profile_id", "serial_number_list"}, devices[1:])},
			intune:     &service{field: "devices", has: 3, becomes: 3, also: slices.Concat([]string{"profile_id", "serial_number_list"}, devices[1:])},
		},
		{
			path: "profile_id", set: func(w *world) any { return w.tokens[0].others[2] }, change: func(w *world) any { return w.tokens[0].others[3] }, leftOut: reasons{removed: required, drifted: shows},
			embedded: &service{field: "profile", has: "First", becomes: "Next", also: outcome},
			intune:   &service{field: "profile", has: "First", becomes: "Next", also: outcome},
		},
		{
			path: "serial_number_list", set: listOf("A", 3), change: listOf("B", 2), leftOut: reasons{removed: "one of the three forms is needed", drifted: shows},
			embedded: &service{field: "devices", has: 3, becomes: 2, also: devices},
			intune:   &service{field: "devices", has: 3, becomes: 5, also: devices, with: again, differs: []string{"take_over_from"}}, // keep: the first three still have it
		},
		{
			path: "serial_numbers", with: list, set: setOf("A", 3), change: setOf("B", 2), leftOut: reasons{removed: "one of the three forms is needed", drifted: shows},
			embedded: &service{field: "devices", has: 3, becomes: 2, also: devices, differs: []string{"serial_number_list", "serial_numbers"}},
			intune:   &service{field: "devices", has: 3, becomes: 5, also: devices, with: again, differs: []string{"serial_number_list", "serial_numbers", "take_over_from"}},
		},
		{
			path: "serial_numbers_file", with: list, set: fileOf("A", 3), change: fileOf("B", 2), leftOut: reasons{removed: "one of the three forms is needed", drifted: shows},
			embedded: &service{field: "devices", has: 3, becomes: 2, also: devices, differs: []string{"serial_number_list", "serial_numbers_file"}},
			intune:   &service{field: "devices", has: 3, becomes: 5, also: devices, with: again, differs: []string{"serial_number_list", "serial_numbers_file", "take_over_from"}},
		},
		stateOnly("take_over_from", []any{"*"}, func(w *world) any { return []any{other(w)} }, nil, "take_over_from"),
		leave, fallback,
		stateOnly("missing_devices", "wait", "error", "error", "missing_devices"),
		stateOnly("max_changes", "200", "25%", nil, "max_changes"),
		stateOnly("allow_empty", true, false, false, "allow_empty"),
		{path: "id", embedded: &service{}, intune: &service{}, reads: func(v any) bool { return v != nil && v != "" }},
		{
			path: "devices_sha256", embedded: &service{}, intune: &service{},
			reads: func(_ *testing.T, w *world, _ tftest.State) any {
				return enrollment.SerialsDigest(slices.Sorted(slices.Values(w.take(0, 3, "devices_sha256"))))
			},
		},
		{path: "device_count", embedded: &service{}, intune: &service{}, reads: 3},
		{path: "failed_count", embedded: &service{}, intune: &service{}, reads: 0},
		{path: "failed_serial_numbers", embedded: &service{}, intune: &service{}, reads: []any{}},
		{path: "pending_count", embedded: &service{}, intune: &service{}, reads: 0},
	}
}

// other and another are two more profiles of the first token.
func other(w *world) any   { return w.tokens[0].others[0] }
func another(w *world) any { return w.tokens[0].others[1] }

func listOf(name string, n int) func(*world) any {
	return func(w *world) any { return onLine(w, 0, n, "list "+name) }
}

func setOf(name string, n int) func(*world) any {
	return func(w *world) any {
		var out []any
		for _, serial := range w.take(0, n, "set "+name) {
			out = append(out, serial)
		}
		return out
	}
}

func fileOf(name string, n int) func(*world) any {
	return func(w *world) any {
		path := filepath.Join(w.directory, name+".txt")
		if err := os.WriteFile(path, []byte(strings.Join(w.take(0, n, "file "+name), "\n")), 0o600); err != nil {
			panic(err)
		}
		return path
	}
}
