package defaultprofile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

type model struct {
	ID        types.String `tfsdk:"id"`
	TokenID   types.String `tfsdk:"token_id"`
	Platform  types.String `tfsdk:"platform"`
	ProfileID types.String `tfsdk:"profile_id"`
}

type identity struct {
	TokenID  types.String `tfsdk:"token_id"`
	Platform types.String `tfsdk:"platform"`
}

// imported tells a state that ImportState made and nobody has read yet.
func (m model) imported() bool { return m.ProfileID.IsNull() }

func (m model) platform() enrollment.Platform { return enrollment.Platform(m.Platform.ValueString()) }

// id is TOKEN_ID/PLATFORM.
func (m model) id() string { return m.TokenID.ValueString() + "/" + m.Platform.ValueString() }

// parseImport reads TOKEN_ID/PLATFORM, or an identity when there is no id.
func parseImport(id string, who identity) (model, error) {
	tokenID, platform := who.TokenID.ValueString(), who.Platform.ValueString()
	if id != "" {
		tokenID, platform, _ = strings.Cut(id, "/")
	}
	if tokenID == "" || tokenID != strings.TrimSpace(tokenID) {
		return model{}, errors.New("the token's id is missing")
	}
	if !slices.Contains(platforms(), platform) {
		return model{}, fmt.Errorf("%q is not a platform", platform)
	}
	m := model{TokenID: types.StringValue(tokenID), Platform: types.StringValue(platform), ProfileID: types.StringNull()}
	m.ID = types.StringValue(m.id())
	return m, nil
}

func platforms() []string {
	var names []string
	for _, p := range enrollment.Platforms() {
		names = append(names, string(p))
	}
	return names
}
