package matrix

import (
	"slices"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf/tftest"
)

// TestDevicesThatOthersTake: a device that got another profile behind Terraform's
// back shows in the number and the digest of those that have it, and the next
// apply takes it back where it may.
func TestDevicesThatOthersTake(t *testing.T) {
	t.Parallel()
	for _, kind := range bothServices {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := assignments()
			w := newWorld(t, kind, 6)
			s.prepare(t, w)
			c := &cell{specification: s, attribute: attribute{path: "device_count"}, service: &service{}, world: w, name: "taken"}
			cfg := s.base(t, w, "taken").With(config{"take_over_from": []any{"*"}})
			c.state = c.apply(t, tftest.State{}, cfg, nil)
			w.takeAway(t, w.take(0, 3, "taken")[0])

			found, diags := w.process(t).Refresh(c.state)
			c.clean(t, diags)
			c.only(t, "the refresh shows", c.state, found, []string{"devices_sha256"})
			c.is(t, "devices", found.At("device_count"), 2)
			c.state = c.apply(t, found, cfg, func(plan tftest.Plan) {
				c.only(t, "the plan repairs", found, plan.State, []string{"devices_sha256", "failed_count", "failed_serial_numbers", "pending_count"})
			})
			c.is(t, "devices at Apple", s.truth(t, w, c.state)["devices"], 3)
			c.quiet(t, c.state, cfg)
		})
	}
}

// takeAway gives a device of the first token a profile as another client of
// Apple, or an administrator of Intune, does.
func (w *world) takeAway(t *testing.T, serial string) {
	t.Helper()
	token := w.tokens[0]
	if w.graph != nil {
		ok(0, w.graph.AssignProfile(token.id, token.others[0], serial))(t)
		return
	}
	uuid := ok(w.apple.DefineProfile(token.server, []byte(`{"profile_name":"Foreign","url":"https://other.example/enroll"}`)))(t)
	ok(w.apple.GiveProfile(token.server, uuid, []string{serial}))(t)
	ok(0, w.apple.AdvanceClock(enrollment.ManualSyncInterval))(t)
	ok(w.open(t).Sync(t.Context(), enrollment.SyncRequest{TokenID: token.id, Kind: enrollment.IncrementalSync, Wait: true}))(t)
}

// TestATokenInUse reads what only a token with a server token has.
func TestATokenInUse(t *testing.T) {
	t.Parallel()
	for _, kind := range bothServices {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kind, 0)
			state, diags := w.process(t).Import("asm_token", w.tokens[0].id)
			if errs := diags.Errors(); len(errs) > 0 {
				t.Fatal(errs)
			}
			there := []string{"expires_at", "public_key_pem", "public_key_sha256"}
			if kind == enrollment.Embedded { // Intune does not tell
				there = slices.Concat(there, []string{"organization", "server_name"})
			}
			for _, path := range there {
				if state.At(path) == nil {
					t.Errorf("%s is null", path)
				}
			}
			if got := state.At("status"); got != "active" {
				t.Errorf("the status is %v", got)
			}
		})
	}
}
