package intune

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/asm-enrollment/terraform-provider-asm/internal/enrollment"
	"github.com/asm-enrollment/terraform-provider-asm/internal/httpx"
	"github.com/asm-enrollment/terraform-provider-asm/internal/intune/graph"
)

// maxMetadata is the most that is read of a federation service's metadata; AD FS writes about 100 KB.
const maxMetadata = 4 << 20

const enableEndpoint = `On the federation server, enable the endpoint: Enable-AdfsEndpoint -TargetAddressPath "/adfs/services/trust/13/UsernameMixed", then restart AD FS. ` +
	"Without it people of this domain cannot sign in at enrollment with user affinity; Setup Assistant with modern authentication does without."

// wsTrust looks whether people of a domain can sign in at an enrollment with user affinity: a federation service must offer
// WS-Trust 1.3 UsernameMixed. Microsoft Graph tells where its metadata is, and not whether the endpoint is on.
func (p inspection) wsTrust(ctx context.Context, domain string) (finding, error) {
	metadata, federated, err := p.metadataOf(ctx, domain)
	switch {
	case isGone(err):
		return finding{
			enrollment.Warn, fmt.Sprintf("Microsoft Graph shows no federation for %s: it signs in at Microsoft itself, or is no domain of this tenant.", domain),
			"Check the spelling in federated_domains.",
		}, nil
	case err != nil:
		return finding{}, err
	case !federated:
		return finding{enrollment.Met, fmt.Sprintf("%s is not federated in this tenant, so that nothing is needed.", domain), ""}, nil
	case metadata == "":
		return cannotTell(domain, errors.New("Microsoft Graph does not say where its metadata is")), nil //nolint:staticcheck // a name
	}
	document, err := p.fetchMetadata(ctx, metadata)
	if err == nil {
		var offers bool
		if offers, err = offersUsernameMixed(document); err == nil {
			return judgeFederation(domain, offers), nil
		}
	}
	return cannotTell(domain, err), ctx.Err()
}

func judgeFederation(domain string, offers bool) finding {
	if offers {
		return finding{enrollment.Met, fmt.Sprintf("The federation service of %s offers WS-Trust 1.3 UsernameMixed.", domain), ""}
	}
	return finding{enrollment.Unmet, fmt.Sprintf("The federation service of %s does not offer WS-Trust 1.3 UsernameMixed.", domain), enableEndpoint}
}

func cannotTell(domain string, err error) finding {
	return finding{
		enrollment.Unknown, fmt.Sprintf("Whether the federation service of %s offers WS-Trust 1.3 UsernameMixed cannot be told from here: %v.", domain, err),
		`Look on the federation server: Get-AdfsEndpoint -AddressPath "/adfs/services/trust/13/UsernameMixed".`,
	}
}

// metadataOf gives the address of a federation service's metadata. Microsoft Graph answers 404 for a managed domain, and the
// same for one that the tenant does not have.
func (p inspection) metadataOf(ctx context.Context, domain string) (address string, federated bool, err error) {
	what := "read the federation of " + domain
	for page, err := range p.graph.Pages(ctx, "/domains/"+graph.Segment(domain)+"/federationConfiguration", nil) {
		if err != nil {
			return "", false, p.failed(what, err)
		}
		for _, raw := range page {
			var row struct {
				Metadata string `json:"metadataExchangeUri"`
			}
			if err := json.Unmarshal(raw, &row); err != nil {
				return "", false, p.failed(what, fmt.Errorf("%w: %w", graph.ErrUnexpectedAnswer, err))
			}
			if federated = true; address == "" {
				address = row.Metadata
			}
		}
	}
	return address, federated, nil
}

// fetchMetadata reads a document from the school's own federation service, without credentials.
func (p inspection) fetchMetadata(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the address of its metadata is no URL")
	}
	base := *u
	base.RawQuery, base.ForceQuery, base.Fragment, base.RawFragment = "", false, "", "" // some services have a query there
	if _, err := httpx.CheckURL(base.String()); err != nil {
		return nil, fmt.Errorf("the address of its metadata: %w", err)
	}
	req, err := http.NewRequestWithContext(httpx.Repeatable(ctx), http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errors.New("the address of its metadata is no URL")
	}
	req.Header.Set("Accept", "text/xml, application/xml, application/soap+xml")
	resp, err := p.web.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", u.Host, resp.Status)
	}
	return httpx.Bytes(resp), nil
}

// definitions is a WSDL document, as far as it tells which endpoints there are.
type definitions struct {
	Policies []struct {
		ID    string `xml:"Id,attr"`
		Inner []byte `xml:",innerxml"`
	} `xml:"Policy"`
	Bindings []struct {
		Name     string `xml:"name,attr"`
		Policies []struct {
			URI string `xml:"URI,attr"`
		} `xml:"PolicyReference"`
		Operations []struct {
			SOAP []struct {
				Action string `xml:"soapAction,attr"`
			} `xml:"operation"`
		} `xml:"operation"`
	} `xml:"binding"`
	Services []struct {
		Ports []struct {
			Binding string `xml:"binding,attr"`
			Address []struct {
				Location string `xml:"location,attr"`
			} `xml:"address"`
		} `xml:"port"`
	} `xml:"service"`
}

// offersUsernameMixed tells whether metadata lists a WS-Trust 1.3 endpoint that takes name and password over TLS: by the path
// that AD FS has for it, or, for other services, by what its binding does and demands. XML outside of the standard library's
// reach, such as external entities, is not followed.
func offersUsernameMixed(document []byte) (bool, error) {
	decoder := xml.NewDecoder(bytes.NewReader(document))
	seen, offers := false, false
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, errors.New("its metadata cannot be read as XML")
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "definitions" {
			var d definitions
			if err := decoder.DecodeElement(&d, &start); err != nil {
				return false, errors.New("its metadata cannot be read as XML")
			}
			seen, offers = true, offers || d.offersUsernameMixed()
		}
	}
	if !seen {
		return false, errors.New("its metadata describes no service")
	}
	return offers, nil
}

func (d definitions) offersUsernameMixed() bool {
	bindings := d.usernameBindings()
	for _, service := range d.Services {
		for _, port := range service.Ports {
			for _, address := range port.Address {
				at, err := url.Parse(address.Location)
				if err != nil || !strings.EqualFold(at.Scheme, "https") {
					continue
				}
				if strings.HasSuffix(strings.ToLower(strings.TrimRight(at.Path, "/")), "/trust/13/usernamemixed") || bindings[localName(port.Binding)] {
					return true
				}
			}
		}
	}
	return false
}

// usernameBindings are the bindings that issue tokens by WS-Trust 1.3 against name and password, with the protection of the
// transport.
func (d definitions) usernameBindings() map[string]bool {
	const issue13 = "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue"
	policies, out := map[string]bool{}, map[string]bool{}
	for _, policy := range d.Policies {
		policies["#"+policy.ID] = bytes.Contains(policy.Inner, []byte("UsernameToken")) && bytes.Contains(policy.Inner, []byte("TransportBinding"))
	}
	for _, binding := range d.Bindings {
		takesName, issues := false, false
		for _, reference := range binding.Policies {
			takesName = takesName || policies[reference.URI]
		}
		for _, operation := range binding.Operations {
			for _, soap := range operation.SOAP {
				issues = issues || soap.Action == issue13
			}
		}
		out[binding.Name] = takesName && issues
	}
	return out
}

// localName drops the prefix of a qualified name.
func localName(name string) string {
	_, local, qualified := strings.Cut(name, ":")
	if qualified {
		return local
	}
	return name
}
