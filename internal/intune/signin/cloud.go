package signin

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

// place is one of Microsoft's clouds: where Microsoft Entra ID and Microsoft Graph are (Microsoft Graph: national cloud
// deployments).
type place struct{ authority, graph string }

var (
	global    = place{"https://login.microsoftonline.com/", "https://graph.microsoft.com"}
	usgovL4   = place{"https://login.microsoftonline.us/", "https://graph.microsoft.us"}
	usgovDoD  = place{"https://login.microsoftonline.us/", "https://dod-graph.microsoft.us"}
	china     = place{"https://login.chinacloudapi.cn/", "https://microsoftgraph.chinacloudapi.cn"}
	spellings = map[string]place{
		"": global, "global": global, "public": global,
		"usgovernment": usgovL4, "usgovernmentl4": usgovL4,
		"dod": usgovDoD, "usgovernmentl5": usgovDoD, "usgovernmentdod": usgovDoD,
		"china": china,
	}
)

// CheckEnvironment tells what is wrong with Config.Environment, if anything is.
func CheckEnvironment(name string) error {
	_, err := cloudOf(name)
	return err
}

func cloudOf(name string) (place, error) {
	cloud, ok := spellings[strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "-", "")]
	if !ok {
		return place{}, invalid("environment", fmt.Sprintf("There is no environment %q", name), "Use global, usgovernment, dod or china.", nil)
	}
	return cloud, nil
}

// placeOf resolves the environment and what overrides it.
func placeOf(c Config) (cloud place, endpoint string, own bool, err error) {
	if cloud, err = cloudOf(c.Environment); err != nil {
		return place{}, "", false, err
	}
	endpoint = cloud.graph
	if c.Endpoint != "" {
		endpoint = c.Endpoint
		if err := graph.CheckEndpoint(endpoint); err != nil {
			return place{}, "", false, invalid("endpoint", "Microsoft Graph cannot be asked there", "Leave it out for the environment's own.", err)
		}
	}
	if c.AuthorityHost != "" {
		if cloud.authority, err = authorityOf(c.AuthorityHost); err != nil {
			return place{}, "", false, err
		}
	}
	return cloud, endpoint, c.AuthorityHost != "", nil
}

// CheckAuthorityHost tells what is wrong with Config.AuthorityHost, if anything is.
func CheckAuthorityHost(host string) error {
	_, err := authorityOf(host)
	return err
}

// authorityOf checks an authority host. A bare host name is one, too.
func authorityOf(host string) (string, error) {
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	u, err := httpx.CheckURL(host)
	if err == nil && u.Scheme != "https" {
		err = fmt.Errorf("%w: %s://%s is not https", httpx.ErrURL, u.Scheme, u.Host)
	}
	if err != nil {
		return "", invalid("authority_host", "Nobody can be signed in there", "Give https and a host, such as https://login.microsoftonline.com. "+
			"A private authority's certificate is trusted with `ca_certificates_path`.", err)
	}
	return strings.TrimRight(u.String(), "/") + "/", nil
}

// metadataURL checks the address of a managed identity. Machines in Azure have it on a link-local address, without TLS.
func metadataURL(raw string) (*url.URL, error) {
	if u, err := url.Parse(raw); err == nil && u.Scheme == "http" && u.Hostname() == "169.254.169.254" && u.User == nil {
		return u, nil
	}
	u, err := httpx.CheckURL(raw)
	if err != nil {
		return nil, invalid("msi_endpoint", "A managed identity cannot be asked for there", "Leave it out: where it is in Azure is found by itself.", err)
	}
	return u, nil
}

// requestURL checks the address of an ID token. It may hold a query: GitHub's has one.
func requestURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err == nil {
		bare := *u
		bare.RawQuery, bare.ForceQuery = "", false
		_, err = httpx.CheckURL(bare.String())
	} else {
		err = fmt.Errorf("%w: it is not a URL", httpx.ErrURL) // the parser's own words quote it
	}
	if err != nil {
		return nil, invalid("oidc_request_url", "An ID token cannot be asked for there",
			"In GitHub Actions and Azure Pipelines leave it out: it is found in the environment.", err)
	}
	return u, nil
}
