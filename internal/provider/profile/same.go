package profile

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"

	"github.com/asm-enrollment/terraform-provider-asm/internal/provider/tf"
)

// sameURL tells whether two URLs are equal after the normalisation of RFC 3986,
// section 6.2: letter case of scheme and host, default port, empty path.
func sameURL(a, b string) bool { return a == b || canonicalURL(a) == canonicalURL(b) }

func canonicalURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		u.Host = strings.TrimSuffix(u.Host, ":443")
	case "http":
		u.Host = strings.TrimSuffix(u.Host, ":80")
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}

// sameGUIDs tells whether two sets hold the same GUIDs, in upper or lower case.
func sameGUIDs(a, b []string) bool {
	return slices.Equal(canonicalGUIDs(a), canonicalGUIDs(b))
}

func canonicalGUIDs(ids []string) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		out = append(out, strings.ToLower(id))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// keepSpelling plans no change where configuration and state mean the same: a
// certificate whose line ends changed would otherwise move every device of the
// profile to an equal definition.
type keepSpelling struct{}

func (keepSpelling) Description(context.Context) string {
	return "Another spelling of the same value is no change."
}

func (k keepSpelling) MarkdownDescription(ctx context.Context) string { return k.Description(ctx) }

func (keepSpelling) PlanModifyList(_ context.Context, req planmodifier.ListRequest, resp *planmodifier.ListResponse) {
	if req.StateValue.IsNull() || req.ConfigValue.IsNull() || !elementsKnown(req.PlanValue) {
		return
	}
	if tf.SameCertificates(texts(req.StateValue), texts(req.PlanValue)) {
		resp.PlanValue = req.StateValue
	}
}

func (keepSpelling) PlanModifySet(_ context.Context, req planmodifier.SetRequest, resp *planmodifier.SetResponse) {
	if req.StateValue.IsNull() || req.ConfigValue.IsNull() || !elementsKnown(req.PlanValue) {
		return
	}
	if sameGUIDs(texts(req.StateValue), texts(req.PlanValue)) {
		resp.PlanValue = req.StateValue
	}
}

func (keepSpelling) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.StateValue.IsNull() || req.ConfigValue.IsNull() || req.PlanValue.IsUnknown() {
		return
	}
	if sameURL(req.StateValue.ValueString(), req.PlanValue.ValueString()) {
		resp.PlanValue = req.StateValue
	}
}
