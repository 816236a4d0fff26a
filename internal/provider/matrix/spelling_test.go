package matrix

import (
	"slices"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

// TestAnIDInCapitalsIsNoChange: ids are GUIDs, and Microsoft's own tools print
// them in capitals or not. The same id is no reason to plan anything, least of
// all a replacement, also where an import has written it in another way.
func TestAnIDInCapitalsIsNoChange(t *testing.T) {
	t.Parallel()
	for _, s := range specifications() {
		if s.resource == "asm_token" {
			continue // has the id, and is not configured with one
		}
		for _, kind := range s.kinds {
			t.Run(s.resource+"/"+string(kind), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, kind, max(s.devices, 3))
				if s.prepare != nil {
					s.prepare(t, w)
				}
				c := &cell{specification: s, attribute: attribute{path: "token_id"}, service: &service{}, world: w, name: "capitals"}
				cfg := s.base(t, w, "capitals")
				loud := clone(cfg)
				for _, name := range []string{"token_id", "profile_id"} {
					// The ids of profiles are Graph's: the embedded service makes its own.
					if id, is := cfg[name].(string); is && (name == "token_id" || kind == enrollment.Intune) {
						loud[name] = strings.ToUpper(id)
					}
				}
				state := c.apply(t, tftest.State{}, cfg, nil)
				c.quiet(t, state, loud)
				if s.importID != nil {
					found := c.importState(t, state)
					plan := w.process(t).Plan(s.resource, found, loud)
					if changes := tftest.Differences(found, plan.State); len(plan.Replaces) > 0 || slices.Contains(changes, "token_id") {
						t.Errorf("after an import the plan changes %v and replaces for %v", changes, plan.Replaces)
					}
				}
			})
		}
	}
}
