package defaultprofile

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// The versions of asm_default_profile in state. A change that state of a
// release cannot be read with raises one, and gets an upgrader below for each
// version that a release has written; CONTRIBUTING.md has the steps, and the
// tests of package provider hold them.
const (
	schemaVersion   = 0
	identityVersion = 0
)

// UpgradeState implements resource.ResourceWithUpgradeState. Each upgrader goes
// straight to schemaVersion; there is none for schemaVersion itself.
func (r *defaultProfile) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return map[int64]resource.StateUpgrader{}
}

// UpgradeIdentity implements resource.ResourceWithUpgradeIdentity, in the same
// way.
func (r *defaultProfile) UpgradeIdentity(context.Context) map[int64]resource.IdentityUpgrader {
	return map[int64]resource.IdentityUpgrader{}
}
