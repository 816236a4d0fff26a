package functions

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/asm-enrollment/terraform-provider-asm/internal/servertoken"
)

type serverTokenInfo struct{}

// NewServerTokenInfo makes the function server_token_info.
func NewServerTokenInfo() function.Function { return serverTokenInfo{} }

type infoModel struct {
	Recipients    []recipientModel `tfsdk:"recipients"`
	ContentCipher types.String     `tfsdk:"content_cipher"`
	Matches       types.Bool       `tfsdk:"matches"`
}

type recipientModel struct {
	SerialNumber types.String `tfsdk:"serial_number"`
	Issuer       types.String `tfsdk:"issuer"`
	KeyTransport types.String `tfsdk:"key_transport"`
}

// Metadata implements function.Function.
func (serverTokenInfo) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "server_token_info"
}

// Definition implements function.Function.
func (serverTokenInfo) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	recipient := types.ObjectType{AttrTypes: map[string]attr.Type{"serial_number": types.StringType, "issuer": types.StringType, "key_transport": types.StringType}}
	resp.Definition = function.Definition{
		Summary: "For which public key a server token was made",
		MarkdownDescription: "Reads from a server token (`.p7m`) what can be read without its private key: for which public key Apple made it, and how it " +
			"is encrypted. It answers before an apply, and anywhere, whether a file is a server token at all, and whether it is the one for this " +
			"token's public key or that of another MDM server. Nothing secret is read: the credentials inside, and when they expire, stay encrypted.",
		Parameters: []function.Parameter{function.StringParameter{
			Name:                "p7m",
			MarkdownDescription: "The server token as Apple School Manager gave it, read with `file()`. A binary file (DER) is read with `filebase64()`.",
		}},
		VariadicParameter: function.StringParameter{
			// No null: OpenTofu 1.12 sends a nullable null as nothing at all.
			Name: "public_key_pem",
			MarkdownDescription: "Public keys to compare it with, such as `public_key_pem` of an `asm_token`: the certificate that was uploaded to " +
				"Apple School Manager, in PEM. With one that may be null: `compact([asm_token.district.public_key_pem, asm_token.district.staged_public_key_pem])...`.",
		},
		Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{
			"recipients": types.ListType{ElemType: recipient}, "content_cipher": types.StringType, "matches": types.BoolType,
		}},
	}
}

// Run implements function.Function.
func (serverTokenInfo) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var p7m string
	var keys []string
	if resp.Error = req.Arguments.Get(ctx, &p7m, &keys); resp.Error != nil {
		return
	}
	info, err := servertoken.Inspect([]byte(p7m))
	if err != nil {
		resp.Error = blame(0, err)
		return
	}
	model := modelOf(info)
	if model.Matches, resp.Error = matches(info, keys); resp.Error != nil {
		return
	}
	resp.Error = resp.Result.Set(ctx, model)
}

func modelOf(info servertoken.Info) infoModel {
	model := infoModel{ContentCipher: types.StringValue(info.ContentCipher)}
	for _, r := range info.Recipients {
		model.Recipients = append(model.Recipients, recipientModel{
			SerialNumber: types.StringValue(r.SerialText()),
			Issuer:       types.StringValue(r.Issuer),
			KeyTransport: types.StringValue(r.KeyTransport),
		})
	}
	return model
}

// matches tells whether the server token is for one of the keys; null without
// any.
func matches(info servertoken.Info, keys []string) (types.Bool, *function.FuncError) {
	matched := types.BoolNull()
	for i, key := range keys {
		certificate, err := servertoken.ParseCertificate([]byte(key))
		if err != nil {
			return types.BoolNull(), blame(i+1, err)
		}
		matched = types.BoolValue(matched.ValueBool() || info.EncryptedFor(certificate))
	}
	return matched, nil
}
