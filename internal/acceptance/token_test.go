package acceptance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// tokenWith is the district's token with more lines inside it.
func tokenWith(more string) string {
	return strings.Replace(tokenConfig, `  name                    = "District"`, `  name                    = "District"`+"\n"+more, 1)
}

func TestBadServerTokensAreRefusedAtPlan(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newWorldOn(t, kind, 10)
		w.write(tokenConfig)
		w.apply()
		w.atThePortal(w.output("public_key_pem"), 5)
		good, err := os.ReadFile(filepath.Join(w.dir, "token.p7m"))
		if err != nil {
			t.Fatal(err)
		}
		said := map[string]string{}
		for name, c := range map[string]struct{ file, says string }{
			"an empty file":       {"", "empty"},
			"a saved web page":    {"<!DOCTYPE html><html><head><title>Sign In</title></head></html>", "web page"},
			"the public key":      {w.output("public_key_pem"), "certificate"},
			"a truncated file":    {string(good[:len(good)/2]), "cut off"},
			"a text":              {"hello", "not a server token"},
			"a megabyte of noise": {strings.Repeat("0123456789abcdef", 1<<16), "larger than 64 KiB"},
			"another key's token": {w.otherKeysToken(), "public_key_pem"},
		} {
			w.file("token.p7m", c.file)
			output := w.plan(1)
			w.says(output, "server_token_wo", c.says)
			_, detail, _ := strings.Cut(output, "Error:")
			if before, twice := said[detail]; twice {
				t.Errorf("%s and %s have the same message", name, before)
			}
			said[detail] = name
		}
		w.file("token.p7m", string(good))
		w.apply()
		w.emptyPlans()
	})
}

// otherKeysToken is a server token of another MDM server's key.
func (w *world) otherKeysToken() string {
	w.Helper()
	pair, err := servertoken.NewKeyPair("another MDM", w.apple.Now())
	if err != nil {
		w.Fatal(err)
	}
	server, err := w.apple.CreateServer("Another MDM", pair.CertificatePEM)
	if err != nil {
		w.Fatal(err)
	}
	token, err := w.apple.ServerToken(server.ID)
	if err != nil {
		w.Fatal(err)
	}
	return string(token)
}

func TestABusinessAccountIsRefusedForASchool(t *testing.T) {
	w := newWorld(t, 10)
	w.write(tokenConfig)
	w.apply()
	w.atThePortal(w.output("public_key_pem"), 5)
	if err := w.apple.UpdateOrganization(func(o *apple.Organization) error { o.OrgType = "org"; return nil }); err != nil {
		t.Fatal(err)
	}
	w.says(w.applyFails(), `lists as "org" and not as a school`, `type = "business"`)
	w.write(tokenWith(`  type = "business"`))
	w.apply()
	w.plan(0)
}

func TestARenewalUnderAnotherAppleIDIsAWarning(t *testing.T) {
	w := newDistrict(t, 5)
	if err := w.apple.UpdateOrganization(func(o *apple.Organization) error { o.AdminID = "other@school.example"; return nil }); err != nil {
		t.Fatal(err)
	}
	w.download()
	w.says(w.apply(), "Server token of another Apple ID", "other@school.example")
	w.plan(0)
}

func TestKeyRotation(t *testing.T) {
	w := newDistrict(t, 10)
	w.write(tokenWith(`  key_rotation = "2026"`), `output "staged" { value = asm_token.district.staged_public_key_pem == null ? "" : asm_token.district.staged_public_key_pem }`)
	w.apply() // null to a value does nothing
	if w.output("staged") != "" {
		t.Error("naming a rotation for the first time staged a key")
	}
	serving := w.output("public_key_pem")
	w.write(tokenWith(`  key_rotation = "2027"`), `output "staged" { value = asm_token.district.staged_public_key_pem == null ? "" : asm_token.district.staged_public_key_pem }`)
	w.apply()
	w.emptyPlans()
	staged := w.output("staged")
	if staged == "" || staged == serving || w.output("public_key_pem") != serving {
		t.Fatal("a rotation stages a new key beside the serving one")
	}
	w.download() // the serving key still works
	w.apply()
	if _, err := w.apple.UpdateServer(w.server, "", []byte(staged)); err != nil {
		t.Fatal(err)
	}
	w.download()
	w.apply()
	w.apply() // outputs that the upload changed
	w.emptyPlans()
	if w.output("public_key_pem") != staged || w.output("staged") != "" {
		t.Error("the staged key serves once its server token has arrived")
	}
}

func TestTheVersionAloneIsNotEnough(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newDistrictOn(t, kind, 5)
		w.write(`
resource "asm_token" "district" {
  name                    = "District"
  apple_id                = "admin@school.example"
  deletion_protection     = false
  server_token_wo_version = "next"
}
`)
		w.says(w.plan(1), "server_token_wo", "must have a value")
	})
}

func TestDeletingATokenThatIsInUse(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newDistrictOn(t, kind, 7)
		w.write(tokenConfig, profileConfig("classroom", ""))
		w.apply()
		w.write(forgetProfile)
		w.says(w.applyFails(), "still has 7 devices", "1 enrollment profile")
		w.write(strings.Replace(tokenConfig, "deletion_protection     = false", "deletion_protection     = true", 1))
		w.apply()
		w.says(w.plan(1, "-destroy"), "deletion_protection")
	})
}

// forgetProfile drops the profile from state and keeps it in the service.
const forgetProfile = `
removed {
  from = asm_enrollment_profile.classroom
  lifecycle {
    destroy = false
  }
}
`

func TestAMissingStoreKeySaysHowToMakeOne(t *testing.T) {
	w := newWorld(t, 1)
	w.tool = w.newTool(w.tool.Path, w.dir, "ASM_STORE_KEY=")
	w.tool.Env = append(w.tool.Env, "ASM_STORE_KEY=", "CI=true")
	w.write(tokenConfig)
	w.says(w.applyFails(), "ASM_STORE_KEY", "openssl rand -base64 32")
}

func TestExpiry(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newDistrictOn(t, kind, 5)
		w.advance(340 * day)
		w.says(w.plan(0), "expires")
		w.advance(30 * day)
		w.says(w.plan(0), "expired")
		w.write(tokenConfig, fullSyncConfig)
		w.says(w.applyFails(), "expired", "server token")
		w.download()
		w.apply()
		w.plan(0)
	})
}

func TestARefusedServerTokenIsSaidAtPlan(t *testing.T) {
	w := newDistrict(t, 5)
	if err := w.apple.RevokeToken(w.server); err != nil {
		t.Fatal(err)
	}
	w.write(tokenConfig, fullSyncConfig)
	w.says(w.applyFails(), "revoked", "Download a new server token")
	w.write(tokenConfig)
	w.says(w.plan(0), `Apple refuses the server token of "District"`)
	w.download()
	w.apply()
	w.apple.SetTerms(false)
	w.write(tokenConfig, fullSyncConfig)
	w.applyFails()
	w.write(tokenConfig)
	w.says(w.plan(0), "New terms wait to be accepted")
	w.apple.SetTerms(true)
	w.write(tokenConfig, fullSyncConfig)
	w.apply()
	if output := w.plan(0); strings.Contains(output, "New terms") {
		t.Errorf("the terms are accepted:\n%s", output)
	}
}

func TestAChangedMDMURLReachesTheProfiles(t *testing.T) {
	w := newDistrict(t, 5)
	w.write(tokenConfig, profileConfig("classroom", ""))
	w.apply()
	t.Setenv("ASM_MDM_URL", "https://new-mdm.school.example/enroll")
	w.says(w.plan(2), "enrollment_url", "https://new-mdm.school.example/enroll")
	w.apply()
	w.plan(0)
}

func TestWhatDependsOnATokenWithoutItsServerToken(t *testing.T) {
	onServices(t, func(t *testing.T, kind enrollment.Kind) {
		w := newWorldOn(t, kind, 5)
		w.write(tokenConfig)
		w.apply()
		w.write(tokenConfig, profileConfig("classroom", ""))
		w.says(w.plan(1), "awaiting its server token", "Download Token")
	})
}
