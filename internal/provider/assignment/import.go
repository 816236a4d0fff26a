package assignment

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
)

// ImportState implements resource.ResourceWithImportState: "TOKEN_ID/PROFILE_ID"
// takes all devices of the profile as serial_number_list.
func (r *assignment) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	tokenID, profileID, ok := strings.Cut(req.ID, "/")
	if !ok || tokenID == "" || profileID == "" || strings.Contains(profileID, "/") {
		resp.Diagnostics.AddError("Unable to import "+thing,
			fmt.Sprintf("%q does not say which token and which profile. Write the import id as TOKEN_ID/PROFILE_ID.", req.ID))
		return
	}
	for name, value := range map[string]any{
		"id": uuid.NewString(), "token_id": tokenID, "profile_id": profileID,
		"on_leave": string(enrollment.LeaveUnassign), "missing_devices": missingError, "allow_empty": false,
	} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
}
