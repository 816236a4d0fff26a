package profile

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// webURL accepts https URLs, and http ones to a literal loopback address.
type webURL struct{}

// maximumURL is what Apple takes, in characters of the encoded URL (Apple:
// Define a profile, CONFIG_URL_INVALID).
const maximumURL = 2000

func (webURL) Description(context.Context) string {
	return "must be an https URL, or an http one to a loopback address such as 127.0.0.1"
}

func (v webURL) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (webURL) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := checkURL(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Unusable address", fmt.Sprintf("This address cannot be used: %s.", err))
	}
}

func checkURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil, u.Opaque != "", u.Hostname() == "":
		return errors.New("it is not a URL with a host")
	case u.User != nil:
		return errors.New("it holds a user name or password, which every device would get to see")
	case len(u.String()) > maximumURL:
		return fmt.Errorf("it has %d characters, and Apple takes at most %d", len(u.String()), maximumURL)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return errors.New("it is neither https nor http to a literal loopback address such as 127.0.0.1")
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
