package acceptance

import (
	"fmt"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	acctest "github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider"
	"github.com/asm-enrollment/terraform-provider-asm/internal/simulator/apple"
)

// TestImportGivesWhatIsInState applies every object and imports it: what the
// import reads has to be what the apply left, but for what no service keeps.
func TestImportGivesWhatIsInState(t *testing.T) {
	w := newWorld(t, 40)
	token := filepath.Join(w.dir, "token.p7m")
	awaiting := fmt.Sprintf(`
provider "asm" {
  embedded = { store = %q }
}

resource "asm_token" "district" {
  name                = "District"
  apple_id            = "admin@school.example"
  deletion_protection = false
%%s
}
`, w.store())
	object := regexp.MustCompile(`(?m)^output .*$`).ReplaceAllString(profileConfig("classroom", `
  supervised        = true
  locked_enrollment = true
  department        = "School IT"
  department_phone  = "+1 555 0100"
  support_email     = "it@school.example"
  skip_setup_items  = ["Siri", "TOS"]
  pairing           = { mode = "deny" }
  shared_ipad       = { maximum_cached_users = 6 }`), "") // an import has no outputs to give
	base := fmt.Sprintf(awaiting, fmt.Sprintf("  server_token_wo         = file(%[1]q)\n  server_token_wo_version = filesha256(%[1]q)", token)) + object + defaultConfig + sdsConfig
	uploaded := base + selectedLater

	published := func(s *terraform.State) error {
		key := s.RootModule().Resources["asm_token.district"].Primary.Attributes["public_key_pem"]
		w.atThePortal(key, 30)
		return nil
	}
	idOf := func(address string, parts ...string) acctest.ImportStateIdFunc {
		return func(s *terraform.State) (string, error) {
			attributes := s.RootModule().Resources[address].Primary.Attributes
			id := attributes[parts[0]]
			for _, part := range parts[1:] {
				id += "/" + attributes[part]
			}
			return id, nil
		}
	}
	verified := func(address string, id acctest.ImportStateIdFunc, ignored ...string) acctest.TestStep {
		return acctest.TestStep{
			ResourceName: address, ImportState: true, ImportStateIdFunc: id, ImportStateVerify: true, ImportStateVerifyIgnore: ignored,
		}
	}
	acctest.Test(t, acctest.TestCase{
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"asm": providerserver.NewProtocol6WithError(provider.New("test", provider.WithClock(w.apple.Now, immediately))()),
		},
		Steps: []acctest.TestStep{
			{
				Config: fmt.Sprintf(awaiting, ""), Check: published,
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("asm_token.district", tfjsonpath.New("status"), knownvalue.StringExact("awaiting_server_token")),
				},
			},
			{
				Config:           uploaded,
				ConfigPlanChecks: acctest.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("asm_token.district", tfjsonpath.New("server_token_wo"), knownvalue.Null()),
					statecheck.ExpectKnownValue("asm_device_assignment.classroom", tfjsonpath.New("failed_count"), knownvalue.Int64Exact(0)),
					statecheck.ExpectKnownValue("asm_device_assignment.classroom", tfjsonpath.New("device_count"), knownvalue.Int64Exact(30)),
				},
			},
			verified("asm_token.district", idOf("asm_token.district", "id"), "deletion_protection", "server_token_wo_version"),
			verified("asm_enrollment_profile.classroom", idOf("asm_enrollment_profile.classroom", "id")),
			verified("asm_default_profile.classroom", idOf("asm_default_profile.classroom", "id")),
			verified("asm_sds_connection.district", idOf("asm_sds_connection.district", "id")),
			{
				ResourceName: "asm_device_assignment.classroom", ImportState: true, ImportStateVerify: true,
				ImportStateIdFunc:                    idOf("asm_device_assignment.classroom", "token_id", "profile_id"),
				ImportStateVerifyIdentifierAttribute: "profile_id",
				ImportStateVerifyIgnore:              []string{"id"}, // an assignment's own id is made anew
			},
			{
				// A token can be destroyed once its devices are gone.
				PreConfig: func() {
					if _, err := w.apple.UnassignDevices(w.server, apple.Selection{Count: 30}); err != nil {
						t.Fatal(err)
					}
				},
				Config: base + fullSyncConfig,
			},
		},
	})
}

// selectedLater selects devices once the token's upload has synced them.
const selectedLater = `
data "asm_devices" "classroom" {
  token_id   = asm_token.district.id
  assignment = ["unassigned", asm_enrollment_profile.classroom.id]
  depends_on = [asm_token.district]
}

resource "asm_device_assignment" "classroom" {
  token_id           = asm_token.district.id
  profile_id         = asm_enrollment_profile.classroom.id
  serial_number_list = data.asm_devices.classroom.serial_number_list
}
`
