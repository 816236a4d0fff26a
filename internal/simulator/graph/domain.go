package graph

import (
	"net/http"
	"slices"
	"strings"
)

// Domain is a domain of the tenant: managed, or federated with AD FS.
type Domain struct {
	Name      string `json:"name"`
	Federated bool   `json:"federated"`
	// UsernameMixed says whether AD FS has the WS-Trust 1.3 Username/Mixed endpoint switched on, which user affinity with
	// Setup Assistant needs. Graph does not tell; AD FS's metadata does.
	UsernameMixed bool `json:"username_mixed"`
}

// SetDomain adds a domain, or replaces the one of its name.
func (s *Simulator) SetDomain(d Domain) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.domains = slices.DeleteFunc(s.domains, func(other Domain) bool { return strings.EqualFold(other.Name, d.Name) })
	s.domains = append(s.domains, d)
}

func (s *Simulator) domain(name string) (Domain, bool) {
	i := slices.IndexFunc(s.domains, func(d Domain) bool { return strings.EqualFold(d.Name, name) })
	if i < 0 {
		return Domain{}, false
	}
	return s.domains[i], true
}

// listFederation answers federationConfiguration: 404 for a domain that is managed or not the tenant's. No OData options.
func listFederation(c *call) reply {
	d, known := c.s.domain(c.vars["domain"])
	if !known || !d.Federated {
		return *c.plain(http.StatusNotFound, "Request_ResourceNotFound",
			"Resource '"+c.vars["domain"]+"' does not exist or one of its queried reference-property objects are not present.")
	}
	sts := "https://sts." + d.Name
	return c.entity(http.StatusOK, "domains('"+d.Name+"')/federationConfiguration", object{{"value", []object{{
		{"@odata.type", "#microsoft.graph.internalDomainFederation"},
		{"id", "6601d14b-d113-8f64-fda2-9b5ddda18ecc"},
		{"displayName", d.Name},
		{"issuerUri", "http://" + d.Name + "/adfs/services/trust"},
		{"metadataExchangeUri", c.s.signInURL + mexPath(d.Name)},
		{"signingCertificate", "MIIE3jCCAsagAwIBAgIQQcyDaZz3MI"},
		{"passiveSignInUri", sts + "/adfs/ls"},
		{"preferredAuthenticationProtocol", "wsFed"},
		{"activeSignInUri", sts + "/adfs/services/trust/2005/usernamemixed"},
		{"signOutUri", sts + "/adfs/ls"},
		{"promptLoginBehavior", "nativeSupport"},
		{"isSignedAuthenticationRequestRequired", true},
		{"nextSigningCertificate", nil},
		{"federatedIdpMfaBehavior", "rejectMfaByFederatedIdp"},
		{"signingCertificateUpdateStatus", object{
			{"certificateUpdateResult", "Success"}, {"lastRunDateTime", "2026-01-12T04:46:44.2616778Z"},
		}},
		{"passwordResetUri", nil},
	}}}})
}

func mexPath(domain string) string { return "/federation/" + domain + "/adfs/services/trust/mex" }

// serveMEX is AD FS's WS-MetadataExchange document, cut to the endpoints: the 2005 one is always there, the 1.3 one if it
// is switched on.
func (s *Simulator) serveMEX(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	d, known := s.domain(r.PathValue("domain"))
	s.mu.Unlock()
	if !known || !d.Federated {
		http.NotFound(w, r)
		return
	}
	sts := "https://sts." + d.Name + "/adfs/services/trust/"
	ports := []string{mexPort("UserNameWSTrustBinding_IWSTrustFeb2005Async1", sts+"2005/usernamemixed")}
	if d.UsernameMixed {
		ports = append(ports, mexPort("UserNameWSTrustBinding_IWSTrust13Async1", sts+"13/usernamemixed"))
	}
	w.Header().Set("Content-Type", "text/xml; charset=UTF-8")
	_, _ = w.Write([]byte(`<?xml version="1.0" encoding="utf-8"?>` +
		`<Metadata xmlns="http://schemas.xmlsoap.org/ws/2004/09/mex"><MetadataSection Dialect="http://schemas.xmlsoap.org/wsdl/">` +
		`<wsdl:definitions name="SecurityTokenService" targetNamespace="http://tempuri.org/" xmlns:tns="http://tempuri.org/" ` +
		`xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" ` +
		`xmlns:wsa10="http://www.w3.org/2005/08/addressing"><wsdl:service name="SecurityTokenService">` +
		strings.Join(ports, "") + `</wsdl:service></wsdl:definitions></MetadataSection></Metadata>`))
}

func mexPort(name, address string) string {
	return `<wsdl:port name="` + name + `" binding="tns:` + name + `"><soap12:address location="` + address + `"/>` +
		`<wsa10:EndpointReference><wsa10:Address>` + address + `</wsa10:Address></wsa10:EndpointReference></wsdl:port>`
}
