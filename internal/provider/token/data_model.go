package token

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// dataModel is a token as a data source gives it, with the figures that change
// by themselves.
type dataModel struct {
	ID      types.String `tfsdk:"id"`
	Name    types.String `tfsdk:"name"`
	AppleID types.String `tfsdk:"apple_id"`
	Type    types.String `tfsdk:"type"`
	// ScopeTagIDs are Intune's.
	ScopeTagIDs types.Set `tfsdk:"scope_tag_ids"`
	observed
	DaysLeft      types.Int64       `tfsdk:"days_left"`
	UploadedAt    timetypes.RFC3339 `tfsdk:"uploaded_at"`
	AdminID       types.String      `tfsdk:"admin_id"`
	ServerUUID    types.String      `tfsdk:"server_uuid"`
	SharedWithSDS types.Bool        `tfsdk:"shared_with_sds"`
	DeviceCount   types.Int64       `tfsdk:"device_count"`
	ProfileCount  types.Int64       `tfsdk:"profile_count"`
	LastSyncedAt  timetypes.RFC3339 `tfsdk:"last_synced_at"`
}

func dataModelOf(t enrollment.Token, now time.Time) dataModel {
	return dataModel{
		ID:            types.StringValue(t.ID),
		Name:          types.StringValue(t.Name),
		AppleID:       tf.StringOrNull(t.AppleID),
		Type:          tf.StringOrNull(string(t.Type)),
		ScopeTagIDs:   scopeTagsOf(t),
		observed:      observe(t),
		DaysLeft:      daysLeft(t.ExpiresAt, now),
		UploadedAt:    tf.TimeOrNull(t.UploadedAt),
		AdminID:       tf.StringOrNull(t.AdminID),
		ServerUUID:    tf.StringOrNull(t.ServerUUID),
		SharedWithSDS: types.BoolValue(t.SharedWithSDS),
		DeviceCount:   types.Int64Value(int64(t.DeviceCount)),
		ProfileCount:  types.Int64Value(int64(t.ProfileCount)),
		LastSyncedAt:  tf.TimeOrNull(t.LastSyncedAt),
	}
}

func daysLeft(expiresAt, now time.Time) types.Int64 {
	if expiresAt.IsZero() {
		return types.Int64Null()
	}
	return types.Int64Value(int64(enrollment.DaysLeft(expiresAt, now)))
}

// dataModels is every token, by name and then by id.
func dataModels(tokens []enrollment.Token, now time.Time) []dataModel {
	tokens = slices.Clone(tokens)
	slices.SortFunc(tokens, func(a, b enrollment.Token) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	models := make([]dataModel, 0, len(tokens))
	for _, t := range tokens {
		models = append(models, dataModelOf(t, now))
	}
	return models
}

// dataAttributes are the attributes of one token, all computed.
func dataAttributes() map[string]schema.Attribute {
	text := func(description string) schema.Attribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	when := func(description string) schema.Attribute {
		return schema.StringAttribute{Computed: true, CustomType: timetypes.RFC3339Type{}, MarkdownDescription: description}
	}
	number := func(description string) schema.Attribute {
		return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"id":                    text("The token's id."),
		"name":                  text("Name of the token."),
		"apple_id":              text("The recorded Managed Apple ID that the server token is renewed with; null where none is recorded."),
		"type":                  text("`school` or `business`; null on Intune before the first upload."),
		"public_key_pem":        text("The public key (a certificate, PEM) to upload for the MDM server in Apple School Manager."),
		"public_key_sha256":     text("SHA-256 of the DER form of `public_key_pem`, in lower-case hex."),
		"staged_public_key_pem": text("The public key of a staged key pair whose server token has not been uploaded yet; null where none is staged, and on Intune."),
		"status":                text("`awaiting_server_token`, `active`, `expired`, `revoked` (not on Intune) or `terms_not_accepted`."),
		"organization":          text("The organization as Apple names it; null before the first upload, and on Intune."),
		"server_name":           text("The name of the MDM server in Apple School Manager; null before the first upload, and on Intune."),
		"server_uuid":           text("Apple's id of the MDM server; null before the first upload, and on Intune."),
		"admin_id":              text("The Managed Apple ID that downloaded the server token, as Apple says; null before the first upload, and on Intune, where `apple_id` is what was typed in."),
		"expires_at":            when("When the server token stops working, RFC 3339 in UTC; null before the first upload."),
		"uploaded_at":           when("When the server token was uploaded, RFC 3339 in UTC; null before the first upload. On Intune: when the token last changed there."),
		"last_synced_at":        when("How old the service's view of the devices is: the end of the last good sync, RFC 3339 in UTC; null before the first one."),
		"days_left":             number("Whole days until the server token expires: 0 on the last day, negative afterwards, null before the first upload. Changes daily, and so does an output of it."),
		"device_count":          number("Number of devices as of the last sync."),
		"profile_count":         number("Number of enrollment profiles of the token."),
		"scope_tag_ids": schema.SetAttribute{
			Computed: true, ElementType: types.StringType, MarkdownDescription: "Ids of Intune's role scope tags of the token; null on the embedded service.",
		},
		"shared_with_sds": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether School Data Sync may use the token."},
	}
}
