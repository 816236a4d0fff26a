package check_test

import (
	"io/fs"
	"maps"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider"
	"github.com/asm-enrollment/terraform-provider-asm/tools/docscheck/check"
)

// repository is this repository, as far as the checks look at it.
func repository(t *testing.T) fstest.MapFS {
	t.Helper()

	root, files := os.DirFS("../../.."), fstest.MapFS{}

	for _, start := range []string{"docs", "docs-dev", "templates", "examples", "internal", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", ".github", "GNUmakefile"} {
		err := fs.WalkDir(root, start, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(file, "_test.go") || strings.Contains(file, "/testdata/") {
				return err
			}

			text, err := fs.ReadFile(root, file)
			files[file] = &fstest.MapFile{Data: text}

			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}

	return files
}

func server() tfprotov6.ProviderServer {
	return providerserver.NewProtocol6(provider.New("test")())()
}

func problemsOf(t *testing.T, files fs.FS, server tfprotov6.ProviderServer) string {
	t.Helper()

	problems, err := check.Run(t.Context(), files, server)
	if err != nil {
		t.Fatal(err)
	}

	var out strings.Builder
	for _, p := range problems {
		out.WriteString(p.String() + "\n")
	}

	return out.String()
}

func TestTheDocumentationHasNoProblems(t *testing.T) {
	t.Parallel()

	if found := problemsOf(t, repository(t), server()); found != "" {
		t.Error(found)
	}
}

// change is a text in a file that becomes another one.
type change struct{ file, from, to string }

// Each rule is broken once, in the repository as it is.
func TestEachRuleFindsWhatBreaksIt(t *testing.T) {
	t.Parallel()

	all := repository(t)

	for name, test := range map[string]struct {
		change change
		remove string
		want   string
	}{
		"an object without a page": {
			remove: "docs/resources/token.md", want: "docs/resources/token.md: the resource asm_token has no page",
		},
		"an object without an example": {
			remove: "examples/data-sources/asm_devices/data-source.tf", want: "the data source asm_devices has no example",
		},
		"a page of nothing": {
			change: change{file: "docs/resources/computer.md", to: "# asm_computer\n"}, want: "docs/resources/computer.md: this page belongs to nothing that the provider serves",
		},
		"a guide without a template": {
			remove: "templates/guides/terms.md.tmpl", want: "docs/guides/terms.md: this guide has no template",
		},
		"a missing section": {
			change: change{"docs/data-sources/devices.md", "## Limits\n", "## Bounds\n"}, want: `docs/data-sources/devices.md: the section "Limits" is missing`,
		},
		"an empty section": {
			change: change{"docs/resources/sds_connection.md", "## Limits\n", "## Limits\n\n## More\n"}, want: `the section "Limits" is empty`,
		},
		"a section inside a fence": {
			change: change{"docs/data-sources/devices.md", "## Limits\n", "```text\n## Limits\n```\n"}, want: `the section "Limits" is missing`,
		},
		"no import by id": {
			change: change{"docs/resources/token.md", "terraform import asm_token.", "terraform import "}, want: "the section Import shows no import by id",
		},
		"no import by identity": {
			change: change{"docs/resources/token.md", "identity = {", "ident = {"}, want: "the section Import shows no import by identity",
		},
		"no reason why not to import": {
			change: change{"docs/resources/device_sync.md", "It cannot be imported: a sync", "A sync"}, want: `the section Import shows no import by id, and does not say "It cannot be imported:" with the reason`,
		},
		"an import that is said not to be": {
			change: change{"docs/resources/token.md", "## Import\n", "## Import\n\nIt cannot be imported: it is round.\n"}, want: "the section Import shows an import, and says that there is none",
		},
		"a permission that the guide does not have": {
			change: change{"docs/resources/device_sync.md", "`DeviceManagementServiceConfig.Read.All`", "`User.Read.All`"}, want: "User.Read.All is not among the permissions of asm_device_sync",
		},
		"a permission that the page does not have": {
			change: change{"docs/data-sources/token.md", "`DeviceManagementServiceConfig.Read.All`", "None"}, want: "the section Permissions lacks DeviceManagementServiceConfig.Read.All",
		},
		"an object that the guide to permissions does not have": {
			change: change{"docs/guides/permissions.md", "| `asm_sds_connection` |", "| the connection |"}, want: "the table has no row for asm_sds_connection",
		},
		"a dead link": {
			change: change{"README.md", "](docs/guides/troubleshooting.md)", "](docs/guides/trouble.md)"}, want: "the link leads nowhere: docs/guides/trouble.md",
		},
		"a dead link in a template": {
			change: change{"templates/index.md.tmpl", "](guides/terms.md)", "](terms.md)"}, want: "the link leads nowhere: terms.md",
		},
		"a dead anchor": {
			change: change{"docs/guides/sign-in-oidc.md", "#register-an-application", "#register"}, want: "there is no such heading: sign-in-client-secret.md#register",
		},
		"a dead anchor of the page itself": {
			change: change{"docs/index.md", "(#nestedatt--intune)", "(#intune)"}, want: "there is no such heading: #intune",
		},
		"a message in the guide that nobody says": {
			change: change{"docs/guides/troubleshooting.md", "### `The sync was skipped: it may not run yet`", "### `The sync was left out`"}, want: `the provider never says "The sync was left out"`,
		},
		"a message with its parts in another order": {
			change: change{"docs/guides/troubleshooting.md", "### `would leave … and at most … may change in one apply`", "### `may change in one apply … would leave`"}, want: `the provider never says "may change in one apply … would leave"`,
		},
		"a message in the README that nobody says": {
			change: change{"README.md", "| `The sync was skipped: it may not run yet` |", "| `The sync was left out this time` |"}, want: `the provider never says "The sync was left out this time"`,
		},
		"a message that the source no longer has": {
			change: change{"internal/provider/sync/words.go", "The sync was skipped: it may not run yet", "No sync"}, want: `the provider never says "The sync was skipped: it may not run yet"`,
		},
		"a block that is no HCL": {
			change: change{"README.md", "provider \"asm\" {\n", "provider \"asm {\n"}, want: "Invalid multi-line string",
		},
		"a block that is not formatted": {
			change: change{"README.md", "  token_id   = asm_token.district.id\n", "  token_id = asm_token.district.id\n"}, want: `not formatted as "terraform fmt" does`,
		},
		"an argument that does not exist": {
			change: change{"examples/data-sources/asm_devices/data-source.tf", "family     =", "familie    ="}, want: `examples/data-sources/asm_devices/data-source.tf:5: Unsupported argument: An argument named "familie" is not expected here.`,
		},
		"an argument inside another that does not exist": {
			change: change{"README.md", "{ maximum_cached_users = 6 }", "{ maximum_users = 6 }"}, want: `An argument named "maximum_users" is not expected here.`,
		},
		"an argument of the provider that does not exist": {
			change: change{"examples/provider/provider.tf", "mdm_url =", "mdm_uri ="}, want: `An argument named "mdm_uri" is not expected here.`,
		},
		"a required argument that is missing": {
			change: change{"examples/data-sources/asm_devices/data-source.tf", "  token_id   = asm_token.district.id\n", ""}, want: `The argument "token_id" is required.`,
		},
		"a value of another type": {
			change: change{"examples/data-sources/asm_devices/data-source.tf", `["unassigned", asm_enrollment_profile.classroom.id]`, `{ a = "b" }`}, want: "Incorrect attribute value type",
		},
		"a value that the provider refuses": {
			change: change{"examples/resources/asm_device_sync/resource.tf", `"24h"`, `"a day"`}, want: "Unable to use this age",
		},
		"a reference to an attribute that does not exist": {
			change: change{"README.md", "= asm_token.district.public_key_pem", "= asm_token.district.public_key"}, want: `The resource asm_token has no attribute "public_key"`,
		},
		"a reference to an object that does not exist": {
			change: change{"README.md", "= asm_token.district.public_key_pem", "= asm_key.district.pem"}, want: "The provider serves no resource asm_key.",
		},
		"a resource that does not exist": {
			change: change{"README.md", `resource "asm_token" "district"`, `resource "asm_key" "district"`}, want: "The provider serves no resource asm_key.",
		},
		"a function that does not exist": {
			change: change{"README.md", "= asm_token.district.public_key_pem", "= provider::asm::pem(asm_token.district.id)"}, want: "The provider serves no function pem.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			files := maps.Clone(all)
			delete(files, test.remove)

			if c := test.change; c.file != "" {
				before := ""
				if file, ok := files[c.file]; ok {
					before = string(file.Data)
				}

				if !strings.Contains(before, c.from) {
					t.Fatalf("%s has no %q, so this test breaks nothing", c.file, c.from)
				}

				after := c.to
				if c.from != "" {
					after = strings.Replace(before, c.from, c.to, 1)
				}

				files[c.file] = &fstest.MapFile{Data: []byte(after)}
			}

			if found := problemsOf(t, files, server()); !strings.Contains(found, test.want) {
				t.Errorf("not found: %s\nfound:\n%s", test.want, found)
			}
		})
	}
}
