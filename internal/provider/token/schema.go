package token

import (
	"context"
	"maps"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-timetypes/timetypes"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

const (
	defaultExpiryWarningDays = 30
	// maxExpiryWarningDays: a server token lives one year.
	maxExpiryWarningDays = 365
)

var scopeTagID = stringvalidator.RegexMatches(regexp.MustCompile(`^[0-9]+$`), "must be the id of a scope tag, a number such as \"0\", and not its name")

var notBlank = stringvalidator.RegexMatches(regexp.MustCompile(`\S`), "must not be blank")

// Schema implements resource.Resource.
func (r *token) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Version: schemaVersion,
		MarkdownDescription: "An enrollment program token: the trust between an MDM server in Apple School Manager and this enrollment service.\n\n" +
			"It is made in two applies of one configuration. The first makes a key pair and gives `public_key_pem` to upload in Apple School Manager; " +
			"`status` is then `awaiting_server_token`, and a warning says what to click. Apple School Manager hands out a server token (`.p7m`), which the second apply uploads. " +
			"A server token lives one year. Renewal is the second step with another file.\n\n" +
			"On Intune, import the token that was made in the admin center and renew it here. Creating one there is offered and not proven.\n\n" +
			"Neither the server token nor a private key is ever stored in state or plan.",
		Attributes: map[string]schema.Attribute{},
	}
	for _, part := range []map[string]schema.Attribute{ownAttributes(), secretAttributes(), computedAttributes()} {
		maps.Copy(resp.Schema.Attributes, part)
	}
	resp.Schema.Attributes["timeouts"] = tf.Timeouts(ctx, timeouts.Opts{
		Create: true, CreateDescription: "How long creating, with an upload and the sync that follows it, may take, such as `30m`. Default `20m`.",
		Update: true, UpdateDescription: "How long a change, with an upload and the sync that follows it, may take, such as `30m`. Default `20m`.",
	}, "How long the provider waits for the service.")
}

func ownAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Required: true, Validators: []validator.String{notBlank},
			MarkdownDescription: "Name of the token, for people. It need not be the name of the MDM server in Apple School Manager. Changes in place.",
		},
		"apple_id": schema.StringAttribute{
			Optional: true, Validators: []validator.String{notBlank},
			MarkdownDescription: "The Managed Apple ID that downloads the server token. It is a record: renew with the same account. " +
				"A server token of another account is uploaded with a warning; Intune does not tell which account a server token is of. " +
				"Intune is given it with each server token (Graph: `appleIdentifier`), so set it there. Changes in place.",
		},
		"type": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(string(enrollment.School)),
			Validators: []validator.String{stringvalidator.OneOf(string(enrollment.School), string(enrollment.Business))},
			MarkdownDescription: "`school` (default): the account must be one of Apple School Manager, and the server token of any other is refused. " +
				"`business`: Apple Business. Enrollment through both cannot be combined in one service, which is a warning. Changes in place. " +
				"On Intune it is what the uploaded server token says (Graph: `tokenType`): a change without another server token is an error at plan.",
		},
		"scope_tag_ids": schema.SetAttribute{
			Optional: true, Computed: true, ElementType: types.StringType,
			Validators: []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(scopeTagID)},
			MarkdownDescription: "Intune only: ids of the role scope tags of the token (Graph: `roleScopeTagIds`), which say which administrators see it; the default tag is `\"0\"`. " +
				"Left out they are not managed, and this shows what the token has. An error at plan on the embedded service, where it is null. Changes in place.",
		},
		"expiry_warning_days": schema.Int64Attribute{
			Optional: true, Computed: true, Default: int64default.StaticInt64(defaultExpiryWarningDays),
			Validators: []validator.Int64{int64validator.Between(0, maxExpiryWarningDays)},
			MarkdownDescription: "Every plan warns when the server token expires within this many days, 0 to 365. Default `30`. " +
				"With `0` only a token that has expired is a warning. Nothing is stored or changed by it.",
		},
		"key_rotation": schema.StringAttribute{
			Optional: true, Validators: []validator.String{notBlank},
			MarkdownDescription: "Any text, such as a year. When it changes from one value to another, a new key pair is staged: `staged_public_key_pem` is then to be uploaded in Apple School Manager, " +
				"and the present key pair keeps working until the server token for the staged one is uploaded. " +
				"Intune stages nothing: the new key is in `public_key_pem` at once, and a server token that was made for the old one can no longer be uploaded. The plan warns of it. " +
				"Setting it for the first time, or taking it away, does nothing.",
		},
		"deletion_protection": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(true),
			MarkdownDescription: "Whether destroying and replacing the token is refused. Default `true`: a lost token has to be made anew in Apple School Manager by a person. " +
				"To destroy it, set `false` and apply first. Even then both services refuse while devices, profiles or default profiles remain.",
		},
	}
}

func secretAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"server_token_wo": schema.StringAttribute{
			Optional: true, WriteOnly: true, Sensitive: true,
			Validators: []validator.String{stringvalidator.AlsoRequires(path.MatchRoot("server_token_wo_version"))},
			MarkdownDescription: "The server token: the content of the `.p7m` file that Apple School Manager gives under Download Token, unchanged. " +
				"It must be encrypted for `public_key_pem` or `staged_public_key_pem`, which is checked at plan. " +
				"Write-only: it is uploaded when `server_token_wo_version` changes, and never stored. Needs Terraform or OpenTofu 1.11.",
		},
		"server_token_wo_version": schema.StringAttribute{
			Optional: true, Validators: []validator.String{notBlank},
			MarkdownDescription: "Any text that changes with the server token, best `filesha256()` of the file. A change uploads `server_token_wo`, which must then have a value. " +
				"Taking it away does nothing to the token. After a failed first upload the next plan shows it again.",
		},
		"certificate_pem": schema.StringAttribute{
			Optional: true, Validators: []validator.String{isCertificate{}, stringvalidator.AlsoRequires(path.MatchRoot("private_key_wo_version"))},
			MarkdownDescription: "Embedded service only. Certificate (PEM, RSA) of the key pair of an MDM that already has a token, to bring that key pair along: its server token can then be uploaded here and keeps working there. " +
				"A token without a server token takes the brought pair as its own at once; beside a serving pair it is staged until its server token arrives.",
		},
		"private_key_wo": schema.StringAttribute{
			Optional: true, WriteOnly: true, Sensitive: true,
			Validators: []validator.String{stringvalidator.AlsoRequires(path.MatchRoot("private_key_wo_version"), path.MatchRoot("certificate_pem"))},
			MarkdownDescription: "Embedded service only: Intune makes its own key pair. Private key (PEM, RSA of at least 2,048 bits, without a password) that belongs to `certificate_pem`. " +
				"Write-only: it is handed over when `private_key_wo_version` changes, and never stored in state or plan. Needs Terraform or OpenTofu 1.11.",
		},
		"private_key_wo_version": schema.StringAttribute{
			Optional: true, Validators: []validator.String{notBlank, stringvalidator.AlsoRequires(path.MatchRoot("certificate_pem"))},
			MarkdownDescription: "Embedded service only. Any text that changes with the private key. A change hands over `private_key_wo` and `certificate_pem`; `private_key_wo` must then have a value.",
		},
	}
}

// computedAttributes have no UseStateForUnknown, the id apart: a change of the
// configuration can alter each, and ModifyPlan says which.
func computedAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed: true, MarkdownDescription: "The token's id.",
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
		"public_key_pem": schema.StringAttribute{
			Computed: true,
			MarkdownDescription: "The public key (a certificate, PEM) to upload for the MDM server in Apple School Manager. A staged key pair takes its place when its server token is uploaded, and a brought one at once where the token has none yet. " +
				"Intune may give the key of a new token late: then it is null until the next refresh.",
		},
		"public_key_sha256": schema.StringAttribute{
			Computed: true, MarkdownDescription: "SHA-256 of the DER form of `public_key_pem`, in lower-case hex; null with it.",
		},
		"staged_public_key_pem": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The public key of a key pair that was staged by `key_rotation` or brought with `certificate_pem`, until its server token is uploaded; null otherwise, and on Intune, which stages none.",
		},
		"status": schema.StringAttribute{
			Computed: true,
			MarkdownDescription: "`awaiting_server_token`, `active`, `expired` (renew it), `revoked` (Apple refuses the server token: replaced, revoked or its server deleted; embedded service only) " +
				"or `terms_not_accepted` (somebody must accept Apple's new terms in Apple School Manager). On Intune as its last sync left it.",
		},
		"expires_at": schema.StringAttribute{
			Computed: true, CustomType: timetypes.RFC3339Type{},
			MarkdownDescription: "When the server token stops working, RFC 3339 in UTC; null before the first upload. The days that are left are in the data source `asm_token`.",
		},
		"organization": schema.StringAttribute{
			Computed: true, MarkdownDescription: "The organization as Apple names it; null before the first upload, and on Intune, which does not tell.",
		},
		"server_name": schema.StringAttribute{
			Computed: true, MarkdownDescription: "The name of the MDM server in Apple School Manager; null before the first upload, and on Intune, which does not tell.",
		},
	}
}

// isCertificate accepts a PEM certificate with an RSA key.
type isCertificate struct{}

// Description implements validator.String.
func (isCertificate) Description(context.Context) string {
	return "must be a certificate in PEM form with an RSA key"
}

// MarkdownDescription implements validator.String.
func (v isCertificate) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateString implements validator.String.
func (isCertificate) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := servertoken.ParseCertificate([]byte(req.ConfigValue.ValueString())); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Unable to use the certificate", upperFirst(err.Error())+".")
	}
}
