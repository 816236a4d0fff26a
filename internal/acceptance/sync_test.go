package acceptance

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/asm-enrollment/terraform-provider-asm/internal/cli"
	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

const day = 24 * time.Hour

func TestAFullSyncRunsOnceInSevenDays(t *testing.T) {
	w := newDistrict(t, 1500)
	w.write(tokenConfig, fullSyncConfig)
	w.forget()
	for run := range 3 {
		w.apply("-var", "run="+string(rune('a'+run)))
	}
	if n := len(w.apple.Requests(false).FetchChains); n != 0 {
		t.Errorf("%d full fetches within seven days of the one that the upload made", n)
	}
	if n := w.requests("POST /devices/sync"); n == 0 {
		t.Error("an incremental sync was to run instead, and none did")
	}
	w.says(w.apply("-var", "run=d"), "incremental")
	w.advance(7 * day)
	w.apply("-var", "run=e")
	if n := len(w.apple.Requests(false).FetchChains); n != 1 {
		t.Errorf("%d full fetches after seven days, want one", n)
	}
	if v := w.apple.Requests(false).Violations; len(v) > 0 {
		t.Errorf("Apple's rules were broken: %+v", v)
	}
	w.plan(0, "-var", "run=e")
}

func TestTwoAppliesAtOnceNeverSyncTwice(t *testing.T) {
	w := newDistrict(t, 3000)
	w.advance(8 * day)
	w.write(tokenConfig, fullSyncConfig)
	w.forget()
	// Two directories with the same configuration and the same store: two
	// machines, as it were.
	tools := []*cli.Tool{w.tool}
	second := *w
	second.dir = t.TempDir()
	second.tool = w.newTool(w.tool.Path, second.dir, w.reattach(t))
	copyDir(t, w.dir, second.dir, "main.tf", "token.p7m", "terraform.tfstate")
	tools = append(tools, second.tool)
	var both sync.WaitGroup
	for _, tool := range tools {
		both.Go(func() {
			if r, err := tool.Apply(context.Background()); err != nil || r.Code != 0 {
				t.Errorf("apply: %v, exit code %d\n%s", err, r.Code, r.Output)
			}
		})
	}
	both.Wait()
	if n := len(w.apple.Requests(false).FetchChains); n != 1 {
		t.Errorf("%d full fetches by two applies at once, want one", n)
	}
}

func TestASyncThatIsADayOldIsPlannedAgain(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newDistrictOn(t, kind, 10)
		w.advance(hour) // Intune takes no sync so soon after the one of the upload, and it would be skipped
		w.write(tokenConfig, `
resource "asm_device_sync" "daily" {
  token_id = asm_token.district.id
  max_age  = "24h"
}
`)
		w.apply()
		w.emptyPlans()
		w.advance(23 * time.Hour)
		w.plan(0)
		w.advance(2 * time.Hour)
		w.plan(2)
		w.apply()
		w.plan(0)
	})
}

func TestARenewedTokenKeepsTheSyncGoing(t *testing.T) {
	w := newDistrict(t, 1200)
	w.forget()
	w.advance(day)
	w.giveDevices(5)
	w.download()
	w.says(w.plan(2), "server_token_wo_version", "expires_at")
	w.apply()
	w.plan(0)
	if n := len(w.apple.Requests(false).FetchChains); n != 0 {
		t.Errorf("a renewal of the same server fetched everything anew %d times", n)
	}
	if n := w.requests("POST /devices/sync"); n == 0 {
		t.Error("the upload was to sync by itself")
	}
}

func TestTermsThatNobodyAccepted(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newDistrictOn(t, kind, 10)
		w.advance(hour)
		w.apple.SetTerms(false)
		w.write(tokenConfig, fullSyncConfig, profileConfig("classroom", ""))
		w.says(w.applyFails(), "terms", "accept")
		w.advance(hour)
		w.apple.SetTerms(true)
		w.apply()
		w.plan(0)
	})
}
